/* SPDX-License-Identifier: MIT */
/* grpc_server_answer.c — what one call sends: headers, messages, the status in the trailers.
 * It is pulled by nghttp2: bytes wait in `out` until flow control asks for them.
 * INVARIANT: what waits is counted in the connection and in the server; each place that adds to `out` or takes from it
 * tells count_queued, so that a peer that does not read costs what the limits say and no more. */
#include "net/grpc_server_internal.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/text.h"
#include "wire/grpc/grpc_header.h"

#define OUT_KEEP_SIZE       ((size_t)16 << 10) /* an emptied queue over this gives its memory back */
#define HEADERS_AT_ONCE_MAX 5

static void count_queued(struct grpc_connection *connection, size_t added, size_t gone)
{
    connection->queued += added - gone;
    connection->server->memory += added - gone;
}

size_t grpc_call_queue_size(const struct grpc_call *call)
{
    return call->out.size - call->out_taken;
}

/* Only before the first byte was taken, or at the end of the call: `out_taken` stays as it is. */
void grpc_call_drop_queue(struct grpc_call *call)
{
    count_queued(call->connection, 0, grpc_call_queue_size(call));
    buf_fini(&call->out);
}

static nghttp2_nv header_of(const char *name, const char *value, size_t value_size, uint8_t flags)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), value_size, flags};
}

static nghttp2_nv static_header(const char *name, const char *value)
{
    return header_of(name, value, strlen(value),
                     NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
}

/* grpc-status and grpc-message to `nv`; `text` holds the encoded message until nghttp2 has copied it. */
static size_t status_headers(const struct grpc_call *call, nghttp2_nv nv[2], struct buf *text)
{
    static const char numbers[17][3] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                        "9", "10", "11", "12", "13", "14", "15", "16"};
    nv[0] = static_header("grpc-status", numbers[status_grpc(call->status)]);
    if (call->status_text.size == 0)
        return 1;
    grpc_header_encode_message(text, buf_peek(&call->status_text));
    if (buf_status(text) != STATUS_OK)
        return 1;
    /* Not indexed: a text that is never said again would push useful headers out of the peer's table. */
    nv[1] = header_of("grpc-message", (char *)text->data, text->size, NGHTTP2_NV_FLAG_NO_INDEX);
    return 2;
}

void grpc_call_reset(struct grpc_call *call, uint32_t error_code)
{
    grpc_call_take_back(call);
    call->phase = CALL_ENDED;
    loop_timer_cancel(&call->deadline);
    (void)nghttp2_submit_rst_stream(call->connection->session, NGHTTP2_FLAG_NONE, call->stream_id,
                                    error_code);
    grpc_connection_flush_later(call->connection);
}

/* An answer that is one HEADERS frame. If the peer is still sending, on_frame_send resets the stream
 * afterwards: a reset submitted here would be sent first and clients would never see the status. */
static void answer_with_headers(struct grpc_call *call, const nghttp2_nv *nv, size_t count)
{
    call->head_sent = true;
    if (nghttp2_submit_response(call->connection->session, call->stream_id, nv, count, NULL) != 0)
        grpc_call_reset(call, NGHTTP2_INTERNAL_ERROR);
    grpc_connection_flush_later(call->connection);
}

static void answer_trailers_only(struct grpc_call *call)
{
    CLEANUP(buf_fini) struct buf text = {0};
    nghttp2_nv nv[HEADERS_AT_ONCE_MAX] = {static_header(":status", "200"),
                                          static_header("content-type", "application/grpc")};
    size_t count = 2 + status_headers(call, nv + 2, &text);
    if (call->status == STATUS_UNIMPLEMENTED)
        nv[count++] = static_header("grpc-accept-encoding", "identity,gzip");
    answer_with_headers(call, nv, count);
}

void grpc_call_answer_http(struct grpc_call *call, const char *http_status)
{
    call->phase = CALL_ENDED;
    nghttp2_nv nv = static_header(":status", http_status);
    answer_with_headers(call, &nv, 1);
}

static int submit_trailers(struct grpc_call *call)
{
    CLEANUP(buf_fini) struct buf text = {0};
    nghttp2_nv nv[2];
    size_t count = status_headers(call, nv, &text);
    return nghttp2_submit_trailer(call->connection->session, call->stream_id, nv, count);
}

/* nghttp2 asks for at most `size` bytes of the body: as many messages as fit go into one DATA frame. */
static ssize_t on_read(nghttp2_session *session, int32_t stream_id, uint8_t *data, size_t size,
                       uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct grpc_call *call = source->ptr;
    struct grpc_connection *connection = call->connection;
    size_t n = MIN(size, grpc_call_queue_size(call));
    if (n > 0)
        memcpy(data, call->out.data + call->out_taken, n);
    call->out_taken += n;
    call->taken += n;
    count_queued(connection, 0, n);
    if (grpc_call_queue_size(call) > 0)
        return (ssize_t)n;
    buf_clear(&call->out);
    call->out_taken = 0;
    if (call->out.capacity > OUT_KEEP_SIZE)
        buf_fini(&call->out);
    if (call->phase == CALL_ENDED && call->is_http) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        return (ssize_t)n;
    }
    if (call->phase == CALL_ENDED) {
        /* The flag first, then the trailers: together they end the stream. */
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        return submit_trailers(call) == 0 ? (ssize_t)n : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (call->above_high_water) {
        call->above_high_water = false;
        /* Told behind the flush (call_writable_handlers), not from inside nghttp2. */
        list_remove(&call->writable);
        list_push_back(&connection->writable, &call->writable);
    }
    if (n > 0)
        return (ssize_t)n;
    /* nghttp2 does not ask again until grpc_call_resume. */
    call->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
}

static bool begin(struct grpc_call *call, const nghttp2_nv *nv, size_t count)
{
    call->head_sent = true;
    const nghttp2_data_provider provider = {.source.ptr = call, .read_callback = on_read};
    if (nghttp2_submit_response(call->connection->session, call->stream_id, nv, count, &provider) != 0) {
        grpc_call_reset(call, NGHTTP2_INTERNAL_ERROR);
        return false;
    }
    grpc_connection_flush_later(call->connection);
    return true;
}

bool grpc_call_begin(struct grpc_call *call)
{
    if (call->head_sent)
        return true;
    const nghttp2_nv nv[] = {static_header(":status", "200"),
                             static_header("content-type", "application/grpc")};
    return begin(call, nv, ARRAY_SIZE(nv));
}

bool grpc_call_begin_http(struct grpc_call *call, const nghttp2_nv *headers, size_t count)
{
    return begin(call, headers, count);
}

void grpc_call_resume(struct grpc_call *call)
{
    if (!call->deferred)
        return;
    call->deferred = false;
    (void)nghttp2_session_resume_data(call->connection->session, call->stream_id);
    grpc_connection_flush_later(call->connection);
}

/* An answer that finds no room. Before the first byte the peer can still be told; after it, only cut off. */
static void refuse_answer(struct grpc_call *call)
{
    if (call->head_sent) {
        grpc_call_reset(call, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    grpc_call_drop_queue(call);
    grpc_call_end(call, STATUS_RESOURCE_EXHAUSTED, "the answer is too large");
}

static void disconnect_later(struct grpc_connection *connection)
{
    connection->overrun = true;
    grpc_connection_flush_later(connection);
}

/* Of `connection` and all others the connection that holds most memory. */
static struct grpc_connection *heaviest(struct grpc_connection *connection)
{
    struct grpc_connection *heaviest = connection;
    list_each (it, &connection->server->connections) {
        struct grpc_connection *other = CONTAINER_OF(it, struct grpc_connection, link);
        if (other->queued + other->held > heaviest->queued + heaviest->held)
            heaviest = other;
    }
    return heaviest;
}

static void enforce_queue_limits(struct grpc_connection *connection)
{
    const struct grpc_server *server = connection->server;
    /* Whoever came last need not be at fault: who holds most makes room. */
    if (server->memory > server->limits.memory_max)
        disconnect_later(heaviest(connection));
    if (connection->queued > server->limits.connection_memory_max)
        disconnect_later(connection);
}

static void drop_taken(struct grpc_call *call)
{
    /* Moved only when at least as much was taken as is left, so that a byte moves once on average. */
    if (call->out_taken <= call->out.size / 2)
        return;
    buf_consume(&call->out, call->out_taken);
    call->out_taken = 0;
}

/* What was added to the queue since it had `before` bytes. */
static bool note_queued(struct grpc_call *call, size_t before)
{
    struct grpc_connection *connection = call->connection;
    count_queued(connection, call->out.size - before, 0);
    h2_budget_give(&connection->budget, H2_BUDGET_MESSAGE);
    if (buf_status(&call->out) != STATUS_OK) {
        refuse_answer(call);
        return false;
    }
    enforce_queue_limits(connection);
    if (grpc_call_queue_size(call) > GRPC_STREAM_QUEUE_HIGH)
        call->above_high_water = true;
    return true;
}

bool grpc_call_queue(struct grpc_call *call, struct bytes message)
{
    drop_taken(call);
    size_t before = call->out.size;
    grpc_message_write(&call->out, message);
    return note_queued(call, before);
}

bool grpc_call_queue_bytes(struct grpc_call *call, struct bytes piece)
{
    drop_taken(call);
    /* The peer's time runs while something waits for it: a stream that had nothing to say owes nothing. */
    if (grpc_call_queue_size(call) == 0) {
        call->taking_from_ns = loop_now(call->connection->server->loop);
        call->taken = 0;
    }
    size_t before = call->out.size;
    buf_append_bytes(&call->out, piece);
    return note_queued(call, before);
}

bool grpc_call_is_too_slow(const struct grpc_call *call, int64_t now_ns)
{
    const struct grpc_server_limits *limits = &call->connection->server->limits;
    if (!call->is_http || grpc_call_queue_size(call) == 0)
        return false;
    uint64_t seconds = MIN(call->taken / limits->rate_min, (uint64_t)INT32_MAX);
    return now_ns > call->taking_from_ns + limits->rate_grace_ns + (int64_t)seconds * NS_PER_S;
}

void grpc_call_end(struct grpc_call *call, enum status status, const char *text)
{
    if (call->phase == CALL_ENDED)
        return;
    /* It has no trailers that could carry a status. */
    if (call->phase == CALL_HTTP) {
        grpc_call_reset(call, NGHTTP2_CANCEL);
        return;
    }
    grpc_call_take_back(call);
    call->phase = CALL_ENDED;
    loop_timer_cancel(&call->deadline);
    call->status = status;
    if (text)
        buf_append_bytes(&call->status_text, bytes_utf8_prefix(bytes_of_cstr(text), GRPC_STATUS_TEXT_MAX));
    if (call->head_sent)
        grpc_call_resume(call);
    else
        answer_trailers_only(call);
}

void grpc_call_end_and_tell(struct grpc_call *call, enum status status, const char *text)
{
    const struct grpc_server *server = call->connection->server;
    struct grpc_call_id id = call->id;
    /* Looked at before the end, which takes the call back from its handler. */
    bool handed = call->phase == CALL_HANDED;
    grpc_call_end(call, status, text);
    if (handed && server->handler.on_cancelled)
        server->handler.on_cancelled(server->handler.context, id);
}
