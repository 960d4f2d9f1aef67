/* SPDX-License-Identifier: MIT */
/* resource_id.c — segment by segment: cut, decoded, judged, and appended to the one text that all comparing is done with. */
#include "core/resource/resource_id.h"

#include "base/text.h"

/* Printable ASCII without what would be read as something else by the next reader of the id. */
static bool is_sound(struct bytes segment)
{
    const struct bytes wrong = BYTES_LITERAL("/\\%?#<>\"'`{}|^ ");
    bool dots = bytes_equal_cstr(segment, ".") || bytes_equal_cstr(segment, "..");
    if (segment.size == 0 || segment.size > RESOURCE_ID_SEGMENT_MAX || dots)
        return false;
    for (size_t i = 0; i < segment.size; i++) {
        uint8_t byte = segment.data[i];
        if (byte <= ' ' || byte > '~' || memchr(wrong.data, byte, wrong.size))
            return false;
    }
    return true;
}

/* Every '%' must begin an escape, and is read once: what is left over is refused by is_sound. */
static bool decode(struct arena *arena, struct bytes raw, struct bytes *ret_segment)
{
    uint8_t *text = arena_alloc(arena, raw.size + 1);
    if (!text)
        return false;
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        uint8_t byte = raw.data[i];
        bool escape = byte == '%' && i + 2 < raw.size && ascii_hex_value(raw.data[i + 1]) >= 0 &&
                      ascii_hex_value(raw.data[i + 2]) >= 0;
        if (escape) {
            byte = (uint8_t)(ascii_hex_value(raw.data[i + 1]) * 16 + ascii_hex_value(raw.data[i + 2]));
            i += 2;
        }
        text[size++] = byte;
    }
    *ret_segment = bytes_of(text, size);
    return true;
}

static enum status take_segments(struct arena *arena, struct bytes path, struct resource_id *id,
                                 struct err *err)
{
    while (path.size > 0) {
        struct bytes raw = bytes_split(&path, '/');
        if (raw.size == 0)
            continue;
        if (id->count == RESOURCE_ID_SEGMENTS_MAX)
            return err_set(err, STATUS_MALFORMED, "The resource id has more than %d segments.",
                           RESOURCE_ID_SEGMENTS_MAX);
        struct bytes *segment = &id->segments[id->count++];
        if (!decode(arena, raw, segment))
            return err_no_memory(err);
        if (!is_sound(*segment))
            return err_set(
                err, STATUS_MALFORMED,
                "Segment %zu of the resource id is too long, a dot path, or holds a character that no "
                "name of a resource may have.",
                id->count);
    }
    return STATUS_OK;
}

static enum status join(struct arena *arena, struct resource_id *id, struct err *err)
{
    size_t size = 0;
    for (size_t i = 0; i < id->count; i++)
        size += 1 + id->segments[i].size;
    uint8_t *text = arena_alloc(arena, size + 1);
    uint8_t *key = arena_alloc(arena, size + 1);
    if (!text || !key)
        return err_no_memory(err);

    size_t at = 0;
    for (size_t i = 0; i < id->count; i++) {
        text[at++] = '/';
        memcpy(text + at, id->segments[i].data, id->segments[i].size);
        id->segments[i] = bytes_of(text + at, id->segments[i].size); /* so that a prefix is a slice */
        at += id->segments[i].size;
    }
    for (size_t i = 0; i < size; i++)
        key[i] = ascii_lower(text[i]);
    id->text = bytes_of(text, size);
    id->key = bytes_of(key, size);
    return STATUS_OK;
}

static bool is_word(const struct resource_id *id, size_t index, const char *word)
{
    return index < id->count && bytes_equal_nocase(id->segments[index], bytes_of_cstr(word));
}

static void find_scope(struct resource_id *id)
{
    if (is_word(id, 0, "subscriptions") && id->count > 1)
        id->subscription = id->segments[1];
    if (id->subscription.data && is_word(id, 2, "resourceGroups") && id->count > 3)
        id->group = id->segments[3];

    /* Only where a keyword can stand: a name may be "providers", too. */
    size_t keyword = 0;
    if (id->subscription.data)
        keyword = id->group.data ? 4 : 2;
    id->provider = id->count;
    while (is_word(id, keyword, "providers")) {
        id->provider = keyword;
        keyword += 2; /* its namespace */
        while (keyword < id->count && !is_word(id, keyword, "providers"))
            keyword += 2; /* type and name */
    }
}

enum status resource_id_parse(struct arena *arena, struct bytes path, struct resource_id *ret_id,
                              struct err *err)
{
    struct resource_id id = {0};
    if (path.size > RESOURCE_ID_SIZE_MAX)
        return err_set(err, STATUS_MALFORMED, "The resource id is longer than %d bytes.",
                       RESOURCE_ID_SIZE_MAX);
    enum status status = take_segments(arena, path, &id, err);
    if (status == STATUS_OK)
        status = join(arena, &id, err);
    if (status != STATUS_OK)
        return status;
    find_scope(&id);
    *ret_id = id;
    return STATUS_OK;
}

static size_t prefix_size(const struct resource_id *id, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < MIN(count, id->count); i++)
        size += 1 + id->segments[i].size;
    return size;
}

struct bytes resource_id_prefix(const struct resource_id *id, size_t count)
{
    return bytes_slice(id->text, 0, prefix_size(id, count));
}

struct bytes resource_id_prefix_key(const struct resource_id *id, size_t count)
{
    return bytes_slice(id->key, 0, prefix_size(id, count));
}

bool resource_key_is_below(struct bytes key, struct bytes scope)
{
    while (scope.size > 0 && scope.data[scope.size - 1] == '/')
        scope.size--;
    if (!bytes_starts_with(key, scope))
        return false;
    return key.size == scope.size || key.data[scope.size] == '/';
}
