/* SPDX-License-Identifier: MIT */
/* search_body.c — tables of members; one reader a kind of member. */
#include "svc/scheduler/http/search_body.h"

#include <stddef.h>
#include <stdio.h>

#include "svc/scheduler/http/search_member.h"
#include "wire/pb/orchestrator_service.pb.h"

#define STATUS_PREFIX "ORCHESTRATION_STATUS_"

static const struct json_limits limits = {
    .size_max = SEARCH_BODY_SIZE_MAX, .depth_max = 8, .values_max = 2000, .last_duplicate_wins = true};

/* --- filters --- */

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
    enum status status = search_member_object(filter, "orchestrationStatus", &object, err);
    json_t *list = object ? search_member(object, "status") : NULL;
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
    enum status status = search_member_object(body, "filter", &filter, err);
    if (status != STATUS_OK || !filter)
        return status;
    for (size_t i = 0; i < ARRAY_SIZE(texts) && status == STATUS_OK; i++)
        status = search_member_text(filter, texts[i].name, arena, texts[i].text, err);
    for (size_t i = 0; i < ARRAY_SIZE(ranges) && status == STATUS_OK; i++)
        status = search_member_range(filter, ranges[i].name, ranges[i].range, err);
    if (status != STATUS_OK)
        return status;
    return read_statuses(filter, wish, err);
}

/* --- page, order, fields --- */

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
    struct bytes direction = json_bytes(search_member(sort, "direction"));
    bool descending = bytes_equal_nocase(direction, BYTES_LITERAL("DESCENDING_SORT"));
    if (!json_is_object(sort) || !read_column(json_bytes(search_member(sort, "column")), &column))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "sort.column is none of ORCHESTRATION_ID, NAME, VERSION, CREATED_AT, LAST_UPDATED_AT, "
                       "START_AT, COMPLETED_AT, ORCHESTRATION_STATUS, TAGS");
    if (direction.size && !descending && !bytes_equal_nocase(direction, BYTES_LITERAL("ASCENDING_SORT")))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "sort.direction is neither ASCENDING_SORT nor DESCENDING_SORT");
    if (wish->sort_count == SEARCH_SORTS_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "sort has more than %d columns (limit search-sorts-max)",
                       SEARCH_SORTS_MAX);
    wish->sorts[wish->sort_count].column = column;
    wish->sorts[wish->sort_count].descending = descending;
    wish->sort_count++;
    return STATUS_OK;
}

static enum status read_sorts(const json_t *body, struct search_wish *wish, struct err *err)
{
    json_t *sorts = search_member(body, "sort");
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
    json_t *value = search_member(body, "fields");
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

enum status search_body_read(struct bytes body, struct arena *arena, struct search_wish *ret_wish,
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
        status = search_member_page(value, &wish.first, &wish.count, err);
    if (value && status == STATUS_OK)
        status = read_sorts(value, &wish, err);
    if (value && status == STATUS_OK)
        status = read_fields(value, &wish, err);
    if (status == STATUS_OK)
        *ret_wish = wish;
    return status;
}
