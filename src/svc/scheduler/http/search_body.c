/* SPDX-License-Identifier: MIT */
/* search_body.c — tables of members; one reader a kind of member. */
#include "svc/scheduler/http/search_body.h"

#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "base/time_parse.h"
#include "wire/json/json.h"
#include "wire/pb/orchestrator_service.pb.h"

#define STATUS_PREFIX "ORCHESTRATION_STATUS_"
#define TEXT_SIZE_MAX 1000 /* bytes of a substring */

static const struct json_limits limits = {
    .size_max = SEARCH_BODY_SIZE_MAX, .depth_max = 8, .values_max = 2000, .last_duplicate_wins = true};

/* A member that is there and not null, or NULL. */
static json_t *member(const json_t *object, const char *name)
{
    json_t *value = json_get_nocase(object, name);
    return json_is_null(value) ? NULL : value;
}

/* A member that must be an object if it is there. */
static enum status object_member(const json_t *object, const char *name, json_t **ret_value, struct err *err)
{
    *ret_value = member(object, name);
    if (*ret_value && !json_is_object(*ret_value))
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s must be an object", name);
    return STATUS_OK;
}

/* --- filters --- */

static enum status read_text(const json_t *filter, const char *name, struct arena *arena,
                             struct bytes *ret_text, struct err *err)
{
    json_t *object = NULL;
    enum status status = object_member(filter, name, &object, err);
    json_t *value = object ? member(object, "value") : NULL;
    if (status != STATUS_OK || !value)
        return status;
    struct bytes text = json_bytes(value);
    if (!text.data || text.size > TEXT_SIZE_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "filter.%s.value must be a text of at most %d bytes",
                       name, TEXT_SIZE_MAX);
    *ret_text = arena_copy(arena, text);
    return ret_text->data ? STATUS_OK : err_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status read_bound(const json_t *object, const char *name, const char *bound, int64_t *ret_ns,
                              struct err *err)
{
    json_t *value = member(object, bound);
    if (!value || time_parse(json_bytes(value), ret_ns) == STATUS_OK)
        return STATUS_OK;
    return err_set(err, STATUS_INVALID_ARGUMENT,
                   "filter.%s.%s must be a time such as \"2026-11-28T11:52:53Z\", of the years 1678 to 2261",
                   name, bound);
}

static enum status read_range(const json_t *filter, const char *name, struct search_range *ret_range,
                              struct err *err)
{
    json_t *object = NULL;
    enum status status = object_member(filter, name, &object, err);
    if (status != STATUS_OK || !object)
        return status;
    struct search_range range = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    status = read_bound(object, name, "start", &range.from_ns, err);
    if (status == STATUS_OK)
        status = read_bound(object, name, "end", &range.to_ns, err);
    range.set = member(object, "start") || member(object, "end");
    if (status == STATUS_OK)
        *ret_range = range;
    return status;
}

/* "ORCHESTRATION_STATUS_RUNNING" or "Running". */
static bool status_bit(struct bytes text, uint32_t *ret_mask)
{
    const struct bytes prefix = BYTES_LITERAL(STATUS_PREFIX);
    if (bytes_starts_with_nocase(text, prefix))
        text = bytes_slice(text, prefix.size, SIZE_MAX);
    for (size_t i = 0; i < pb_orchestration_status_enum.count; i++) {
        struct bytes name = bytes_of_cstr(pb_orchestration_status_enum.names[i]);
        if (!bytes_equal_nocase(bytes_slice(name, prefix.size, SIZE_MAX), text))
            continue;
        *ret_mask |= 1u << i;
        return true;
    }
    return false;
}

static enum status read_statuses(const json_t *filter, struct search_wish *wish, struct err *err)
{
    json_t *object = NULL;
    enum status status = object_member(filter, "orchestrationStatus", &object, err);
    json_t *list = object ? member(object, "status") : NULL;
    if (status != STATUS_OK || !list)
        return status;
    if (!json_is_array(list))
        return err_set(err, STATUS_INVALID_ARGUMENT, "filter.orchestrationStatus.status must be an array");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!status_bit(json_bytes(json_array_get(list, i)), &wish->status_mask))
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "filter.orchestrationStatus.status holds what is no status such as "
                           "\"" STATUS_PREFIX "RUNNING\"");
    return STATUS_OK;
}

static enum status read_filter(const json_t *body, struct arena *arena, struct search_wish *wish,
                               struct err *err)
{
    const struct {
        const char *name;
        struct bytes *text;
    } texts[] = {{"orchestrationId", &wish->id},
                 {"name", &wish->name},
                 {"version", &wish->version},
                 {"tags", &wish->tags}};
    const struct {
        const char *name;
        struct search_range *range;
    } ranges[] = {{"createdAt", &wish->created},
                  {"lastUpdatedAt", &wish->updated},
                  {"startAt", &wish->start},
                  {"completedAt", &wish->completed}};
    json_t *filter = NULL;
    enum status status = object_member(body, "filter", &filter, err);
    if (status != STATUS_OK || !filter)
        return status;
    for (size_t i = 0; i < ARRAY_SIZE(texts) && status == STATUS_OK; i++)
        status = read_text(filter, texts[i].name, arena, texts[i].text, err);
    for (size_t i = 0; i < ARRAY_SIZE(ranges) && status == STATUS_OK; i++)
        status = read_range(filter, ranges[i].name, ranges[i].range, err);
    return status == STATUS_OK ? read_statuses(filter, wish, err) : status;
}

/* --- page, order, fields --- */

static enum status read_number(const json_t *page, const char *name, size_t *ret_number, struct err *err)
{
    json_t *value = member(page, name);
    if (!value)
        return STATUS_OK;
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || number > SEARCH_WINDOW_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "pagination.%s must be a number from 0 to %d", name,
                       SEARCH_WINDOW_MAX);
    *ret_number = (size_t)number;
    return STATUS_OK;
}

static enum status read_page(const json_t *body, struct search_wish *wish, struct err *err)
{
    json_t *page = NULL;
    enum status status = object_member(body, "pagination", &page, err);
    if (status == STATUS_OK && page)
        status = read_number(page, "startIndex", &wish->first, err);
    if (status == STATUS_OK && page)
        status = read_number(page, "count", &wish->count, err);
    if (status == STATUS_OK && wish->first + wish->count > SEARCH_WINDOW_MAX)
        return err_set(
            err, STATUS_INVALID_ARGUMENT,
            "pagination.startIndex and count are over %d together: narrow the filter, by createdAt say",
            SEARCH_WINDOW_MAX);
    return status;
}

static const char *const columns[SEARCH_COLUMN_COUNT] = {
    [SEARCH_BY_ID] = "ORCHESTRATION_ID",
    [SEARCH_BY_NAME] = "NAME",
    [SEARCH_BY_VERSION] = "VERSION",
    [SEARCH_BY_CREATED] = "CREATED_AT",
    [SEARCH_BY_UPDATED] = "LAST_UPDATED_AT",
    [SEARCH_BY_START] = "START_AT",
    [SEARCH_BY_COMPLETED] = "COMPLETED_AT",
    [SEARCH_BY_STATUS] = "ORCHESTRATION_STATUS",
    [SEARCH_BY_TAGS] = "TAGS",
};

static bool read_column(struct bytes text, enum search_column *ret_column)
{
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        if (!bytes_equal_nocase(text, bytes_of_cstr(columns[i])))
            continue;
        *ret_column = (enum search_column)i;
        return true;
    }
    return false;
}

static enum status read_sort(const json_t *sort, struct search_wish *wish, struct err *err)
{
    enum search_column column = SEARCH_BY_CREATED;
    struct bytes direction = json_bytes(member(sort, "direction"));
    bool descending = bytes_equal_nocase(direction, BYTES_LITERAL("DESCENDING_SORT"));
    if (!json_is_object(sort) || !read_column(json_bytes(member(sort, "column")), &column))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "sort.column is none of ORCHESTRATION_ID, NAME, VERSION, CREATED_AT, LAST_UPDATED_AT, "
                       "START_AT, COMPLETED_AT, ORCHESTRATION_STATUS, TAGS");
    if (direction.size && !descending && !bytes_equal_nocase(direction, BYTES_LITERAL("ASCENDING_SORT")))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "sort.direction is neither ASCENDING_SORT nor DESCENDING_SORT");
    if (wish->sort_count == SEARCH_SORTS_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "sort has more than %d columns", SEARCH_SORTS_MAX);
    wish->sorts[wish->sort_count].column = column;
    wish->sorts[wish->sort_count].descending = descending;
    wish->sort_count++;
    return STATUS_OK;
}

static enum status read_sorts(const json_t *body, struct search_wish *wish, struct err *err)
{
    json_t *sorts = member(body, "sort");
    enum status status = STATUS_OK;
    if (sorts && !json_is_array(sorts))
        return err_set(err, STATUS_INVALID_ARGUMENT, "sort must be an array");
    for (size_t i = 0; i < json_array_size(sorts) && status == STATUS_OK; i++)
        status = read_sort(json_array_get(sorts, i), wish, err);
    return status;
}

/* Names that are no field are passed over: a client of a newer service may know more. */
static enum status read_fields(const json_t *body, struct search_wish *wish, struct err *err)
{
    json_t *value = member(body, "fields");
    struct bytes rest = json_bytes(value);
    if (value && !rest.data)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "fields must be a text of names with commas between them");
    if (bytes_trim(rest).size == 0)
        return STATUS_OK;
    wish->fields = 0;
    while (rest.data) {
        struct bytes name = bytes_trim(bytes_split(&rest, ','));
        for (size_t i = 0; i < pb_orchestration_state_message.field_count; i++)
            if (bytes_equal_nocase(name, bytes_of_cstr(pb_orchestration_state_message.names[i].json)))
                wish->fields |= (uint64_t)1 << i;
    }
    return STATUS_OK;
}

STATUS_RESULT search_body_read(struct bytes body, struct arena *arena, struct search_wish *ret_wish,
                               struct err *err)
{
    struct search_wish wish = {.count = SEARCH_COUNT_DEFAULT, .fields = UINT64_MAX};
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
        status = read_page(value, &wish, err);
    if (value && status == STATUS_OK)
        status = read_sorts(value, &wish, err);
    if (value && status == STATUS_OK)
        status = read_fields(value, &wish, err);
    if (status == STATUS_OK)
        *ret_wish = wish;
    return status;
}
