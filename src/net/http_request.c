/* SPDX-License-Identifier: MIT */
/* http_request.c — what a handler may ask a request. */
#include "net/http_internal.h"
#include "wire/http1/uri.h"

static struct bytes part(const struct http_request *r, struct http1_span span)
{
    return http1_span_bytes(r->raw, span);
}

struct bytes http_request_method(const struct http_request *r)
{
    return part(r, r->head.method);
}

struct bytes http_request_path(const struct http_request *r)
{
    return r->head.path.size ? part(r, r->head.path) : BYTES_LITERAL("/");
}

struct bytes http_request_query_string(const struct http_request *r)
{
    return r->head.query.at ? part(r, r->head.query) : (struct bytes){0};
}

struct bytes http_request_body(const struct http_request *r)
{
    return buf_peek(&r->body);
}

struct bytes http_request_header(const struct http_request *r, const char *name)
{
    struct bytes wanted = bytes_of_cstr(name);
    if (r->head.authority.size && bytes_equal_nocase(wanted, BYTES_LITERAL("host")))
        return part(r, r->head.authority);
    return http1_head_field(&r->head, r->raw, wanted);
}

struct bytes http_request_query(struct http_request *r, const char *name)
{
    struct bytes raw = uri_query_find(http_request_query_string(r), bytes_of_cstr(name));
    return uri_decode(&r->arena, raw, true);
}

struct arena *http_request_arena(struct http_request *r)
{
    return &r->arena;
}

struct loop *http_request_loop(struct http_request *r)
{
    return r->connection->server->loop;
}

void http_request_on_gone(struct http_request *r, void (*on_gone)(void *context), void *context)
{
    r->on_gone = on_gone;
    r->gone_context = context;
    if (r->connection->failed)
        http_connection_wake(r->connection);
}
