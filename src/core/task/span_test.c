/* SPDX-License-Identifier: MIT */
/* span_test.c — what a trace shows of a history, and below whose span it hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/task/event.h"
#include "core/task/span.h"

#define CLIENT_TRACE "0af7651916cd43dd8448eb211c80319c"
#define CLIENT_SPAN  "b7ad6b7169203331"

static const struct span_source source = {.instance_id = BYTES_LITERAL("i-1"),
                                          .execution_id = BYTES_LITERAL("e-1"),
                                          .name = BYTES_LITERAL("Order"),
                                          .status = "COMPLETED",
                                          .ended_ns = 9};

static void add_started(struct buf *blob, const char *trace_parent)
{
    struct pb_trace_context context = {.trace_parent = bytes_of_cstr(trace_parent)};
    struct pb_execution_started_event body = {.name = BYTES_LITERAL("Order"),
                                              .parent_trace_context = &context};
    struct pb_history_event event = {
        .event_id = 0, .event_type_case = PB_HISTORY_EVENT_EXECUTION_STARTED, .execution_started = &body};
    event_append_new(blob, &event, 1);
}

static void add_activity(struct buf *blob, struct arena *arena, int32_t id)
{
    struct pb_task_scheduled_event body = {.name = BYTES_LITERAL("Pay")};
    struct pb_history_event event = {
        .event_id = id, .event_type_case = PB_HISTORY_EVENT_TASK_SCHEDULED, .task_scheduled = &body};
    event_append_new(blob, &event, 2);
    event_append(blob, event_task_failed(arena, id, event_failure(arena, "T", "m")), 5);
}

static size_t spans_of(const char *trace_parent, struct buf *ret_text)
{
    struct arena arena = {0};
    struct buf blob = {0};
    add_started(&blob, trace_parent);
    add_activity(&blob, &arena, 1);
    size_t count = span_write(&source, buf_peek(&blob), &arena, ret_text);
    buf_append_byte(ret_text, 0);
    buf_fini(&blob);
    arena_fini(&arena);
    return count;
}

static void what_a_client_traces_goes_on_in_its_trace(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf text = {0};
    assert_int_equal(spans_of("00-" CLIENT_TRACE "-" CLIENT_SPAN "-01", &text), 2);
    const char *json = (const char *)text.data;
    assert_non_null(strstr(json, "\"traceId\":\"" CLIENT_TRACE "\""));
    assert_non_null(
        strstr(json, "\"parentSpanId\":\"" CLIENT_SPAN "\",\"name\":\"orchestration:Order\",\"kind\":2"));
    assert_non_null(strstr(
        json, "\"name\":\"activity:Pay\",\"kind\":3,\"startTimeUnixNano\":\"2\",\"endTimeUnixNano\":\"5\""));
    assert_non_null(strstr(json, "\"status\":{\"code\":2}"));
    assert_null(strstr(json, "create_orchestration"));
}

/* If this fails, a client that asked for no trace pays for one. */
static void what_is_not_sampled_is_not_shown(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf text = {0};
    assert_int_equal(spans_of("00-" CLIENT_TRACE "-" CLIENT_SPAN "-00", &text), 0);
}

static void a_client_without_a_trace_begins_one(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "00-" CLIENT_TRACE "-" CLIENT_SPAN, "00-00000000000000000000000000000000-" CLIENT_SPAN "-01",
        "00-" CLIENT_TRACE "-000000000000000g-01", "00_" CLIENT_TRACE "-" CLIENT_SPAN "-01"};
    CLEANUP(buf_fini) struct buf first = {0};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        assert_int_equal(spans_of(bad[i], &text), 3);
        assert_non_null(
            strstr((const char *)text.data, "\"name\":\"create_orchestration:Order\",\"kind\":4"));
        if (i == 0)
            buf_append_bytes(&first, buf_peek(&text));
        assert_true(bytes_equal(buf_peek(&first), buf_peek(&text))); /* the same history, the same ids */
    }
}

static void bytes_that_are_no_history_give_nothing(void **state)
{
    (void)state;
    struct arena arena = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    assert_int_equal(span_write(&source, BYTES_LITERAL("\x1a\xff"), &arena, &text), 0);
    assert_int_equal(span_write(&source, (struct bytes){0}, &arena, &text), 0);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_client_traces_goes_on_in_its_trace),
        cmocka_unit_test(what_is_not_sampled_is_not_shown),
        cmocka_unit_test(a_client_without_a_trace_begins_one),
        cmocka_unit_test(bytes_that_are_no_history_give_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
