/* SPDX-License-Identifier: MIT */
/* dispatch.c — who is next, in three steps: kinds of a hub in turn, queues of a kind, streams of a queue. */
#include "core/task/dispatch.h"

#include "core/task/limits.h"
#include "core/task/stream.h"
#include "core/task/unserved.h"
#include "core/task/work.h"

/* Activities first: what is under way goes on before more is begun. */
static const enum work_kind order[] = {WORK_ACTIVITY, WORK_ENTITY, WORK_TURN};
_Static_assert(ARRAY_SIZE(order) == WORK_KIND_COUNT, "each kind of work has its place");

static void send(struct engine *engine, struct work *work, struct stream *stream)
{
    struct bytes message;
    work_new_token(engine, work); /* before the message, which holds it */
    if (work->class->build(engine, work, stream, &message) != STATUS_OK) {
        work->class->misfit(engine, work, stream);
        return;
    }
    work_send(engine, work, stream);
    struct engine_action *action = engine_act(engine, ENGINE_SEND_WORK);
    action->stream = stream->number;
    action->message = message;
    stream_sent(engine, stream, message.size);
}

/* Deals with the first item of a queue. False if it has to stay where it is. A worker is looked for before anything
 * is loaded: what nobody takes must not fill the memory. */
static bool serve(struct engine *engine, struct queue *queue)
{
    struct work *work = CONTAINER_OF(queue->items.next, struct work, link);
    const struct work_class *class = work->class;
    if (work->deliveries >= engine->options.poison_deliveries_max) {
        class->poison(engine, work);
        return true;
    }
    size_t size = class->size(work);
    struct stream *stream = stream_choose(engine, queue->hub, queue, size);
    if (!stream && stream_too_large(queue->hub, queue, size)) {
        class->misfit(engine, work, NULL);
        return true;
    }
    if (!stream)
        return false;
    if (class->loaded && !class->loaded(work)) {
        if (engine->work_counts[class->kind][WORK_LOADING] >= TASK_LOADING_MAX)
            return false;
        work_load(engine, work); /* before the fetch is asked for, whose end looks for that state */
        class->load(engine, work);
        return true;
    }
    send(engine, work, stream);
    return true;
}

/* One item of each busy queue in turn, until none of them can move. */
static void serve_all(struct engine *engine, struct hub *hub, enum work_kind kind)
{
    size_t stuck = 0;
    while (!list_empty(&hub->busy[kind]) && stuck < hub->busy_count[kind]) {
        struct queue *queue = CONTAINER_OF(hub->busy[kind].next, struct queue, link);
        list_remove(&queue->link);
        list_push_back(&hub->busy[kind], &queue->link);
        stuck = serve(engine, queue) ? 0 : stuck + 1;
    }
}

void dispatch_run(struct engine *engine)
{
    struct list *link;
    while ((link = list_pop_front(&engine->hubs_due))) {
        struct hub *hub = CONTAINER_OF(link, struct hub, due_link);
        hub->due = false;
        unserved_watch(engine, hub);
        if (list_empty(&hub->streams))
            continue;
        for (size_t i = 0; i < ARRAY_SIZE(order); i++)
            serve_all(engine, hub, order[i]);
    }
}
