/* SPDX-License-Identifier: MIT */
/* What calls bring: children, failures and how deep they go, retries, payloads of every kind. */
#include "scenario_rig.h"

#define LARGE_INPUT ((size_t)900 << 10) /* bytes: below the limit of a payload */
#define LARGE_TASKS 8

static atomic_int failures_left;
static atomic_int child_failures_left;

static void flaky(struct dt_activity *activity, const char *input, void *user)
{
    if (atomic_fetch_sub(&failures_left, 1) > 0)
        (void)dt_activity_fail(activity, "FlakyError", "not now, \xc3\xa9%d", 7);
    else
        (void)dt_activity_set_result(activity, "\"done\"");
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

static void measure(struct dt_activity *activity, const char *input, void *user)
{
    (void)dt_activity_set_result(activity, strlen(input) == LARGE_INPUT ? "1" : "0");
}

static void large_fan_out(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[LARGE_TASKS];
    char *large = dt_alloc(ctx, LARGE_INPUT + 1);
    memset(large, 'x', LARGE_INPUT);
    for (int i = 0; i < LARGE_TASKS; i++)
        tasks[i] = dt_call_activity(ctx, "measure", large, NULL);
    (void)dt_when_all(ctx, tasks, LARGE_TASKS);
    int right = 0;
    for (int i = 0; i < LARGE_TASKS; i++)
        right += atoi(dt_task_result(tasks[i]));
    dt_set_result(ctx, dt_format(ctx, "%d", right));
}

const struct rig_function call_functions[] = {{"large-fan-out", large_fan_out, NULL},
                                              {"measure", NULL, measure},
                                              {"flaky", NULL, flaky},
                                              {"parent", parent, NULL},
                                              {"failing", failing, NULL},
                                              {"retrying", retrying, NULL},
                                              {"fragile_child", fragile_child, NULL},
                                              {"retrying_child", retrying_child, NULL},
                                              {"fail_deeply", NULL, fail_deeply},
                                              {"failing_deeply", failing_deeply, NULL},
                                              {"echo", NULL, echo},
                                              {"payloads", payloads, NULL},
                                              {"too_big", NULL, too_big},
                                              {"refused", refused, NULL},
                                              {0}};

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

/* A turn whose answer is larger than a message may be: it is sent in parts, and counts as one. */
static void test_large_turn(void **state)
{
    if (lacks("parts"))
        skip();
    char id[DT_INSTANCE_ID_SIZE];
    start("large-fan-out", NULL, id);
    finish_with(id, "8");
}

int run_call_scenarios(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_children),        RIG_TEST(test_failure),       RIG_TEST(test_retry),
        RIG_TEST(test_child_retry),     RIG_TEST(test_failure_chain), RIG_TEST(test_payloads),
        RIG_TEST(test_refused_results), RIG_TEST(test_large_turn),
    };
    return cmocka_run_group_tests_name("sdk scenarios: calls", tests, NULL, NULL);
}
