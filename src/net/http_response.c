/* SPDX-License-Identifier: MIT */
/* http_response.c — heads, bodies, chunks, and the answers the server gives by itself. */
#include <stdio.h>

#include "net/http_internal.h"

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

enum status http_response_header(struct http_request *r, const char *name, struct bytes value)
{
    struct bytes n = bytes_of_cstr(name);
    if (!http1_token_valid(n) || !http1_value_valid(value) || names(n, "content-length") ||
        names(n, "transfer-encoding") || names(n, "date"))
        return STATUS_MALFORMED;
    if (names(n, "connection")) {
        if (!bytes_equal_nocase(value, BYTES_LITERAL("close")))
            return STATUS_MALFORMED;
        r->close = true;
        return STATUS_OK;
    }
    for (size_t i = 0; i < ARRAY_SIZE(default_headers); i++)
        if (names(n, default_headers[i].name))
            r->headers_given |= 1u << i;
    size_t before = r->headers.size;
    enum status s = buf_reserve(&r->headers, n.size + value.size + 4);
    if (s)
        return s;
    buf_append_bytes(&r->headers, n);
    buf_append_cstr(&r->headers, ": ");
    buf_append_bytes(&r->headers, value);
    buf_append_cstr(&r->headers, "\r\n");
    ASSERT(r->headers.size == before + n.size + value.size + 4);
    return STATUS_OK;
}

static bool status_has_body(int http_status)
{
    return http_status >= 200 && http_status != 204 && http_status != 304;
}

/* Writes the head into the server's scratch buffer. `frame` is the header that frames the body, or "". */
static struct bytes write_head(struct http_request *r, int http_status, const char *content_type,
                               const char *frame)
{
    struct http_server *s = r->connection->server;
    struct buf *head = &s->head;
    r->close = r->close || s->draining;
    buf_clear(head);
    buf_append_fmt(head, "HTTP/1.1 %d %s\r\nDate: %s\r\n", http_status, http1_reason(http_status),
                   http_server_date(s));
    for (size_t i = 0; i < ARRAY_SIZE(default_headers); i++)
        if (!(r->headers_given & 1u << i))
            buf_append_cstr(head, default_headers[i].line);
    if (content_type) {
        bool valid = http1_value_valid(bytes_of_cstr(content_type)) && strlen(content_type) < 1024;
        buf_append_fmt(head, "Content-Type: %s\r\n", valid ? content_type : "application/octet-stream");
    }
    buf_append_cstr(head, frame);
    if (r->close)
        buf_append_cstr(head, "Connection: close\r\n");
    else if (r->head.minor_version == 0)
        buf_append_cstr(head, "Connection: keep-alive\r\n");
    buf_append_bytes(head, buf_peek(&r->headers));
    buf_append_cstr(head, "\r\n");
    if (head->failed) /* only memory can be missing: the parts are bounded */
        r->connection->failed = true;
    return buf_peek(head);
}

static struct iovec part(struct bytes b)
{
    return (struct iovec){(void *)b.data, b.size};
}

void http_respond(struct http_request *r, int http_status, const char *content_type, struct bytes body)
{
    ASSERT(!r->answered && http_status >= 200 && http_status <= 599);
    r->answered = true;
    char frame[48] = "";
    if (status_has_body(http_status))
        snprintf(frame, sizeof frame, "Content-Length: %zu\r\n", body.size);
    bool send_body = r->send_body && status_has_body(http_status);
    r->http_status = http_status;
    r->answer_size = send_body ? body.size : 0;
    struct iovec parts[] = {part(write_head(r, http_status, content_type, frame)),
                            part(send_body ? body : (struct bytes){0})};
    http_connection_send(r->connection, parts, ARRAY_SIZE(parts));
    http_connection_answered(r->connection);
}

void http_respond_problem(struct http_request *r, const struct http_problem *problem, const char *detail)
{
    CLEANUP(buf_fini) struct buf body = {0};
    const char *content_type = http_problem_write(&body, problem, detail);
    http_respond(r, problem->http_status, content_type, body.failed ? (struct bytes){0} : buf_peek(&body));
}

void http_respond_failure(struct http_request *r, int http_status, const char *detail)
{
    http_respond_problem(r, http_problem_of_status(http_status), detail);
}

void http_response_fail(struct http_request *r, int http_status, const char *detail)
{
    CLEANUP(buf_fini) struct buf body = {0};
    const char *content_type = NULL;
    if (r->handler && r->handler->write_error) {
        struct http_server *s = r->connection->server;
        s->callbacks++;
        r->handler->write_error(r->handler->context, r, http_status, detail, &body, &content_type);
        s->callbacks--;
    } else {
        content_type = http_problem_write(&body, http_problem_of_status(http_status), detail);
    }
    http_respond(r, http_status, content_type, body.failed ? (struct bytes){0} : buf_peek(&body));
}

void http_response_refuse(struct http_request *r, int http_status, const char *detail)
{
    r->close = true;
    buf_fini(&r->headers);
    r->headers_given = 0;
    http_response_fail(r, http_status, detail);
}

void http_stream_begin(struct http_request *r, int http_status, const char *content_type,
                       void (*on_drain)(void *context), void *context)
{
    ASSERT(!r->answered && http_status >= 200 && http_status <= 599);
    r->answered = r->streaming = true;
    r->http_status = http_status;
    r->on_drain = on_drain;
    r->drain_context = context;
    r->send_body = r->send_body && status_has_body(http_status);
    bool carried = r->connection->carrier != NULL; /* it has frames of its own */
    r->send_chunked = r->head.minor_version > 0 && !carried;
    r->close = r->close || !r->send_chunked;
    bool framed = r->send_chunked && status_has_body(http_status);
    struct iovec head =
        part(write_head(r, http_status, content_type, framed ? "Transfer-Encoding: chunked\r\n" : ""));
    http_connection_send(r->connection, &head, 1);
}

size_t http_stream_write(struct http_request *r, struct bytes chunk)
{
    ASSERT(r->streaming);
    struct http_connection *c = r->connection;
    if (chunk.size == 0 || !r->send_body)
        return http_connection_queued(c);
    r->answer_size += chunk.size;
    char size_line[24] = "";
    if (r->send_chunked)
        snprintf(size_line, sizeof size_line, "%zx\r\n", chunk.size);
    struct iovec parts[] = {part(bytes_of_cstr(size_line)), part(chunk),
                            part(bytes_of_cstr(r->send_chunked ? "\r\n" : ""))};
    http_connection_send(c, parts, ARRAY_SIZE(parts));
    if (http_connection_queued(c) > HTTP_STREAM_QUEUE_MAX) {
        c->failed = true;
        http_connection_wake(c);
    }
    return http_connection_queued(c);
}

void http_stream_end(struct http_request *r)
{
    ASSERT(r->streaming);
    r->streaming = false;
    struct iovec last = part(BYTES_LITERAL("0\r\n\r\n"));
    if (r->send_body && r->send_chunked)
        http_connection_send(r->connection, &last, 1);
    http_connection_answered(r->connection);
}

void http_stream_abort(struct http_request *r)
{
    ASSERT(r->streaming);
    r->streaming = false;
    r->connection->failed = true;
    http_connection_answered(r->connection);
}
