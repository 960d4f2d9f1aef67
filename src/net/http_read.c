/* SPDX-License-Identifier: MIT */
/* http_read.c — a request comes in: its head, who may ask, its body, and the call of the handler. Each step takes what
 * has come and says whether the connection goes on, waits for more or closes (http_connection.c does that). */
#include "net/http_server_internal.h"

/* A peer that ended its side in the middle of a request gets no answer: nobody can say what it wanted to ask. */
static enum http_step need_more(const struct http_connection *connection)
{
    return connection->eof ? HTTP_STEP_CLOSE : HTTP_STEP_WAIT;
}

enum http_step http_read_refuse(struct http_connection *connection, int http_status, const char *detail)
{
    struct http_request *request = &connection->request;
    connection->deadline = 0;

    /* The head was not read to its end: what of it was parsed points into the input, and write_error may look at it. */
    if (connection->state == HTTP_HEAD) {
        request->raw = http_connection_input(connection);
        request->send_body = !bytes_equal_cstr(http_request_method(request), "HEAD");
    }
    connection->state = HTTP_ANSWERING;
    http_response_refuse(request, http_status, detail);
    return HTTP_STEP_AGAIN;
}

enum http_step http_read_begin(struct http_connection *connection)
{
    const struct http_server_limits *limits = &connection->server->limits;
    struct http_request *request = &connection->request;
    if (http_connection_input(connection).size == 0 && connection->server->draining)
        return HTTP_STEP_CLOSE;
    if (http_connection_input(connection).size == 0)
        return need_more(connection);

    /* Until the head says more, the request is nobody's (authenticator_admit comes behind it). */
    *request =
        (struct http_request){.connection = connection,
                              .principal = connection->server->authenticator ? &access_nobody : &access_local,
                              .send_body = true,
                              .began_ns = loop_now(connection->server->loop)};
    arena_init(&request->arena, 0);
    buf_init(&request->headers, HTTP_RESPONSE_HEAD_MAX);
    struct http1_field *fields = arena_alloc_array(&request->arena, limits->header_count_max, sizeof *fields);
    if (!fields)
        return HTTP_STEP_CLOSE;
    http1_head_init(&request->head, fields, limits->header_count_max,
                    &(struct http1_limits){limits->head_size_max, HTTP_TARGET_MAX});
    connection->state = HTTP_HEAD;
    connection->deadline = loop_now(connection->server->loop) + limits->head_timeout_ns;
    return HTTP_STEP_AGAIN;
}

static enum http_step dispatch(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    connection->state = HTTP_ANSWERING;
    connection->deadline = 0;
    struct http_server *server = connection->server;
    if (request->port) {
        http_forward_begin(request, request->port);
        return HTTP_STEP_AGAIN;
    }
    server->callbacks++;
    server->handler.on_request(server->handler.context, request);
    server->callbacks--;
    return HTTP_STEP_AGAIN;
}

/* A body coding would let a few bytes unfold into gigabytes, and no client of ours uses one. */
static bool body_is_encoded(const struct http_request *request)
{
    struct bytes coding = http_request_header(request, "content-encoding");
    return coding.size && !bytes_equal_nocase(coding, BYTES_LITERAL("identity"));
}

/* What the handler says to the head. */
static struct http_admission admit(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    struct http_server *server = connection->server;
    const struct http_handler *handler = &server->handler;
    struct http_admission admission = {.body_max = server->limits.body_size_max};

    if (!handler->on_request)
        return (struct http_admission){.http_status = 404, .detail = "Nothing is served yet."};
    if (handler->on_head) {
        server->callbacks++;
        handler->on_head(handler->context, request, &admission);
        server->callbacks--;
    }
    return admission;
}

static struct bytes sole_header(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->head.field_count; i++)
        count += bytes_equal_nocase(http1_span_bytes(request->raw, request->head.fields[i].name),
                                    bytes_of_cstr(name));
    if (count > 1)
        return SITE_AMBIGUOUS;
    return http_request_header(request, name);
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

/* Whose credentials do not count is answered in a line of their own. */
static void refuse(struct http_request *request, const struct http_admission *admission)
{
    if (admission->http_status == 401 && request->principal->refusal)
        http_refuse_guess(request, admission->detail);
    else
        http_response_fail(request, admission->http_status, admission->detail);
}

/* Answers what needs no body to be known, without closing a connection that nothing more comes over. */
static enum http_step fail(struct http_connection *connection, bool has_body,
                           const struct http_admission *admission)
{
    connection->state = HTTP_ANSWERING;
    connection->deadline = 0;
    connection->request.close = connection->request.close || has_body;
    refuse(&connection->request, admission);
    return HTTP_STEP_AGAIN;
}

static enum http_step expect_body(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    /* At least 1: a buffer with the limit 0 has the default one. */
    buf_init(&request->body, MAX(request->body_max, (size_t)1));
    http1_chunked_init(&request->chunked);
    connection->body = (struct http_pace){.from = loop_now(connection->server->loop)};
    http_connection_body_came(connection, http_connection_input(connection).size);
    /* Who sends already does not wait to be told (RFC 9110 section 10.1.1). */
    if (request->head.expect_continue && http_connection_input(connection).size == 0) {
        static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        http_connection_send(connection, &(struct iovec){(void *)text, sizeof text - 1}, 1);
    }
    return HTTP_STEP_AGAIN;
}

/* Another program's: that one judges it. Here only its size counts. */
static enum http_step begin_forward(struct http_connection *connection, enum http_guest guest)
{
    struct http_request *request = &connection->request;
    const struct http1_head *head = &request->head;
    bool has_body = head->body == HTTP1_BODY_CHUNKED || head->content_length > 0;
    const struct http_admission away = {.http_status = 503, .detail = "The app does not run."};
    connection->state = HTTP_BODY;
    if (guest == HTTP_GUEST_AWAY)
        return fail(connection, has_body, &away);
    if (!has_body)
        return dispatch(connection);
    request->body_max = connection->server->limits.body_size_max;
    if (head->content_length > request->body_max)
        return http_read_refuse(connection, 413, "The body is larger than is carried to an app.");
    return expect_body(connection);
}

static bool only_looks(struct bytes method)
{
    return bytes_equal_cstr(method, "GET") || bytes_equal_cstr(method, "HEAD") ||
           bytes_equal_cstr(method, "OPTIONS");
}

/* What is shown counts; a cookie stands in only where nothing is. */
static struct bytes credentials_of(const struct http_request *request,
                                   const struct authenticator *authenticator)
{
    struct bytes authorization = sole_header(request, "authorization");
    if (authorization.data || !authenticator || !authenticator->of_cookie)
        return authorization;
    const struct cookie_request shown = {.cookie = sole_header(request, "cookie"),
                                         .token = sole_header(request, "x-sallyport-token"),
                                         .origin = sole_header(request, "origin"),
                                         .writes = !only_looks(http_request_method(request))};
    return authenticator->of_cookie(authenticator->cookie_context, &shown);
}

/* ORDER: who asks comes before what is asked for, so that a foreign page cannot even learn what there is; what
 * can be refused by the head is refused before a byte of the body is read. */
static enum http_step begin_body(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    const struct http1_head *head = &request->head;
    bool has_body =
        head->body == HTTP1_BODY_CHUNKED || (head->body == HTTP1_BODY_LENGTH && head->content_length > 0);
    const struct authenticator *authenticator = connection->server->authenticator;
    request->principal = authenticator_admit(authenticator, credentials_of(request, authenticator));
    struct http_admission admission = admit(connection);
    connection->state = HTTP_BODY;

    const char *detail = NULL;
    int foreign = foreign_status(connection, admission.page, &detail);
    if (foreign)
        return http_read_refuse(connection, foreign, detail);
    if (admission.http_status)
        return fail(connection, has_body, &admission);
    if (!has_body)
        return dispatch(connection);

    request->body_max = admission.body_max;
    if (head->body == HTTP1_BODY_LENGTH && head->content_length > request->body_max)
        return http_read_refuse(connection, 413, "The body is larger than this path accepts.");
    /* What a body is must be said: a page can send one without a type, or as plain text, to any server. */
    if (http_request_header(request, "content-type").size == 0)
        return http_read_refuse(connection, 415, "A request with a body must say its Content-Type.");
    if (body_is_encoded(request))
        return http_read_refuse(connection, 415, "Content-Encoding is not supported for request bodies.");
    return expect_body(connection);
}

enum http_step http_read_head(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    struct bytes in = http_connection_input(connection);
    enum status status = http1_head_feed(&request->head, in);
    if (status == STATUS_TRUNCATED)
        return need_more(connection);
    if (status)
        return http_read_refuse(connection, request->head.fault.http_status, request->head.fault.text);

    /* The spans of the head count from its first byte: with a copy of it they outlive the input, which moves on. */
    request->raw = arena_copy(&request->arena, bytes_slice(in, 0, request->head.size));
    if (!request->raw.data)
        return HTTP_STEP_CLOSE;
    http_connection_consume(connection, request->head.size);
    request->send_body = !bytes_equal_cstr(http_request_method(request), "HEAD");
    request->close = !request->head.keep_alive;
    enum http_guest guest = http_forward_find(request, &request->port);
    if (guest == HTTP_GUEST_NONE)
        return begin_body(connection);
    return begin_forward(connection, guest);
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

static enum http_step refuse_for_memory(struct http_connection *connection)
{
    return http_read_refuse(connection, 503, "There is no room for the body at the moment.");
}

static enum http_step read_known_body(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    size_t size = (size_t)MIN((uint64_t)http_connection_input(connection).size,
                              request->head.content_length - request->body.size);
    if (!keep_body(connection, bytes_slice(http_connection_input(connection), 0, size)))
        return refuse_for_memory(connection);
    http_connection_consume(connection, size);
    if (request->body.size < request->head.content_length)
        return need_more(connection);
    return dispatch(connection);
}

static enum http_step read_chunked_body(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    /* INVARIANT: what is fed is looked at before it is kept, so a body over its limit costs no more than what the
     * socket brought at once. */
    for (;;) {
        size_t used;
        struct bytes data;
        enum status status =
            http1_chunked_feed(&request->chunked, http_connection_input(connection), &used, &data);
        if (status == STATUS_MALFORMED)
            return http_read_refuse(connection, request->chunked.fault.http_status,
                                    request->chunked.fault.text);
        if (data.size > request->body_max - request->body.size)
            return http_read_refuse(connection, 413, "The body is larger than this path accepts.");
        if (!keep_body(connection, data))
            return refuse_for_memory(connection);
        http_connection_consume(connection, used);
        if (status == STATUS_OK)
            return dispatch(connection);
        if (http_connection_input(connection).size == 0)
            return need_more(connection);
    }
}

enum http_step http_read_body(struct http_connection *connection)
{
    if (connection->request.head.body == HTTP1_BODY_CHUNKED)
        return read_chunked_body(connection);
    return read_known_body(connection);
}
