/* SPDX-License-Identifier: MIT */
/* turn_faults_test.c — what goes wrong in a turn: code that does not fit its history, misuse, other versions,
 * events to nobody, no memory. Linked with --wrap for the allocator. */
#include "lib/allocator.h"
#include "lib/turn_rig.h"
#include "sdk/turn/version.h"

static int changed_code;

static void changing_fn(struct dt_context *ctx, const char *input, void *user)
{
    if (changed_code == 3)
        return;
    if (changed_code == 4)
        (void)dt_await(dt_call_sub_orchestration(ctx, "old", NULL, NULL));
    struct dt_task *task = changed_code == 1
                               ? dt_timer_create(ctx, 5)
                               : dt_call_activity(ctx, changed_code == 2 ? "new" : "old", NULL, NULL);
    (void)dt_await(task);
}

/* Code that no longer fits the history is found out, and the message names the line. */
static void non_determinism(void **state)
{
    for (changed_code = 1; changed_code <= 4; changed_code++) {
        int changed = changed_code;
        orchestrator(changing_fn, NULL);
        start(NULL, NULL);
        changed_code = 0;
        turn();
        changed_code = changed;
        begin_turn();
        task_completed(1, NULL);
        turn();
        const struct pb_task_failure_details *details = assert_failed("NonDeterminismError");
        assert_true(details->is_non_retriable);
        assert_true(contains(details->error_message, "activity 'old' as action 1"));
        assert_true(contains(details->error_message, "non-deterministic"));
        assert_int_equal(action_count(), 1);
        assert_int_equal(contains(details->error_message, "turn_faults_test.c:"), changed != 3);
        start_over(state);
    }
}

static void versions(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        int order;
    } cases[] = {{NULL, NULL, 0},     {NULL, "", -1},          {"1", "1", 0},
                 {"1.9", "1.10", -1}, {"1.0", "1", 1},         {"2", "1.9.9", 1},
                 {"a", "B", -1},      {"1.0-rc", "1.0-RC", 0}, {"", "1", -1}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int order = sdk_version_compare(cases[i].a, cases[i].b);
        assert_int_equal((order > 0) - (order < 0), cases[i].order);
        order = sdk_version_compare(cases[i].b, cases[i].a);
        assert_int_equal((order > 0) - (order < 0), -cases[i].order);
    }
}

/* A worker does not run what is meant for a newer one. */
static void version_match(void **state)
{
    static const struct {
        enum dt_version_match match;
        enum dt_version_failure failure;
        const char *instance;
        enum sdk_turn_end end;
        bool runs;
    } cases[] = {
        {DT_VERSION_MATCH_NONE, DT_VERSION_REJECT, "9", SDK_TURN_RESPOND, true},
        {DT_VERSION_MATCH_STRICT, DT_VERSION_REJECT, "2.0", SDK_TURN_RESPOND, true},
        {DT_VERSION_MATCH_STRICT, DT_VERSION_REJECT, "1.0", SDK_TURN_ABANDON, false},
        {DT_VERSION_MATCH_STRICT, DT_VERSION_FAIL, "1.0", SDK_TURN_RESPOND, false},
        {DT_VERSION_MATCH_CURRENT_OR_OLDER, DT_VERSION_REJECT, "1.0", SDK_TURN_RESPOND, true},
        {DT_VERSION_MATCH_CURRENT_OR_OLDER, DT_VERSION_REJECT, NULL, SDK_TURN_RESPOND, true},
        {DT_VERSION_MATCH_CURRENT_OR_OLDER, DT_VERSION_REJECT, "2.1", SDK_TURN_ABANDON, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        orchestrator(sequence_fn, NULL);
        world->options.version = "2.0";
        world->options.version_match = cases[i].match;
        world->options.version_failure = cases[i].failure;
        start(cases[i].instance, "x");
        if (cases[i].end == SDK_TURN_ABANDON) {
            struct buf out = {0};
            assert_int_equal(run_turn(&out), STATUS_OK);
            assert_int_equal(out.size, 0);
            buf_fini(&out);
        } else {
            turn();
            if (!cases[i].runs)
                assert_true(assert_failed("VersionMismatch")->is_non_retriable);
        }
        assert_int_equal(world->end, cases[i].end);
        start_over(state);
    }
}

static void misuse_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[] = {dt_timer_create(ctx, 1), NULL};
    switch (*(int *)user) {
    case 0:
        (void)dt_call_activity(ctx, NULL, NULL, NULL);
        break;
    case 1:
        (void)dt_call_activity(ctx, "a", "\xff", NULL);
        break;
    case 2:
        (void)dt_when_any(ctx, NULL, 0);
        break;
    case 3:
        dt_set_result(ctx, "\xc0\x80");
        break;
    case 4: {
        struct dt_call_options options = {0};
        (void)dt_call_activity(ctx, "a", NULL, &options);
        break;
    }
    case 5:
        (void)dt_wait_event(ctx, "", -1);
        break;
    case 6:
        (void)dt_when_any(ctx, tasks, 2);
        break;
    case 7:
        (void)dt_when_all(ctx, tasks, 2);
        break;
    case 8:
        dt_send_event(ctx, NULL, "e", NULL);
        break;
    case 9:
        dt_set_failure(ctx, NULL);
        break;
    case 10: {
        struct dt_tag tag = {"key", NULL};
        struct dt_call_options options = DT_INIT(struct dt_call_options);
        options.tags = &tag;
        options.tag_count = 1;
        (void)dt_call_sub_orchestration(ctx, "child", NULL, &options);
        break;
    }
    }
    fail_msg("misuse was accepted");
}

/* A programmer's error in an orchestrator is an error of that orchestration, with its reason. */
static void misuse(void **state)
{
    for (int i = 0; i < 11; i++) {
        orchestrator(misuse_fn, &i);
        start(NULL, NULL);
        turn();
        assert_int_equal(action_count(), 1);
        assert_failed("InvalidOperationError");
        start_over(state);
    }
}

static const char *target;

static void sending_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_send_event(ctx, target, "e", NULL);
    (void)dt_await_result(dt_wait_event(ctx, "go", -1));
}

/* The event went to one instance and would now go to another. */
static void another_target(void **state)
{
    target = "first";
    orchestrator(sending_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_int_equal(action_count(), 1);
    target = "second";
    begin_turn();
    event_raised("go", NULL);
    turn();
    const struct pb_task_failure_details *details = assert_failed("NonDeterminismError");
    assert_true(contains(details->error_message, "'first'"));
    assert_true(contains(details->error_message, "'second'"));
    assert_true(contains(details->error_message, "turn_faults_test.c:"));
}

/* An unregistered name is the orchestration's failure; a history without its start is given back. */
static void unknown(void **state)
{
    start(NULL, NULL);
    turn();
    assert_true(assert_failed("OrchestratorTaskNotFound")->is_non_retriable);
    world->past_count = 0;
    begin_turn();
    struct buf out = {0};
    assert_int_equal(run_turn(&out), STATUS_FAILED_PRECONDITION);
    buf_fini(&out);
}

/* Answers to nobody, twice, or of the wrong kind change nothing. */
static void stray_events(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    task_completed(77, "stray");
    task_completed(-5, "stray");
    timer_fired(1);
    turn();
    begin_turn();
    timer_fired(1);
    task_completed(1, "y");
    task_completed(1, "again");
    task_failed(1, "E", false);
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "say", "y");
}

static void count_up(void *argument)
{
    ++*(int *)argument;
}

static void everything_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_defer(ctx, count_up, user);
    dt_set_custom_status(ctx, "s");
    char uuid[37];
    dt_uuid(ctx, uuid);
    struct dt_retry_policy policy = DT_INIT(struct dt_retry_policy);
    policy.attempts_max = 2;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &policy;
    struct dt_task *tasks[30];
    for (int i = 0; i < 30; i++)
        tasks[i] = dt_call_activity(ctx, "a", dt_alloc(ctx, 8000), &options);
    struct dt_task *event = dt_wait_event(ctx, "e", 1000);
    (void)dt_await(event);
    (void)dt_await(tasks[0]);
    const struct dt_entity_id locked[] = {dt_entity_named("B", dt_alloc(ctx, 8)), dt_entity_named("a", uuid)};
    (void)dt_await(dt_lock_entities(ctx, locked, 2));
    (void)dt_await(dt_call_entity(ctx, locked[0], "op", dt_alloc(ctx, 8000)));
    dt_signal_entity(ctx, dt_entity_named("c", uuid), "op", dt_alloc(ctx, 8000), NULL);
    dt_send_event(ctx, "i", "e", uuid);
    dt_continue_as_new(ctx, uuid, true);
}

/* Whichever allocation fails, the turn says so, runs the deferred functions it knows, and nothing breaks. */
static void every_allocation_fails_once(void **state)
{
    int count = 0;
    orchestrator(everything_fn, &count);
    start(NULL, NULL);
    event_raised("unclaimed", "1");
    event_raised("e", "1");
    turn();
    begin_turn();
    task_failed(1, "E", false);
    turn();
    begin_turn();
    event_raised("unclaimed", "2");
    task_completed(32, "x");
    timer_fired(31);
    timer_fired(32);
    turn();
    const char *section = request_id_of(action_count() - 1);
    begin_turn();
    lock_granted(section);
    turn();
    const char *call = request_id_of(action_count() - 1);
    begin_turn();
    entity_failed(call, "E");
    int failures = 0;
    for (long n = 0;; n++) {
        struct buf out = {0};
        allocator_fail_after(n);
        enum status status = run_turn(&out);
        bool reached = allocator_has_failed();
        allocator_fail_after(-1);
        buf_fini(&out);
        if (!reached) {
            assert_int_equal(status, STATUS_OK);
            break;
        }
        assert_int_equal(status, STATUS_NO_MEMORY);
        failures++;
    }
    assert_true(failures >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(non_determinism), RIG_TEST(another_target),
        RIG_TEST(versions),        RIG_TEST(version_match),
        RIG_TEST(misuse),          RIG_TEST(unknown),
        RIG_TEST(stray_events),    RIG_TEST(every_allocation_fails_once),
    };
    return cmocka_run_group_tests_name("sdk/turn_faults", tests, NULL, NULL);
}
