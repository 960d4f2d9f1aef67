/* SPDX-License-Identifier: MIT */
/* http_server.h — HTTP/1.1 connections on a loop, and the requests that come over them (RFC 9110, RFC 9112).
 * The server parses strictly (wire/http1), collects the body up to the route's limit, calls one handler, and
 * writes the answer. Requests of one connection are answered in order: the next one is not even looked at
 * before the answer to the last has left, so a connection costs at most one request, one answer and 64 KiB.
 * What the server refuses itself it answers with `Connection: close` and a lingering close, so that a client
 * still sending sees the answer. All on the loop's thread. */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "core/access/access.h"
#include "net/authenticator.h"
#include "net/http_problem.h"
#include "net/transport.h"
#include "os/loop.h"
#include "wire/http1/site.h"

struct allow_list;
struct http_server;
struct http_request; /* one exchange; alive from the handler's call until http_respond… / http_stream_end or
                        on_gone */

struct http_header {
    struct bytes name;
    struct bytes value;
};

struct http_server_limits { /* all are set: http_server_limits_default, then what differs */
    size_t head_size_max;   /* bytes of request line and headers */
    size_t header_count_max;
    size_t body_size_max; /* bytes when `body_limit` says nothing */
    size_t connections_max;
    int64_t head_timeout_ns;  /* from first byte to end of head */
    int64_t body_timeout_ns;  /* without a byte of the body */
    int64_t idle_timeout_ns;  /* between requests */
    int64_t write_timeout_ns; /* without the peer taking a byte of the answer */
    /* bytes a second at which a peer must send a body and take a waiting answer, behind a grace of the two
     * timeouts above; below it a body is answered 408 and an answer is cut off */
    uint64_t rate_min;
    size_t bodies_size_max; /* bytes of all bodies held at one time; over it new ones get 503 */
};

/* Those of net/limit_values.h. */
struct http_server_limits http_server_limits_default(void);

#define HTTP_VERSION_SIZE 40 /* bytes: http_response_version */
/* A stream whose peer leaves this much unread is cut (on_gone). */
#define HTTP_STREAM_QUEUE_MAX ((size_t)64 << 20) /* bytes */

/* What a handler says to a head, before the body is read. */
struct http_admission {
    int http_status;    /* not 0: the request is refused with it, in the handler's error shape … */
    const char *detail; /* … for this reason */
    size_t body_max;    /* bytes of the body; over it the server answers 413 */
    bool page;          /* the answer is a page for people: then also a link on a page of another site may
                         * lead to it; data is refused with 403 to such a visit */
};

struct http_handler {
    /* The whole request is there. The handler answers now or later, exactly once. */
    void (*on_request)(void *context, struct http_request *request);
    /* Called when the head is complete, also for requests that are refused afterwards: only says, does
     * nothing. `*ret` has body_max from http_server_limits.body_size_max, all else zero. NULL: so be it. */
    void (*on_head)(void *context, struct http_request *request, struct http_admission *ret);
    /* Writes the body of an answer the server makes itself (400, 403, 404, 408, 413, 414, 415, 417, 421, 431,
     * 501, 503, 505, and what on_head says). When the head could not be read, the request has what was read of it.
     * May add headers. NULL: problem+json. */
    void (*write_error)(void *context, struct http_request *request, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type);
    /* False: whoever made this request may not have it any more, after a change of roles. It is then cut off: on_gone.
     * NULL: nobody's right ends. */
    bool (*may_go_on)(void *context, struct http_request *request);
    void *context;
};

/* One exchange that is over, for an access log. Nothing in it was chosen freely by the peer but `method`, which
 * is a token. */
struct http_exchange {
    struct bytes method;
    const char *part;    /* the service and … */
    const char *pattern; /* … its route; NULL: none was found */
    int http_status;     /* 499: the peer left before there was an answer */
    uint64_t size;       /* bytes of the answer's body */
    int64_t duration_ns; /* from the first byte of the request to the last of the answer */
    const char *peer;    /* "127.0.0.1:40000"; "-" when it cannot be said any more */
};

STATUS_RESULT http_server_create(struct loop *loop, const struct http_server_limits *limits,
                                 struct http_server **ret_server, struct err *err);
/* Closes all connections; requests in progress get on_gone first. Not from within a handler's callback. NULL
 * allowed. */
void http_server_destroy(struct http_server *server);
/* What the server answers to besides the names of loopback (wire/http1/site.h): a request for another host
 * gets 421, one that a web page of another site makes 403, before any handler sees it. `site` is borrowed
 * until the end; without this call the names of loopback are all. */
void http_server_known_as(struct http_server *server, const struct site *site);
/* Who knows who asks; borrowed until the end. NULL: everybody is access_local. Before the first connection. */
void http_server_ask_who(struct http_server *server, const struct authenticator *authenticator);
/* Roles have changed: every request whose answer is awaited or streamed is judged anew. */
void http_server_judge_again(struct http_server *server);
/* Connections of peers that are not on the list end as if the peer had gone, in a later turn. */
void http_server_end_strangers(struct http_server *server, const struct allow_list *allowed);
/* Called for every exchange that is over; NULL stops it. */
void http_server_on_exchange(struct http_server *server,
                             void (*on_exchange)(void *context, const struct http_exchange *exchange),
                             void *context);
/* Who gets the requests (copied); once. Until then each is answered 404. */
void http_server_serve(struct http_server *server, const struct http_handler *handler);
/* Takes over a connection (ownership moves, also on failure). At
 * connections_max the one that has waited longest for its next request makes room. RESOURCE_EXHAUSTED: none
 * waits, the peer was told 503; UNAVAILABLE: draining; IO, NO_MEMORY: the system. */
STATUS_RESULT http_server_adopt(struct http_server *server, struct transport transport, struct err *err);
/* Closes the connection that has waited longest for its next request; false if none waits. */
bool http_server_drop_idlest(struct http_server *server);
/* Stops keep-alive: each connection is closed after its current answer; `on_drained` when none is left. */
void http_server_drain(struct http_server *server, void (*on_drained)(void *context), void *context);
size_t http_server_connection_count(const struct http_server *server);

/* --- programs beside the server, on loopback, with host names of their own ---
 * A request whose host is none of the server's own, and that a `struct http_guests` knows, is carried to that program's port, and its answer back. The server
 * looks at the head as at any other and at nothing else: whose page made it, who asks, and what a body is are for the
 * program to judge, which gets the request as it was sent, with the headers that speak of a connection left out (RFC 9110
 * section 7.6.1) and X-Forwarded-For, -Proto and -Host of its own making. Each request of a connection is looked at anew, so
 * none goes to a program because the one before it did. No protocol is switched (`Upgrade` is left out). Bounded:
 * HTTP_FORWARDS_MAX at a time, the server's own bodies, HTTP_FORWARD_UNREAD_MAX of an answer. */
enum http_guest {
    HTTP_GUEST_NONE, /* the name is nobody's: the server judges the request itself */
    HTTP_GUEST_AWAY, /* the program does not run: 503 */
    HTTP_GUEST_HERE,
};

struct http_guests {
    /* Whose a host is, without its port and in any case. `here`: the peer is on this machine. */
    enum http_guest (*find)(void *context, struct bytes host, bool here, uint16_t *ret_port);
    void *context;
};

/* Borrowed until the end of the server. Before the first connection. */
void http_server_forward(struct http_server *server, const struct http_guests *guests);

/* --- the request; everything is valid until it is answered --- */
struct bytes http_request_method(const struct http_request *request);
/* The path as sent, without the query, not decoded. */
struct bytes http_request_path(const struct http_request *request);
struct bytes http_request_body(const struct http_request *request);
/* What stands behind the '?', not decoded; data NULL without one. */
struct bytes http_request_query_string(const struct http_request *request);
/* The first header of that name (case-insensitive); data NULL if absent. "host" gives the authority of an
 * absolute-form target if there is one (RFC 9112 section 3.2.2). */
struct bytes http_request_header(const struct http_request *request, const char *name);
/* Who asks; lives as long as the request. */
const struct principal *http_request_principal(const struct http_request *request);
/* It came through TLS of ours. */
bool http_request_is_secure(const struct http_request *request);
/* "https" if it did, or if a proxy before us says that its client spoke TLS with it (X-Forwarded-Proto); else "http". For addresses of
 * this server that go back to who asks, and for the audience of what an application signs to get in. Anybody may say so, as they may say the
 * host: neither lets anybody in who has no key. */
const char *http_request_scheme(const struct http_request *request);
/* Whose the other end is: address_owner of net/address.h, in the request's arena; empty: it cannot be said. */
struct bytes http_request_peer(struct http_request *request);
/* The first query parameter of that name (case-insensitive), percent-decoded, '+' as space. data NULL if
 * absent. */
struct bytes http_request_query(struct http_request *request, const char *name);
/* For the handler's own objects; freed when the exchange is over. */
struct arena *http_request_arena(struct http_request *request);
/* Called once, never from within a call of the handler's, if the peer goes away (or closes its sending side)
 * before the answer was given, or the server is destroyed; after it `request` must not be touched. Without an
 * on_gone, `request` stays valid until it is answered, and the answer goes nowhere. */
void http_request_on_gone(struct http_request *request, void (*on_gone)(void *context), void *context);

/* --- the answer --- */
/* Adds a response header (copied). MALFORMED: the name is no token, the value holds a control character, or
 * the header is the server's own (Content-Length, Transfer-Encoding, Date; of Connection only "close" is
 * taken, which ends the connection after this answer). TOO_LARGE: more than 64 KiB of headers; NO_MEMORY. */
STATUS_RESULT http_response_header(struct http_request *request, const char *name, struct bytes value);
/* Of an answer that is tagged by its bytes: the tag begins with this and a dot, so that If-Match can name the state in which a thing was seen,
 * whoever saw how much of it. Copied; without memory, or above HTTP_VERSION_SIZE bytes, it begins with nothing. */
void http_response_version(struct http_request *request, struct bytes version);
/* Answers and ends the exchange. `content_type` NULL: no body type is sent; one with control characters
 * becomes application/octet-stream. The body is sent or copied before the call returns. HEAD, 204 and 304
 * send no body. 200 to a GET or HEAD that has an ETag (the handler's own, or of its bytes where the part is `tagged`)
 * becomes 304 when If-None-Match names it. Every answer says `Cache-Control: no-store`, `X-Content-Type-Options: nosniff` and
 * `Cross-Origin-Resource-Policy: same-origin`, each unless the handler gave that header. */
void http_respond(struct http_request *request, int http_status, const char *content_type, struct bytes body);
/* The problem as application/problem+json (net/http_problem.h). `detail` NULL: none. */
void http_respond_problem(struct http_request *request, const struct http_problem *problem,
                          const char *detail);
/* The same for the general cause of a status. */
void http_respond_failure(struct http_request *request, int http_status, const char *detail);
/* 503 when an allocation failed. */
void http_respond_no_memory(struct http_request *request);
/* 401 to credentials that do not count, the later the more of them the peer has shown (net/guess_line.h); 503 when too many of its
 * answers wait. `detail` is copied. */
void http_refuse_guess(struct http_request *request, const char *detail);

/* A chunked answer (SSE, downloads); to an HTTP/1.0 client it is sent plain and ends with the connection.
 * begin sends the head; write sends a chunk at once, queues what the socket does not take, and returns the
 * bytes queued, so a writer can stop above a limit of its own; `on_drain` (may be NULL) tells when a queue
 * that was not empty is empty again. Empty chunks are ignored. */
void http_stream_begin(struct http_request *request, int http_status, const char *content_type,
                       void (*on_drain)(void *context), void *context);
size_t http_stream_write(struct http_request *request, struct bytes chunk);
void http_stream_end(struct http_request *request);
/* Breaks a begun answer off: the connection closes without the last chunk, so that the client can see that
 * the body is not whole. Ends the exchange. */
void http_stream_abort(struct http_request *request);

#endif
