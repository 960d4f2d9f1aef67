/* SPDX-License-Identifier: MIT */
/* entity_host_test.c — CompleteEntityWorkItem: answers reach who called, signals and starts happen, what was not executed
 * comes again (spec 1.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/engine_script.h"
#include "wire/pb/backend_service.pb.h"

static struct pb_orchestration_instance caller = {.instance_id = BYTES_LITERAL("o")};

static uint64_t complete(struct rig *rig, struct rig_work *batch,
                         struct pb_complete_entity_work_item_request request)
{
    request.completion_token = batch->item.completion_token;
    request.instance_id = BYTES_LITERAL("@c@1");
    uint64_t call =
        rig_call(rig, ENGINE_COMPLETE_ENTITY_HOST, &pb_complete_entity_work_item_request_message, &request);
    rig_work_free(batch);
    assert_int_equal(rig_reply_of(rig, call)->status, STATUS_OK);
    engine_check(rig->engine);
    return call;
}

/* An orchestration that waits for two operations of an entity, and the batch of them. */
static struct rig_work *two_calls(struct rig *rig)
{
    rig_init(rig, NULL);
    script_worker(rig, 1);
    script_start(rig, "o", "X");
    script_answer(rig, script_turn(rig, "o"), "call 1 @c@1 one; call 2 @c@1 two");
    return script_batch(rig, "@c@1", "one two");
}

static void answers_reach_those_who_called(void **state)
{
    struct rig rig;
    struct pb_task_failure_details details = {.error_type = BYTES_LITERAL("Oops")};
    struct pb_entity_operation_completed_event good = {.request_id = BYTES_LITERAL("one"),
                                                       .output = pb_some(BYTES_LITERAL("7"))};
    struct pb_entity_operation_failed_event bad = {.request_id = BYTES_LITERAL("two"),
                                                   .failure_details = &details};
    struct pb_history_event events[] = {
        {.event_type_case = PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED, .entity_operation_failed = &bad},
        {.event_type_case = PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED,
         .entity_operation_completed = &good}};
    struct pb_orchestrator_message messages[] = {{.instance = &caller, .event = &events[0]},
                                                 {.instance = &caller, .event = &events[1]}};
    (void)state;
    struct rig_work *batch = two_calls(&rig);
    complete(&rig, batch,
             (struct pb_complete_entity_work_item_request){.number_operations_executed = 2,
                                                           .entity_state = pb_some(BYTES_LITERAL("s")),
                                                           .messages = messages,
                                                           .messages_count = 2});
    struct rig_work *turn = script_turn(&rig, "o");
    script_expect_new(turn, "OrchestratorStarted EntityOperationCompleted EntityOperationFailed");
    const struct pb_history_event *seen = turn->item.orchestrator_request->new_events;
    assert_true(bytes_equal_cstr(seen[1].entity_operation_completed->output.value, "7"));
    assert_true(bytes_equal_cstr(seen[2].entity_operation_failed->failure_details->error_type, "Oops"));
    rig_work_free(turn);
    assert_true(bytes_equal_cstr(rig_stored_entity(&rig, BYTES_LITERAL("@c@1"))->op.entity.state, "s"));
    rig_fini(&rig);
}

/* If this fails, an operation that the host did not reach is lost, or a caller waits for ever for an answer that the host
 * forgot. */
static void what_was_not_executed_comes_again(void **state)
{
    struct rig rig;
    (void)state;
    struct rig_work *batch = two_calls(&rig);
    complete(&rig, batch,
             (struct pb_complete_entity_work_item_request){.number_operations_executed = 1,
                                                           .entity_state = pb_some(BYTES_LITERAL("s"))});
    batch = script_batch(&rig, "@c@1", "two");
    struct rig_work *turn = script_turn(&rig, "o");
    script_expect_new(turn, "OrchestratorStarted EntityOperationFailed");
    rig_work_free(turn);
    complete(&rig, batch, (struct pb_complete_entity_work_item_request){.number_operations_executed = 0});
    assert_null(rig_take_work(&rig)); /* given back, with back-off */
    rig_advance(&rig, 2 * RIG_SECOND);
    rig_work_free(script_batch(&rig, "@c@1", "two"));
    rig_fini(&rig);
}

static void signals_and_starts_happen(void **state)
{
    struct rig rig;
    struct pb_orchestration_instance other = {.instance_id = BYTES_LITERAL("@d@1")};
    struct pb_orchestration_instance fresh = {.instance_id = BYTES_LITERAL("n")};
    struct pb_entity_operation_signaled_event signal = {.operation = BYTES_LITERAL("ping")};
    struct pb_execution_started_event start = {.name = BYTES_LITERAL("New")};
    struct pb_history_event events[] = {
        {.event_type_case = PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED, .entity_operation_signaled = &signal},
        {.event_type_case = PB_HISTORY_EVENT_EXECUTION_STARTED, .execution_started = &start}};
    struct pb_orchestrator_message messages[] = {{.instance = &other, .event = &events[0]},
                                                 {.instance = &fresh, .event = &events[1]},
                                                 {.event = NULL}};
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_signal(&rig, "@c@1", "go");
    struct rig_work *batch = script_batch(&rig, "@c@1", "go");
    complete(&rig, batch,
             (struct pb_complete_entity_work_item_request){
                 .number_operations_executed = 1, .messages = messages, .messages_count = 3});
    assert_int_equal(script_status(&rig, "n"), PB_ORCHESTRATION_STATUS_PENDING);
    assert_null(rig_stored_entity(&rig, BYTES_LITERAL("@c@1")));
    rig_work_free(script_turn(&rig, "n"));
    rig_work_free(script_batch(&rig, "@d@1", "ping"));
    rig_fini(&rig);
}

static void what_is_none_or_late_changes_nothing(void **state)
{
    struct rig rig;
    struct pb_complete_entity_work_item_request late = {.completion_token = BYTES_LITERAL("nobody's"),
                                                        .number_operations_executed = 1};
    (void)state;
    rig_init(&rig, NULL);
    uint64_t call = rig_call_bytes(&rig, ENGINE_COMPLETE_ENTITY_HOST, BYTES_LITERAL("\x0a\xff"));
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_INVALID_ARGUMENT);
    call = rig_call(&rig, ENGINE_COMPLETE_ENTITY_HOST, &pb_complete_entity_work_item_request_message, &late);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_reach_those_who_called),
        cmocka_unit_test(what_was_not_executed_comes_again),
        cmocka_unit_test(signals_and_starts_happen),
        cmocka_unit_test(what_is_none_or_late_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
