/* SPDX-License-Identifier: MIT */
/* http_server.h — HTTP/1.1 connections on a loop, and the requests that come over them (RFC 9110, RFC 9112).
 * The server parses strictly (wire/http1), collects the body up to the route's limit, calls one handler, and
 * writes the answer. Requests of one connection are answered in order. All on the loop's thread. */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "os/loop.h"

struct http_server;
struct http_request; /* one exchange; alive from the handler's call until http_respond… / http_stream_end or
                        on_gone */

struct http_header {
    struct bytes name;
    struct bytes value;
};

struct http_server_limits {  /* zero fields take the default behind */
    size_t head_size_max;    /* bytes of request line and headers: 32 KiB */
    size_t header_count_max; /* 100 */
    size_t body_size_max;    /* bytes when `body_limit` says nothing: 32 MiB */
    size_t connections_max;  /* 4096 */
    int64_t head_timeout_ns; /* from first byte to end of head: 10 s */
    int64_t body_timeout_ns; /* without a byte of the body: 30 s */
    int64_t idle_timeout_ns; /* between requests: 120 s */
};

struct http_handler {
    /* The whole request is there. The handler answers now or later, exactly once. */
    void (*on_request)(void *context, struct http_request *r);
    /* Called when the head is complete, before the body is read: the most bytes the body may have. Over it
     * the server answers 413 in this handler's error shape. NULL: http_server_limits.body_size_max. */
    size_t (*body_limit)(void *context, struct http_request *r);
    /* Writes the body of an answer the server makes itself (400, 408, 413, 431, 501, 505…). NULL:
     * problem+json. */
    void (*write_error)(void *context, struct http_request *r, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type);
    void *context;
};

STATUS_RESULT http_server_create(struct loop *l, const struct http_server_limits *limits,
                                 struct http_server **ret_server, struct err *e);
/* Closes all connections; requests in progress get on_gone first. NULL allowed. */
void http_server_destroy(struct http_server *s);
/* Requests whose path starts with `path_prefix` (case-insensitive, "" for all) go to `h`; the longest prefix
 * wins. */
STATUS_RESULT http_server_mount(struct http_server *s, const char *path_prefix, const struct http_handler *h);
/* Takes over a connected, non-blocking socket (ownership moves, also on failure). */
STATUS_RESULT http_server_adopt(struct http_server *s, int fd, struct err *e);
/* Stops keep-alive: each connection is closed after its current answer; `on_drained` when none is left. */
void http_server_drain(struct http_server *s, void (*on_drained)(void *context), void *context);
size_t http_server_connection_count(const struct http_server *s);

/* --- the request; everything is valid until it is answered --- */
struct bytes http_request_method(const struct http_request *r);
/* The path as sent, without the query, not decoded. */
struct bytes http_request_path(const struct http_request *r);
struct bytes http_request_body(const struct http_request *r);
/* The first header of that name (case-insensitive); data NULL if absent. */
struct bytes http_request_header(const struct http_request *r, const char *name);
/* The first query parameter of that name (case-insensitive), percent-decoded, '+' as space. data NULL if
 * absent. */
struct bytes http_request_query(const struct http_request *r, const char *name);
/* For the handler's own objects; freed when the exchange is over. */
struct arena *http_request_arena(struct http_request *r);
struct loop *http_request_loop(struct http_request *r);
/* Called once if the peer goes away before the answer was given; after it `r` must not be touched. */
void http_request_on_gone(struct http_request *r, void (*on_gone)(void *context), void *context);

/* --- the answer --- */
/* Adds a response header (copied). Names and values with CR, LF or NUL are refused with MALFORMED. */
STATUS_RESULT http_response_header(struct http_request *r, const char *name, struct bytes value);
/* Answers and ends the exchange. `content_type` NULL: no body type is sent. The body is copied. HEAD sends no
 * body. */
void http_respond(struct http_request *r, int http_status, const char *content_type, struct bytes body);
/* RFC 9457: {"type":"about:blank","title":…,"status":…,"detail":…} as application/problem+json. */
void http_respond_problem(struct http_request *r, int http_status, const char *title, const char *detail);

/* A chunked answer (SSE, downloads). begin sends the head; write queues a chunk and returns the bytes not yet
 * sent, so a writer can stop above a limit of its own; `on_drain` (may be NULL) tells when the queue is empty
 * again. */
void http_stream_begin(struct http_request *r, int http_status, const char *content_type,
                       void (*on_drain)(void *context), void *context);
size_t http_stream_write(struct http_request *r, struct bytes chunk);
void http_stream_end(struct http_request *r);

#endif
