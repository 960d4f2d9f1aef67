/* SPDX-License-Identifier: MIT */
/* mediatype.c — header parameters, one at a time from the left. */
#include "wire/http1/mediatype.h"

struct bytes mediatype_essence(struct bytes value)
{
    return bytes_trim(bytes_split(&value, ';'));
}

bool mediatype_is(struct bytes value, const char *essence)
{
    return bytes_equal_nocase(mediatype_essence(value), bytes_of_cstr(essence));
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

struct parameter {
    struct bytes name;
    struct bytes raw; /* without the quotes, escapes still in it */
    bool quoted;
};

/* The end of a quoted string that starts behind the opening quote; `rest.size` if it does not end. */
static size_t quoted_size(struct bytes rest, enum mediatype_quoting quoting)
{
    for (size_t i = 0; i < rest.size; i++) {
        if (rest.data[i] == '"')
            return i;
        bool escapes =
            rest.data[i] == '\\' && i + 1 < rest.size &&
            (quoting == MEDIATYPE_QUOTED_PAIR || rest.data[i + 1] == '"' || rest.data[i + 1] == '\\');
        i += escapes;
    }
    return rest.size;
}

/* Moves `*rest`, which stands behind a ';', past one parameter; false at the end or at a fault. */
static bool next_parameter(struct bytes *rest, enum mediatype_quoting quoting, struct parameter *ret)
{
    while (rest->size && (is_blank(rest->data[0]) || rest->data[0] == ';'))
        *rest = bytes_slice(*rest, 1, SIZE_MAX);
    size_t size = 0;
    while (size < rest->size && rest->data[size] != '=' && rest->data[size] != ';')
        size++;
    if (size == rest->size || rest->data[size] == ';')
        return false;
    ret->name = bytes_trim(bytes_slice(*rest, 0, size));
    *rest = bytes_slice(*rest, size + 1, SIZE_MAX);
    while (rest->size && is_blank(rest->data[0]))
        *rest = bytes_slice(*rest, 1, SIZE_MAX);
    ret->quoted = rest->size && rest->data[0] == '"';
    if (!ret->quoted) {
        ret->raw = bytes_trim(bytes_split(rest, ';'));
        return true;
    }
    *rest = bytes_slice(*rest, 1, SIZE_MAX);
    size = quoted_size(*rest, quoting);
    if (size == rest->size)
        return false; /* the closing quote is missing */
    ret->raw = bytes_slice(*rest, 0, size);
    *rest = bytes_slice(*rest, size + 1, SIZE_MAX);
    return true;
}

static struct bytes unescape(struct arena *arena, struct bytes raw, enum mediatype_quoting quoting)
{
    if (raw.size == 0 || !memchr(raw.data, '\\', raw.size))
        return raw;
    uint8_t *out = arena_alloc(arena, raw.size);
    if (!out)
        return (struct bytes){0};
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        bool escapes =
            raw.data[i] == '\\' && i + 1 < raw.size &&
            (quoting == MEDIATYPE_QUOTED_PAIR || raw.data[i + 1] == '"' || raw.data[i + 1] == '\\');
        i += escapes;
        out[size++] = raw.data[i];
    }
    return bytes_of(out, size);
}

struct bytes mediatype_param(struct arena *arena, struct bytes value, const char *name,
                             enum mediatype_quoting quoting)
{
    struct parameter parameter;
    (void)bytes_split(&value, ';');
    while (next_parameter(&value, quoting, &parameter))
        if (bytes_equal_nocase(parameter.name, bytes_of_cstr(name)))
            return parameter.quoted ? unescape(arena, parameter.raw, quoting) : parameter.raw;
    return (struct bytes){0};
}
