/* SPDX-License-Identifier: MIT */
/* rewind_test.c — RewindInstance, the worker's own rewriting of a history, and what both leave of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/task/rewind_plan.h"
#include "lib/copies.h"
#include "lib/engine_script.h"

static enum status rewind_of(struct rig *rig, const char *id)
{
    struct pb_rewind_instance_request request = {.instance_id = bytes_of_cstr(id),
                                                 .reason = pb_some(BYTES_LITERAL("why"))};
    uint64_t call = rig_call(rig, ENGINE_REWIND, &pb_rewind_instance_request_message, &request);
    return rig_reply_of(rig, call)->status;
}

static void fail_activity(struct rig *rig, const char *name)
{
    struct rig_work *activity = script_activity(rig, name);
    struct pb_task_failure_details details = {.error_type = BYTES_LITERAL("E"),
                                              .error_message = BYTES_LITERAL("broken")};
    struct pb_activity_response response = {
        .instance_id = activity->item.activity_request->orchestration_instance->instance_id,
        .task_id = activity->item.activity_request->task_id,
        .failure_details = &details,
        .completion_token = activity->item.completion_token};
    rig_call(rig, ENGINE_COMPLETE_ACTIVITY, &pb_activity_response_message, &response);
    rig_work_free(activity);
}

/* An activity that succeeds, one that fails, and an orchestration that fails of it. */
static void run_to_failure(struct rig *rig, const char *id)
{
    script_start(rig, id, "X");
    script_answer(rig, script_turn(rig, id), "activity 1 A");
    script_complete(rig, script_activity(rig, "A"), "1");
    script_answer(rig, script_turn(rig, id), "activity 2 B");
    fail_activity(rig, "B");
    script_answer(rig, script_turn(rig, id), "fail 3 of-it");
    assert_int_equal(script_status(rig, id), PB_ORCHESTRATION_STATUS_FAILED);
}

/* The kinds of what a worker is told of the past, in order. */
static void expect_past(const struct rig_work *turn, const char *kinds)
{
    static const char *const names[] = {[PB_HISTORY_EVENT_EXECUTION_STARTED] = "ES",
                                        [PB_HISTORY_EVENT_ORCHESTRATOR_STARTED] = "OS",
                                        [PB_HISTORY_EVENT_TASK_SCHEDULED] = "TS",
                                        [PB_HISTORY_EVENT_TASK_COMPLETED] = "TC",
                                        [PB_HISTORY_EVENT_TASK_FAILED] = "TF",
                                        [PB_HISTORY_EVENT_TIMER_CREATED] = "MC",
                                        [PB_HISTORY_EVENT_TIMER_FIRED] = "MF",
                                        [PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED] = "CC",
                                        [PB_HISTORY_EVENT_EXECUTION_COMPLETED] = "EC",
                                        [PB_HISTORY_EVENT_EXECUTION_REWOUND] = "RW"};
    const struct pb_orchestrator_request *request = turn->item.orchestrator_request;
    struct buf out = {0};
    for (size_t n = 0; n < request->past_events_count; n++)
        buf_append_fmt(&out, "%s%s", n ? " " : "", names[request->past_events[n].event_type_case]);
    buf_append_byte(&out, '\0');
    assert_string_equal((const char *)out.data, kinds);
    buf_fini(&out);
}

/* If this fails, a rewind does work again that was done, or none, or shows a worker what it cannot bear (DT-119,
 * DT-123). */
static void only_what_failed_runs_again(void **state)
{
    struct rig rig;
    struct arena arena;
    (void)state;
    rig_init(&rig, NULL);
    arena_init(&arena, 0);
    script_worker(&rig, 1);
    run_to_failure(&rig, "r");
    struct bytes old = test_copy(script_state(&rig, "r", &arena)->execution_id.value);
    assert_int_equal(rewind_of(&rig, "r"), STATUS_OK);

    struct pb_orchestration_state *s = script_state(&rig, "r", &arena);
    assert_int_equal(s->orchestration_status, PB_ORCHESTRATION_STATUS_RUNNING);
    assert_false(bytes_equal(s->execution_id.value, old));
    assert_null(s->failure_details);
    assert_false(s->output.present);
    assert_false(s->completed_timestamp.present);
    test_copy_free(&old);

    struct rig_work *turn = script_turn(&rig, "r");
    expect_past(turn, "OS ES TS OS TC OS");
    script_expect_new(turn, "OrchestratorStarted");
    assert_true(bytes_equal(turn->item.orchestrator_request->execution_id.value,
                            turn->item.orchestrator_request->past_events[1]
                                .execution_started->orchestration_instance->execution_id.value));
    script_answer(&rig, turn, "activity 2 B");
    script_complete(&rig, script_activity(&rig, "B"), "2");
    turn = script_turn(&rig, "r");
    expect_past(turn, "OS ES TS OS TC OS OS TS");
    script_answer(&rig, turn, "complete 3 done");
    assert_null(rig_take_work(&rig));
    assert_int_equal(script_status(&rig, "r"), PB_ORCHESTRATION_STATUS_COMPLETED);
    script_expect_history(
        &rig, "r",
        "-1 OrchestratorStarted 0 ExecutionStarted 1 TaskScheduled -1 OrchestratorStarted "
        "-1 TaskCompleted -1 OrchestratorStarted -1 OrchestratorStarted -1 ExecutionRewound "
        "2 TaskScheduled -1 OrchestratorStarted -1 TaskCompleted 3 ExecutionCompleted");
    arena_fini(&arena);
    rig_fini(&rig);
}

/* If this fails, a rewind that was accepted is lost with the process, or one that was not is half done (DT-119). */
static void a_rewind_survives_a_crash(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    run_to_failure(&rig, "r");
    rig.commits_held = true;
    struct pb_rewind_instance_request request = {.instance_id = BYTES_LITERAL("r")};
    rig_call(&rig, ENGINE_REWIND, &pb_rewind_instance_request_message, &request);
    rig_crash(&rig); /* before it was on disk */
    rig.commits_held = false;
    assert_int_equal(script_status(&rig, "r"), PB_ORCHESTRATION_STATUS_FAILED);

    assert_int_equal(rewind_of(&rig, "r"), STATUS_OK);
    rig_crash(&rig); /* after it was */
    assert_int_equal(script_status(&rig, "r"), PB_ORCHESTRATION_STATUS_RUNNING);
    script_worker(&rig, 2);
    struct rig_work *turn = script_turn(&rig, "r");
    expect_past(turn, "OS ES TS OS TC OS");
    script_answer(&rig, turn, "activity 2 B");
    rig_crash(&rig);
    script_worker(&rig, 3);
    script_complete(&rig, script_activity(&rig, "B"), "2");
    turn = script_turn(&rig, "r"); /* the ExecutionRewound comes from the store now, and stays hidden */
    expect_past(turn, "OS ES TS OS TC OS OS TS");
    script_answer(&rig, turn, "complete 3 done");
    assert_int_equal(script_status(&rig, "r"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, what is not to be rewound is, or the refusal does not say why (DT-122). */
static void only_a_failed_instance_is_rewound(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    assert_int_equal(rewind_of(&rig, "nobody"), STATUS_NOT_FOUND);
    assert_int_equal(rewind_of(&rig, ""), STATUS_INVALID_ARGUMENT);
    script_start(&rig, "r", "X");
    assert_int_equal(rewind_of(&rig, "r"), STATUS_FAILED_PRECONDITION);
    script_answer(&rig, script_turn(&rig, "r"), "");
    assert_int_equal(rewind_of(&rig, "r"), STATUS_FAILED_PRECONDITION);
    script_terminate(&rig, "r", "bye", false);
    script_answer(&rig, script_turn(&rig, "r"), "terminated 1 bye");
    assert_int_equal(rewind_of(&rig, "r"), STATUS_FAILED_PRECONDITION);
    script_start(&rig, "c", "X");
    script_answer(&rig, script_turn(&rig, "c"), "complete 1 x");
    assert_int_equal(rewind_of(&rig, "c"), STATUS_FAILED_PRECONDITION);
    rig_fini(&rig);
}

/* A parent, its child, the child's child; all fail of the last one's activity. */
static void run_family_to_failure(struct rig *rig)
{
    script_start(rig, "p", "X");
    script_answer(rig, script_turn(rig, "p"), "child 1 c");
    script_answer(rig, script_turn(rig, "c"), "child 1 g");
    script_answer(rig, script_turn(rig, "g"), "activity 1 A");
    fail_activity(rig, "A");
    script_answer(rig, script_turn(rig, "g"), "fail 2 of-it");
    script_answer(rig, script_turn(rig, "c"), "fail 2 of-it");
    script_answer(rig, script_turn(rig, "p"), "fail 2 of-it");
}

/* Three turns of a replay, in whichever order. */
static void answer_replays(struct rig *rig, const char *for_grandchild)
{
    for (int n = 0; n < 3; n++) {
        struct rig_work *turn = rig_take_work(rig);
        assert_non_null(turn);
        bool last = bytes_equal_cstr(turn->item.orchestrator_request->instance_id, "g");
        script_answer(rig, turn, last ? for_grandchild : "");
    }
}

/* If this fails, a rewind of a parent leaves its children failed, or its result is lost on the way up (DT-120). */
static void failed_children_are_rewound_all_the_way_down(void **state)
{
    struct rig rig;
    struct arena arena;
    (void)state;
    rig_init(&rig, NULL);
    arena_init(&arena, 0);
    script_worker(&rig, 1);
    run_family_to_failure(&rig);
    rig_crash(&rig); /* nothing is resident: it is all fetched */
    assert_int_equal(rewind_of(&rig, "p"), STATUS_OK);
    rig_crash(&rig);
    script_worker(&rig, 2);
    answer_replays(&rig, "activity 1 A");
    struct pb_orchestration_state *parent = script_state(&rig, "p", &arena);
    script_complete(&rig, script_activity(&rig, "A"), "1");
    struct rig_work *turn = script_turn(&rig, "g");
    script_answer(&rig, turn, "complete 2 x");
    turn = script_turn(&rig, "c");
    script_expect_new(turn, "OrchestratorStarted ChildCompleted");
    assert_true(
        bytes_equal(turn->item.orchestrator_request->past_events[1]
                        .execution_started->parent_instance->orchestration_instance->execution_id.value,
                    parent->execution_id.value));
    script_answer(&rig, turn, "complete 2 y");
    turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildCompleted");
    script_answer(&rig, turn, "complete 2 z");
    assert_int_equal(script_status(&rig, "p"), PB_ORCHESTRATION_STATUS_COMPLETED);
    script_expect_history(&rig, "p",
                          "-1 OrchestratorStarted 0 ExecutionStarted 1 ChildCreated -1 OrchestratorStarted "
                          "-1 OrchestratorStarted -1 ExecutionRewound -1 OrchestratorStarted "
                          "-1 ChildCompleted 2 ExecutionCompleted");
    arena_fini(&arena);
    rig_fini(&rig);
}

static void purge(struct rig *rig, const char *id)
{
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id = bytes_of_cstr(id)};
    rig_call(rig, ENGINE_PURGE, &pb_purge_instances_request_message, &request);
}

/* If this fails, a parent waits for ever for a child that is gone (DT-121). */
static void a_purged_child_is_started_again(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    run_family_to_failure(&rig);
    purge(&rig, "g");
    assert_int_equal(rewind_of(&rig, "p"), STATUS_OK);
    answer_replays(&rig, "complete 1 x");
    script_answer(&rig, script_turn(&rig, "c"), "complete 2 y");
    script_answer(&rig, script_turn(&rig, "p"), "complete 2 z");
    assert_int_equal(script_status(&rig, "p"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, a child behind a failed activity is looked for under letters of another event: the history that is left
 * is shorter, and stands where the old one stood. */
static void a_child_behind_what_is_gone_is_found(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "p", "X");
    script_answer(&rig, script_turn(&rig, "p"), "activity 1 A");
    fail_activity(&rig, "A");
    script_answer(&rig, script_turn(&rig, "p"), "child 2 a-child-with-a-name");
    struct rig_work *child = script_turn(&rig, "a-child-with-a-name");
    for (int n = 0; n < 8; n++) { /* enough behind it to reach over it */
        script_raise(&rig, "p", "go");
        script_answer(&rig, script_turn(&rig, "p"), n < 7 ? "" : "fail 3 of-it");
    }
    script_answer(&rig, child, "complete 1 x");
    purge(&rig, "a-child-with-a-name");

    assert_int_equal(rewind_of(&rig, "p"), STATUS_OK);
    struct rig_work *turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted");
    script_answer(&rig, turn, "");
    script_answer(&rig, script_turn(&rig, "a-child-with-a-name"), "complete 1 x");
    turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildCompleted");
    script_answer(&rig, turn, "complete 4 all");
    rig_fini(&rig);
}

/* If this fails, an orchestration that asked for a child of its own id waits for ever once it is rewound: it must be
 * refused again, as it was before. */
static void a_child_that_is_its_parent_is_refused_again(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "p", "X");
    script_answer(&rig, script_turn(&rig, "p"), "child 1 p");
    struct rig_work *turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildFailed");
    script_answer(&rig, turn, "fail 2 of-it");

    assert_int_equal(rewind_of(&rig, "p"), STATUS_OK);
    turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildFailed");
    script_answer(&rig, turn, "complete 2 all");
    rig_fini(&rig);
}

/* If this fails, a parent that was rewound never hears of what its children did meanwhile: one ended well, one was
 * terminated, one still runs. */
static void children_answer_the_new_execution(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "p", "X");
    script_answer(&rig, script_turn(&rig, "p"), "child 1 well; child 2 stopped; child 3 runs");
    script_answer(&rig, script_turn(&rig, "well"), "");
    script_answer(&rig, script_turn(&rig, "stopped"), "");
    script_answer(&rig, script_turn(&rig, "runs"), "");
    script_raise(&rig, "p", "go");
    script_answer(&rig, script_turn(&rig, "p"), "fail 4 early");
    script_raise(&rig, "well", "go");
    script_answer(&rig, script_turn(&rig, "well"), "complete 1 x");
    script_terminate(&rig, "stopped", "bye", false);
    script_answer(&rig, script_turn(&rig, "stopped"), "terminated 1 bye");

    assert_int_equal(rewind_of(&rig, "p"), STATUS_OK);
    struct rig_work *turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildCompleted");
    script_answer(&rig, turn, "");
    rig_crash(&rig);
    script_worker(&rig, 2);
    script_answer(&rig, script_turn(&rig, "stopped"), "complete 1 y"); /* started again */
    script_answer(&rig, script_turn(&rig, "p"), "");
    script_raise(&rig, "runs", "go");
    script_answer(&rig, script_turn(&rig, "runs"), "complete 1 z");
    turn = script_turn(&rig, "p");
    script_expect_new(turn, "OrchestratorStarted ChildCompleted");
    script_answer(&rig, turn, "complete 4 all");
    assert_int_equal(script_status(&rig, "p"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, what was under way when the orchestration failed is waited for in vain: an activity whose result
 * nobody took, a timer that went with the execution. */
static void what_was_under_way_is_done_again(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "r", "X");
    script_answer(&rig, script_turn(&rig, "r"), "activity 1 A; activity 2 B; timer 3 60");
    struct rig_work *late = script_activity(&rig, "A");
    fail_activity(&rig, "B");
    script_answer(&rig, script_turn(&rig, "r"), "fail 4 of-it");
    script_complete(&rig, late, "1"); /* for nobody */
    assert_int_equal(rewind_of(&rig, "r"), STATUS_OK);
    struct rig_work *turn = script_turn(&rig, "r");
    expect_past(turn, "OS ES MC OS");
    script_answer(&rig, turn, "activity 1 A; activity 2 B");
    script_complete(&rig, script_activity(&rig, "A"), "1");
    script_complete(&rig, script_activity(&rig, "B"), "2");
    script_answer(&rig, script_turn(&rig, "r"), "");
    script_answer(&rig, script_turn(&rig, "r"), "");
    rig_advance(&rig, 61 * RIG_SECOND);
    turn = script_turn(&rig, "r");
    script_expect_new(turn, "OrchestratorStarted TimerFired");
    script_answer(&rig, turn, "complete 4 x");
    rig_fini(&rig);
}

/* If this fails, an activity that the Python SDK tried twice cannot be rewound: its first failure, after which the
 * orchestrator waited, goes, and the replay does not fit what is left. */
static void an_attempt_that_was_tried_again_stays(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "r", "X");
    script_answer(&rig, script_turn(&rig, "r"), "activity 1 A");
    fail_activity(&rig, "A");
    script_answer(&rig, script_turn(&rig, "r"), "timer 2 1");
    rig_advance(&rig, 2 * RIG_SECOND);
    script_answer(&rig, script_turn(&rig, "r"), "activity 1 A");
    fail_activity(&rig, "A");
    script_answer(&rig, script_turn(&rig, "r"), "fail 3 of-it");
    assert_int_equal(rewind_of(&rig, "r"), STATUS_OK);
    struct rig_work *turn = script_turn(&rig, "r");
    expect_past(turn, "OS ES TS OS TF MC OS MF OS");
    rig_work_free(turn);
    rig_fini(&rig);
}

/* If this fails, a rewind works once only. */
static void an_instance_is_rewound_twice(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    run_to_failure(&rig, "r");
    for (int n = 0; n < 2; n++) {
        assert_int_equal(rewind_of(&rig, "r"), STATUS_OK);
        script_answer(&rig, script_turn(&rig, "r"), "activity 2 B");
        fail_activity(&rig, "B");
        script_answer(&rig, script_turn(&rig, "r"), "fail 3 of-it");
        rig_crash(&rig);
        script_worker(&rig, (uint64_t)n + 2);
    }
    assert_int_equal(rewind_of(&rig, "r"), STATUS_OK);
    struct rig_work *turn = script_turn(&rig, "r");
    expect_past(turn, "OS ES TS OS TC OS OS OS OS OS");
    script_answer(&rig, turn, "activity 2 B");
    script_complete(&rig, script_activity(&rig, "B"), "1");
    script_answer(&rig, script_turn(&rig, "r"), "complete 3 x");
    assert_int_equal(script_status(&rig, "r"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, a parent that heard of its child's failure, and lives, hears of it again (invariant 3). */
static void a_child_by_itself_tells_nobody(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "p", "X");
    script_answer(&rig, script_turn(&rig, "p"), "child 1 c");
    script_answer(&rig, script_turn(&rig, "c"), "fail 1 of-it");
    script_answer(&rig, script_turn(&rig, "p"), "timer 2 3600");
    assert_int_equal(rewind_of(&rig, "c"), STATUS_OK);
    rig_crash(&rig);
    script_worker(&rig, 2);
    script_answer(&rig, script_turn(&rig, "c"), "complete 1 x");
    assert_null(rig_take_work(&rig));
    assert_int_equal(script_status(&rig, "c"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

static uint64_t answer_history(struct rig *rig, struct rig_work *turn, struct pb_history_event *events,
                               size_t count)
{
    struct pb_rewind_orchestration_action rewind = {.new_history = events, .new_history_count = count};
    struct pb_orchestrator_action action = {.id = -1,
                                            .orchestrator_action_type_case =
                                                PB_ORCHESTRATOR_ACTION_REWIND_ORCHESTRATION,
                                            .rewind_orchestration = &rewind};
    struct pb_orchestrator_response response = {.instance_id = turn->item.orchestrator_request->instance_id,
                                                .completion_token = turn->item.completion_token,
                                                .actions = &action,
                                                .actions_count = 1};
    uint64_t call = rig_call(rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
    return call;
}

/* If this fails, a worker that rewrites the history of its instance is not taken at its word (DT-124). */
static void a_workers_history_replaces_ours(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "r", "X");
    script_answer(&rig, script_turn(&rig, "r"), "activity 1 A");
    script_complete(&rig, script_activity(&rig, "A"), "1");
    script_raise(&rig, "r", "hello");
    struct rig_work *turn = script_turn(&rig, "r");
    struct pb_history_event kept[2] = {turn->item.orchestrator_request->past_events[0],
                                       turn->item.orchestrator_request->past_events[1]};
    kept[1].execution_started->orchestration_instance->execution_id = pb_some(BYTES_LITERAL("another"));
    struct bytes old = turn->item.orchestrator_request->past_events[2].raw;
    assert_true(old.size > 0);
    answer_history(&rig, turn, kept, 2);
    turn = script_turn(&rig, "r");
    expect_past(turn, "OS ES");
    assert_true(bytes_equal_cstr(turn->item.orchestrator_request->execution_id.value, "another"));
    script_answer(&rig, turn, "complete 1 x");
    assert_int_equal(script_status(&rig, "r"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, bytes that are no history get into the store, or crash the reader of one. */
static void a_plan_refuses_what_is_no_history(void **state)
{
    static const char *const blobs[] = {
        "",         "\x1a\x00",         "\x1a\x05\x08",
        "\x12\x00", "\x1a\x02\x72\x00", "\x1a\x02\x72\x00\x1a\x02\x72\x00\x1a\x02\x1a\x00"};
    static const size_t sizes[] = {0, 2, 3, 2, 4, 12};
    struct arena arena;
    struct rewind_plan plan;
    (void)state;
    arena_init(&arena, 0);
    for (size_t n = 0; n < ARRAY_SIZE(blobs); n++)
        assert_int_equal(rewind_plan_make(&arena, bytes_of(blobs[n], sizes[n]), &plan), STATUS_MALFORMED);
    arena_fini(&arena);
}

#define ADD(KIND, member, ...)                                                                               \
    event_append_new(&blob,                                                                                  \
                     &(struct pb_history_event){                                                             \
                         .event_type_case = PB_HISTORY_EVENT_##KIND,                                         \
                         .member = &(__typeof__(*((struct pb_history_event *)0)->member)){__VA_ARGS__}},     \
                     RIG_START)

/* If this fails, an orchestration waits for ever for an entity's answer that went with its execution, or runs on behind
 * locks that it lost. */
static void entities_are_asked_again_and_locks_are_lost(void **state)
{
    struct buf blob = {.limit = SIZE_MAX};
    struct arena arena;
    struct rewind_plan plan;
    struct pb_orchestration_instance self = {.instance_id = BYTES_LITERAL("i")};
    (void)state;
    arena_init(&arena, 0);
    ADD(ORCHESTRATOR_STARTED, orchestrator_started, .unknown = {0});
    ADD(EXECUTION_STARTED, execution_started, .name = BYTES_LITERAL("X"), .orchestration_instance = &self);
    ADD(ENTITY_OPERATION_CALLED, entity_operation_called, .request_id = BYTES_LITERAL("answered"));
    ADD(ENTITY_OPERATION_CALLED, entity_operation_called, .request_id = BYTES_LITERAL("under way"));
    ADD(ENTITY_OPERATION_COMPLETED, entity_operation_completed, .request_id = BYTES_LITERAL("answered"));
    ADD(ENTITY_LOCK_REQUESTED, entity_lock_requested, .critical_section_id = BYTES_LITERAL("s"));
    assert_int_equal(rewind_plan_make(&arena, buf_peek(&blob), &plan), STATUS_OK);
    assert_int_equal(plan.event_count, 4);
    assert_false(plan.locked);
    ADD(ENTITY_LOCK_GRANTED, entity_lock_granted, .critical_section_id = BYTES_LITERAL("s"));
    assert_int_equal(rewind_plan_make(&arena, buf_peek(&blob), &plan), STATUS_OK);
    assert_true(plan.locked);
    ADD(ENTITY_UNLOCK_SENT, entity_unlock_sent, .critical_section_id = BYTES_LITERAL("s"));
    assert_int_equal(rewind_plan_make(&arena, buf_peek(&blob), &plan), STATUS_OK);
    assert_int_equal(plan.event_count, 7);
    assert_false(plan.locked);
    buf_fini(&blob);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_failed_runs_again),
        cmocka_unit_test(a_rewind_survives_a_crash),
        cmocka_unit_test(only_a_failed_instance_is_rewound),
        cmocka_unit_test(failed_children_are_rewound_all_the_way_down),
        cmocka_unit_test(a_purged_child_is_started_again),
        cmocka_unit_test(a_child_behind_what_is_gone_is_found),
        cmocka_unit_test(a_child_that_is_its_parent_is_refused_again),
        cmocka_unit_test(children_answer_the_new_execution),
        cmocka_unit_test(what_was_under_way_is_done_again),
        cmocka_unit_test(an_attempt_that_was_tried_again_stays),
        cmocka_unit_test(an_instance_is_rewound_twice),
        cmocka_unit_test(a_child_by_itself_tells_nobody),
        cmocka_unit_test(a_workers_history_replaces_ours),
        cmocka_unit_test(a_plan_refuses_what_is_no_history),
        cmocka_unit_test(entities_are_asked_again_and_locks_are_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
