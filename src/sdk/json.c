/* SPDX-License-Identifier: MIT */
/* json.c — a cursor that only moves forward. Values are passed over by counting brackets, with strings as units, so that no
 * input makes it recurse. */
#include "sdk/json.h"

#include <string.h>

#include "base/text.h"

/* --- passing over --- */

static void skip_blanks(struct bytes *rest)
{
    while (rest->size && strchr(" \t\r\n", rest->data[0]) && rest->data[0])
        *rest = bytes_slice(*rest, 1, SIZE_MAX);
}

static bool take_byte(struct bytes *rest, uint8_t wanted)
{
    skip_blanks(rest);
    if (!rest->size || rest->data[0] != wanted)
        return false;
    *rest = bytes_slice(*rest, 1, SIZE_MAX);
    return true;
}

/* The size of the string that `text` begins with, quotes included; 0: there is none. */
static size_t string_size(struct bytes text)
{
    if (!text.size || text.data[0] != '"')
        return 0;
    for (size_t i = 1; i < text.size; i++) {
        if (text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            return i + 1;
    }
    return 0;
}

static bool ends_scalar(uint8_t byte)
{
    return byte == ',' || byte == ']' || byte == '}' || byte <= ' ';
}

/* The size of the value that `text` begins with; 0: there is none. */
static size_t value_size(struct bytes text)
{
    size_t depth = 0;
    size_t i = 0;
    while (i < text.size) {
        uint8_t byte = text.data[i];
        size_t size = 1;
        if (byte == '"') {
            size = string_size(bytes_slice(text, i, SIZE_MAX));
            if (!size)
                return 0;
        } else if (byte == '{' || byte == '[') {
            if (++depth > SDK_JSON_DEPTH_MAX)
                return 0;
        } else if (byte == '}' || byte == ']') {
            if (depth == 0)
                return 0;
            depth--;
        } else if (depth == 0) {
            while (i + size < text.size && !ends_scalar(text.data[i + size]))
                size++;
        }
        i += size;
        if (depth == 0)
            return i;
    }
    return 0;
}

/* --- objects --- */

static bool same_name(struct bytes key, const char *name)
{
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] == '_')
            continue;
        if (ascii_lower(key.data[i]) != ascii_lower((uint8_t)*name))
            return false;
        name++;
    }
    return *name == '\0';
}

static void keep(struct bytes key, struct bytes value, struct sdk_json_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!same_name(key, members[i].name))
            continue;
        members[i].value = bytes_equal_cstr(value, "null") ? (struct bytes){0} : value;
        members[i].snake = memchr(key.data, '_', key.size) != NULL;
    }
}

/* The key between its quotes, escapes and all: a name that is asked for has none. */
static bool take_key(struct bytes *rest, struct bytes *ret_key)
{
    skip_blanks(rest);
    size_t size = string_size(*rest);
    if (!size)
        return false;
    *ret_key = bytes_slice(*rest, 1, size - 2);
    *rest = bytes_slice(*rest, size, SIZE_MAX);
    return take_byte(rest, ':');
}

enum status sdk_json_read(struct bytes text, struct sdk_json_member *members, size_t count)
{
    struct bytes rest = text;
    if (!bytes_utf8_valid(text) || !take_byte(&rest, '{'))
        return STATUS_MALFORMED;
    if (take_byte(&rest, '}'))
        return STATUS_OK;
    do {
        struct bytes key;
        if (!take_key(&rest, &key))
            return STATUS_MALFORMED;
        skip_blanks(&rest);
        size_t size = value_size(rest);
        if (!size)
            return STATUS_MALFORMED;
        keep(key, bytes_slice(rest, 0, size), members, count);
        rest = bytes_slice(rest, size, SIZE_MAX);
    } while (take_byte(&rest, ','));
    return take_byte(&rest, '}') ? STATUS_OK : STATUS_MALFORMED;
}

/* --- strings --- */

/* Four hexadecimal digits; false: there are none. */
static bool take_unit(struct bytes *rest, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    if (rest->size < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        uint8_t digit = ascii_lower(rest->data[i]);
        bool decimal = digit >= '0' && digit <= '9';
        if (!decimal && (digit < 'a' || digit > 'f'))
            return false;
        unit = unit * 16 + (decimal ? digit - (uint32_t)'0' : digit - (uint32_t)'a' + 10);
    }
    *rest = bytes_slice(*rest, 4, SIZE_MAX);
    *ret_unit = unit;
    return true;
}

/* A code point behind "\u", of two units if the first says so. */
static bool take_code_point(struct bytes *rest, uint32_t *ret_point)
{
    uint32_t high;
    if (!take_unit(rest, &high))
        return false;
    *ret_point = high;
    if (high < 0xd800 || high > 0xdfff)
        return high != 0;

    uint32_t low;
    if (high > 0xdbff || rest->size < 2 || rest->data[0] != '\\' || rest->data[1] != 'u')
        return false;
    *rest = bytes_slice(*rest, 2, SIZE_MAX);
    if (!take_unit(rest, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *ret_point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* Appends a code point in UTF-8; returns how many bytes. An escape is never shorter than what it stands for. */
static size_t put_utf8(uint8_t *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xc0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

/* What stands behind a backslash, undone; false: there is no such escape. */
static bool undo_escape(struct bytes *rest, uint8_t *out, size_t *size)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    if (!rest->size || !rest->data[0])
        return false;
    uint8_t letter = rest->data[0];
    *rest = bytes_slice(*rest, 1, SIZE_MAX);
    uint32_t point;
    if (letter == 'u') {
        if (!take_code_point(rest, &point))
            return false;
        *size += put_utf8(out + *size, point);
        return true;
    }
    const char *found = strchr(letters, letter);
    if (found)
        out[(*size)++] = (uint8_t)bytes[found - letters];
    return found != NULL;
}

enum status sdk_json_text(struct arena *arena, struct bytes value, struct bytes *ret_text)
{
    if (!value.size || string_size(value) != value.size)
        return STATUS_MALFORMED;
    struct bytes rest = bytes_slice(value, 1, value.size - 2);
    uint8_t *out = (uint8_t *)arena_cstr(arena, rest); /* as large as the content can be, with its NUL */
    if (!out)
        return STATUS_NO_MEMORY;

    size_t size = 0;
    while (rest.size) {
        uint8_t byte = rest.data[0];
        if (byte < ' ')
            return STATUS_MALFORMED;
        rest = bytes_slice(rest, 1, SIZE_MAX);
        if (byte != '\\')
            out[size++] = byte;
        else if (!undo_escape(&rest, out, &size))
            return STATUS_MALFORMED;
    }
    out[size] = '\0';
    if (!bytes_utf8_valid(bytes_of(out, size)))
        return STATUS_MALFORMED;
    *ret_text = bytes_of(out, size);
    return STATUS_OK;
}

void sdk_json_append_text(struct buf *out, struct bytes text)
{
    buf_append_bytes(out, BYTES_LITERAL("\""));
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '"' || byte == '\\')
            buf_append_fmt(out, "\\%c", byte);
        else if (byte < ' ')
            buf_append_fmt(out, "\\u%04x", byte);
        else
            buf_append_bytes(out, bytes_of(&text.data[i], 1));
    }
    buf_append_bytes(out, BYTES_LITERAL("\""));
}
