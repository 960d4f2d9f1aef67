/* SPDX-License-Identifier: MIT */
/* retention_body.c — entry by entry; states by their names, of which there are four. */
#include "svc/scheduler/http/retention_body.h"

#include <stdio.h>

#include "base/duration.h"
#include "core/task/retention.h"

#define DAY_NS (24 * 3600 * NS_PER_S)

static const struct {
    enum instance_status status;
    const char *name;
} states[] = {
    {INSTANCE_COMPLETED, "Completed"},
    {INSTANCE_FAILED, "Failed"},
    {INSTANCE_TERMINATED, "Terminated"},
    {INSTANCE_CANCELED, "Canceled"},
};

/* --- reading --- */

/* Its place in `states`, or their number for one that is for all. False: there is no such state. */
static bool read_state(const json_t *entry, size_t *ret_place)
{
    const json_t *value = json_get_nocase(entry, "orchestrationState");
    *ret_place = ARRAY_SIZE(states);
    if (!value || json_is_null(value))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (bytes_equal_nocase(json_bytes(value), bytes_of_cstr(states[i].name)))
            *ret_place = i;
    return *ret_place < ARRAY_SIZE(states);
}

static enum status read_entry(const json_t *entry, bool seen[ARRAY_SIZE(states) + 1], struct buf *rules,
                              struct err *err)
{
    const json_t *days = json_is_object(entry) ? json_get_nocase(entry, "retentionPeriodInDays") : NULL;
    size_t place = 0;
    if (!json_is_integer(days) || json_integer_value(days) < 0 ||
        json_integer_value(days) > RETENTION_DAYS_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "retentionPeriodInDays must be a number from 0 to %d",
                       RETENTION_DAYS_MAX);
    if (!read_state(entry, &place))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "orchestrationState is none of Completed, Failed, Terminated, Canceled");
    if (seen[place])
        return err_set(err, STATUS_INVALID_ARGUMENT, "two entries are for the same state");
    seen[place] = true;
    if (rules->size)
        buf_append_byte(rules, ',');
    if (place < ARRAY_SIZE(states))
        buf_append_fmt(rules, "%s=", instance_status_name(states[place].status));
    buf_append_fmt(rules, "%lldd", (long long)json_integer_value(days));
    return STATUS_OK;
}

enum status retention_body_read(const json_t *body, struct buf *rules, struct err *err)
{
    const json_t *properties = json_get_nocase(body, "properties");
    const json_t *list = json_get_nocase(json_is_object(properties) ? properties : body, "retentionPolicies");
    bool seen[ARRAY_SIZE(states) + 1] = {false};
    if (!json_is_array(list))
        return err_set(err, STATUS_INVALID_ARGUMENT, "retentionPolicies must be an array");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < json_array_size(list) && status == STATUS_OK; i++)
        status = read_entry(json_array_get(list, i), seen, rules, err);
    if (json_array_size(list) == 0)
        buf_append_bytes(rules, RETENTION_KEEP);
    if (status == STATUS_OK && buf_status(rules) != STATUS_OK)
        status = err_no_memory(err);
    return status;
}

/* --- writing --- */

/* A setting may count hours: then days have a fraction. */
static void write_days(struct json_writer *json, int64_t age_ns)
{
    char text[40];
    json_write_key(json, "retentionPeriodInDays");
    if (age_ns % DAY_NS == 0) {
        json_write_int(json, age_ns / DAY_NS);
        return;
    }
    (void)snprintf(text, sizeof text, "%.6f", (double)age_ns / (double)DAY_NS);
    json_write_raw(json, bytes_of_cstr(text));
}

static const char *name_of(enum instance_status status)
{
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (states[i].status == status)
            return states[i].name;
    return NULL;
}

void retention_body_write(struct json_writer *json, const struct retention_period *periods, size_t count)
{
    bool same = true;
    for (size_t i = 1; i < count; i++)
        same = same && periods[i].kept == periods[0].kept && periods[i].age_ns == periods[0].age_ns;
    json_write_begin_array(json);
    for (size_t i = 0; i < (same ? MIN(count, (size_t)1) : count); i++) {
        if (periods[i].kept)
            continue;
        json_write_begin_object(json);
        write_days(json, periods[i].age_ns);
        if (!same)
            json_write_member_cstr(json, "orchestrationState", name_of(periods[i].status));
        json_write_end_object(json);
    }
    json_write_end_array(json);
}
