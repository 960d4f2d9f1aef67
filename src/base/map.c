/* SPDX-License-Identifier: MIT */
/* map.c — open addressing with linear probing and backward-shift deletion; load at most 3/4. */
#include "base/map.h"

#include <stdlib.h>

#define MAP_CAPACITY_MIN 16

static uint64_t rotate_left(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[3];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[2] = rotate_left(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"). */
static uint64_t sip_hash(const uint64_t seed[2], struct bytes b)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
                     seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
    size_t i = 0;
    for (; i + 8 <= b.size; i += 8) {
        uint64_t m;
        memcpy(&m, b.data + i, 8);
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    uint64_t last = (uint64_t)b.size << 56;
    for (size_t shift = 0; i < b.size; i++, shift += 8)
        last |= (uint64_t)b.data[i] << shift;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int round = 0; round < 3; round++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m, uint64_t seed0, uint64_t seed1)
{
    *m = (struct map){.seed = {seed0, seed1}};
}

void map_fini(struct map *m)
{
    free(m->slots);
    m->slots = NULL;
    m->capacity = m->count = 0;
}

/* The slot that holds `key`, or the free slot where it belongs. The table must have a free slot. */
static size_t find_slot(const struct map *m, struct bytes key, uint64_t hash)
{
    size_t mask = m->capacity - 1;
    size_t i = hash & mask;
    while (m->slots[i].value && !(m->slots[i].hash == hash && bytes_equal(m->slots[i].key, key)))
        i = (i + 1) & mask;
    return i;
}

void *map_get(const struct map *m, struct bytes key)
{
    if (m->count == 0)
        return NULL;
    return m->slots[find_slot(m, key, sip_hash(m->seed, key))].value;
}

static enum status grow(struct map *m)
{
    size_t capacity = m->capacity ? m->capacity * 2 : MAP_CAPACITY_MIN;
    struct map next = *m;
    next.slots = calloc(capacity, sizeof *next.slots);
    if (!next.slots)
        return STATUS_NO_MEMORY;
    next.capacity = capacity;
    for (size_t i = 0; i < m->capacity; i++)
        if (m->slots[i].value)
            next.slots[find_slot(&next, m->slots[i].key, m->slots[i].hash)] = m->slots[i];
    free(m->slots);
    *m = next;
    return STATUS_OK;
}

enum status map_put(struct map *m, struct bytes key, void *value)
{
    ASSERT(value);
    if ((m->count + 1) * 4 > m->capacity * 3) {
        enum status s = grow(m);
        if (s != STATUS_OK)
            return s;
    }
    uint64_t hash = sip_hash(m->seed, key);
    struct map_slot *slot = &m->slots[find_slot(m, key, hash)];
    if (!slot->value)
        m->count++;
    *slot = (struct map_slot){.key = key, .value = value, .hash = hash};
    return STATUS_OK;
}

void *map_take(struct map *m, struct bytes key)
{
    if (m->count == 0)
        return NULL;
    size_t mask = m->capacity - 1;
    size_t hole = find_slot(m, key, sip_hash(m->seed, key));
    void *value = m->slots[hole].value;
    if (!value)
        return NULL;
    /* Close the gap: move back every follower whose home is not between the hole and itself. */
    for (size_t i = (hole + 1) & mask; m->slots[i].value; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole] = (struct map_slot){.value = NULL};
    m->count--;
    return value;
}

void *map_next(const struct map *m, size_t *pos)
{
    while (*pos < m->capacity) {
        void *value = m->slots[(*pos)++].value;
        if (value)
            return value;
    }
    return NULL;
}

void *map_drain(struct map *m, size_t *pos)
{
    /* The slot of the last value is looked at again: its follower may have moved there. What a removal moves
     * to the end of the table from its beginning does not exist, since the beginning is empty by then. */
    for (; *pos < m->capacity; ++*pos) {
        m->steps++;
        if (m->slots[*pos].value)
            return m->slots[*pos].value;
    }
    ASSERT(m->count == 0);
    return NULL;
}
