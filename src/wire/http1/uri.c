/* SPDX-License-Identifier: MIT */
/* uri.c — splitting and decoding without copies where there is nothing to decode. */
#include "wire/http1/uri.h"

#include "base/text.h"

/* The byte at `*at` decoded; moves `*at` behind it. */
static uint8_t decode_byte(struct bytes raw, size_t *at, bool plus_is_space)
{
    uint8_t c = raw.data[(*at)++];
    if (c == '+' && plus_is_space)
        return ' ';
    if (c != '%' || raw.size - *at < 2)
        return c;
    int high = ascii_hex_value(raw.data[*at]);
    int low = ascii_hex_value(raw.data[*at + 1]);
    if (high < 0 || low < 0)
        return c;
    *at += 2;
    return (uint8_t)(high << 4 | low);
}

struct bytes uri_decode(struct arena *arena, struct bytes raw, bool plus_is_space)
{
    bool plain = true;
    for (size_t i = 0; i < raw.size && plain; i++)
        plain = raw.data[i] != '%' && !(plus_is_space && raw.data[i] == '+');
    if (plain)
        return raw;
    uint8_t *out = arena_alloc(arena, raw.size);
    if (!out)
        return (struct bytes){0};
    size_t size = 0;
    for (size_t at = 0; at < raw.size;)
        out[size++] = decode_byte(raw, &at, plus_is_space);
    return bytes_of(out, size);
}

bool uri_escapes_valid(struct bytes raw)
{
    for (size_t at = 0; at < raw.size;) {
        size_t before = at;
        bool escape = raw.data[at] == '%';
        (void)decode_byte(raw, &at, false);
        if (escape && at - before != 3)
            return false;
    }
    return true;
}

bool uri_query_next(struct bytes *query, struct bytes *ret_name, struct bytes *ret_value)
{
    while (query->size) {
        struct bytes value = bytes_split(query, '&');
        if (value.size == 0)
            continue;
        *ret_name = bytes_split(&value, '=');
        *ret_value = value;
        return true;
    }
    return false;
}

static bool decodes_to(struct bytes raw, struct bytes name)
{
    size_t count = 0;
    for (size_t at = 0; at < raw.size; count++) {
        uint8_t c = decode_byte(raw, &at, true);
        if (count == name.size || ascii_lower(c) != ascii_lower(name.data[count]))
            return false;
    }
    return count == name.size;
}

struct bytes uri_query_find(struct bytes query, struct bytes name)
{
    struct bytes found, value;
    while (uri_query_next(&query, &found, &value))
        if (decodes_to(found, name))
            return value.data ? value : bytes_of("", 0);
    return (struct bytes){0};
}

struct bytes uri_path_next(struct bytes *path)
{
    while (path->size) {
        struct bytes segment = bytes_split(path, '/');
        if (segment.size)
            return segment;
    }
    return (struct bytes){0};
}

bool uri_path_has_prefix(struct bytes path, struct bytes prefix)
{
    size_t at = 0;
    for (size_t i = 0; i < prefix.size; i++, at++) {
        while (at > 0 && at < path.size && path.data[at] == '/' && path.data[at - 1] == '/')
            at++;
        if (at >= path.size || ascii_lower(path.data[at]) != ascii_lower(prefix.data[i]))
            return false;
    }
    return true;
}
