/* SPDX-License-Identifier: MIT */
/* schedule_test.c — states and requests as the SDKs of .NET and Python write them, and when a schedule runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sdk/schedule/schedule.h"

#define T0 (INT64_C(1700000000) * NS_PER_S)

static struct arena arena;

static void assert_text(const char *text, const char *wanted)
{
    assert_int_equal(text != NULL, wanted != NULL);
    if (wanted)
        assert_string_equal(text, wanted);
}

/* What another SDK's worker left is gone on with, not begun anew. */
static void test_read_state(void **state)
{
    const char *text = "{\"Status\":1,\"ExecutionToken\":\"t\",\"LastRunAt\":\"2023-11-14T22:13:20.0000000+"
                       "00:00\",\"NextRunAt\":null,"
                       "\"ScheduleCreatedAt\":\"2023-11-14T22:13:20Z\",\"ScheduleLastModifiedAt\":\"2023-11-"
                       "15T00:13:20.5+02:00\","
                       "\"ScheduleConfiguration\":{\"ScheduleId\":\"s\",\"OrchestrationName\":\"o\","
                       "\"OrchestrationInput\":\"{\\\"a\\\":1}\","
                       "\"OrchestrationInstanceId\":null,\"StartAt\":null,\"EndAt\":null,\"Interval\":\"1.02:"
                       "03:04.5000000\","
                       "\"StartImmediatelyIfLate\":true,\"Later\":[]}}";
    struct sdk_schedule schedule;
    assert_int_equal(sdk_schedule_read(&arena, text, &schedule), STATUS_OK);
    assert_int_equal(schedule.status, DT_SCHEDULE_ACTIVE);
    assert_text(schedule.token, "t");
    assert_int_equal(schedule.last_run_ns, T0);
    assert_int_equal(schedule.next_run_ns, 0);
    assert_int_equal(schedule.created_ns, T0);
    assert_int_equal(schedule.modified_ns, T0 + NS_PER_S / 2);
    assert_text(schedule.id, "s");
    assert_text(schedule.input, "{\"a\":1}");
    assert_text(schedule.instance_id, NULL);
    assert_int_equal(schedule.interval_ns, ((26 * 60 + 3) * 60 + 4) * NS_PER_S + NS_PER_S / 2);
    assert_true(schedule.start_if_late);

    struct buf out = {0};
    sdk_schedule_write(&out, &schedule);
    buf_append_byte(&out, 0);
    struct sdk_schedule again;
    assert_int_equal(sdk_schedule_read(&arena, (const char *)out.data, &again), STATUS_OK);
    assert_int_equal(again.interval_ns, schedule.interval_ns);
    assert_int_equal(again.modified_ns, schedule.modified_ns);
    assert_int_equal(again.next_run_ns, 0);
    assert_text(again.input, schedule.input);
    assert_non_null(strstr((const char *)out.data, "\"Interval\":\"1.02:03:04.5000000\""));
    assert_non_null(strstr((const char *)out.data, "\"LastRunAt\":\"2023-11-14T22:13:20.000000+00:00\""));
    buf_fini(&out);
}

/* Python hands over the payload itself, .NET as a string; the orchestration is to get the same. */
static void test_read_request(void **state)
{
    struct sdk_schedule_request request;
    const char *python =
        "{\"schedule_id\": \"s\", \"orchestration_name\": \"o\", \"interval_seconds\": 2.5, "
        "\"orchestration_input\": \"x\", \"start_at\": null, \"start_immediately_if_late\": false}";
    assert_int_equal(sdk_schedule_read_request(&arena, python, &request), STATUS_OK);
    assert_int_equal(request.schedule.interval_ns, 2500 * NS_PER_MS);
    assert_text(request.schedule.input, "\"x\"");
    assert_true(request.given_start_if_late);

    const char *net = "{\"ScheduleId\":\"s\",\"OrchestrationName\":\"o\",\"Interval\":\"00:00:02\","
                      "\"OrchestrationInput\":\"\\\"x\\\"\"}";
    assert_int_equal(sdk_schedule_read_request(&arena, net, &request), STATUS_OK);
    assert_int_equal(request.schedule.interval_ns, 2 * NS_PER_S);
    assert_text(request.schedule.input, "\"x\"");
    assert_false(request.given_start_if_late);
}

static void test_malformed(void **state)
{
    static const char *const table[] = {
        "",
        "[]",
        "{\"Status\":7}",
        "{\"ExecutionToken\":5}",
        "{\"NextRunAt\":\"tomorrow\"}",
        "{\"ScheduleConfiguration\":5}",
        "{\"ScheduleConfiguration\":{\"Interval\":\"-00:00:02\"}}",
        "{\"ScheduleConfiguration\":{\"Interval\":\"24:00:00\"}}",
        "{\"ScheduleConfiguration\":{\"Interval\":\"00:60:00\"}}",
        "{\"ScheduleConfiguration\":{\"Interval\":\"00:00\"}}",
        "{\"ScheduleConfiguration\":{\"Interval\":\"00:00:00.x\"}}",
        "{\"ScheduleConfiguration\":{\"Interval\":\"99999999999.00:00:00\"}}",
        "{\"ScheduleConfiguration\":{\"interval_seconds\":1e5}}",
        "{\"ScheduleConfiguration\":{\"interval_seconds\":99999999999999999999}}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        struct sdk_schedule schedule;
        if (sdk_schedule_read(&arena, table[i], &schedule) != STATUS_MALFORMED)
            fail_msg("%s was taken", table[i]);
    }
}

/* A run that comes late shifts none of those after it. */
static void test_next(void **state)
{
    static const struct {
        const char *what;
        struct sdk_schedule schedule;
        int64_t now_ns;
        int64_t next_ns;
    } table[] = {
        {"known", {.next_run_ns = 5, .interval_ns = NS_PER_S}, T0, 5},
        {"before the start", {.start_at_ns = T0 + 5, .interval_ns = NS_PER_S}, T0, T0 + 5},
        {"at the start", {.start_at_ns = T0, .interval_ns = NS_PER_S}, T0, T0 + NS_PER_S},
        {"late, left out",
         {.created_ns = T0, .interval_ns = 10 * NS_PER_S},
         T0 + 25 * NS_PER_S,
         T0 + 30 * NS_PER_S},
        {"late, wanted",
         {.created_ns = T0, .interval_ns = 10 * NS_PER_S, .start_if_late = true},
         T0 + 25,
         T0 + 25},
        {"not the first",
         {.created_ns = T0, .last_run_ns = T0, .interval_ns = 10 * NS_PER_S, .start_if_late = true},
         T0 + 25,
         T0 + 10 * NS_PER_S},
        {"never", {.created_ns = T0, .interval_ns = INT64_MAX}, T0 + 1, INT64_MAX},
        {"of a clock that was put back", {.created_ns = T0, .interval_ns = NS_PER_S}, T0 - 5, T0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        int64_t next = sdk_schedule_next_ns(&table[i].schedule, table[i].now_ns);
        if (next != table[i].next_ns)
            fail_msg("%s: %lld instead of %lld", table[i].what, (long long)next, (long long)table[i].next_ns);
    }
}

static void test_rules_and_updates(void **state)
{
    struct sdk_schedule schedule = {.id = "s", .orchestration = "o", .interval_ns = NS_PER_S};
    assert_null(sdk_schedule_fault(&schedule));
    struct sdk_schedule faulty = schedule;
    faulty.interval_ns--;
    assert_non_null(sdk_schedule_fault(&faulty));
    faulty = schedule;
    faulty.start_at_ns = 2;
    faulty.end_at_ns = 1;
    assert_non_null(sdk_schedule_fault(&faulty));
    faulty = schedule;
    faulty.orchestration = "";
    assert_non_null(sdk_schedule_fault(&faulty));

    struct sdk_schedule_request request = {.schedule = {.input = "1", .interval_ns = NS_PER_S}};
    assert_false(sdk_schedule_update(&schedule, &request));
    assert_text(schedule.input, "1");
    assert_text(schedule.orchestration, "o");
    request.schedule.interval_ns = 2 * NS_PER_S;
    assert_true(sdk_schedule_update(&schedule, &request));
    request = (struct sdk_schedule_request){.schedule = {.start_if_late = true}, .given_start_if_late = true};
    assert_true(sdk_schedule_update(&schedule, &request));
    assert_false(sdk_schedule_update(&schedule, &request));
}

static int set_up(void **state)
{
    arena_init(&arena, 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read_state), cmocka_unit_test(test_read_request),
                                       cmocka_unit_test(test_malformed), cmocka_unit_test(test_next),
                                       cmocka_unit_test(test_rules_and_updates)};
    return cmocka_run_group_tests_name("sdk/schedule", tests, set_up, tear_down);
}
