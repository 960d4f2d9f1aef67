/* SPDX-License-Identifier: MIT */
/* tier_process.c — the process tier: each call is the keeper client's. */
#include "svc/pool/session/tier.h"

static enum status start(struct loop *l, const void *options, const struct keeper_callbacks *cb,
                         void **ret_self, struct err *e)
{
    struct keeper_client *k;
    enum status s = keeper_client_start(l, options, cb, &k, e);
    if (s == STATUS_OK)
        *ret_self = k;
    return s;
}

static void stop(void *self)
{
    keeper_client_stop(self);
}

static void spawn(void *self, uint64_t request)
{
    keeper_client_spawn(self, request);
}

static void interrupt(void *self, struct session_ref ref)
{
    keeper_client_interrupt(self, ref);
}

static void kill_all(void *self, struct session_ref ref)
{
    keeper_client_kill(self, ref);
}

const struct session_tier session_tier_process = {
    .name = "process",
    .start = start,
    .stop = stop,
    .spawn = spawn,
    .interrupt = interrupt,
    .kill = kill_all,
};
