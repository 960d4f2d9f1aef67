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

void arena_init(struct arena *a, size_t limit)
{
    *a = (struct arena){.limit = limit};
}

static void free_blocks(struct arena_block *b)
{
    while (b) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_fini(struct arena *a)
{
    if (!a)
        return;
    free_blocks(a->head);
    a->head = NULL;
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    struct arena_block *keep = a->head;
    a->used = 0;
    if (!keep)
        return;
    free_blocks(keep->next);
    keep->next = NULL;
    if (keep->size > ARENA_BLOCK_SIZE) { /* do not hold on to one big block for ever */
        free(keep);
        a->head = NULL;
        return;
    }
    keep->used = 0;
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
    size_t data_size = MAX(size, ARENA_BLOCK_SIZE);
    struct arena_block *b = malloc(sizeof *b + data_size);
    if (!b)
        return NULL;
    b->used = 0;
    b->size = data_size;
    b->next = a->head;
    a->head = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t limit = a->limit ? a->limit : ARENA_LIMIT_DEFAULT;
    if (size > limit || a->used > limit - size || size > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    size_t rounded = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    struct arena_block *b = a->head;
    if (!b || b->size - b->used < rounded)
        b = add_block(a, rounded);
    if (!b)
        return NULL;
    void *p = b->data + b->used;
    b->used += rounded;
    a->used += size;
    memset(p, 0, rounded);
    return p;
}

void *arena_alloc_array(struct arena *a, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return arena_alloc(a, size);
}

char *arena_cstr(struct arena *a, struct bytes b)
{
    if (b.size == SIZE_MAX)
        return NULL;
    char *p = arena_alloc(a, b.size + 1);
    if (p && b.size)
        memcpy(p, b.data, b.size);
    return p;
}

struct bytes arena_copy(struct arena *a, struct bytes b)
{
    char *p = arena_cstr(a, b);
    return (struct bytes){(const uint8_t *)p, p ? b.size : 0};
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (!p)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}
