/* SPDX-License-Identifier: MIT */
/* listener.h — one TCP port for both protocols: the first bytes decide.
 * A connection that begins with the HTTP/2 preface ("PRI * HTTP/2.0", RFC 9113 section 3.4) goes to the gRPC
 * server, anything else to the HTTP/1.1 server. The bytes are only peeked at, so the adopter reads them
 * again. A connection that begins with a handshake of TLS goes through it first; the two then agree on the protocol.
 * Beside TLS, clear text is for peers on this machine. Who speaks what the port does not is told so in its own words, and
 * the operator in the log.
 * A connection that sends nothing is closed after a time limit; when there are too many, the one that has waited longest
 * goes. Handshakes take at most a share of the loop's time (net/handshake_gate.h), and one that is slow holds up nobody.
 * When descriptors run out, connections that do nothing make room. All on the loop's thread. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/allow_list.h"
#include "net/grpc_server.h"
#include "net/http_server.h"
#include "net/tls_server.h"

struct listener;

struct listener_options {
    const char *host;         /* numeric address; NULL: 127.0.0.1 */
    uint16_t port;            /* 0: the kernel chooses */
    bool loopback_v6;         /* listen on [::1] too, at the same port, if this machine has it */
    struct http_server *http; /* NULL: HTTP/1.1 connections are closed */
    struct grpc_server *grpc; /* NULL: HTTP/2 connections are closed */
    struct tls_server *tls;   /* NULL: TLS is not spoken; borrowed */
    bool tls_only;            /* clear text is not even spoken with peers on this machine */
    bool allow_remote;        /* false: an address other than loopback is refused with PERMISSION_DENIED */
    /* who else is closed at once; borrowed, may change; NULL: everybody may */
    const struct allow_list *allowed;
    int64_t first_byte_timeout_ns; /* to the first byte, and again to the end of a handshake; required */
};

#define LISTENER_SOCKETS_MAX 2

/* Of one port, at one or two addresses. Zero-initialise. */
struct listener_sockets {
    int at[LISTENER_SOCKETS_MAX];
    size_t count;
};

/* Takes the port and no connection yet: while the process may still take a port below 1024. IO: the port is taken, or may not
 * be had; PERMISSION_DENIED as above; INVALID_ARGUMENT: `host` is no address. Of the options only the first three members and
 * allow_remote count. */
STATUS_RESULT listener_bind(const struct listener_options *options, struct listener_sockets *ret_sockets,
                            struct err *err);
void listener_sockets_close(struct listener_sockets *sockets);
/* Takes the sockets, also when it fails. IO: somebody else listens on the port. */
STATUS_RESULT listener_open_bound(struct loop *loop, const struct listener_options *options,
                                  struct listener_sockets *sockets, struct listener **ret_listener,
                                  struct err *err);
/* The two in one. */
STATUS_RESULT listener_open(struct loop *loop, const struct listener_options *options,
                            struct listener **ret_listener, struct err *err);
/* Stops accepting. NULL allowed. */
void listener_close(struct listener *listener);
uint16_t listener_port(const struct listener *listener);

#endif
