/* SPDX-License-Identifier: MIT */
/* event_streams.c — a list of open answers, and one timer for all of them. */
#include "net/event_streams.h"

#include "base/log.h"
#include "os/clock.h"
#include "wire/http1/sse.h"

static void on_heartbeat(struct loop_timer *timer);

/* --- silence --- */

static void set_heartbeat(struct event_streams *streams)
{
    if (streams->heartbeat.loop || streams->stopping)
        return;
    int64_t next_ns = clock_monotonic_ns() + streams->limits.heartbeat_ns;
    if (loop_timer_set(streams->loop, &streams->heartbeat, next_ns) != STATUS_OK)
        log_error("net", "out of memory: streams of events are silent");
}

static void on_heartbeat(struct loop_timer *timer)
{
    struct event_streams *streams = CONTAINER_OF(timer, struct event_streams, heartbeat);
    CLEANUP(buf_fini) struct buf comment = {0};
    sse_write_comment(&comment);
    list_each_safe (link, &streams->open) {
        struct event_stream *stream = CONTAINER_OF(link, struct event_stream, link);
        if (!stream->full)
            event_stream_write(stream, buf_peek(&comment));
    }
    bool wanted = streams->on_beat && streams->on_beat(streams);
    if (wanted || streams->count > 0)
        set_heartbeat(streams);
}

/* --- one stream --- */

static void close_stream(struct event_stream *stream)
{
    list_remove(&stream->link);
    stream->streams->count--;
    stream->request = NULL;
}

static void on_gone(void *context)
{
    struct event_stream *stream = context;
    close_stream(stream);
    stream->on_gone(stream);
}

static void on_drain(void *context)
{
    struct event_stream *stream = context;
    stream->full = false;
    stream->on_drain(stream);
}

bool event_stream_open(struct event_streams *streams, struct event_stream *stream,
                       struct http_request *request)
{
    /* nginx would hold events back. */
    if (http_response_header(request, "X-Accel-Buffering", BYTES_LITERAL("no")) != STATUS_OK) {
        http_respond_failure(request, 503, "There is no memory left.");
        return false;
    }
    stream->streams = streams;
    stream->request = request;
    list_push_back(&streams->open, &stream->link);
    streams->count++;
    set_heartbeat(streams);
    http_request_on_gone(request, on_gone, stream);
    http_stream_begin(request, 200, "text/event-stream; charset=utf-8", on_drain, stream);
    return true;
}

void event_stream_write(struct event_stream *stream, struct bytes frames)
{
    stream->full = http_stream_write(stream->request, frames) > stream->streams->limits.queue_size_max;
}

void event_stream_end(struct event_stream *stream)
{
    struct http_request *request = stream->request;
    close_stream(stream);
    http_stream_end(request);
}

void event_stream_cut(struct event_stream *stream)
{
    struct http_request *request = stream->request;
    close_stream(stream);
    http_stream_abort(request);
}

struct bytes event_stream_place(struct http_request *request, const char *name)
{
    struct bytes said = http_request_header(request, "Last-Event-ID");
    return said.data ? said : http_request_query(request, name);
}

/* --- all of them --- */

void event_streams_init(struct event_streams *streams, struct loop *loop,
                        const struct event_streams_limits *limits)
{
    *streams = (struct event_streams){.loop = loop, .limits = *limits, .heartbeat.on_fire = on_heartbeat};
    list_init(&streams->open);
}

void event_streams_stop(struct event_streams *streams)
{
    streams->stopping = true;
    loop_timer_cancel(&streams->heartbeat);
    list_each_safe (link, &streams->open) {
        struct event_stream *stream = CONTAINER_OF(link, struct event_stream, link);
        event_stream_end(stream);
        stream->on_gone(stream);
    }
}

bool event_streams_have_room(const struct event_streams *streams, struct http_request *request)
{
    if (!streams->stopping && streams->count < streams->limits.streams_max)
        return true;
    http_respond_failure(request, 503,
                         streams->stopping ? "The server is going down." : streams->limits.too_many);
    return false;
}
