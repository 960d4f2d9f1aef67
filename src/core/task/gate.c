/* SPDX-License-Identifier: MIT */
/* gate.c — one list of those who wait for each set that is under way.
 * ORDER: a set is closed, then written, then its waiters run: what they do belongs to the set after it. */
#include "core/task/gate.h"

#include "core/task/trace.h"
#include "core/task/watch.h"

void gate_init(struct engine *engine)
{
    engine->open_sequence = 1;
    list_init(&engine->gates);
    list_init(&engine->puts);
    list_init(&engine->changes);
    list_init(&engine->entity_changes);
    list_init(&engine->traces);
}

void gate_fini(struct engine *engine)
{
    struct list *link;
    while ((link = list_pop_front(&engine->gates)))
        free(CONTAINER_OF(link, struct gate, link));
    write_set_destroy(engine->open);
    trace_fini(engine);
}

/* The gate of that sequence; the newest ones are asked for. */
static struct gate *gate_of(struct engine *engine, uint64_t sequence)
{
    ASSERT(sequence > engine->committed && sequence <= engine->open_sequence);
    /* From the end: nearly always the open set is meant. */
    struct list *at = engine->gates.prev;
    for (; at != &engine->gates; at = at->prev) {
        struct gate *gate = CONTAINER_OF(at, struct gate, link);
        if (gate->sequence == sequence)
            return gate;
        if (gate->sequence < sequence)
            break;
    }
    struct gate *gate = memory_new(sizeof *gate);
    gate->sequence = sequence;
    list_init(&gate->waiters);
    list_push_front(at, &gate->link);
    return gate;
}

void gate_write(struct engine *engine, const struct write_op *op)
{
    if (!engine->open)
        engine->open = memory_must(write_set_create());
    memory_must_ok(write_set_add(engine->open, op));
}

void gate_put(struct engine *engine, struct instance *instance)
{
    /* Once for each set, however often it changes: the row is written as it is at the flush. */
    if (!instance->put_pending) {
        instance->put_pending = true;
        list_push_back(&engine->puts, &instance->put_link);
    }
    gate_touch(engine, instance);
}

void gate_drop_put(struct engine *engine, struct instance *instance)
{
    instance->put_pending = false;
    list_remove(&instance->put_link);
}

void gate_touch(struct engine *engine, struct instance *instance)
{
    instance->changed_sequence = engine->open_sequence;
    /* In an earlier gate it stays there: that commit moves it on. */
    if (list_empty(&instance->gate_waiter.link))
        gate_wait(engine, &instance->gate_waiter, engine->open_sequence);
}

void gate_waiter_init(struct gate_waiter *waiter,
                      void (*on_committed)(struct engine *engine, struct gate_waiter *waiter))
{
    list_init(&waiter->link);
    waiter->on_committed = on_committed;
}

void gate_wait(struct engine *engine, struct gate_waiter *waiter, uint64_t sequence)
{
    list_push_back(&gate_of(engine, sequence)->waiters, &waiter->link);
}

void gate_flush(struct engine *engine)
{
    /* ORDER: rows of instances stand at the end of a set, behind the events, payloads and histories that they count. A store
     * takes what belongs to an instance before the instance. */
    struct list *link;
    while ((link = list_pop_front(&engine->puts))) {
        struct instance *instance = CONTAINER_OF(link, struct instance, put_link);
        instance->put_pending = false;
        gate_write(engine, &(struct write_op){.kind = WRITE_INSTANCE_PUT,
                                              .key = instance->row.key,
                                              .instance = instance->row});
        if (instance->hub->watched)
            watch_note(&engine->changes, engine->open_sequence, &instance->row, false);
    }
    if (!engine->open)
        return;

    /* From here on, what happens belongs to the next set. */
    engine->open->sequence = engine->open_sequence++;
    struct engine_action *action = engine_act(engine, ENGINE_COMMIT);
    action->write_set = engine->open;
    engine->open = NULL;
}

static void tell_changes(struct engine *engine, uint64_t sequence)
{
    const struct instance_row *row;
    bool gone;
    while ((row = watch_take(&engine->changes, sequence, &engine->actions->arena, &gone))) {
        struct engine_action *action = engine_act(engine, ENGINE_CHANGED);
        action->hub = row->hub;
        action->instance_id = row->instance_id;
        action->row = row;
        action->gone = gone;
    }
    const struct engine_entity_change *change;
    uint32_t hub;
    while ((change = watch_take_entity(&engine->entity_changes, sequence, &engine->actions->arena, &hub))) {
        struct engine_action *action = engine_act(engine, ENGINE_CHANGED_ENTITY);
        action->hub = hub;
        action->entity = change;
    }
}

void gate_commit(struct engine *engine, uint64_t sequence)
{
    ASSERT(sequence == engine->committed + 1 && sequence < engine->open_sequence);
    /* Before anybody is told: who is told asks what is committed, and may wait for a later set. */
    engine->committed = sequence;
    trace_tell(engine, sequence);
    tell_changes(engine, sequence); /* before the replies: who is answered has been told */
    struct list *first = engine->gates.next;
    if (first == &engine->gates || CONTAINER_OF(first, struct gate, link)->sequence != sequence)
        return;
    struct gate *gate = CONTAINER_OF(first, struct gate, link);
    list_remove(&gate->link);
    struct list *link;
    /* In the order in which they came. One that is told may take others out, so the list is read anew. */
    while ((link = list_pop_front(&gate->waiters))) {
        struct gate_waiter *waiter = CONTAINER_OF(link, struct gate_waiter, link);
        waiter->on_committed(engine, waiter);
    }
    free(gate);
}
