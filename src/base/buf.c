/* SPDX-License-Identifier: MIT */
/* buf.c — growth by doubling, never past the limit. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define BUF_CAPACITY_MIN 256 /* bytes */

static size_t limit_of(const struct buf *b)
{
    return b->limit ? b->limit : BUF_LIMIT_DEFAULT;
}

void buf_init(struct buf *b, size_t limit)
{
    *b = (struct buf){.limit = limit};
}

void buf_fini(struct buf *b)
{
    if (!b)
        return;
    free(b->data);
    *b = (struct buf){.limit = b->limit};
}

void buf_clear(struct buf *b)
{
    b->size = 0;
    b->failed = false;
}

enum status buf_reserve(struct buf *b, size_t more)
{
    size_t limit = limit_of(b);
    if (more > limit || b->size > limit - more)
        return STATUS_TOO_LARGE;
    size_t need = b->size + more;
    if (need <= b->capacity)
        return STATUS_OK;
    size_t capacity = MAX(b->capacity, BUF_CAPACITY_MIN);
    while (capacity < need)
        capacity *= 2;
    uint8_t *data = realloc(b->data, capacity);
    if (!data)
        return STATUS_NO_MEMORY;
    b->data = data;
    b->capacity = capacity;
    return STATUS_OK;
}

void buf_append(struct buf *b, const void *data, size_t size)
{
    if (size == 0)
        return;
    if (b->failed || buf_reserve(b, size) != STATUS_OK) {
        b->failed = true;
        return;
    }
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

void buf_append_bytes(struct buf *b, struct bytes bytes)
{
    buf_append(b, bytes.data, bytes.size);
}

void buf_append_cstr(struct buf *b, const char *s)
{
    buf_append(b, s, strlen(s));
}

void buf_append_byte(struct buf *b, uint8_t byte)
{
    buf_append(b, &byte, 1);
}

void buf_append_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || b->failed || buf_reserve(b, (size_t)n + 1) != STATUS_OK) {
        b->failed = true;
        return;
    }
    va_start(ap, fmt);
    vsnprintf((char *)b->data + b->size, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->size += (size_t)n;
}

void buf_consume(struct buf *b, size_t size)
{
    size = MIN(size, b->size);
    if (size == 0)
        return;
    memmove(b->data, b->data + size, b->size - size);
    b->size -= size;
}

enum status buf_status(const struct buf *b)
{
    return b->failed ? STATUS_NO_MEMORY : STATUS_OK;
}
