/* SPDX-License-Identifier: MIT */
/* buf.h — an owned, growing run of bytes with a limit.
 * Zero-initialise or buf_init; buf_fini frees and may be called twice. Growth past `limit` fails and changes
 * nothing. A failed append sets `failed`, and every later append fails too, so a writer may append freely and
 * check once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/bytes.h"

#define BUF_LIMIT_DEFAULT ((size_t)64 << 20) /* bytes */

struct buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit; /* most bytes it may hold; 0 means BUF_LIMIT_DEFAULT */
    bool failed;
};

void buf_init(struct buf *buf, size_t limit);
/* Frees the storage and leaves an empty buffer with the same limit. NULL is allowed. */
void buf_fini(struct buf *buf);
/* Empties without freeing; clears `failed`. */
void buf_clear(struct buf *buf);
/* Room for `more` bytes behind the end. NO_MEMORY, or TOO_LARGE over the limit. */
STATUS_RESULT buf_reserve(struct buf *buf, size_t more);
/* Appending never returns a status; see `failed`. */
void buf_append(struct buf *buf, const void *data, size_t size);
void buf_append_bytes(struct buf *buf, struct bytes bytes);
void buf_append_cstr(struct buf *buf, const char *text);
void buf_append_byte(struct buf *buf, uint8_t byte);
void buf_append_fmt(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Drops `size` bytes (clamped) from the front. */
void buf_consume(struct buf *buf, size_t size);
/* OK, or why an append failed. */
STATUS_RESULT buf_status(const struct buf *buf);

/* Valid until the next call that changes `buf`. */
static inline struct bytes buf_peek(const struct buf *buf)
{
    return (struct bytes){buf->data, buf->size};
}

#endif
