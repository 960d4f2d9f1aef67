/* SPDX-License-Identifier: MIT */
/* engine_entity_test.c — entities: order, batches, locks, crashes, what leaves memory, both encodings, the old form. The
 * statements of the checklist go through the front door (test/interop/entity_protocol_test.py); here is what needs a store in
 * memory and a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/task/entity_name.h"
#include "lib/engine_script.h"

static struct arena arena;

static struct pb_get_entity_response get(struct rig *rig, const char *id)
{
    struct pb_get_entity_request request = {.instance_id = bytes_of_cstr(id), .include_state = true};
    uint64_t call = rig_call(rig, ENGINE_GET_ENTITY, &pb_get_entity_request_message, &request);
    struct rig_reply *reply = rig_reply_of(rig, call);
    struct pb_get_entity_response response;
    assert_non_null(reply);
    assert_int_equal(reply->status, STATUS_OK);
    assert_int_equal(pb_get_entity_response_decode(&arena, reply->message, &response), STATUS_OK);
    return response;
}

static void expect_state(struct rig *rig, const char *id, const char *state)
{
    struct pb_get_entity_response response = get(rig, id);
    assert_int_equal(response.exists, state != NULL);
    if (state)
        assert_true(bytes_equal_cstr(response.entity->serialized_state.value, state));
}

static void crash(struct rig *rig)
{
    rig_crash(rig);
    engine_check(rig->engine);
    script_worker(rig, 1);
}

/* If this fails, a signal that was acknowledged is lost or done twice when the server is killed (invariant 4). */
static void a_signal_survives_a_crash_at_any_point(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_signal(&rig, "@c@1", "one");
    crash(&rig);
    struct rig_work *batch = script_batch(&rig, "@c@1", "one");
    rig_work_free(batch);
    crash(&rig);
    batch = script_batch(&rig, "@c@1", "one");
    rig.commits_held = true;
    script_batch_done(&rig, batch, "lost");
    crash(&rig);
    rig.commits_held = false;
    batch = script_batch(&rig, "@c@1", "one");
    assert_false(batch->item.entity_request_v2->entity_state.present);
    script_batch_done(&rig, batch, "kept");
    crash(&rig);
    assert_null(rig_take_work(&rig));
    expect_state(&rig, "@c@1", "kept");
    assert_int_equal(rig_count(&rig.entity_messages), 0);
    rig_fini(&rig);
}

/* Drives an orchestration from `step` to its end, and crashes before that step. */
static void locks_with_a_crash(int crash_at, bool hold_commits)
{
    static const char *const answers[] = {"lock 1 cs @b@2,@A@1", "call 2 @a@1 mine",
                                          "unlock 3 cs @a@1; unlock 4 cs @b@2; complete 5 done"};
    struct rig rig;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "o", "X");
    bool crashed = false;
    for (size_t step = 0; step < ARRAY_SIZE(answers);) {
        struct rig_work *turn = script_turn(&rig, "o");
        bool now = (int)step == crash_at && !crashed;
        rig.commits_held = now && hold_commits;
        script_answer(&rig, turn, answers[step]);
        engine_check(rig.engine);
        rig.commits_held = false;
        if (now) {
            crashed = true;
            crash(&rig);
            if (hold_commits)
                continue; /* the answer is lost: the same turn comes again */
        }
        if (step == 1)
            script_batch_done(&rig, script_batch(&rig, "@a@1", "mine"), "s");
        engine_check(rig.engine);
        step++;
    }
    assert_int_equal(script_status(&rig, "o"), PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_int_equal(rig_count(&rig.entity_locks), 0);
    assert_int_equal(rig_count(&rig.entity_messages), 0);
    assert_int_equal(rig_count(&rig.entities), 1);
    rig_fini(&rig);
}

/* If this fails, kill -9 at a step of a lock leaves an entity held by nobody, or a turn that never comes (invariant 13). */
static void a_crash_at_every_step_of_a_lock_leaves_nothing(void **state)
{
    (void)state;
    for (int step = 0; step < 3; step++) {
        locks_with_a_crash(step, false);
        locks_with_a_crash(step, true);
    }
}

/* If this fails, an operation that was queued under a lock runs as if the lock were still there, or never. */
static void a_released_lock_lets_the_next_in_order(void **state)
{
    struct rig rig;
    struct pb_get_work_items_request orchestrations = {.max_concurrent_entity_work_items = 1};
    (void)state;
    rig_init(&rig, NULL);
    rig_stream(&rig, 1, &orchestrations, "w", 1);
    script_start(&rig, "o", "X");
    script_signal(&rig, "@busy@1", "blocks");
    struct rig_work *turn = script_turn(&rig, "o");
    struct rig_work *busy = script_batch(&rig, "@busy@1", "blocks"); /* the worker takes no other batch */
    script_answer(&rig, turn, "lock 1 cs @c@1");
    turn = script_turn(&rig, "o");
    script_signal(&rig, "@c@1", "stranger");
    script_answer(&rig, turn, "signal 2 @c@1 mine; unlock 3 cs @c@1; complete 4 done");
    assert_null(rig_take_work(&rig));
    script_batch_done(&rig, busy, "s");
    script_batch_done(&rig, script_batch(&rig, "@c@1", "stranger mine"), "s");
    engine_check(rig.engine);
    rig_fini(&rig);
}

/* If this fails, a large state that leaves memory is taken for an entity without one. */
static void a_state_that_left_is_fetched(void **state)
{
    struct rig rig;
    struct engine_options small = {.entity_resident_max = 1};
    (void)state;
    rig_init(&rig, &small);
    script_worker(&rig, 1);
    for (int n = 0; n < 2; n++) {
        script_signal(&rig, n ? "@c@2" : "@c@1", "go");
        script_batch_done(&rig, script_batch(&rig, n ? "@c@2" : "@c@1", "go"), n ? "two" : "one");
    }
    struct engine_stats stats;
    engine_stats(rig.engine, &stats);
    assert_int_equal(stats.entities_resident, 1);
    size_t fetches = rig.entity_fetches;
    script_signal(&rig, "@c@1", "again");
    struct rig_work *batch = script_batch(&rig, "@c@1", "again");
    assert_true(bytes_equal_cstr(batch->item.entity_request_v2->entity_state.value, "one"));
    assert_int_equal(rig.entity_fetches, fetches + 1);
    script_batch_done(&rig, batch, "one more");
    expect_state(&rig, "@c@2", "two");
    expect_state(&rig, "@c@3", NULL);
    engine_stats(rig.engine, &stats);
    assert_int_equal(stats.entity_operations, 3);
    rig_fini(&rig);
}

/* If this fails, a batch that breaks its worker is sent for ever, and its caller waits for ever (spec 3.21, 3.23.3). */
static void a_batch_that_fails_too_often_answers_its_callers(void **state)
{
    struct rig rig;
    struct engine_options few = {.poison_deliveries_max = 2};
    struct pb_task_failure_details details = {.error_type = BYTES_LITERAL("Framework")};
    (void)state;
    rig_init(&rig, &few);
    script_worker(&rig, 1);
    script_start(&rig, "o", "X");
    script_answer(&rig, script_turn(&rig, "o"), "call 1 @c@1 op; signal 2 @c@1 also");
    for (int n = 0; n < 2; n++) {
        struct rig_work *batch = script_batch(&rig, "@c@1", "op also");
        struct pb_entity_batch_result result = {.completion_token = batch->item.completion_token,
                                                .failure_details = &details};
        rig_call(&rig, ENGINE_COMPLETE_ENTITY, &pb_entity_batch_result_message, &result);
        rig_work_free(batch);
        assert_null(rig_take_work(&rig));
        rig_advance(&rig, 3 * RIG_SECOND);
    }
    struct rig_work *turn = script_turn(&rig, "o");
    script_expect_new(turn, "OrchestratorStarted EntityOperationFailed");
    const struct pb_entity_operation_failed_event *failed =
        turn->item.orchestrator_request->new_events[1].entity_operation_failed;
    assert_true(bytes_equal_cstr(failed->failure_details->error_type, "Framework"));
    rig_work_free(turn);
    assert_int_equal(rig_count(&rig.entity_messages), 0);
    rig_fini(&rig);
}

/* If this fails, the caller of an entity that no worker has registered waits for an hour: some SDKs say so of the batch as a
 * whole (spec 3.23.3). */
static void a_batch_that_its_workers_refuse_answers_after_seconds(void **state)
{
    struct rig rig;
    struct pb_task_failure_details details = {.error_type = BYTES_LITERAL("EntityTaskNotFound")};
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "o", "X");
    script_answer(&rig, script_turn(&rig, "o"), "call 1 @c@1 op");
    int64_t before = rig.now_ns;
    for (int n = 0; n < 5; n++) {
        struct rig_work *batch = script_batch(&rig, "@c@1", "op");
        struct pb_entity_batch_result result = {.completion_token = batch->item.completion_token,
                                                .failure_details = &details};
        rig_call(&rig, ENGINE_COMPLETE_ENTITY, &pb_entity_batch_result_message, &result);
        rig_work_free(batch);
        if (n < 4) {
            assert_null(rig_take_work(&rig));
            rig_advance(&rig, (RIG_SECOND << n) + RIG_SECOND / 100);
        }
    }
    assert_true(rig.now_ns - before < 16 * RIG_SECOND);
    struct rig_work *turn = script_turn(&rig, "o");
    script_expect_new(turn, "OrchestratorStarted EntityOperationFailed");
    rig_work_free(turn);
    script_signal(&rig, "@c@1", "next"); /* the entity itself goes on */
    rig_work_free(script_batch(&rig, "@c@1", "next"));
    rig_fini(&rig);
}

/* If this fails, a state over the limit stops its entity for ever (spec 2.6). */
static void a_state_over_the_limit_fails_its_batch(void **state)
{
    struct rig rig;
    struct engine_options small = {.payload_size_max = 200};
    char large[202];
    memset(large, 'x', 201);
    large[201] = 0;
    (void)state;
    rig_init(&rig, &small);
    script_worker(&rig, 1);
    script_start(&rig, "o", "X");
    script_answer(&rig, script_turn(&rig, "o"), "call 1 @c@1 op");
    script_batch_done(&rig, script_batch(&rig, "@c@1", "op"), large);
    struct rig_work *turn = script_turn(&rig, "o");
    script_expect_new(turn, "OrchestratorStarted EntityOperationFailed");
    rig_work_free(turn);
    expect_state(&rig, "@c@1", NULL);
    rig_fini(&rig);
}

/* If this fails, a .NET worker of before 2025 gets work that it cannot read, or its answer, which has no token, is given to the
 * wrong entity (spec 3.23.2; trap 15). */
static void old_workers_get_flat_operations_one_batch_at_a_time(void **state)
{
    struct rig rig;
    struct pb_get_work_items_request request = {.max_concurrent_entity_work_items = 10};
    struct engine_worker worker = {.id = BYTES_LITERAL("old"), .connection = 1, .entities_flat = true};
    struct buf message = {0};
    (void)state;
    rig_init(&rig, NULL);
    pb_get_work_items_request_encode(&request, &message);
    engine_stream_open(rig.engine, RIG_HUB, 1, buf_peek(&message), &worker, rig_time(&rig), &rig.actions);
    rig_run(&rig);
    script_signal(&rig, "@c@1", "one");
    script_signal(&rig, "@c@2", "two");
    struct pb_operation_result_success success = {.result = pb_none()};
    struct pb_operation_result done = {.result_type_case = PB_OPERATION_RESULT_SUCCESS, .success = &success};
    for (int n = 0; n < 2; n++) {
        struct rig_work *work = rig_take_work(&rig);
        assert_non_null(work);
        assert_int_equal(work->item.request_case, PB_WORK_ITEM_ENTITY_REQUEST);
        assert_true(bytes_equal_cstr(work->item.entity_request->operations[0].operation, n ? "two" : "one"));
        assert_int_equal(work->item.entity_request->operations[0].request_id.size, 32);
        rig_work_free(work);
        assert_null(rig_take_work(&rig));
        struct pb_entity_batch_result result = {
            .results = &done, .results_count = 1, .entity_state = pb_some(BYTES_LITERAL("s"))};
        rig_call(&rig, ENGINE_COMPLETE_ENTITY, &pb_entity_batch_result_message, &result);
    }
    expect_state(&rig, "@c@1", "s");
    expect_state(&rig, "@c@2", "s");
    buf_fini(&message);
    rig_fini(&rig);
}

/* If this fails, a worker that knows no entities is sent some, and holds them until its lease ends. */
static void workers_without_entities_get_none(void **state)
{
    struct rig rig;
    struct pb_get_work_items_request request = {.max_concurrent_entity_work_items = 0};
    struct engine_worker worker = {.connection = 1, .entities_none = true};
    struct buf message = {0};
    (void)state;
    rig_init(&rig, NULL);
    pb_get_work_items_request_encode(&request, &message);
    engine_stream_open(rig.engine, RIG_HUB, 1, buf_peek(&message), &worker, rig_time(&rig), &rig.actions);
    rig_run(&rig);
    script_signal(&rig, "@c@1", "one");
    assert_null(rig_take_work(&rig));
    request.max_concurrent_entity_work_items = 1;
    buf_clear(&message);
    pb_get_work_items_request_encode(&request, &message);
    engine_stream_open(rig.engine, RIG_HUB, 2, buf_peek(&message), &worker, rig_time(&rig), &rig.actions);
    rig_run(&rig);
    rig_work_free(script_batch(&rig, "@c@1", "one")); /* a newer one, which says how many */
    buf_fini(&message);
    rig_fini(&rig);
}

/* An answer of one sendEvent to an entity. */
static void say(struct rig *rig, struct rig_work *turn, const char *entity, const char *event,
                const char *text)
{
    struct pb_orchestration_instance target = {.instance_id = bytes_of_cstr(entity)};
    struct pb_send_event_action send = {
        .instance = &target, .name = bytes_of_cstr(event), .data = pb_some(bytes_of_cstr(text))};
    struct pb_orchestrator_action action = {
        .id = 1, .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SEND_EVENT, .send_event = &send};
    struct pb_orchestrator_response response = {.instance_id = turn->item.orchestrator_request->instance_id,
                                                .completion_token = turn->item.completion_token,
                                                .actions = &action,
                                                .actions_count = 1};
    rig_call(rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
}

/* If this fails, SDKs that were shipped before the native messages cannot use entities (spec 3.23.9). */
static void the_old_form_calls_locks_and_releases(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "o", "X");
    say(&rig, script_turn(&rig, "o"), "@C@1", "op", "{\"op\":\"get\",\"id\":\"1-2\",\"parent\":\"o\"}");
    script_batch_done(&rig, script_batch(&rig, "@c@1", "get"), "s");
    struct rig_work *turn = script_turn(&rig, "o");
    script_expect_new(turn, "OrchestratorStarted EventRaised:1-2");
    assert_true(bytes_equal_cstr(turn->item.orchestrator_request->new_events[1].event_raised->input.value,
                                 "{\"result\":\"r\"}"));
    say(&rig, turn, "@c@1", "op", "{\"op\":null,\"id\":\"cs\",\"lockset\":[{\"name\":\"c\",\"key\":\"1\"}]}");
    turn = script_turn(&rig, "o");
    script_expect_new(turn, "OrchestratorStarted EventRaised:cs");
    assert_int_equal(rig_count(&rig.entity_locks), 1);
    say(&rig, turn, "@c@1", "release", "{\"parent\":\"o\",\"id\":\"cs\"}");
    assert_int_equal(rig_count(&rig.entity_locks), 0);

    struct pb_raise_event_request raise = {
        .instance_id = BYTES_LITERAL("@c@1"),
        .name = BYTES_LITERAL("op"),
        .input = pb_some(BYTES_LITERAL("{\"op\":\"add\",\"signal\":true,\"id\":\"x\"}"))};
    rig_call(&rig, ENGINE_RAISE_EVENT, &pb_raise_event_request_message, &raise);
    script_batch_done(&rig, script_batch(&rig, "@c@1", "add"), "s2");
    raise.input = pb_some(BYTES_LITERAL("nonsense"));
    size_t notes = rig.notes;
    rig_call(&rig, ENGINE_RAISE_EVENT, &pb_raise_event_request_message, &raise);
    assert_int_equal(rig.notes, notes + 1);
    assert_null(rig_take_work(&rig));
    rig_fini(&rig);
}

/* The old form's request for a set of that many locks. */
static void say_locks(struct rig *rig, struct rig_work *turn, size_t count)
{
    struct buf text = {0};
    buf_append_cstr(&text, "{\"op\":null,\"id\":\"cs\",\"lockset\":[");
    for (size_t n = 0; n < count; n++)
        buf_append_fmt(&text, "%s{\"name\":\"c\",\"key\":\"%zu\"}", n ? "," : "", n);
    buf_append_cstr(&text, "]}");
    buf_append_byte(&text, 0);
    say(rig, turn, "@c@0", "op", (const char *)text.data);
    buf_fini(&text);
}

/* If this fails, an orchestration waits for ever for locks that nobody grants, and is told nothing. */
static void a_set_of_locks_over_the_limit_fails_its_orchestration(void **state)
{
    static const size_t counts[] = {ENTITY_LOCK_SET_MAX + 1, 10000};
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    for (size_t n = 0; n < ARRAY_SIZE(counts); n++) {
        const char *id = n ? "more" : "one";
        script_start(&rig, id, "X");
        say_locks(&rig, script_turn(&rig, id), counts[n]);
        struct pb_orchestration_state *seen = script_state(&rig, id, &arena);
        assert_int_equal(seen->orchestration_status, PB_ORCHESTRATION_STATUS_FAILED);
        assert_true(bytes_equal_cstr(seen->failure_details->error_type, "InvalidEntityMessage"));
        assert_true(
            bytes_equal_cstr(seen->failure_details->error_message,
                             "a critical section may lock 500 entities at most (limit entity-lock-set-max)"));
    }
    script_start(&rig, "most", "X");
    say_locks(&rig, script_turn(&rig, "most"), ENTITY_LOCK_SET_MAX);
    assert_int_equal(rig_count(&rig.entity_locks), ENTITY_LOCK_SET_MAX);
    rig_fini(&rig);
}

/* If this fails, a purged entity is still there, or whoever called it waits for ever (spec 3.13). */
static void purge_takes_state_and_queue(void **state)
{
    struct rig rig;
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id = BYTES_LITERAL("@C@1"),
                                                 .is_orchestration = true};
    struct pb_purge_instances_response response;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_signal(&rig, "@c@1", "go");
    script_batch_done(&rig, script_batch(&rig, "@c@1", "go"), "s");
    script_start(&rig, "o", "X");
    script_answer(&rig, script_turn(&rig, "o"), "call 1 @c@1 op");
    struct rig_work *batch = script_batch(&rig, "@c@1", "op");
    for (int n = 0; n < 2; n++) {
        uint64_t call = rig_call(&rig, ENGINE_PURGE, &pb_purge_instances_request_message, &request);
        assert_int_equal(
            pb_purge_instances_response_decode(&arena, rig_reply_of(&rig, call)->message, &response),
            STATUS_OK);
        assert_int_equal(response.deleted_instance_count, n);
        request.is_orchestration = false;
    }
    struct rig_work *turn = script_turn(&rig, "o");
    script_expect_new(turn, "OrchestratorStarted EntityOperationFailed");
    rig_work_free(turn);
    script_batch_done(&rig, batch, "late");
    expect_state(&rig, "@c@1", NULL);
    assert_int_equal(rig_count(&rig.entities) + rig_count(&rig.entity_messages), 0);
    engine_check(rig.engine);
    rig_fini(&rig);
}

/* If this fails, an answer of the store that comes late hides a state that was written meanwhile. */
static void a_late_answer_of_the_store_hides_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    rig.reads_held = true;
    struct pb_get_entity_request request = {.instance_id = BYTES_LITERAL("@c@1"), .include_state = true};
    uint64_t call = rig_call(&rig, ENGINE_GET_ENTITY, &pb_get_entity_request_message, &request);
    assert_true(rig_look(&rig)); /* there was none */
    engine_call_cancelled(rig.engine, call);
    script_signal(&rig, "@c@1", "go");
    assert_null(rig_take_work(&rig)); /* the state is not known yet */
    while (rig_answer(&rig))
        ;
    script_batch_done(&rig, script_batch(&rig, "@c@1", "go"), "s");
    rig.reads_held = false;
    expect_state(&rig, "@c@1", "s");
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_survives_a_crash_at_any_point),
        cmocka_unit_test(a_crash_at_every_step_of_a_lock_leaves_nothing),
        cmocka_unit_test(a_released_lock_lets_the_next_in_order),
        cmocka_unit_test(a_state_that_left_is_fetched),
        cmocka_unit_test(a_batch_that_fails_too_often_answers_its_callers),
        cmocka_unit_test(a_batch_that_its_workers_refuse_answers_after_seconds),
        cmocka_unit_test(a_state_over_the_limit_fails_its_batch),
        cmocka_unit_test(old_workers_get_flat_operations_one_batch_at_a_time),
        cmocka_unit_test(workers_without_entities_get_none),
        cmocka_unit_test(the_old_form_calls_locks_and_releases),
        cmocka_unit_test(a_set_of_locks_over_the_limit_fails_its_orchestration),
        cmocka_unit_test(purge_takes_state_and_queue),
        cmocka_unit_test(a_late_answer_of_the_store_hides_nothing),
    };
    arena_init(&arena, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
