/* SPDX-License-Identifier: MIT */
/* backend_words_test.c — each decision of a host is the action that it was, and what it was told is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/task/backend_words.h"
#include "core/task/message.h"

#define EVENT(number, KIND, member, body)                                                                    \
    {                                                                                                        \
        .event_id = (number), .event_type_case = PB_HISTORY_EVENT_##KIND, .member = (body)                   \
    }

/* If this fails, a decision of a host is lost or another one. */
static void decisions_are_actions(void **state)
{
    struct pb_orchestrator_started_event told = {.unknown = {0}};
    struct pb_task_scheduled_event task = {.name = BYTES_LITERAL("A")};
    struct pb_timer_created_event timer = {.fire_at = pb_time_from_ns(7)};
    struct pb_sub_orchestration_instance_created_event child = {.instance_id = BYTES_LITERAL("c")};
    struct pb_event_sent_event sent = {.instance_id = BYTES_LITERAL("t"), .name = BYTES_LITERAL("n")};
    struct pb_entity_operation_signaled_event signal = {.operation = BYTES_LITERAL("add")};
    struct pb_continue_as_new_event again = {.input = pb_some(BYTES_LITERAL("i"))};
    struct pb_history_event history[] = {
        EVENT(-1, ORCHESTRATOR_STARTED, orchestrator_started, &told),
        EVENT(0, TASK_SCHEDULED, task_scheduled, &task),
        EVENT(1, TIMER_CREATED, timer_created, &timer),
        EVENT(2, SUB_ORCHESTRATION_INSTANCE_CREATED, sub_orchestration_instance_created, &child),
        EVENT(3, EVENT_SENT, event_sent, &sent),
        EVENT(4, ENTITY_OPERATION_SIGNALED, entity_operation_signaled, &signal),
        EVENT(5, CONTINUE_AS_NEW, continue_as_new, &again),
    };
    static const enum pb_orchestrator_action_case kinds[] = {PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK,
                                                             PB_ORCHESTRATOR_ACTION_CREATE_TIMER,
                                                             PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION,
                                                             PB_ORCHESTRATOR_ACTION_SEND_EVENT,
                                                             PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE,
                                                             PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION};
    struct pb_complete_orchestration_work_item_request request = {.completion_token = BYTES_LITERAL("token"),
                                                                  .new_history = history,
                                                                  .new_history_count = ARRAY_SIZE(history)};
    struct pb_orchestrator_response response;
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    struct bytes message =
        message_encode(&arena, &pb_complete_orchestration_work_item_request_message, &request);
    assert_int_equal(backend_words_turn(&arena, message, &response), STATUS_OK);
    assert_true(bytes_equal_cstr(response.completion_token, "token"));
    assert_int_equal(response.actions_count, ARRAY_SIZE(kinds));
    for (size_t n = 0; n < ARRAY_SIZE(kinds); n++) {
        assert_int_equal(response.actions[n].id, (int)n);
        assert_int_equal(response.actions[n].orchestrator_action_type_case, kinds[n]);
    }
    assert_int_equal(response.actions[5].complete_orchestration->orchestration_status,
                     PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW);
    assert_int_equal(backend_words_turn(&arena, BYTES_LITERAL("\xff"), &response), STATUS_MALFORMED);
    arena_fini(&arena);
}

/* If this fails, a host raises what only the scheduler may say, or a failure counts as a success. */
static void what_is_no_outcome_is_refused(void **state)
{
    struct pb_task_failed_event failed = {.task_scheduled_id = 3};
    struct pb_history_event outcome = EVENT(-1, TASK_FAILED, task_failed, &failed);
    struct pb_complete_activity_work_item_request request = {.response_event = &outcome};
    struct pb_task_scheduled_event task = {.name = BYTES_LITERAL("A")};
    struct pb_history_event inner = EVENT(1, TASK_SCHEDULED, task_scheduled, &task);
    struct pb_activity_response response;
    enum pb_task_hub_sidecar_service_method method;
    struct bytes raised;
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    struct bytes message = message_encode(&arena, &pb_complete_activity_work_item_request_message, &request);
    assert_int_equal(backend_words_activity(&arena, message, &response), STATUS_OK);
    assert_int_equal(response.task_id, 3);
    assert_non_null(response.failure_details); /* without details it is a failure all the same */
    assert_int_equal(backend_words_activity(&arena, (struct bytes){0}, &response), STATUS_INVALID_ARGUMENT);
    assert_int_equal(backend_words_event(&arena, BYTES_LITERAL("i"), &inner, &method, &raised),
                     STATUS_INVALID_ARGUMENT);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_are_actions),
        cmocka_unit_test(what_is_no_outcome_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
