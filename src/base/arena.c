/* SPDX-License-Identifier: MIT */
/* arena.c — a chain of malloc'ed blocks, bump-allocated. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_BLOCK_SIZE ((size_t)16 << 10) /* bytes of a normal block */
#define ARENA_ALIGN      ((size_t)16)

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    _Alignas(16) uint8_t data[];
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_fini(struct arena *arena)
{
    if (!arena)
        return;
    free_blocks(arena->head);
    arena->head = NULL;
    arena->used = 0;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *keep = arena->head;
    arena->used = 0;
    if (!keep)
        return;
    free_blocks(keep->next);
    keep->next = NULL;
    if (keep->size > ARENA_BLOCK_SIZE) { /* do not hold on to one big block for ever */
        free(keep);
        arena->head = NULL;
        return;
    }
    keep->used = 0;
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
    size_t data_size = MAX(size, ARENA_BLOCK_SIZE);
    struct arena_block *block = malloc(sizeof *block + data_size);
    if (!block)
        return NULL;
    block->used = 0;
    block->size = data_size;
    block->next = arena->head;
    arena->head = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t limit = arena->limit ? arena->limit : ARENA_LIMIT_DEFAULT;
    if (size > limit || arena->used > limit - size || size > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    size_t rounded = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    struct arena_block *block = arena->head;
    if (!block || block->size - block->used < rounded)
        block = add_block(arena, rounded);
    if (!block)
        return NULL;
    void *p = block->data + block->used;
    block->used += rounded;
    arena->used += size;
    memset(p, 0, rounded);
    return p;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return arena_alloc(arena, size);
}

char *arena_cstr(struct arena *arena, struct bytes bytes)
{
    if (bytes.size == SIZE_MAX)
        return NULL;
    char *p = arena_alloc(arena, bytes.size + 1);
    if (p && bytes.size)
        memcpy(p, bytes.data, bytes.size);
    return p;
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    char *p = arena_cstr(arena, bytes);
    return (struct bytes){(const uint8_t *)p, p ? bytes.size : 0};
}

char *arena_fmt(struct arena *arena, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1);
    if (!p)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}
