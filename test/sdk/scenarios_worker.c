/* SPDX-License-Identifier: MIT */
/* What becomes of work when workers come, go, stop, die, or are not the right ones. */
#include <pthread.h>
#include <unistd.h>

#include "lib/process.h"
#include "scenario_rig.h"

static void with_victim(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "victim", "x", NULL)));
}

static void survivor(struct dt_activity *activity, const char *input, void *user)
{
    (void)dt_activity_set_result(activity, "\"survived\"");
}

static void count_calls(struct dt_activity *activity, const char *input, void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
    (void)dt_activity_set_result(activity, "\"counted\"");
}

static void call_counted(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "counted", NULL, NULL)));
}

static void say_version(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, user);
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
    struct process victim;
    process_execute(&victim, (const char *const[]){program, connection, "--victim", mark, NULL});
    char id[DT_INSTANCE_ID_SIZE];
    start("with_victim", NULL, id);
    for (int i = 0; i < WAIT_MS / 20 && access(mark, F_OK) != 0; i++)
        sleep_ms(20);
    assert_int_equal(access(mark, F_OK), 0);
    process_kill(&victim);
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

/* Two workers, each with half of it: with filters, each gets what it can do. */
static void test_filters(void **state)
{
    struct dt_error e;
    struct dt_worker_options o = DT_INIT(struct dt_worker_options);
    o.filter = true;
    atomic_int calls = 0;
    dt_worker_stop(worker);
    struct dt_worker *thinks = make_bare_worker(&o);
    struct dt_worker *acts = make_bare_worker(&o);
    check(dt_worker_register_orchestrator(thinks, "call_counted", NULL, call_counted, NULL, &e), &e);
    check(dt_worker_register_activity(acts, "counted", NULL, count_calls, &calls, &e), &e);
    start_worker(thinks);
    start_worker(acts);
    for (int i = 0; i < 5; i++) {
        char id[DT_INSTANCE_ID_SIZE];
        start("call_counted", NULL, id);
        finish_with(id, "\"counted\"");
    }
    assert_int_equal(atomic_load(&calls), 5);
    dt_worker_destroy(thinks);
    dt_worker_destroy(acts);
}

static struct dt_worker *version_worker(const char *version, enum dt_version_failure failure)
{
    struct dt_error e;
    struct dt_worker_options o = DT_INIT(struct dt_worker_options);
    o.version = version;
    o.version_match = DT_VERSION_MATCH_STRICT;
    o.version_failure = failure;
    struct dt_worker *w = make_bare_worker(&o);
    check(dt_worker_register_orchestrator(w, "say_version", NULL, say_version, (void *)version, &e), &e);
    start_worker(w);
    return w;
}

/* What is rejected by one goes to the other; where there is no other and the worker says so, it fails. */
static void test_versions_apart(void **state)
{
    if (lacks("version"))
        skip();
    struct dt_error e;
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    char id[DT_INSTANCE_ID_SIZE];
    dt_worker_stop(worker);
    struct dt_worker *one = version_worker("1.0", DT_VERSION_REJECT);
    struct dt_worker *two = version_worker("2.0", DT_VERSION_REJECT);
    for (int i = 0; i < 4; i++) {
        o.version = i % 2 ? "2.0" : "1.0";
        check(dt_client_start(client, "say_version", &o, id, &e), &e);
        finish_with(id, o.version);
    }
    dt_worker_destroy(one);
    dt_worker_destroy(two);
    struct dt_worker *strict = version_worker("3.0", DT_VERSION_FAIL);
    check(dt_client_start(client, "say_version", &o, id, &e), &e);
    struct dt_instance *instance = finish(id, DT_INSTANCE_FAILED);
    assert_string_equal(dt_instance_failure(instance)->type, "VersionMismatch");
    assert_true(dt_instance_failure(instance)->non_retriable);
    dt_instance_destroy(instance);
    dt_worker_destroy(strict);
}

/* Shared between the two workers of a stop in mid-activity. */
struct handover {
    atomic_bool running;
    atomic_bool stopping;
    atomic_bool rescued;
    atomic_int calls;
};

static void finish_when_stopping(struct dt_activity *activity, const char *input, void *user)
{
    struct handover *h = user;
    atomic_fetch_add(&h->calls, 1);
    atomic_store(&h->running, true);
    for (int i = 0; i < WAIT_MS / 5 && !dt_activity_stopping(activity); i++)
        sleep_ms(5);
    (void)dt_activity_set_result(activity, "\"in time\"");
}

static void finish_when_rescued(struct dt_activity *activity, const char *input, void *user)
{
    struct handover *h = user;
    atomic_store(&h->running, true);
    for (int i = 0; i < WAIT_MS / 5 && !atomic_load(&h->rescued); i++)
        sleep_ms(5);
    (void)dt_activity_set_result(activity, "\"too late\"");
}

static void rescue(struct dt_activity *activity, const char *input, void *user)
{
    struct handover *h = user;
    atomic_store(&h->rescued, true);
    (void)dt_activity_set_result(activity, "\"rescued\"");
}

static struct dt_worker *handover_worker(const struct dt_worker_options *o, dt_activity_fn *fn,
                                         struct handover *h)
{
    struct dt_error e;
    struct dt_worker *w = make_bare_worker(o);
    check(dt_worker_register_orchestrator(w, "call_counted", NULL, call_counted, NULL, &e), &e);
    if (fn)
        check(dt_worker_register_activity(w, "counted", NULL, fn, h, &e), &e);
    start_worker(w);
    return w;
}

static void wait_running(struct handover *h)
{
    for (int i = 0; i < WAIT_MS / 5 && !atomic_load(&h->running); i++)
        sleep_ms(5);
    assert_true(atomic_load(&h->running));
}

/* An activity that ends within the stop's time is not done twice. The worker that goes on cannot do it. */
static void test_stop_in_time(void **state)
{
    struct dt_worker_options only_thinks = DT_INIT(struct dt_worker_options);
    only_thinks.filter = true;
    struct handover h = {0};
    char id[DT_INSTANCE_ID_SIZE];
    dt_worker_stop(worker);
    struct dt_worker *first = handover_worker(NULL, finish_when_stopping, &h);
    start("call_counted", NULL, id);
    wait_running(&h);
    dt_worker_destroy(first);
    struct dt_worker *second = handover_worker(&only_thinks, NULL, &h);
    finish_with(id, "\"in time\"");
    assert_int_equal(atomic_load(&h.calls), 1);
    dt_worker_destroy(second);
}

static void *stop_worker(void *w)
{
    dt_worker_stop(w);
    return NULL;
}

/* One that takes longer is given back, done by another worker, and its own late result is dropped. */
static void test_stop_too_late(void **state)
{
    if (lacks("redelivery"))
        skip();
    struct dt_worker_options hasty = DT_INIT(struct dt_worker_options);
    hasty.stop_timeout_ms = 50;
    struct handover h = {0};
    char id[DT_INSTANCE_ID_SIZE];
    dt_worker_stop(worker);
    struct dt_worker *first = handover_worker(&hasty, finish_when_rescued, &h);
    start("call_counted", NULL, id);
    wait_running(&h);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_worker, first), 0);
    struct dt_worker *second = handover_worker(NULL, rescue, &h);
    finish_with(id, "\"rescued\"");
    pthread_join(stopper, NULL);
    finish_with(id, "\"rescued\"");
    dt_worker_destroy(first);
    dt_worker_destroy(second);
}

/* What a worker refuses, and what it says while it cannot connect. */
static void test_worker_misused(void **state)
{
    struct dt_error e;
    assert_int_equal(dt_worker_start(worker, &e), DT_FAILED_PRECONDITION);
    assert_int_equal(dt_worker_run(worker, &e), DT_FAILED_PRECONDITION);
    assert_int_equal(dt_worker_register_activity(worker, "late", NULL, survivor, NULL, &e),
                     DT_FAILED_PRECONDITION);
    struct dt_worker *w = make_bare_worker(NULL);
    assert_int_equal(dt_worker_wait_connected(w, 0, &e), DT_FAILED_PRECONDITION);
    assert_int_equal(dt_worker_register_activity(w, "none", NULL, NULL, NULL, &e), DT_INVALID_ARGUMENT);
    dt_worker_stop(w); /* never started: no effect */
    start_worker(w);
    dt_worker_stop(w);
    assert_int_equal(dt_worker_wait_connected(w, 0, &e), DT_CANCELLED);
    dt_worker_destroy(w);

    struct dt_connect_options c = connect_options();
    c.task_hub = "no-such-hub";
    check(dt_worker_create(&c, NULL, &w, &e), &e);
    check(dt_worker_start(w, &e), &e);
    if (!lacks("hubs")) {
        bool told = false;
        for (int i = 0; i < WAIT_MS / 50 && !told; i++) {
            assert_int_equal(dt_worker_wait_connected(w, 50, &e), DT_DEADLINE_EXCEEDED);
            told = strstr(e.text, "no-such-hub") != NULL;
        }
        assert_true(told);
    }
    dt_worker_request_stop(w);
    dt_worker_request_stop(w);
    dt_worker_destroy(w);
}

static void die_slowly(struct dt_activity *activity, const char *input, void *user)
{
    FILE *mark = fopen(user, "w");
    if (mark)
        fclose(mark);
    for (;;)
        pause();
}

int run_victim(const char *mark)
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

int run_worker_scenarios(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_worker_comes_and_goes), RIG_TEST(test_worker_killed), RIG_TEST(test_filters),
        RIG_TEST(test_versions_apart),        RIG_TEST(test_stop_in_time),  RIG_TEST(test_stop_too_late),
        RIG_TEST(test_worker_misused),
    };
    return cmocka_run_group_tests_name("sdk scenarios: worker", tests, NULL, NULL);
}
