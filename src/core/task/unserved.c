/* SPDX-License-Identifier: MIT */
/* unserved.c — an alarm for each hub with work that waits; when it rings, queues are held against filters. */
#include "core/task/unserved.h"

#include "core/task/stream.h"
#include "core/task/work_class.h"
#include "core/task/worker_note.h"

#define QUEUES_SHOWN_MAX  4 /* kinds of work in one warning */
#define WORKERS_SHOWN_MAX 2 /* workers in one warning */
#define TOLD_DOUBLINGS    9 /* of the wait between warnings: 10 s to about an hour and a half */
#define LINE_SIZE_MAX     900

static bool any_waits(const struct hub *hub)
{
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
        if (!list_empty(&hub->busy[kind]))
            return true;
    return false;
}

static bool is_served(const struct hub *hub, const struct queue *queue)
{
    list_each (it, &hub->streams)
        if (stream_serves(CONTAINER_OF(it, struct stream, link), queue))
            return true;
    return false;
}

static void describe_queue(struct buf *line, const struct queue *queue, size_t place)
{
    buf_append_fmt(line, "%s%s ", place ? ", " : "", queue->class->asked_for);
    worker_note_name(line, queue->name);
    if (queue->version.size) {
        buf_append_cstr(line, " version ");
        worker_note_name(line, queue->version);
    }
    buf_append_fmt(line, " (%zu)", queue->count);
}

/* Names the kinds of work that nobody takes; returns how many there are. */
static size_t describe_work(struct buf *line, const struct hub *hub)
{
    size_t count = 0;
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
        list_each (it, &hub->busy[kind]) {
            const struct queue *queue = CONTAINER_OF(it, struct queue, link);
            if (is_served(hub, queue))
                continue;
            if (count < QUEUES_SHOWN_MAX)
                describe_queue(line, queue, count);
            count++;
        }
    if (count > QUEUES_SHOWN_MAX)
        buf_append_fmt(line, " and %zu more kinds", count - QUEUES_SHOWN_MAX);
    return count;
}

static void describe_workers(struct buf *line, const struct hub *hub)
{
    size_t count = 0;
    list_each (it, &hub->streams)
        if (count++ < WORKERS_SHOWN_MAX) {
            buf_append_cstr(line, "; ");
            const struct stream *stream = CONTAINER_OF(it, struct stream, link);
            worker_note_describe(line, stream);
            buf_append_cstr(line, stream->stalled ? ", but does not answer" : "");
        }
    if (count == 0)
        buf_append_cstr(line, "; no worker is connected");
    else if (count > WORKERS_SHOWN_MAX)
        buf_append_fmt(line, "; and %zu more workers", count - WORKERS_SHOWN_MAX);
}

static void on_look(struct engine *engine, struct alarm *alarm)
{
    struct hub *hub = CONTAINER_OF(alarm, struct hub, unserved_alarm);
    struct buf line = {.limit = LINE_SIZE_MAX};
    buf_append_cstr(&line, "work waits that no connected worker takes: ");
    if (describe_work(&line, hub) > 0) {
        describe_workers(&line, hub);
        engine_note(engine, LOG_LEVEL_WARN, hub, (struct bytes){0}, "%.*s", BYTES_FMT(buf_peek(&line)));
        hub->unserved_told = MIN(hub->unserved_told + 1, TOLD_DOUBLINGS);
    } else {
        hub->unserved_told = 0;
    }
    buf_fini(&line);
    unserved_watch(engine, hub);
}

void unserved_watch(struct engine *engine, struct hub *hub)
{
    if (hub->unserved_alarm.heap || !any_waits(hub))
        return;
    int64_t wait_ns = engine->options.unserved_wait_ns << hub->unserved_told;
    alarm_set(engine, &hub->unserved_alarm, engine->now_ns + wait_ns, on_look);
}
