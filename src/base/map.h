/* SPDX-License-Identifier: MIT */
/* map.h — a hash table from byte strings to pointers.
 * Keys are borrowed: they must stay valid and unchanged while in the map (usually they live inside the
 * value). The hash is SipHash-1-3 under a key given at map_init, so a peer who chooses keys cannot aim at one
 * bucket. Integer keys are looked up as their 8 bytes (map_u64_key). Values may not be NULL. One thread at a
 * time. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/bytes.h"

struct map_slot {
    struct bytes key;
    void *value; /* NULL: free */
    uint64_t hash;
};

struct map {
    struct map_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
    size_t steps; /* slots that map_drain has looked at, so that a test can tell that it is linear */
    uint64_t seed[2];
};

/* `seed` should be random where a peer chooses keys; zeros are fine elsewhere. Allocates nothing. */
void map_init(struct map *map, uint64_t seed0, uint64_t seed1);
/* Frees the table, not the values. */
void map_fini(struct map *map);
/* NULL if absent. */
void *map_get(const struct map *map, struct bytes key);
/* Adds or replaces. NO_MEMORY leaves the map as it was. */
STATUS_RESULT map_put(struct map *map, struct bytes key, void *value);
/* Removes and returns the value, or NULL. */
void *map_take(struct map *map, struct bytes key);
/* For a walk that ends every value: start with *pos = 0; the value must be taken out of the map, and may take
 * others with it, before the next call; NULL when the map is empty. All calls together look at each slot about
 * once, where a walk that begins anew after each removal is quadratic. */
void *map_drain(struct map *map, size_t *pos);
/* Iteration in no order: start with *pos = 0; NULL at the end. The map must not change meanwhile. */
void *map_next(const struct map *map, size_t *pos);

/* The bytes of an integer held in an object, as a key. Valid as long as `*n`. */
static inline struct bytes map_u64_key(const uint64_t *number)
{
    return bytes_of(number, sizeof *number);
}

#endif
