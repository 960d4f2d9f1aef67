/* SPDX-License-Identifier: MIT */
/* scheduler_trouble_test.c — the whole scheduler when it is not well: a restart, a full disk, reads that fail, a worker
 * that does not read, and its own stop. */
#include <sys/epoll.h>

#include "fault_vfs.h"
#include "service_rig.h"

static void test_everything_is_there_after_a_restart(void **state)
{
    struct service_rig *rig = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a, wait;
    rig_serve(rig);
    client_open(&c, rig);
    assert_int_equal(client_start_instance(&c, "early", "Orch", &a), STATUS_OK);
    worker_open(&w, rig, "w1");
    w.silent = true;
    bool two = false;
    assert_int_equal(client_start_instance(&c, "taken", "Orch", &a), STATUS_OK);
    while (!two) {
        rig_step(rig, 100);
        two = w.turns == 2;
    }
    /* A waiting caller and a worker with items in hand: both lose their connection. */
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("taken")};
    pb_get_instance_request_encode(&r, &message);
    client_start(&c, "WaitForInstanceCompletion", buf_peek(&message), &wait);
    rig_step(rig, 10);
    rig_close(rig);
    client_close(&c);
    assert_true(wait.done);
    assert_int_equal(wait.status, STATUS_UNAVAILABLE);
    client_close(&w.client);
    assert_true(w.ended);
    rig_serve(rig);
    client_open(&c, rig);
    assert_int_equal(client_status_of(&c, "early"), PB_ORCHESTRATION_STATUS_PENDING);
    worker_open(&w, rig, "w2");
    client_assert_completes(&c, "early");
    client_assert_completes(&c, "taken");
    client_close(&c);
    client_close(&w.client);
}

static void test_a_full_disk_refuses_writes_and_keeps_the_rest(void **state)
{
    struct service_rig *rig = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a, wait;
    struct scheduler_condition condition;
    rig->vfs = fault_vfs_register();
    fault_vfs_reset(1);
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    assert_int_equal(client_start_instance(&c, "before", "Orch", &a), STATUS_OK);
    client_assert_completes(&c, "before");
    w.silent = true;
    assert_int_equal(client_start_instance(&c, "half", "Orch", &a), STATUS_OK);
    while (w.turns < 3)
        rig_step(rig, 100);
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("half")};
    pb_get_instance_request_encode(&r, &message);
    client_start(&c, "WaitForInstanceCompletion", buf_peek(&message), &wait);

    fault_vfs_fail_writes(FAULT_FULL);
    assert_int_equal(client_start_instance(&c, "lost", "Orch", &a), STATUS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(a.text, "disk full"));
    scheduler_condition(rig->scheduler, &condition);
    assert_false(condition.writable);
    assert_non_null(strstr(condition.text, "disk full"));
    assert_int_equal(client_start_instance(&c, "lost", "Orch", &a), STATUS_RESOURCE_EXHAUSTED);
    /* Reads go on, the worker keeps its stream, the waiting caller waits. */
    assert_int_equal(client_status_of(&c, "before"), PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_int_equal(client_status_of(&c, "half"), PB_ORCHESTRATION_STATUS_PENDING);
    assert_int_equal(client_status_of(&c, "lost"), -1);
    CLEANUP(buf_fini) struct buf token = {0};
    struct pb_instance_query q = {0};
    assert_int_equal(client_query_count(&c, &q, &token), 2);
    assert_false(w.ended);
    assert_false(wait.done);
    size_t turns = w.turns;

    /* With room on the disk it goes on by itself, and the work is delivered again. */
    w.silent = false;
    fault_vfs_fail_writes(FAULT_NONE);
    rig_await(rig, &wait.done);
    assert_int_equal(wait.status, STATUS_OK);
    buf_fini(&wait.message);
    assert_true(w.turns > turns);
    scheduler_condition(rig->scheduler, &condition);
    assert_true(condition.writable);
    assert_int_equal(client_start_instance(&c, "lost", "Orch", &a), STATUS_OK);
    client_assert_completes(&c, "lost");
    struct scheduler_stats stats;
    scheduler_stats(rig->scheduler, &stats);
    assert_int_equal(stats.failures, 1);
    client_close(&c);
    client_close(&w.client);
}

static void test_a_failed_read_fails_its_call_and_no_other(void **state)
{
    struct service_rig *rig = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer a, wait;
    rig->vfs = fault_vfs_register();
    fault_vfs_reset(1);
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    assert_int_equal(client_start_instance(&c, "old", "Orch", &a), STATUS_OK);
    client_assert_completes(&c, "old");
    client_close(&c);
    client_close(&w.client);
    rig_close(rig);
    rig_serve(rig); /* nothing finished is in memory, and SQLite's cache is cold */
    client_open(&c, rig);
    assert_int_equal(client_start_instance(&c, "live", "Orch", &a), STATUS_OK);
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("live")};
    pb_get_instance_request_encode(&r, &message);
    client_start(&c, "WaitForInstanceCompletion", buf_peek(&message), &wait);
    fault_vfs_fail_reads(true);
    assert_int_equal(client_ask_id(&c, "StreamInstanceHistory", "old", &a), STATUS_UNAVAILABLE);
    fault_vfs_fail_reads(false);
    struct scheduler_condition condition;
    do {
        rig_step(rig, 100);
        scheduler_condition(rig->scheduler, &condition);
    } while (!condition.writable);
    worker_open(&w, rig, "w2");
    assert_int_equal(client_status_of(&c, "old"), PB_ORCHESTRATION_STATUS_COMPLETED);
    client_assert_completes(&c, "live");
    rig_await(rig, &wait.done);
    buf_fini(&wait.message);
    client_close(&c);
    client_close(&w.client);
}

static void test_a_worker_that_does_not_read_is_not_drowned(void **state)
{
    struct service_rig *rig = *state;
    enum { N = 30, SIZE = 900 << 10 };
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    static uint8_t input[SIZE];
    struct answer a;
    memset(input, 'x', sizeof input);
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    assert_int_equal(client_ask(&w.client, "Hello", (struct bytes){0}, &a), STATUS_OK);
    int fd = w.client.watch.fd;
    loop_fd_remove(&w.client.watch);
    for (int i = 0; i < N; i++) {
        CLEANUP(buf_fini) struct buf message = {0};
        char id[16];
        snprintf(id, sizeof id, "big%d", i);
        struct pb_create_instance_request r = {.instance_id = bytes_of_cstr(id),
                                               .name = BYTES_LITERAL("Orch"),
                                               .input = pb_some(bytes_of(input, sizeof input))};
        pb_create_instance_request_encode(&r, &message);
        assert_int_equal(client_ask(&c, "StartInstance", buf_peek(&message), &a), STATUS_OK);
        buf_fini(&a.message);
    }
    struct scheduler_stats stats;
    scheduler_stats(rig->scheduler, &stats);
    assert_true(stats.engine.orchestrators_leased < 20);
    assert_int_equal(stats.engine.orchestrators_leased + stats.engine.orchestrators_ready, N);
    assert_int_equal(loop_fd_add(rig->loop, &w.client.watch, fd, EPOLLIN, NULL), STATUS_OK);
    for (int i = 0; i < N; i++) {
        char id[16];
        snprintf(id, sizeof id, "big%d", i);
        client_assert_completes(&c, id);
    }
    client_close(&c);
    client_close(&w.client);
}

static void on_stopped(void *context)
{
    ((struct service_rig *)context)->stopped = true;
}

static void test_stopping_ends_streams_and_lets_calls_finish(void **state)
{
    struct service_rig *rig = *state;
    static struct client c; /* static: teardown closes what a failed test leaves open */
    static struct worker w;
    struct answer wait, last;
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_get_instance_request r = {.instance_id = BYTES_LITERAL("never")};
    pb_get_instance_request_encode(&r, &message);
    client_start(&c, "WaitForInstanceCompletion", buf_peek(&message), &wait);
    assert_int_equal(client_status_of(&c, "x"), -1);
    CLEANUP(buf_fini) struct buf create = {0};
    struct pb_create_instance_request s = {.instance_id = BYTES_LITERAL("late"),
                                           .name = BYTES_LITERAL("Orch")};
    pb_create_instance_request_encode(&s, &create);
    client_start(&c, "StartInstance", buf_peek(&create), &last);
    struct scheduler_stats stats;
    do {
        rig_step(rig, 1);
        scheduler_stats(rig->scheduler, &stats);
    } while (stats.calls_open < 3 && !last.done);
    scheduler_stop(rig->scheduler, on_stopped, rig);
    rig_await(rig, &wait.done);
    assert_int_equal(wait.status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(wait.text, "stopping"));
    rig_await(rig, &w.ended);
    assert_int_equal(w.end_status, STATUS_UNAVAILABLE);
    rig_await(rig, &last.done);
    assert_int_equal(last.status, STATUS_OK);
    buf_fini(&last.message);
    rig_await(rig, &rig->stopped);
    client_close(&c);
    client_close(&w.client);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(test_everything_is_there_after_a_restart),
        T(test_a_full_disk_refuses_writes_and_keeps_the_rest),
        T(test_a_failed_read_fails_its_call_and_no_other),
        T(test_a_worker_that_does_not_read_is_not_drowned),
        T(test_stopping_ends_streams_and_lets_calls_finish),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fault_vfs_reset(0);
    return failed;
}
