/* SPDX-License-Identifier: MIT */
/* entity_id.c — the name ends at the second '@', so that a key may hold more of them. */
#include "sdk/entity_id.h"

#include <string.h>

#include "base/text.h"

struct bytes sdk_entity_name_fold(struct arena *arena, struct bytes name)
{
    uint8_t *letters = (uint8_t *)arena_cstr(arena, name);
    if (!letters)
        return (struct bytes){0};
    for (size_t i = 0; i < name.size; i++)
        letters[i] = ascii_lower(letters[i]);
    return bytes_of(letters, name.size);
}

enum status sdk_entity_id_format(struct arena *arena, struct dt_entity_id id, struct bytes *ret_text)
{
    struct bytes name = bytes_of_cstr(id.name);
    struct bytes key = bytes_of_cstr(id.key);
    if (!name.size || !id.key || memchr(name.data, '@', name.size))
        return STATUS_INVALID_ARGUMENT;
    if (!bytes_utf8_valid(name) || !bytes_utf8_valid(key))
        return STATUS_INVALID_ARGUMENT;

    struct bytes folded = sdk_entity_name_fold(arena, name);
    size_t size = 2 + name.size + key.size;
    uint8_t *text = arena_alloc(arena, size);
    if (!folded.data || !text)
        return STATUS_NO_MEMORY;

    text[0] = '@';
    memcpy(text + 1, folded.data, folded.size);
    text[1 + folded.size] = '@';
    if (key.size)
        memcpy(text + 2 + folded.size, key.data, key.size);
    *ret_text = bytes_of(text, size);
    return STATUS_OK;
}

enum status sdk_entity_id_parse(struct arena *arena, struct bytes text, struct dt_entity_id *ret_id)
{
    if (text.size < 3 || text.data[0] != '@')
        return STATUS_MALFORMED;
    /* As a C string it would be cut, and name another entity. */
    if (memchr(text.data, '\0', text.size))
        return STATUS_MALFORMED;
    struct bytes rest = bytes_slice(text, 1, text.size - 1);
    const uint8_t *end = memchr(rest.data, '@', rest.size);
    if (!end || end == rest.data)
        return STATUS_MALFORMED;

    size_t name_size = (size_t)(end - rest.data);
    struct dt_entity_id id;
    id.name = arena_cstr(arena, bytes_slice(rest, 0, name_size));
    id.key = arena_cstr(arena, bytes_slice(rest, name_size + 1, rest.size - name_size - 1));
    if (!id.name || !id.key)
        return STATUS_NO_MEMORY;
    *ret_id = id;
    return STATUS_OK;
}
