/* SPDX-License-Identifier: MIT */
/* grpc_server_connection.c — one connection: the bytes between its socket and its nghttp2 session, and its end.
 * Everything a turn produced is written once, at its end; what the socket does not take waits, and meanwhile
 * nghttp2 is not asked for more, so a slow peer costs one buffer. Closing: a session that has nothing more to
 * say shuts its side down and lets the peer close, because closing a socket with unread input would destroy
 * answers on their way. */
#include "net/grpc_server_internal.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "os/clock.h"

#define AREA                 "net/grpc_server"
#define OUTPUT_CHUNK_SIZE    ((size_t)64 << 10) /* bytes collected for one write */
#define OUTPUT_PER_TURN_MAX  ((size_t)1 << 20)  /* bytes; then the other connections get a turn */
#define READS_PER_TURN_MAX   4
#define POINTS_PER_TURN_MAX  1024           /* of the budget; then the other connections get a turn */
#define DRAIN_ROUND_TRIP_MAX (1 * NS_PER_S) /* how long the second GOAWAY waits for the PING */
#define LINGER_MAX           (1 * NS_PER_S) /* how long the peer may take to close */

const uint8_t grpc_drain_ping[8] = "drained";
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
    transport_close(&connection->transport);
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
    (void)transport_shut(&connection->transport);
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

static enum status write_rest(struct grpc_connection *connection)
{
    if (connection->out.size == 0)
        return STATUS_OK;
    size_t written;
    enum status status = transport_write(&connection->transport, buf_peek(&connection->out), &written);
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
        status = transport_write(&connection->transport, buf_peek(output), &written);
        if (status == STATUS_TRUNCATED) {
            buf_append_bytes(&connection->out, bytes_slice(buf_peek(output), written, output->size));
            if (connection->out.failed)
                return STATUS_NO_MEMORY;
        }
    }
    if (status != STATUS_OK)
        return status;
    return STATUS_TRUNCATED;
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
    bool waits = status == STATUS_TRUNCATED || connection->transport.wants_write;
    if (status == STATUS_OK || status == STATUS_TRUNCATED)
        status = loop_fd_change(&connection->socket, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, NULL);
    if (status != STATUS_OK) {
        connection_close(connection);
        return;
    }
    /* ORDER: last: what a handler sends now is the next flush's. */
    call_writable_handlers(connection);
}

/* --- reading --- */

/* Reads so much that the connection has had its turn: what is left wakes the loop again.
 * CLOSED: the peer has closed, broke the protocol, or did too much. */
static enum status read_input(struct grpc_connection *connection)
{
    uint8_t *input = connection->server->input;
    connection->turn_points = 0;
    for (int i = 0; i < READS_PER_TURN_MAX && connection->turn_points < POINTS_PER_TURN_MAX; i++) {
        size_t size = 0;
        enum status status = transport_read(&connection->transport, input, SERVER_INPUT_SIZE, &size);
        if (status != STATUS_OK)
            return status == STATUS_TRUNCATED ? STATUS_OK : STATUS_CLOSED;
        connection->heard_ns = loop_now(connection->server->loop);
        connection->asked = false;
        /* INVARIANT: the list is in the order in which they were last heard: at the limit the first without a call makes room. */
        list_remove(&connection->link);
        list_push_back(&connection->server->connections, &connection->link);
        bool lingering = connection->phase == CONNECTION_LINGERING;
        if (!lingering && !grpc_session_feed(connection, bytes_of(input, size))) {
            if (!connection->excess)
                (void)!write_output(connection); /* nghttp2 may have a GOAWAY that says why */
            return STATUS_CLOSED;
        }
        if (size < SERVER_INPUT_SIZE)
            break;
    }
    return STATUS_OK;
}

static void on_socket(struct loop_fd *watch, uint32_t events)
{
    struct grpc_connection *connection = CONTAINER_OF(watch, struct grpc_connection, socket);
    bool readable = (events & ~(uint32_t)EPOLLOUT) || connection->transport.wants_write;
    if (readable && read_input(connection) != STATUS_OK) {
        if (connection->excess && connection->phase != CONNECTION_LINGERING)
            connection_cut(connection);
        else
            connection_close(connection);
        return;
    }
    if (connection->phase != CONNECTION_LINGERING)
        grpc_connection_flush_later(connection);
}

/* --- a peer that is silent --- */

static bool watch_until(struct grpc_connection *connection, int64_t deadline_ns)
{
    return loop_timer_set(connection->server->loop, &connection->watch, deadline_ns) == STATUS_OK;
}

/* A peer may answer each PING and open its windows by a byte, while we hold what it asked for. */
static void reset_slow_calls(struct grpc_connection *connection, int64_t now_ns)
{
    list_each (it, &connection->calls) {
        struct grpc_call *call = CONTAINER_OF(it, struct grpc_call, link);
        if (!grpc_call_is_too_slow(call, now_ns))
            continue;
        log_debug(AREA, "resetting an answer that is taken too slowly connection=%llu",
                  (unsigned long long)connection->number);
        grpc_call_reset(call, NGHTTP2_ENHANCE_YOUR_CALM);
    }
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

    reset_slow_calls(connection, now_ns);
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

enum status grpc_connection_open(struct grpc_server *server, struct transport transport, struct err *err)
{
    struct grpc_connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        transport_close(&transport);
        return err_set(err, STATUS_NO_MEMORY, "no memory for a connection");
    }
    connection->server = server;
    connection->transport = transport;
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
    if (!grpc_session_open(connection)) {
        err_set(err, status, "no memory for an HTTP/2 session");
        goto fail;
    }
    status = loop_fd_add(server->loop, &connection->socket, transport.fd, EPOLLIN, err);
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
    transport_close(&connection->transport);
    free(connection);
    return status;
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

void grpc_connection_goaway(struct grpc_connection *connection)
{
    connection->phase = CONNECTION_DRAINING;
    loop_timer_cancel(&connection->timer);
    reset_answered_calls(connection);
    (void)nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(connection->session),
                                NGHTTP2_NO_ERROR, NULL, 0);
    grpc_connection_flush_later(connection);
}

static void on_timer(struct loop_timer *timer)
{
    struct grpc_connection *connection = CONTAINER_OF(timer, struct grpc_connection, timer);
    if (connection->phase == CONNECTION_NOTICED)
        grpc_connection_goaway(connection);
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
        nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, grpc_drain_ping) == 0 &&
        loop_timer_set(loop, &connection->timer, loop_now(loop) + DRAIN_ROUND_TRIP_MAX) == STATUS_OK;
    if (!noticed)
        grpc_connection_goaway(connection);
    grpc_connection_flush_later(connection);
}

void grpc_connection_shut_down(struct grpc_connection *connection)
{
    if (connection->phase != CONNECTION_LINGERING) {
        list_each (it, &connection->calls)
            grpc_call_end(CONTAINER_OF(it, struct grpc_call, link), STATUS_UNAVAILABLE,
                          "the server is shutting down");
        grpc_connection_goaway(connection);
        (void)!write_output(connection);
    }
    connection_free(connection);
}
