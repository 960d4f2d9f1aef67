/* SPDX-License-Identifier: MIT */
/* scheduler_clock_test.c — the whole scheduler and the clock that people set: what is deleted by its age, and a clock
 * that is stepped. */
#include "os/clock.h"
#include "service_rig.h"
#include "svc/scheduler/scheduler_ask.h"

static int64_t clock_step_ns;

static int64_t stepped_unix_ns(void)
{
    return clock_unix_ns() + clock_step_ns;
}

static void start_at(struct client *c, const char *id, int64_t when_ns)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct answer a;
    struct pb_create_instance_request r = {.instance_id = bytes_of_cstr(id),
                                           .name = BYTES_LITERAL("Orc"),
                                           .scheduled_start_timestamp = pb_time_from_ns(when_ns)};
    pb_create_instance_request_encode(&r, &message);
    assert_int_equal(client_ask(c, "StartInstance", buf_peek(&message), &a), STATUS_OK);
    buf_fini(&a.message);
}

static void await_gone(struct service_rig *rig, struct client *c, const char *id)
{
    for (int n = 0; n < 500 && client_status_of(c, id) != -1; n++)
        rig_step(rig, 10);
    assert_int_equal(client_status_of(c, id), -1);
}

/* If this fails, what is over is kept for ever, or deleted before its time, or what runs is deleted (DT-170). */
static void test_retention_deletes_what_is_old_enough(void **state)
{
    struct service_rig *rig = *state;
    static struct client c;
    static struct worker w;
    struct answer a;
    clock_step_ns = 0;
    rig->unix_ns = stepped_unix_ns;
    rig->retention = "completed=0, terminated=1d";
    rig_serve(rig);
    client_open(&c, rig);
    start_at(&c, "stopped", stepped_unix_ns() + 240 * 3600 * NS_PER_S);
    start_at(&c, "runs", stepped_unix_ns() + 240 * 3600 * NS_PER_S);
    assert_int_equal(client_ask_id(&c, "TerminateInstance", "stopped", &a), STATUS_OK);
    assert_int_equal(client_status_of(&c, "stopped"), PB_ORCHESTRATION_STATUS_TERMINATED);
    worker_open(&w, rig, "w1");
    assert_int_equal(client_start_instance(&c, "done", "Orch", &a), STATUS_OK);
    await_gone(rig, &c, "done");
    assert_int_equal(client_status_of(&c, "stopped"), PB_ORCHESTRATION_STATUS_TERMINATED);
    clock_step_ns = 25 * 3600 * NS_PER_S;
    await_gone(rig, &c, "stopped");
    assert_int_equal(client_status_of(&c, "runs"), PB_ORCHESTRATION_STATUS_PENDING);
    client_close(&c);
    client_close(&w.client);
}

static void on_retained(void *context, enum status status, const char *text, struct bytes message)
{
    assert_int_equal(status, STATUS_OK);
    *(bool *)context = true;
}

static void retain(struct service_rig *rig, const char *rules)
{
    bool done = false;
    uint64_t number;
    uint32_t hub = 0;
    struct err err = {0};
    const struct scheduler_asker asker = {.on_done = on_retained, .context = &done};
    assert_int_equal(scheduler_ask_hub(rig->scheduler, (struct bytes){0}, false, &hub, &err), STATUS_OK);
    scheduler_ask_retain(rig->scheduler, hub, bytes_of_cstr(rules), &asker, &number);
    for (int n = 0; n < 500 && !done; n++)
        rig_step(rig, 10);
    assert_true(done);
}

/* If this fails, a hub's own policy deletes nothing, or the settings delete what it keeps (DT-170). */
static void test_a_hub_follows_its_own_rules(void **state)
{
    struct service_rig *rig = *state;
    static struct client c;
    static struct worker w;
    struct answer a;
    clock_step_ns = 0;
    rig->unix_ns = stepped_unix_ns;
    rig->retention = "terminated=0";
    rig_serve(rig);
    client_open(&c, rig);
    retain(rig, "COMPLETED=0d");
    start_at(&c, "stopped", stepped_unix_ns() + 240 * 3600 * NS_PER_S);
    assert_int_equal(client_ask_id(&c, "TerminateInstance", "stopped", &a), STATUS_OK);
    worker_open(&w, rig, "w1");
    assert_int_equal(client_start_instance(&c, "done", "Orch", &a), STATUS_OK);
    await_gone(rig, &c, "done"); /* by a sweep, which would have taken the other, too */
    assert_int_equal(client_status_of(&c, "stopped"), PB_ORCHESTRATION_STATUS_TERMINATED);
    retain(rig, "");
    await_gone(rig, &c, "stopped");
    client_close(&c);
    client_close(&w.client);
}

/* If this fails, a step of the wall clock, ahead or back, is not noticed by a server that runs: what waits
 * for it sleeps on, or for as long again as the step was wide. */
static void test_a_stepped_clock_is_noticed(void **state)
{
    struct service_rig *rig = *state;
    static struct client c;
    static struct worker w;
    rig->unix_ns = stepped_unix_ns;
    clock_step_ns = 0;
    rig_serve(rig);
    client_open(&c, rig);
    worker_open(&w, rig, "w1");
    start_at(&c, "ahead", stepped_unix_ns() + 3600 * NS_PER_S);
    clock_step_ns = 3600 * NS_PER_S;
    client_assert_completes(&c, "ahead");
    clock_step_ns = -3600 * NS_PER_S;
    start_at(&c, "back", stepped_unix_ns() + NS_PER_S / 2);
    client_assert_completes(&c, "back");
    client_close(&w.client);
    client_close(&c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(test_retention_deletes_what_is_old_enough),
        T(test_a_hub_follows_its_own_rules),
        T(test_a_stepped_clock_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
