/* SPDX-License-Identifier: MIT */
/* bytes.h — a borrowed run of bytes, passed by value.
 * Owns nothing: whoever made it says how long it is valid. May hold NUL and any byte; `data` may be NULL only
 * when `size` is 0. Turned into a C string only at a system call's edge. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

struct bytes {
    const uint8_t *data;
    size_t size;
};

#define BYTES_LITERAL(s) ((struct bytes){(const uint8_t *)(s), sizeof(s) - 1})
/* For printf's "%.*s". Sizes above INT_MAX are cut. */
#define BYTES_FMT(b)                                                                                         \
    (int)MIN((b).size, 0x7fffffffu), (const char *)((b).data ? (b).data : (const uint8_t *)"")

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){(const uint8_t *)data, size};
}

/* `text` may be NULL: the result is then empty. */
static inline struct bytes bytes_of_cstr(const char *text)
{
    return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

static inline bool bytes_equal(struct bytes bytes, struct bytes other)
{
    return bytes.size == other.size && (bytes.size == 0 || memcmp(bytes.data, other.data, bytes.size) == 0);
}

static inline bool bytes_equal_cstr(struct bytes bytes, const char *text)
{
    return bytes_equal(bytes, bytes_of_cstr(text));
}

/* The part from `from` (clamped) with at most `size` bytes. */
static inline struct bytes bytes_slice(struct bytes bytes, size_t from, size_t size)
{
    if (from > bytes.size)
        from = bytes.size;
    return (struct bytes){bytes.data ? bytes.data + from : NULL, MIN(size, bytes.size - from)};
}

static inline bool bytes_starts_with(struct bytes bytes, struct bytes prefix)
{
    return bytes.size >= prefix.size && bytes_equal(bytes_slice(bytes, 0, prefix.size), prefix);
}

/* Compares as unsigned bytes, shorter first on a tie: <0, 0, >0. */
int bytes_compare(struct bytes bytes, struct bytes other);
/* ASCII letters without regard to case; all other bytes exactly. */
bool bytes_equal_nocase(struct bytes bytes, struct bytes other);
bool bytes_starts_with_nocase(struct bytes bytes, struct bytes prefix);
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct bytes bytes_trim(struct bytes bytes);
/* Splits at the first `sep`: returns what stands before it and moves `*rest` behind it. Without a `sep` the
 * whole is returned and `*rest` becomes empty with data NULL. */
struct bytes bytes_split(struct bytes *rest, char sep);
/* Index of the first `needle`, or `haystack.size` if there is none. An empty needle is at 0. */
size_t bytes_find(struct bytes haystack, struct bytes needle);
/* A decimal number without sign or blanks. MALFORMED if empty, not digits, or over UINT64_MAX. */
STATUS_RESULT bytes_parse_u64(struct bytes bytes, uint64_t *ret_value);
/* As above with an optional leading '-'. */
STATUS_RESULT bytes_parse_i64(struct bytes bytes, int64_t *ret_value);
/* True if `bytes` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool bytes_utf8_valid(struct bytes bytes);
/* True if `bytes`, which is UTF-8, is empty or all white space in Unicode's sense (property White_Space). */
bool bytes_utf8_blank(struct bytes bytes);
/* The longest prefix of `bytes` of at most `max` bytes that does not cut a UTF-8 character. */
struct bytes bytes_utf8_prefix(struct bytes bytes, size_t max);

#endif
