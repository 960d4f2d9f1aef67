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

static void poison(struct engine *e, struct work *w)
{
    if (w->kind == WORK_TURN)
        turn_poison(e, CONTAINER_OF(w, struct instance, turn.work));
    else
        activity_poison(e, CONTAINER_OF(w, struct activity, work));
}

static void send(struct engine *e, struct work *w, struct stream *s)
{
    struct bytes message;
    struct instance *i = w->kind == WORK_TURN ? CONTAINER_OF(w, struct instance, turn.work) : NULL;
    work_new_token(e, w);
    if (!i) {
        message = activity_build(e, CONTAINER_OF(w, struct activity, work));
    } else if (turn_build(e, i, s, &message) != STATUS_OK) {
        turn_misfit(e, i, s);
        return;
    }
    work_send(e, w, s);
    struct engine_action *action = engine_act(e, ENGINE_SEND_WORK);
    action->stream = s->number;
    action->message = message;
    stream_sent(e, s, message.size);
}

/* Deals with the first item of a queue. False if it has to stay where it is. */
static bool serve(struct engine *e, struct queue *q)
{
    struct work *w = CONTAINER_OF(q->items.next, struct work, link);
    if (w->deliveries >= e->options.poison_deliveries_max) {
        poison(e, w);
        return true;
    }
    struct instance *i = w->kind == WORK_TURN ? CONTAINER_OF(w, struct instance, turn.work) : NULL;
    size_t size = i ? turn_size(i) : 0; /* activities that fit no message were not created */
    struct stream *s = stream_choose(e, q->hub, q, size);
    if (!s && i && stream_too_large(q->hub, q, size)) {
        turn_misfit(e, i, NULL);
        return true;
    }
    if (!s)
        return false;
    if (i && !instance_loaded(i)) {
        if (e->work_counts[WORK_TURN][WORK_LOADING] >= LOADING_MAX)
            return false;
        work_load(e, w);
        if (!i->history_resident)
            instance_want_history(e, i);
        if (!instance_payloads_resident(i))
            instance_want_payloads(e, i);
        return true;
    }
    send(e, w, s);
    return true;
}

/* One item of each busy queue in turn, until none of them can move. */
static void serve_all(struct engine *e, struct hub *h, enum work_kind kind)
{
    size_t stuck = 0;
    while (!list_empty(&h->busy[kind]) && stuck < h->busy_count[kind]) {
        struct queue *q = CONTAINER_OF(h->busy[kind].next, struct queue, link);
        list_remove(&q->link);
        list_push_back(&h->busy[kind], &q->link);
        stuck = serve(e, q) ? 0 : stuck + 1;
    }
}

void dispatch_run(struct engine *e)
{
    struct list *link;
    while ((link = list_pop_front(&e->stirred))) {
        struct hub *h = CONTAINER_OF(link, struct hub, stirred_link);
        h->stirred = false;
        unserved_watch(e, h);
        if (list_empty(&h->streams))
            continue;
        serve_all(e, h, WORK_ACTIVITY);
        serve_all(e, h, WORK_TURN);
    }
}
