/* SPDX-License-Identifier: MIT */
/* memory.h — allocation inside a decision.
 * A decision is half made when memory runs out, and what is in memory no longer fits what is on disk. The
 * only safe way out is the one a power cut takes: stop, and start again from the store. So these functions
 * never return NULL; they end the process. Sizes that peers choose are bounded before they come here. */
#ifndef CORE_TASK_MEMORY_H
#define CORE_TASK_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Ends the process if `allocated` is NULL: for results of calloc and arena_alloc. */
static inline void *memory_must(void *allocated)
{
    ASSERT(allocated && "out of memory");
    return allocated;
}

static inline void memory_must_ok(enum status status)
{
    ASSERT(status == STATUS_OK && "out of memory");
}

/* Zeroed; free() releases it. */
static inline void *memory_new(size_t size)
{
    return memory_must(calloc(1, size));
}

/* A heap copy with its NUL. */
static inline char *memory_copy_text(const char *text)
{
    return (char *)memory_must(strdup(text));
}

/* A copy in the arena; an empty one has a valid `data`. */
static inline struct bytes memory_arena_copy(struct arena *arena, struct bytes bytes)
{
    struct bytes copy = arena_copy(arena, bytes);
    ASSERT(copy.data && "out of memory");
    return copy;
}

#endif
