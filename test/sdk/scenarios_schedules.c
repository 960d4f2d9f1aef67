/* SPDX-License-Identifier: MIT */
/* Schedules, by the calls that block and by those that do not. If this fails, a program that must not block cannot make,
 * change or read a schedule, or is never told how that ended. */
#include "scenario_rig.h"

#include <semaphore.h>
#include <time.h>
#include <unistd.h>

struct outcome {
    sem_t over;
    enum dt_status status;
    char text[256];
    struct dt_schedule *schedule; /* of a read; NULL: none */
    atomic_int replies;
};

static void on_outcome(const struct dt_reply *reply, void *context)
{
    struct outcome *outcome = context;
    outcome->status = dt_reply_status(reply);
    snprintf(outcome->text, sizeof outcome->text, "%s", dt_reply_text(reply));
    const struct dt_entity *entity = dt_reply_entity(reply);
    if (entity && dt_schedule_of(entity, &outcome->schedule) != DT_OK)
        outcome->schedule = NULL;
    atomic_fetch_add(&outcome->replies, 1);
    sem_post(&outcome->over);
}

static void outcome_init(struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    assert_int_equal(sem_init(&outcome->over, 0, 0), 0);
}

/* Waits for the call that has just been started. */
static void expect(struct outcome *outcome, enum dt_status started, enum dt_status wanted)
{
    assert_int_equal(started, DT_OK);
    while (sem_wait(&outcome->over) != 0)
        ; /* a signal came; the call's own time limit ends it */
    if (outcome->status != wanted)
        fail_msg("%s instead of %s: %s", dt_status_name(outcome->status), dt_status_name(wanted),
                 outcome->text);
}

static struct dt_schedule_options hourly(void)
{
    struct dt_schedule_options options = DT_INIT(struct dt_schedule_options);
    options.orchestration = "sequence";
    options.interval_ms = 3600000;
    return options;
}

/* A schedule of this process alone. */
static const char *named(char name[64], const char *kind)
{
    snprintf(name, 64, "%s-%lld", kind, (long long)time(NULL) * 1000000 + getpid());
    return name;
}

static void expect_info(struct outcome *outcome, const char *id, enum dt_schedule_status status,
                        int64_t interval_ms)
{
    expect(outcome, dt_client_get_schedule_async(client, id, on_outcome, outcome), DT_OK);
    assert_non_null(outcome->schedule);
    struct dt_schedule_info info = DT_INIT(struct dt_schedule_info);
    dt_schedule_read(outcome->schedule, &info);
    assert_string_equal(info.id, id);
    assert_string_equal(info.orchestration, "sequence");
    assert_int_equal(info.status, status);
    assert_true(info.interval_ms == interval_ms);
    dt_schedule_destroy(outcome->schedule);
    outcome->schedule = NULL;
}

static void test_life_without_blocking(void **state)
{
    char id[64];
    struct outcome outcome;
    struct dt_schedule_options options = hourly();
    outcome_init(&outcome);
    named(id, "nightly");
    expect(&outcome, dt_client_create_schedule_async(client, id, &options, WAIT_MS, on_outcome, &outcome),
           DT_OK);
    expect_info(&outcome, id, DT_SCHEDULE_ACTIVE, 3600000);

    struct dt_schedule_options half = DT_INIT(struct dt_schedule_options);
    half.interval_ms = 1800000;
    expect(&outcome, dt_client_update_schedule_async(client, id, &half, WAIT_MS, on_outcome, &outcome),
           DT_OK);
    expect(&outcome, dt_client_pause_schedule_async(client, id, WAIT_MS, on_outcome, &outcome), DT_OK);
    expect_info(&outcome, id, DT_SCHEDULE_PAUSED, 1800000);
    expect(&outcome, dt_client_pause_schedule_async(client, id, WAIT_MS, on_outcome, &outcome),
           DT_FAILED_PRECONDITION);
    assert_non_null(strstr(outcome.text, "paused"));

    expect(&outcome, dt_client_resume_schedule_async(client, id, WAIT_MS, on_outcome, &outcome), DT_OK);
    expect_info(&outcome, id, DT_SCHEDULE_ACTIVE, 1800000);
    expect(&outcome, dt_client_delete_schedule_async(client, id, WAIT_MS, on_outcome, &outcome), DT_OK);
    struct dt_schedule *gone = NULL;
    struct dt_error error;
    assert_int_equal(dt_client_get_schedule(client, id, &gone, &error), DT_NOT_FOUND);
    sem_destroy(&outcome.over);
}

static void test_what_cannot_be_is_not_started(void **state)
{
    struct outcome outcome;
    struct dt_schedule_options options = hourly(), none = DT_INIT(struct dt_schedule_options);
    outcome_init(&outcome);
    const enum dt_status refused = DT_INVALID_ARGUMENT;
    assert_int_equal(dt_client_create_schedule_async(client, "x", &options, 0, NULL, NULL), refused);
    assert_int_equal(dt_client_create_schedule_async(NULL, "x", &options, 0, on_outcome, &outcome), refused);
    assert_int_equal(dt_client_create_schedule_async(client, "", &options, 0, on_outcome, &outcome), refused);
    assert_int_equal(dt_client_create_schedule_async(client, "x", &none, 0, on_outcome, &outcome), refused);
    assert_int_equal(dt_client_update_schedule_async(client, "x", NULL, 0, on_outcome, &outcome), refused);
    assert_int_equal(dt_client_pause_schedule_async(client, NULL, 0, on_outcome, &outcome), refused);
    assert_int_equal(dt_client_get_schedule_async(client, "", on_outcome, &outcome), refused);
    assert_int_equal(outcome.replies, 0);
    sem_destroy(&outcome.over);
}

/* Without a worker a change ends by its time limit, or with its client: in either case once. */
static void test_without_a_worker(void **state)
{
    char id[64];
    struct outcome outcome;
    struct dt_schedule_options options = hourly();
    struct dt_error error;
    dt_worker_destroy(worker);
    worker = NULL;
    outcome_init(&outcome);
    named(id, "unserved");
    expect(&outcome, dt_client_create_schedule_async(client, id, &options, 300, on_outcome, &outcome),
           DT_DEADLINE_EXCEEDED);
    assert_int_equal(dt_client_pause_schedule(client, id, 300, &error), DT_DEADLINE_EXCEEDED);

    const int64_t long_ms = lacks("endless-waits") ? 600000 : -1;
    struct dt_connect_options connect = connect_options();
    struct dt_client *other;
    check(dt_client_create(&connect, &other, &error), &error);
    enum dt_status started =
        dt_client_create_schedule_async(other, id, &options, long_ms, on_outcome, &outcome);
    sleep_ms(200); /* so that most often the operation has been started, and is waited for */
    dt_client_destroy(other);
    expect(&outcome, started, DT_CANCELLED);
    assert_int_equal(outcome.replies, 2);
    sem_destroy(&outcome.over);
}

int run_schedule_scenarios(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_life_without_blocking),
        RIG_TEST(test_what_cannot_be_is_not_started),
        RIG_TEST(test_without_a_worker),
    };
    if (lacks("entities"))
        return 0;
    return cmocka_run_group_tests_name("schedules", tests, NULL, NULL);
}
