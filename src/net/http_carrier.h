/* SPDX-License-Identifier: MIT */
/* http_carrier.h — one exchange of the HTTP server that comes and goes by other ways than HTTP/1.1: a stream of
 * HTTP/2. The carrier writes the request as HTTP/1.1 would have it, so that one parser judges both, and is
 * handed the answer in pieces. Handlers, limits, refusals and the access log are the same. All on the loop's
 * thread; the server calls back from within any of these functions, and never after the end. */
#ifndef NET_HTTP_CARRIER_H
#define NET_HTTP_CARRIER_H

#include "base/buf.h"

struct http_server;
struct http_connection;

/* Who is at the other end of what carries the exchange. */
struct http_peer {
    int fd;      /* asked for its name only; -1: it cannot be asked any more */
    bool secure; /* as transport_is_secure */
};

struct http_carrier {
    /* The head of the answer as text, status line to empty line; of its headers that speak of the connection
     * (Connection, Transfer-Encoding) none means anything. Once. */
    void (*on_head)(void *carried, struct bytes head);
    /* A piece of the body, without any framing. */
    void (*on_body)(void *carried, struct bytes piece);
    /* Bytes of the body that the peer has not taken yet. */
    size_t (*queued)(void *carried);
    /* The exchange is over; `whole` is false when it was broken off. The exchange must not be used again. */
    void (*on_end)(void *carried, bool whole);
};

/* Begins an exchange that counts as a connection. RESOURCE_EXHAUSTED, UNAVAILABLE as http_server_adopt; NO_MEMORY. */
STATUS_RESULT http_exchange_begin(struct http_server *server, const struct http_carrier *carrier,
                                  void *carried, struct http_peer peer, struct http_connection **ret_exchange,
                                  struct err *err);
/* What the peer sends, as HTTP/1.1 bytes of one request. */
void http_exchange_feed(struct http_connection *exchange, struct bytes data);
/* The queue is empty. */
void http_exchange_drained(struct http_connection *exchange);
/* The peer is gone: on_end is not called any more. */
void http_exchange_gone(struct http_connection *exchange);

#endif
