/* SPDX-License-Identifier: MIT */
/* dispatch.c — see dispatch.h. */
#include "core/task/dispatch.h"

#include "core/task/activity.h"
#include "core/task/instance.h"
#include "core/task/stream.h"
#include "core/task/turn.h"
#include "core/task/unserved.h"
#include "core/task/work.h"

/* Histories fetched ahead for turns: more would sit in memory before a worker is free. */
#define LOADING_MAX 64

static void poison(struct engine *engine, struct work *w)
{
    if (w->kind == WORK_TURN)
        turn_poison(engine, CONTAINER_OF(w, struct instance, turn.work));
    else
        activity_poison(engine, CONTAINER_OF(w, struct activity, work));
}

static void send(struct engine *engine, struct work *w, struct stream *stream)
{
    struct bytes message;
    struct instance *instance = w->kind == WORK_TURN ? CONTAINER_OF(w, struct instance, turn.work) : NULL;
    work_new_token(engine, w);
    if (!instance) {
        message = activity_build(engine, CONTAINER_OF(w, struct activity, work));
    } else if (turn_build(engine, instance, stream, &message) != STATUS_OK) {
        turn_misfit(engine, instance, stream);
        return;
    }
    work_send(engine, w, stream);
    struct engine_action *action = engine_act(engine, ENGINE_SEND_WORK);
    action->stream = stream->number;
    action->message = message;
    stream_sent(engine, stream, message.size);
}

/* Deals with the first item of a queue. False if it has to stay where it is. */
static bool serve(struct engine *engine, struct queue *queue)
{
    struct work *work = CONTAINER_OF(queue->items.next, struct work, link);
    if (work->deliveries >= engine->options.poison_deliveries_max) {
        poison(engine, work);
        return true;
    }
    struct instance *instance =
        work->kind == WORK_TURN ? CONTAINER_OF(work, struct instance, turn.work) : NULL;
    size_t size = instance ? turn_size(instance) : 0; /* activities that fit no message were not created */
    struct stream *stream = stream_choose(engine, queue->hub, queue, size);
    if (!stream && instance && stream_too_large(queue->hub, queue, size)) {
        turn_misfit(engine, instance, NULL);
        return true;
    }
    if (!stream)
        return false;
    if (instance && !instance_loaded(instance)) {
        if (engine->work_counts[WORK_TURN][WORK_LOADING] >= LOADING_MAX)
            return false;
        work_load(engine, work);
        if (!instance->history_resident)
            instance_want_history(engine, instance);
        if (!instance_payloads_resident(instance))
            instance_want_payloads(engine, instance);
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
    while ((link = list_pop_front(&engine->stirred))) {
        struct hub *hub = CONTAINER_OF(link, struct hub, stirred_link);
        hub->stirred = false;
        unserved_watch(engine, hub);
        if (list_empty(&hub->streams))
            continue;
        serve_all(engine, hub, WORK_ACTIVITY);
        serve_all(engine, hub, WORK_TURN);
    }
}
