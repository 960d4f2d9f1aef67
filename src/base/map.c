/* SPDX-License-Identifier: MIT */
/* map.c — open addressing with linear probing and backward-shift deletion; load at most 3/4. */
#include "base/map.h"

#include <stdlib.h>

#include "base/sip_hash.h"

#define MAP_CAPACITY_MIN 16

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
