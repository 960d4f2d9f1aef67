/* SPDX-License-Identifier: MIT */
/* http_inner.c — a carrier (http_carrier.h) with nobody at its other end: the request is written as text, the answer is
 * collected. ORDER: both ways go through a task of the loop, so that neither server nor caller is entered from within itself. */
#include "net/http_inner.h"

#include <stdlib.h>

#include "net/http_server_internal.h"

struct http_inner {
    struct http_server *server;
    struct http_connection *exchange; /* NULL: it is over */
    struct loop_task task;            /* sends the request; then hands the answer over */
    struct buf request;
    struct buf head;
    struct buf body;
    bool sent;
    bool whole;
    void (*on_answer)(void *context, const struct http_inner_answer *answer);
    void *context;
};

static void destroy(struct http_inner *inner)
{
    loop_defer_cancel(&inner->task);
    buf_fini(&inner->request);
    buf_fini(&inner->head);
    buf_fini(&inner->body);
    free(inner);
}

/* --- the answer --- */

static void on_head(void *carried, struct bytes head)
{
    struct http_inner *inner = carried;
    buf_append_bytes(&inner->head, head);
}

static void on_body(void *carried, struct bytes piece)
{
    struct http_inner *inner = carried;
    buf_append_bytes(&inner->body, piece);
}

static size_t queued(void *carried)
{
    return 0;
}

static void on_end(void *carried, bool whole)
{
    struct http_inner *inner = carried;
    inner->exchange = NULL;
    inner->whole = whole;
    loop_defer(inner->server->loop, &inner->task);
}

static const struct http_carrier carrier = {
    .on_head = on_head,
    .on_body = on_body,
    .queued = queued,
    .on_end = on_end,
};

/* "HTTP/1.1 200 OK": the server's own text. */
static int read_status(struct bytes head)
{
    struct bytes line = bytes_slice(head, 0, bytes_find(head, BYTES_LITERAL("\r\n")));
    (void)bytes_split(&line, ' ');
    int64_t number = 0;
    struct bytes digits = bytes_split(&line, ' ');
    return bytes_parse_i64(digits, &number) == STATUS_OK ? (int)number : 0;
}

/* The value of a header line of the server's own text; data NULL: there is none. */
static struct bytes read_header(struct bytes head, struct bytes name)
{
    while (head.size > 0) {
        size_t end = bytes_find(head, BYTES_LITERAL("\r\n"));
        struct bytes value = bytes_slice(head, 0, end);
        head = bytes_slice(head, end + 2, SIZE_MAX);
        if (bytes_equal_nocase(bytes_split(&value, ':'), name) && value.data)
            return bytes_trim(value);
    }
    return (struct bytes){0};
}

static void hand_over(struct http_inner *inner)
{
    struct http_inner_answer answer = {0};
    bool complete =
        inner->whole && buf_status(&inner->head) == STATUS_OK && buf_status(&inner->body) == STATUS_OK;
    if (complete) {
        answer.http_status = read_status(buf_peek(&inner->head));
        answer.content_type = read_header(buf_peek(&inner->head), BYTES_LITERAL("content-type"));
        answer.body = buf_peek(&inner->body);
    }
    inner->on_answer(inner->context, &answer);
    destroy(inner);
}

/* --- the request --- */

static void on_task(struct loop_task *task)
{
    struct http_inner *inner = CONTAINER_OF(task, struct http_inner, task);
    if (inner->sent || !inner->exchange) { /* the server may close what it has not heard from yet */
        hand_over(inner);
        return;
    }
    inner->sent = true;
    http_exchange_feed(inner->exchange, buf_peek(&inner->request));
}

static bool is_one_word(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] == 0x7f)
            return false;
    return text.size > 0;
}

/* True if it can be a header's value (RFC 9110 section 5.5). */
static bool is_one_line(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    return true;
}

/* What the outer request said of itself was one line each: the parser has read it. */
static void append_outer_header(struct buf *out, const struct http_request *outer, const char *name)
{
    struct bytes value = http_request_header(outer, name);
    if (value.data)
        buf_append_fmt(out, "%s: %.*s\r\n", name, BYTES_FMT(value));
}

static void write_request(struct buf *out, const struct http_request *outer,
                          const struct http_inner_request *request)
{
    buf_append_fmt(out, "%s %.*s HTTP/1.1\r\n", request->method, BYTES_FMT(request->target));
    append_outer_header(out, outer, "Host");
    if (request->authorization.data)
        buf_append_fmt(out, "Authorization: %.*s\r\n", BYTES_FMT(request->authorization));
    else
        append_outer_header(out, outer, "Authorization");
    if (request->content_type)
        buf_append_fmt(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", request->content_type,
                       request->body.size);
    buf_append_cstr(out, "\r\n");
    buf_append_bytes(out, request->body);
}

enum status http_inner_ask(struct http_server *server, const struct http_request *outer,
                           const struct http_inner_request *request, size_t answer_max,
                           void (*on_answer)(void *context, const struct http_inner_answer *answer),
                           void *context, struct http_inner **ret_inner, struct err *err)
{
    if (!is_one_word(request->target))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the target of a request is no single word");
    if (!is_one_line(request->authorization))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the credentials of a request are more than one line");
    struct http_inner *inner = calloc(1, sizeof *inner);
    if (!inner)
        return err_set(err, STATUS_NO_MEMORY, "no memory for a request");
    inner->server = server;
    inner->task.on_run = on_task;
    inner->body.limit = answer_max;
    inner->on_answer = on_answer;
    inner->context = context;
    write_request(&inner->request, outer, request);
    enum status status = buf_status(&inner->request);
    if (status == STATUS_OK) {
        const struct http_peer peer = {.fd = -1, .secure = http_request_is_secure(outer)};
        status = http_exchange_begin(server, &carrier, inner, peer, &inner->exchange, err);
    }
    if (status != STATUS_OK) {
        destroy(inner);
        return status;
    }
    loop_defer(server->loop, &inner->task);
    *ret_inner = inner;
    return STATUS_OK;
}

void http_inner_cancel(struct http_inner *inner)
{
    if (inner->exchange)
        http_exchange_gone(inner->exchange);
    destroy(inner);
}
