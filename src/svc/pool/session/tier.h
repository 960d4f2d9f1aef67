/* SPDX-License-Identifier: MIT */
/* tier.h — the isolation tier below a pool: who builds sessions, interrupts and kills them.
 * The process tier (namespaces, seccomp, Landlock, cgroups) is keeper_client; a micro-VM tier would be a
 * second table, and the tests have a third. The words are those of jail/keeper_client.h, which says what each
 * call and callback means; callbacks come from the loop, never from inside a call. */
#ifndef SVC_POOL_SESSION_TIER_H
#define SVC_POOL_SESSION_TIER_H

#include "jail/keeper_client.h"

struct session_tier {
    const char *name;
    /* `options` is the tier's own struct; for the process tier struct keeper_options. */
    enum status (*start)(struct loop *l, const void *options, const struct keeper_callbacks *cb,
                         void **ret_self, struct err *e);
    void (*stop)(void *self);
    void (*spawn)(void *self, uint64_t request);
    void (*interrupt)(void *self, struct session_ref ref);
    void (*kill)(void *self, struct session_ref ref);
};

extern const struct session_tier session_tier_process;

#endif
