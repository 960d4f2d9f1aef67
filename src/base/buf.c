/* SPDX-License-Identifier: MIT */
/* buf.c — growth by doubling, never past the limit. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define BUF_CAPACITY_MIN 256 /* bytes */

static size_t limit_of(const struct buf *buf)
{
    return buf->limit ? buf->limit : BUF_LIMIT_DEFAULT;
}

void buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf){.limit = limit};
}

void buf_fini(struct buf *buf)
{
    if (!buf)
        return;
    free(buf->data);
    *buf = (struct buf){.limit = buf->limit};
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

enum status buf_reserve(struct buf *buf, size_t more)
{
    size_t limit = limit_of(buf);
    if (more > limit || buf->size > limit - more)
        return STATUS_TOO_LARGE;
    size_t need = buf->size + more;
    if (need <= buf->capacity)
        return STATUS_OK;
    size_t capacity = MAX(buf->capacity, BUF_CAPACITY_MIN);
    while (capacity < need)
        capacity *= 2;
    uint8_t *data = realloc(buf->data, capacity);
    if (!data)
        return STATUS_NO_MEMORY;
    buf->data = data;
    buf->capacity = capacity;
    return STATUS_OK;
}

void buf_append(struct buf *buf, const void *data, size_t size)
{
    if (size == 0)
        return;
    if (buf->failed || buf_reserve(buf, size) != STATUS_OK) {
        buf->failed = true;
        return;
    }
    memcpy(buf->data + buf->size, data, size);
    buf->size += size;
}

void buf_append_bytes(struct buf *buf, struct bytes bytes)
{
    buf_append(buf, bytes.data, bytes.size);
}

void buf_append_cstr(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_append_byte(struct buf *buf, uint8_t byte)
{
    buf_append(buf, &byte, 1);
}

void buf_append_fmt(struct buf *buf, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || buf->failed || buf_reserve(buf, (size_t)n + 1) != STATUS_OK) {
        buf->failed = true;
        return;
    }
    va_start(ap, fmt);
    vsnprintf((char *)buf->data + buf->size, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf->size += (size_t)n;
}

void buf_consume(struct buf *buf, size_t size)
{
    size = MIN(size, buf->size);
    if (size == 0)
        return;
    memmove(buf->data, buf->data + size, buf->size - size);
    buf->size -= size;
}

enum status buf_status(const struct buf *buf)
{
    return buf->failed ? STATUS_NO_MEMORY : STATUS_OK;
}
