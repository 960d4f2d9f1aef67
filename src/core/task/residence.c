/* SPDX-License-Identifier: MIT */
/* residence.c — three budgets - terminal instances, histories, payloads - each with a list from least to most recently used.
 * A list may hold what cannot leave yet: trimming looks at it again, a few entries at a time. */
#include "core/task/residence.h"

#include "core/task/instance.h"

#define TRIM_TRIES 8 /* entries looked at in one go when the oldest ones cannot leave yet */

static bool is_terminal(const struct instance *instance)
{
    return instance->known && instance_status_terminal(instance->row.status);
}

/* Nobody needs the object.
 * INVARIANT: an object leaves memory only when every list that could lead to it is empty and all that it changed
 * is on disk. A fetch would find the row of before otherwise. */
static bool may_leave(const struct engine *engine, const struct instance *instance)
{
    return instance->known && !instance_live(instance) && list_empty(&instance->waiters) &&
           list_empty(&instance->pins) && list_empty(&instance->activities) &&
           list_empty(&instance->gate_waiter.link) && list_empty(&instance->put_link) &&
           !instance->history_fetching && !instance->payloads_fetching &&
           engine_is_committed(engine, instance->changed_sequence);
}

static void place_payloads(struct engine *engine, struct instance *instance)
{
    size_t size = 0;
    if (!list_empty(&instance->payload_link))
        return;
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        if (instance_payload_may_leave(engine, instance, (enum payload_kind)kind))
            size += instance->payloads[kind].value.size;
    if (size == 0)
        return;
    /* INVARIANT: what is added to the sum is kept, for the payloads may have changed when it is taken off again. A history has no such
     * field: it changes only when it is off its list (residence_use_history). */
    instance->payload_size = size;
    engine->large_payload_size += size;
    list_push_back(&engine->large_payloads, &instance->payload_link);
}

/* May be called as often as somebody thinks of it: what is placed already stays where it is. */
void residence_place(struct engine *engine, struct instance *instance)
{
    place_payloads(engine, instance);
    if (instance->history_resident && instance->history.size && list_empty(&instance->history_link) &&
        instance->turn.work.state == WORK_IDLE && list_empty(&instance->pins)) {
        list_push_back(&engine->idle_histories, &instance->history_link);
        engine->idle_history_size += instance->history.size;
    } else if (instance->turn.work.state != WORK_IDLE) {
        residence_use_history(engine, instance);
    }

    /* Counted once, when it ends; residence_used moves it within the list afterwards. */
    bool terminal = is_terminal(instance);
    if (instance->terminal_counted != terminal) {
        list_remove(&instance->residence_link);
        engine->terminal_count += terminal ? 1 : (size_t)-1;
        instance->terminal_counted = terminal;
        if (terminal)
            list_push_back(&engine->terminals, &instance->residence_link);
    }

    /* A stray: an object for an id that has no instance, and nobody asks for it any more. */
    if (!instance_exists(instance) && list_empty(&instance->residence_link) && may_leave(engine, instance))
        list_push_back(&engine->strays, &instance->residence_link);
}

void residence_use_history(struct engine *engine, struct instance *instance)
{
    if (list_empty(&instance->history_link))
        return;
    list_remove(&instance->history_link);
    engine->idle_history_size -= instance->history.size;
}

void residence_use_payloads(struct engine *engine, struct instance *instance)
{
    if (list_empty(&instance->payload_link))
        return;
    list_remove(&instance->payload_link);
    engine->large_payload_size -= instance->payload_size;
    instance->payload_size = 0;
}

void residence_remove(struct engine *engine, struct instance *instance)
{
    residence_use_history(engine, instance);
    residence_use_payloads(engine, instance);
    list_remove(&instance->residence_link);
    engine->terminal_count -= instance->terminal_counted;
    instance->terminal_counted = false;
}

void residence_used(struct engine *engine, struct instance *instance)
{
    if (!instance->terminal_counted)
        return;
    list_remove(&instance->residence_link);
    list_push_back(&engine->terminals, &instance->residence_link);
}

/* Here and below: what cannot leave yet goes to the end, so that it does not hide those behind it from the next tries. */
static void trim_histories(struct engine *engine)
{
    for (int tries = 0;
         tries < TRIM_TRIES && engine->idle_history_size > engine->options.history_resident_size_max &&
         !list_empty(&engine->idle_histories);
         tries++) {
        struct instance *instance = CONTAINER_OF(engine->idle_histories.next, struct instance, history_link);
        if (engine_is_committed(engine, instance->changed_sequence) && list_empty(&instance->pins)) {
            residence_use_history(engine, instance);
            instance_forget_history(instance);
        } else {
            list_remove(&instance->history_link);
            list_push_back(&engine->idle_histories, &instance->history_link);
        }
    }
}

static void drop_payloads(struct engine *engine, struct instance *instance)
{
    residence_use_payloads(engine, instance);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        if (instance_payload_may_leave(engine, instance, (enum payload_kind)kind)) {
            instance->payloads[kind] = (struct payload){.present = true, .left_out = true};
            owned_bytes_fini(&instance->owned.payloads[kind]);
        }
}

/* A turn that is being loaded needs them now; one that is out, or waits, can have them fetched again. */
static void trim_payloads(struct engine *engine)
{
    for (int tries = 0;
         tries < TRIM_TRIES && engine->large_payload_size > engine->options.payload_resident_size_max &&
         !list_empty(&engine->large_payloads);
         tries++) {
        struct instance *instance = CONTAINER_OF(engine->large_payloads.next, struct instance, payload_link);
        if (engine_is_committed(engine, instance->changed_sequence) && list_empty(&instance->pins) &&
            instance->turn.work.state != WORK_LOADING) {
            drop_payloads(engine, instance);
        } else {
            list_remove(&instance->payload_link);
            list_push_back(&engine->large_payloads, &instance->payload_link);
        }
    }
}

static void trim_terminals(struct engine *engine, residence_free *free_object)
{
    for (int tries = 0; tries < TRIM_TRIES && engine->terminal_count > engine->options.terminal_resident_max;
         tries++) {
        struct instance *instance = CONTAINER_OF(engine->terminals.next, struct instance, residence_link);
        if (may_leave(engine, instance))
            free_object(engine, instance);
        else
            residence_used(engine, instance);
    }
}

/* ORDER: strays first, since they cost memory and save nobody a read; then what can be read again; whole instances
 * last. */
void residence_trim(struct engine *engine, residence_free *free_object)
{
    struct list *link;
    while ((link = list_pop_front(&engine->strays))) {
        struct instance *instance = CONTAINER_OF(link, struct instance, residence_link);
        /* Looked at again: within this input it may have become an instance. */
        if (!instance_exists(instance) && may_leave(engine, instance))
            free_object(engine, instance);
    }
    trim_histories(engine);
    trim_payloads(engine);
    trim_terminals(engine, free_object);
}
