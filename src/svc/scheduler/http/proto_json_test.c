/* SPDX-License-Identifier: MIT */
/* proto_json_test.c — messages as JSON. If this fails, tools that read the API see another history than happened. */
#include "svc/scheduler/http/proto_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "wire/pb/orchestrator_service.pb.h"

static void expect_json(const struct pb_message *table, const void *message, const char *wanted)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    proto_json_write(&json, table, message);
    assert_int_equal(json_write_status(&json), STATUS_OK);
    if (!bytes_equal_cstr(buf_peek(&out), wanted))
        fail_msg("%.*s\nwanted %s", BYTES_FMT(buf_peek(&out)), wanted);
}

static void scalars_are_written_also_when_they_are_nothing(void **state)
{
    const struct pb_execution_completed_event completed = {.orchestration_status = 0};
    expect_json(&pb_execution_completed_event_message, &completed,
                "{\"orchestrationStatus\":\"ORCHESTRATION_STATUS_RUNNING\"}");
    const struct pb_execution_completed_event odd = {.orchestration_status = 99};
    expect_json(&pb_execution_completed_event_message, &odd, "{\"orchestrationStatus\":99}");
    const struct pb_task_completed_event empty = {.result = pb_some(BYTES_LITERAL(""))};
    expect_json(&pb_task_completed_event_message, &empty, "{\"taskScheduledId\":0,\"result\":\"\"}");
}

static void of_a_oneof_only_what_is_chosen_is_written(void **state)
{
    struct pb_timer_fired_event fired = {.timer_id = 3, .fire_at = {true, 0, 5000000}};
    struct pb_history_event event = {.event_id = -1,
                                     .timestamp = {true, 1, 0},
                                     .event_type_case = PB_HISTORY_EVENT_TIMER_FIRED,
                                     .timer_fired = &fired};
    expect_json(&pb_history_event_message, &event,
                "{\"eventId\":-1,\"timestamp\":\"1970-01-01T00:00:01Z\",\"timerFired\":{\"fireAt\":"
                "\"1970-01-01T00:00:00.005Z\",\"timerId\":3}}");
}

static void times_have_the_digits_they_need(void **state)
{
    static const struct {
        struct pb_opt_time time;
        const char *text;
    } cases[] = {
        {{true, 0, 0}, "\"1970-01-01T00:00:00Z\""},
        {{true, -1, 999000000}, "\"1969-12-31T23:59:59.999Z\""},
        {{true, 1795866773, 388131300}, "\"2026-11-28T11:52:53.388131300Z\""},
        {{true, 1795866773, 388131000}, "\"2026-11-28T11:52:53.388131Z\""},
        {{true, 253402300799, 0}, "\"9999-12-31T23:59:59Z\""},
        {{true, INT64_MAX, -5}, "\"9999-12-31T23:59:59Z\""},
        {{true, INT64_MIN, 0}, "\"0001-01-01T00:00:00Z\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        struct json_writer json = {.out = &out};
        proto_json_write_time(&json, cases[i].time);
        assert_int_equal(json_write_status(&json), STATUS_OK);
        if (!bytes_equal_cstr(buf_peek(&out), cases[i].text))
            fail_msg("%.*s, not %s", BYTES_FMT(buf_peek(&out)), cases[i].text);
    }
}

static void a_value_is_the_json_it_stands_for(void **state)
{
    struct pb_value text = {.kind_case = PB_VALUE_STRING_VALUE, .string_value = BYTES_LITERAL("a\"b")};
    struct pb_value number = {.kind_case = PB_VALUE_NUMBER_VALUE, .number_value = 0.1};
    struct pb_value items[] = {text, number, {.kind_case = PB_VALUE_NULL_VALUE}};
    struct pb_list_value list = {.values = items, .values_count = 3};
    struct pb_value array = {.kind_case = PB_VALUE_LIST_VALUE, .list_value = &list};
    struct pb_value_entry fields[] = {{BYTES_LITERAL("list"), &array}};
    struct pb_struct object = {.fields = fields, .fields_count = 1};
    struct pb_value whole = {.kind_case = PB_VALUE_STRUCT_VALUE, .struct_value = &object};
    struct pb_value_entry properties[] = {{BYTES_LITERAL("p"), &whole}};
    struct pb_task_failure_details inner = {.error_type = BYTES_LITERAL("I")};
    struct pb_task_failure_details failure = {.error_type = BYTES_LITERAL("E"),
                                              .error_message = BYTES_LITERAL("bad \xff"),
                                              .inner_failure = &inner,
                                              .properties = properties,
                                              .properties_count = 1};
    expect_json(
        &pb_task_failure_details_message, &failure,
        "{\"errorType\":\"E\",\"errorMessage\":\"bad \xef\xbf\xbd\",\"innerFailure\":{\"errorType\":\"I\","
        "\"errorMessage\":\"\",\"isNonRetriable\":false},\"isNonRetriable\":false,\"properties\":{\"p\":{"
        "\"list\":[\"a\\\"b\",0.10000000000000001,null]}}}");
}

static void of_two_tags_with_one_key_the_last_counts(void **state)
{
    struct pb_string_entry tags[] = {{BYTES_LITERAL("k"), BYTES_LITERAL("1")},
                                     {BYTES_LITERAL("l"), BYTES_LITERAL("2")},
                                     {BYTES_LITERAL("k"), BYTES_LITERAL("3")}};
    struct pb_schedule_task_action action = {.name = BYTES_LITERAL("n"), .tags = tags, .tags_count = 3};
    expect_json(&pb_schedule_task_action_message, &action,
                "{\"name\":\"n\",\"tags\":{\"l\":\"2\",\"k\":\"3\"}}");
}

/* What a peer nested as deeply as the decoder lets it must not stop the process. */
static void the_deepest_message_fits_the_writer(void **state)
{
    CLEANUP(buf_fini) struct buf message = {0};
    CLEANUP(arena_fini) struct arena arena;
    struct pb_task_failure_details decoded;
    arena_init(&arena, 0);
    for (int i = 0; i < PB_DEPTH_MAX - 1; i++) {
        CLEANUP(buf_fini) struct buf outer = {0};
        pb_put_bytes_field(&outer, 4, buf_peek(&message));
        buf_clear(&message);
        buf_append_bytes(&message, buf_peek(&outer));
    }
    assert_int_equal(pb_task_failure_details_decode(&arena, buf_peek(&message), &decoded), STATUS_OK);
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out};
    json_write_begin_array(&json);
    proto_json_write(&json, &pb_task_failure_details_message, &decoded);
    json_write_end_array(&json);
    assert_int_equal(json_write_status(&json), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_are_written_also_when_they_are_nothing),
        cmocka_unit_test(of_a_oneof_only_what_is_chosen_is_written),
        cmocka_unit_test(times_have_the_digits_they_need),
        cmocka_unit_test(a_value_is_the_json_it_stands_for),
        cmocka_unit_test(of_two_tags_with_one_key_the_last_counts),
        cmocka_unit_test(the_deepest_message_fits_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
