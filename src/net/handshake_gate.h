/* SPDX-License-Identifier: MIT */
/* handshake_gate.h — how much of the loop's time handshakes of TLS may take, all together and those of one peer. A
 * handshake costs the server a signature and two exchanges of keys, a stranger a few bytes; so what one costs is measured,
 * and the next step of any waits until its peer has kept quiet for a multiple of that. Honest peers never meet the gate:
 * a burst is free. Peers share buckets by a keyed hash, so memory is bounded and nobody can aim at another's bucket for
 * long. Also counts handshakes that are under way. Pure: times, costs and the key are handed in. Used by the listener. */
#ifndef NET_HANDSHAKE_GATE_H
#define NET_HANDSHAKE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/duration.h"

#define HANDSHAKE_BUCKETS    1024
#define HANDSHAKE_SHARE_PEER 8 /* one peer's handshakes take at most an eighth of the loop's time … */
#define HANDSHAKE_SHARE_ALL  2 /* … and all of them half of it */
#define HANDSHAKE_BURST_PEER_NS                                                                              \
    (200 * NS_PER_MS) /* of the loop's time, that is free at first: some 500 handshakes … */
#define HANDSHAKE_BURST_ALL_NS (400 * NS_PER_MS)
#define HANDSHAKES_PEER_MAX    256 /* under way at one time */
#define HANDSHAKES_MAX         1024

struct handshake_bucket {
    int64_t paid_ns; /* monotonic: by then what was spent is paid for */
    uint32_t open;   /* handshakes under way */
};

struct handshake_gate {
    uint64_t key[2]; /* of the hash */
    struct handshake_bucket peers[HANDSHAKE_BUCKETS];
    struct handshake_bucket all;
};

/* `key`: random. */
void handshake_gate_init(struct handshake_gate *gate, const uint64_t key[2]);
/* The bucket of a peer's address. */
size_t handshake_gate_bucket(const struct handshake_gate *gate, struct bytes address);
/* Too many are under way, of this peer or of all: the caller first ends the oldest of them, for an honest one is over in
 * a moment. */
bool handshake_gate_peer_is_full(const struct handshake_gate *gate, size_t bucket);
bool handshake_gate_is_full(const struct handshake_gate *gate);
/* Begins a handshake; there is room. */
void handshake_gate_enter(struct handshake_gate *gate, size_t bucket);
/* One that was begun is over, however it went. */
void handshake_gate_leave(struct handshake_gate *gate, size_t bucket);
/* When the next step of a handshake may be taken; not after `now_ns`: now. */
int64_t handshake_gate_due_ns(const struct handshake_gate *gate, size_t bucket);
/* A step took `cost_ns` of the loop's time. */
void handshake_gate_spend(struct handshake_gate *gate, size_t bucket, int64_t now_ns, int64_t cost_ns);

#endif
