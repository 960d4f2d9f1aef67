/* SPDX-License-Identifier: MIT */
/* gate.c — see gate.h. */
#include "core/task/gate.h"

#include "core/task/activity.h"
#include "core/task/call.h"
#include "core/task/instance.h"

void gate_init(struct engine *engine)
{
    engine->open_sequence = 1;
    list_init(&engine->gates);
    list_init(&engine->puts);
}

void gate_fini(struct engine *engine)
{
    struct list *link;
    while ((link = list_pop_front(&engine->gates)))
        free(CONTAINER_OF(link, struct gate, link));
    write_set_destroy(engine->open);
}

/* The gate of that sequence; the newest ones are asked for. */
static struct gate *gate_of(struct engine *engine, uint64_t sequence)
{
    ASSERT(sequence > engine->committed && sequence <= engine->open_sequence);
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
    list_init(&gate->calls);
    list_init(&gate->instances);
    list_init(&gate->activities);
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
    if (!instance->put_pending) {
        instance->put_pending = true;
        list_push_back(&engine->puts, &instance->put_link);
    }
    gate_touch(engine, instance);
}

void gate_drop_put(struct engine *engine, struct instance *instance)
{
    (void)engine;
    instance->put_pending = false;
    list_remove(&instance->put_link);
}

void gate_touch(struct engine *engine, struct instance *instance)
{
    instance->changed_sequence = engine->open_sequence;
    /* In an earlier gate it stays there: that commit moves it on. */
    if (list_empty(&instance->gate_link))
        list_push_back(&gate_of(engine, engine->open_sequence)->instances, &instance->gate_link);
}

void gate_hold_call(struct engine *engine, struct call *call, uint64_t sequence)
{
    list_push_back(&gate_of(engine, sequence)->calls, &call->link);
}

void gate_hold_activity(struct engine *engine, struct activity *activity)
{
    list_push_back(&gate_of(engine, engine->open_sequence)->activities, &activity->gate_link);
}

void gate_flush(struct engine *engine)
{
    struct list *link;
    while ((link = list_pop_front(&engine->puts))) {
        struct instance *instance = CONTAINER_OF(link, struct instance, put_link);
        instance->put_pending = false;
        gate_write(engine, &(struct write_op){.kind = WRITE_INSTANCE_PUT,
                                              .key = instance->row.key,
                                              .instance = instance->row});
    }
    if (!engine->open)
        return;
    engine->open->sequence = engine->open_sequence++;
    struct engine_action *action = engine_act(engine, ENGINE_COMMIT);
    action->write_set = engine->open;
    engine->open = NULL;
}

void gate_commit(struct engine *engine, uint64_t sequence)
{
    ASSERT(sequence == engine->committed + 1 && sequence < engine->open_sequence);
    engine->committed = sequence;
    struct list *first = engine->gates.next;
    if (first == &engine->gates || CONTAINER_OF(first, struct gate, link)->sequence != sequence)
        return;
    struct gate *gate = CONTAINER_OF(first, struct gate, link);
    list_remove(&gate->link);
    struct list *link;
    while ((link = list_pop_front(&gate->calls)))
        call_release(engine, CONTAINER_OF(link, struct call, link));
    while ((link = list_pop_front(&gate->activities)))
        activity_durable(engine, CONTAINER_OF(link, struct activity, gate_link));
    while ((link = list_pop_front(&gate->instances))) {
        struct instance *instance = CONTAINER_OF(link, struct instance, gate_link);
        if (!engine_is_committed(engine, instance->changed_sequence))
            list_push_back(&gate_of(engine, instance->changed_sequence)->instances, &instance->gate_link);
        instance_settle(engine, instance);
    }
    free(gate);
}
