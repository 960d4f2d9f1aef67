/* SPDX-License-Identifier: MIT */
/* history_test.c — what a user reads of each kind of event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sdk/client/history.h"
#include "wire/pb/orchestrator_service.pb.h"

static struct dt_event read_one(struct dt_history *history, const struct pb_history_event *wire)
{
    struct pb_history_chunk chunk = {.events = (struct pb_history_event *)wire, .events_count = 1};
    struct buf encoded = {0};
    pb_history_chunk_encode(&chunk, &encoded);
    assert_int_equal(buf_status(&encoded), STATUS_OK);
    assert_int_equal(sdk_history_append(history, buf_peek(&encoded)), STATUS_OK);
    buf_fini(&encoded);
    struct dt_event event = DT_INIT(struct dt_event);
    dt_history_event(history, dt_history_count(history) - 1, &event);
    return event;
}

/* Each message between an orchestration and its entities names the operation, the entity and the request. */
static void test_entity_events(void **state)
{
    struct dt_history *history = sdk_history_create();
    assert_non_null(history);

    struct pb_entity_operation_called_event called = {.request_id = BYTES_LITERAL("r1"),
                                                      .operation = BYTES_LITERAL("add"),
                                                      .input = pb_some(BYTES_LITERAL("1")),
                                                      .target_instance_id = pb_some(BYTES_LITERAL("@c@a"))};
    struct dt_event event = read_one(
        history, &(struct pb_history_event){.event_id = 4,
                                            .event_type_case = PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED,
                                            .entity_operation_called = &called});
    assert_int_equal(event.kind, DT_EVENT_ENTITY_CALLED);
    assert_int_equal(event.id, 4);
    assert_string_equal(event.name, "add");
    assert_string_equal(event.instance_id, "@c@a");
    assert_string_equal(event.request_id, "r1");
    assert_string_equal(event.data, "1");

    struct pb_entity_operation_failed_event failed = {
        .request_id = BYTES_LITERAL("r1"),
        .failure_details = &(struct pb_task_failure_details){.error_type = BYTES_LITERAL("Bad")}};
    event = read_one(history,
                     &(struct pb_history_event){.event_id = -1,
                                                .event_type_case = PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED,
                                                .entity_operation_failed = &failed});
    assert_string_equal(event.failure->type, "Bad");
    assert_null(event.data);

    struct pb_entity_unlock_sent_event unlock = {.critical_section_id = BYTES_LITERAL("s1"),
                                                 .target_instance_id = pb_some(BYTES_LITERAL("@c@a"))};
    event =
        read_one(history, &(struct pb_history_event){.event_type_case = PB_HISTORY_EVENT_ENTITY_UNLOCK_SENT,
                                                     .entity_unlock_sent = &unlock});
    assert_string_equal(event.request_id, "s1");
    assert_string_equal(event.instance_id, "@c@a");
    assert_null(event.name);
    assert_string_equal(dt_event_kind_name(event.kind), "EntityUnlockSent");
    struct bytes set[] = {BYTES_LITERAL("@a@1"), BYTES_LITERAL("@b@2")};
    struct pb_entity_lock_requested_event lock = {
        .critical_section_id = BYTES_LITERAL("s1"), .lock_set = set, .lock_set_count = 2};
    event = read_one(history,
                     &(struct pb_history_event){.event_type_case = PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED,
                                                .entity_lock_requested = &lock});
    assert_string_equal(event.data, "@a@1, @b@2");
    assert_string_equal(event.request_id, "s1");
    dt_history_destroy(history);
}

/* A program built against a younger, shorter structure gets no byte more than it has room for. */
static void test_shorter_structure(void **state)
{
    struct dt_history *history = sdk_history_create();
    struct pb_task_scheduled_event scheduled = {.name = BYTES_LITERAL("n"),
                                                .version = pb_some(BYTES_LITERAL("2"))};
    struct dt_event event =
        read_one(history, &(struct pb_history_event){.event_type_case = PB_HISTORY_EVENT_TASK_SCHEDULED,
                                                     .task_scheduled = &scheduled});
    assert_string_equal(event.version, "2");

    struct dt_event old;
    memset(&old, 0x5a, sizeof old);
    old.size = offsetof(struct dt_event, version);
    dt_history_event(history, 0, &old);
    assert_string_equal(old.name, "n");
    assert_int_equal(*(unsigned char *)&old.version, 0x5a);
    dt_history_destroy(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_entity_events),
                                       cmocka_unit_test(test_shorter_structure)};
    return cmocka_run_group_tests_name("sdk/history", tests, NULL, NULL);
}
