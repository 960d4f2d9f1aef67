/* SPDX-License-Identifier: MIT */
/* trace.c — a list in the order of the sets. */
#include "core/task/trace.h"

struct held_spans {
    struct list link; /* engine.traces */
    uint64_t sequence;
    size_t count;
    size_t size;
    uint8_t data[];
};

void trace_hold(struct engine *engine, struct bytes spans, size_t count)
{
    struct held_spans *held = memory_new(sizeof *held + spans.size);
    held->sequence = engine->open_sequence;
    held->count = count;
    held->size = spans.size;
    memcpy(held->data, spans.data, spans.size);
    list_push_back(&engine->traces, &held->link);
}

void trace_tell(struct engine *engine, uint64_t sequence)
{
    while (!list_empty(&engine->traces)) {
        struct held_spans *held = CONTAINER_OF(engine->traces.next, struct held_spans, link);
        if (held->sequence > sequence)
            return;
        struct engine_action *action = engine_act(engine, ENGINE_TRACE);
        action->message = memory_arena_copy(&engine->actions->arena, bytes_of(held->data, held->size));
        action->span_count = held->count;
        list_remove(&held->link);
        free(held);
    }
}

void trace_fini(struct engine *engine)
{
    struct list *link;
    while ((link = list_pop_front(&engine->traces)))
        free(CONTAINER_OF(link, struct held_spans, link));
}
