/* SPDX-License-Identifier: MIT */
/* schedule.c — one table names the members of both JSON objects, the state's and the request's; times are RFC 3339,
 * intervals .NET's "[d.]hh:mm:ss[.fffffff]" or Python's seconds. Then the arithmetic of runs. */
#include "sdk/schedule/schedule.h"

#include <string.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "base/time_parse.h"
#include "base/timespan.h"
#include "sdk/json.h"

#define TIME_DIGITS 6 /* of a second: older Pythons read 3 or 6 */

/* --- reading --- */

static STATUS_RESULT read_text(struct arena *arena, struct bytes value, const char **place)
{
    if (!value.data)
        return STATUS_OK;
    struct bytes text;
    enum status status = sdk_json_text(arena, value, &text);
    if (status == STATUS_OK)
        *place = (const char *)text.data;
    return status;
}

static STATUS_RESULT read_time(struct arena *arena, struct bytes value, int64_t *place)
{
    const char *text = NULL;
    enum status status = read_text(arena, value, &text);
    if (status != STATUS_OK || !text)
        return status;
    return time_parse(bytes_of_cstr(text), place);
}

/* .NET keeps the payload as a string; Python hands over the value itself. */
static STATUS_RESULT read_payload(struct arena *arena, const struct sdk_json_member *member,
                                  const char **place)
{
    if (!member->value.data)
        return STATUS_OK;
    if (!member->snake && member->value.data[0] == '"')
        return read_text(arena, member->value, place);
    *place = arena_cstr(arena, member->value);
    return *place ? STATUS_OK : STATUS_NO_MEMORY;
}

static STATUS_RESULT read_interval(struct arena *arena, struct bytes timespan, struct bytes seconds,
                                   int64_t *ret_ns)
{
    const char *text = NULL;
    enum status status = read_text(arena, timespan, &text);
    if (status != STATUS_OK)
        return status;
    if (text)
        return timespan_parse(bytes_of_cstr(text), ret_ns);
    if (seconds.data)
        return timespan_parse_seconds(seconds, ret_ns);
    return STATUS_OK;
}

/* The number, or the name that older Pythons wrote. */
static STATUS_RESULT read_status(struct bytes value, enum dt_schedule_status *ret_status)
{
    static const struct {
        const char *number;
        const char *name;
        enum dt_schedule_status status;
    } rows[] = {{"0", "\"Uninitialized\"", DT_SCHEDULE_NONE},
                {"1", "\"Active\"", DT_SCHEDULE_ACTIVE},
                {"2", "\"Paused\"", DT_SCHEDULE_PAUSED}};
    if (!value.data)
        return STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!bytes_equal_cstr(value, rows[i].number) &&
            !bytes_equal_nocase(value, bytes_of_cstr(rows[i].name)))
            continue;
        *ret_status = rows[i].status;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}

/* The members that a configuration and a request have in common. */
static STATUS_RESULT read_configuration(struct arena *arena, struct bytes text,
                                        struct sdk_schedule_request *request)
{
    enum { ID, NAME, INPUT, INSTANCE, START, END, INTERVAL, SECONDS, LATE, COUNT };
    struct sdk_json_member members[COUNT] = {
        [ID] = {.name = "ScheduleId"},
        [NAME] = {.name = "OrchestrationName"},
        [INPUT] = {.name = "OrchestrationInput"},
        [INSTANCE] = {.name = "OrchestrationInstanceId"},
        [START] = {.name = "StartAt"},
        [END] = {.name = "EndAt"},
        [INTERVAL] = {.name = "Interval"},
        [SECONDS] = {.name = "IntervalSeconds"},
        [LATE] = {.name = "StartImmediatelyIfLate"},
    };
    struct sdk_schedule *schedule = &request->schedule;
    enum status status = sdk_json_read(text, members, COUNT);
    if (status == STATUS_OK)
        status = read_text(arena, members[ID].value, &schedule->id);
    if (status == STATUS_OK)
        status = read_text(arena, members[NAME].value, &schedule->orchestration);
    if (status == STATUS_OK)
        status = read_payload(arena, &members[INPUT], &schedule->input);
    if (status == STATUS_OK)
        status = read_text(arena, members[INSTANCE].value, &schedule->instance_id);
    if (status == STATUS_OK)
        status = read_time(arena, members[START].value, &schedule->start_at_ns);
    if (status == STATUS_OK)
        status = read_time(arena, members[END].value, &schedule->end_at_ns);
    if (status == STATUS_OK)
        status =
            read_interval(arena, members[INTERVAL].value, members[SECONDS].value, &schedule->interval_ns);
    schedule->start_if_late = bytes_equal_cstr(members[LATE].value, "true");
    request->given_start_if_late = members[LATE].value.data != NULL;
    return status;
}

enum status sdk_schedule_read(struct arena *arena, const char *state, struct sdk_schedule *ret_schedule)
{
    enum { STATUS, TOKEN, LAST, NEXT, CREATED, MODIFIED, CONFIGURATION, COUNT };
    struct sdk_json_member members[COUNT] = {
        [STATUS] = {.name = "Status"},
        [TOKEN] = {.name = "ExecutionToken"},
        [LAST] = {.name = "LastRunAt"},
        [NEXT] = {.name = "NextRunAt"},
        [CREATED] = {.name = "ScheduleCreatedAt"},
        [MODIFIED] = {.name = "ScheduleLastModifiedAt"},
        [CONFIGURATION] = {.name = "ScheduleConfiguration"},
    };
    struct sdk_schedule_request request = {0};
    struct sdk_schedule *schedule = &request.schedule;
    enum status status = sdk_json_read(bytes_of_cstr(state), members, COUNT);
    if (status == STATUS_OK && members[CONFIGURATION].value.data)
        status = read_configuration(arena, members[CONFIGURATION].value, &request);
    if (status == STATUS_OK)
        status = read_status(members[STATUS].value, &schedule->status);
    if (status == STATUS_OK)
        status = read_text(arena, members[TOKEN].value, &schedule->token);
    if (status == STATUS_OK)
        status = read_time(arena, members[LAST].value, &schedule->last_run_ns);
    if (status == STATUS_OK)
        status = read_time(arena, members[NEXT].value, &schedule->next_run_ns);
    if (status == STATUS_OK)
        status = read_time(arena, members[CREATED].value, &schedule->created_ns);
    if (status == STATUS_OK)
        status = read_time(arena, members[MODIFIED].value, &schedule->modified_ns);
    if (status == STATUS_OK)
        *ret_schedule = *schedule;
    return status;
}

enum status sdk_schedule_read_request(struct arena *arena, const char *input,
                                      struct sdk_schedule_request *ret_request)
{
    struct sdk_schedule_request request = {0};
    enum status status = read_configuration(arena, bytes_of_cstr(input), &request);
    if (status == STATUS_OK)
        *ret_request = request;
    return status;
}

/* --- writing --- */

static void write_text(struct buf *out, const char *name, const char *text)
{
    buf_append_fmt(out, "\"%s\":", name);
    if (text)
        sdk_json_append_text(out, bytes_of_cstr(text));
    else
        buf_append_cstr(out, "null");
}

/* With "+00:00", as .NET writes it: Pythons before 3.11 read no 'Z'. */
static void write_time(struct buf *out, const char *name, int64_t ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    if (!ns) {
        write_text(out, name, NULL);
        return;
    }
    size_t size = time_format(ns, TIME_DIGITS, text);
    buf_append_fmt(out, "\"%s\":\"%.*s+00:00\"", name, (int)size - 1, text);
}

static void write_interval(struct buf *out, const char *name, int64_t ns)
{
    if (!ns) {
        write_text(out, name, NULL);
        return;
    }
    int64_t seconds = ns / NS_PER_S;
    int64_t ticks = ns % NS_PER_S / TIMESPAN_TICK_NS;
    buf_append_fmt(out, "\"%s\":\"", name);
    if (seconds >= 86400)
        buf_append_fmt(out, "%lld.", (long long)(seconds / 86400));
    buf_append_fmt(out, "%02d:%02d:%02d", (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60),
                   (int)(seconds % 60));
    if (ticks)
        buf_append_fmt(out, ".%07d", (int)ticks);
    buf_append_cstr(out, "\"");
}

static void write_configuration(struct buf *out, const struct sdk_schedule *schedule, const char *late)
{
    buf_append_cstr(out, "{");
    write_text(out, "ScheduleId", schedule->id);
    buf_append_cstr(out, ",");
    write_text(out, "OrchestrationName", schedule->orchestration);
    buf_append_cstr(out, ",");
    write_text(out, "OrchestrationInput", schedule->input);
    buf_append_cstr(out, ",");
    write_text(out, "OrchestrationInstanceId", schedule->instance_id);
    buf_append_cstr(out, ",");
    write_time(out, "StartAt", schedule->start_at_ns);
    buf_append_cstr(out, ",");
    write_time(out, "EndAt", schedule->end_at_ns);
    buf_append_cstr(out, ",");
    write_interval(out, "Interval", schedule->interval_ns);
    buf_append_fmt(out, ",\"StartImmediatelyIfLate\":%s}", late);
}

void sdk_schedule_write(struct buf *out, const struct sdk_schedule *schedule)
{
    buf_append_fmt(out, "{\"Status\":%d,", (int)schedule->status);
    write_text(out, "ExecutionToken", text_or(schedule->token, ""));
    buf_append_cstr(out, ",");
    write_time(out, "LastRunAt", schedule->last_run_ns);
    buf_append_cstr(out, ",");
    write_time(out, "NextRunAt", schedule->next_run_ns);
    buf_append_cstr(out, ",");
    write_time(out, "ScheduleCreatedAt", schedule->created_ns);
    buf_append_cstr(out, ",");
    write_time(out, "ScheduleLastModifiedAt", schedule->modified_ns);
    buf_append_cstr(out, ",\"ScheduleConfiguration\":");
    write_configuration(out, schedule, schedule->start_if_late ? "true" : "false");
    buf_append_cstr(out, "}");
}

void sdk_schedule_write_request(struct buf *out, const struct sdk_schedule_request *request)
{
    const char *late = "null";
    if (request->given_start_if_late)
        late = request->schedule.start_if_late ? "true" : "false";
    write_configuration(out, &request->schedule, late);
}

/* --- rules --- */

const char *sdk_schedule_fault(const struct sdk_schedule *schedule)
{
    if (!schedule->id || !*schedule->id)
        return "the schedule has no id";
    if (!schedule->orchestration || !*schedule->orchestration)
        return "the schedule names no orchestration";
    if (schedule->interval_ns < SDK_SCHEDULE_INTERVAL_MIN)
        return "the interval is shorter than a second";
    if (schedule->start_at_ns && schedule->end_at_ns && schedule->start_at_ns > schedule->end_at_ns)
        return "the schedule ends before it starts";
    return NULL;
}

int64_t sdk_schedule_next_ns(const struct sdk_schedule *schedule, int64_t now_ns)
{
    if (schedule->next_run_ns)
        return schedule->next_run_ns;
    int64_t start = schedule->start_at_ns ? schedule->start_at_ns : schedule->created_ns;
    if (!start)
        start = now_ns;
    if (now_ns < start)
        return start;
    if (!schedule->last_run_ns && schedule->start_if_late)
        return now_ns;

    /* Whole intervals from the start, so that a late run shifts none of those after it. */
    int64_t count = (now_ns - start) / schedule->interval_ns + 1;
    if (count > (INT64_MAX - MAX(start, 0)) / schedule->interval_ns)
        return INT64_MAX;
    return start + count * schedule->interval_ns;
}

static bool replace_text(const char **place, const char *given)
{
    if (!given || (*place && strcmp(*place, given) == 0))
        return false;
    *place = given;
    return true;
}

static bool replace_number(int64_t *place, int64_t given)
{
    if (!given || *place == given)
        return false;
    *place = given;
    return true;
}

bool sdk_schedule_update(struct sdk_schedule *schedule, const struct sdk_schedule_request *request)
{
    const struct sdk_schedule *given = &request->schedule;
    (void)replace_text(&schedule->orchestration, given->orchestration);
    (void)replace_text(&schedule->input, given->input);
    (void)replace_text(&schedule->instance_id, given->instance_id);
    (void)replace_number(&schedule->end_at_ns, given->end_at_ns);

    bool anew = replace_number(&schedule->start_at_ns, given->start_at_ns);
    anew |= replace_number(&schedule->interval_ns, given->interval_ns);
    if (request->given_start_if_late && schedule->start_if_late != given->start_if_late) {
        schedule->start_if_late = given->start_if_late;
        anew = true;
    }
    return anew;
}
