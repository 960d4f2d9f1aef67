/* SPDX-License-Identifier: MIT */
/* engine_flow_test.c — what an orchestrator's answer can say: children, continue-as-new, parts, endings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/copies.h"
#include "lib/engine_script.h"

/* If this fails, a parent does not hear of its child (spec 3.8; DT-087, 088, 090). */
static void a_child_reports_to_its_parent(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "p", "Parent");
    script_answer(&rig, script_turn(&rig, "p"), "child 1 kid");
    struct rig_work *turn = script_turn(&rig, "kid");
    const struct pb_execution_started_event *started =
        turn->item.orchestrator_request->new_events[1].execution_started;
    assert_int_equal(started->parent_instance->task_scheduled_id, 1);
    assert_true(bytes_equal_cstr(started->parent_instance->name.value, "Parent"));
    assert_true(bytes_equal_cstr(started->parent_instance->orchestration_instance->instance_id, "p"));
    script_answer(&rig, turn, "fail 1 broken");
    turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildFailed");
    assert_true(bytes_equal_cstr(turn->item.orchestrator_request->new_events[1]
                                     .sub_orchestration_instance_failed->failure_details->error_message,
                                 "broken"));
    script_answer(&rig, turn, "child 2 kid"); /* a retry under the same id */
    script_answer(&rig, script_turn(&rig, "kid"), "renew 1 again");
    script_answer(&rig, script_turn(&rig, "kid"), "complete 1 fine"); /* only the last execution reports */
    turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildCompleted");
    script_answer(&rig, turn, "complete 3 x");
    assert_int_equal(script_status(&rig, "p"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, a parent hangs on a child that cannot start (DT-086, 091). */
static void a_child_that_cannot_start_is_a_failure(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_start(&rig, "busy", "Other");
    script_worker(&rig, 1);
    struct rig_work *other = script_turn(&rig, "busy");
    script_start(&rig, "p", "Parent");
    script_answer(&rig, script_turn(&rig, "p"), "child 1 busy; child 2 @entity; child 3 ");
    struct rig_work *turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildFailed ChildFailed");
    assert_true(bytes_equal_cstr(turn->item.orchestrator_request->new_events[1]
                                     .sub_orchestration_instance_failed->failure_details->error_type,
                                 "OrchestrationAlreadyExists"));
    rig_work_free(script_turn(&rig, "p:0003")); /* named by the server */
    rig_work_free(turn);
    rig_work_free(other);
    rig_fini(&rig);
}

/* If this fails, a worker hangs its own answer by an id that nobody can have. */
static void a_child_with_a_bad_id_is_a_failure(void **state)
{
    char answer[400] = "child 1 ";
    struct rig rig;
    (void)state;
    memset(answer + strlen(answer), 'x', 300); /* longer than any id the engine looks up */
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "p", "Parent");
    uint64_t call = script_answer(&rig, script_turn(&rig, "p"), answer);
    assert_non_null(rig_reply_of(&rig, call));
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    assert_int_equal(rig.fetches, 1); /* of the parent, when it was started */
    struct rig_work *turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildFailed");
    assert_true(bytes_equal_cstr(turn->item.orchestrator_request->new_events[1]
                                     .sub_orchestration_instance_failed->failure_details->error_type,
                                 "InvalidSubOrchestration"));
    rig_work_free(turn);
    rig_fini(&rig);
}

/* If this fails, continue-as-new loses or doubles events, or keeps what is over (spec 3.10; DT-099..103). */
static void continue_as_new_starts_over(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "c", "Loop");
    struct rig_work *turn = script_turn(&rig, "c");
    struct bytes first_execution = turn->item.orchestrator_request->execution_id.value;
    struct arena arena;
    arena_init(&arena, 0);
    first_execution = arena_copy(&arena, first_execution);
    script_answer(&rig, turn, "activity 1 A; timer 2 5");
    struct rig_work *activity = script_activity(&rig, "A");
    script_raise(&rig, "c", "go");
    turn = script_turn(&rig, "c");
    script_raise(&rig, "c", "late"); /* while the last turn of the execution is out */
    script_answer(&rig, turn, "activity 3 B; timer 4 1; renew 5 next");
    assert_int_equal(script_status(&rig, "c"), PB_ORCHESTRATION_STATUS_RUNNING);
    script_complete(&rig, activity, "old"); /* of the execution that is over */
    turn = script_turn(&rig, "c");
    script_expect_new(turn, "OrchestratorStarted ExecutionStarted EventRaised:late");
    assert_int_equal(turn->item.orchestrator_request->past_events_count, 0);
    assert_true(bytes_equal_cstr(
        turn->item.orchestrator_request->new_events[1].execution_started->input.value, "next"));
    assert_false(bytes_equal(turn->item.orchestrator_request->execution_id.value, first_execution));
    rig_crash(&rig); /* the new execution is as durable as the old one was */
    rig_work_free(turn);
    script_worker(&rig, 2);
    turn = script_turn(&rig, "c");
    script_expect_new(turn, "OrchestratorStarted ExecutionStarted EventRaised:late");
    for (int round = 0; round < 100; round++) {
        script_answer(&rig, turn, "renew 1 x");
        turn = script_turn(&rig, "c");
    }
    script_answer(&rig, turn, "complete 1 x");
    rig_advance(&rig, 60 * RIG_SECOND);
    assert_null(rig_take_work(&rig));
    script_expect_history(&rig, "c", "-1 OrchestratorStarted 0 ExecutionStarted 1 ExecutionCompleted");
    arena_fini(&arena);
    rig_fini(&rig);
}

/* If this fails, events that the SDK carries over come in the wrong place. */
static void carried_events_come_before_late_ones(void **state)
{
    struct rig rig;
    struct pb_orchestrator_action action[16];
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "c", "Loop");
    script_raise(&rig, "c", "one");
    script_answer(&rig, script_turn(&rig, "c"), "");
    struct rig_work *turn = script_turn(&rig, "c");
    script_raise(&rig, "c", "two");
    assert_int_equal(script_actions(&turn->arena, "renew 1 x", rig.now_ns, action), 1);
    action->complete_orchestration->carryover_events = &turn->item.orchestrator_request->new_events[1];
    action->complete_orchestration->carryover_events_count = 1;
    struct pb_orchestrator_response response = {
        .completion_token = turn->item.completion_token, .actions = action, .actions_count = 1};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
    turn = script_turn(&rig, "c");
    script_expect_new(turn, "OrchestratorStarted ExecutionStarted EventRaised:one EventRaised:two");
    rig_work_free(turn);
    rig_fini(&rig);
}

/* If this fails, a large completion is lost, or committed in pieces (spec 2.14; DT-161). */
static void a_completion_may_come_in_parts(void **state)
{
    struct rig rig;
    struct pb_orchestrator_action one[16], two[16], three[16];
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "k", "Chunks");
    struct rig_work *turn = script_turn(&rig, "k");
    script_actions(&turn->arena, "activity 1 A", rig.now_ns, one);
    script_actions(&turn->arena, "activity 2 B", rig.now_ns, two);
    script_actions(&turn->arena, "activity 3 C", rig.now_ns, three);
    struct pb_orchestrator_response part = {.completion_token = turn->item.completion_token,
                                            .actions = one,
                                            .actions_count = 1,
                                            .is_partial = true,
                                            .chunk_index = {true, 0}};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &part);
    part.chunk_index.value = 1;
    part.actions = two;
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &part);
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &part); /* twice */
    assert_null(rig_take_work(&rig));
    part.chunk_index.value = 2;
    part.actions = three;
    part.is_partial = false;
    part.num_events_processed = (struct pb_opt_i32){true, 0};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &part);
    rig_work_free(turn);
    rig_work_free(script_activity(&rig, "A"));
    rig_work_free(script_activity(&rig, "B"));
    rig_work_free(script_activity(&rig, "C"));
    assert_null(rig_take_work(&rig));
    rig_fini(&rig);
}

/* If this fails, a worker that starts its parts over, or forgets one, commits half an answer. */
static void parts_are_all_or_nothing(void **state)
{
    struct rig rig;
    struct pb_orchestrator_action one[16], two[16];
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "k", "Chunks");
    struct rig_work *turn = script_turn(&rig, "k");
    script_actions(&turn->arena, "activity 1 A", rig.now_ns, one);
    script_actions(&turn->arena, "activity 2 B", rig.now_ns, two);
    struct pb_orchestrator_response first = {.completion_token = turn->item.completion_token,
                                             .actions = one,
                                             .actions_count = 1,
                                             .is_partial = true};
    uint64_t call = rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &first);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_INVALID_ARGUMENT); /* which part? */
    struct pb_orchestrator_response last = {.completion_token = turn->item.completion_token,
                                            .actions = two,
                                            .actions_count = 1,
                                            .chunk_index = {true, 1}};
    call = rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &last);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_ABORTED); /* the first part is missing */
    assert_null(rig_take_work(&rig));
    first.chunk_index = (struct pb_opt_i32){true, 0};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &first);
    last.chunk_index.value = 0; /* started over, and now it fits one part */
    call = rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &last);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    rig_work_free(script_activity(&rig, "B"));
    assert_null(rig_take_work(&rig));
    rig_work_free(turn);
    rig_fini(&rig);
}

/* If this fails, an action we cannot carry out hangs its orchestration. */
static void impossible_actions_fail_clearly(void **state)
{
    static const char *const answers[] = {"unknown 1; activity 2 A"};
    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(answers); n++) {
        struct rig rig;
        struct arena arena;
        rig_init(&rig, NULL);
        arena_init(&arena, 0);
        script_worker(&rig, 1);
        script_start(&rig, "u", "X");
        script_answer(&rig, script_turn(&rig, "u"), answers[n]);
        struct pb_orchestration_state *s = script_state(&rig, "u", &arena);
        assert_int_equal(s->orchestration_status, PB_ORCHESTRATION_STATUS_FAILED);
        assert_true(bytes_equal_cstr(s->failure_details->error_type, "UnsupportedAction"));
        assert_true(s->completed_timestamp.present);
        assert_null(rig_take_work(&rig));
        arena_fini(&arena);
        rig_fini(&rig);
    }
}

/* If this fails, answers that come late or twice change something, or are errors (spec 3.20; DT-080, 081). */
static void late_and_double_answers_are_ok(void **state)
{
    struct rig rig;
    struct engine_stats stats;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "d", "X");
    script_answer(&rig, script_turn(&rig, "d"), "activity 1 A");
    struct rig_work *activity = script_activity(&rig, "A");
    struct pb_activity_response response = {.completion_token = activity->item.completion_token,
                                            .result = pb_some(BYTES_LITERAL(""))};
    for (int n = 0; n < 2; n++) {
        uint64_t call = rig_call(&rig, ENGINE_COMPLETE_ACTIVITY, &pb_activity_response_message, &response);
        assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    }
    rig_work_free(activity);
    struct rig_work *turn = script_turn(&rig, "d");
    script_expect_new(turn, "OrchestratorStarted TaskCompleted");
    const struct pb_task_completed_event *done =
        turn->item.orchestrator_request->new_events[1].task_completed;
    assert_true(done->result.present && done->result.value.size == 0); /* DT-077 */
    engine_stats(rig.engine, &stats);
    assert_int_equal(stats.duplicates_dropped, 1);
    struct pb_orchestrator_response stale = {.completion_token = BYTES_LITERAL("no such token")};
    uint64_t call = rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &stale);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    struct pb_orchestrator_response tokenless = {.instance_id = BYTES_LITERAL("d")}; /* Go */
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &tokenless);
    script_expect_history(&rig, "d",
                          "-1 OrchestratorStarted 0 ExecutionStarted 1 TaskScheduled -1 OrchestratorStarted "
                          "-1 TaskCompleted");
    rig_work_free(turn);
    rig_fini(&rig);
}

/* If this fails, custom status sticks, or vanishes (DT-131, 132). */
static void custom_status_is_set_and_cleared(void **state)
{
    struct rig rig;
    struct arena arena;
    (void)state;
    rig_init(&rig, NULL);
    arena_init(&arena, 0);
    script_worker(&rig, 1);
    script_start(&rig, "s", "X");
    const struct pb_opt_bytes answers[] = {pb_some(BYTES_LITERAL("half")), pb_none(),
                                           pb_some(BYTES_LITERAL(""))};
    const char *const wants[] = {"half", "half", NULL};
    for (size_t n = 0; n < ARRAY_SIZE(answers); n++) {
        struct rig_work *turn = script_turn(&rig, "s");
        struct pb_orchestrator_response response = {.completion_token = turn->item.completion_token,
                                                    .custom_status = answers[n]};
        rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
        rig_work_free(turn);
        struct pb_orchestration_state *s = script_state(&rig, "s", &arena);
        assert_int_equal(s->custom_status.present, wants[n] != NULL);
        if (wants[n])
            assert_true(bytes_equal_cstr(s->custom_status.value, wants[n]));
        script_raise(&rig, "s", "next");
    }
    arena_fini(&arena);
    rig_fini(&rig);
}

/* If this fails, an over-large payload gets in, or takes its orchestration down silently. */
static void payloads_have_a_limit(void **state)
{
    struct rig rig;
    struct engine_options small = {.payload_size_max = 16};
    struct arena arena;
    (void)state;
    rig_init(&rig, &small);
    arena_init(&arena, 0);
    script_worker(&rig, 1);
    struct pb_create_instance_request big = {.name = BYTES_LITERAL("X"),
                                             .input = pb_some(BYTES_LITERAL("0123456789abcdefg"))};
    uint64_t call = rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &big);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_INVALID_ARGUMENT);
    script_start(&rig, "l", "X");
    script_answer(&rig, script_turn(&rig, "l"), "activity 1 A");
    script_complete(&rig, script_activity(&rig, "A"), "0123456789abcdefg");
    struct rig_work *turn = script_turn(&rig, "l");
    script_expect_new(turn, "OrchestratorStarted TaskFailed");
    script_answer(&rig, turn, "complete 2 0123456789abcdefg");
    struct pb_orchestration_state *s = script_state(&rig, "l", &arena);
    assert_int_equal(s->orchestration_status, PB_ORCHESTRATION_STATUS_FAILED);
    assert_true(bytes_equal_cstr(s->failure_details->error_type, "PayloadTooLarge"));
    script_start(&rig, "n", "X"); /* no event may grow out of any message, whatever makes it large */
    script_answer(&rig, script_turn(&rig, "n"), "activity 1 A23456789012345678901234567890123");
    s = script_state(&rig, "n", &arena);
    assert_int_equal(s->orchestration_status, PB_ORCHESTRATION_STATUS_FAILED);
    assert_true(bytes_equal_cstr(s->failure_details->error_type, "PayloadTooLarge"));
    arena_fini(&arena);
    rig_fini(&rig);
}

/* If this fails, what an orchestration starts on its way out is lost, or kept for ever (spec 3.5). */
static void parting_actions_are_carried_out(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "f", "X");
    script_start(&rig, "g", "X");
    struct rig_work *work = script_turn(&rig, "f");
    struct rig_work *g = script_turn(&rig, "g");
    script_answer(&rig, g, "");
    script_answer(&rig, work, "complete 9 x; activity 1 A; child 2 kid; send 3 g hello; timer 4 1");
    struct rig_work *activity = script_activity(&rig, "A");
    rig_crash(&rig); /* it still runs after a restart */
    rig_work_free(activity);
    script_worker(&rig, 2);
    activity = script_activity(&rig, "A");
    script_complete(&rig, activity, "unheard");
    struct rig_work *first = script_turn(&rig, "kid");
    struct rig_work *second = script_turn(&rig, "g");
    script_expect_new(second, "OrchestratorStarted EventRaised:hello");
    assert_int_equal(script_status(&rig, "f"), PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_true(rig_stored(&rig, BYTES_LITERAL("f"))->activities.next ==
                &rig_stored(&rig, BYTES_LITERAL("f"))->activities);
    rig_work_free(first);
    rig_work_free(second);
    rig_fini(&rig);
}

/* Runs what is due now, without moving the clock that nobody sets. */
static void set_clock(struct rig *rig, int64_t step_ns)
{
    rig->step_ns = step_ns;
    rig_advance(rig, 0);
}

static int64_t turn_time_ns(const struct rig_work *turn)
{
    return pb_time_to_ns(turn->item.orchestrator_request->new_events[0].timestamp);
}

/* If this fails, a step of the wall clock ahead is noticed when the old time would have come. */
static void a_clock_set_ahead_fires_timers(void **state)
{
    struct rig rig;
    bool steppable;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    script_answer(&rig, script_turn(&rig, "i"), "timer 1 3600");
    (void)engine_wait(rig.engine, rig_time(&rig), &steppable);
    assert_true(steppable);
    rig_advance(&rig, 10 * RIG_SECOND);
    assert_null(rig_take_work(&rig));
    set_clock(&rig, 3600 * RIG_SECOND);
    script_answer(&rig, script_turn(&rig, "i"), "complete 2 done");
    (void)engine_wait(rig.engine, rig_time(&rig), &steppable);
    assert_false(steppable);
    rig_fini(&rig);
}

/* If this fails, a step of the wall clock back freezes the timers that are set after it, in instances that
 * lived before it. Their clocks never go back, so an hour ahead is what they ask for. */
static void a_clock_set_back_freezes_no_new_timer(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "old", "X");
    script_answer(&rig, script_turn(&rig, "old"), "activity 1 A");
    set_clock(&rig, -3600 * RIG_SECOND);
    script_complete(&rig, script_activity(&rig, "A"), "1");
    struct rig_work *turn = script_turn(&rig, "old");
    int64_t before_ns = turn_time_ns(turn);
    assert_int_equal(before_ns, RIG_START);
    struct pb_orchestrator_action action[16];
    script_actions(&turn->arena, "timer 2 5", before_ns, action); /* as the orchestrator counts */
    struct pb_orchestrator_response response = {.instance_id = BYTES_LITERAL("old"),
                                                .completion_token = turn->item.completion_token,
                                                .actions = action,
                                                .actions_count = 1};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
    rig_advance(&rig, 5 * RIG_SECOND);
    assert_null(rig_take_work(&rig));
    rig_advance(&rig, RIG_SECOND / 1000);
    turn = script_turn(&rig, "old");
    assert_true(turn_time_ns(turn) > before_ns + 5 * RIG_SECOND);
    script_answer(&rig, turn, "complete 3 done");
    rig_fini(&rig);
}

/* If this fails, a timer that was set before the clock went back fires before its time. */
static void a_clock_set_back_keeps_timers_waiting(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    script_answer(&rig, script_turn(&rig, "i"), "timer 1 5");
    set_clock(&rig, -60 * RIG_SECOND);
    rig_advance(&rig, 65 * RIG_SECOND);
    assert_null(rig_take_work(&rig));
    rig_advance(&rig, RIG_SECOND / 1000);
    script_answer(&rig, script_turn(&rig, "i"), "complete 2 done");
    rig_fini(&rig);
}

/* If this fails, an SDK that wants its clock past `fireAt` by a whole millisecond sets the timer again. */
static void a_timer_fires_a_millisecond_behind_its_time(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    script_answer(&rig, script_turn(&rig, "i"), "timer 1 2");
    rig_advance(&rig, 2 * RIG_SECOND + RIG_SECOND / 1000 - 1);
    assert_null(rig_take_work(&rig));
    rig_advance(&rig, 1);
    struct rig_work *turn = script_turn(&rig, "i");
    assert_true(turn_time_ns(turn) >= RIG_START + 2 * RIG_SECOND + RIG_SECOND / 1000);
    script_answer(&rig, turn, "complete 2 done");
    rig_fini(&rig);
}

static struct bytes filled(size_t size)
{
    uint8_t *data = malloc(size);
    memset(data, 'x', size);
    return bytes_of(data, size);
}

/* If this fails, an error that is long is lost: what is left says "too large" and not what went wrong. */
static void an_error_over_the_limit_is_cut(void **state)
{
    struct rig rig;
    struct engine_options small = {.payload_size_max = 4096};
    struct bytes large = filled(10000);
    struct pb_task_failure_details details = {
        .error_type = BYTES_LITERAL("ValueError"), .error_message = large, .stack_trace = pb_some(large)};
    (void)state;
    rig_init(&rig, &small);
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    struct rig_work *turn = script_turn(&rig, "i");
    struct pb_complete_orchestration_action complete = {
        .orchestration_status = PB_ORCHESTRATION_STATUS_FAILED, .failure_details = &details};
    struct pb_orchestrator_action action = {.id = 1,
                                            .orchestrator_action_type_case =
                                                PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION,
                                            .complete_orchestration = &complete};
    struct pb_orchestrator_response response = {.instance_id = BYTES_LITERAL("i"),
                                                .completion_token = turn->item.completion_token,
                                                .actions = &action,
                                                .actions_count = 1};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
    assert_string_equal(rig.note, "orchestration \"X\" failed: \"ValueError\"");
    struct arena arena;
    arena_init(&arena, 0);
    struct pb_orchestration_state *s = script_state(&rig, "i", &arena);
    assert_int_equal(s->orchestration_status, PB_ORCHESTRATION_STATUS_FAILED);
    assert_true(bytes_equal_cstr(s->failure_details->error_type, "ValueError"));
    struct bytes text = s->failure_details->error_message;
    assert_int_equal(text.size, 2048 + strlen("... [7952 bytes cut]"));
    assert_true(bytes_find(text, BYTES_LITERAL("x... [7952 bytes cut]")) < text.size);
    text = s->failure_details->stack_trace.value;
    assert_true(bytes_find(text, BYTES_LITERAL("x... [8976 bytes cut]")) < text.size);
    arena_fini(&arena);
    test_copy_free(&large);
    rig_fini(&rig);
}

/* If this fails, who sends too much is not told how much is allowed, nor what to do. */
static void a_payload_over_the_limit_is_told_the_way_out(void **state)
{
    struct rig rig;
    struct engine_options small = {.payload_size_max = 4096};
    struct bytes large = filled(5000);
    struct pb_create_instance_request start = {
        .instance_id = BYTES_LITERAL("i"), .name = BYTES_LITERAL("X"), .input = pb_some(large)};
    (void)state;
    rig_init(&rig, &small);
    uint64_t call = rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &start);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_INVALID_ARGUMENT);
    assert_string_equal(
        rig_reply_of(&rig, call)->text,
        "the input has 5000 bytes, over the payload limit of 4096: hand on a reference to it (the "
        "SDKs' large payload store does), or raise --payload-size-max of the scheduler");
    test_copy_free(&large);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_reports_to_its_parent),
        cmocka_unit_test(a_child_that_cannot_start_is_a_failure),
        cmocka_unit_test(a_child_with_a_bad_id_is_a_failure),
        cmocka_unit_test(continue_as_new_starts_over),
        cmocka_unit_test(carried_events_come_before_late_ones),
        cmocka_unit_test(a_completion_may_come_in_parts),
        cmocka_unit_test(parts_are_all_or_nothing),
        cmocka_unit_test(impossible_actions_fail_clearly),
        cmocka_unit_test(late_and_double_answers_are_ok),
        cmocka_unit_test(custom_status_is_set_and_cleared),
        cmocka_unit_test(payloads_have_a_limit),
        cmocka_unit_test(parting_actions_are_carried_out),
        cmocka_unit_test(a_clock_set_ahead_fires_timers),
        cmocka_unit_test(a_clock_set_back_freezes_no_new_timer),
        cmocka_unit_test(a_clock_set_back_keeps_timers_waiting),
        cmocka_unit_test(a_timer_fires_a_millisecond_behind_its_time),
        cmocka_unit_test(an_error_over_the_limit_is_cut),
        cmocka_unit_test(a_payload_over_the_limit_is_told_the_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
