/* SPDX-License-Identifier: MIT */
/* sip_hash.c — as the paper has it, with one round a word and three at the end. */
#include "base/sip_hash.h"

static uint64_t rotate_left(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_round(uint64_t state[4])
{
    state[0] += state[1];
    state[1] = rotate_left(state[1], 13) ^ state[0];
    state[0] = rotate_left(state[0], 32);
    state[2] += state[3];
    state[3] = rotate_left(state[3], 16) ^ state[2];
    state[0] += state[3];
    state[3] = rotate_left(state[3], 21) ^ state[0];
    state[2] += state[1];
    state[1] = rotate_left(state[1], 17) ^ state[2];
    state[2] = rotate_left(state[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"). */
uint64_t sip_hash(const uint64_t seed[2], struct bytes bytes)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
                     seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
    size_t i = 0;
    for (; i + 8 <= bytes.size; i += 8) {
        uint64_t m;
        memcpy(&m, bytes.data + i, 8);
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    uint64_t last = (uint64_t)bytes.size << 56;
    for (size_t shift = 0; i < bytes.size; i++, shift += 8)
        last |= (uint64_t)bytes.data[i] << shift;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int round = 0; round < 3; round++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
