/* SPDX-License-Identifier: MIT */
/* listener_internal.h — what the files of the listener share; nobody else includes it.
 *
 *   listener.c         the doors: opening, accepting, making room
 *   listener_settle.c  a connection until it is known what it speaks: its first bytes, its handshake
 *
 *   accepted ──first byte──┬─ 22 ──► SHAKING ──ALPN──┬─► grpc_server_adopt
 *            (FIRST_BYTES) ├─ PRI …  ────────────────┘
 *                          └─ else   ───────────────────► http_server_adopt
 */
#ifndef NET_LISTENER_INTERNAL_H
#define NET_LISTENER_INTERNAL_H

#include "base/list.h"
#include "base/log_rate.h"
#include "net/address.h"
#include "net/handshake_gate.h"
#include "net/listener.h"

#define UNSETTLED_MAX 4096

/* A socket that accepts. */
struct door {
    struct listener *listener; /* NULL: not open */
    struct loop_fd socket;
};

struct listener {
    struct loop *loop;
    struct listener_options options;
    struct door doors[LISTENER_SOCKETS_MAX];
    struct loop_timer pause;
    uint16_t port;
    struct log_rate protocol_told; /* that a client speaks what this port does not */
    struct log_rate handshake_told;
    struct log_rate refusal_told;
    struct list unsettled; /* in the order in which they came */
    size_t unsettled_count;
    struct handshake_gate gate;
};

struct unsettled {
    struct listener *listener;
    struct list link;
    union address peer; /* as of when it came: a peer that has gone has none any more */
    struct transport transport;
    struct loop_fd socket; /* of the transport, watched */
    struct loop_timer timer;
    int64_t deadline_ns;
    bool shaking;  /* a handshake is under way, and counted … */
    size_t bucket; /* … here */
};

/* Watches a connection that was just accepted, of `peer`. Takes `fd`. */
void listener_settle(struct listener *listener, int fd, const union address *peer);
/* Ends the connection that has been unsettled for longest; there is one. */
void listener_drop_longest_silent(struct listener *listener);
void listener_drop_unsettled(struct listener *listener);
void listener_tell_refusal(struct listener *listener, const char *reason);

#endif
