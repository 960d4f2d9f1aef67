/* SPDX-License-Identifier: MIT */
/* grpc_server_session.c — the nghttp2 session of one connection: each frame pays its price before the library works on it,
 * and the callbacks find the call that it belongs to. Nothing is written or freed here but calls. */
#include "net/grpc_server_internal.h"

#include "base/log.h"
#include "net/limit_values.h"

#define AREA                   "net/grpc_server"
#define STREAM_WINDOW_SIZE     (1 << 20) /* bytes; the default of 64 kB starves large messages */
#define CONNECTION_WINDOW_SIZE (4 << 20) /* bytes */

/* --- what frames cost --- */

/* False: the connection has used up its budget; reading stops at once. */
static bool spend(struct grpc_connection *connection, uint64_t points)
{
    connection->turn_points += points;
    if (h2_budget_take(&connection->budget, points, loop_now(connection->server->loop)))
        return true;
    connection->excess = "too many frames that do no work";
    return false;
}

/* False: the block passes what a refusal would be worth; the rest of it is not decoded. */
static bool block_fits(struct grpc_connection *connection)
{
    size_t size_max = 2 * connection->server->limits.header_list_size_max;
    if (connection->block_wire_size <= size_max && connection->block_fields_size <= size_max)
        return true;
    connection->excess = "the request headers are far too large";
    return false;
}

/* Takes the price of each frame before nghttp2 works on it: it does not report what it ignores. */
static bool can_afford(struct grpc_connection *connection, struct bytes input)
{
    struct h2_frame frame;
    while (h2_frame_next(&connection->frames, &input, &frame)) {
        if (frame.type == H2_FRAME_HEADERS)
            connection->block_wire_size = 0;
        if (frame.type == H2_FRAME_HEADERS || frame.type == H2_FRAME_CONTINUATION)
            connection->block_wire_size += frame.payload_size;
        if (!spend(connection, h2_frame_points(frame.type, frame.payload_size)) || !block_fits(connection))
            return false;
    }
    return true;
}

bool grpc_session_feed(struct grpc_connection *connection, struct bytes input)
{
    if (!can_afford(connection, input))
        return false;
    ssize_t n = nghttp2_session_mem_recv(connection->session, input.data, input.size);
    if (n < 0) {
        log_debug(AREA, "protocol error connection=%llu error=%s", (unsigned long long)connection->number,
                  nghttp2_strerror((int)n));
        /* nghttp2's own limits, some of which have no name in older versions. */
        bool flooded = n != NGHTTP2_ERR_BAD_CLIENT_MAGIC && n != NGHTTP2_ERR_NOMEM;
        if (flooded && !connection->excess)
            connection->excess = "too many frames";
        return false;
    }
    if (nghttp2_session_get_outbound_queue_size(connection->session) > GRPC_FRAMES_QUEUED_MAX)
        connection->excess = "too many answers are not read";
    return !connection->excess;
}

/* --- nghttp2's callbacks; the session's user data is the connection, a stream's is its call --- */

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *user_data)
{
    struct grpc_connection *connection = user_data;
    if (head->type == NGHTTP2_HEADERS)
        connection->block_fields_size = 0;
    return 0;
}

/* Counts a decoded field, also one that is then ignored. */
static bool field_fits(struct grpc_connection *connection, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
    size_t size = GRPC_FIELD_SIZE(nghttp2_rcbuf_get_buf(name).len, nghttp2_rcbuf_get_buf(value).len);
    connection->block_fields_size += size;
    return spend(connection, h2_field_points(size)) && block_fits(connection);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct grpc_call *call = grpc_call_create(user_data, frame->hd.stream_id);
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user_data)
{
    if (!field_fits(user_data, name, value))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    struct grpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call || call->phase != CALL_HEAD) /* trailers of a request mean nothing */
        return 0;
    return grpc_call_add_header(call, name, value) == STATUS_OK ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* A field that HTTP does not allow: the stream is reset, as without this callback. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                             nghttp2_rcbuf *value, uint8_t flags, void *user_data)
{
    bool fits = field_fits(user_data, name, value);
    return fits ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t size, void *user_data)
{
    struct grpc_call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    if (call)
        grpc_call_receive(call, bytes_of(data, size));
    return 0;
}

static int on_frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct grpc_connection *connection = user_data;
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) &&
        connection->phase == CONNECTION_NOTICED &&
        memcmp(frame->ping.opaque_data, grpc_drain_ping, sizeof grpc_drain_ping) == 0)
        grpc_connection_goaway(connection);
    struct grpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (call && frame->hd.type == NGHTTP2_RST_STREAM)
        call->reset_by_peer = true;
    if (!call || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    if (call->phase == CALL_HEAD)
        grpc_call_head_complete(call, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        grpc_call_request_ended(call);
    return 0;
}

/* The closing HEADERS are on their way. A peer that is still sending is told to stop, and only now: a reset
 * submitted together with the HEADERS would overtake them. A call that went well is not reset: its message is
 * whole, and the half-close that is missing is on its way in a frame of its own (.NET sends it so). A reset
 * for each such call would wear out the limit that newer nghttp2 puts on a server's own resets. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    const struct grpc_connection *connection = user_data;
    bool last = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    if (!last || nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) != 0)
        return 0;
    const struct grpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool went_well = call && call->message_whole && (call->is_http || call->status == STATUS_OK) &&
                     connection->phase == CONNECTION_OPEN;
    if (!went_well)
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

static int on_stream_closed(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user_data)
{
    struct grpc_connection *connection = user_data;
    struct grpc_call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    if (!call)
        return 0;
    const struct grpc_handler *handler = &connection->server->handler;
    struct grpc_call_id id = call->id;
    /* A reset takes back what was asked for, whatever code it bears: the answer was no work that anybody wanted. */
    if (error_code == NGHTTP2_NO_ERROR && !call->reset_by_peer && grpc_call_answered(call))
        h2_budget_give(&connection->budget, h2_call_points(call->header_size));
    bool handed = grpc_call_take_back(call);
    grpc_call_destroy(call);
    if (handed && handler->on_cancelled)
        handler->on_cancelled(handler->context, id);
    return 0;
}

void grpc_session_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_closed);
}

/* --- opening --- */

static bool submit_settings(struct grpc_connection *connection)
{
    const struct grpc_server_limits *limits = &connection->server->limits;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->streams_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_SIZE},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)MIN(limits->header_list_size_max, UINT32_MAX)},
    };
    return nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, ARRAY_SIZE(settings)) ==
               0 &&
           nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0,
                                                 CONNECTION_WINDOW_SIZE) == 0;
}

bool grpc_session_open(struct grpc_connection *connection)
{
    const struct grpc_server *server = connection->server;
    return nghttp2_session_server_new2(&connection->session, server->callbacks, connection, server->option) ==
               0 &&
           submit_settings(connection);
}
