/* SPDX-License-Identifier: MIT */
/* entity_wish.c — members by the readers of search_member.h; an id is parted into name and key where it is looked at. */
#include "svc/scheduler/http/entity_wish.h"

#include "base/text.h"
#include "svc/scheduler/http/search_member.h"

static const struct json_limits limits = {
    .size_max = SEARCH_BODY_SIZE_MAX, .depth_max = 8, .values_max = 2000, .last_duplicate_wins = true};

/* --- reading --- */

/* "@" and the beginning of a name, in lower case, as the service has it. */
static enum status make_prefix(struct arena *arena, struct bytes name, struct bytes *ret_prefix)
{
    *ret_prefix = (struct bytes){0};
    if (name.size == 0)
        return STATUS_OK;
    uint8_t *text = arena_alloc(arena, name.size + 1);
    if (!text)
        return STATUS_NO_MEMORY;
    text[0] = '@';
    for (size_t i = 0; i < name.size; i++)
        text[i + 1] = ascii_lower(name.data[i]);
    *ret_prefix = bytes_of(text, name.size + 1);
    return STATUS_OK;
}

static enum status read_excluded(const json_t *filter, struct arena *arena, struct entity_wish *wish,
                                 struct err *err)
{
    const json_t *list = search_member(filter, "excludeNameStartsWith");
    size_t count = json_array_size(list);
    if (list && (!json_is_array(list) || count > ENTITY_EXCLUDED_MAX))
        return err_set(
            err, STATUS_INVALID_ARGUMENT,
            "filter.excludeNameStartsWith must be an array of at most %d texts (limit entity-excluded-max)",
            ENTITY_EXCLUDED_MAX);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *value = json_is_object(item) ? search_member(item, "value") : item;
        struct bytes text = json_bytes(value);
        if (!text.data)
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "filter.excludeNameStartsWith holds what is no text");
        wish->excluded[i] = arena_copy(arena, text);
        if (!wish->excluded[i].data)
            return err_no_memory(err);
        wish->excluded_count++;
    }
    return STATUS_OK;
}

static enum status read_filter(const json_t *body, struct arena *arena, struct entity_wish *wish,
                               struct err *err)
{
    json_t *filter = NULL;
    struct bytes starts = {0};
    enum status status = search_member_object(body, "filter", &filter, err);
    if (status != STATUS_OK || !filter)
        return status;
    status = search_member_text(filter, "key", arena, &wish->key, err);
    if (status == STATUS_OK)
        status = search_member_text(filter, "name", arena, &wish->name, err);
    if (status == STATUS_OK)
        status = search_member_text(filter, "nameStartsWith", arena, &starts, err);
    if (status == STATUS_OK)
        status = search_member_range(filter, "lastModifiedAt", &wish->modified, err);
    if (status == STATUS_OK)
        status = read_excluded(filter, arena, wish, err);
    if (status == STATUS_OK && make_prefix(arena, starts, &wish->prefix) != STATUS_OK)
        return err_no_memory(err);
    return status;
}

/* The first wish counts; entities have few columns. */
static enum status read_sort(const json_t *body, struct entity_wish *wish, struct err *err)
{
    static const char *const columns[] = {
        [ENTITY_BY_NAME] = "NAME", [ENTITY_BY_KEY] = "KEY", [ENTITY_BY_MODIFIED] = "LAST_MODIFIED_AT"};
    const json_t *sorts = search_member(body, "sort");
    if (sorts && !json_is_array(sorts))
        return err_set(err, STATUS_INVALID_ARGUMENT, "sort must be an array");
    if (json_array_size(sorts) == 0)
        return STATUS_OK;
    const json_t *sort = json_array_get(sorts, 0);
    struct bytes column =
        json_is_object(sort) ? json_bytes(search_member(sort, "column")) : (struct bytes){0};
    struct bytes direction = json_is_object(sort) ? json_bytes(search_member(sort, "direction")) : column;
    wish->descending = bytes_equal_nocase(direction, BYTES_LITERAL("DESCENDING_SORT"));
    if (direction.size && !wish->descending &&
        !bytes_equal_nocase(direction, BYTES_LITERAL("ASCENDING_SORT")))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "sort.direction is neither ASCENDING_SORT nor DESCENDING_SORT");
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        if (!bytes_equal_nocase(column, bytes_of_cstr(columns[i])))
            continue;
        wish->column = (enum entity_column)i;
        return STATUS_OK;
    }
    return err_set(err, STATUS_INVALID_ARGUMENT, "sort.column is none of NAME, KEY, LAST_MODIFIED_AT");
}

enum status entity_wish_read(struct bytes body, struct arena *arena, struct entity_wish *ret_wish,
                             struct err *err)
{
    struct entity_wish wish = {.count = SEARCH_COUNT_DEFAULT};
    CLEANUP(json_release) json_t *value = NULL;
    enum status status = STATUS_OK;
    if (bytes_trim(body).size)
        status = json_parse(body, &limits, &value, err);
    if (status != STATUS_OK)
        return status;
    if (value && !json_is_object(value))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the body must be a JSON object");
    if (value)
        status = read_filter(value, arena, &wish, err);
    if (value && status == STATUS_OK)
        status = search_member_page(value, &wish.first, &wish.count, err);
    if (value && status == STATUS_OK)
        status = read_sort(value, &wish, err);
    const json_t *total = value ? search_member(value, "fetchTotalCount") : NULL;
    if (status == STATUS_OK && total && !json_is_boolean(total)) /* it is told in any case */
        status = err_set(err, STATUS_INVALID_ARGUMENT, "fetchTotalCount must be true or false");
    if (status == STATUS_OK)
        *ret_wish = wish;
    return status;
}

/* --- matching --- */

/* "@name@key": the key may hold '@'. */
static void split_id(struct bytes id, struct bytes *ret_name, struct bytes *ret_key)
{
    struct bytes rest = bytes_slice(id, 1, SIZE_MAX);
    *ret_name = bytes_split(&rest, '@');
    *ret_key = rest;
}

bool entity_wish_matches(const struct entity_wish *wish, const struct found_entity *row)
{
    struct bytes name, key;
    split_id(row->id, &name, &key);
    for (size_t i = 0; i < wish->excluded_count; i++)
        if (bytes_starts_with_nocase(name, wish->excluded[i]))
            return false;
    const struct search_range *modified = &wish->modified;
    bool in_range =
        !modified->set || (row->modified_ns >= modified->from_ns && row->modified_ns < modified->to_ns);
    return in_range && bytes_starts_with_nocase(row->id, wish->prefix) && search_contains(name, wish->name) &&
           search_contains(key, wish->key);
}

int entity_wish_compare(const struct entity_wish *wish, const struct found_entity *row,
                        const struct found_entity *other)
{
    struct bytes names[2], keys[2];
    split_id(row->id, &names[0], &keys[0]);
    split_id(other->id, &names[1], &keys[1]);
    int order = 0;
    if (wish->column == ENTITY_BY_KEY)
        order = bytes_compare(keys[0], keys[1]);
    else if (wish->column == ENTITY_BY_MODIFIED)
        order = (row->modified_ns > other->modified_ns) - (row->modified_ns < other->modified_ns);
    else
        order = bytes_compare(names[0], names[1]);
    order = wish->descending ? -order : order;
    return order ? order : bytes_compare(row->id, other->id);
}
