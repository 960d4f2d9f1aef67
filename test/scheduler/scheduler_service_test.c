/* SPDX-License-Identifier: MIT */
/* scheduler_service_test.c — what clients and a worker ask of the whole scheduler: runs, waits, queries and purges, over
 * real loopback sockets. */
#include "service_rig.h"

static void test_a_run_from_start_to_completion(void **state)
{
    struct service_rig *rig = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a;
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    assert_int_equal(client_ask(&c, "Hello", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(a.messages, 1);
    assert_int_equal(a.message.size, 0);
    assert_int_equal(client_status_of(&c, "one"), -1);
    assert_int_equal(client_start_instance(&c, "one", "Orch", &a), STATUS_OK);
    client_assert_completes(&c, "one");
    assert_int_equal(w.turns, 2);
    assert_int_equal(w.activities, 1);
    assert_int_equal(client_start_instance(&c, "", "", &a), STATUS_INVALID_ARGUMENT);
    struct scheduler_stats stats;
    scheduler_stats(rig->scheduler, &stats);
    assert_int_equal(stats.engine.streams, 1);
    assert_int_equal(stats.calls_open, 1);
    assert_true(stats.store.commits >= 3);
    client_close(&c);
    client_close(&w.client);
}

static void test_many_runs_share_commits(void **state)
{
    struct service_rig *rig = *state;
    enum { N = 200 };
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    static struct answer answers[N];
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    for (int i = 0; i < N; i++) {
        CLEANUP(buf_fini) struct buf message = {0};
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        struct pb_create_instance_request r = {.instance_id = bytes_of_cstr(id),
                                               .name = BYTES_LITERAL("Orch")};
        pb_create_instance_request_encode(&r, &message);
        client_start(&c, "StartInstance", buf_peek(&message), &answers[i]);
    }
    for (int i = 0; i < N; i++) {
        char id[16];
        rig_await(rig, &answers[i].done);
        assert_int_equal(answers[i].status, STATUS_OK);
        buf_fini(&answers[i].message);
        snprintf(id, sizeof id, "i%d", i);
        client_assert_completes(&c, id);
    }
    struct scheduler_stats stats;
    scheduler_stats(rig->scheduler, &stats);
    print_message("%d runs in %llu commits\n", N, (unsigned long long)stats.store.commits);
    assert_true(stats.store.commits < N);
    client_close(&c);
    client_close(&w.client);
}

static void test_what_is_absent_says_so(void **state)
{
    struct service_rig *rig = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    struct answer a;
    rig_serve(rig);
    client_open(&c, rig);
    assert_int_equal(client_ask(&c, "NoSuchMethod", (struct bytes){0}, &a), STATUS_UNIMPLEMENTED);
    assert_true(strlen(a.text) > 10);
    assert_int_equal(client_ask(&c, "QueryInstances", BYTES_LITERAL("\xff\xff"), &a),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(client_ask(&c, "ListInstanceIds", BYTES_LITERAL("\xff\xff"), &a),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(client_ask(&c, "PurgeInstances", BYTES_LITERAL("\xff\xff"), &a),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(client_ask(&c, "StartInstance", BYTES_LITERAL("\xff\xff"), &a), STATUS_INVALID_ARGUMENT);
    client_close(&c);
}

static void test_query_list_and_purge(void **state)
{
    struct service_rig *rig = *state;
    enum { N = 21 };
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a;
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    for (int i = 0; i < N; i++) {
        char id[16];
        snprintf(id, sizeof id, "q%02d", i);
        assert_int_equal(client_start_instance(&c, id, "Orch", &a), STATUS_OK);
        client_assert_completes(&c, id);
    }
    /* 21 rows by 5 make 5 pages, the last without a token. */
    CLEANUP(buf_fini) struct buf token = {0};
    size_t pages = 0, rows = 0;
    do {
        struct pb_instance_query q = {.max_instance_count = 5,
                                      .fetch_inputs_and_outputs = true,
                                      .continuation_token = pb_some(buf_peek(&token))};
        CLEANUP(buf_fini) struct buf next = {0};
        rows += client_query_count(&c, &q, &next);
        buf_clear(&token);
        buf_append_bytes(&token, buf_peek(&next));
        pages++;
    } while (token.size);
    assert_int_equal(pages, 5);
    assert_int_equal(rows, N);
    int32_t running = PB_ORCHESTRATION_STATUS_RUNNING, impossible = 77;
    struct pb_instance_query q = {.runtime_status = &running, .runtime_status_count = 1};
    assert_int_equal(client_query_count(&c, &q, &token), 0);
    q.runtime_status = &impossible;
    assert_int_equal(client_query_count(&c, &q, &token), 0);
    q = (struct pb_instance_query){.instance_id_prefix = pb_some(BYTES_LITERAL("q1")),
                                   .max_instance_count = INT32_MAX};
    assert_int_equal(client_query_count(&c, &q, &token), 10);
    q = (struct pb_instance_query){.continuation_token = pb_some(BYTES_LITERAL("rubbish"))};
    struct pb_query_instances_request bad = {.query = &q};
    CLEANUP(buf_fini) struct buf message = {0};
    pb_query_instances_request_encode(&bad, &message);
    assert_int_equal(client_ask(&c, "QueryInstances", buf_peek(&message), &a), STATUS_INVALID_ARGUMENT);

    struct pb_list_instance_ids_request list = {.page_size = 20,
                                                .last_instance_key = pb_some((struct bytes){0})};
    struct pb_list_instance_ids_response ids;
    buf_clear(&message);
    pb_list_instance_ids_request_encode(&list, &message);
    assert_int_equal(client_ask(&c, "ListInstanceIds", buf_peek(&message), &a), STATUS_OK);
    assert_int_equal(pb_list_instance_ids_response_decode(&arena, buf_peek(&a.message), &ids), STATUS_OK);
    assert_int_equal(ids.instance_ids_count, 20);
    assert_true(ids.last_instance_key.present);
    buf_fini(&a.message);

    struct pb_purge_instance_filter filter = {.runtime_status = &running, .runtime_status_count = 1};
    struct pb_purge_instances_request purge = {
        .request_case = PB_PURGE_INSTANCES_REQUEST_PURGE_INSTANCE_FILTER, .purge_instance_filter = &filter};
    struct pb_purge_instances_response purged;
    for (int round = 0; round < 2; round++) {
        buf_clear(&message);
        pb_purge_instances_request_encode(&purge, &message);
        assert_int_equal(client_ask(&c, "PurgeInstances", buf_peek(&message), &a), STATUS_OK);
        assert_int_equal(pb_purge_instances_response_decode(&arena, buf_peek(&a.message), &purged),
                         STATUS_OK);
        assert_true(purged.is_complete.present && purged.is_complete.value);
        assert_int_equal(purged.deleted_instance_count, round == 0 ? 0 : N);
        buf_fini(&a.message);
        filter.runtime_status_count = 0;
    }
    assert_int_equal(client_status_of(&c, "q00"), -1);
    q = (struct pb_instance_query){0};
    assert_int_equal(client_query_count(&c, &q, &token), 0);
    client_close(&c);
    client_close(&w.client);
}

/* If this fails, a purge of much keeps the loop and the writer, and every start waits for it. */
static void test_a_purge_by_filter_goes_in_small_steps(void **state)
{
    struct service_rig *rig = *state;
    enum { N = 200, STEP_MAX = 50 };
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a;
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    for (int i = 0; i < N; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        assert_int_equal(client_start_instance(&c, id, "Orch", &a), STATUS_OK);
        client_assert_completes(&c, id);
    }

    struct scheduler_stats before;
    struct scheduler_stats after;
    scheduler_stats(rig->scheduler, &before);
    struct pb_purge_instance_filter filter = {0};
    struct pb_purge_instances_request purge = {
        .request_case = PB_PURGE_INSTANCES_REQUEST_PURGE_INSTANCE_FILTER, .purge_instance_filter = &filter};
    CLEANUP(buf_fini) struct buf message = {0};
    pb_purge_instances_request_encode(&purge, &message);
    assert_int_equal(client_ask(&c, "PurgeInstances", buf_peek(&message), &a), STATUS_OK);
    buf_fini(&a.message);
    scheduler_stats(rig->scheduler, &after);
    assert_true(after.store.commits - before.store.commits >= N / STEP_MAX);
    assert_int_equal(client_status_of(&c, "i0"), -1);
    client_close(&c);
    client_close(&w.client);
}

static void test_a_waiting_caller_that_leaves_is_forgotten(void **state)
{
    struct service_rig *rig = *state;
    static struct client c, d;
    struct answer a;
    rig_serve(rig);
    client_open(&c, rig);
    client_open(&d, rig);
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("nobody")};
    pb_get_instance_request_encode(&r, &message);
    client_start(&c, "WaitForInstanceStart", buf_peek(&message), &a);
    assert_int_equal(client_status_of(&d, "x"), -1);
    struct scheduler_stats stats;
    scheduler_stats(rig->scheduler, &stats);
    assert_int_equal(stats.calls_open, 1);
    grpc_client_cancel(c.grpc, a.call);
    client_flush(&c);
    assert_int_equal(client_status_of(&c, "x"), -1);
    scheduler_stats(rig->scheduler, &stats);
    assert_int_equal(stats.calls_open, 0);
    assert_int_equal(stats.engine.calls_waiting, 0);
    client_close(&c);
    client_close(&d);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_run_from_start_to_completion),
        T(test_many_runs_share_commits),
        T(test_what_is_absent_says_so),
        T(test_query_list_and_purge),
        T(test_a_purge_by_filter_goes_in_small_steps),
        T(test_a_waiting_caller_that_leaves_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
