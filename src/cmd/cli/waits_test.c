/* SPDX-License-Identifier: MIT */
/* waits_test.c — why an instance does not move. If this fails, an operator looks in the wrong place. */
#include "cmd/cli/waits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND 1000000000LL

static void expect(enum dt_instance_status status, const struct dt_event *events, size_t count,
                   const char *wanted)
{
    CLEANUP(buf_fini) struct buf out = {0};
    const struct waits_facts facts = {.id = "i-1",
                                      .name = "Hello",
                                      .status = status,
                                      .created_ns = SECOND,
                                      .now_ns = 100 * SECOND,
                                      .events = events,
                                      .event_count = count};
    waits_write(&facts, &out);
    if (!bytes_equal_cstr(buf_peek(&out), wanted))
        fail_msg("%.*s\nwanted: %s", BYTES_FMT(buf_peek(&out)), wanted);
}

static void a_status_alone_may_say_it(void **state)
{
    expect(DT_INSTANCE_COMPLETED, NULL, 0, "");
    expect(DT_INSTANCE_SUSPENDED, NULL, 0, "is suspended: sallyport instance resume i-1");
    expect(DT_INSTANCE_PENDING, NULL, 0,
           "no worker has taken it since 1970-01-01 00:00:01Z: one that has the orchestration Hello must be "
           "connected");
    CLEANUP(buf_fini) struct buf out = {0};
    const struct waits_facts later = {.id = "i-1",
                                      .name = "Hello",
                                      .status = DT_INSTANCE_PENDING,
                                      .scheduled_ns = 200 * SECOND,
                                      .now_ns = SECOND};
    waits_write(&later, &out);
    assert_true(bytes_equal_cstr(buf_peek(&out), "starts at 1970-01-01 00:03:20Z"));
}

static void what_has_no_answer_is_what_it_waits_for(void **state)
{
    const struct dt_event activity[] = {
        {.kind = DT_EVENT_TASK_SCHEDULED, .id = 1, .name = "Done", .time_ns = SECOND},
        {.kind = DT_EVENT_TIMER_CREATED, .id = 2, .fire_at_ns = 60 * SECOND},
        {.kind = DT_EVENT_TASK_COMPLETED, .id = -1, .task_id = 1},
        {.kind = DT_EVENT_TASK_SCHEDULED, .id = 3, .name = "Slow", .time_ns = 2 * SECOND},
        {.kind = DT_EVENT_TASK_SCHEDULED, .id = 4, .name = "Slower", .time_ns = 2 * SECOND}};
    expect(DT_INSTANCE_RUNNING, activity, 5,
           "waits for the activity Slow, scheduled 1970-01-01 00:00:02Z (and 1 more activities): a worker "
           "that has it "
           "must be connected");
    expect(DT_INSTANCE_RUNNING, activity, 3,
           "waits for its timer until 1970-01-01 00:01:00Z, or for an event");
    expect(DT_INSTANCE_RUNNING, activity, 0, "waits for an event: sallyport instance raise i-1 EVENT");

    const struct dt_event child[] = {{.kind = DT_EVENT_CHILD_CREATED, .id = 1, .instance_id = "c-1"},
                                     {.kind = DT_EVENT_CHILD_CREATED, .id = 2, .instance_id = "c-2"},
                                     {.kind = DT_EVENT_CHILD_FAILED, .id = -1, .task_id = 1}};
    expect(DT_INSTANCE_RUNNING, child, 3, "waits for its child c-2");

    const struct dt_event entity[] = {
        {.kind = DT_EVENT_ENTITY_CALLED, .id = 1, .instance_id = "@e@1", .request_id = "r1"},
        {.kind = DT_EVENT_ENTITY_CALLED, .id = 2, .instance_id = "@e@2", .request_id = "r2"},
        {.kind = DT_EVENT_ENTITY_COMPLETED, .id = -1, .request_id = "r1"}};
    expect(DT_INSTANCE_RUNNING, entity, 3, "waits for the entity @e@2");
}

static void a_call_that_is_tried_again_under_its_id_is_open_again(void **state)
{
    const struct dt_event events[] = {
        {.kind = DT_EVENT_TASK_SCHEDULED, .id = 1, .name = "Retried", .time_ns = SECOND},
        {.kind = DT_EVENT_TASK_FAILED, .id = -1, .task_id = 1},
        {.kind = DT_EVENT_TASK_SCHEDULED, .id = 1, .name = "Retried", .time_ns = 5 * SECOND}};
    expect(DT_INSTANCE_RUNNING, events, 3,
           "waits for the activity Retried, scheduled 1970-01-01 00:00:05Z: a worker that has it must be "
           "connected");
    expect(DT_INSTANCE_RUNNING, events, 2, "waits for an event: sallyport instance raise i-1 EVENT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_alone_may_say_it),
        cmocka_unit_test(what_has_no_answer_is_what_it_waits_for),
        cmocka_unit_test(a_call_that_is_tried_again_under_its_id_is_open_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
