/* SPDX-License-Identifier: MIT */
/* turn_calls_test.c — calls of activities and children: options, outcomes, retry policies. */
#include "lib/turn_rig.h"

static bool no_more_after_two(const struct dt_failure *failure, int32_t attempt, void *context)
{
    assert_string_equal(failure->type, "IOError");
    return attempt < 2;
}

static void retry_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 4;
    retry.first_interval_ms = 1000;
    retry.backoff = 3;
    retry.interval_max_ms = 5000;
    if (user)
        retry.handler = no_more_after_two;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    struct dt_tag tag = {"k", "v"};
    options.tags = &tag;
    options.tag_count = 1;
    options.version = "2";
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "flaky", "in", &options)));
}

static void fail_and_expect_timer(int32_t id, int64_t delay_s)
{
    begin_turn();
    task_failed(id, "IOError", false);
    turn();
    assert_int_equal(action_count(), 1);
    assert_timer(0, id + 1, world->now_ns + delay_s * SECOND_NS);
    begin_turn();
    timer_fired(id + 1);
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, id + 2, "flaky", "in");
    assert_text(action(0)->schedule_task->version.value, "2");
    assert_int_equal(action(0)->schedule_task->tags_count, 1);
}

/* Pauses grow, are capped, and are durable timers; each try is a new action with the same input. */
static void retry(void **state)
{
    orchestrator(retry_fn, NULL);
    start(NULL, NULL);
    turn();
    fail_and_expect_timer(1, 1);
    fail_and_expect_timer(3, 3);
    fail_and_expect_timer(5, 5);
    begin_turn();
    task_completed(7, "done");
    turn();
    assert_completed("done");
}

/* The last failure counts when the tries are used up, the failure forbids more, or the handler does. */
static void retry_ends(void **state)
{
    orchestrator(retry_fn, NULL);
    start(NULL, NULL);
    turn();
    fail_and_expect_timer(1, 1);
    fail_and_expect_timer(3, 3);
    fail_and_expect_timer(5, 5);
    begin_turn();
    task_failed(7, "IOError", false);
    turn();
    assert_failed("TaskFailedError");

    start_over(state);
    orchestrator(retry_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    task_failed(1, "IOError", true);
    turn();
    assert_failed("TaskFailedError");

    start_over(state);
    orchestrator(retry_fn, world);
    start(NULL, NULL);
    turn();
    fail_and_expect_timer(1, 1);
    begin_turn();
    task_failed(3, "IOError", false);
    turn();
    assert_failed("TaskFailedError");
}

static void retry_in_time_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 100;
    retry.first_interval_ms = 2000;
    retry.timeout_ms = 6000;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "flaky", "in", &options)));
}

/* No try starts after the time that the policy gives to all of them, counted from the first. Below, a turn
 * takes a second: the failures come at 1, 3 and 5 s, and the next try would be at 7. */
static void retry_times_out(void **state)
{
    orchestrator(retry_in_time_fn, NULL);
    start(NULL, NULL);
    turn();
    for (int32_t id = 1; id <= 3; id += 2) {
        begin_turn();
        task_failed(id, "IOError", false);
        turn();
        assert_timer(0, id + 1, world->now_ns + 2 * SECOND_NS);
        begin_turn();
        timer_fired(id + 1);
        turn();
    }
    begin_turn();
    task_failed(5, "IOError", false);
    turn();
    assert_text(assert_failed("TaskFailedError")->inner_failure->error_type, "IOError");
}

static void retried_child_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 2;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    dt_set_result(ctx, dt_await_result(dt_call_sub_orchestration(ctx, "child", "in", &options)));
}

/* A child that is tried again is a new action with the old id: the service replaces the failed instance. */
static void child_retried(void **state)
{
    orchestrator(retried_child_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    child_failed(1, "IOError");
    turn();
    assert_timer(0, 2, world->now_ns);
    begin_turn();
    timer_fired(2);
    turn();
    assert_int_equal(action_count(), 1);
    assert_int_equal(action(0)->id, 3);
    assert_text(action(0)->create_sub_orchestration->instance_id, "0123456789abcdef0123456789abcdef:0001");
    assert_text(action(0)->create_sub_orchestration->input.value, "in");
    begin_turn();
    child_completed(3, "done");
    turn();
    assert_completed("done");
}

static void abandoned_retry_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 5;
    retry.first_interval_ms = 1000;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    struct dt_task *call = dt_call_activity(ctx, "flaky", NULL, &options);
    (void)dt_await(dt_wait_event(ctx, "enough", -1));
    dt_task_cancel(call);
    assert_int_equal(dt_await(call), DT_TASK_CANCELLED);
    (void)dt_await(dt_wait_event(ctx, "end", -1));
}

/* A call that was given up is not tried again when its pause is over. */
static void cancelled_between_tries(void **state)
{
    orchestrator(abandoned_retry_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    task_failed(1, "IOError", false);
    turn();
    assert_timer(0, 2, world->now_ns + SECOND_NS);
    begin_turn();
    event_raised("enough", NULL);
    timer_fired(2);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    event_raised("end", NULL);
    turn();
    assert_completed(NULL);
}

static void child_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_call_options named = DT_INIT(struct dt_call_options);
    named.instance_id = "given";
    struct dt_task *children[] = {dt_call_sub_orchestration(ctx, "child", "1", NULL),
                                  dt_call_sub_orchestration(ctx, "child", "2", &named)};
    (void)dt_when_all(ctx, children, 2);
    dt_set_result(ctx, dt_task_result(children[1]));
}

/* Children have ids that differ between calls and executions, and get the default version. */
static void children(void **state)
{
    world->options.default_child_version = "1.5";
    orchestrator(child_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_int_equal(action_count(), 2);
    assert_text(action(0)->create_sub_orchestration->instance_id, "0123456789abcdef0123456789abcdef:0001");
    assert_text(action(0)->create_sub_orchestration->version.value, "1.5");
    assert_text(action(1)->create_sub_orchestration->instance_id, "given");
    begin_turn();
    child_completed(2, "two");
    child_completed(1, "one");
    turn();
    assert_completed("two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(retry),
        RIG_TEST(retry_ends),
        RIG_TEST(retry_times_out),
        RIG_TEST(child_retried),
        RIG_TEST(cancelled_between_tries),
        RIG_TEST(children),
    };
    return cmocka_run_group_tests_name("sdk/turn_calls", tests, NULL, NULL);
}
