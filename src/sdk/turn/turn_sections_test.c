/* SPDX-License-Identifier: MIT */
/* turn_sections_test.c — critical sections: asked for in one order, and given back on every way out. A lock that is not
 * given back stops its entities for everybody, for ever. */
#include "lib/turn_rig.h"

#define LOCKED   PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED
#define UNLOCKED PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_UNLOCK_SENT
#define CALLED   PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED

enum way { BY_UNLOCK, BY_RETURN, BY_FAILURE, BY_CONTINUE, BY_MISUSE, BY_WAITING };

static enum way way;

static struct dt_task *lock_two(struct dt_context *ctx)
{
    const struct dt_entity_id accounts[] = {dt_entity_named("account", "b"), dt_entity_named("account", "a"),
                                            dt_entity_named("Account", "b")};
    return dt_lock_entities(ctx, accounts, ARRAY_SIZE(accounts));
}

static void section_fn(struct dt_context *ctx, const char *input, void *user)
{
    assert_false(dt_entities_locked(ctx));
    (void)dt_await(lock_two(ctx));
    assert_true(dt_entities_locked(ctx));
    switch (way) {
    case BY_UNLOCK:
        dt_unlock_entities(ctx);
        assert_false(dt_entities_locked(ctx));
        dt_unlock_entities(ctx); /* no effect */
        (void)dt_await(dt_call_activity(ctx, "say", NULL, NULL));
        break;
    case BY_RETURN:
        break;
    case BY_FAILURE:
        dt_fail(ctx, "Broke", "in the middle");
    case BY_CONTINUE:
        dt_continue_as_new(ctx, "again", false);
    case BY_MISUSE:
        (void)dt_call_activity(ctx, "", NULL, NULL);
        break;
    case BY_WAITING:
        (void)dt_await(dt_call_activity(ctx, "say", NULL, NULL));
        break;
    }
}

/* Asks and is granted; returns the id of the section. */
static const char *enter(enum way leave_by)
{
    way = leave_by;
    orchestrator(section_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_int_equal(action_count(), 1);
    const struct pb_entity_lock_requested_event *request =
        entity_message(0, 1, LOCKED)->entity_lock_requested;
    assert_int_equal(request->lock_set_count, 2);
    assert_text(request->lock_set[0], "@account@a");
    assert_text(request->lock_set[1], "@account@b");
    assert_int_equal(request->position, 0);
    assert_text(request->parent_instance_id.value, "instance");
    const char *id = request_id_of(0);
    begin_turn();
    lock_granted(id);
    turn();
    return id;
}

static void assert_unlocks(size_t first, int32_t first_id, const char *section)
{
    static const char *const targets[] = {"@account@a", "@account@b"};
    for (size_t i = 0; i < 2; i++) {
        const struct pb_entity_unlock_sent_event *unlock =
            entity_message(first + i, first_id + (int32_t)i, UNLOCKED)->entity_unlock_sent;
        assert_text(unlock->critical_section_id, section);
        assert_text(unlock->target_instance_id.value, targets[i]);
        assert_text(unlock->parent_instance_id.value, "instance");
    }
}

static void unlocked(void **state)
{
    const char *id = enter(BY_UNLOCK);
    assert_int_equal(action_count(), 3);
    assert_unlocks(0, 2, id);
    assert_activity(2, 4, "say", NULL);
    begin_turn();
    task_completed(4, NULL);
    turn();
    assert_int_equal(action_count(), 1); /* they are not given back twice */
    assert_completed(NULL);
}

static void every_way_out(void **state)
{
    static const struct {
        enum way way;
        int32_t status;
    } ways[] = {{BY_RETURN, PB_ORCHESTRATION_STATUS_COMPLETED},
                {BY_FAILURE, PB_ORCHESTRATION_STATUS_FAILED},
                {BY_CONTINUE, PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW},
                {BY_MISUSE, PB_ORCHESTRATION_STATUS_FAILED}};
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        const char *id = enter(ways[i].way);
        assert_int_equal(action_count(), 3);
        assert_unlocks(0, 2, id);
        assert_int_equal(action(2)->id, 4);
        (void)completion(ways[i].status);
        start_over(state);
    }
}

/* Termination forgets what the code has decided in this turn, but not what it holds. */
static void terminated_inside(void **state)
{
    const char *id = enter(BY_WAITING);
    assert_int_equal(action_count(), 1);
    begin_turn();
    terminated("stopped");
    turn();
    assert_int_equal(action_count(), 3);
    assert_unlocks(0, 3, id);
    (void)completion(PB_ORCHESTRATION_STATUS_TERMINATED);
}

/* Not yet granted: the service takes the request back with the orchestration. */
static void terminated_before_grant(void **state)
{
    way = BY_RETURN;
    orchestrator(section_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    terminated(NULL);
    turn();
    assert_int_equal(action_count(), 1);
}

static void giving_up_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *race[] = {lock_two(ctx), dt_timer_create(ctx, 1000)};
    if (dt_when_any(ctx, race, 2) == 1)
        dt_task_cancel(race[0]);
    (void)dt_wait_event(ctx, "other", -1);
    (void)dt_await(dt_wait_event(ctx, "go", -1));
    struct dt_entity_id again = dt_entity_named("account", "a");
    (void)dt_await(dt_lock_entities(ctx, &again, 1));
}

/* Whoever no longer waits when the locks come gives them back at once, and may ask for others meanwhile. */
static void cancelled_before_grant(void **state)
{
    orchestrator(giving_up_fn, NULL);
    start(NULL, NULL);
    turn();
    const char *id = request_id_of(0);
    begin_turn();
    timer_fired(2);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    event_raised("go", NULL);
    turn();
    assert_int_equal(action_count(), 1);
    (void)entity_message(0, 3, LOCKED);
    const char *second = request_id_of(0);
    begin_turn();
    lock_granted(id);
    turn();
    assert_int_equal(action_count(), 2);
    assert_unlocks(0, 4, id);
    begin_turn();
    lock_granted("nobody's");
    lock_granted(second);
    turn();
    assert_int_equal(action_count(), 2);
    (void)entity_message(0, 6, UNLOCKED);
    assert_completed(NULL);
}

static void inside_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_entity_id a = dt_entity_named("account", "a");
    (void)dt_await(lock_two(ctx));
    switch (*input) {
    case '0':
        (void)lock_two(ctx);
        break;
    case '1':
        (void)dt_call_entity(ctx, dt_entity_named("account", "c"), "get", NULL);
        break;
    case '2':
        (void)dt_call_entity(ctx, a, "get", NULL);
        (void)dt_call_entity(ctx, a, "get", NULL);
        break;
    case '3':
        dt_signal_entity(ctx, a, "get", NULL, NULL);
        break;
    case '4':
        (void)dt_call_sub_orchestration(ctx, "child", NULL, NULL);
        break;
    default:
        dt_signal_entity(ctx, dt_entity_named("account", "c"), "get", NULL, NULL);
        (void)dt_await(dt_call_entity(ctx, a, "get", NULL));
        (void)dt_await(dt_call_entity(ctx, a, "get", NULL));
        dt_unlock_entities(ctx);
        (void)dt_await(dt_call_entity(ctx, dt_entity_named("account", "c"), "get", NULL));
        break;
    }
}

/* What could wait for itself, or run beside itself, is refused by name. */
static void rules_inside(void **state)
{
    static const char *const texts[] = {"locked already", "others are locked", "last call has not ended",
                                        "do not signal", "sub-orchestration"};
    for (int i = 0; i < (int)ARRAY_SIZE(texts); i++) {
        const char input[] = {(char)('0' + i), '\0'};
        orchestrator(inside_fn, NULL);
        start(NULL, input);
        turn();
        const char *id = request_id_of(0);
        begin_turn();
        lock_granted(id);
        turn();
        const struct pb_task_failure_details *details = assert_failed("InvalidOperationError");
        if (!contains(details->error_message, texts[i]))
            fail_msg("%.*s: no '%s'", BYTES_FMT(details->error_message), texts[i]);
        assert_unlocks(0, i == 2 ? 3 : 2, id); /* behind the call that is forgotten */
        start_over(state);
    }
}

static void calls_inside(void **state)
{
    orchestrator(inside_fn, NULL);
    start(NULL, "x");
    turn();
    const char *id = request_id_of(0);
    begin_turn();
    lock_granted(id);
    turn();
    assert_int_equal(action_count(), 2); /* a signal to another, and the first call */
    for (int32_t call = 3; call <= 4; call++) {
        (void)entity_message(action_count() - 1, call, CALLED);
        const char *request = request_id_of(action_count() - 1);
        begin_turn();
        entity_completed(request, NULL);
        turn();
    }
    assert_int_equal(action_count(), 3); /* two unlocks, then a call outside */
    assert_unlocks(0, 5, id);
    const char *last = request_id_of(2);
    begin_turn();
    entity_completed(last, NULL);
    turn();
    assert_completed(NULL);
}

/* A rewind keeps the unlocks of the failure in the history: to go on as if the locks were held would be wrong. */
static void rewound_after_unlock(void **state)
{
    const char *id = enter(BY_FAILURE);
    assert_non_null(id);
    world->past_count--; /* no completion was recorded; the last unlock stays away, the first is there */
    way = BY_WAITING;
    begin_turn();
    turn();
    (void)assert_failed("NonDeterminismError");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(unlocked),     RIG_TEST(every_way_out),           RIG_TEST(terminated_inside),
        RIG_TEST(rules_inside), RIG_TEST(terminated_before_grant), RIG_TEST(cancelled_before_grant),
        RIG_TEST(calls_inside), RIG_TEST(rewound_after_unlock),
    };
    return cmocka_run_group_tests_name("sdk/turn_sections", tests, NULL, NULL);
}
