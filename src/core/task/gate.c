/* SPDX-License-Identifier: MIT */
/* gate.c — see gate.h. */
#include "core/task/gate.h"

#include "core/task/activity.h"
#include "core/task/call.h"
#include "core/task/instance.h"

void gate_init(struct engine *e)
{
    e->open_sequence = 1;
    list_init(&e->gates);
    list_init(&e->puts);
}

void gate_fini(struct engine *e)
{
    struct list *link;
    while ((link = list_pop_front(&e->gates)))
        free(CONTAINER_OF(link, struct gate, link));
    write_set_destroy(e->open);
}

/* The gate of that sequence; the newest ones are asked for. */
static struct gate *gate_of(struct engine *e, uint64_t sequence)
{
    ASSERT(sequence > e->committed && sequence <= e->open_sequence);
    struct list *at = e->gates.prev;
    for (; at != &e->gates; at = at->prev) {
        struct gate *g = CONTAINER_OF(at, struct gate, link);
        if (g->sequence == sequence)
            return g;
        if (g->sequence < sequence)
            break;
    }
    struct gate *g = memory_new(sizeof *g);
    g->sequence = sequence;
    list_init(&g->calls);
    list_init(&g->instances);
    list_init(&g->activities);
    list_push_front(at, &g->link);
    return g;
}

void gate_write(struct engine *e, const struct write_op *op)
{
    if (!e->open)
        e->open = memory_must(write_set_create());
    memory_must_ok(write_set_add(e->open, op));
}

void gate_put(struct engine *e, struct instance *i)
{
    if (!i->put_pending) {
        i->put_pending = true;
        list_push_back(&e->puts, &i->put_link);
    }
    gate_touch(e, i);
}

void gate_drop_put(struct engine *e, struct instance *i)
{
    (void)e;
    i->put_pending = false;
    list_remove(&i->put_link);
}

void gate_touch(struct engine *e, struct instance *i)
{
    i->changed_sequence = e->open_sequence;
    /* In an earlier gate it stays there: that commit moves it on. */
    if (list_empty(&i->gate_link))
        list_push_back(&gate_of(e, e->open_sequence)->instances, &i->gate_link);
}

void gate_hold_call(struct engine *e, struct call *c, uint64_t sequence)
{
    list_push_back(&gate_of(e, sequence)->calls, &c->link);
}

void gate_hold_activity(struct engine *e, struct activity *a)
{
    list_push_back(&gate_of(e, e->open_sequence)->activities, &a->gate_link);
}

void gate_flush(struct engine *e)
{
    struct list *link;
    while ((link = list_pop_front(&e->puts))) {
        struct instance *i = CONTAINER_OF(link, struct instance, put_link);
        i->put_pending = false;
        gate_write(e, &(struct write_op){.kind = WRITE_INSTANCE_PUT, .key = i->row.key, .instance = i->row});
    }
    if (!e->open)
        return;
    e->open->sequence = e->open_sequence++;
    struct engine_action *action = engine_act(e, ENGINE_COMMIT);
    action->write_set = e->open;
    e->open = NULL;
}

void gate_commit(struct engine *e, uint64_t sequence)
{
    ASSERT(sequence == e->committed + 1 && sequence < e->open_sequence);
    e->committed = sequence;
    struct list *first = e->gates.next;
    if (first == &e->gates || CONTAINER_OF(first, struct gate, link)->sequence != sequence)
        return;
    struct gate *g = CONTAINER_OF(first, struct gate, link);
    list_remove(&g->link);
    struct list *link;
    while ((link = list_pop_front(&g->calls)))
        call_release(e, CONTAINER_OF(link, struct call, link));
    while ((link = list_pop_front(&g->activities)))
        activity_durable(e, CONTAINER_OF(link, struct activity, gate_link));
    while ((link = list_pop_front(&g->instances))) {
        struct instance *i = CONTAINER_OF(link, struct instance, gate_link);
        if (!engine_is_committed(e, i->changed_sequence))
            list_push_back(&gate_of(e, i->changed_sequence)->instances, &i->gate_link);
        instance_settle(e, i);
    }
    free(g);
}
