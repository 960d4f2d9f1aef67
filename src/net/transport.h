/* SPDX-License-Identifier: MIT */
/* transport.h — the bytes of one connected, non-blocking stream socket: in clear text here, through TLS in net/tls.h.
 * Owns the socket. The HTTP and gRPC servers, the listener and the SDK's stream read and write through it, so what is
 * between them and the socket is said in one place.
 * It has no loop: who uses it waits for the socket with whatever he has (epoll, poll) and asks again. It never blocks,
 * never starts a thread, and needs nothing of src/os, for the SDK is to be portable. One thread at a time.
 *
 * INVARIANT: what can be read is in the socket and not in the transport, so a level-triggered wait loses nothing. For
 * that a caller reads at least TRANSPORT_READ_MIN bytes at once. */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include <sys/uio.h>

#include "base/bytes.h"
#include "base/status.h"

#define TRANSPORT_READ_MIN                                                                                   \
    ((size_t)16 << 10) /* bytes; what one record of TLS may hold (RFC 8446 section 5.1) */

struct transport;

/* How the bytes go. */
struct transport_kind {
    enum status (*read)(struct transport *transport, void *data, size_t size, size_t *ret_size);
    enum status (*write)(struct transport *transport, const struct iovec *parts, int count, size_t *ret_size);
    /* what is said before the sending side is shut; NULL: nothing */
    void (*end)(struct transport *transport);
    void (*release)(struct transport *transport); /* frees `state`; NULL: there is none */
    bool secure;                                  /* nobody on the way can read or change the bytes */
};

/* Moved by value: whoever has a copy behind the move must not use it. */
struct transport {
    const struct transport_kind *kind;
    int fd;             /* -1: none */
    bool wants_write;   /* it has bytes of its own to write before it can go on, whatever the caller wants */
    int error;          /* errno of what failed last; 0: none */
    const char *reason; /* what failed last, in words that live for ever; NULL: `error` says it */
    void *state;        /* of the kind */
};

/* Clear text. Takes `fd`; -1 is allowed, for nothing. */
struct transport transport_plain(int fd);
/* Up to `size` bytes, at least one with OK. TRUNCATED: there is nothing now; CLOSED: the peer sends no more;
 * UNAVAILABLE: it broke. */
STATUS_RESULT transport_read(struct transport *transport, void *data, size_t size, size_t *ret_size);
/* OK: all of it is gone. TRUNCATED: the socket is full, and `*ret_size` bytes are gone; the next call must begin with the
 * very bytes that are left. UNAVAILABLE: it broke. Raises no SIGPIPE where the system can be asked not to. */
STATUS_RESULT transport_write_parts(struct transport *transport, const struct iovec *parts, int count,
                                    size_t *ret_size);
STATUS_RESULT transport_write(struct transport *transport, struct bytes data, size_t *ret_size);
/* Ends what is sent; what the peer still sends can be read. False: the socket is of no use any more. */
bool transport_shut(struct transport *transport);
/* Bytes that the peer sent wait to be read. */
bool transport_has_input(const struct transport *transport);
bool transport_is_secure(const struct transport *transport);
/* What failed last, for people. */
const char *transport_fault(const struct transport *transport);
/* Frees and closes; there is no socket then. Any number of times. */
void transport_close(struct transport *transport);

#endif
