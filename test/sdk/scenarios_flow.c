/* SPDX-License-Identifier: MIT */
/* What orchestrations do: calls, timers, events, children, failures, retries, generations, versions. */
#include "scenario_rig.h"

#define FAN_OUT 100

static atomic_int failures_left;

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

static void flaky(struct dt_activity *activity, const char *input, void *user)
{
    if (atomic_fetch_sub(&failures_left, 1) > 0)
        (void)dt_activity_fail(activity, "FlakyError", "not now, \xc3\xa9%d", 7);
    else
        (void)dt_activity_set_result(activity, "\"done\"");
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

static void parent(struct dt_context *ctx, const char *input, void *user)
{
    const char *good = dt_await_result(dt_call_sub_orchestration(ctx, "sequence", "Oslo", NULL));
    struct dt_task *bad = dt_call_sub_orchestration(ctx, "failing", NULL, NULL);
    if (dt_await(bad) != DT_TASK_FAILED)
        dt_fail(ctx, "Error", "the child did not fail");
    dt_set_result(ctx, dt_format(ctx, "%s; %s", good, dt_task_failure(bad)->message));
}

static void failing(struct dt_context *ctx, const char *input, void *user)
{
    dt_fail(ctx, "ChosenError", "child says no");
}

static void retrying(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 3;
    retry.first_interval_ms = 50;
    retry.backoff = 2;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "flaky", NULL, &options)));
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

static atomic_int child_failures_left;

static void fragile_child(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await_result(dt_call_activity(ctx, "say_hello", "x", NULL));
    if (atomic_fetch_sub(&child_failures_left, 1) > 0)
        dt_fail(ctx, "FragileError", "once more");
    dt_set_result(ctx, dt_context_instance_id(ctx));
}

static void retrying_child(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 3;
    retry.first_interval_ms = 20;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    options.instance_id = input;
    dt_set_result(ctx, dt_await_result(dt_call_sub_orchestration(ctx, "fragile_child", NULL, &options)));
}

static void fail_deeply(struct dt_activity *activity, const char *input, void *user)
{
    struct dt_failure root = DT_INIT(struct dt_failure);
    root.type = "RootError";
    root.message = "the root";
    struct dt_failure middle = DT_INIT(struct dt_failure);
    middle.type = "MiddleError";
    middle.message = "the middle";
    middle.inner = &root;
    struct dt_failure outer = DT_INIT(struct dt_failure);
    outer.type = "OuterError";
    outer.message = "the outside";
    outer.stack_trace = "at somewhere";
    outer.non_retriable = true;
    outer.inner = &middle;
    assert_int_equal(dt_activity_set_failure(activity, &outer), DT_OK);
}

/* Not tried again, for the failure says so. */
static void failing_deeply(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 5;
    retry.first_interval_ms = 3600000;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    struct dt_task *task = dt_call_activity(ctx, "fail_deeply", NULL, &options);
    if (dt_await(task) != DT_TASK_FAILED)
        dt_fail(ctx, "Error", "the activity did not fail");
    dt_set_failure(ctx, dt_task_failure(task));
}

static void echo(struct dt_activity *activity, const char *input, void *user)
{
    assert_int_equal(dt_activity_set_result(activity, input), DT_OK);
}

/* Says of each value on its way to an activity and back whether it was absent, empty or neither. */
static void payloads(struct dt_context *ctx, const char *input, void *user)
{
    static const char *const values[] = {NULL, "", "\"\xc3\xa9\""};
    char *seen = dt_alloc(ctx, sizeof values / sizeof values[0] + 2);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const char *back = dt_await_result(dt_call_activity(ctx, "echo", values[i], NULL));
        seen[i] = !back ? 'n' : *back ? 's' : 'e';
    }
    seen[3] = !input ? 'n' : *input ? 's' : 'e';
    dt_set_result(ctx, seen);
}

static void too_big(struct dt_activity *activity, const char *input, void *user)
{
    enum { SIZE = 3 << 20 };
    char *text = malloc(SIZE + 1);
    if (!text)
        return;
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    (void)dt_activity_set_result(activity, text);
    free(text);
}

/* With a result of its own that is too big, if its input says so, or with one of its activity's. */
static void refused(struct dt_context *ctx, const char *input, void *user)
{
    if (strcmp(input, "own") == 0) {
        char *text = dt_alloc(ctx, (3 << 20) + 1);
        memset(text, 'x', 3 << 20);
        dt_set_result(ctx, text);
        return;
    }
    struct dt_task *task = dt_call_activity(ctx, "too_big", NULL, NULL);
    if (dt_await(task) != DT_TASK_FAILED)
        dt_fail(ctx, "Error", "the activity did not fail");
    dt_set_result(ctx, dt_task_failure(task)->message);
}

const struct rig_function flow_functions[] = {{"big_history", big_history, NULL},
                                              {"sequence", sequence, NULL},
                                              {"fan_out", fan_out, NULL},
                                              {"timer", timer, NULL},
                                              {"approval", approval, NULL},
                                              {"early_event", early_event, NULL},
                                              {"parent", parent, NULL},
                                              {"failing", failing, NULL},
                                              {"retrying", retrying, NULL},
                                              {"generations", generations, NULL},
                                              {"three_events", three_events, NULL},
                                              {"sender", sender, NULL},
                                              {"race", race, NULL},
                                              {"fragile_child", fragile_child, NULL},
                                              {"retrying_child", retrying_child, NULL},
                                              {"failing_deeply", failing_deeply, NULL},
                                              {"payloads", payloads, NULL},
                                              {"refused", refused, NULL},
                                              {"say_hello", NULL, say_hello},
                                              {"square", NULL, square},
                                              {"flaky", NULL, flaky},
                                              {"count", NULL, count},
                                              {"big", NULL, big},
                                              {"fail_deeply", NULL, fail_deeply},
                                              {"echo", NULL, echo},
                                              {"too_big", NULL, too_big},
                                              {0}};

static void versioned(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx,
                  dt_format(ctx, "%s %s %s", (const char *)user, dt_version(ctx) ? dt_version(ctx) : "none",
                            dt_context_tag(ctx, "colour") ? dt_context_tag(ctx, "colour") : "none"));
}

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

static void test_children(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    start("parent", NULL, id);
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_non_null(strstr(dt_instance_output(instance), "Hello Tokyo, Hello Seattle, Hello Oslo; "));
    assert_non_null(strstr(dt_instance_output(instance), "child says no"));
    dt_instance_destroy(instance);
}

static void test_failure(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    start("failing", NULL, id);
    struct dt_instance *instance = finish(id, DT_INSTANCE_FAILED);
    const struct dt_failure *f = dt_instance_failure(instance);
    assert_non_null(f);
    assert_string_equal(f->type, "ChosenError");
    assert_string_equal(f->message, "child says no");
    dt_instance_destroy(instance);
    start("unheard of", NULL, id);
    instance = finish(id, DT_INSTANCE_FAILED);
    assert_string_equal(dt_instance_failure(instance)->type, "OrchestratorTaskNotFound");
    dt_instance_destroy(instance);
}

static void test_retry(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    atomic_store(&failures_left, 2);
    start("retrying", NULL, id);
    finish_with(id, "\"done\"");
    atomic_store(&failures_left, 3);
    start("retrying", NULL, id);
    struct dt_instance *instance = finish(id, DT_INSTANCE_FAILED);
    const struct dt_failure *f = dt_instance_failure(instance);
    assert_string_equal(f->type, "TaskFailedError");
    assert_non_null(strstr(f->message, "not now, \xc3\xa9"));
    dt_instance_destroy(instance);
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

/* Each try of a child takes the place of the one that failed: one id, and one instance in the end. */
static void test_child_retry(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    char child[DT_INSTANCE_ID_SIZE];
    start("failing", NULL, child); /* for an id that nobody else has */
    dt_instance_destroy(finish(child, DT_INSTANCE_FAILED));
    strcpy(child + strlen(child) - 4, "-kid");
    atomic_store(&child_failures_left, 2);
    start("retrying_child", child, id);
    finish_with(id, child);
    finish_with(child, child);
    struct dt_error e;
    struct dt_instance *instance;
    check(dt_client_get(client, child, true, &instance, &e), &e);
    assert_string_equal(dt_instance_parent_id(instance) ? dt_instance_parent_id(instance) : id, id);
    dt_instance_destroy(instance);
}

/* A failure arrives as deep as it was made. */
static void test_failure_chain(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    start("failing_deeply", NULL, id);
    struct dt_instance *instance = finish(id, DT_INSTANCE_FAILED);
    const struct dt_failure *f = dt_instance_failure(instance);
    assert_string_equal(f->type, "OuterError");
    assert_string_equal(f->message, "the outside");
    assert_string_equal(f->stack_trace, "at somewhere");
    assert_true(f->non_retriable);
    assert_non_null(f->inner);
    assert_string_equal(f->inner->type, "MiddleError");
    assert_non_null(f->inner->inner);
    assert_string_equal(f->inner->inner->message, "the root");
    assert_null(f->inner->inner->inner);
    dt_instance_destroy(instance);
}

/* Absent is not empty, from the client to the activity and back. */
static void test_payloads(void **state)
{
    if (lacks("absent-payloads"))
        skip();
    char id[DT_INSTANCE_ID_SIZE];
    start("payloads", NULL, id);
    finish_with(id, "nesn");
    start("payloads", "", id);
    finish_with(id, "nese");
}

/* In the words of the service, or in those of the worker to whom the service refused it. */
static bool refusal(const char *message)
{
    return strstr(message, "limit") || strstr(message, "refused");
}

/* What the service will not keep becomes a failure that says so, instead of a turn that comes again for ever.
 */
static void test_refused_results(void **state)
{
    if (lacks("payload-limit"))
        skip();
    char id[DT_INSTANCE_ID_SIZE];
    start("refused", "activity's", id);
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_true(refusal(dt_instance_output(instance)));
    dt_instance_destroy(instance);
    start("refused", "own", id);
    instance = finish(id, DT_INSTANCE_FAILED);
    assert_true(refusal(dt_instance_failure(instance)->message));
    dt_instance_destroy(instance);
}

int run_flow_scenarios(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_sequence),
        RIG_TEST(test_fan_out),
        RIG_TEST(test_big_history),
        RIG_TEST(test_timer),
        RIG_TEST(test_event),
        RIG_TEST(test_children),
        RIG_TEST(test_failure),
        RIG_TEST(test_retry),
        RIG_TEST(test_continue_as_new),
        RIG_TEST(test_send_event),
        RIG_TEST(test_version_and_tags),
        RIG_TEST(test_race),
        RIG_TEST(test_child_retry),
        RIG_TEST(test_failure_chain),
        RIG_TEST(test_payloads),
        RIG_TEST(test_refused_results),
    };
    return cmocka_run_group_tests_name("sdk scenarios: flow", tests, NULL, NULL);
}
