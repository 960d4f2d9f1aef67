/* SPDX-License-Identifier: MIT */
/* scenarios_repair.c — what an operator does afterwards: rewind, restart, end without a worker, list and purge by ids. */
#include <unistd.h>

#include "scenario_rig.h"

static atomic_int failures_left;

static void flaky(struct dt_activity *activity, const char *input, void *user)
{
    if (atomic_fetch_sub(&failures_left, 1) > 0)
        (void)dt_activity_fail(activity, "Down", "not now");
    else
        (void)dt_activity_set_result(activity, input);
}

static void rewindable_fn(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await_result(dt_call_activity(ctx, "count", NULL, NULL));
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "flaky-once", input, NULL)));
}

static void waiting_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, dt_await_result(dt_wait_event(ctx, "go", -1)));
}

const struct rig_function repair_functions[] = {{"rewindable", rewindable_fn, NULL},
                                                {"flaky-once", NULL, flaky},
                                                {"waits-for-go", waiting_fn, NULL},
                                                {NULL, NULL, NULL}};

/* What has succeeded is not done again, what has failed is. */
static void test_rewind(void **state)
{
    if (lacks("rewind"))
        skip();
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_error e;
    atomic_store(&runs, 0);
    atomic_store(&failures_left, 1);
    start("rewindable", "x", id);
    dt_instance_destroy(finish(id, DT_INSTANCE_FAILED));
    check(dt_client_rewind(client, id, "it is up again", &e), &e);
    finish_with(id, "x");
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(dt_client_rewind(client, id, NULL, &e), DT_FAILED_PRECONDITION);
    assert_int_equal(dt_client_rewind(client, "no such instance", NULL, &e), DT_NOT_FOUND);
}

static void test_restart(void **state)
{
    char id[DT_INSTANCE_ID_SIZE];
    char again[DT_INSTANCE_ID_SIZE];
    struct dt_error e;
    start("waits-for-go", NULL, id);
    tell(id, "go", "1");
    finish_with(id, "1");
    check(dt_client_restart(client, id, false, again, &e), &e);
    assert_string_equal(again, id);
    tell(id, "go", "2");
    finish_with(id, "2");
    check(dt_client_restart(client, id, true, again, &e), &e);
    assert_string_not_equal(again, id);
    assert_int_equal(dt_client_restart(client, again, false, NULL, &e), DT_FAILED_PRECONDITION);
    tell(again, "go", "3");
    finish_with(again, "3");
    finish_with(id, "2");
    assert_int_equal(dt_client_restart(client, "no such instance", true, NULL, &e), DT_NOT_FOUND);
}

/* No worker is asked, and what could not be ended is named. */
static void test_skip_termination(void **state)
{
    if (lacks("skip-termination"))
        skip();
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_error e;
    start("waits-for-go", NULL, id);
    const char *ids[] = {id, "no such instance"};
    struct dt_ids *rest;
    check(dt_client_skip_termination(client, ids, 2, "enough", &rest, &e), &e);
    assert_int_equal(dt_ids_count(rest), 1);
    assert_string_equal(dt_ids_get(rest, 0), "no such instance");
    dt_ids_destroy(rest);
    dt_instance_destroy(finish(id, DT_INSTANCE_TERMINATED));
    assert_int_equal(dt_client_skip_termination(client, ids, DT_IDS_MAX + 1, NULL, NULL, &e),
                     DT_INVALID_ARGUMENT);
    ids[1] = "";
    assert_int_equal(dt_client_skip_termination(client, ids, 2, NULL, NULL, &e), DT_INVALID_ARGUMENT);
}

/* Each final instance is on one page, and afterwards none of the purged ones is. */
static void test_list_and_purge_ids(void **state)
{
    enum { INSTANCES = 5 };
    char ids[INSTANCES][DT_INSTANCE_ID_SIZE];
    const char *list[INSTANCES];
    struct dt_error e;
    for (int i = 0; i < INSTANCES; i++) {
        start("waits-for-go", NULL, ids[i]);
        tell(ids[i], "go", NULL);
        dt_instance_destroy(finish(ids[i], DT_INSTANCE_COMPLETED));
        list[i] = ids[i];
    }
    for (int purged = 0; purged < 2; purged++) {
        struct dt_id_query query = DT_INIT(struct dt_id_query);
        query.page_size = 2;
        query.statuses = DT_STATUS_BIT(DT_INSTANCE_COMPLETED);
        char token[512];
        int seen[INSTANCES] = {0};
        for (int pages = 1;; pages++) {
            struct dt_ids *page;
            check(dt_client_list_ids(client, &query, &page, &e), &e);
            for (size_t n = 0; n < dt_ids_count(page); n++)
                for (int i = 0; i < INSTANCES; i++)
                    seen[i] += strcmp(dt_ids_get(page, n), ids[i]) == 0;
            bool more = dt_ids_token(page) != NULL;
            snprintf(token, sizeof token, "%s", more ? dt_ids_token(page) : "");
            dt_ids_destroy(page);
            if (!more)
                break;
            query.page_token = token;
            assert_true(pages < 200);
        }
        for (int i = 0; i < INSTANCES; i++)
            assert_int_equal(seen[i], !purged);
        if (lacks("purge-ids"))
            return;
        int32_t count = 0;
        check(dt_client_purge_ids(client, list, INSTANCES, false, &count, &e), &e);
        assert_int_equal(count, purged ? 0 : INSTANCES);
    }
}

int run_repair_scenarios(void)
{
    const struct CMUnitTest tests[] = {RIG_TEST(test_rewind), RIG_TEST(test_restart),
                                       RIG_TEST(test_skip_termination), RIG_TEST(test_list_and_purge_ids)};
    return cmocka_run_group_tests_name("repair", tests, NULL, NULL);
}
