/* SPDX-License-Identifier: MIT */
/* http_response.c — heads, bodies, chunks, and the answers the server gives by itself. */
#include <stdio.h>

#include "base/no_memory.h"
#include "net/address.h"
#include "net/http_server_internal.h"
#include "net/http_tag.h"

/* Code, results, files and decisions: no browser, proxy or disk shall keep them, no browser shall take them
 * for another type than they are, and no page of another site shall embed them. */
static const struct {
    const char *name;
    const char *line;
} default_headers[] = {
    {"Cache-Control", "Cache-Control: no-store\r\n"},
    {"X-Content-Type-Options", "X-Content-Type-Options: nosniff\r\n"},
    {"Cross-Origin-Resource-Policy", "Cross-Origin-Resource-Policy: same-origin\r\n"},
};

static bool names(struct bytes name, const char *other)
{
    return bytes_equal_nocase(name, bytes_of_cstr(other));
}

/* What frames the answer is written by write_head alone: with a second length or encoding, a proxy and a client
 * would disagree where this answer ends and the next begins. */
enum status http_response_header(struct http_request *request, const char *name, struct bytes value)
{
    struct bytes bytes = bytes_of_cstr(name);
    if (!http1_token_valid(bytes) || !http1_value_valid(value) || names(bytes, "content-length") ||
        names(bytes, "transfer-encoding") || names(bytes, "date"))
        return STATUS_MALFORMED;
    if (names(bytes, "connection")) {
        if (!bytes_equal_nocase(value, BYTES_LITERAL("close")))
            return STATUS_MALFORMED;
        request->close = true;
        return STATUS_OK;
    }
    for (size_t i = 0; i < ARRAY_SIZE(default_headers); i++)
        if (names(bytes, default_headers[i].name))
            request->headers_given |= 1u << i;
    if (names(bytes, "etag"))
        request->tag = arena_copy(&request->arena, value);
    /* Whole or not at all: half a line would become part of the next header. */
    size_t before = request->headers.size;
    enum status status = buf_reserve(&request->headers, bytes.size + value.size + 4);
    if (status)
        return status;
    buf_append_bytes(&request->headers, bytes);
    buf_append_cstr(&request->headers, ": ");
    buf_append_bytes(&request->headers, value);
    buf_append_cstr(&request->headers, "\r\n");
    ASSERT(request->headers.size == before + bytes.size + value.size + 4);
    return STATUS_OK;
}

void http_response_version(struct http_request *request, struct bytes version)
{
    if (version.size <= HTTP_VERSION_SIZE)
        request->version = arena_copy(&request->arena, version);
}

static bool status_has_body(int http_status)
{
    return http_status >= 200 && http_status != 204 && http_status != 304;
}

/* Writes the head into the server's scratch buffer, where it is good until the next head of any connection. `frame` is the
 * header that frames the body, or "". */
static struct bytes write_head(struct http_request *request, int http_status, const char *content_type,
                               const char *frame)
{
    struct http_server *server = request->connection->server;
    struct buf *head = &server->head;
    request->close = request->close || server->draining;
    buf_clear(head);
    buf_append_fmt(head, "HTTP/1.1 %d %s\r\nDate: %s\r\n", http_status, http1_reason(http_status),
                   http_server_date(server));
    for (size_t i = 0; i < ARRAY_SIZE(default_headers); i++)
        if (!(request->headers_given & 1u << i))
            buf_append_cstr(head, default_headers[i].line);
    if (content_type) {
        bool valid = http1_value_valid(bytes_of_cstr(content_type)) && strlen(content_type) < 1024;
        buf_append_fmt(head, "Content-Type: %s\r\n", valid ? content_type : "application/octet-stream");
    }
    buf_append_cstr(head, frame);
    if (request->close)
        buf_append_cstr(head, "Connection: close\r\n");
    /* HTTP/1.0 takes a connection for closed unless it is told otherwise (RFC 9112 section 9.3). */
    else if (request->head.minor_version == 0)
        buf_append_cstr(head, "Connection: keep-alive\r\n");
    buf_append_bytes(head, buf_peek(&request->headers));
    buf_append_cstr(head, "\r\n");
    if (head->failed) /* only memory can be missing: the parts are bounded */
        request->connection->failed = true;
    return buf_peek(head);
}

static struct iovec part(struct bytes bytes)
{
    return (struct iovec){(void *)bytes.data, bytes.size};
}

/* A route whose part says so has its answers tagged by their bytes. Without memory there is no tag, and all is sent. */
static void add_tag(struct http_request *request, struct bytes body)
{
    char tag[HTTP_TAG_SIZE], quoted[HTTP_TAG_SIZE + HTTP_VERSION_SIZE + 3];
    if (request->tag.data || !request->match.part || !request->match.part->tagged)
        return;
    http_tag_of(body, tag);
    (void)snprintf(quoted, sizeof quoted, "\"%.*s%s%s\"", BYTES_FMT(request->version),
                   request->version.size > 0 ? "." : "", tag);
    if (tag[0])
        (void)!http_response_header(request, "ETag", bytes_of_cstr(quoted));
}

/* What the client has a copy of it is not sent again (RFC 9110 section 13.2.2). */
static bool client_has(struct http_request *request, int http_status, struct bytes body)
{
    struct bytes method = http_request_method(request);
    if (http_status != 200 || !(bytes_equal_cstr(method, "GET") || bytes_equal_cstr(method, "HEAD")))
        return false;
    add_tag(request, body);
    return request->tag.data && http_tag_named(http_request_header(request, "if-none-match"), request->tag);
}

void http_respond(struct http_request *request, int http_status, const char *content_type, struct bytes body)
{
    ASSERT(!request->answered && http_status >= 200 && http_status <= 599);
    if (client_has(request, http_status, body)) {
        http_status = 304;
        content_type = NULL;
    }
    request->answered = true;
    char frame[48] = "";
    if (status_has_body(http_status))
        snprintf(frame, sizeof frame, "Content-Length: %zu\r\n", body.size);
    /* HEAD is told the length of the body that it does not get (RFC 9110 section 9.3.2). */
    bool send_body = request->send_body && status_has_body(http_status);
    request->http_status = http_status;
    request->answer_size = send_body ? body.size : 0;
    struct iovec parts[] = {part(write_head(request, http_status, content_type, frame)),
                            part(send_body ? body : (struct bytes){0})};
    http_connection_send(request->connection, parts, ARRAY_SIZE(parts));
    http_connection_answered(request->connection);
}

void http_respond_problem(struct http_request *request, const struct http_problem *problem,
                          const char *detail)
{
    CLEANUP(buf_fini) struct buf body = {0};
    const char *content_type = http_problem_write(&body, problem, detail);
    http_respond(request, problem->http_status, content_type,
                 body.failed ? (struct bytes){0} : buf_peek(&body));
}

void http_respond_failure(struct http_request *request, int http_status, const char *detail)
{
    http_respond_problem(request, http_problem_of_status(http_status), detail);
}

void http_respond_no_memory(struct http_request *request)
{
    http_respond_failure(request, 503, ERR_NO_MEMORY);
}

void http_response_fail(struct http_request *request, int http_status, const char *detail)
{
    CLEANUP(buf_fini) struct buf body = {0};
    const char *content_type = NULL;
    struct http_server *server = request->connection->server;
    const struct http_handler *handler = &server->handler;

    if (handler->write_error) {
        server->callbacks++;
        handler->write_error(handler->context, request, http_status, detail, &body, &content_type);
        server->callbacks--;
    } else {
        content_type = http_problem_write(&body, http_problem_of_status(http_status), detail);
    }
    http_respond(request, http_status, content_type, body.failed ? (struct bytes){0} : buf_peek(&body));
}

void http_response_late(struct http_request *request)
{
    const char *detail = request->late_detail;
    request->late_detail = NULL;
    http_response_fail(request, 401, detail);
}

void http_refuse_guess(struct http_request *request, const char *detail)
{
    struct http_connection *connection = request->connection;
    struct http_server *server = connection->server;
    union address address = address_of_peer(connection->peer.fd);
    int64_t now_ns = loop_now(server->loop), wait_ns = 0;

    /* Why it may wait: net/guess_line.h. The connection's timer gives the answer then (http_response_late). */
    if (!guess_line_join(&server->guesses, address_owner(&address), now_ns, &wait_ns)) {
        http_response_fail(request, 503, "Too many credentials that do not count: come again.");
        return;
    }
    request->late_detail = wait_ns > 0 ? arena_cstr(&request->arena, bytes_of_cstr(detail)) : NULL;
    if (!request->late_detail) {
        http_response_fail(request, 401, detail);
        return;
    }
    connection->deadline = now_ns + wait_ns;
    http_connection_wake(connection);
}

void http_response_refuse(struct http_request *request, int http_status, const char *detail)
{
    /* The request may not be read to its end, and what follows could be taken for a next one. What a handler began to say
     * belongs to another answer. */
    request->close = true;
    buf_fini(&request->headers);
    request->headers_given = 0;
    request->tag = request->version = (struct bytes){0};
    http_response_fail(request, http_status, detail);
}

void http_stream_begin(struct http_request *request, int http_status, const char *content_type,
                       void (*on_drain)(void *context), void *context)
{
    ASSERT(!request->answered && http_status >= 200 && http_status <= 599);
    request->answered = request->streaming = true;
    request->http_status = http_status;
    request->on_drain = on_drain;
    request->drain_context = context;
    request->send_body = request->send_body && status_has_body(http_status);
    bool carried = request->connection->carrier != NULL; /* it has frames of its own */
    /* HTTP/1.0 knows no chunks: there the end of the connection is the end of the body. */
    request->send_chunked = request->head.minor_version > 0 && !carried;
    request->close = request->close || !request->send_chunked;
    bool framed = request->send_chunked && status_has_body(http_status);
    struct iovec head =
        part(write_head(request, http_status, content_type, framed ? "Transfer-Encoding: chunked\r\n" : ""));
    http_connection_send(request->connection, &head, 1);
}

size_t http_stream_write(struct http_request *request, struct bytes chunk)
{
    ASSERT(request->streaming);
    struct http_connection *connection = request->connection;
    /* A chunk of no bytes would be the end of the body (RFC 9112 section 7.1). */
    if (chunk.size == 0 || !request->send_body)
        return http_connection_queued(connection);
    request->answer_size += chunk.size;
    char size_line[24] = "";
    if (request->send_chunked)
        snprintf(size_line, sizeof size_line, "%zx\r\n", chunk.size);
    struct iovec parts[] = {part(bytes_of_cstr(size_line)), part(chunk),
                            part(bytes_of_cstr(request->send_chunked ? "\r\n" : ""))};
    http_connection_send(connection, parts, ARRAY_SIZE(parts));
    /* Whoever writes on without waiting for on_drain loses the connection, not the server its memory. */
    if (http_connection_queued(connection) > HTTP_STREAM_QUEUE_MAX) {
        connection->failed = true;
        http_connection_wake(connection);
    }
    return http_connection_queued(connection);
}

void http_stream_end(struct http_request *request)
{
    ASSERT(request->streaming);
    request->streaming = false;
    struct iovec last = part(BYTES_LITERAL("0\r\n\r\n"));
    if (request->send_body && request->send_chunked)
        http_connection_send(request->connection, &last, 1);
    http_connection_answered(request->connection);
}

void http_stream_abort(struct http_request *request)
{
    ASSERT(request->streaming);
    /* Without the last chunk: by that the peer tells a body that was cut off from a whole one. */
    request->streaming = false;
    request->connection->failed = true;
    http_connection_answered(request->connection);
}
