/* SPDX-License-Identifier: MIT */
/* directory_memory.h — all objects of a directory, in memory: found by a unique value, walked by kind. Owns them. Writes nothing;
 * what is on disk is directory_file.h's, and that both agree is directory.c's. Loop's thread. */
#ifndef STORE_DIRECTORY_DIRECTORY_MEMORY_H
#define STORE_DIRECTORY_DIRECTORY_MEMORY_H

#include <stdalign.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "store/directory/directory_file.h"
#include "store/directory/object.h"
#include "store/directory/record.h"

/* An object; its struct stands behind. */
struct directory_held {
    struct list link; /* of its kind */
    enum directory_kind kind;
    struct arena arena;                 /* its texts and keys */
    struct bytes keys[RECORD_KEYS_MAX]; /* the first is its id's */
    size_t key_count;
    alignas(max_align_t) unsigned char object[];
};

struct directory_memory {
    struct map index; /* key of a unique value → directory_held */
    struct list kinds[DIRECTORY_KINDS];
    size_t counts[DIRECTORY_KINDS];
};

void directory_memory_init(struct directory_memory *memory);
/* Frees all objects. */
void directory_memory_fini(struct directory_memory *memory);

/* An object from its record, in no memory yet: the caller's. As record_read; NO_MEMORY. */
STATUS_RESULT directory_held_read(enum directory_kind kind, struct bytes body,
                                  struct directory_held **ret_held, struct err *err);
/* NULL allowed. */
void directory_held_free(struct directory_held *held);

/* Takes the object; NO_MEMORY: it is still the caller's. None of its keys may be there. */
STATUS_RESULT directory_memory_enter(struct directory_memory *memory, struct directory_held *held);
/* Gives it back to the caller. */
void directory_memory_leave(struct directory_memory *memory, struct directory_held *held);
/* The new one stands where the one of the same id stood, so that lists keep their order; the old one is freed. */
STATUS_RESULT directory_memory_replace(struct directory_memory *memory, struct directory_held *held);
/* A row of the file becomes an object; `context` is the memory. DATA_LOSS for a row of no kind; as directory_held_read. */
STATUS_RESULT directory_memory_load(void *context, const struct directory_row *row, struct err *err);

/* The object of the same id, or NULL. */
struct directory_held *directory_memory_same(const struct directory_memory *memory,
                                             const struct directory_held *held);
/* Who has this key (record_key), or NULL. */
struct directory_held *directory_memory_holder(const struct directory_memory *memory, struct bytes key);
/* Who has this value in a field that is unique, or NULL. */
const struct directory_held *directory_memory_find(const struct directory_memory *memory,
                                                   enum directory_kind kind, const char *field,
                                                   struct bytes value);
/* The struct of the object behind `after` (NULL: the first) in the order in which they came, or NULL. */
const void *directory_memory_next(const struct directory_memory *memory, enum directory_kind kind,
                                  const void *after);

#endif
