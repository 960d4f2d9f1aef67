/* SPDX-License-Identifier: MIT */
/* http_inner.h — a request of this process to its own HTTP server, for a service that speaks another protocol and has no
 * rights and no data of its own: it asks the public API with the credentials that it was given. Nothing is skipped: the
 * parser, the names of the server, who asks, what they may, the limits and the access log are those of a stranger's request.
 * Loop's thread. */
#ifndef NET_HTTP_INNER_H
#define NET_HTTP_INNER_H

#include "base/bytes.h"

struct http_server;
struct http_request;
struct http_inner;

/* Borrowed during http_inner_ask. */
struct http_inner_request {
    const char *method;
    struct bytes target;      /* path and query, percent-encoded */
    const char *content_type; /* NULL: there is no body */
    struct bytes body;
    struct bytes authorization; /* instead of that of whoever made `outer`; data NULL: as they */
};

/* What came back; valid during the call. */
struct http_inner_answer {
    int http_status; /* 0: it broke off, or was larger than it may be */
    struct bytes content_type;
    struct bytes body;
};

/* Asks as whoever made `outer`, or as who `authorization` stands for, and for the host that it named. `on_answer` is called once, never from within this call,
 * unless http_inner_cancel was first. `answer_max`: bytes of a body that is taken. The server must outlive the call: it ends
 * each with its own end. INVALID_ARGUMENT: the target or the credentials hold what ends a line; UNAVAILABLE, RESOURCE_EXHAUSTED, NO_MEMORY: as
 * http_exchange_begin. */
STATUS_RESULT http_inner_ask(struct http_server *server, const struct http_request *outer,
                             const struct http_inner_request *request, size_t answer_max,
                             void (*on_answer)(void *context, const struct http_inner_answer *answer),
                             void *context, struct http_inner **ret_inner, struct err *err);
/* Nobody waits any more; the exchange is broken off as by a peer that goes. */
void http_inner_cancel(struct http_inner *inner);

#endif
