/* SPDX-License-Identifier: MIT */
/* http_router.h — all routes of a process as one handler (rows: net/http_route.h).
 * Decides what no service should decide twice: 404 with the list of routes, 405 with Allow, HEAD as GET,
 * OPTIONS (204 with Allow), 401 and 403 (core/access/access.h), 415, how large a body may be, and whether a value of the path can be read. A
 * refusal has the shape of the service whose path it is. A handler is called with the whole request; it asks
 * http_request_route, http_request_value, http_request_prefix and http_request_type. Loop's thread. */
#ifndef NET_HTTP_ROUTER_H
#define NET_HTTP_ROUTER_H

#include "net/http_route.h"
#include "net/http_server.h"
#include "net/request_rates.h"

struct http_router {
    const struct http_part *parts;
    size_t part_count;
    struct request_rates *rates; /* NULL: everybody asks as often as they like */
    struct http_handler handler; /* for http_server_serve */
};

/* `parts` is borrowed until the server's end; where two match a path the earlier one has it. A row without
 * method, pattern, access, handler or summary is a programmer's error. */
void http_router_init(struct http_router *router, const struct http_part *parts, size_t part_count);

/* From now on each key, and each person without one, makes so many requests of the parts that are `rated`; more are
 * answered with 429 and Retry-After. Answers have RateLimit and RateLimit-Policy. Not for access_local, who is everybody. `rates` is
 * borrowed until the server's end. */
void http_router_limit(struct http_router *router, struct request_rates *rates);

/* --- what a routed request knows of itself --- */
const struct http_route *http_request_route(const struct http_request *request);
/* The value in the path, percent-decoded once into the request's arena; data NULL if the route has none. */
struct bytes http_request_value(const struct http_request *request);
/* The second one, likewise. */
struct bytes http_request_second_value(const struct http_request *request);
/* The path in front of the route, without a slash at its end. */
struct bytes http_request_prefix(const struct http_request *request);
/* The general cause of a refusal with that status: of 403 there are two. For write_error. */
const struct http_problem *http_request_cause(struct http_request *request, int http_status);
/* The bit of the body's media type, one of the route's; 0 if the route reads no body. */
unsigned http_request_type(const struct http_request *request);

#endif
