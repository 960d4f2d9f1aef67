/* SPDX-License-Identifier: MIT */
/* stream.h — one outgoing byte stream over TCP or TLS, non-blocking, driven by the channel's poll loop.
 * Resolving the host name blocks. SIGPIPE must be blocked in the calling thread (the channel's thread does
 * so). One thread at a time. */
#ifndef SDK_CHANNEL_STREAM_H
#define SDK_CHANNEL_STREAM_H

#include "base/buf.h"
#include "net/transport.h"
#include "sdk/options.h"

struct addrinfo;
struct ssl_ctx_st;

enum sdk_stream_state { SDK_STREAM_CLOSED, SDK_STREAM_CONNECTING, SDK_STREAM_HANDSHAKE, SDK_STREAM_OPEN };

struct sdk_stream {
    enum sdk_stream_state state;
    const struct sdk_target *target; /* borrowed while not closed */
    struct ssl_ctx_st *tls;          /* borrowed; NULL: clear text */
    struct transport transport;      /* without a socket while closed */
    struct addrinfo *addresses;
    struct addrinfo *address; /* the one being tried */
    bool more;                /* bytes can be read without polling */
};

/* Begins to connect a zeroed or closed stream. UNAVAILABLE: the name does not resolve or no address can be
 * tried. On failure the stream is closed. */
STATUS_RESULT sdk_stream_connect(struct sdk_stream *stream, const struct sdk_target *target,
                                 struct ssl_ctx_st *tls, struct err *err);
/* Goes on with connecting after poll(2) said so; open when `state` says so. UNAVAILABLE: no address answers,
 * or the certificate, the host name or the protocol does not fit. On failure the stream is closed. */
STATUS_RESULT sdk_stream_advance(struct sdk_stream *stream, struct err *err);
/* Appends what has arrived; adding nothing is OK. CLOSED: the peer has ended the stream; UNAVAILABLE: it
 * broke. */
STATUS_RESULT sdk_stream_read(struct sdk_stream *stream, struct buf *in, struct err *err);
/* Writes from the front of `out` what fits and consumes it. UNAVAILABLE: the stream broke. */
STATUS_RESULT sdk_stream_write(struct sdk_stream *stream, struct buf *out, struct err *err);
/* Which events to poll the socket for. */
short sdk_stream_events(const struct sdk_stream *stream, bool has_output);
/* Any state, also zeroed before the first connect. */
void sdk_stream_close(struct sdk_stream *stream);

#endif
