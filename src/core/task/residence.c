/* SPDX-License-Identifier: MIT */
/* residence.c — see residence.h. */
#include "core/task/residence.h"

#include "core/task/instance.h"

#define TRIM_TRIES 8 /* entries looked at in one go when the oldest ones cannot leave yet */

static bool is_terminal(const struct instance *i)
{
    return i->known && instance_status_terminal(i->row.status);
}

/* Nobody needs the object. */
static bool may_leave(const struct engine *e, const struct instance *i)
{
    return i->known && !instance_live(i) && list_empty(&i->waiters) && list_empty(&i->pins) &&
           list_empty(&i->activities) && list_empty(&i->gate_link) && list_empty(&i->put_link) &&
           !i->history_fetching && !i->payloads_fetching && engine_is_committed(e, i->changed_sequence);
}

static void place_payloads(struct engine *e, struct instance *i)
{
    size_t size = 0;
    if (!list_empty(&i->payload_link))
        return;
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        if (instance_payload_may_leave(e, i, (enum payload_kind)kind))
            size += i->payloads[kind].value.size;
    if (size == 0)
        return;
    i->payload_size = size;
    e->large_payload_size += size;
    list_push_back(&e->large_payloads, &i->payload_link);
}

void residence_place(struct engine *e, struct instance *i)
{
    place_payloads(e, i);
    if (i->history_resident && i->history.size && list_empty(&i->history_link) &&
        i->turn.work.state == WORK_IDLE && list_empty(&i->pins)) {
        list_push_back(&e->idle_histories, &i->history_link);
        e->idle_history_size += i->history.size;
    } else if (i->turn.work.state != WORK_IDLE) {
        residence_use_history(e, i);
    }
    bool terminal = is_terminal(i);
    if (i->terminal_counted != terminal) {
        list_remove(&i->residence_link);
        e->terminal_count += terminal ? 1 : (size_t)-1;
        i->terminal_counted = terminal;
        if (terminal)
            list_push_back(&e->terminals, &i->residence_link);
    }
    if (!instance_exists(i) && list_empty(&i->residence_link) && may_leave(e, i))
        list_push_back(&e->strays, &i->residence_link);
}

void residence_use_history(struct engine *e, struct instance *i)
{
    if (list_empty(&i->history_link))
        return;
    list_remove(&i->history_link);
    e->idle_history_size -= i->history.size;
}

void residence_use_payloads(struct engine *e, struct instance *i)
{
    if (list_empty(&i->payload_link))
        return;
    list_remove(&i->payload_link);
    e->large_payload_size -= i->payload_size;
    i->payload_size = 0;
}

void residence_remove(struct engine *e, struct instance *i)
{
    residence_use_history(e, i);
    residence_use_payloads(e, i);
    list_remove(&i->residence_link);
    e->terminal_count -= i->terminal_counted;
    i->terminal_counted = false;
}

void residence_used(struct engine *e, struct instance *i)
{
    if (!i->terminal_counted)
        return;
    list_remove(&i->residence_link);
    list_push_back(&e->terminals, &i->residence_link);
}

static void trim_histories(struct engine *e)
{
    for (int tries = 0; tries < TRIM_TRIES && e->idle_history_size > e->options.history_resident_size_max &&
                        !list_empty(&e->idle_histories);
         tries++) {
        struct instance *i = CONTAINER_OF(e->idle_histories.next, struct instance, history_link);
        if (engine_is_committed(e, i->changed_sequence) && list_empty(&i->pins)) {
            residence_use_history(e, i);
            buf_fini(&i->history);
            i->history_resident = false;
        } else {
            list_remove(&i->history_link);
            list_push_back(&e->idle_histories, &i->history_link);
        }
    }
}

static void drop_payloads(struct engine *e, struct instance *i)
{
    residence_use_payloads(e, i);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        if (instance_payload_may_leave(e, i, (enum payload_kind)kind)) {
            memory_free_bytes(&i->payloads[kind].value);
            i->payloads[kind].left_out = true;
        }
}

/* A turn that is being loaded needs them now; one that is out, or waits, can have them fetched again. */
static void trim_payloads(struct engine *e)
{
    for (int tries = 0; tries < TRIM_TRIES && e->large_payload_size > e->options.payload_resident_size_max &&
                        !list_empty(&e->large_payloads);
         tries++) {
        struct instance *i = CONTAINER_OF(e->large_payloads.next, struct instance, payload_link);
        if (engine_is_committed(e, i->changed_sequence) && list_empty(&i->pins) &&
            i->turn.work.state != WORK_LOADING) {
            drop_payloads(e, i);
        } else {
            list_remove(&i->payload_link);
            list_push_back(&e->large_payloads, &i->payload_link);
        }
    }
}

static void trim_terminals(struct engine *e)
{
    for (int tries = 0; tries < TRIM_TRIES && e->terminal_count > e->options.terminal_resident_max; tries++) {
        struct instance *i = CONTAINER_OF(e->terminals.next, struct instance, residence_link);
        if (may_leave(e, i))
            instance_destroy(e, i);
        else
            residence_used(e, i);
    }
}

void residence_trim(struct engine *e)
{
    struct list *link;
    while ((link = list_pop_front(&e->strays))) {
        struct instance *i = CONTAINER_OF(link, struct instance, residence_link);
        if (!instance_exists(i) && may_leave(e, i))
            instance_destroy(e, i);
    }
    trim_histories(e);
    trim_payloads(e);
    trim_terminals(e);
}
