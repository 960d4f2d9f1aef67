/* SPDX-License-Identifier: MIT */
#include "svc/keeper/slot.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/file.h"
#include "jail/keeper_client.h"
#include "os/clock.h"
#include "svc/keeper/state.h"

#define DRAIN_POLL_MS 1
#define ENTER_POLL_MS 1000

uint32_t slot_number(const struct keeper *k, const struct slot *s)
{
    return (uint32_t)(s - k->slots);
}

void slot_init(struct slot *s)
{
    *s = (struct slot){.generation = 1, .pidfd = -1, .setup = -1};
    for (size_t i = 0; i < ARRAY_SIZE(s->pool_fds); i++)
        s->pool_fds[i] = -1;
}

/* A low number first: its groups exist already. One that was in use a moment ago only if there is no other:
 * the kernel settles some of what it counts by uid, and tears down namespaces, after the processes are
 * reaped. */
struct slot *slot_find_free(struct keeper *k)
{
    int64_t now = clock_monotonic_ns();
    struct slot *best = NULL;
    for (uint32_t i = 0; i < k->slot_count; i++) {
        struct slot *s = &k->slots[i];
        if (s->state != SLOT_FREE)
            continue;
        if (s->deadline_ns <= now)
            return s;
        if (!best || s->deadline_ns < best->deadline_ns)
            best = s;
    }
    return best;
}

void slot_move(struct keeper *k, struct slot *s, enum slot_state to)
{
    bool before = s->state != SLOT_FREE && s->state != SLOT_RUNNING;
    bool after = to != SLOT_FREE && to != SLOT_RUNNING;
    k->unsettled += (uint32_t)after - (uint32_t)before;
    s->state = to;
}

void slot_close(struct slot *s)
{
    file_close(&s->pidfd);
    file_close(&s->setup);
    for (size_t i = 0; i < ARRAY_SIZE(s->pool_fds); i++)
        file_close(&s->pool_fds[i]);
}

void slot_free(struct keeper *k, struct slot *s)
{
    slot_close(s);
    s->generation++;
    s->announced = s->killed = false;
    s->text[0] = '\0';
    s->deadline_ns = clock_monotonic_ns() + SLOT_REST_NS;
    slot_move(k, s, SLOT_FREE);
}

void slot_signal(struct slot *s, int signal)
{
    if (s->pidfd >= 0)
        (void)!syscall(SYS_pidfd_send_signal, s->pidfd, signal, NULL, 0);
}

bool slot_dead(const struct slot *s)
{
    struct pollfd watched = {.fd = s->pidfd, .events = POLLIN};
    return s->pidfd < 0 || poll(&watched, 1, 0) > 0;
}

struct slot *slot_find(struct keeper *k, const struct keeper_message *m)
{
    if (m->slot >= k->slot_count)
        return NULL;
    struct slot *s = &k->slots[m->slot];
    return s->generation == m->generation && s->state != SLOT_FREE ? s : NULL;
}

static enum session_end end_of(struct keeper *k, const struct slot *s)
{
    /* A pool that sees the control socket close may ask for the kill before we hear of the death: what the
     * kernel did comes first, then what the session did itself. */
    bool by_signal = (s->status & ~(uint32_t)ZYGOTE_INIT_KILLED) == 128 + SIGKILL;
    if (by_signal && cgroup_slot_oom(&k->groups, slot_number(k, s)))
        return SESSION_END_MEMORY_LIMIT;
    return s->killed && s->status & ZYGOTE_INIT_KILLED ? SESSION_END_KILLED : SESSION_END_EXITED;
}

/* Dead and empty: the pool hears of it, and the slot is free. */
static void slot_finish(struct keeper *k, struct slot *s)
{
    if (s->announced) {
        const struct keeper_message m = {.type = KEEPER_MESSAGE_ENDED,
                                         .slot = slot_number(k, s),
                                         .generation = s->generation,
                                         .code = (uint32_t)end_of(k, s),
                                         .detail = s->status & ~(uint32_t)ZYGOTE_INIT_KILLED};
        keeper_tell(k, k->client, &m, NULL, 0);
    } else {
        keeper_refuse(k, s->request, s->text[0] ? s->text : "the session died while it was built");
    }
    slot_free(k, s);
}

int slot_sweep(struct keeper *k)
{
    if (k->unsettled == 0)
        return -1;
    int wait_ms = ENTER_POLL_MS;
    int64_t now = clock_monotonic_ns();
    for (uint32_t i = 0; i < k->slot_count; i++) {
        struct slot *s = &k->slots[i];
        if (s->state == SLOT_DRAINING) {
            if (cgroup_slot_empty(&k->groups, i))
                slot_finish(k, s);
            else if (now > s->deadline_ns)
                cgroup_slot_kill(&k->groups, i); /* cannot be, yet the slot must not be lost */
            wait_ms = DRAIN_POLL_MS;
        } else if (s->state == SLOT_ENTERING && now > s->deadline_ns) {
            snprintf(s->text, sizeof s->text, "the session was not built in time");
            slot_signal(s, SIGKILL);
        }
    }
    return wait_ms;
}
