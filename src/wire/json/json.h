/* SPDX-License-Identifier: MIT */
/* json.h — reading JSON strictly (RFC 8259) and writing it without building a tree.
 * Reading is jansson's work; this layer bounds it first, in one pass over the bytes: size, depth (jansson
 * itself recurses to 2048) and the number of values, because a value costs a hundred bytes and "[[],[],…"
 * would be a bomb. Strings may hold U+0000, so they are read as `struct bytes`, never as C strings. Invalid
 * UTF-8, lone surrogates, numbers that do not fit and text behind the value are refused. */
#ifndef WIRE_JSON_JSON_H
#define WIRE_JSON_JSON_H

#include <jansson.h>

#include "base/buf.h"

#define JSON_DEPTH_MAX_DEFAULT  100
#define JSON_VALUES_MAX_DEFAULT ((size_t)256 << 10)
#define JSON_SIZE_MAX_DEFAULT   ((size_t)32 << 20) /* bytes */

struct json_limits { /* zero fields take the default above */
    size_t size_max;
    size_t depth_max; /* nested arrays and objects; over 2048 jansson refuses by itself */
    size_t values_max;
    bool last_duplicate_wins; /* false: a member given twice is refused */
};

/* Reads one value of any type. `limits` may be NULL. On success the caller owns `*ret_value` (json_decref).
 * TOO_LARGE: too long or too many values; MALFORMED: not JSON or nested too deeply, `err` says where. */
STATUS_RESULT json_parse(struct bytes text, const struct json_limits *limits, json_t **ret_value,
                         struct err *err);
/* For CLEANUP(json_release) json_t *v = NULL. */
static inline void json_release(json_t **value)
{
    json_decref(*value);
}

/* The bytes of a string value, valid as long as the value; data NULL if `value` is NULL or no string. */
struct bytes json_bytes(const json_t *value);

/* The text of a member, borrowed; NULL, or bytes without data, if `object` has no text of that name. `object` may be NULL, or
 * no object. */
static inline const char *json_member_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static inline struct bytes json_member_bytes(const json_t *object, const char *name)
{
    return json_bytes(json_object_get(object, name));
}

/* A number without a fraction: JSON has no other kind, and some clients write 5 as 5.0. False: it is none, or does not fit; `*ret_number`
 * is untouched then. `value` may be NULL. */
bool json_whole(const json_t *value, int64_t *ret_number);
/* The first member whose name equals `name` without regard to ASCII case, or NULL. */
json_t *json_get_nocase(const json_t *object, const char *name);

/* --- writing --- */

#define JSON_WRITE_DEPTH_MAX 128 /* deeper nesting is a programmer's error */

/* Writes into the caller's `out`; commas and colons are put where they belong. Zero-initialise with `out`.
 * Nothing returns a status: an append that fails marks `out`, and json_write_status says so at the end. */
struct json_writer {
    struct buf *out;
    bool replace_invalid; /* bad UTF-8 becomes U+FFFD; false: it marks the writer as failed */
    bool comma;           /* a value stands before in this array or object */
    bool failed;
    uint8_t depth;
    uint8_t objects[JSON_WRITE_DEPTH_MAX / 8]; /* a bit a level: object or array */
};

void json_write_begin_object(struct json_writer *json);
void json_write_end_object(struct json_writer *json);
void json_write_begin_array(struct json_writer *json);
void json_write_end_array(struct json_writer *json);
/* `name` is UTF-8 without NUL. */
void json_write_key(struct json_writer *json, const char *name);
void json_write_key_bytes(struct json_writer *json, struct bytes name);
void json_write_string(struct json_writer *json, struct bytes value);
/* NULL writes null. */
void json_write_cstr(struct json_writer *json, const char *value);
void json_write_int(struct json_writer *json, int64_t value);
void json_write_bool(struct json_writer *json, bool value);
void json_write_null(struct json_writer *json);
/* `json` must be one JSON value already; it is copied as it is. */
void json_write_raw(struct json_writer *writer, struct bytes json);
/* A key and its value in one step. A C string NULL writes null. */
void json_write_member_string(struct json_writer *json, const char *name, struct bytes value);
void json_write_member_cstr(struct json_writer *json, const char *name, const char *value);
void json_write_member_int(struct json_writer *json, const char *name, int64_t value);
void json_write_member_bool(struct json_writer *json, const char *name, bool value);
/* OK when all was written and every begin had its end (else it asserts). NO_MEMORY: `out` is full;
 * MALFORMED: bad UTF-8 without replace_invalid. */
STATUS_RESULT json_write_status(const struct json_writer *json);

/* `text` as a JSON string with its quotes. False (and nothing written) for bad UTF-8 unless
 * `replace_invalid`. */
bool json_append_string(struct buf *out, struct bytes text, bool replace_invalid);

/* The value as json_dumps writes it, compact and with the members in their order, at a fraction of what that costs: it prints a pointer
 * for each object, to find circles. `value` is not NULL, and not changed. buf_status says whether `out` has all of it. */
void json_append_value(struct buf *out, const json_t *value);

#endif
