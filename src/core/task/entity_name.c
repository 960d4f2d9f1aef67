/* SPDX-License-Identifier: MIT */
/* entity_name.c — one walk over the bytes: the name is folded on the way. */
#include "core/task/entity_name.h"

#include <string.h>

#include "core/task/start_policy.h"

static uint8_t fold(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

/* Where the key's '@' stands, or the size if there is none. */
static size_t find_second(struct bytes id)
{
    size_t at = 1;
    while (at < id.size && id.data[at] != '@')
        at++;
    return MIN(at, id.size);
}

static const char *objection(struct bytes id)
{
    if (id.size == 0 || id.size > INSTANCE_ID_SIZE_MAX)
        return "entity id length must be 1 to 100 characters";
    for (size_t n = 0; n < id.size; n++)
        if (id.data[n] < 0x20 || id.data[n] > 0x7e)
            return "an entity id may hold printable ASCII characters only";
    size_t second = find_second(id);
    if (id.data[0] != '@' || second == id.size)
        return "an entity id has the form @name@key";
    return second == 1 ? "the name of an entity must not be empty" : NULL;
}

enum status entity_name_parse(struct arena *arena, struct bytes id, struct entity_name *ret_name,
                              const char **ret_text)
{
    const char *text = objection(id);
    if (text) {
        *ret_text = text;
        return STATUS_INVALID_ARGUMENT;
    }
    size_t second = find_second(id);
    uint8_t *copy = (uint8_t *)arena_alloc(arena, id.size);
    if (!copy)
        return STATUS_NO_MEMORY;
    for (size_t n = 0; n < id.size; n++)
        copy[n] = n < second ? fold(id.data[n]) : id.data[n];
    struct bytes whole = bytes_of(copy, id.size);
    *ret_name = (struct entity_name){.id = whole,
                                     .name = bytes_slice(whole, 1, second - 1),
                                     .key = bytes_slice(whole, second + 1, SIZE_MAX)};
    return STATUS_OK;
}

struct bytes entity_name_prefix(struct arena *arena, struct bytes prefix)
{
    static const uint8_t nothing[1];
    if (prefix.size == 0)
        return bytes_of(nothing, 0);
    bool bare = prefix.data[0] != '@';
    uint8_t *copy = (uint8_t *)arena_alloc(arena, prefix.size + 1);
    if (!copy)
        return (struct bytes){0};
    copy[0] = '@';
    memcpy(copy + bare, prefix.data, prefix.size);
    struct bytes whole = bytes_of(copy, prefix.size + bare);
    size_t second = find_second(whole);
    for (size_t n = 0; n < second; n++)
        copy[n] = fold(copy[n]);
    return whole;
}

int entity_name_compare(const struct entity_name *left, const struct entity_name *right)
{
    int order = bytes_compare(left->name, right->name);
    return order ? order : bytes_compare(left->key, right->key);
}
