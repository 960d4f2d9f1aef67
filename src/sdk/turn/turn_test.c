/* SPDX-License-Identifier: MIT */
/* turn_test.c — a turn from its start to its answer: calls, timers, identity, time, chance, log, memory. The
 * service is played by turn_rig.h. */
#include "lib/turn_rig.h"

/* Without this no orchestration makes progress from one activity to the next. */
static void sequence(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 1, "say", "x");
    assert_text(world->response.completion_token, "token");
    assert_text(world->response.instance_id, "instance");
    begin_turn();
    task_completed(1, "y");
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "say", "y");
    begin_turn();
    task_completed(2, "z");
    turn();
    assert_int_equal(action_count(), 1);
    assert_int_equal(action(0)->id, 3);
    assert_completed("yz");
}

static void await_failure_fn(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await_result(dt_call_activity(ctx, "say", NULL, NULL));
    dt_set_result(ctx, "not reached");
}

/* An uncaught failure ends the orchestration and carries its cause. */
static void failure_propagates(void **state)
{
    orchestrator(await_failure_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_activity(0, 1, "say", NULL);
    begin_turn();
    task_failed(1, "IOError", false);
    turn();
    const struct pb_task_failure_details *details = assert_failed("TaskFailedError");
    assert_true(contains(details->error_message, "boom"));
    assert_text(details->inner_failure->error_type, "IOError");
    assert_false(details->is_non_retriable);
}

static void fan_out_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[20];
    for (size_t i = 0; i < 20; i++)
        tasks[i] = dt_call_activity(ctx, "square", dt_format(ctx, "%zu", i), NULL);
    assert_true(dt_when_all(ctx, tasks, 20));
    int sum = 0;
    for (size_t i = 0; i < 20; i++)
        sum += atoi(dt_task_result(tasks[i]));
    dt_set_result(ctx, dt_format(ctx, "%d", sum));
}

/* Results may come in any order and in several batches. */
static void fan_out(void **state)
{
    orchestrator(fan_out_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_int_equal(action_count(), 20);
    for (int32_t first = 20; first > 0; first -= 5) {
        begin_turn();
        for (int32_t id = first; id > first - 5; id--) {
            char *result = memory(16);
            snprintf(result, 16, "%d", id);
            task_completed(id, result);
        }
        turn();
    }
    assert_completed("210");
}

static void race_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[] = {dt_call_activity(ctx, "slow", NULL, NULL),
                               dt_call_activity(ctx, "fast", NULL, NULL)};
    size_t first = dt_when_any(ctx, tasks, 2);
    /* The other one has not ended at this line, in no replay. */
    assert_int_equal(dt_task_state(tasks[1 - first]), DT_TASK_PENDING);
    (void)dt_await(tasks[1 - first]);
    (void)dt_await_result(dt_call_activity(ctx, first ? "fast won" : "slow won", NULL, NULL));
}

/* The winner of a race is the one whose event is first in the history, in every replay. */
static void when_any_keeps_order(void **state)
{
    orchestrator(race_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    task_completed(2, NULL);
    task_completed(1, NULL);
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 3, "fast won", NULL);
    begin_turn();
    task_completed(3, NULL);
    turn();
    assert_completed(NULL);
}

static void timer_fn(struct dt_context *ctx, const char *input, void *user)
{
    int64_t before = dt_now_ns(ctx);
    (void)dt_await(dt_timer_create(ctx, (int64_t)400 * 24 * 3600 * 1000));
    dt_set_result(ctx, dt_now_ns(ctx) > before ? "later" : "same");
}

/* Long timers are one timer, and the clock moves only with the service's. */
static void timer(void **state)
{
    orchestrator(timer_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_timer(0, 1, START_NS + SECOND_NS + 400 * 24 * 3600 * SECOND_NS);
    begin_turn();
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    timer_fired(1);
    turn();
    assert_completed("later");
}

static void identity_fn(struct dt_context *ctx, const char *input, void *user)
{
    char first[37];
    char second[37];
    dt_uuid(ctx, first);
    dt_uuid(ctx, second);
    assert_string_not_equal(first, second);
    assert_true(first[14] == '5');
    assert_string_equal(dt_context_name(ctx), "main");
    assert_null(dt_context_parent_id(ctx));
    assert_null(dt_context_tag(ctx, "none"));
    uint64_t random = dt_random(ctx);
    assert_true(random != dt_random(ctx));
    dt_set_custom_status(ctx, first);
    (void)dt_await(
        dt_call_activity(ctx, dt_format(ctx, "%s-%llx", second, (unsigned long long)random), NULL, NULL));
    *(bool *)user |= !dt_is_replaying(ctx);
}

/* Ids, randomness and custom status are the same in each replay (else the activity's name would not fit). */
static void deterministic_values(void **state)
{
    bool went_on = false;
    orchestrator(identity_fn, &went_on);
    start(NULL, NULL);
    turn();
    assert_true(world->response.custom_status.present);
    struct bytes status = world->response.custom_status.value;
    begin_turn();
    task_completed(1, NULL);
    turn();
    assert_completed(NULL);
    assert_true(bytes_equal(world->response.custom_status.value, status));
    assert_true(went_on);
}

struct log_count {
    int lines;
};

static void count_line(enum dt_log_level level, const char *line, void *context)
{
    ((struct log_count *)context)->lines++;
    assert_string_equal(line, "step 1");
}

static void logging_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_log(ctx, DT_LOG_INFO, "step %d", 1);
    (void)dt_await(dt_call_activity(ctx, "a", NULL, NULL));
}

/* A line is logged once, not once per replay (each turn of this test runs twice). */
static void log_is_replay_safe(void **state)
{
    struct log_count count = {0};
    struct sdk_target target = {.log = count_line, .log_context = &count};
    world->options.target = &target;
    orchestrator(logging_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_int_equal(count.lines, 2);
    begin_turn();
    task_completed(1, NULL);
    turn();
    assert_int_equal(count.lines, 2);
}

static void uuid_fn(struct dt_context *ctx, const char *input, void *user)
{
    char first[37];
    char second[37];
    dt_uuid(ctx, first);
    dt_uuid(ctx, second);
    assert_int_equal(dt_now_ns(ctx), 1700000001 * SECOND_NS);
    dt_set_result(ctx, dt_format(ctx, "%s %s", first, second));
}

/* uuid5(UUID("9e952958-5e33-4daf-827f-2fa12937b875"), "instance_2023-11-14T22:13:21.0000000Z_0") and "..._1",
 * by Python's uuid module: what NewGuid of the .NET and Go SDKs gives to the same orchestration. */
static void uuids_of_other_sdks(void **state)
{
    orchestrator(uuid_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_completed("dc8160a9-b2aa-5aa5-b26d-dfae4c401245 7671c811-58f3-559d-b575-339e61f6082b");
}

static void polling_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[] = {dt_call_activity(ctx, "good", NULL, NULL),
                               dt_call_activity(ctx, "bad", NULL, NULL)};
    assert_true(dt_when_all(ctx, NULL, 0));
    assert_int_equal(dt_task_state(tasks[0]), DT_TASK_PENDING);
    assert_null(dt_task_result(tasks[0]));
    assert_false(dt_when_all(ctx, tasks, 2));
    assert_string_equal(dt_task_result(tasks[0]), "1");
    assert_null(dt_task_failure(tasks[0]));
    assert_null(dt_task_result(tasks[1]));
    assert_string_equal(dt_task_failure(tasks[1])->type, "IOError");
    dt_task_cancel(tasks[1]);
    assert_int_equal(dt_task_state(tasks[1]), DT_TASK_FAILED);
    assert_int_equal(dt_when_any(ctx, tasks, 2), 1); /* the failure came first */
    dt_set_result(ctx, "seen");
}

/* A failed one does not end the wait for all, and each tells its own end. */
static void when_all_with_a_failure(void **state)
{
    orchestrator(polling_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    task_failed(2, "IOError", false);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    task_completed(1, "1");
    turn();
    assert_completed("seen");
}

static void count_up(void *argument)
{
    ++*(int *)argument;
}

static void defer_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_defer(ctx, count_up, user);
    (void)dt_await_result(dt_call_activity(ctx, "a", NULL, NULL));
    dt_defer(ctx, count_up, user);
    dt_fail(ctx, "Chosen", "because %d", 7);
}

/* Deferred functions run once a turn, however it ends. */
static void deferred(void **state)
{
    int count = 0;
    orchestrator(defer_fn, &count);
    start(NULL, NULL);
    turn();
    assert_int_equal(count, 2);
    begin_turn();
    task_completed(1, NULL);
    turn();
    assert_int_equal(count, 6);
    assert_text(assert_failed("Chosen")->error_message, "because 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(sequence),
        RIG_TEST(failure_propagates),
        RIG_TEST(fan_out),
        RIG_TEST(when_any_keeps_order),
        RIG_TEST(timer),
        RIG_TEST(deterministic_values),
        RIG_TEST(uuids_of_other_sdks),
        RIG_TEST(when_all_with_a_failure),
        RIG_TEST(log_is_replay_safe),
        RIG_TEST(deferred),
    };
    return cmocka_run_group_tests_name("sdk/turn", tests, NULL, NULL);
}
