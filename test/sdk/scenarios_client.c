/* SPDX-License-Identifier: MIT */
/* What clients do: start, look, wait, tell, query, purge; and how calls fail. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "scenario_rig.h"

static void forever(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await(dt_wait_event(ctx, "never", -1));
}

static void add_child(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.instance_id = input;
    (void)dt_await(dt_call_sub_orchestration(ctx, "forever", NULL, &options));
}

static void now(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, dt_format(ctx, "%lld", (long long)dt_now_ns(ctx)));
}

const struct rig_function client_functions[] = {
    {"forever", forever, NULL}, {"add_child", add_child, NULL}, {"now", now, NULL}, {0}};

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
    tell(id, "n", "1");
    check(dt_client_wait_start(client, id, WAIT_MS, NULL, &e), &e);
    check(dt_client_suspend(client, id, "\"lunch\"", &e), &e);
    wait_status(id, DT_INSTANCE_SUSPENDED);
    tell(id, "n", "2");
    tell(id, "n", "3");
    assert_int_equal(dt_client_wait_completion(client, id, 500, NULL, &e), DT_DEADLINE_EXCEEDED);
    check(dt_client_resume(client, id, NULL, &e), &e);
    finish_with(id, "123");
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

/* What may happen to an instance whose id is wanted again. */
static void test_reuse(void **state)
{
    if (lacks("reuse"))
        skip();
    struct dt_error e;
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    o.instance_id = id;
    start("now", NULL, id);
    dt_instance_destroy(finish(id, DT_INSTANCE_COMPLETED));

    /* Final, no policy: replaced. */
    check(dt_client_start(client, "forever", &o, NULL, &e), &e);
    check(dt_client_wait_start(client, id, WAIT_MS, NULL, &e), &e);
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), DT_ALREADY_EXISTS);
    /* Live, by the list. */
    o.reuse = DT_REUSE_LISTED;
    o.replaceable = DT_STATUS_BIT(DT_INSTANCE_COMPLETED);
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), DT_ALREADY_EXISTS);
    o.replaceable = DT_STATUS_BIT(DT_INSTANCE_RUNNING);
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), DT_INVALID_ARGUMENT);
    o.replaceable = DT_STATUS_BIT(DT_INSTANCE_RUNNING) | DT_STATUS_BIT(DT_INSTANCE_TERMINATED);
    check(dt_client_start(client, "now", &o, NULL, &e), &e);
    dt_instance_destroy(finish(id, DT_INSTANCE_COMPLETED));

    /* Final, by the list. */
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), DT_ALREADY_EXISTS);
    o.replaceable = 0;
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), DT_ALREADY_EXISTS);
    o.replaceable = DT_STATUS_BIT(DT_INSTANCE_COMPLETED);
    check(dt_client_start(client, "now", &o, NULL, &e), &e);
    dt_instance_destroy(finish(id, DT_INSTANCE_COMPLETED));
}

/* A start in another hub of the service is there, and not in the client's own. */
static void test_another_hub(void **state)
{
    if (lacks("hubs"))
        skip();
    struct dt_error e;
    struct dt_connect_options there = connect_options();
    there.task_hub = "beside";
    struct dt_client *other;
    struct dt_instance *instance;
    check(dt_client_create(&there, &other, &e), &e);

    struct dt_start_options o = DT_INIT(struct dt_start_options);
    o.instance_id = "elsewhere";
    o.task_hub = "beside";
    check(dt_client_start(client, "now", &o, NULL, &e), &e);
    assert_int_equal(dt_client_get(client, o.instance_id, false, &instance, &e), DT_NOT_FOUND);
    check(dt_client_get(other, o.instance_id, false, &instance, &e), &e);
    dt_instance_destroy(instance);

    o.task_hub = "nowhere";
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), DT_NOT_FOUND);
    o.task_hub = "no hub";
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), DT_INVALID_ARGUMENT);
    o.task_hub = "";
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), DT_INVALID_ARGUMENT);
    dt_client_destroy(other);
}

/* Pending until its time, known meanwhile, and not begun earlier. */
static void test_scheduled_start(void **state)
{
    struct dt_error e;
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    o.start_at_ns = ((int64_t)clock.tv_sec + 2) * 1000000000;
    char id[DT_INSTANCE_ID_SIZE];
    check(dt_client_start(client, "now", &o, id, &e), &e);
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_true(atoll(dt_instance_output(instance)) >= o.start_at_ns);
    if (!lacks("scheduled-start"))
        assert_true(dt_instance_scheduled_start_ns(instance) == o.start_at_ns);
    dt_instance_destroy(instance);
    o.start_at_ns = 1; /* long ago: now */
    check(dt_client_start(client, "now", &o, id, &e), &e);
    dt_instance_destroy(finish(id, DT_INSTANCE_COMPLETED));
    if (lacks("scheduled-start"))
        return;
    o.start_at_ns = ((int64_t)clock.tv_sec + 3600) * 1000000000;
    check(dt_client_start(client, "now", &o, id, &e), &e);
    wait_status(id, DT_INSTANCE_PENDING);
    check(dt_client_terminate(client, id, "\"no\"", false, &e), &e);
    dt_instance_destroy(finish(id, DT_INSTANCE_TERMINATED));
}

/* A termination reaches the children only if asked to. */
static void test_terminate_children(void **state)
{
    struct dt_error e;
    for (int recursive = 0; recursive < (lacks("recursive") ? 1 : 2); recursive++) {
        char id[DT_INSTANCE_ID_SIZE];
        char child[64];
        snprintf(child, sizeof child, "child-%ld-%d", (long)getpid(), recursive);
        start("add_child", child, id);
        check(dt_client_wait_start(client, child, WAIT_MS, NULL, &e), &e);
        check(dt_client_terminate(client, id, NULL, recursive, &e), &e);
        dt_instance_destroy(finish(id, DT_INSTANCE_TERMINATED));
        if (!recursive) {
            assert_int_equal(dt_client_wait_completion(client, child, 300, NULL, &e), DT_DEADLINE_EXCEEDED);
            check(dt_client_terminate(client, child, NULL, false, &e), &e);
        }
        dt_instance_destroy(finish(child, DT_INSTANCE_TERMINATED));

        int32_t purged = -1;
        check(dt_client_purge(client, id, recursive, &purged, &e), &e);
        assert_int_equal(purged, 1 + recursive);
        struct dt_instance *instance;
        enum dt_status s = dt_client_get(client, child, false, &instance, &e);
        assert_int_equal(s, recursive ? DT_NOT_FOUND : DT_OK);
        if (s == DT_OK)
            dt_instance_destroy(instance);
    }
}

/* Every parameter that may not be NULL or has rules of its own is refused, and nothing crashes. */
static void test_arguments(void **state)
{
    struct dt_error e;
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    struct dt_connect_options c = connect_options();
    struct dt_instance *instance;
    struct dt_page *page;
    const enum dt_status refused = DT_INVALID_ARGUMENT;
    assert_int_equal(dt_client_query(client, NULL, NULL, &e), refused);
    assert_int_equal(dt_client_history(client, "x", NULL, &e), refused);
    assert_int_equal(dt_client_query(NULL, NULL, &page, NULL), refused);
    assert_int_equal(dt_client_purge_matching(client, NULL, NULL, NULL, &e), refused);
    assert_int_equal(dt_client_wait_completion(client, "", 0, &instance, &e), refused);
    assert_int_equal(dt_client_suspend(client, NULL, NULL, &e), refused);
    assert_int_equal(dt_client_resume(client, "x", "\xff", &e), refused);
    assert_int_equal(dt_client_terminate(client, "\xff", NULL, false, &e), refused);
    assert_int_equal(dt_client_get_async(client, "x", false, NULL, NULL), refused);
    assert_int_equal(dt_client_create(&c, NULL, &e), refused);
    assert_int_equal(dt_client_create(NULL, &client, &e), refused);
    assert_int_equal(dt_worker_create(&c, NULL, NULL, &e), refused);
    assert_int_equal(dt_worker_start(NULL, &e), refused);
    assert_int_equal(dt_worker_run(NULL, &e), refused);
    assert_int_equal(dt_worker_wait_connected(NULL, 0, &e), refused);
    assert_int_equal(dt_worker_register_activity(NULL, "a", NULL, NULL, NULL, &e), refused);
    dt_client_destroy(NULL);
    dt_worker_destroy(NULL);
    dt_history_destroy(NULL);
    dt_page_destroy(NULL);
    dt_instance_destroy(NULL);
    o.size = 1;
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), refused);
    assert_true(e.text[0] != '\0');
    if (lacks("id-rules"))
        return;
    char long_id[102];
    memset(long_id, 'i', 101);
    long_id[101] = '\0';
    o.size = sizeof o;
    o.instance_id = long_id;
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), refused);
    o.instance_id = "@entity@key";
    assert_int_equal(dt_client_start(client, "now", &o, NULL, &e), refused);
    assert_int_equal(dt_client_raise_event(client, "no such instance", "e", NULL, &e),
                     DT_OK); /* as the cloud does */
    assert_int_equal(dt_client_suspend(client, "no such instance", NULL, &e), DT_NOT_FOUND);
    assert_int_equal(dt_client_terminate(client, "no such instance", NULL, false, &e), DT_NOT_FOUND);
}

/* One client, many threads. */
static void *use_client(void *argument)
{
    atomic_int *good = argument;
    for (int i = 0; i < 5; i++) {
        struct dt_error e;
        char id[DT_INSTANCE_ID_SIZE];
        struct dt_instance *instance = NULL;
        struct dt_instance *copy = NULL;
        struct dt_page *page = NULL;
        if (dt_client_start(client, "now", NULL, id, &e) == DT_OK &&
            dt_client_wait_completion(client, id, WAIT_MS, &instance, &e) == DT_OK &&
            dt_instance_copy(instance, &copy) == DT_OK && strcmp(dt_instance_id(copy), id) == 0 &&
            dt_client_query(client, NULL, &page, &e) == DT_OK &&
            dt_client_get(client, "no such instance", false, NULL, &e) == DT_NOT_FOUND)
            atomic_fetch_add(good, 1);
        dt_instance_destroy(instance);
        dt_instance_destroy(copy);
        dt_page_destroy(page);
    }
    return NULL;
}

static void test_threads(void **state)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    atomic_int good = 0;
    int count = lacks("many-waits") ? 3 : THREADS;
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_client, &good), 0);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&good), 5 * count);
}

static void count_cancelled(const struct dt_reply *reply, void *context)
{
    if (dt_reply_status(reply) == DT_CANCELLED && !dt_reply_instance(reply))
        atomic_fetch_add((atomic_int *)context, 1);
    else
        atomic_fetch_add((atomic_int *)context, 1000);
}

/* A client that goes tells all who wait for it, before it is gone. */
static void test_client_destroyed(void **state)
{
    struct dt_error e;
    struct dt_connect_options c = connect_options();
    char id[DT_INSTANCE_ID_SIZE];
    start("forever", NULL, id);
    atomic_int cancelled = 0;
    const int64_t timeout_ms = lacks("endless-waits") ? WAIT_MS : -1;
    struct dt_client *other;
    check(dt_client_create(&c, &other, &e), &e);
    for (int i = 0; i < 3; i++)
        assert_int_equal(dt_client_wait_completion_async(other, id, timeout_ms, count_cancelled, &cancelled),
                         DT_OK);
    check(dt_client_wait_start(other, id, WAIT_MS, NULL, &e), &e);
    dt_client_destroy(other);
    assert_int_equal(atomic_load(&cancelled), 3);
    check(dt_client_terminate(client, id, NULL, false, &e), &e);
    dt_instance_destroy(finish(id, DT_INSTANCE_TERMINATED));
}

/* Nobody listens at the address: each form says so in its time. */
static void test_no_service(void **state)
{
    struct dt_error e;
    struct dt_connect_options c = DT_INIT(struct dt_connect_options);
    c.endpoint = "http://127.0.0.1:1";
    c.task_hub = "default";
    c.call_timeout_ms = 300;
    c.retry_first_ms = 10;
    struct dt_client *other;
    struct dt_instance *instance;
    check(dt_client_create(&c, &other, &e), &e);
    assert_int_equal(dt_client_get(other, "x", false, &instance, &e), DT_UNAVAILABLE);
    assert_non_null(strstr(e.text, "127.0.0.1:1"));
    assert_int_equal(dt_client_wait_completion(other, "x", 200, &instance, &e), DT_UNAVAILABLE);
    dt_client_destroy(other);
    c.endpoint = "http://no-such-host.invalid:1";
    check(dt_client_create(&c, &other, &e), &e);
    assert_int_equal(dt_client_get(other, "x", false, &instance, &e), DT_UNAVAILABLE);
    dt_client_destroy(other);
}

int run_client_scenarios(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_terminate),          RIG_TEST(test_suspend),    RIG_TEST(test_ids),
        RIG_TEST(test_asynchronous),       RIG_TEST(test_reuse),      RIG_TEST(test_scheduled_start),
        RIG_TEST(test_terminate_children), RIG_TEST(test_arguments),  RIG_TEST(test_threads),
        RIG_TEST(test_client_destroyed),   RIG_TEST(test_no_service), RIG_TEST(test_another_hub),
    };
    return cmocka_run_group_tests_name("sdk scenarios: client", tests, NULL, NULL);
}
