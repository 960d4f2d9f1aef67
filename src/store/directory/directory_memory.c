/* SPDX-License-Identifier: MIT */
/* directory_memory.c — lists by kind, and one index of all unique values: a key is kind, field and value.
 * INVARIANT: an object is in the list of its kind exactly while all of its keys are in the index. */
#include "store/directory/directory_memory.h"

#include <stdlib.h>

#include "os/clock.h"
#include "store/directory/record.h"

void directory_memory_init(struct directory_memory *memory)
{
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    map_init(&memory->index, seed[0], seed[1]);
    for (size_t kind = 0; kind < DIRECTORY_KINDS; kind++)
        list_init(&memory->kinds[kind]);
}

void directory_memory_fini(struct directory_memory *memory)
{
    for (size_t kind = 0; kind < DIRECTORY_KINDS; kind++) {
        struct list *link;
        while ((link = list_pop_front(&memory->kinds[kind])))
            directory_held_free(CONTAINER_OF(link, struct directory_held, link));
    }
    map_fini(&memory->index);
}

/* --- objects --- */

void directory_held_free(struct directory_held *held)
{
    if (!held)
        return;
    arena_fini(&held->arena);
    free(held);
}

enum status directory_held_read(enum directory_kind kind, struct bytes body, struct directory_held **ret_held,
                                struct err *err)
{
    struct directory_held *held = calloc(1, sizeof *held + record_size(kind));
    if (!held)
        return err_no_memory(err);
    held->kind = kind;
    list_init(&held->link);
    enum status status = record_read(kind, body, &held->arena, held->object, err);
    if (status == STATUS_OK &&
        (status = record_keys(kind, held->object, &held->arena, held->keys, &held->key_count)) != STATUS_OK)
        (void)err_no_memory(err);
    if (status != STATUS_OK) {
        directory_held_free(held);
        return status;
    }
    *ret_held = held;
    return STATUS_OK;
}

/* --- where they stand --- */

struct directory_held *directory_memory_same(const struct directory_memory *memory,
                                             const struct directory_held *held)
{
    return map_get(&memory->index, held->keys[0]);
}

void directory_memory_leave(struct directory_memory *memory, struct directory_held *held)
{
    for (size_t i = 0; i < held->key_count; i++)
        (void)map_take(&memory->index, held->keys[i]);
    list_remove(&held->link);
    memory->counts[held->kind]--;
}

enum status directory_memory_enter(struct directory_memory *memory, struct directory_held *held)
{
    for (size_t i = 0; i < held->key_count; i++) {
        if (map_put(&memory->index, held->keys[i], held) != STATUS_OK) {
            while (i-- > 0)
                (void)map_take(&memory->index, held->keys[i]);
            return STATUS_NO_MEMORY;
        }
    }
    list_push_back(&memory->kinds[held->kind], &held->link);
    memory->counts[held->kind]++;
    return STATUS_OK;
}

enum status directory_memory_replace(struct directory_memory *memory, struct directory_held *held)
{
    struct directory_held *old = directory_memory_same(memory, held);
    struct list *before = old->link.prev;
    directory_memory_leave(memory, old);
    enum status status = directory_memory_enter(memory, held);
    list_remove(&held->link);
    list_push_front(before, &held->link);
    directory_held_free(old);
    return status;
}

enum status directory_memory_load(void *context, const struct directory_row *row, struct err *err)
{
    struct directory_memory *memory = context;
    if (row->kind <= 0 || row->kind >= DIRECTORY_KINDS)
        return err_set(err, STATUS_DATA_LOSS, "there is a record of the unknown kind %d", row->kind);
    struct directory_held *held = NULL;
    enum status status = directory_held_read((enum directory_kind)row->kind, row->body, &held, err);
    if (status != STATUS_OK)
        return status;
    status = directory_memory_enter(memory, held);
    if (status != STATUS_OK) {
        directory_held_free(held);
        return err_no_memory(err);
    }
    return STATUS_OK;
}

/* --- looked for --- */

struct directory_held *directory_memory_holder(const struct directory_memory *memory, struct bytes key)
{
    return map_get(&memory->index, key);
}

const struct directory_held *directory_memory_find(const struct directory_memory *memory,
                                                   enum directory_kind kind, const char *field,
                                                   struct bytes value)
{
    if (value.size == 0 || value.size > DIRECTORY_TEXT_MAX)
        return NULL;
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct bytes key = record_key(kind, field, value, &arena);
    return key.data ? map_get(&memory->index, key) : NULL;
}

const void *directory_memory_next(const struct directory_memory *memory, enum directory_kind kind,
                                  const void *after)
{
    const struct list *head = &memory->kinds[kind];
    const struct list *link = head->next;
    if (after)
        link = CONTAINER_OF(after, const struct directory_held, object)->link.next;
    return link == head ? NULL : CONTAINER_OF(link, const struct directory_held, link)->object;
}
