/* SPDX-License-Identifier: MIT */
/* grpc_server_connection.c — one socket and its nghttp2 session.
 * Everything a turn produced is written once, at its end; what the socket does not take waits, and meanwhile
 * nghttp2 is not asked for more, so a slow peer costs one buffer. Closing: a session that has nothing more to
 * say shuts its side down and lets the peer close, because closing a socket with unread input would destroy
 * answers on their way. */
#include "net/grpc_server_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "os/clock.h"

#define AREA                   "net/grpc_server"
#define STREAM_WINDOW_SIZE     (1 << 20)          /* bytes; the default of 64 kB starves large messages */
#define CONNECTION_WINDOW_SIZE (4 << 20)          /* bytes */
#define OUTPUT_CHUNK_SIZE      ((size_t)64 << 10) /* bytes collected for one write */
#define OUTPUT_PER_TURN_MAX    ((size_t)1 << 20)  /* bytes; then the other connections get a turn */
#define READS_PER_TURN_MAX     4
#define POINTS_PER_TURN_MAX    1024           /* of the budget; then the other connections get a turn */
#define FRAMES_QUEUED_MAX      20000          /* answers to a peer that sends and does not read */
#define DRAIN_ROUND_TRIP_MAX   (1 * NS_PER_S) /* how long the second GOAWAY waits for the PING */
#define LINGER_MAX             (1 * NS_PER_S) /* how long the peer may take to close */

static const uint8_t drain_ping[8] = "drained";
static const uint8_t watch_ping[8] = "alive?";

static void on_socket(struct loop_fd *watch, uint32_t events);
static void on_flush(struct loop_task *task);
static void on_timer(struct loop_timer *timer);

/* --- closing --- */

static void free_calls(struct grpc_connection *connection)
{
    struct list *link;
    while ((link = list_pop_front(&connection->calls)))
        grpc_call_destroy(CONTAINER_OF(link, struct grpc_call, link));
}

/* Not inside an nghttp2 callback. nghttp2_session_del does not report its streams as closed, so the calls are
 * taken back first: no id survives the session. */
static void connection_free(struct grpc_connection *connection)
{
    struct grpc_server *server = connection->server;
    loop_fd_remove(&connection->socket);
    loop_defer_cancel(&connection->flush);
    loop_timer_cancel(&connection->timer);
    loop_timer_cancel(&connection->watch);
    free_calls(connection);
    nghttp2_session_del(connection->session);
    close(connection->socket.fd);
    buf_fini(&connection->out);
    list_remove(&connection->link);
    free(connection);
    grpc_server_connection_gone(server);
}

/* Tells the handler of every call it has, and frees all calls. Not inside an nghttp2 callback, and the
 * session must not run afterwards: its streams still point to the calls. */
static void end_calls(struct grpc_connection *connection)
{
    struct grpc_server *server = connection->server;
    struct list gone;
    list_init(&gone);
    list_each_safe (it, &connection->calls) {
        struct grpc_call *call = CONTAINER_OF(it, struct grpc_call, link);
        if (!grpc_call_take_back(call))
            continue;
        list_remove(it);
        list_push_back(&gone, it);
    }
    /* All ids are dead before the first callback, so nothing the handler does reaches this connection. */
    list_each (it, &gone)
        if (server->handler.on_cancelled)
            server->handler.on_cancelled(server->handler.context,
                                         CONTAINER_OF(it, struct grpc_call, link)->id);
    list_splice(&connection->calls, &gone);
    free_calls(connection);
}

static void connection_close(struct grpc_connection *connection)
{
    end_calls(connection);
    connection_free(connection);
}

static void connection_linger(struct grpc_connection *connection)
{
    connection->phase = CONNECTION_LINGERING;
    loop_timer_cancel(&connection->watch);
    shutdown(connection->socket.fd, SHUT_WR);
    if (loop_fd_change(&connection->socket, EPOLLIN, NULL) != STATUS_OK ||
        loop_timer_set(connection->server->loop, &connection->timer,
                       loop_now(connection->server->loop) + LINGER_MAX) != STATUS_OK)
        connection_close(connection);
}

/* --- writing --- */

void grpc_connection_flush_later(struct grpc_connection *connection)
{
    loop_defer(connection->server->loop, &connection->flush);
}

/* OK: written whole. TRUNCATED: the socket is full, `*ret_written` bytes are gone. */
static enum status write_some(struct grpc_connection *connection, struct bytes data, size_t *ret_written)
{
    size_t written = 0;
    enum status status = STATUS_OK;
    while (written < data.size) {
        ssize_t n = send(connection->socket.fd, data.data + written, data.size - written, MSG_NOSIGNAL);
        if (n >= 0) {
            written += (size_t)n;
            continue;
        }
        if (errno == EINTR)
            continue;
        status = errno == EAGAIN ? STATUS_TRUNCATED : STATUS_CLOSED;
        break;
    }
    *ret_written = written;
    return status;
}

static enum status write_rest(struct grpc_connection *connection)
{
    if (connection->out.size == 0)
        return STATUS_OK;
    size_t written;
    enum status status = write_some(connection, buf_peek(&connection->out), &written);
    buf_consume(&connection->out, written);
    if (status == STATUS_OK)
        buf_fini(&connection->out);
    return status;
}

/* Fills the scratch buffer from nghttp2. Its data is valid until the next mem_send only, hence the copy. */
static enum status collect(struct grpc_connection *connection, struct buf *output)
{
    buf_clear(output);
    while (output->size < OUTPUT_CHUNK_SIZE) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(connection->session, &data);
        if (n < 0)
            return STATUS_CLOSED;
        if (n == 0)
            break;
        buf_append(output, data, (size_t)n);
    }
    return buf_status(output);
}

/* OK: there is nothing more to write. TRUNCATED: there is, when the socket can take it. */
static enum status write_output(struct grpc_connection *connection)
{
    enum status status = write_rest(connection);
    struct buf *output = &connection->server->output;
    for (size_t total = 0; status == STATUS_OK && total < OUTPUT_PER_TURN_MAX; total += output->size) {
        status = collect(connection, output);
        if (status != STATUS_OK || output->size == 0)
            return status;
        size_t written;
        status = write_some(connection, buf_peek(output), &written);
        if (status == STATUS_TRUNCATED) {
            buf_append_bytes(&connection->out, bytes_slice(buf_peek(output), written, output->size));
            if (connection->out.failed)
                return STATUS_NO_MEMORY;
        }
    }
    return status == STATUS_OK ? STATUS_TRUNCATED : status;
}

/* A GOAWAY of our own making (RFC 9113 section 6.8): nghttp2 would send it behind everything it has queued
 * for a peer that reads too little, and after an error its session may only be deleted. What was sent before
 * ends with a whole frame, so it fits behind that. */
static void append_goaway(struct grpc_connection *connection, uint32_t error_code, const char *text)
{
    uint32_t last = (uint32_t)nghttp2_session_get_last_proc_stream_id(connection->session);
    uint32_t size = (uint32_t)(8 + strlen(text));
    const uint8_t frame[] = {0,
                             (uint8_t)(size >> 8),
                             (uint8_t)size,
                             NGHTTP2_GOAWAY,
                             0,
                             0,
                             0,
                             0,
                             0,
                             (uint8_t)(last >> 24),
                             (uint8_t)(last >> 16),
                             (uint8_t)(last >> 8),
                             (uint8_t)last,
                             (uint8_t)(error_code >> 24),
                             (uint8_t)(error_code >> 16),
                             (uint8_t)(error_code >> 8),
                             (uint8_t)error_code};
    buf_append(&connection->out, frame, sizeof frame);
    buf_append_cstr(&connection->out, text);
}

/* Ends a connection whose peer costs too much. It is told why if the socket takes that at once. */
static void connection_cut(struct grpc_connection *connection)
{
    log_debug(AREA, "cutting off a peer connection=%llu reason=\"%s\"",
              (unsigned long long)connection->number, connection->excess);
    end_calls(connection);
    append_goaway(connection, NGHTTP2_ENHANCE_YOUR_CALM, connection->excess);
    if (buf_status(&connection->out) == STATUS_OK && write_rest(connection) == STATUS_OK)
        connection_linger(connection);
    else
        connection_free(connection);
}

void grpc_connection_drop(struct grpc_connection *connection)
{
    ASSERT(list_empty(&connection->calls));
    if (connection->phase != CONNECTION_LINGERING) {
        append_goaway(connection, NGHTTP2_NO_ERROR, "idle");
        if (buf_status(&connection->out) == STATUS_OK)
            (void)!write_rest(connection);
    }
    connection_free(connection);
}

static void call_writable_handlers(struct grpc_connection *connection)
{
    const struct grpc_handler *handler = &connection->server->handler;
    struct list *link;
    while ((link = list_pop_front(&connection->writable))) {
        const struct grpc_call *call = CONTAINER_OF(link, struct grpc_call, writable);
        if (call->exchange)
            http_exchange_drained(call->exchange);
        else if (call->phase == CALL_HANDED && handler->on_writable)
            handler->on_writable(handler->context, call->id);
    }
}

static bool session_is_over(const struct grpc_connection *connection)
{
    return connection->phase != CONNECTION_NOTICED && !nghttp2_session_want_read(connection->session) &&
           !nghttp2_session_want_write(connection->session);
}

static void on_flush(struct loop_task *task)
{
    struct grpc_connection *connection = CONTAINER_OF(task, struct grpc_connection, flush);
    if (connection->phase == CONNECTION_LINGERING)
        return;
    if (connection->overrun) {
        log_debug(AREA, "disconnecting a peer that holds too much connection=%llu queued=%zu held=%zu",
                  (unsigned long long)connection->number, connection->queued, connection->held);
        connection_close(connection);
        return;
    }
    enum status status = write_output(connection);
    if (status == STATUS_OK && session_is_over(connection)) {
        connection_linger(connection);
        return;
    }
    if (status == STATUS_OK)
        status = loop_fd_change(&connection->socket, EPOLLIN, NULL);
    else if (status == STATUS_TRUNCATED)
        status = loop_fd_change(&connection->socket, EPOLLIN | EPOLLOUT, NULL);
    if (status != STATUS_OK) {
        connection_close(connection);
        return;
    }
    call_writable_handlers(connection);
}

/* --- reading --- */

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

/* False: the connection is to be closed; if `excess` is set, the peer is to be told. */
static bool feed(struct grpc_connection *connection, struct bytes input)
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
    if (nghttp2_session_get_outbound_queue_size(connection->session) > FRAMES_QUEUED_MAX)
        connection->excess = "too many answers are not read";
    return !connection->excess;
}

/* Reads so much that the connection has had its turn: what is left wakes the loop again.
 * CLOSED: the peer has closed, broke the protocol, or did too much. */
static enum status read_input(struct grpc_connection *connection)
{
    uint8_t *input = connection->server->input;
    connection->turn_points = 0;
    for (int i = 0; i < READS_PER_TURN_MAX && connection->turn_points < POINTS_PER_TURN_MAX; i++) {
        ssize_t n = recv(connection->socket.fd, input, SERVER_INPUT_SIZE, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? STATUS_OK : STATUS_CLOSED;
        if (n == 0)
            return STATUS_CLOSED;
        connection->heard_ns = loop_now(connection->server->loop);
        connection->asked = false;
        list_remove(&connection->link);
        list_push_back(&connection->server->connections, &connection->link);
        bool lingering = connection->phase == CONNECTION_LINGERING;
        if (!lingering && !feed(connection, bytes_of(input, (size_t)n))) {
            if (!connection->excess)
                (void)!write_output(connection); /* nghttp2 may have a GOAWAY that says why */
            return STATUS_CLOSED;
        }
        if ((size_t)n < SERVER_INPUT_SIZE)
            break;
    }
    return STATUS_OK;
}

static void on_socket(struct loop_fd *watch, uint32_t events)
{
    struct grpc_connection *connection = CONTAINER_OF(watch, struct grpc_connection, socket);
    if ((events & ~(uint32_t)EPOLLOUT) && read_input(connection) != STATUS_OK) {
        if (connection->excess && connection->phase != CONNECTION_LINGERING)
            connection_cut(connection);
        else
            connection_close(connection);
        return;
    }
    if (connection->phase != CONNECTION_LINGERING)
        grpc_connection_flush_later(connection);
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

/* Answered calls whose peers never half-close must not hold a connection that is to end. */
static void reset_answered_calls(struct grpc_connection *connection)
{
    list_each (it, &connection->calls) {
        const struct grpc_call *call = CONTAINER_OF(it, struct grpc_call, link);
        if (nghttp2_session_get_stream_local_close(connection->session, call->stream_id) == 1)
            (void)nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, call->stream_id,
                                            NGHTTP2_NO_ERROR);
    }
}

static void goaway(struct grpc_connection *connection)
{
    connection->phase = CONNECTION_DRAINING;
    loop_timer_cancel(&connection->timer);
    reset_answered_calls(connection);
    (void)nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(connection->session),
                                NGHTTP2_NO_ERROR, NULL, 0);
    grpc_connection_flush_later(connection);
}

static int on_frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct grpc_connection *connection = user_data;
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) &&
        connection->phase == CONNECTION_NOTICED &&
        memcmp(frame->ping.opaque_data, drain_ping, sizeof drain_ping) == 0)
        goaway(connection);
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

void grpc_connection_callbacks(nghttp2_session_callbacks *callbacks)
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

/* --- a peer that is silent --- */

static bool watch_until(struct grpc_connection *connection, int64_t deadline_ns)
{
    return loop_timer_set(connection->server->loop, &connection->watch, deadline_ns) == STATUS_OK;
}

/* Looks once an interval, not at each byte. The kernel of a stopped process still answers for it at TCP's
 * level, but no kernel answers a PING of HTTP/2. */
static void on_watch(struct loop_timer *timer)
{
    struct grpc_connection *connection = CONTAINER_OF(timer, struct grpc_connection, watch);
    const struct grpc_server_limits *limits = &connection->server->limits;
    int64_t now_ns = loop_now(connection->server->loop);
    if (connection->asked) {
        log_info(AREA, "closing a connection whose peer does not answer connection=%llu",
                 (unsigned long long)connection->number);
        connection_close(connection);
        return;
    }

    bool silent = now_ns - connection->heard_ns >= limits->ping_interval_ns;
    int64_t next_ns = (silent ? now_ns : connection->heard_ns) + limits->ping_interval_ns;
    if (silent && !list_empty(&connection->calls)) {
        connection->asked = nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, watch_ping) == 0;
        next_ns = now_ns + limits->ping_timeout_ns;
        grpc_connection_flush_later(connection);
    }
    if (!watch_until(connection, next_ns))
        connection_close(connection);
}

/* --- opening and draining --- */

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

enum status grpc_connection_open(struct grpc_server *server, int fd, struct err *err)
{
    struct grpc_connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        close(fd);
        return err_set(err, STATUS_NO_MEMORY, "no memory for a connection");
    }
    connection->server = server;
    connection->number = ++server->last_connection;
    connection->socket.on_ready = on_socket;
    connection->flush.on_run = on_flush;
    connection->timer.on_fire = on_timer;
    connection->watch.on_fire = on_watch;
    connection->heard_ns = loop_now(server->loop);
    h2_frame_reader_init(&connection->frames);
    h2_budget_init(&connection->budget, server->limits.budget_burst, server->limits.budget_per_second,
                   loop_now(server->loop));
    list_init(&connection->calls);
    list_init(&connection->writable);
    enum status status = STATUS_NO_MEMORY;
    if (nghttp2_session_server_new2(&connection->session, server->callbacks, connection, server->option) !=
            0 ||
        !submit_settings(connection)) {
        err_set(err, status, "no memory for an HTTP/2 session");
        goto fail;
    }
    status = loop_fd_add(server->loop, &connection->socket, fd, EPOLLIN, err);
    if (status != STATUS_OK)
        goto fail;
    if (!watch_until(connection, connection->heard_ns + server->limits.ping_interval_ns)) {
        loop_fd_remove(&connection->socket);
        status = err_set(err, STATUS_NO_MEMORY, "no memory for a timer");
        goto fail;
    }
    list_push_back(&server->connections, &connection->link);
    server->connection_count++;
    grpc_connection_flush_later(connection);
    return STATUS_OK;
fail:
    nghttp2_session_del(connection->session);
    close(fd);
    free(connection);
    return status;
}

static void on_timer(struct loop_timer *t)
{
    struct grpc_connection *connection = CONTAINER_OF(t, struct grpc_connection, timer);
    if (connection->phase == CONNECTION_NOTICED)
        goaway(connection);
    else
        connection_close(connection);
}

/* Two steps: the first GOAWAY names no stream, so calls that are on their way are still taken; when the PING
 * behind it has come back the peer knows, and the second one names the last call. */
void grpc_connection_drain(struct grpc_connection *connection)
{
    if (connection->phase != CONNECTION_OPEN)
        return;
    connection->phase = CONNECTION_NOTICED;
    struct loop *loop = connection->server->loop;
    bool noticed =
        nghttp2_submit_shutdown_notice(connection->session) == 0 &&
        nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, drain_ping) == 0 &&
        loop_timer_set(loop, &connection->timer, loop_now(loop) + DRAIN_ROUND_TRIP_MAX) == STATUS_OK;
    if (!noticed)
        goaway(connection);
    grpc_connection_flush_later(connection);
}

void grpc_connection_shut_down(struct grpc_connection *connection)
{
    if (connection->phase != CONNECTION_LINGERING) {
        list_each (it, &connection->calls)
            grpc_call_end(CONTAINER_OF(it, struct grpc_call, link), STATUS_UNAVAILABLE,
                          "the server is shutting down");
        goaway(connection);
        (void)!write_output(connection);
    }
    connection_free(connection);
}
