/* SPDX-License-Identifier: MIT */
/* http_connection.c — the life of one connection: requests in order, one exchange after the other (states:
 * net/http_server_internal.h). Its bytes come and go by http_bytes.c. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "net/http_server_internal.h"
#include "os/clock.h"

/* --- the life of one exchange --- */

static bool is_reading(const struct http_connection *connection)
{
    return connection->state == HTTP_IDLE || connection->state == HTTP_HEAD || connection->state == HTTP_BODY;
}

static void free_request(struct http_request *request)
{
    struct http_server *server = request->connection->server;
    authenticator_release(server->authenticator, request->principal);
    request->principal = &access_nobody;

    /* ORDER: the report speaks of path and peer, so it comes before the arena goes and the socket closes. */
    http_server_report(server, request, request->connection->peer.fd);
    server->bodies_size -= request->body.size;
    buf_fini(&request->body);
    buf_fini(&request->headers);
    arena_fini(&request->arena);
}

/* INVARIANT: those that wait stand in the server's list in the order in which they began to, so the first is the one
 * that makes room at the limit of connections. */
static enum http_step idle(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    connection->state = HTTP_IDLE;
    list_remove(&connection->link);
    list_push_back(&server->connections, &connection->link);
    connection->deadline = loop_now(server->loop) + server->limits.idle_timeout_ns;
    return HTTP_STEP_AGAIN;
}

/* WHY: closing a socket with unread input resets it, and a reset makes the peer's kernel throw away the answer that it
 * has not read yet. So only our half is closed, and what still comes is read away for a while (RFC 9112 section 9.6). */
static enum http_step linger(struct http_connection *connection)
{
    connection->state = HTTP_LINGERING;
    connection->deadline = loop_now(connection->server->loop) + HTTP_LINGER_NS;
    buf_fini(&connection->in);
    connection->in_at = 0;
    if (connection->eof || !transport_shut(&connection->transport))
        return HTTP_STEP_CLOSE;
    return HTTP_STEP_WAIT;
}

static enum http_step finish(struct http_connection *connection)
{
    /* A stream of HTTP/2 carries one exchange; its carrier sends what it was handed, and tells of its end. */
    if (connection->carrier) {
        connection->whole = true;
        return HTTP_STEP_CLOSE;
    }
    if (http_connection_queued(connection))
        return HTTP_STEP_WAIT;

    bool closing = connection->request.close;
    free_request(&connection->request);
    if (closing)
        return linger(connection);
    return idle(connection);
}

/* The peer went while a handler owes an answer. Without an on_gone the request outlives its socket. */
static enum http_step lose_peer(struct http_connection *connection)
{
    if (connection->request.on_gone || connection->request.late_detail)
        return HTTP_STEP_CLOSE;
    if (connection->transport.fd >= 0) {
        loop_fd_remove(&connection->watch);
        transport_close(&connection->transport);
        connection->peer.fd = -1;
        /* Nobody is left to be late; only the handler ends it now. */
        connection->deadline = 0;
        buf_fini(&connection->in);
        buf_fini(&connection->out);
        connection->in_at = connection->out_at = 0;
    }
    return HTTP_STEP_WAIT;
}

static enum http_step advance_once(struct http_connection *connection)
{
    if (connection->failed)
        return connection->state == HTTP_ANSWERING ? lose_peer(connection) : HTTP_STEP_CLOSE;
    switch (connection->state) {
    case HTTP_IDLE:
        return http_read_begin(connection);
    case HTTP_HEAD:
        return http_read_head(connection);
    case HTTP_BODY:
        return http_read_body(connection);
    case HTTP_FLUSHING:
        return finish(connection);
    case HTTP_ANSWERING:
    case HTTP_LINGERING:
        break;
    }
    return HTTP_STEP_WAIT;
}

static uint32_t wanted_events(const struct http_connection *connection)
{
    bool writes = http_connection_queued(connection) || connection->transport.wants_write;
    uint32_t out = writes ? EPOLLOUT : 0;

    /* A queued task has input to go on with; more stays in the kernel until that is used. */
    if (connection->state == HTTP_LINGERING || (is_reading(connection) && !connection->task.queued))
        return EPOLLIN | out;
    /* While a handler works its input waits in the kernel (one request at a time), but a peer that leaves is noticed. */
    if (connection->state == HTTP_ANSWERING)
        return EPOLLRDHUP | out;
    return out;
}

static bool set_watch_and_timer(struct http_connection *connection)
{
    if (connection->transport.fd >= 0 && loop_fd_change(&connection->watch, wanted_events(connection), NULL))
        return false;
    if (!connection->deadline)
        loop_timer_cancel(&connection->timer);
    else if (!connection->timer.loop || connection->timer.node.key != connection->deadline)
        return loop_timer_set(connection->server->loop, &connection->timer, connection->deadline) ==
               STATUS_OK;
    return true;
}

/* Moves the connection on as far as its input and its handler allow. May free it. */
static void advance(struct http_connection *connection)
{
    enum http_step step = HTTP_STEP_AGAIN;
    connection->advancing = true;

    /* The bound: a peer that pipelines requests shares the loop with everybody else. A request has four steps. */
    for (int i = 0; step == HTTP_STEP_AGAIN && i < HTTP_REQUESTS_PER_TURN * 4; i++)
        step = advance_once(connection);
    connection->advancing = false;
    if (step == HTTP_STEP_AGAIN)
        loop_defer(connection->server->loop, &connection->task);
    if (step == HTTP_STEP_CLOSE || !set_watch_and_timer(connection))
        http_connection_destroy(connection);
}

void http_connection_wake(struct http_connection *connection)
{
    if (!connection->advancing)
        loop_defer(connection->server->loop, &connection->task);
}

void http_connection_judge_again(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    const struct http_handler *handler = &connection->server->handler;

    if (connection->state != HTTP_ANSWERING || connection->failed || request->port || !handler->may_go_on ||
        request->late_detail)
        return;
    if (handler->may_go_on(handler->context, request))
        return;
    connection->failed = true;
    http_connection_wake(connection);
}

void http_connection_answered(struct http_connection *connection)
{
    ASSERT(connection->state == HTTP_ANSWERING);
    connection->state = HTTP_FLUSHING;
    http_connection_wake(connection);
}

/* --- what the loop reports --- */

static void on_task(struct loop_task *task)
{
    advance(CONTAINER_OF(task, struct http_connection, task));
}

static void on_timer(struct loop_timer *timer)
{
    struct http_connection *connection = CONTAINER_OF(timer, struct http_connection, timer);
    connection->deadline = 0;
    /* Whoever answers from within shall not queue an advance: one follows anyway. */
    connection->advancing = true;
    if (connection->state == HTTP_HEAD || connection->state == HTTP_BODY)
        (void)http_read_refuse(connection, 408, "The request did not arrive in time.");
    else if (connection->request.late_detail)
        http_response_late(&connection->request);
    else
        connection->failed = true; /* idle, not reading its answer, or still sending after its refusal */
    advance(connection);
}

static void tell_drain(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    if (connection->state != HTTP_ANSWERING || !request->streaming || !request->on_drain ||
        connection->failed)
        return;
    connection->server->callbacks++;
    request->on_drain(request->drain_context);
    connection->server->callbacks--;
}

static void on_ready(struct loop_fd *watch, uint32_t events)
{
    struct http_connection *connection = CONTAINER_OF(watch, struct http_connection, watch);
    connection->advancing = true;
    if (events & EPOLLOUT && http_connection_flush(connection))
        tell_drain(connection);
    bool goes_on = connection->transport.wants_write && events & EPOLLOUT;
    if (is_reading(connection) && (goes_on || events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        http_connection_receive(connection);
    else if (connection->state == HTTP_LINGERING)
        connection->failed = http_connection_discard(connection);
    else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        connection->failed = true;
    advance(connection);
}

/* --- birth and death --- */

static struct http_connection *connection_new(struct http_server *server, struct transport transport)
{
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->server = server;
    connection->transport = transport;
    connection->peer = (struct http_peer){.fd = transport.fd, .secure = transport_is_secure(&transport)};
    connection->watch.on_ready = on_ready;
    connection->timer.on_fire = on_timer;
    connection->task.on_run = on_task;
    buf_init(&connection->in, server->limits.head_size_max + 2 * HTTP_READ_SIZE);
    buf_init(&connection->out, SIZE_MAX / 4);
    list_push_back(&server->connections, &connection->link);
    server->connection_count++;
    connection->deadline = loop_now(server->loop) + server->limits.idle_timeout_ns;
    return connection;
}

enum status http_connection_create(struct http_server *server, struct transport transport, struct err *err)
{
    struct http_connection *connection = connection_new(server, transport);
    if (!connection) {
        transport_close(&transport);
        return err_set(err, STATUS_NO_MEMORY, "no memory for a connection");
    }
    int on = 1;
    (void)setsockopt(transport.fd, IPPROTO_TCP, TCP_NODELAY, &on,
                     sizeof on); /* a Unix socket has none: no harm */
    enum status status = loop_fd_add(server->loop, &connection->watch, transport.fd, EPOLLIN, err);
    if (status == STATUS_OK)
        status = loop_timer_set(server->loop, &connection->timer, connection->deadline);
    if (status)
        http_connection_destroy(connection);
    return status;
}

enum status http_connection_carry(struct http_server *server, const struct http_carrier *carrier,
                                  void *carried, struct http_peer peer,
                                  struct http_connection **ret_connection, struct err *err)
{
    struct http_connection *connection = connection_new(server, transport_plain(-1));
    if (!connection)
        return err_set(err, STATUS_NO_MEMORY, "no memory for an exchange");
    connection->carrier = carrier;
    connection->carried = carried;
    connection->peer = peer;
    *ret_connection = connection;
    return STATUS_OK;
}

void http_exchange_feed(struct http_connection *connection, struct bytes data)
{
    if (!is_reading(connection)) /* refused: what still comes is nothing */
        return;
    buf_consume(&connection->in, connection->in_at);
    connection->in_at = 0;
    buf_append_bytes(&connection->in, data);
    if (connection->in.failed)
        connection->failed = true;
    if (connection->state == HTTP_BODY)
        http_connection_body_came(connection, data.size);
    advance(connection);
}

void http_exchange_drained(struct http_connection *connection)
{
    connection->advancing = true;
    tell_drain(connection);
    advance(connection);
}

void http_exchange_gone(struct http_connection *connection)
{
    connection->carried = NULL;
    connection->failed = true;
    connection->peer.fd = -1;
    advance(connection);
}

void http_connection_destroy(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    struct http_request *request = &connection->request;

    /* ORDER: the handler hears of it first, while its request is still whole. */
    if (connection->state == HTTP_ANSWERING && request->on_gone) {
        void (*on_gone)(void *context) = request->on_gone;
        request->on_gone = NULL;
        /* Whatever on_gone still calls must not bring the connection back. */
        connection->failed = true;
        connection->advancing = true;
        server->callbacks++;
        on_gone(request->gone_context);
        server->callbacks--;
    }

    if (connection->carried)
        connection->carrier->on_end(connection->carried, connection->whole && !connection->failed);
    connection->carried = NULL;

    loop_fd_remove(&connection->watch);
    loop_timer_cancel(&connection->timer);
    loop_defer_cancel(&connection->task);
    list_remove(&connection->link);
    /* In these two the request is freed already (finish). */
    if (connection->state != HTTP_IDLE && connection->state != HTTP_LINGERING)
        free_request(request);
    transport_close(&connection->transport);
    buf_fini(&connection->in);
    buf_fini(&connection->out);
    free(connection);
    http_server_connection_gone(server);
}

bool http_connection_drop_idle(struct http_connection *connection)
{
    if (connection->state != HTTP_IDLE || http_connection_input(connection).size > 0 ||
        transport_has_input(&connection->transport))
        return false;
    http_connection_destroy(connection);
    return true;
}

void http_connection_drain(struct http_connection *connection)
{
    (void)http_connection_drop_idle(connection);
}
