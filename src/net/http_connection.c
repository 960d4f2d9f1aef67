/* SPDX-License-Identifier: MIT */
/* http_connection.c — the life of one connection: requests in order, one exchange after the other (states:
 * net/http_internal.h). Its bytes come and go by http_bytes.c. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "net/http_internal.h"
#include "os/clock.h"

enum step { STEP_AGAIN, STEP_WAIT, STEP_CLOSE };

/* --- the life of one exchange --- */

static bool is_reading(const struct http_connection *connection)
{
    return connection->state == HTTP_IDLE || connection->state == HTTP_HEAD || connection->state == HTTP_BODY;
}

static enum step need_more(const struct http_connection *connection)
{
    return connection->eof ? STEP_CLOSE : STEP_WAIT;
}

static enum step refuse(struct http_connection *connection, int http_status, const char *detail)
{
    struct http_request *request = &connection->request;
    connection->deadline = 0;
    if (connection->state == HTTP_HEAD) {
        request->raw = http_connection_input(connection);
        request->handler =
            http_server_find(connection->server, http1_span_bytes(request->raw, request->head.path));
        request->send_body = !bytes_equal_cstr(http_request_method(request), "HEAD");
    }
    connection->state = HTTP_ANSWERING;
    http_response_refuse(request, http_status, detail);
    return STEP_AGAIN;
}

static enum step begin_request(struct http_connection *connection)
{
    const struct http_server_limits *limits = &connection->server->limits;
    struct http_request *request = &connection->request;
    if (http_connection_input(connection).size == 0)
        return connection->server->draining ? STEP_CLOSE : need_more(connection);
    *request =
        (struct http_request){.connection = connection,
                              .principal = connection->server->authenticator ? &access_nobody : &access_local,
                              .send_body = true,
                              .began_ns = loop_now(connection->server->loop)};
    arena_init(&request->arena, 0);
    buf_init(&request->headers, HTTP_RESPONSE_HEAD_MAX);
    struct http1_field *fields = arena_alloc_array(&request->arena, limits->header_count_max, sizeof *fields);
    if (!fields)
        return STEP_CLOSE;
    http1_head_init(&request->head, fields, limits->header_count_max,
                    &(struct http1_limits){limits->head_size_max, HTTP_TARGET_MAX});
    connection->state = HTTP_HEAD;
    connection->deadline = loop_now(connection->server->loop) + limits->head_timeout_ns;
    return STEP_AGAIN;
}

static enum step dispatch(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    connection->state = HTTP_ANSWERING;
    connection->deadline = 0;
    connection->server->callbacks++;
    request->handler->on_request(request->handler->context, request);
    connection->server->callbacks--;
    return STEP_AGAIN;
}

/* A body coding would let a few bytes unfold into gigabytes, and no client of ours uses one. */
static bool body_is_encoded(const struct http_request *request)
{
    struct bytes coding = http_request_header(request, "content-encoding");
    return coding.size && !bytes_equal_nocase(coding, BYTES_LITERAL("identity"));
}

/* What the handler of its path says to the head. */
static struct http_admission admit(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    struct http_admission admission = {.body_max = connection->server->limits.body_size_max};
    request->handler = http_server_find(connection->server, http_request_path(request));
    if (!request->handler)
        return (struct http_admission){.http_status = 404, .detail = "Nothing is served under this path."};
    if (request->handler->on_head) {
        connection->server->callbacks++;
        request->handler->on_head(request->handler->context, request, &admission);
        connection->server->callbacks--;
    }
    return admission;
}

static struct bytes sole_header(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->head.field_count; i++)
        count += bytes_equal_nocase(http1_span_bytes(request->raw, request->head.fields[i].name),
                                    bytes_of_cstr(name));
    return count > 1 ? SITE_AMBIGUOUS : http_request_header(request, name);
}

/* INVARIANT: no handler acts on a request, and no data is given out, before this has looked at it. Returns
 * the status to refuse it with and why, or 0. */
static int foreign_status(struct http_connection *connection, bool page, const char **ret_detail)
{
    struct http_request *request = &connection->request;
    const struct site_request asked = {
        .method = http_request_method(request),
        .host = http_request_header(request, "host"),
        .origin = sole_header(request, "origin"),
        .fetch_site = sole_header(request, "sec-fetch-site"),
        .fetch_mode = sole_header(request, "sec-fetch-mode"),
        .fetch_dest = sole_header(request, "sec-fetch-dest"),
        .secure = connection->peer.secure,
    };
    enum site_verdict verdict = site_judge(connection->server->site, &asked);

    if (verdict == SITE_OWN || (verdict == SITE_VISIT && page))
        return 0;
    if (verdict == SITE_UNKNOWN_HOST) {
        *ret_detail = "This server does not answer to that host name; the setting host-names adds names.";
        return 421;
    }
    *ret_detail = "A web page of another site may not use this server.";
    return 403;
}

/* Answers what needs no body to be known, without closing a connection that nothing more comes over. */
static enum step fail(struct http_connection *connection, bool has_body,
                      const struct http_admission *admission)
{
    if (has_body)
        return refuse(connection, admission->http_status, admission->detail);
    connection->state = HTTP_ANSWERING;
    connection->deadline = 0;
    http_response_fail(&connection->request, admission->http_status, admission->detail);
    return STEP_AGAIN;
}

static enum step expect_body(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    buf_init(&request->body, MAX(request->body_max, (size_t)1));
    http1_chunked_init(&request->chunked);
    connection->body = (struct http_pace){.from = loop_now(connection->server->loop)};
    http_connection_body_came(connection, http_connection_input(connection).size);
    if (request->head.expect_continue && http_connection_input(connection).size == 0) {
        static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        http_connection_send(connection, &(struct iovec){(void *)text, sizeof text - 1}, 1);
    }
    return STEP_AGAIN;
}

/* ORDER: who asks comes before what is asked for, so that a foreign page cannot even learn what there is; what
 * can be refused by the head is refused before a byte of the body is read. */
static enum step begin_body(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    const struct http1_head *head = &request->head;
    bool has_body =
        head->body == HTTP1_BODY_CHUNKED || (head->body == HTTP1_BODY_LENGTH && head->content_length > 0);
    request->principal =
        authenticator_admit(connection->server->authenticator, sole_header(request, "authorization"));
    struct http_admission admission = admit(connection);
    connection->state = HTTP_BODY;

    const char *detail = NULL;
    int foreign = foreign_status(connection, admission.page, &detail);
    if (foreign)
        return refuse(connection, foreign, detail);
    if (admission.http_status)
        return fail(connection, has_body, &admission);
    if (!has_body)
        return dispatch(connection);

    request->body_max = admission.body_max;
    if (head->body == HTTP1_BODY_LENGTH && head->content_length > request->body_max)
        return refuse(connection, 413, "The body is larger than this path accepts.");
    /* What a body is must be said: a page can send one without a type, or as plain text, to any server. */
    if (http_request_header(request, "content-type").size == 0)
        return refuse(connection, 415, "A request with a body must say its Content-Type.");
    if (body_is_encoded(request))
        return refuse(connection, 415, "Content-Encoding is not supported for request bodies.");
    return expect_body(connection);
}

static enum step read_head(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    struct bytes in = http_connection_input(connection);
    enum status status = http1_head_feed(&request->head, in);
    if (status == STATUS_TRUNCATED)
        return need_more(connection);
    if (status)
        return refuse(connection, request->head.fault.http_status, request->head.fault.text);
    request->raw = arena_copy(&request->arena, bytes_slice(in, 0, request->head.size));
    if (!request->raw.data)
        return STEP_CLOSE;
    http_connection_consume(connection, request->head.size);
    request->send_body = !bytes_equal_cstr(http_request_method(request), "HEAD");
    request->close = !request->head.keep_alive;
    return begin_body(connection);
}

/* Keeps a piece of the body; false without memory, or when all connections together hold too much. */
static bool keep_body(struct http_connection *connection, struct bytes data)
{
    struct http_server *server = connection->server;
    struct http_request *request = &connection->request;
    if (data.size > server->limits.bodies_size_max - MIN(server->bodies_size, server->limits.bodies_size_max))
        return false;
    buf_append_bytes(&request->body, data);
    if (request->body.failed)
        return false;
    server->bodies_size += data.size;
    return true;
}

static enum step refuse_for_memory(struct http_connection *connection)
{
    return refuse(connection, 503, "There is no room for the body at the moment.");
}

static enum step read_known_body(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    size_t size = (size_t)MIN((uint64_t)http_connection_input(connection).size,
                              request->head.content_length - request->body.size);
    if (!keep_body(connection, bytes_slice(http_connection_input(connection), 0, size)))
        return refuse_for_memory(connection);
    http_connection_consume(connection, size);
    return request->body.size == request->head.content_length ? dispatch(connection) : need_more(connection);
}

static enum step read_chunked_body(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    for (;;) {
        size_t used;
        struct bytes data;
        enum status status =
            http1_chunked_feed(&request->chunked, http_connection_input(connection), &used, &data);
        if (status == STATUS_MALFORMED)
            return refuse(connection, request->chunked.fault.http_status, request->chunked.fault.text);
        if (data.size > request->body_max - request->body.size)
            return refuse(connection, 413, "The body is larger than this path accepts.");
        if (!keep_body(connection, data))
            return refuse_for_memory(connection);
        http_connection_consume(connection, used);
        if (status == STATUS_OK)
            return dispatch(connection);
        if (http_connection_input(connection).size == 0)
            return need_more(connection);
    }
}

static void free_request(struct http_request *request)
{
    authenticator_release(request->connection->server->authenticator, request->principal);
    request->principal = &access_nobody;
    http_server_report(request->connection->server, request, request->connection->peer.fd);
    request->connection->server->bodies_size -= request->body.size;
    buf_fini(&request->body);
    buf_fini(&request->headers);
    arena_fini(&request->arena);
}

static enum step finish(struct http_connection *connection)
{
    if (connection->carrier) {
        connection->whole = true;
        return STEP_CLOSE;
    }
    if (http_connection_queued(connection))
        return STEP_WAIT;
    bool closing = connection->request.close;
    free_request(&connection->request);
    if (!closing) {
        connection->state = HTTP_IDLE;
        list_remove(&connection->link);
        list_push_back(&connection->server->connections, &connection->link);
        connection->deadline =
            loop_now(connection->server->loop) + connection->server->limits.idle_timeout_ns;
        return STEP_AGAIN;
    }
    connection->state = HTTP_LINGERING;
    connection->deadline = loop_now(connection->server->loop) + HTTP_LINGER_NS;
    buf_fini(&connection->in);
    connection->in_at = 0;
    return connection->eof || !transport_shut(&connection->transport) ? STEP_CLOSE : STEP_WAIT;
}

/* The peer went while a handler owes an answer. Without an on_gone the request outlives its socket. */
static enum step lose_peer(struct http_connection *connection)
{
    if (connection->request.on_gone)
        return STEP_CLOSE;
    if (connection->transport.fd >= 0) {
        loop_fd_remove(&connection->watch);
        transport_close(&connection->transport);
        connection->peer.fd = -1;
        connection->deadline = 0;
        buf_fini(&connection->in);
        buf_fini(&connection->out);
        connection->in_at = connection->out_at = 0;
    }
    return STEP_WAIT;
}

static enum step advance_once(struct http_connection *connection)
{
    if (connection->failed)
        return connection->state == HTTP_ANSWERING ? lose_peer(connection) : STEP_CLOSE;
    switch (connection->state) {
    case HTTP_IDLE:
        return begin_request(connection);
    case HTTP_HEAD:
        return read_head(connection);
    case HTTP_BODY:
        return connection->request.head.body == HTTP1_BODY_CHUNKED ? read_chunked_body(connection)
                                                                   : read_known_body(connection);
    case HTTP_FLUSHING:
        return finish(connection);
    case HTTP_ANSWERING:
    case HTTP_LINGERING:
        break;
    }
    return STEP_WAIT;
}

static uint32_t wanted_events(const struct http_connection *connection)
{
    uint32_t out = http_connection_queued(connection) || connection->transport.wants_write ? EPOLLOUT : 0;
    if (connection->state == HTTP_LINGERING || (is_reading(connection) && !connection->task.queued))
        return EPOLLIN | out;
    return connection->state == HTTP_ANSWERING ? EPOLLRDHUP | out : out;
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
    enum step step = STEP_AGAIN;
    connection->advancing = true;
    for (int i = 0; step == STEP_AGAIN && i < HTTP_REQUESTS_PER_TURN * 4; i++)
        step = advance_once(connection);
    connection->advancing = false;
    if (step == STEP_AGAIN)
        loop_defer(connection->server->loop, &connection->task);
    if (step == STEP_CLOSE || !set_watch_and_timer(connection))
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
    if (connection->state != HTTP_ANSWERING || connection->failed || !request->handler ||
        !request->handler->may_go_on)
        return;
    if (request->handler->may_go_on(request->handler->context, request))
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

static void on_task(struct loop_task *t)
{
    advance(CONTAINER_OF(t, struct http_connection, task));
}

static void on_timer(struct loop_timer *t)
{
    struct http_connection *connection = CONTAINER_OF(t, struct http_connection, timer);
    connection->deadline = 0;
    connection->advancing = true;
    if (connection->state == HTTP_HEAD || connection->state == HTTP_BODY)
        (void)refuse(connection, 408, "The request did not arrive in time.");
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

static void on_ready(struct loop_fd *w, uint32_t events)
{
    struct http_connection *connection = CONTAINER_OF(w, struct http_connection, watch);
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
    if (connection->state == HTTP_ANSWERING && request->on_gone) {
        void (*on_gone)(void *context) = request->on_gone;
        request->on_gone = NULL;
        connection->failed = connection->advancing =
            true; /* whatever on_gone still calls must not bring it back */
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
