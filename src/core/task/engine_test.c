/* SPDX-License-Identifier: MIT */
/* engine_test.c — one orchestration of each kind through the engine, by way of its public interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/engine_script.h"

/* If this fails, the simplest run does not work, or its history is not what the service records (spec 3.4).
 */
static void one_activity_has_six_events(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    uint64_t start = script_start(&rig, "a", "Hello");
    assert_int_equal(rig_reply_of(&rig, start)->status, STATUS_OK);
    assert_int_equal(script_status(&rig, "a"), PB_ORCHESTRATION_STATUS_PENDING);

    struct rig_work *turn = script_turn(&rig, "a");
    script_expect_new(turn, "OrchestratorStarted ExecutionStarted");
    assert_int_equal(turn->item.orchestrator_request->past_events_count, 0);
    assert_int_equal(turn->item.orchestrator_request->execution_id.value.size, 32);
    assert_int_equal(script_status(&rig, "a"), PB_ORCHESTRATION_STATUS_PENDING);
    script_answer(&rig, turn, "activity 1 Echo");
    assert_int_equal(script_status(&rig, "a"), PB_ORCHESTRATION_STATUS_RUNNING);

    struct rig_work *activity = script_activity(&rig, "Echo");
    assert_int_equal(activity->item.activity_request->task_id, 1);
    script_complete(&rig, activity, "\"out\"");
    turn = script_turn(&rig, "a");
    script_expect_new(turn, "OrchestratorStarted TaskCompleted");
    assert_int_equal(turn->item.orchestrator_request->past_events_count, 3);
    script_answer(&rig, turn, "complete 2 done");
    assert_int_equal(script_status(&rig, "a"), PB_ORCHESTRATION_STATUS_COMPLETED);
    script_expect_history(&rig, "a",
                          "-1 OrchestratorStarted 0 ExecutionStarted 1 TaskScheduled -1 OrchestratorStarted "
                          "-1 TaskCompleted 2 ExecutionCompleted");
    rig_fini(&rig);
}

/* If this fails, a timer fires early, late, or without its time (spec 3.7). */
static void timer_fires_when_due(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "t", "Sleep");
    script_answer(&rig, script_turn(&rig, "t"), "timer 1 5");
    rig_advance(&rig, 5 * RIG_SECOND);
    assert_null(rig_take_work(&rig));
    rig_advance(&rig, RIG_SECOND / 1000);
    struct rig_work *turn = script_turn(&rig, "t");
    script_expect_new(turn, "OrchestratorStarted TimerFired");
    const struct pb_history_event *fired = &turn->item.orchestrator_request->new_events[1];
    assert_int_equal(fired->timer_fired->timer_id, 1);
    assert_int_equal(pb_time_to_ns(fired->timer_fired->fire_at), RIG_START + 5 * RIG_SECOND);
    script_answer(&rig, turn, "timer 2 -3; complete 3 x");
    assert_int_equal(script_status(&rig, "t"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_advance(&rig, 100 * RIG_SECOND);
    assert_null(rig_take_work(&rig));
    rig_fini(&rig);
}

/* If this fails, events get lost, reordered, or delivered before the start (spec 3.9). */
static void events_wait_in_order(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, NULL);
    script_start(&rig, "e", "Approval");
    script_raise(&rig, "e", "one");
    script_raise(&rig, "e", "two");
    script_worker(&rig, 1);
    struct rig_work *turn = script_turn(&rig, "e");
    script_expect_new(turn, "OrchestratorStarted ExecutionStarted EventRaised:one EventRaised:two");
    script_raise(&rig, "e", "three"); /* while the turn is out */
    script_answer(&rig, turn, "");
    turn = script_turn(&rig, "e");
    script_expect_new(turn, "OrchestratorStarted EventRaised:three");
    script_answer(&rig, turn, "complete 1 x");
    uint64_t late = script_raise(&rig, "e", "four");
    assert_int_equal(rig_reply_of(&rig, late)->status, STATUS_OK);
    rig_fini(&rig);
}

/* If this fails, an event for an instance that was just purged is the caller's error, or vanishes without a trace (spec
 * 2.8). */
static void an_event_for_nobody_is_accepted_and_told(void **state)
{
    struct rig rig;
    struct engine_stats stats;
    (void)state;
    rig_init(&rig, NULL);
    assert_int_equal(rig_reply_of(&rig, script_raise(&rig, "nobody", "five"))->status, STATUS_OK);
    assert_non_null(strstr(rig.note, "\"five\""));
    engine_stats(rig.engine, &stats);
    assert_int_equal(stats.events_dropped, 1);
    assert_int_equal(rig_reply_of(&rig, script_raise(&rig, "", "five"))->status, STATUS_INVALID_ARGUMENT);
    script_worker(&rig, 1);
    script_start(&rig, "nobody", "X"); /* one that comes later does not hear of it */
    struct rig_work *turn = script_turn(&rig, "nobody");
    script_expect_new(turn, "OrchestratorStarted ExecutionStarted");
    rig_work_free(turn);
    rig_fini(&rig);
}

/* If this fails, an answer leaves before what it promises is on disk. */
static void nothing_leaves_before_the_commit(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    rig.commits_held = true;
    uint64_t start = script_start(&rig, "g", "X");
    uint64_t get = script_get(&rig, "g", true);
    uint64_t again = script_start(&rig, "g", "X");
    assert_null(rig_reply_of(&rig, start));
    assert_null(rig_reply_of(&rig, get)); /* a read must not show what may yet be lost */
    assert_null(rig_reply_of(&rig, again));
    assert_null(rig_take_work(&rig));
    assert_true(rig_commit(&rig));
    rig_run(&rig);
    assert_int_equal(rig_reply_of(&rig, start)->status, STATUS_OK);
    assert_int_equal(rig_reply_of(&rig, get)->status, STATUS_OK);
    assert_int_equal(rig_reply_of(&rig, again)->status, STATUS_ALREADY_EXISTS);
    script_answer(&rig, script_turn(&rig, "g"), "activity 1 A");
    assert_null(rig_take_work(&rig)); /* its scheduling is not durable */
    assert_true(rig_commit(&rig));
    rig_run(&rig);
    rig_work_free(script_activity(&rig, "A"));
    rig_fini(&rig);
}

/* If this fails, a restart loses or repeats something. */
static void a_crash_loses_nothing_committed(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "c", "X");
    script_answer(&rig, script_turn(&rig, "c"), "activity 1 A; timer 2 9");
    rig_crash(&rig);
    script_worker(&rig, 2);
    struct rig_work *work = script_activity(&rig, "A");
    script_complete(&rig, work, "1");
    struct rig_work *turn = script_turn(&rig, "c");
    script_expect_new(turn, "OrchestratorStarted TaskCompleted");
    rig_work_free(turn);
    rig_crash(&rig); /* in mid-turn */
    rig_advance(&rig, 10 * RIG_SECOND);
    script_worker(&rig, 3);
    turn = script_turn(&rig, "c");
    script_expect_new(turn, "OrchestratorStarted TaskCompleted TimerFired");
    assert_int_equal(turn->item.orchestrator_request->past_events_count, 4);
    script_answer(&rig, turn, "complete 3 x");
    assert_int_equal(script_status(&rig, "c"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, a caller who waits is answered wrongly or never, or is told of a time limit (spec 3.22; DT-133..135). */
static void waits_are_answered_when_it_happens(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, NULL);
    struct pb_get_instance_request get = {.instance_id = BYTES_LITERAL("w"), .get_inputs_and_outputs = true};
    uint64_t started = rig_call(&rig, ENGINE_WAIT_FOR_START, &pb_get_instance_request_message, &get);
    uint64_t ended = rig_call(&rig, ENGINE_WAIT_FOR_COMPLETION, &pb_get_instance_request_message, &get);
    uint64_t gone = rig_call(&rig, ENGINE_WAIT_FOR_COMPLETION, &pb_get_instance_request_message, &get);
    engine_call_cancelled(rig.engine, gone);
    script_worker(&rig, 1);
    script_start(&rig, "w", "X");
    assert_null(rig_reply_of(&rig, started));
    struct rig_work *turn = script_turn(&rig, "w");
    assert_null(rig_reply_of(&rig, started)); /* not at the dispatch: at the first commit */
    script_answer(&rig, turn, "activity 1 A");
    assert_non_null(rig_reply_of(&rig, started));
    assert_null(rig_reply_of(&rig, ended));
    rig_advance(&rig, 11 * 60 * RIG_SECOND); /* an activity may take its time */
    assert_null(rig_reply_of(&rig, ended));
    script_complete(&rig, script_activity(&rig, "A"), "1");
    script_answer(&rig, script_turn(&rig, "w"), "complete 2 done");
    struct rig_reply *reply = rig_reply_of(&rig, ended);
    assert_non_null(reply);
    struct arena arena;
    struct pb_get_instance_response response;
    arena_init(&arena, 0);
    assert_int_equal(pb_get_instance_response_decode(&arena, reply->message, &response), STATUS_OK);
    assert_true(bytes_equal_cstr(response.orchestration_state->output.value, "done"));
    assert_null(response.orchestration_state->failure_details);
    arena_fini(&arena);
    assert_null(rig_reply_of(&rig, gone));
    rig_fini(&rig);
}

/* If this fails, a caller is sent more than it can receive (spec 2.6; DT-017). */
static void answers_that_fit_no_message_say_so(void **state)
{
    struct rig rig;
    struct engine_options small = {.message_size_max = 8192};
    uint8_t input[3000] = {0};
    struct pb_create_instance_request start = {.instance_id = BYTES_LITERAL("w"),
                                               .name = BYTES_LITERAL("X"),
                                               .input = pb_some(bytes_of(input, 3000))};
    struct pb_get_instance_request with = {.instance_id = BYTES_LITERAL("w"), .get_inputs_and_outputs = true};
    struct pb_get_instance_request without = {.instance_id = BYTES_LITERAL("w")};
    (void)state;
    memset(input, 'x', sizeof input);
    rig_init(&rig, &small);
    script_worker(&rig, 1);
    uint64_t waits = rig_call(&rig, ENGINE_WAIT_FOR_COMPLETION, &pb_get_instance_request_message, &with);
    uint64_t plain = rig_call(&rig, ENGINE_WAIT_FOR_COMPLETION, &pb_get_instance_request_message, &without);
    rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &start);
    struct rig_work *turn = script_turn(&rig, "w");
    struct pb_complete_orchestration_action end = {.orchestration_status = PB_ORCHESTRATION_STATUS_COMPLETED,
                                                   .result = pb_some(bytes_of(input, 3000))};
    struct pb_orchestrator_action action = {.id = 1,
                                            .orchestrator_action_type_case =
                                                PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION,
                                            .complete_orchestration = &end};
    struct pb_orchestrator_response response = {.completion_token = turn->item.completion_token,
                                                .actions = &action,
                                                .actions_count = 1,
                                                .custom_status = pb_some(bytes_of(input, 3000))};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
    assert_int_equal(rig_reply_of(&rig, waits)->status, STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(rig_reply_of(&rig, plain)->status, STATUS_OK);
    assert_int_equal(rig_reply_of(&rig, script_get(&rig, "w", true))->status, STATUS_RESOURCE_EXHAUSTED);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_activity_has_six_events),
        cmocka_unit_test(timer_fires_when_due),
        cmocka_unit_test(events_wait_in_order),
        cmocka_unit_test(an_event_for_nobody_is_accepted_and_told),
        cmocka_unit_test(nothing_leaves_before_the_commit),
        cmocka_unit_test(a_crash_loses_nothing_committed),
        cmocka_unit_test(waits_are_answered_when_it_happens),
        cmocka_unit_test(answers_that_fit_no_message_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
