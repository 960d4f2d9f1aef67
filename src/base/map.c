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
static uint64_t sip_hash(const uint64_t seed[2], struct bytes bytes)
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

void map_init(struct map *map, uint64_t seed0, uint64_t seed1)
{
    *map = (struct map){.seed = {seed0, seed1}};
}

void map_fini(struct map *map)
{
    free(map->slots);
    map->slots = NULL;
    map->capacity = map->count = 0;
}

/* The slot that holds `key`, or the free slot where it belongs. The table must have a free slot. */
static size_t find_slot(const struct map *map, struct bytes key, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    size_t i = hash & mask;
    while (map->slots[i].value && !(map->slots[i].hash == hash && bytes_equal(map->slots[i].key, key)))
        i = (i + 1) & mask;
    return i;
}

void *map_get(const struct map *map, struct bytes key)
{
    if (map->count == 0)
        return NULL;
    return map->slots[find_slot(map, key, sip_hash(map->seed, key))].value;
}

static enum status grow(struct map *map)
{
    size_t capacity = map->capacity ? map->capacity * 2 : MAP_CAPACITY_MIN;
    struct map next = *map;
    next.slots = calloc(capacity, sizeof *next.slots);
    if (!next.slots)
        return STATUS_NO_MEMORY;
    next.capacity = capacity;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].value)
            next.slots[find_slot(&next, map->slots[i].key, map->slots[i].hash)] = map->slots[i];
    free(map->slots);
    *map = next;
    return STATUS_OK;
}

enum status map_put(struct map *map, struct bytes key, void *value)
{
    ASSERT(value);
    if ((map->count + 1) * 4 > map->capacity * 3) {
        enum status status = grow(map);
        if (status != STATUS_OK)
            return status;
    }
    uint64_t hash = sip_hash(map->seed, key);
    struct map_slot *slot = &map->slots[find_slot(map, key, hash)];
    if (!slot->value)
        map->count++;
    *slot = (struct map_slot){.key = key, .value = value, .hash = hash};
    return STATUS_OK;
}

void *map_take(struct map *map, struct bytes key)
{
    if (map->count == 0)
        return NULL;
    size_t mask = map->capacity - 1;
    size_t hole = find_slot(map, key, sip_hash(map->seed, key));
    void *value = map->slots[hole].value;
    if (!value)
        return NULL;
    /* Close the gap: move back every follower whose home is not between the hole and itself. */
    for (size_t i = (hole + 1) & mask; map->slots[i].value; i = (i + 1) & mask) {
        size_t home = map->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        map->slots[hole] = map->slots[i];
        hole = i;
    }
    map->slots[hole] = (struct map_slot){.value = NULL};
    map->count--;
    return value;
}

void *map_next(const struct map *map, size_t *pos)
{
    while (*pos < map->capacity) {
        void *value = map->slots[(*pos)++].value;
        if (value)
            return value;
    }
    return NULL;
}

void *map_drain(struct map *map, size_t *pos)
{
    /* The slot of the last value is looked at again: its follower may have moved there. What a removal moves
     * to the end of the table from its beginning does not exist, since the beginning is empty by then. */
    for (; *pos < map->capacity; ++*pos) {
        map->steps++;
        if (map->slots[*pos].value)
            return map->slots[*pos].value;
    }
    ASSERT(map->count == 0);
    return NULL;
}
