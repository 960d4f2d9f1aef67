/* SPDX-License-Identifier: MIT */
/* libdurabletask drives a real service: the list of the first issue, from outside, over the wire.
 * Usage: sdk_scenarios CONNECTION_STRING [--without NAME]...   A service that lacks a feature names it with
 * --without. sdk_scenarios CONNECTION_STRING --victim FILE          The worker that is to be killed: its
 * activity writes FILE and never ends. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "durabletask.h"

#define WAIT_MS 30000
#define FAN_OUT 100

static const char *connection;
static const char *program;
static const char *without[16];
static size_t without_count;
static struct dt_client *client;
static struct dt_worker *worker;
static atomic_int runs; /* of the activity "count" */
static atomic_int failures_left;

static bool lacks(const char *feature)
{
    for (size_t i = 0; i < without_count; i++)
        if (strcmp(without[i], feature) == 0)
            return true;
    return false;
}

static void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* -------------------------------------------------------------------------------------------------
 * orchestrators */

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

static void forever(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await(dt_wait_event(ctx, "never", -1));
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

static void versioned(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx,
                  dt_format(ctx, "%s %s %s", (const char *)user, dt_version(ctx) ? dt_version(ctx) : "none",
                            dt_context_tag(ctx, "colour") ? dt_context_tag(ctx, "colour") : "none"));
}

static void with_victim(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "victim", "x", NULL)));
}

static void survivor(struct dt_activity *activity, const char *input, void *user)
{
    (void)dt_activity_set_result(activity, "\"survived\"");
}

/* ---------------------------------------------------------------------------------------------------------
 * helpers */

static void log_line(enum dt_log_level level, const char *line, void *context)
{
    if (getenv("SDK_LOG"))
        fprintf(stderr, "%d %s\n", (int)level, line);
}

static struct dt_connect_options connect_options(void)
{
    struct dt_connect_options o = DT_INIT(struct dt_connect_options);
    o.connection_string = connection;
    o.retry_first_ms = 50;
    o.retry_max_ms = 500;
    o.log = log_line;
    return o;
}

static void check(enum dt_status s, const struct dt_error *e)
{
    if (s != DT_OK)
        fail_msg("%s: %s", dt_status_name(s), e->text);
}

static struct dt_worker *make_worker(void)
{
    static const struct {
        const char *name;
        dt_orchestrator_fn *fn;
    } orchestrators[] = {
        {"sequence", sequence},         {"fan_out", fan_out},        {"timer", timer},
        {"approval", approval},         {"parent", parent},          {"failing", failing},
        {"retrying", retrying},         {"forever", forever},        {"generations", generations},
        {"three_events", three_events}, {"sender", sender},          {"early_event", early_event},
        {"with_victim", with_victim},   {"big_history", big_history}};
    static const struct {
        const char *name;
        dt_activity_fn *fn;
    } activities[] = {
        {"say_hello", say_hello}, {"square", square}, {"flaky", flaky}, {"count", count}, {"big", big}};
    struct dt_connect_options c = connect_options();
    struct dt_worker *w;
    struct dt_error e;
    check(dt_worker_create(&c, NULL, &w, &e), &e);
    for (size_t i = 0; i < sizeof orchestrators / sizeof orchestrators[0]; i++)
        check(dt_worker_register_orchestrator(w, orchestrators[i].name, NULL, orchestrators[i].fn, NULL, &e),
              &e);
    for (size_t i = 0; i < sizeof activities / sizeof activities[0]; i++)
        check(dt_worker_register_activity(w, activities[i].name, NULL, activities[i].fn, NULL, &e), &e);
    check(dt_worker_register_orchestrator(w, "versioned", "2", versioned, (void *)"second", &e), &e);
    check(dt_worker_register_orchestrator(w, "versioned", NULL, versioned, (void *)"any", &e), &e);
    assert_int_equal(dt_worker_register_orchestrator(w, "versioned", NULL, versioned, NULL, &e),
                     DT_ALREADY_EXISTS);
    return w;
}

static void start_worker(struct dt_worker *w)
{
    struct dt_error e;
    check(dt_worker_start(w, &e), &e);
    check(dt_worker_wait_connected(w, WAIT_MS, &e), &e);
}

static int set_up(void **state)
{
    struct dt_connect_options c = connect_options();
    struct dt_error e;
    check(dt_client_create(&c, &client, &e), &e);
    worker = make_worker();
    start_worker(worker);
    return 0;
}

static int tear_down(void **state)
{
    dt_worker_destroy(worker);
    dt_client_destroy(client);
    return 0;
}

static void start(const char *name, const char *input, char id[DT_INSTANCE_ID_SIZE])
{
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    struct dt_error e;
    o.input = input;
    check(dt_client_start(client, name, &o, id, &e), &e);
    assert_true(id[0] != '\0');
}

static struct dt_instance *finish(const char *id, enum dt_instance_status status)
{
    struct dt_instance *instance;
    struct dt_error e;
    check(dt_client_wait_completion(client, id, WAIT_MS, &instance, &e), &e);
    if (dt_instance_status(instance) != status)
        fail_msg("%s is %s, not %s: %s", dt_instance_name(instance),
                 dt_instance_status_name(dt_instance_status(instance)), dt_instance_status_name(status),
                 dt_instance_failure(instance) ? dt_instance_failure(instance)->message : "");
    return instance;
}

static void finish_with(const char *id, const char *output)
{
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_string_equal(dt_instance_output(instance), output);
    assert_null(dt_instance_failure(instance));
    dt_instance_destroy(instance);
}

static void wait_status(const char *id, enum dt_instance_status status)
{
    for (int i = 0; i < WAIT_MS / 20; i++) {
        struct dt_instance *instance;
        struct dt_error e;
        check(dt_client_get(client, id, false, &instance, &e), &e);
        enum dt_instance_status now = dt_instance_status(instance);
        dt_instance_destroy(instance);
        if (now == status)
            return;
        sleep_ms(20);
    }
    fail_msg("the instance never became %s", dt_instance_status_name(status));
}

static void send(const char *id, const char *name, const char *data)
{
    struct dt_error e;
    check(dt_client_raise_event(client, id, name, data, &e), &e);
}

/* -------------------------------------------------------------------------------------------------------
 * scenarios */

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
    send(early, "EARLY", "\"bird\"");
    check(dt_client_wait_start(client, id, WAIT_MS, NULL, &e), &e);
    for (int i = 0; i < 100; i++) {
        struct dt_instance *instance;
        check(dt_client_get(client, id, true, &instance, &e), &e);
        const char *status = dt_instance_custom_status(instance);
        bool waiting = status && strcmp(status, "\"waiting\"") == 0;
        dt_instance_destroy(instance);
        if (waiting)
            break;
        sleep_ms(20);
    }
    assert_int_equal(dt_client_wait_completion(client, id, 100, NULL, &e), DT_DEADLINE_EXCEEDED);
    assert_int_equal(dt_client_wait_completion(client, id, 0, NULL, &e), DT_DEADLINE_EXCEEDED);
    send(id, "approval", "true");
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
    send(id, "kept", "\"event\"");
    finish_with(id, "5 \"event\"");
    assert_int_equal(atomic_load(&runs), 5);
}

static void test_terminate(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_error e;
    start("forever", NULL, id);
    check(dt_client_wait_start(client, id, WAIT_MS, NULL, &e), &e);
    check(dt_client_terminate(client, id, "\"enough\"", false, &e), &e);
    struct dt_instance *instance = finish(id, DT_INSTANCE_TERMINATED);
    assert_string_equal(dt_instance_output(instance), "\"enough\"");
    dt_instance_destroy(instance);
}

static void test_suspend(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_error e;
    start("three_events", NULL, id);
    send(id, "n", "1");
    check(dt_client_wait_start(client, id, WAIT_MS, NULL, &e), &e);
    check(dt_client_suspend(client, id, "\"lunch\"", &e), &e);
    wait_status(id, DT_INSTANCE_SUSPENDED);
    send(id, "n", "2");
    send(id, "n", "3");
    assert_int_equal(dt_client_wait_completion(client, id, 500, NULL, &e), DT_DEADLINE_EXCEEDED);
    check(dt_client_resume(client, id, NULL, &e), &e);
    finish_with(id, "123");
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
}

/* Ids: refusal of a live one, replacement, unknown ones, and arguments that never leave the process. */
static void test_ids(void **state)
{
    struct dt_error e;
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    char own[DT_INSTANCE_ID_SIZE];
    start("forever", NULL, own);
    check(dt_client_wait_start(client, own, WAIT_MS, NULL, &e), &e);
    o.instance_id = own;
    assert_int_equal(dt_client_start(client, "forever", &o, NULL, &e), DT_ALREADY_EXISTS);
    assert_true(e.text[0] != '\0');
    check(dt_client_terminate(client, own, NULL, true, &e), &e);
    dt_instance_destroy(finish(own, DT_INSTANCE_TERMINATED));
    struct dt_instance *instance;
    assert_int_equal(dt_client_get(client, "no such instance", true, &instance, &e), DT_NOT_FOUND);
    assert_int_equal(dt_client_start(client, "", NULL, NULL, &e), DT_INVALID_ARGUMENT);
    assert_int_equal(dt_client_start(client, "\xff", NULL, NULL, &e), DT_INVALID_ARGUMENT);
    assert_int_equal(dt_client_get(client, NULL, true, &instance, &e), DT_INVALID_ARGUMENT);
    assert_int_equal(dt_client_raise_event(client, own, NULL, NULL, &e), DT_INVALID_ARGUMENT);
    assert_int_equal(dt_client_get(NULL, own, true, &instance, &e), DT_INVALID_ARGUMENT);
}

/* Pages hold every instance once, and end. */
static void test_query_and_purge(void **state)
{
    enum { INSTANCES = 7 };
    struct dt_error e;
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    char prefix[64];
    snprintf(prefix, sizeof prefix, "q-%ld-", (long)getpid());
    for (int i = 0; i < INSTANCES; i++) {
        char id[DT_INSTANCE_ID_SIZE];
        snprintf(id, sizeof id, "%s%d", prefix, i);
        o.instance_id = id;
        o.input = "Rome";
        check(dt_client_start(client, "sequence", &o, NULL, &e), &e);
        dt_instance_destroy(finish(id, DT_INSTANCE_COMPLETED));
    }
    struct dt_query q = DT_INIT(struct dt_query);
    q.id_prefix = prefix;
    q.statuses = DT_STATUS_BIT(DT_INSTANCE_COMPLETED);
    q.page_size = 3;
    q.payloads = true;
    char token[512];
    unsigned seen = 0;
    int pages = 0;
    for (;;) {
        struct dt_page *page;
        check(dt_client_query(client, &q, &page, &e), &e);
        pages++;
        for (size_t i = 0; i < dt_page_count(page); i++) {
            const struct dt_instance *instance = dt_page_instance(page, i);
            unsigned bit = 1u << atoi(dt_instance_id(instance) + strlen(prefix));
            assert_false(seen & bit);
            seen |= bit;
            assert_string_equal(dt_instance_input(instance), "Rome");
        }
        bool more = dt_page_token(page) != NULL;
        snprintf(token, sizeof token, "%s", more ? dt_page_token(page) : "");
        dt_page_destroy(page);
        if (!more)
            break;
        q.page_token = token;
        assert_true(pages < 10);
    }
    assert_int_equal(seen, (1u << INSTANCES) - 1);
    assert_int_equal(pages, 3);
    char first[DT_INSTANCE_ID_SIZE];
    snprintf(first, sizeof first, "%s0", prefix);
    int32_t purged = -1;
    check(dt_client_purge(client, first, false, &purged, &e), &e);
    assert_int_equal(purged, 1);
    struct dt_instance *gone;
    assert_int_equal(dt_client_get(client, first, false, &gone, &e), DT_NOT_FOUND);
    struct dt_purge_filter f = DT_INIT(struct dt_purge_filter);
    f.statuses = DT_STATUS_BIT(DT_INSTANCE_COMPLETED);
    bool complete = false;
    check(dt_client_purge_matching(client, &f, &purged, &complete, &e), &e);
    assert_true(purged >= INSTANCES - 1);
    assert_true(complete);
}

static void test_history(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_error e;
    start("sequence", "Paris", id);
    dt_instance_destroy(finish(id, DT_INSTANCE_COMPLETED));
    struct dt_history *history;
    check(dt_client_history(client, id, &history, &e), &e);
    int scheduled = 0;
    int completed = 0;
    struct dt_event event = DT_INIT(struct dt_event);
    for (size_t i = 0; i < dt_history_count(history); i++) {
        dt_history_event(history, i, &event);
        scheduled += event.kind == DT_EVENT_TASK_SCHEDULED;
        if (event.kind == DT_EVENT_TASK_COMPLETED && ++completed == 3)
            assert_string_equal(event.data, "Hello Paris");
    }
    assert_int_equal(scheduled, 3);
    assert_int_equal(completed, 3);
    if (!lacks("execution-completed"))
        assert_int_equal(event.kind, DT_EVENT_EXECUTION_COMPLETED);
    dt_history_destroy(history);
}

struct tally {
    atomic_int done;
    atomic_int good;
};

static void on_completed(const struct dt_reply *reply, void *context)
{
    struct tally *tally = context;
    const struct dt_instance *instance = dt_reply_instance(reply);
    if (dt_reply_status(reply) == DT_OK && dt_instance_status(instance) == DT_INSTANCE_COMPLETED)
        atomic_fetch_add(&tally->good, 1);
    struct dt_error e;
    if (dt_client_get(client, "x", false, NULL, &e) != DT_FAILED_PRECONDITION)
        atomic_fetch_sub(&tally->good, 1000);
    atomic_fetch_add(&tally->done, 1);
}

static void on_started(const struct dt_reply *reply, void *context)
{
    struct tally *tally = context;
    const char *id = dt_reply_instance_id(reply);
    if (!id || dt_client_wait_completion_async(client, id, WAIT_MS, on_completed, tally) != DT_OK)
        atomic_fetch_add(&tally->done, 1);
}

/* Callbacks start further calls; blocking ones are refused there. */
static void test_asynchronous(void **state)
{
    const int calls = lacks("many-waits") ? 4 : 50; /* a service may spend a thread on each wait */
    struct tally tally = {0};
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    o.input = "Rio";
    for (int i = 0; i < calls; i++)
        assert_int_equal(dt_client_start_async(client, "sequence", &o, on_started, &tally), DT_OK);
    for (int i = 0; i < WAIT_MS / 10 && atomic_load(&tally.done) < calls; i++)
        sleep_ms(10);
    assert_int_equal(atomic_load(&tally.good), calls);
}

/* Without a worker nothing happens; a worker that comes later finds the work. A stopped worker lets go. */
static void test_worker_comes_and_goes(void **state)
{
    struct dt_error e;
    dt_worker_stop(worker);
    dt_worker_stop(worker);
    char id[DT_INSTANCE_ID_SIZE];
    start("sequence", "Lima", id);
    assert_int_equal(dt_client_wait_completion(client, id, 300, NULL, &e), DT_DEADLINE_EXCEEDED);
    struct dt_worker *other = make_worker();
    start_worker(other);
    finish_with(id, "Hello Tokyo, Hello Seattle, Hello Lima");
    dt_worker_destroy(other);
}

/* A worker that dies in the middle of an activity is replaced by one that ends it. */
static void test_worker_killed(void **state)
{
    if (lacks("redelivery"))
        skip();
    dt_worker_stop(worker); /* it knows no such activity */
    char mark[64];
    snprintf(mark, sizeof mark, "/tmp/sdk-victim-%ld", (long)getpid());
    pid_t victim = fork();
    assert_true(victim >= 0);
    if (victim == 0) {
        execl(program, program, connection, "--victim", mark, (char *)NULL);
        _exit(127);
    }
    char id[DT_INSTANCE_ID_SIZE];
    start("with_victim", NULL, id);
    for (int i = 0; i < WAIT_MS / 20 && access(mark, F_OK) != 0; i++)
        sleep_ms(20);
    assert_int_equal(access(mark, F_OK), 0);
    kill(victim, SIGKILL);
    waitpid(victim, NULL, 0);
    unlink(mark);
    struct dt_connect_options c = connect_options();
    struct dt_worker *rescue;
    struct dt_error e;
    check(dt_worker_create(&c, NULL, &rescue, &e), &e);
    check(dt_worker_register_orchestrator(rescue, "with_victim", NULL, with_victim, NULL, &e), &e);
    check(dt_worker_register_activity(rescue, "victim", NULL, survivor, NULL, &e), &e);
    start_worker(rescue);
    struct dt_instance *instance;
    check(dt_client_wait_completion(client, id, 2 * WAIT_MS, &instance, &e), &e);
    assert_string_equal(dt_instance_output(instance), "\"survived\"");
    dt_instance_destroy(instance);
    dt_worker_destroy(rescue);
}

/* ---------------------------------------------------------------------------------------------------------
 * victim */

static void die_slowly(struct dt_activity *activity, const char *input, void *user)
{
    FILE *mark = fopen(user, "w");
    if (mark)
        fclose(mark);
    for (;;)
        pause();
}

static int run_victim(const char *mark)
{
    struct dt_connect_options c = connect_options();
    struct dt_worker_options o = DT_INIT(struct dt_worker_options);
    o.filter = true;
    struct dt_worker *w;
    struct dt_error e;
    if (dt_worker_create(&c, &o, &w, &e) != DT_OK ||
        dt_worker_register_orchestrator(w, "with_victim", NULL, with_victim, NULL, &e) != DT_OK ||
        dt_worker_register_activity(w, "victim", NULL, die_slowly, (void *)mark, &e) != DT_OK ||
        dt_worker_run(w, &e) != DT_OK)
        fprintf(stderr, "victim: %s\n", e.text);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    program = argv[0];
    connection = argv[1];
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--victim") == 0)
            return run_victim(argv[i + 1]);
        if (strcmp(argv[i], "--without") == 0 && without_count < 16)
            without[without_count++] = argv[i + 1];
    }
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_sequence),         TEST(test_fan_out),      TEST(test_timer),
        TEST(test_big_history),      TEST(test_event),        TEST(test_children),
        TEST(test_failure),          TEST(test_retry),        TEST(test_continue_as_new),
        TEST(test_terminate),        TEST(test_suspend),      TEST(test_send_event),
        TEST(test_version_and_tags), TEST(test_ids),          TEST(test_history),
        TEST(test_query_and_purge),  TEST(test_asynchronous), TEST(test_worker_comes_and_goes),
        TEST(test_worker_killed),
    };
    if (getenv("SDK_TEST"))
        cmocka_set_test_filter(getenv("SDK_TEST"));
    return cmocka_run_group_tests_name("sdk scenarios", tests, NULL, NULL);
}
