/* SPDX-License-Identifier: MIT */
/* slots.c — slots are an array that is searched: there are few, and the low ones are the warm ones. What waits for the kernel,
 * a session that drains, is asked for each millisecond, since no descriptor tells that a group is empty on v1. */
#include "svc/keeper/slots.h"

#include <signal.h>
#include <stdio.h>

#include "jail/keeper_client.h"
#include "os/clock.h"

#define DRAIN_POLL_MS 1
#define ENTER_POLL_MS 1000

/* A low number first: its groups exist already. One that was in use a moment ago only if there is no other:
 * the kernel settles some of what it counts by uid, and tears down namespaces, after the processes are
 * reaped. */
struct slot *slots_find_free(struct keeper *keeper)
{
    int64_t now = clock_monotonic_ns();
    struct slot *best = NULL;
    for (uint32_t i = 0; i < keeper->slot_count; i++) {
        struct slot *slot = &keeper->slots[i];
        if (slot->state != SLOT_FREE)
            continue;
        if (slot->deadline_ns <= now)
            return slot;
        if (!best || slot->deadline_ns < best->deadline_ns)
            best = slot;
    }
    return best;
}

void slots_move(struct keeper *keeper, struct slot *slot, enum slot_state to)
{
    bool before = slot->state != SLOT_FREE && slot->state != SLOT_RUNNING;
    bool after = to != SLOT_FREE && to != SLOT_RUNNING;
    keeper->unsettled += (uint32_t)after - (uint32_t)before;
    keeper->running += (uint32_t)(to == SLOT_RUNNING) - (uint32_t)(slot->state == SLOT_RUNNING);
    slot->state = to;
}

/* INVARIANT: a slot becomes free when its init is reaped or never was, its porter is gone and its groups are
 * empty; whoever calls has seen to that. Behind the new generation no old message finds it. */
void slots_free(struct keeper *keeper, struct slot *slot)
{
    slot_close(slot);
    slot->generation++;
    slot->announced = slot->killed = slot->over_memory = false;
    slot->pid = 0;
    slot->text[0] = '\0';
    slot->data_device = 0;
    slot->deadline_ns = clock_monotonic_ns() + SLOT_REST_NS;
    slots_move(keeper, slot, SLOT_FREE);
}

struct slot *slots_find(struct keeper *keeper, const struct keeper_message *message)
{
    if (message->slot >= keeper->slot_count)
        return NULL;
    struct slot *slot = &keeper->slots[message->slot];
    return slot->generation == message->generation && slot->state != SLOT_FREE ? slot : NULL;
}

static enum session_end end_of(struct keeper *keeper, const struct slot *slot)
{
    /* A pool that sees the control socket close may ask for the kill before we hear of the death: what the
     * kernel did, or the keeper for its limit, comes first, then what the session did itself. */
    bool by_signal = (slot->status & ~(uint32_t)ZYGOTE_INIT_KILLED) == 128 + SIGKILL;
    if (by_signal &&
        (slot->over_memory || cgroup_slot_oom(&keeper->groups, keeper_slot_number(keeper, slot))))
        return SESSION_END_MEMORY_LIMIT;
    return slot->killed && slot->status & ZYGOTE_INIT_KILLED ? SESSION_END_KILLED : SESSION_END_EXITED;
}

/* Dead and empty: the pool hears of it, and the slot is free. */
static void slot_finish(struct keeper *keeper, struct slot *slot)
{
    if (slot->announced) {
        const struct keeper_message message = {.type = KEEPER_MESSAGE_ENDED,
                                               .slot = keeper_slot_number(keeper, slot),
                                               .generation = slot->generation,
                                               .code = (uint32_t)end_of(keeper, slot),
                                               .detail = slot->status & ~(uint32_t)ZYGOTE_INIT_KILLED};
        keeper_tell(keeper, keeper->client, &message, NULL, 0);
    } else {
        keeper_refuse(keeper, slot->request,
                      slot->text[0] ? slot->text : "the session died while it was built");
    }
    slots_free(keeper, slot);
}

int slots_sweep(struct keeper *keeper)
{
    if (keeper->unsettled == 0)
        return -1;
    int wait_ms = ENTER_POLL_MS;
    int64_t now = clock_monotonic_ns();
    for (uint32_t i = 0; i < keeper->slot_count; i++) {
        struct slot *slot = &keeper->slots[i];
        if (slot->state == SLOT_DRAINING) {
            if (slot->porter == SLOT_PORTER_NONE && cgroup_slot_empty(&keeper->groups, i))
                slot_finish(keeper, slot);
            else if (now > slot->deadline_ns)
                cgroup_slot_kill(&keeper->groups, i); /* cannot be, yet the slot must not be lost */
            wait_ms = DRAIN_POLL_MS;
        } else if (slot->state == SLOT_ENTERING && now > slot->deadline_ns) {
            snprintf(slot->text, sizeof slot->text, "the session was not built in time");
            slot_signal(slot, SIGKILL);
        }
    }
    return wait_ms;
}
