/* SPDX-License-Identifier: MIT */
/* http_request.c — what a handler may ask a request. */
#include "net/address.h"
#include "net/http_server_internal.h"
#include "wire/http1/uri.h"

static struct bytes part(const struct http_request *request, struct http1_span span)
{
    return http1_span_bytes(request->raw, span);
}

struct bytes http_request_method(const struct http_request *request)
{
    return part(request, request->head.method);
}

struct bytes http_request_path(const struct http_request *request)
{
    if (request->head.path.size)
        return part(request, request->head.path);
    return BYTES_LITERAL("/");
}

struct bytes http_request_query_string(const struct http_request *request)
{
    if (request->head.query.at)
        return part(request, request->head.query);
    return (struct bytes){0};
}

struct bytes http_request_body(const struct http_request *request)
{
    return buf_peek(&request->body);
}

struct bytes http_request_header(const struct http_request *request, const char *name)
{
    struct bytes wanted = bytes_of_cstr(name);
    if (request->head.authority.size && bytes_equal_nocase(wanted, BYTES_LITERAL("host")))
        return part(request, request->head.authority);
    return http1_head_field(&request->head, request->raw, wanted);
}

const struct principal *http_request_principal(const struct http_request *request)
{
    return request->principal;
}

bool http_request_is_secure(const struct http_request *request)
{
    return request->connection->peer.secure;
}

const char *http_request_scheme(const struct http_request *request)
{
    struct bytes said = bytes_trim(http_request_header(request, "x-forwarded-proto"));
    bool https = http_request_is_secure(request) || bytes_equal_nocase(said, BYTES_LITERAL("https"));
    return https ? "https" : "http";
}

struct bytes http_request_peer(struct http_request *request)
{
    union address address = address_of_peer(request->connection->peer.fd);
    return arena_copy(&request->arena, address_owner(&address));
}

struct bytes http_request_query(struct http_request *request, const char *name)
{
    struct bytes raw = uri_query_find(http_request_query_string(request), bytes_of_cstr(name));
    return uri_decode(&request->arena, raw, true);
}

struct arena *http_request_arena(struct http_request *request)
{
    return &request->arena;
}

void http_request_on_gone(struct http_request *request, void (*on_gone)(void *context), void *context)
{
    request->on_gone = on_gone;
    request->gone_context = context;
    if (request->connection->failed)
        http_connection_wake(request->connection);
}
