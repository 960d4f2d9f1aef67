/* SPDX-License-Identifier: MIT */
/* search_member.c — one reader a kind of member; a wrong one is named. */
#include "svc/scheduler/http/search_member.h"

#include "base/time_parse.h"
#include "svc/scheduler/limit_values.h"

json_t *search_member(const json_t *object, const char *name)
{
    json_t *value = json_get_nocase(object, name);
    return json_is_null(value) ? NULL : value;
}

enum status search_member_object(const json_t *object, const char *name, json_t **ret_value, struct err *err)
{
    *ret_value = search_member(object, name);
    if (*ret_value && !json_is_object(*ret_value))
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s must be an object", name);
    return STATUS_OK;
}

enum status search_member_text(const json_t *filter, const char *name, struct arena *arena,
                               struct bytes *ret_text, struct err *err)
{
    const json_t *value = search_member(filter, name);
    if (json_is_object(value))
        value = search_member(value, "value");
    if (!value)
        return STATUS_OK;
    struct bytes text = json_bytes(value);
    if (!text.data || text.size > SEARCH_TEXT_SIZE_MAX)
        return err_set(
            err, STATUS_INVALID_ARGUMENT,
            "filter.%s must be {\"value\": a text of at most %d bytes} (limit search-text-size-max)", name,
            SEARCH_TEXT_SIZE_MAX);
    *ret_text = arena_copy(arena, text);
    return ret_text->data ? STATUS_OK : err_no_memory(err);
}

static enum status read_bound(const json_t *object, const char *name, const char *bound, int64_t *ret_ns,
                              struct err *err)
{
    json_t *value = search_member(object, bound);
    if (!value || time_parse(json_bytes(value), ret_ns) == STATUS_OK)
        return STATUS_OK;
    return err_set(err, STATUS_INVALID_ARGUMENT,
                   "filter.%s.%s must be a time such as \"2026-11-28T11:52:53Z\", of the years 1678 to 2261",
                   name, bound);
}

enum status search_member_range(const json_t *filter, const char *name, struct search_range *ret_range,
                                struct err *err)
{
    json_t *object = NULL;
    enum status status = search_member_object(filter, name, &object, err);
    if (status != STATUS_OK || !object)
        return status;
    struct search_range range = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    status = read_bound(object, name, "start", &range.from_ns, err);
    if (status == STATUS_OK)
        status = read_bound(object, name, "end", &range.to_ns, err);
    range.set = search_member(object, "start") || search_member(object, "end");
    if (status == STATUS_OK)
        *ret_range = range;
    return status;
}

static enum status read_number(const json_t *page, const char *name, size_t *ret_number, struct err *err)
{
    json_t *value = search_member(page, name);
    if (!value)
        return STATUS_OK;
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || number > SEARCH_WINDOW_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "pagination.%s must be a number from 0 to %d", name,
                       SEARCH_WINDOW_MAX);
    *ret_number = (size_t)number;
    return STATUS_OK;
}

enum status search_member_page(const json_t *body, size_t *ret_first, size_t *ret_count, struct err *err)
{
    json_t *page = NULL;
    enum status status = search_member_object(body, "pagination", &page, err);
    if (status == STATUS_OK && page)
        status = read_number(page, "startIndex", ret_first, err);
    if (status == STATUS_OK && page)
        status = read_number(page, "count", ret_count, err);
    if (status == STATUS_OK && *ret_first + *ret_count > SEARCH_WINDOW_MAX)
        return err_set(
            err, STATUS_INVALID_ARGUMENT,
            "pagination.startIndex and count are over %d together: narrow the filter, by a time say",
            SEARCH_WINDOW_MAX);
    return status;
}
