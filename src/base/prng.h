/* SPDX-License-Identifier: MIT */
/* prng.h — xoshiro256** for pure code that needs distinct ids but may not ask the kernel.
 * The owner seeds it once from os/entropy (or from a fixed seed in a test). Good for GUIDs and tokens that
 * must be unique; not for keys or anything an attacker must not predict. */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include <stdint.h>
#include <string.h>

struct prng {
    uint64_t s[4];
};

/* All-zero seeds are replaced by a constant, since the generator cannot leave that state. */
static inline void prng_seed(struct prng *prng, const uint64_t seed[4])
{
    memcpy(prng->s, seed, sizeof prng->s);
    if (!(prng->s[0] | prng->s[1] | prng->s[2] | prng->s[3]))
        prng->s[0] = 0x9e3779b97f4a7c15u;
}

static inline uint64_t prng_next(struct prng *prng)
{
    uint64_t x = prng->s[1] * 5;
    uint64_t result = (x << 7 | x >> 57) * 9;
    uint64_t t = prng->s[1] << 17;
    prng->s[2] ^= prng->s[0];
    prng->s[3] ^= prng->s[1];
    prng->s[1] ^= prng->s[2];
    prng->s[0] ^= prng->s[3];
    prng->s[2] ^= t;
    prng->s[3] = prng->s[3] << 45 | prng->s[3] >> 19;
    return result;
}

static inline void prng_fill16(struct prng *prng, uint8_t ret_bytes[16])
{
    uint64_t words[2] = {prng_next(prng), prng_next(prng)};
    memcpy(ret_bytes, words, sizeof words);
}

#endif
