/* SPDX-License-Identifier: MIT */
/* fresh_ids.c — one map over both generations, and the generations themselves, which others look into under the mutex; all else
 * is the writer's alone.
 *
 * INVARIANT: an id is in the map exactly while its instance is committed and its id is not in the table. The map's values live
 * in the arena of their generation, which goes when its last id is in the table. */
#include "store/sqlite/fresh_ids.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "os/clock.h"

#define PORTIONS            256               /* of a generation; few, so that neighbours come together */
#define GENERATION_SIZE_MAX ((size_t)8 << 20) /* bytes of ids after which a generation is full */
#define ARENA_SIZE_MAX      ((size_t)1 << 40) /* bytes: a set that is being written is not refused */
#define DUE_FOR_EACH        2                 /* ids due with a new one: over 1, or a merge ends too late */
#define HUB_SIZE            4                 /* bytes of the hub in a name */
#define NAME_SIZE_USUAL     512               /* bytes; longer ones are copied to the heap */

/* The name is hub and id in one, so that names compare as rows of the table do. */
struct fresh_entry {
    struct fresh_id id;
    struct bytes name;
};

struct generation {
    struct arena arena;
    struct fresh_entry **entries;
    size_t count;
    size_t capacity;
};

struct fresh_change {
    struct fresh_entry *added; /* NULL: one was removed */
    struct bytes removed;      /* its name */
    int64_t key;
};

struct fresh_ids {
    size_t count_max;
    /* guards the first four; the writer alone changes them, and reads them without it */
    pthread_mutex_t mutex;
    struct map map;
    struct generation filling;
    struct generation merging; /* sorted */
    size_t merged;             /* of `merging` are in the table */
    size_t due;                /* may be put there now */
    /* keys of `merging` are not above it, nor are any that come later and stay in memory */
    int64_t merging_until;
    int64_t settled;
    int64_t key_last;

    /* of the open transaction */
    struct fresh_change *changes;
    size_t change_count;
    size_t change_capacity;
    struct arena names;
    size_t portion;
};

/* `space` has room for it. */
static struct bytes name_write(uint8_t *space, uint32_t hub, struct bytes instance_id)
{
    for (size_t i = 0; i < HUB_SIZE; i++)
        space[i] = (uint8_t)(hub >> (8 * (HUB_SIZE - 1 - i)));
    if (instance_id.size)
        memcpy(space + HUB_SIZE, instance_id.data, instance_id.size);
    return bytes_of(space, HUB_SIZE + instance_id.size);
}

static struct bytes name_new(struct arena *arena, uint32_t hub, struct bytes instance_id)
{
    uint8_t *space = arena_alloc(arena, HUB_SIZE + instance_id.size);
    ASSERT(space);
    return name_write(space, hub, instance_id);
}

/* --- from beginning to end --- */

enum status fresh_ids_create(size_t count_max, int64_t settled, struct fresh_ids **ret_ids)
{
    struct fresh_ids *ids = calloc(1, sizeof *ids);
    if (!ids)
        return STATUS_NO_MEMORY;
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    ids->count_max = count_max;
    ids->settled = ids->key_last = settled;
    map_init(&ids->map, seed[0], seed[1]);
    arena_init(&ids->filling.arena, ARENA_SIZE_MAX);
    arena_init(&ids->names, ARENA_SIZE_MAX);
    pthread_mutex_init(&ids->mutex, NULL);
    *ret_ids = ids;
    return STATUS_OK;
}

static void generation_fini(struct generation *generation)
{
    arena_fini(&generation->arena);
    free(generation->entries);
    *generation = (struct generation){0};
}

void fresh_ids_destroy(struct fresh_ids *ids)
{
    if (!ids)
        return;
    map_fini(&ids->map);
    generation_fini(&ids->filling);
    generation_fini(&ids->merging);
    arena_fini(&ids->names);
    free(ids->changes);
    pthread_mutex_destroy(&ids->mutex);
    free(ids);
}

int64_t fresh_ids_find(struct fresh_ids *ids, uint32_t hub, struct bytes instance_id)
{
    uint8_t usual[NAME_SIZE_USUAL];
    uint8_t *space = usual;
    if (HUB_SIZE + instance_id.size > sizeof usual) {
        space = malloc(HUB_SIZE + instance_id.size);
        ASSERT(space);
    }
    struct bytes name = name_write(space, hub, instance_id);

    pthread_mutex_lock(&ids->mutex);
    const struct fresh_entry *entry = map_get(&ids->map, name);
    int64_t key = entry ? entry->id.key : 0;
    pthread_mutex_unlock(&ids->mutex);

    if (space != usual)
        free(space);
    return key;
}

struct fresh_found {
    int64_t *keys;
    size_t count;
    size_t max;
};

static void note(struct fresh_found *found, const struct fresh_entry *entry)
{
    if (entry->id.key == 0)
        return;
    if (found->count < found->max)
        found->keys[found->count] = entry->id.key;
    found->count++;
}

static size_t first_from(const struct generation *sorted, size_t begin, struct bytes name)
{
    size_t end = sorted->count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (bytes_compare(sorted->entries[middle]->name, name) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

size_t fresh_ids_with_prefix(struct fresh_ids *ids, uint32_t hub, struct bytes prefix, int64_t *ret_keys,
                             size_t keys_max)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    struct bytes name = name_new(&arena, hub, prefix);
    struct fresh_found found = {.keys = ret_keys, .max = keys_max};

    pthread_mutex_lock(&ids->mutex);
    for (size_t i = 0; i < ids->filling.count; i++)
        if (bytes_starts_with(ids->filling.entries[i]->name, name))
            note(&found, ids->filling.entries[i]);
    const struct generation *merging = &ids->merging;
    for (size_t i = first_from(merging, ids->merged, name);
         i < merging->count && bytes_starts_with(merging->entries[i]->name, name); i++)
        note(&found, merging->entries[i]);
    pthread_mutex_unlock(&ids->mutex);
    return found.count;
}

/* --- a transaction --- */

/* INVARIANT: what is handed out here is in the table when the transaction stands, and only then leaves memory
 * (drop_merged). Between the two it is in both, which a lookup cannot tell. */
struct fresh_portion fresh_ids_portion(struct fresh_ids *ids)
{
    ASSERT(ids->portion == 0 && ids->change_count == 0);
    size_t left = ids->merging.count - ids->merged;
    if (left == 0 || ids->due < MIN(left, MAX(ids->count_max / PORTIONS, 1)))
        return (struct fresh_portion){0};

    ids->portion = MIN(ids->due, left);
    return (struct fresh_portion){
        .ids = (const struct fresh_id *const *)&ids->merging.entries[ids->merged],
        .count = ids->portion,
        .settled = ids->portion == left ? ids->merging_until : 0,
    };
}

/* Room for one more in an array that doubles. */
static void *grown(void *items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 64;
    items = reallocarray(items, *capacity, item_size);
    ASSERT(items);
    return items;
}

static void stage(struct fresh_ids *ids, struct fresh_change change)
{
    ids->changes = grown(ids->changes, ids->change_count, &ids->change_capacity, sizeof *ids->changes);
    ids->changes[ids->change_count++] = change;
}

bool fresh_ids_add(struct fresh_ids *ids, uint32_t hub, struct bytes instance_id, int64_t key)
{
    if (key <= ids->settled || (ids->merging.count > 0 && key <= ids->merging_until))
        return false;

    struct fresh_entry *entry = arena_alloc(&ids->filling.arena, sizeof *entry);
    ASSERT(entry);
    entry->name = name_new(&ids->filling.arena, hub, instance_id);
    entry->id = (struct fresh_id){
        .hub = hub,
        .instance_id = bytes_of(entry->name.data + HUB_SIZE, instance_id.size),
        .key = key,
    };
    stage(ids, (struct fresh_change){.added = entry, .key = key});
    return true;
}

void fresh_ids_remove(struct fresh_ids *ids, uint32_t hub, struct bytes instance_id, int64_t key)
{
    stage(ids, (struct fresh_change){.removed = name_new(&ids->names, hub, instance_id), .key = key});
}

static void changes_drop(struct fresh_ids *ids)
{
    ids->change_count = 0;
    ids->portion = 0;
    arena_reset(&ids->names);
}

/* Names that were made for it stay in the arena of their generation, unused: a failed transaction is rare. */
void fresh_ids_rollback(struct fresh_ids *ids)
{
    changes_drop(ids);
}

/* --- what a commit does --- */

static void add(struct fresh_ids *ids, struct fresh_entry *entry)
{
    struct generation *filling = &ids->filling;
    filling->entries =
        grown((void *)filling->entries, filling->count, &filling->capacity, sizeof *filling->entries);
    filling->entries[filling->count++] = entry;
    ids->key_last = MAX(ids->key_last, entry->id.key);
    enum status status = map_put(&ids->map, entry->name, entry);
    ASSERT(status == STATUS_OK);
    if (ids->merging.count > 0)
        ids->due += DUE_FOR_EACH;
}

/* A namesake that was started since keeps its place. */
static void take_out(struct fresh_ids *ids, struct bytes name, int64_t key)
{
    struct fresh_entry *entry = map_get(&ids->map, name);
    if (!entry || entry->id.key != key)
        return;
    (void)map_take(&ids->map, name);
    entry->id.key = 0;
}

static void drop_merged(struct fresh_ids *ids)
{
    struct generation *merging = &ids->merging;
    for (size_t i = 0; i < ids->portion; i++) {
        struct fresh_entry *entry = merging->entries[ids->merged + i];
        if (entry->id.key != 0)
            take_out(ids, entry->name, entry->id.key);
    }
    ids->merged += ids->portion;
    ids->due -= ids->portion;
    if (ids->portion == 0 || ids->merged < merging->count)
        return;
    generation_fini(merging);
    ids->settled = ids->merging_until;
    ids->merged = ids->due = 0;
}

static int by_name(const void *left, const void *right)
{
    return bytes_compare((*(struct fresh_entry *const *)left)->name,
                         (*(struct fresh_entry *const *)right)->name);
}

/* What is full becomes what is merged, if that place is free. Sorted beside the mutex, in a copy. */
static void turn_over(struct fresh_ids *ids)
{
    struct generation *filling = &ids->filling;
    bool full = filling->count >= ids->count_max || filling->arena.used >= GENERATION_SIZE_MAX;
    if (!full || filling->count == 0 || ids->merging.count > 0)
        return;
    struct fresh_entry **sorted = reallocarray(NULL, filling->count, sizeof *sorted);
    ASSERT(sorted);
    memcpy((void *)sorted, (void *)filling->entries, filling->count * sizeof *sorted);
    qsort((void *)sorted, filling->count, sizeof *sorted, by_name);

    struct fresh_entry **former = filling->entries;
    pthread_mutex_lock(&ids->mutex);
    ids->merging = *filling;
    ids->merging.entries = sorted;
    *filling = (struct generation){0};
    arena_init(&filling->arena, ARENA_SIZE_MAX);
    pthread_mutex_unlock(&ids->mutex);
    free((void *)former);
    ids->merging_until = ids->key_last;
}

/* ORDER: what the transaction has put into the table leaves first, then its additions and removals come in the
 * order in which they were made. All under one lock: a reader sees the set before or behind it. */
void fresh_ids_commit(struct fresh_ids *ids)
{
    pthread_mutex_lock(&ids->mutex);
    drop_merged(ids);
    for (size_t i = 0; i < ids->change_count; i++) {
        const struct fresh_change *change = &ids->changes[i];
        if (change->added)
            add(ids, change->added);
        else
            take_out(ids, change->removed, change->key);
    }
    pthread_mutex_unlock(&ids->mutex);
    changes_drop(ids);
    turn_over(ids);
}
