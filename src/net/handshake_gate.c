/* SPDX-License-Identifier: MIT */
/* handshake_gate.c — each bucket holds the time by which its debt is paid: what was spent, times the share. */
#include "net/handshake_gate.h"

#include "base/sip_hash.h"

void handshake_gate_init(struct handshake_gate *gate, const uint64_t key[2])
{
    *gate = (struct handshake_gate){.key = {key[0], key[1]}};
}

size_t handshake_gate_bucket(const struct handshake_gate *gate, struct bytes address)
{
    return sip_hash(gate->key, address) % HANDSHAKE_BUCKETS;
}

bool handshake_gate_peer_is_full(const struct handshake_gate *gate, size_t bucket)
{
    return gate->peers[bucket].open >= HANDSHAKES_PEER_MAX;
}

bool handshake_gate_is_full(const struct handshake_gate *gate)
{
    return gate->all.open >= HANDSHAKES_MAX;
}

void handshake_gate_enter(struct handshake_gate *gate, size_t bucket)
{
    ASSERT(!handshake_gate_peer_is_full(gate, bucket) && !handshake_gate_is_full(gate));
    gate->peers[bucket].open++;
    gate->all.open++;
}

void handshake_gate_leave(struct handshake_gate *gate, size_t bucket)
{
    ASSERT(gate->peers[bucket].open > 0 && gate->all.open > 0);
    gate->peers[bucket].open--;
    gate->all.open--;
}

int64_t handshake_gate_due_ns(const struct handshake_gate *gate, size_t bucket)
{
    int64_t peer_ns = gate->peers[bucket].paid_ns - HANDSHAKE_BURST_PEER_NS * HANDSHAKE_SHARE_PEER;
    int64_t all_ns = gate->all.paid_ns - HANDSHAKE_BURST_ALL_NS * HANDSHAKE_SHARE_ALL;
    return MAX(peer_ns, all_ns);
}

static void owe(struct handshake_bucket *bucket, int64_t now_ns, int64_t debt_ns)
{
    bucket->paid_ns = MAX(bucket->paid_ns, now_ns) + debt_ns;
}

void handshake_gate_spend(struct handshake_gate *gate, size_t bucket, int64_t now_ns, int64_t cost_ns)
{
    owe(&gate->peers[bucket], now_ns, cost_ns * HANDSHAKE_SHARE_PEER);
    owe(&gate->all, now_ns, cost_ns * HANDSHAKE_SHARE_ALL);
}
