/* SPDX-License-Identifier: MIT */
/* unserved.c — an alarm for each hub with work that waits; when it rings, queues are held against filters. */
#include "core/task/unserved.h"

#include "core/task/stream.h"
#include "core/task/worker_note.h"

#define QUEUES_SHOWN_MAX  4 /* kinds of work in one warning */
#define WORKERS_SHOWN_MAX 2 /* workers in one warning */
#define TOLD_DOUBLINGS    9 /* of the wait between warnings: 10 s to about an hour and a half */
#define LINE_SIZE_MAX     900

static bool any_waits(const struct hub *h)
{
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
        if (!list_empty(&h->busy[kind]))
            return true;
    return false;
}

static bool is_served(const struct hub *h, const struct queue *q)
{
    list_each (it, &h->streams)
        if (stream_serves(CONTAINER_OF(it, struct stream, link), q))
            return true;
    return false;
}

static void describe_queue(struct buf *line, const struct queue *q, size_t place)
{
    buf_append_fmt(line, "%s%s ", place ? ", " : "", q->kind == WORK_TURN ? "orchestration" : "activity");
    worker_note_name(line, q->name);
    if (q->version.size) {
        buf_append_cstr(line, " version ");
        worker_note_name(line, q->version);
    }
    buf_append_fmt(line, " (%zu)", q->count);
}

/* Names the kinds of work that nobody takes; returns how many there are. */
static size_t describe_work(struct buf *line, const struct hub *h)
{
    size_t count = 0;
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
        list_each (it, &h->busy[kind]) {
            const struct queue *q = CONTAINER_OF(it, struct queue, link);
            if (is_served(h, q))
                continue;
            if (count < QUEUES_SHOWN_MAX)
                describe_queue(line, q, count);
            count++;
        }
    if (count > QUEUES_SHOWN_MAX)
        buf_append_fmt(line, " and %zu more kinds", count - QUEUES_SHOWN_MAX);
    return count;
}

static void describe_workers(struct buf *line, const struct hub *h)
{
    size_t count = 0;
    list_each (it, &h->streams)
        if (count++ < WORKERS_SHOWN_MAX) {
            buf_append_cstr(line, "; ");
            const struct stream *s = CONTAINER_OF(it, struct stream, link);
            worker_note_describe(line, s);
            buf_append_cstr(line, s->stalled ? ", but does not answer" : "");
        }
    if (count == 0)
        buf_append_cstr(line, "; no worker is connected");
    else if (count > WORKERS_SHOWN_MAX)
        buf_append_fmt(line, "; and %zu more workers", count - WORKERS_SHOWN_MAX);
}

static void on_look(struct engine *e, struct alarm *a)
{
    struct hub *h = CONTAINER_OF(a, struct hub, unserved_alarm);
    struct buf line = {.limit = LINE_SIZE_MAX};
    buf_append_cstr(&line, "work waits that no connected worker takes: ");
    if (describe_work(&line, h) > 0) {
        describe_workers(&line, h);
        engine_note(e, LOG_LEVEL_WARN, h, (struct bytes){NULL, 0}, "%.*s", BYTES_FMT(buf_peek(&line)));
        h->unserved_told = MIN(h->unserved_told + 1, TOLD_DOUBLINGS);
    } else {
        h->unserved_told = 0;
    }
    buf_fini(&line);
    unserved_watch(e, h);
}

void unserved_watch(struct engine *e, struct hub *h)
{
    if (h->unserved_alarm.heap || !any_waits(h))
        return;
    int64_t wait_ns = e->options.unserved_wait_ns << h->unserved_told;
    alarm_set(e, &h->unserved_alarm, e->now_ns + wait_ns, on_look);
}
