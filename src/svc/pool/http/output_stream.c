/* SPDX-License-Identifier: MIT */
/* output_stream.c — GET /executions/{id}/output: an execution's output as server-sent events, in doc/api.md's words. Each
 * reader is a follower (svc/pool/follow.h) and is sent what it takes; nobody waits for it. */
#include "base/log.h"
#include "os/clock.h"
#include "svc/pool/execution_end.h"
#include "svc/pool/follow.h"
#include "svc/pool/http/execute_answer.h"
#include "svc/pool/http/output_place.h"
#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/limit_values.h"
#include "wire/http1/sse.h"
#include "wire/json/json.h"

#define PIECES_PER_TURN 64 /* events of one reader in a turn of the loop, so that a replay holds up nobody */

/* In the request's arena. */
struct output_stream {
    struct list link; /* in the service */
    struct pool_call *call;
    struct follower follower;
    struct loop_task more; /* goes on in the next turn */
    bool full;             /* the reader's queue is; on_drain goes on */
};

/* --- events --- */

static void leave(struct output_stream *stream)
{
    follow_stop(&stream->follower);
    loop_defer_cancel(&stream->more);
    list_remove(&stream->link);
    stream->call->service->output_streams--;
}

static void send(struct output_stream *stream, const char *name, const struct buf *data)
{
    CLEANUP(buf_fini) struct buf frame = {0}, id = {0};
    const struct follower *follower = &stream->follower;
    const struct output_words words = {
        .at = {follow_at(follower, SESSION_STDOUT), follow_at(follower, SESSION_STDERR)},
        .live = follow_is_unsure(follower)};
    output_place_write(&id, &words);
    if (buf_status(&id) != STATUS_OK || buf_status(data) != STATUS_OK)
        return;

    const struct sse_event event = {.id = buf_peek(&id), .name = bytes_of_cstr(name), .data = buf_peek(data)};
    if (sse_write(&frame, &event) != STATUS_OK || buf_status(&frame) != STATUS_OK)
        return;
    size_t queued = http_stream_write(stream->call->request, buf_peek(&frame));
    stream->full = queued > POOL_OUTPUT_QUEUE_SIZE_MAX;
}

static void send_text(struct output_stream *stream, const char *name, const struct buf *text)
{
    CLEANUP(buf_fini) struct buf data = {0};
    struct json_writer json = {.out = &data, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_member_string(&json, "text", buf_peek(text));
    json_write_end_object(&json);
    send(stream, name, &data);
}

static void send_status(struct output_stream *stream)
{
    const struct execution *execution = stream->follower.watcher.execution;
    CLEANUP(buf_fini) struct buf data = {0};
    struct json_writer json = {.out = &data};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "status", execute_status_word(execution));
    if (execution_final(execution))
        json_write_member_cstr(&json, "ended", execution_end_name(execution_end_of(execution)));
    json_write_end_object(&json);
    send(stream, "status", &data);
}

static void send_reset(struct output_stream *stream)
{
    CLEANUP(buf_fini) struct buf data = {0};
    buf_append_cstr(&data, "{\"reason\":\"the middle of the output is left out: it comes anew\"}");
    send(stream, "reset", &data);
}

static void send_gap(struct output_stream *stream)
{
    CLEANUP(buf_fini) struct buf data = {0};
    buf_append_cstr(&data, "{\"reason\":\"what follows is not kept any more\"}");
    send(stream, "gap", &data);
}

/* Sends one piece. False: there is no more for now, or the stream is over. */
static bool send_next(struct output_stream *stream)
{
    CLEANUP(buf_fini) struct buf piece = {0};
    switch (follow_next(&stream->follower, POOL_OUTPUT_PIECE_SIZE_MAX, &piece)) {
    case FOLLOW_NOTHING:
        return false;
    case FOLLOW_STATUS:
        send_status(stream);
        return true;
    case FOLLOW_STDOUT:
        send_text(stream, "stdout", &piece);
        return true;
    case FOLLOW_STDERR:
        send_text(stream, "stderr", &piece);
        return true;
    case FOLLOW_DISPLAY:
        send(stream, "display", &piece);
        return true;
    case FOLLOW_RESET:
        send_reset(stream);
        return true;
    case FOLLOW_END:
        send_status(stream);
        break;
    case FOLLOW_GAP:
        send_gap(stream);
        break;
    }
    leave(stream);
    http_stream_end(stream->call->request);
    return false;
}

static void pump(struct output_stream *stream)
{
    for (int i = 0; i < PIECES_PER_TURN; i++) {
        if (stream->full || !send_next(stream))
            return;
    }
    loop_defer(stream->call->service->loop, &stream->more);
}

static void on_more(struct loop_task *task)
{
    pump(CONTAINER_OF(task, struct output_stream, more));
}

/* Not at once: news may come while its execution is being dropped. */
static void on_news(struct execution_watcher *watcher)
{
    struct output_stream *stream = CONTAINER_OF(watcher, struct output_stream, follower.watcher);
    if (!stream->full)
        loop_defer(stream->call->service->loop, &stream->more);
}

static void on_drain(void *context)
{
    struct output_stream *stream = context;
    stream->full = false;
    pump(stream);
}

static void on_gone(void *context)
{
    leave(context);
}

/* --- silence --- */

static void set_heartbeat(struct pool_service *service)
{
    if (service->heartbeat.loop || list_empty(&service->streams))
        return;
    int64_t at_ns = loop_now(service->loop) + POOL_OUTPUT_HEARTBEAT_NS;
    if (loop_timer_set(service->loop, &service->heartbeat, at_ns) != STATUS_OK)
        log_warn("svc/pool", "no memory for a timer: output streams are silent");
}

void output_stream_heartbeat(struct loop_timer *timer)
{
    struct pool_service *service = CONTAINER_OF(timer, struct pool_service, heartbeat);
    CLEANUP(buf_fini) struct buf comment = {0};
    sse_write_comment(&comment);
    list_each (it, &service->streams) {
        struct output_stream *stream = CONTAINER_OF(it, struct output_stream, link);
        if (!stream->full)
            stream->full =
                http_stream_write(stream->call->request, buf_peek(&comment)) > POOL_OUTPUT_QUEUE_SIZE_MAX;
    }
    set_heartbeat(service);
}

/* --- opening --- */

static bool find_start(struct pool_call *call, struct output_words *ret_from)
{
    struct bytes from = pool_call_query(call, "from");
    if (!from.size)
        from = http_request_header(call->request, "last-event-id");
    if (!from.size || bytes_equal_cstr(from, "0") || output_place_parse(from, ret_from))
        return true;
    pool_call_fail(call, 400, "InvalidOffset",
                   "'from' must be the id of an event of this stream, such as 0,0.");
    return false;
}

void pool_handle_output(struct pool_call *call)
{
    struct pool_service *service = call->service;
    struct output_words from = {0};
    struct execution *execution = pool_call_find_execution(call);
    if (!execution || !find_start(call, &from))
        return;
    struct output_stream *stream = service->output_streams < POOL_OUTPUT_STREAMS_MAX
                                       ? arena_alloc(http_request_arena(call->request), sizeof *stream)
                                       : NULL;
    if (!stream ||
        http_response_header(call->request, "X-Accel-Buffering", BYTES_LITERAL("no")) != STATUS_OK) {
        pool_call_fail(call, 503, "ServiceUnavailable", "There is no room for another output stream.");
        return;
    }
    *stream =
        (struct output_stream){.call = call, .follower.watcher.on_news = on_news, .more.on_run = on_more};
    list_push_back(&service->streams, &stream->link);
    service->output_streams++;
    set_heartbeat(service);
    http_request_on_gone(call->request, on_gone, stream);
    http_stream_begin(call->request, 200, "text/event-stream; charset=utf-8", on_drain, stream);
    follow_start(&stream->follower, execution, from.at, from.live);
    pump(stream);
}
