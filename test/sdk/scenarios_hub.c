/* SPDX-License-Identifier: MIT */
/* What a task hub keeps: histories, pages of instances, payloads up to a limit; and how it is emptied. */
#include <unistd.h>

#include "scenario_rig.h"

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
    struct dt_page *none;
    q.page_token = NULL;
    q.created_from_ns = INT64_C(4000000000) * 1000000000; /* in a hundred years */
    check(dt_client_query(client, &q, &none, &e), &e);
    assert_int_equal(dt_page_count(none), 0);
    assert_null(dt_page_token(none));
    dt_page_destroy(none);
    q.created_from_ns = 0;
    q.created_to_ns = 1;
    check(dt_client_query(client, &q, &none, &e), &e);
    assert_int_equal(dt_page_count(none), 0);
    dt_page_destroy(none);
    char first[DT_INSTANCE_ID_SIZE];
    snprintf(first, sizeof first, "%s0", prefix);
    int32_t purged = -1;
    check(dt_client_purge(client, first, false, &purged, &e), &e);
    assert_int_equal(purged, 1);
    struct dt_instance *gone;
    assert_int_equal(dt_client_get(client, first, false, &gone, &e), DT_NOT_FOUND);
    struct dt_purge_filter f = DT_INIT(struct dt_purge_filter);
    f.statuses = DT_STATUS_BIT(DT_INSTANCE_COMPLETED);
    f.created_to_ns = 1;
    bool complete = false;
    check(dt_client_purge_matching(client, &f, &purged, &complete, &e), &e);
    assert_int_equal(purged, 0);
    assert_true(complete);
    f.created_to_ns = 0;
    f.timeout_ms = WAIT_MS;
    complete = false;
    check(dt_client_purge_matching(client, &f, &purged, &complete, &e), &e);
    assert_true(purged >= INSTANCES - 1);
    assert_true(complete);
}

/* What is not final stays, and what is unknown is no fault. */
static void test_purge_live(void **state)
{
    struct dt_error e;
    char id[DT_INSTANCE_ID_SIZE];
    int32_t purged = -1;
    start("forever", NULL, id);
    check(dt_client_wait_start(client, id, WAIT_MS, NULL, &e), &e);
    check(dt_client_purge(client, id, false, &purged, &e), &e);
    assert_int_equal(purged, 0);
    wait_status(id, DT_INSTANCE_RUNNING);
    check(dt_client_purge(client, "no such instance", true, &purged, &e), &e);
    assert_int_equal(purged, 0);
    check(dt_client_terminate(client, id, NULL, false, &e), &e);
    dt_instance_destroy(finish(id, DT_INSTANCE_TERMINATED));
}

/* Payloads of nearly a mebibyte go both ways; more is refused, and nothing has been started then. */
static void test_large_input(void **state)
{
    struct dt_error e;
    enum { SIZE = 2 << 20 };
    char *text = malloc(SIZE + 1);
    assert_non_null(text);
    memset(text, 'x', SIZE);
    text[1000000] = '\0';
    char id[DT_INSTANCE_ID_SIZE];
    start("now", text, id);
    struct dt_instance *instance = finish(id, DT_INSTANCE_COMPLETED);
    assert_int_equal(strlen(dt_instance_input(instance)), 1000000);
    dt_instance_destroy(instance);
    if (!lacks("payload-limit")) {
        text[1000000] = 'x';
        text[SIZE] = '\0';
        struct dt_start_options o = DT_INIT(struct dt_start_options);
        o.input = text;
        o.instance_id = "too large";
        enum dt_status s = dt_client_start(client, "now", &o, NULL, &e);
        assert_true(s == DT_INVALID_ARGUMENT || s == DT_RESOURCE_EXHAUSTED);
        assert_int_equal(dt_client_get(client, "too large", false, &instance, &e), DT_NOT_FOUND);
    }
    free(text);
}

int run_hub_scenarios(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_history),
        RIG_TEST(test_query_and_purge),
        RIG_TEST(test_purge_live),
        RIG_TEST(test_large_input),
    };
    return cmocka_run_group_tests_name("sdk scenarios: hub", tests, NULL, NULL);
}
