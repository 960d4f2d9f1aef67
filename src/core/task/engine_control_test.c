/* SPDX-License-Identifier: MIT */
/* engine_control_test.c — suspend, resume, terminate, purge, restart, reuse of ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/engine_script.h"

/* If this fails, a suspended instance goes on, or forgets what came meanwhile (spec 3.11; DT-105..108). */
static void suspended_instances_hold_their_events(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "s", "X");
    script_answer(&rig, script_turn(&rig, "s"), "activity 1 A");
    struct rig_work *activity = script_activity(&rig, "A");
    script_suspend(&rig, "s");
    assert_int_equal(script_status(&rig, "s"), PB_ORCHESTRATION_STATUS_SUSPENDED);
    struct rig_work *turn = script_turn(&rig, "s");
    script_expect_new(turn, "OrchestratorStarted ExecutionSuspended");
    script_answer(&rig, turn, "");
    assert_int_equal(script_status(&rig, "s"), PB_ORCHESTRATION_STATUS_SUSPENDED);
    script_suspend(&rig, "s"); /* again: nothing */
    script_complete(&rig, activity, "1");
    script_raise(&rig, "s", "hello");
    assert_null(rig_take_work(&rig));
    rig_crash(&rig);
    script_worker(&rig, 2);
    assert_null(rig_take_work(&rig));
    assert_int_equal(script_status(&rig, "s"), PB_ORCHESTRATION_STATUS_SUSPENDED);
    script_resume(&rig, "s");
    script_resume(&rig, "s");
    turn = script_turn(&rig, "s");
    script_expect_new(turn, "OrchestratorStarted ExecutionResumed TaskCompleted EventRaised:hello");
    script_answer(&rig, turn, "complete 2 x");
    assert_int_equal(rig_reply_of(&rig, script_suspend(&rig, "s"))->status, STATUS_OK);
    assert_int_equal(script_status(&rig, "s"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, a terminate is lost: with a worker, a deaf worker, or none (spec 3.12; DT-109..112). */
static void terminate_always_ends(void **state)
{
    struct rig rig;
    struct arena arena;
    (void)state;
    rig_init(&rig, NULL);
    arena_init(&arena, 0);
    script_start(&rig, "never", "X"); /* no worker: at once */
    script_terminate(&rig, "never", "bye", false);
    struct pb_orchestration_state *s = script_state(&rig, "never", &arena);
    assert_int_equal(s->orchestration_status, PB_ORCHESTRATION_STATUS_TERMINATED);
    assert_true(bytes_equal_cstr(s->output.value, "bye"));
    assert_null(s->failure_details);
    script_expect_history(&rig, "never",
                          "-1 OrchestratorStarted 0 ExecutionStarted -1 ExecutionTerminated "
                          "-1 ExecutionCompleted");

    script_worker(&rig, 1);
    script_start(&rig, "first", "X"); /* before the first turn is answered */
    struct rig_work *turn = script_turn(&rig, "first");
    script_terminate(&rig, "first", "bye", false);
    script_answer(&rig, turn, "");
    turn = script_turn(&rig, "first");
    script_expect_new(turn, "OrchestratorStarted ExecutionTerminated");
    script_answer(&rig, turn, "terminated 1 bye");
    assert_int_equal(script_status(&rig, "first"), PB_ORCHESTRATION_STATUS_TERMINATED);

    script_start(&rig, "deaf", "X"); /* Go, while suspended, answers with nothing */
    script_answer(&rig, script_turn(&rig, "deaf"), "");
    script_suspend(&rig, "deaf");
    script_answer(&rig, script_turn(&rig, "deaf"), "");
    script_terminate(&rig, "deaf", "bye", false);
    script_answer(&rig, script_turn(&rig, "deaf"), "");
    s = script_state(&rig, "deaf", &arena);
    assert_int_equal(s->orchestration_status, PB_ORCHESTRATION_STATUS_TERMINATED);
    assert_true(bytes_equal_cstr(s->output.value, "bye"));

    script_start(&rig, "alone", "X"); /* its worker goes away */
    script_answer(&rig, script_turn(&rig, "alone"), "timer 1 999");
    engine_stream_closed(rig.engine, 1, rig_time(&rig), &rig.actions);
    script_terminate(&rig, "alone", "bye", false);
    assert_int_equal(script_status(&rig, "alone"), PB_ORCHESTRATION_STATUS_RUNNING);
    rig_crash(&rig);
    rig_advance(&rig, 6 * RIG_SECOND);
    assert_int_equal(script_status(&rig, "alone"), PB_ORCHESTRATION_STATUS_TERMINATED);
    arena_fini(&arena);
    rig_fini(&rig);
}

static void terminate_reaches_children_if_asked(void **state)
{
    (void)state;
    for (int recursive = 0; recursive < 2; recursive++) {
        struct rig rig;
        rig_init(&rig, NULL);
        script_worker(&rig, 1);
        script_start(&rig, "p", "X");
        script_answer(&rig, script_turn(&rig, "p"), "child 1 kid");
        script_answer(&rig, script_turn(&rig, "kid"), "");
        script_terminate(&rig, "p", "bye", recursive);
        script_answer(&rig, script_turn(&rig, "p"), "terminated 2 bye");
        struct rig_work *turn = rig_take_work(&rig);
        if (recursive) {
            assert_non_null(turn);
            script_expect_new(turn, "OrchestratorStarted ExecutionTerminated");
            script_answer(&rig, turn, "terminated 1 bye");
            assert_int_equal(script_status(&rig, "kid"), PB_ORCHESTRATION_STATUS_TERMINATED);
        } else {
            assert_null(turn);
            assert_int_equal(script_status(&rig, "kid"), PB_ORCHESTRATION_STATUS_RUNNING);
        }
        rig_fini(&rig);
    }
}

static uint64_t purge(struct rig *rig, const char *id, bool recursive)
{
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id = bytes_of_cstr(id),
                                                 .recursive = recursive};
    return rig_call(rig, ENGINE_PURGE, &pb_purge_instances_request_message, &request);
}

static void expect_purged(struct rig *rig, uint64_t call, int count)
{
    struct pb_purge_instances_response response;
    struct arena arena;
    arena_init(&arena, 0);
    assert_int_equal(pb_purge_instances_response_decode(&arena, rig_reply_of(rig, call)->message, &response),
                     STATUS_OK);
    assert_int_equal(response.deleted_instance_count, count);
    assert_true(response.is_complete.present && response.is_complete.value);
    arena_fini(&arena);
}

/* If this fails, a purge deletes too much or too little, also of what is no longer in memory (DT-114..118).
 */
static void purge_deletes_what_has_ended(void **state)
{
    struct rig rig;
    struct engine_options small = {.terminal_resident_max = 1, .history_resident_size_max = 1};
    (void)state;
    rig_init(&rig, &small);
    script_worker(&rig, 1);
    script_start(&rig, "p", "X");
    expect_purged(&rig, purge(&rig, "p", true), 0);
    expect_purged(&rig, purge(&rig, "nobody", true), 0);
    script_answer(&rig, script_turn(&rig, "p"), "child 1 k1; child 2 k2");
    script_answer(&rig, script_turn(&rig, "k1"), "child 1 k3; complete 2 x");
    script_answer(&rig, script_turn(&rig, "k2"), "complete 1 x");
    script_answer(&rig, script_turn(&rig, "k3"), "complete 1 x");
    struct rig_work *turn = rig_take_work(&rig);
    script_answer(&rig, turn, "complete 3 x");
    while ((turn = rig_take_work(&rig)))
        script_answer(&rig, turn, "complete 3 x");
    script_start(&rig, "other", "X");
    script_answer(&rig, script_turn(&rig, "other"), "complete 1 x");
    rig_crash(&rig);
    expect_purged(&rig, purge(&rig, "p", true), 4);
    assert_true(rig.fetches >= 4 && rig.history_fetches >= 4);
    assert_int_equal(script_status(&rig, "p"), -1);
    assert_int_equal(script_status(&rig, "k3"), -1);
    assert_int_equal(script_status(&rig, "other"), PB_ORCHESTRATION_STATUS_COMPLETED);
    script_expect_history(&rig, "p", "");
    struct engine_stats stats;
    engine_stats(rig.engine, &stats);
    assert_true(stats.resident <= 1);
    rig_fini(&rig);
}

/* If this fails, a recursive purge deletes a stranger: an id that was taken when the purged instance asked for a child. */
static void purge_spares_whom_it_did_not_start(void **state)
{
    struct rig rig;
    struct engine_options small = {.terminal_resident_max = 1, .history_resident_size_max = 1};
    (void)state;
    rig_init(&rig, &small);
    script_worker(&rig, 1);
    script_start(&rig, "stranger", "X");
    struct rig_work *strangers = script_turn(&rig, "stranger");
    script_start(&rig, "p", "X");
    script_answer(&rig, script_turn(&rig, "p"), "child 1 stranger; child 2 own");
    script_answer(&rig, script_turn(&rig, "p"),
                  "complete 3 x"); /* of stranger it heard that the id is taken */
    script_answer(&rig, script_turn(&rig, "own"), "complete 1 x");
    script_answer(&rig, strangers, "complete 1 x");

    rig_crash(&rig); /* nothing is resident */
    expect_purged(&rig, purge(&rig, "p", true), 2);
    assert_int_equal(script_status(&rig, "own"), -1);
    assert_int_equal(script_status(&rig, "stranger"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

static uint64_t restart(struct rig *rig, const char *id, bool fresh)
{
    struct pb_restart_instance_request request = {.instance_id = bytes_of_cstr(id),
                                                  .restart_with_new_instance_id = fresh};
    return rig_call(rig, ENGINE_RESTART, &pb_restart_instance_request_message, &request);
}

/* If this fails, a restart loses the input or the id (spec 3.15; DT-125..127). */
static void restart_runs_again(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    assert_int_equal(rig_reply_of(&rig, restart(&rig, "nobody", false))->status, STATUS_NOT_FOUND);
    script_start(&rig, "r", "X");
    assert_int_equal(rig_reply_of(&rig, restart(&rig, "r", false))->status, STATUS_FAILED_PRECONDITION);
    script_answer(&rig, script_turn(&rig, "r"), "complete 1 x");
    assert_int_equal(rig_reply_of(&rig, restart(&rig, "r", false))->status, STATUS_OK);
    script_raise(&rig, "r", "early");
    struct rig_work *turn = script_turn(&rig, "r");
    assert_true(bytes_equal_cstr(
        turn->item.orchestrator_request->new_events[1].execution_started->input.value, "\"in\""));
    script_answer(&rig, turn, "");
    turn = script_turn(&rig, "r");
    script_expect_new(turn, "OrchestratorStarted EventRaised:early");
    assert_int_equal(rig_reply_of(&rig, restart(&rig, "r", true))->status, STATUS_OK);
    assert_int_equal(script_status(&rig, "r"), PB_ORCHESTRATION_STATUS_RUNNING);
    rig_work_free(turn);
    rig_fini(&rig);
}

static struct rig_reply *start_marked(struct rig *rig, const char *mark)
{
    struct pb_create_instance_request request = {.instance_id = BYTES_LITERAL("i"),
                                                 .name = BYTES_LITERAL("Once"),
                                                 .execution_id = pb_some(bytes_of(mark, strlen(mark)))};
    return rig_reply_of(rig,
                        rig_call(rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &request));
}

/* If this fails, a start whose answer was lost runs twice, or is told that somebody else has its id. */
static void a_start_sent_again_is_done_once(void **state)
{
    static const char first[] = "0123456789abcdef0123456789abcdef";
    static const char second[] = "fedcba9876543210fedcba9876543210";
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);

    assert_int_equal(start_marked(&rig, first)->status, STATUS_OK);
    struct rig_work *turn = script_turn(&rig, "i");
    assert_int_equal(start_marked(&rig, first)->status, STATUS_OK);
    assert_int_equal(start_marked(&rig, second)->status, STATUS_ALREADY_EXISTS);

    /* Ended, it would be replaced by anybody else's start, but not by its own. */
    script_answer(&rig, turn, "complete 0 done");
    assert_int_equal(script_status(&rig, "i"), PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_int_equal(start_marked(&rig, first)->status, STATUS_OK);
    assert_int_equal(script_status(&rig, "i"), PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_int_equal(start_marked(&rig, second)->status, STATUS_OK);
    assert_int_equal(script_status(&rig, "i"), PB_ORCHESTRATION_STATUS_PENDING);
    rig_fini(&rig);
}

/* If this fails, a reused id mixes two runs (spec 3.2; DT-045, 046, 049, 051). */
static void ids_are_reused_by_policy(void **state)
{
    struct rig rig;
    int32_t statuses[] = {PB_ORCHESTRATION_STATUS_RUNNING, PB_ORCHESTRATION_STATUS_TERMINATED};
    struct pb_orchestration_id_reuse_policy policy = {.replaceable_status = statuses,
                                                      .replaceable_status_count = 2};
    struct pb_create_instance_request request = {.instance_id = BYTES_LITERAL("i"),
                                                 .name = BYTES_LITERAL("Second")};
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "i", "First");
    script_answer(&rig, script_turn(&rig, "i"), "activity 1 A; timer 2 1");
    struct rig_work *old = script_activity(&rig, "A");
    struct rig_reply *reply = rig_reply_of(&rig, script_start(&rig, "i", "First"));
    assert_int_equal(reply->status, STATUS_ALREADY_EXISTS);
    assert_non_null(strstr(reply->text, "orchestration instance already exists"));
    policy.unknown = BYTES_LITERAL("\x10\x01"); /* the old form: IGNORE */
    request.orchestration_id_reuse_policy = &policy;
    uint64_t call = rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &request);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    assert_null(rig_take_work(&rig));
    policy.unknown = BYTES_LITERAL("");
    call = rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &request);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    script_complete(&rig, old, "late");
    rig_advance(&rig, 5 * RIG_SECOND);
    struct rig_work *turn = script_turn(&rig, "i");
    script_expect_new(turn, "OrchestratorStarted ExecutionStarted");
    script_answer(&rig, turn, "complete 1 x");
    assert_null(rig_take_work(&rig));
    request.orchestration_id_reuse_policy = NULL;
    call = rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &request);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    rig_work_free(script_turn(&rig, "i"));
    rig_fini(&rig);
}

/* If this fails, a scheduled start comes early, or loses events (DT-053..055). */
static void scheduled_starts_wait(void **state)
{
    struct rig rig;
    struct pb_create_instance_request request = {.instance_id = BYTES_LITERAL("later"),
                                                 .name = BYTES_LITERAL("X"),
                                                 .scheduled_start_timestamp =
                                                     pb_time_from_ns(RIG_START + 3 * RIG_SECOND)};
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &request);
    script_raise(&rig, "later", "early");
    rig_crash(&rig);
    script_worker(&rig, 2);
    rig_advance(&rig, 3 * RIG_SECOND - 1);
    assert_null(rig_take_work(&rig));
    assert_int_equal(script_status(&rig, "later"), PB_ORCHESTRATION_STATUS_PENDING);
    rig_advance(&rig, 1);
    struct rig_work *turn = script_turn(&rig, "later");
    script_expect_new(turn, "OrchestratorStarted ExecutionStarted EventRaised:early");
    rig_work_free(turn);
    request.instance_id = BYTES_LITERAL("epoch");
    request.scheduled_start_timestamp = pb_time_from_ns(0);
    rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &request);
    rig_work_free(script_turn(&rig, "epoch"));
    rig_fini(&rig);
}

/* If this fails, an operator cannot end stuck instances (DT-113). */
static void skip_graceful_reports_what_it_could_not(void **state)
{
    struct rig rig;
    struct arena arena;
    struct bytes ids[501];
    struct pb_instance_batch batch = {.instance_ids = ids, .instance_ids_count = 501};
    struct pb_skip_graceful_orchestration_terminations_request request = {
        .instance_batch = &batch, .reason = pb_some(BYTES_LITERAL("because"))};
    struct pb_skip_graceful_orchestration_terminations_response response;
    (void)state;
    rig_init(&rig, NULL);
    arena_init(&arena, 0);
    for (size_t n = 0; n < 501; n++)
        ids[n] = BYTES_LITERAL("nobody");
    uint64_t call = rig_call(&rig, ENGINE_SKIP_GRACEFUL_TERMINATIONS,
                             &pb_skip_graceful_orchestration_terminations_request_message, &request);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_INVALID_ARGUMENT);
    script_start(&rig, "live", "X");
    ids[0] = BYTES_LITERAL("live");
    batch.instance_ids_count = 2;
    call = rig_call(&rig, ENGINE_SKIP_GRACEFUL_TERMINATIONS,
                    &pb_skip_graceful_orchestration_terminations_request_message, &request);
    assert_int_equal(pb_skip_graceful_orchestration_terminations_response_decode(
                         &arena, rig_reply_of(&rig, call)->message, &response),
                     STATUS_OK);
    assert_int_equal(response.unterminated_instance_ids_count, 1);
    assert_int_equal(script_status(&rig, "live"), PB_ORCHESTRATION_STATUS_TERMINATED);
    arena_fini(&arena);
    rig_fini(&rig);
}

/* If this fails, bad bytes are taken for a request. */
static void bad_requests_change_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    for (int method = 0; method <= ENGINE_STREAM_HISTORY; method++) {
        uint64_t call = rig_call_bytes(&rig, (enum engine_method)method, BYTES_LITERAL("\x0a\xff\xff"));
        assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_INVALID_ARGUMENT);
    }
    struct pb_create_instance_request nameless = {.instance_id = BYTES_LITERAL("x")};
    uint64_t call = rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &nameless);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_INVALID_ARGUMENT);
    assert_int_equal(rig.commits, 0);
    rig_fini(&rig);
}

/* A grandchild that runs although its parent has ended: r -> c -> g. */
static void start_orphan(struct rig *rig)
{
    rig_init(rig, &(struct engine_options){.terminal_resident_max = 1});
    script_worker(rig, 1);
    script_start(rig, "r", "X");
    script_answer(rig, script_turn(rig, "r"), "child 1 c");
    script_answer(rig, script_turn(rig, "c"), "child 1 g; complete 2 done");
    script_answer(rig, script_turn(rig, "g"), "");
    script_answer(rig, script_turn(rig, "r"), "");
    for (int n = 0; n < 3; n++) { /* `c` leaves memory */
        char id[8];
        snprintf(id, sizeof id, "n%d", n);
        script_start(rig, id, "X");
        script_answer(rig, script_turn(rig, id), "complete 1 x");
    }
}

/* If this fails, a recursive terminate stops at a child that has ended: that one's children run on. */
static void recursion_goes_through_what_has_ended(void **state)
{
    for (int restart = 0; restart < 2; restart++) {
        struct rig rig;
        (void)state;
        start_orphan(&rig);
        if (restart) {
            rig_crash(&rig);
            rig_run(&rig);
            script_worker(&rig, 1);
        }
        script_terminate(&rig, "r", "enough", true);
        for (int n = 0; n < 2; n++) {
            struct rig_work *turn = rig_take_work(&rig);
            assert_non_null(turn);
            script_answer(&rig, turn, "");
        }
        assert_int_equal(script_status(&rig, "g"), PB_ORCHESTRATION_STATUS_TERMINATED);
        assert_int_equal(script_status(&rig, "r"), PB_ORCHESTRATION_STATUS_TERMINATED);
        assert_int_equal(script_status(&rig, "c"), PB_ORCHESTRATION_STATUS_COMPLETED);
        rig_fini(&rig);
    }
}

/* If this fails, an orchestrator's own recursive terminate does. */
static void recursion_by_an_orchestrator_does_so_too(void **state)
{
    struct rig rig;
    (void)state;
    start_orphan(&rig);
    script_start(&rig, "boss", "X");
    struct rig_work *turn = script_turn(&rig, "boss");
    struct pb_terminate_orchestration_action stop = {.instance_id = BYTES_LITERAL("r"), .recurse = true};
    struct pb_orchestrator_action action = {.id = 1,
                                            .orchestrator_action_type_case =
                                                PB_ORCHESTRATOR_ACTION_TERMINATE_ORCHESTRATION,
                                            .terminate_orchestration = &stop};
    struct pb_orchestrator_response response = {.instance_id = BYTES_LITERAL("boss"),
                                                .completion_token = turn->item.completion_token,
                                                .actions = &action,
                                                .actions_count = 1};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
    for (int n = 0; n < 2; n++)
        script_answer(&rig, rig_take_work(&rig), "");
    assert_int_equal(script_status(&rig, "g"), PB_ORCHESTRATION_STATUS_TERMINATED);
    rig_fini(&rig);
}

/* If this fails, a child that ends of itself while the terminate is under way saves its own children. */
static void recursion_goes_through_what_ends_meanwhile(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "r", "X");
    script_answer(&rig, script_turn(&rig, "r"), "child 1 c");
    script_answer(&rig, script_turn(&rig, "c"), "child 1 g");
    script_answer(&rig, script_turn(&rig, "g"), "");
    script_terminate(&rig, "r", "enough", true);
    script_answer(&rig, script_turn(&rig, "r"), "");
    script_answer(&rig, script_turn(&rig, "c"), "complete 2 done");
    script_answer(&rig, script_turn(&rig, "g"), "");
    assert_int_equal(script_status(&rig, "c"), PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_int_equal(script_status(&rig, "g"), PB_ORCHESTRATION_STATUS_TERMINATED);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suspended_instances_hold_their_events),
        cmocka_unit_test(terminate_always_ends),
        cmocka_unit_test(terminate_reaches_children_if_asked),
        cmocka_unit_test(purge_deletes_what_has_ended),
        cmocka_unit_test(purge_spares_whom_it_did_not_start),
        cmocka_unit_test(restart_runs_again),
        cmocka_unit_test(a_start_sent_again_is_done_once),
        cmocka_unit_test(ids_are_reused_by_policy),
        cmocka_unit_test(scheduled_starts_wait),
        cmocka_unit_test(skip_graceful_reports_what_it_could_not),
        cmocka_unit_test(bad_requests_change_nothing),
        cmocka_unit_test(recursion_goes_through_what_has_ended),
        cmocka_unit_test(recursion_by_an_orchestrator_does_so_too),
        cmocka_unit_test(recursion_goes_through_what_ends_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
