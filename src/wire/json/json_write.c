/* SPDX-License-Identifier: MIT */
/* json_write.c — one value after the other into a buffer. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "wire/json/json.h"

/* Appends bytes that need no escape up to the next that does; returns how many. */
static size_t append_plain(struct buf *out, struct bytes text)
{
    size_t n = 0;
    while (n < text.size && text.data[n] >= 0x20 && text.data[n] < 0x80 && text.data[n] != '"' &&
           text.data[n] != '\\')
        n++;
    buf_append(out, text.data, n);
    return n;
}

static void append_escaped(struct buf *out, uint8_t byte)
{
    static const char *const short_forms[128] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r",
        ['\t'] = "\\t", ['\b'] = "\\b",  ['\f'] = "\\f"};
    if (short_forms[byte])
        buf_append_cstr(out, short_forms[byte]);
    else
        buf_append_fmt(out, "\\u%04x", byte);
}

/* The size of the well-formed character above ASCII at the front of `text`, or 0. */
static size_t character_size(struct bytes text)
{
    size_t size = utf8_lead_size(text.data[0]);
    if (text.size < size || !bytes_utf8_valid(bytes_slice(text, 0, size)))
        return 0;
    return size;
}

bool json_append_string(struct buf *out, struct bytes text, bool replace_invalid)
{
    if (!replace_invalid && !bytes_utf8_valid(text))
        return false;
    buf_append_byte(out, '"');
    for (size_t at = 0; at < text.size;) {
        struct bytes rest = bytes_slice(text, at, SIZE_MAX);
        size_t used = append_plain(out, rest);
        if (used == 0 && rest.data[0] < 0x80) {
            append_escaped(out, rest.data[0]);
            used = 1;
        } else if (used == 0 && (used = character_size(rest)) > 0) {
            buf_append(out, rest.data, used);
        } else if (used == 0) {
            buf_append_cstr(out, "\xef\xbf\xbd");
            used = 1;
        }
        at += used;
    }
    buf_append_byte(out, '"');
    return true;
}

/* Before every value and key: the comma if one stands before it. */
static void separate(struct json_writer *json)
{
    if (json->comma)
        buf_append_byte(json->out, ',');
    json->comma = true;
}

static void begin(struct json_writer *json, bool object)
{
    ASSERT(json->depth < JSON_WRITE_DEPTH_MAX);
    separate(json);
    uint8_t bit = (uint8_t)(1u << (json->depth & 7));
    uint8_t *byte = &json->objects[json->depth >> 3];
    *byte = object ? *byte | bit : *byte & (uint8_t)~bit;
    json->depth++;
    json->comma = false;
    buf_append_byte(json->out, object ? '{' : '[');
}

static void end(struct json_writer *json, bool object)
{
    ASSERT(json->depth > 0);
    json->depth--;
    ASSERT(((json->objects[json->depth >> 3] >> (json->depth & 7)) & 1) == object);
    json->comma = true;
    buf_append_byte(json->out, object ? '}' : ']');
}

void json_write_begin_object(struct json_writer *json)
{
    begin(json, true);
}

void json_write_end_object(struct json_writer *json)
{
    end(json, true);
}

void json_write_begin_array(struct json_writer *json)
{
    begin(json, false);
}

void json_write_end_array(struct json_writer *json)
{
    end(json, false);
}

void json_write_string(struct json_writer *json, struct bytes value)
{
    separate(json);
    if (!json_append_string(json->out, value, json->replace_invalid))
        json->failed = true;
}

void json_write_key_bytes(struct json_writer *json, struct bytes name)
{
    json_write_string(json, name);
    buf_append_byte(json->out, ':');
    json->comma = false;
}

void json_write_key(struct json_writer *json, const char *name)
{
    json_write_key_bytes(json, bytes_of_cstr(name));
}

void json_write_cstr(struct json_writer *json, const char *value)
{
    if (value)
        json_write_string(json, bytes_of_cstr(value));
    else
        json_write_null(json);
}

void json_write_int(struct json_writer *json, int64_t value)
{
    separate(json);
    buf_append_fmt(json->out, "%lld", (long long)value);
}

void json_write_raw(struct json_writer *writer, struct bytes json)
{
    separate(writer);
    buf_append_bytes(writer->out, json);
}

void json_write_bool(struct json_writer *json, bool value)
{
    json_write_raw(json, value ? BYTES_LITERAL("true") : BYTES_LITERAL("false"));
}

void json_write_null(struct json_writer *json)
{
    json_write_raw(json, BYTES_LITERAL("null"));
}

void json_write_member_string(struct json_writer *json, const char *name, struct bytes value)
{
    json_write_key(json, name);
    json_write_string(json, value);
}

void json_write_member_cstr(struct json_writer *json, const char *name, const char *value)
{
    json_write_key(json, name);
    json_write_cstr(json, value);
}

void json_write_member_int(struct json_writer *json, const char *name, int64_t value)
{
    json_write_key(json, name);
    json_write_int(json, value);
}

void json_write_member_bool(struct json_writer *json, const char *name, bool value)
{
    json_write_key(json, name);
    json_write_bool(json, value);
}

enum status json_write_status(const struct json_writer *json)
{
    ASSERT(json->depth == 0 || json->failed || json->out->failed);
    if (json->out->failed)
        return STATUS_NO_MEMORY;
    return json->failed ? STATUS_MALFORMED : STATUS_OK;
}

/* --- whole values --- */

/* What is rare: a number with a point, whose digits it knows how to set, and what lies too deep for this walk. */
static void append_by_jansson(struct buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text)
        buf_append_cstr(out, text);
    else
        out->failed = true;
    free(text);
}

static void append_value(struct buf *out, const json_t *value, size_t depth);

static void append_object(struct buf *out, json_t *object, size_t depth)
{
    bool is_first = true;
    buf_append_byte(out, '{');
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        if (!is_first)
            buf_append_byte(out, ',');
        is_first = false;
        (void)json_append_string(out, bytes_of(json_object_iter_key(at), json_object_iter_key_len(at)),
                                 false); /* jansson's texts are UTF-8 */
        buf_append_byte(out, ':');
        append_value(out, json_object_iter_value(at), depth + 1);
    }
    buf_append_byte(out, '}');
}

static void append_array(struct buf *out, const json_t *array, size_t depth)
{
    buf_append_byte(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        append_value(out, json_array_get(array, i), depth + 1);
    }
    buf_append_byte(out, ']');
}

static void append_value(struct buf *out, const json_t *value, size_t depth)
{
    static const char *const words[] = {[JSON_TRUE] = "true", [JSON_FALSE] = "false", [JSON_NULL] = "null"};
    const json_type type = json_typeof(value);
    if (out->failed)
        return; /* at the bottom of a circle */
    if (type == JSON_REAL || depth > JSON_WRITE_DEPTH_MAX)
        append_by_jansson(out, value);
    else if (type == JSON_OBJECT)
        append_object(out, (json_t *)value, depth); /* its iterators take no const */
    else if (type == JSON_ARRAY)
        append_array(out, value, depth);
    else if (type == JSON_STRING)
        (void)json_append_string(out, json_bytes(value), false);
    else if (type == JSON_INTEGER)
        buf_append_fmt(out, "%lld", (long long)json_integer_value(value));
    else
        buf_append_cstr(out, words[type]);
}

void json_append_value(struct buf *out, const json_t *value)
{
    append_value(out, value, 0);
}
