/* SPDX-License-Identifier: MIT */
/* What orchestrations do over time: sequences, fan-out, timers, events, generations, versions. */
#include "scenario_rig.h"

#define FAN_OUT 100

static void say_hello(struct dt_activity *activity, const char *input, void *user)
{
    char text[128];
    snprintf(text, sizeof text, "Hello %s", input ? input : "nobody");
    assert_int_equal(dt_activity_set_result(activity, text), DT_OK);
}

static void square(struct dt_activity *activity, const char *input, void *user)
{
    char text[32];
    int n = atoi(input);
    snprintf(text, sizeof text, "%d", n * n);
    assert_int_equal(dt_activity_set_result(activity, text), DT_OK);
}

static void count(struct dt_activity *activity, const char *input, void *user)
{
    atomic_fetch_add(&runs, 1);
    (void)dt_activity_set_result(activity, "1");
}

static void big(struct dt_activity *activity, const char *input, void *user)
{
    enum { SIZE = 256 << 10 };
    char *text = malloc(SIZE + 1);
    if (!text)
        return;
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    (void)dt_activity_set_result(activity, text);
    free(text);
}

static void big_history(struct dt_context *ctx, const char *input, void *user)
{
    size_t size = 0;
    for (int i = 0; i < 4; i++) {
        struct dt_task *tasks[6];
        for (int n = 0; n < 6; n++)
            tasks[n] = dt_call_activity(ctx, "big", NULL, NULL);
        for (int n = 0; n < 6; n++)
            size += strlen(dt_await_result(tasks[n]));
    }
    dt_set_result(ctx, dt_format(ctx, "%zu", size));
}

static void sequence(struct dt_context *ctx, const char *input, void *user)
{
    const char *a = dt_await_result(dt_call_activity(ctx, "say_hello", "Tokyo", NULL));
    const char *b = dt_await_result(dt_call_activity(ctx, "say_hello", "Seattle", NULL));
    const char *c = dt_await_result(dt_call_activity(ctx, "say_hello", input, NULL));
    dt_set_result(ctx, dt_format(ctx, "%s, %s, %s", a, b, c));
}

static void fan_out(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[FAN_OUT];
    for (int i = 0; i < FAN_OUT; i++)
        tasks[i] = dt_call_activity(ctx, "square", dt_format(ctx, "%d", i), NULL);
    if (!dt_when_all(ctx, tasks, FAN_OUT))
        dt_fail(ctx, "Error", "a square failed");
    int sum = 0;
    for (int i = 0; i < FAN_OUT; i++)
        sum += atoi(dt_task_result(tasks[i]));
    dt_set_result(ctx, dt_format(ctx, "%d", sum));
}

static void timer(struct dt_context *ctx, const char *input, void *user)
{
    int64_t before = dt_now_ns(ctx);
    (void)dt_await(dt_timer_create(ctx, atoi(input)));
    dt_set_result(ctx, dt_format(ctx, "%lld", (long long)((dt_now_ns(ctx) - before) / 1000000)));
}

static void approval(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_custom_status(ctx, "\"waiting\"");
    struct dt_task *task = dt_wait_event(ctx, "Approval", atoi(input));
    enum dt_task_state end = dt_await(task);
    dt_set_custom_status(ctx, "\"over\"");
    dt_set_result(ctx, end == DT_TASK_TIMED_OUT ? "\"timed out\"" : dt_task_result(task));
}

static void early_event(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await(dt_timer_create(ctx, 1500));
    dt_set_result(ctx, dt_await_result(dt_wait_event(ctx, "early", -1)));
}

static void generations(struct dt_context *ctx, const char *input, void *user)
{
    int generation = atoi(input);
    if (generation < 5) {
        (void)dt_await_result(dt_call_activity(ctx, "count", NULL, NULL));
        dt_continue_as_new(ctx, dt_format(ctx, "%d", generation + 1), true);
    }
    dt_set_result(ctx,
                  dt_format(ctx, "%d %s", generation, dt_await_result(dt_wait_event(ctx, "kept", 20000))));
}

static void three_events(struct dt_context *ctx, const char *input, void *user)
{
    const char *a = dt_await_result(dt_wait_event(ctx, "n", -1));
    const char *b = dt_await_result(dt_wait_event(ctx, "N", -1));
    const char *c = dt_await_result(dt_wait_event(ctx, "n", -1));
    dt_set_result(ctx, dt_format(ctx, "%s%s%s", a, b, c));
}

static void sender(struct dt_context *ctx, const char *input, void *user)
{
    for (int i = 1; i <= 3; i++)
        dt_send_event(ctx, input, "n", dt_format(ctx, "%d", i));
}

static void race(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[] = {dt_timer_create(ctx, (int64_t)400 * 24 * 3600 * 1000),
                               dt_call_activity(ctx, "say_hello", "Kyoto", NULL)};
    size_t first = dt_when_any(ctx, tasks, 2);
    dt_task_cancel(tasks[0]);
    dt_set_result(ctx, first == 1 ? dt_task_result(tasks[1]) : "the timer won");
}

static void versioned(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx,
                  dt_format(ctx, "%s %s %s", (const char *)user, dt_version(ctx) ? dt_version(ctx) : "none",
                            dt_context_tag(ctx, "colour") ? dt_context_tag(ctx, "colour") : "none"));
}

const struct rig_function flow_functions[] = {{"say_hello", NULL, say_hello},
                                              {"square", NULL, square},
                                              {"count", NULL, count},
                                              {"big", NULL, big},
                                              {"big_history", big_history, NULL},
                                              {"sequence", sequence, NULL},
                                              {"fan_out", fan_out, NULL},
                                              {"timer", timer, NULL},
                                              {"approval", approval, NULL},
                                              {"early_event", early_event, NULL},
                                              {"generations", generations, NULL},
                                              {"three_events", three_events, NULL},
                                              {"sender", sender, NULL},
                                              {"race", race, NULL},
                                              {0}};

static void test_sequence(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    start("sequence", "London", id);
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_string_equal(dt_instance_id(instance), id);
    assert_string_equal(dt_instance_name(instance), "sequence");
    assert_string_equal(dt_instance_input(instance), "London");
    assert_string_equal(dt_instance_output(instance), "Hello Tokyo, Hello Seattle, Hello London");
    assert_true(dt_instance_created_ns(instance) > 0);
    struct dt_instance *copy;
    assert_int_equal(dt_instance_copy(instance, &copy), DT_OK);
    dt_instance_destroy(instance);
    assert_string_equal(dt_instance_id(copy), id);
    dt_instance_destroy(copy);
}

static void test_fan_out(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    start("fan_out", NULL, id);
    finish_with(id, "328350");
}

/* A history larger than the 4 MiB that a message should hold: services hand it over by StreamInstanceHistory.
 */
static void test_big_history(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    start("big_history", NULL, id);
    finish_with(id, "6291456");
}

static void test_timer(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    start("timer", "700", id);
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_in_range(atoi(dt_instance_output(instance)), 700, 20000);
    dt_instance_destroy(instance);
}

/* The event in time, the time-out, and an event before anybody waits. */
static void test_event(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    char late[DT_INSTANCE_ID_SIZE];
    char early[DT_INSTANCE_ID_SIZE];
    struct dt_error e;
    start("approval", "60000", id);
    start("approval", "500", late);
    start("early_event", NULL, early);
    tell(early, "EARLY", "\"bird\"");
    check(dt_client_wait_start(client, id, WAIT_MS, NULL, &e), &e);
    wait_custom_status(id, "\"waiting\"");
    assert_int_equal(dt_client_wait_completion(client, id, 100, NULL, &e), DT_DEADLINE_EXCEEDED);
    assert_int_equal(dt_client_wait_completion(client, id, 0, NULL, &e), DT_DEADLINE_EXCEEDED);
    tell(id, "approval", "true");
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_string_equal(dt_instance_output(instance), "true");
    assert_string_equal(dt_instance_custom_status(instance), "\"over\"");
    dt_instance_destroy(instance);
    finish_with(late, "\"timed out\"");
    finish_with(early, "\"bird\"");
}

static void test_continue_as_new(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    atomic_store(&runs, 0);
    start("generations", "0", id);
    tell(id, "kept", "\"event\"");
    finish_with(id, "5 \"event\"");
    assert_int_equal(atomic_load(&runs), 5);
}

static void test_send_event(void **state)
{
    char listener[DT_INSTANCE_ID_SIZE];
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_error e;
    start("three_events", NULL, listener);
    check(dt_client_wait_start(client, listener, WAIT_MS, NULL, &e), &e);
    start("sender", listener, id);
    finish_with(listener, "123");
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_null(dt_instance_output(instance));
    dt_instance_destroy(instance);
}

static void test_version_and_tags(void **state)
{
    struct dt_error e;
    dt_worker_stop(worker);
    struct dt_worker *w = make_bare_worker(NULL);
    check(dt_worker_register_orchestrator(w, "versioned", "2", versioned, (void *)"second", &e), &e);
    check(dt_worker_register_orchestrator(w, "versioned", NULL, versioned, (void *)"any", &e), &e);
    assert_int_equal(dt_worker_register_orchestrator(w, "versioned", NULL, versioned, NULL, &e),
                     DT_ALREADY_EXISTS);
    start_worker(w);
    struct dt_tag tag = {"colour", "green"};
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    o.tags = &tag;
    o.tag_count = 1;
    o.version = "2";
    char id[DT_INSTANCE_ID_SIZE];
    check(dt_client_start(client, "versioned", &o, id, &e), &e);
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_string_equal(dt_instance_output(instance), "second 2 green");
    if (!lacks("tags")) {
        assert_non_null(dt_instance_tag(instance, "colour"));
        assert_string_equal(dt_instance_tag(instance, "colour"), "green");
    }
    if (!lacks("version")) {
        assert_non_null(dt_instance_version(instance));
        assert_string_equal(dt_instance_version(instance), "2");
    }
    dt_instance_destroy(instance);
    o.version = NULL;
    check(dt_client_start(client, "versioned", &o, id, &e), &e);
    finish_with(id, "any none green");
    dt_worker_destroy(w);
}

static void test_race(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    start("race", NULL, id);
    finish_with(id, "Hello Kyoto");
}

int run_flow_scenarios(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_sequence),    RIG_TEST(test_fan_out),
        RIG_TEST(test_big_history), RIG_TEST(test_timer),
        RIG_TEST(test_event),       RIG_TEST(test_continue_as_new),
        RIG_TEST(test_send_event),  RIG_TEST(test_version_and_tags),
        RIG_TEST(test_race),
    };
    return cmocka_run_group_tests_name("sdk scenarios: flow", tests, NULL, NULL);
}
