/* SPDX-License-Identifier: MIT */
/* arena.h — memory with one lifetime, freed in one step.
 * Name an arena by its lifetime (`req->arena`, `turn_arena`). Allocation returns NULL when the system has no
 * memory or the arena's limit is reached: sizes that a peer chose are bounded here. One thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t used;  /* bytes handed out */
    size_t limit; /* most bytes it may hand out */
};

/* An empty arena that may hand out `limit` bytes (0: ARENA_LIMIT_DEFAULT). Allocates nothing yet. */
#define ARENA_LIMIT_DEFAULT ((size_t)256 << 20) /* bytes */
void arena_init(struct arena *arena, size_t limit);
/* Frees everything handed out. NULL and a zeroed arena are allowed; the arena may be used again. */
void arena_fini(struct arena *arena);
/* Empties the arena but keeps its first block for the next use. */
void arena_reset(struct arena *arena);
/* `size` bytes aligned for any type, zeroed; NULL as above. A size of 0 gives a valid pointer. */
MUST_USE void *arena_alloc(struct arena *arena, size_t size);
/* As above for `count` items, NULL on overflow. */
MUST_USE void *arena_alloc_array(struct arena *arena, size_t count, size_t item_size);
/* A copy of `bytes` in the arena followed by a NUL that is not counted; data is NULL on failure. */
MUST_USE struct bytes arena_copy(struct arena *arena, struct bytes bytes);
/* A NUL-terminated copy, or NULL. Bytes behind a NUL in `bytes` are kept but a C reader will not see them. */
MUST_USE char *arena_cstr(struct arena *arena, struct bytes bytes);
/* Formatted text in the arena, or NULL. */
MUST_USE char *arena_fmt(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
