/* SPDX-License-Identifier: MIT */
/* turn_control_test.c — what comes from outside during a turn: external events, suspension, termination; and
 * continue-as-new, which all of them may meet. */
#include "lib/turn_rig.h"

static void approval_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *approval = dt_wait_event(ctx, "Approval", 60000);
    enum dt_task_state end = dt_await(approval);
    dt_set_result(ctx, end == DT_TASK_TIMED_OUT ? "timed out" : dt_task_result(approval));
}

/* The event wins; its time-out that fires later changes nothing. */
static void event_in_time(void **state)
{
    orchestrator(approval_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_timer(0, 1, START_NS + 61 * SECOND_NS);
    begin_turn();
    event_raised("other", "1");
    event_raised("aPPROVAL", "true");
    timer_fired(1);
    turn();
    assert_completed("true");
}

/* The time-out wins; the late event is not taken. */
static void event_too_late(void **state)
{
    orchestrator(approval_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    timer_fired(1);
    event_raised("Approval", "true");
    turn();
    assert_completed("timed out");
}

/* An event that came before anybody waited is kept, and no timer is made for it. */
static void event_early(void **state)
{
    orchestrator(approval_fn, NULL);
    start(NULL, NULL);
    /* As the service sends it: raised while pending, ordered behind the start. */
    event_raised("Approval", "\"early\"");
    turn();
    assert_int_equal(action_count(), 1);
    assert_completed("\"early\"");
}

static void many_events_fn(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await_result(dt_call_activity(ctx, "a", NULL, NULL));
    struct dt_task *events[] = {dt_wait_event(ctx, "e", -1), dt_wait_event(ctx, "e", -1),
                                dt_wait_event(ctx, "e", -1)};
    dt_task_cancel(events[1]);
    const char *first = dt_await_result(events[0]);
    const char *third = dt_await_result(events[2]);
    assert_int_equal(dt_await(events[1]), DT_TASK_CANCELLED);
    dt_set_result(ctx, dt_format(ctx, "%s%s", first, third));
}

/* Events go to the waits in order, past a wait that was given up. */
static void events_first_come(void **state)
{
    orchestrator(many_events_fn, NULL);
    start(NULL, NULL);
    event_raised("e", "1");
    turn();
    begin_turn();
    task_completed(1, NULL);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    event_raised("E", "2");
    turn();
    assert_completed("12");
}

static void ten_events_fn(struct dt_context *ctx, const char *input, void *user)
{
    char *all = dt_alloc(ctx, 11);
    for (int i = 0; i < 10; i++)
        all[i] = *dt_await_result(dt_wait_event(ctx, "digit", -1));
    dt_set_result(ctx, all);
}

/* Events of one name keep their order, whether they come before or during the wait, suspended or not. */
static void events_keep_order(void **state)
{
    orchestrator(ten_events_fn, NULL);
    start(NULL, NULL);
    event_raised("digit", "0");
    event_raised("Digit", "1");
    event_raised("DIGIT", "2");
    turn();
    begin_turn();
    suspended();
    event_raised("digit", "3");
    event_raised("digit", "4");
    turn();
    begin_turn();
    event_raised("digit", "5");
    turn();
    begin_turn();
    resumed();
    event_raised("digit", "6");
    turn();
    begin_turn();
    event_raised("digit", "7");
    event_raised("digit", "8");
    event_raised("digit", "9");
    turn();
    assert_completed("0123456789");
}

static void timed_twice_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *first = dt_wait_event(ctx, "e", 0);
    assert_int_equal(dt_await(first), DT_TASK_TIMED_OUT);
    assert_null(dt_task_result(first));
    dt_set_result(ctx, dt_await_result(dt_wait_event(ctx, "e", 5000)));
}

/* A wait that timed out takes nothing from the next one; its late event is the next one's. */
static void event_after_time_out(void **state)
{
    orchestrator(timed_twice_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_timer(0, 1, world->now_ns);
    begin_turn();
    timer_fired(1);
    turn();
    assert_timer(0, 2, world->now_ns + 5 * SECOND_NS);
    begin_turn();
    event_raised("e", "late");
    turn();
    assert_completed("late");
}

static void forever_fn(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await_result(dt_wait_event(ctx, "next", -1));
    dt_send_event(ctx, "listener", "tick", input);
    dt_continue_as_new(ctx, "2", user != NULL);
}

/* The next generation gets its input and, if asked for, the events that nobody took, in order. */
static void continue_as_new(void **state)
{
    for (int keep = 0; keep < 2; keep++) {
        orchestrator(forever_fn, keep ? world : NULL);
        start(NULL, "1");
        event_raised("early", "a");
        event_raised("next", "b");
        event_raised("later", "c");
        turn();
        assert_int_equal(action_count(), 2);
        assert_int_equal(action(0)->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_SEND_EVENT);
        const struct pb_complete_orchestration_action *c =
            completion(PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW);
        assert_text(c->result.value, "2");
        assert_int_equal(c->carryover_events_count, keep ? 2 : 0);
        if (keep) {
            assert_text(c->carryover_events[0].event_raised->name, "early");
            assert_text(c->carryover_events[1].event_raised->name, "later");
        }
        start_over(state);
    }
}

/* A termination that arrives together with the reason to continue is not lost. */
static void termination_beats_continue_as_new(void **state)
{
    orchestrator(forever_fn, NULL);
    start(NULL, NULL);
    event_raised("next", NULL);
    terminated("stop");
    turn();
    assert_int_equal(action_count(), 1);
    assert_text(completion(PB_ORCHESTRATION_STATUS_TERMINATED)->result.value, "stop");
}

/* The same for a suspension: the next generation starts after the resumption. */
static void suspension_delays_continue_as_new(void **state)
{
    orchestrator(forever_fn, NULL);
    start(NULL, NULL);
    event_raised("next", NULL);
    suspended();
    turn();
    assert_int_equal(action_count(), 1);
    assert_int_equal(action(0)->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_SEND_EVENT);
    begin_turn();
    resumed();
    turn();
    assert_int_equal(action_count(), 1);
    completion(PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW);
}

/* While suspended nothing is decided; after it everything is taken up in order. */
static void suspend_resume(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    turn();
    begin_turn();
    suspended();
    task_completed(1, "y");
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    event_raised("whatever", NULL);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    resumed();
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "say", "y");
    begin_turn();
    task_completed(2, "z");
    turn();
    assert_completed("yz");
}

/* What was decided just before the suspension of the same batch is sent once. */
static void suspend_after_decision(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    suspended();
    turn();
    assert_int_equal(action_count(), 1);
    begin_turn();
    event_raised("whatever", NULL);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    resumed();
    task_completed(1, "y");
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "say", "y");
}

/* A termination ends running, suspended and not yet begun orchestrations, with its output. */
static void terminate_anywhere(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    terminated("\"why\"");
    turn();
    assert_int_equal(action_count(), 1);
    assert_text(completion(PB_ORCHESTRATION_STATUS_TERMINATED)->result.value, "\"why\"");

    start_over(state);
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    turn();
    begin_turn();
    suspended();
    turn();
    begin_turn();
    terminated(NULL);
    turn();
    assert_false(completion(PB_ORCHESTRATION_STATUS_TERMINATED)->result.present);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(event_in_time),
        RIG_TEST(event_too_late),
        RIG_TEST(event_early),
        RIG_TEST(events_first_come),
        RIG_TEST(events_keep_order),
        RIG_TEST(event_after_time_out),
        RIG_TEST(continue_as_new),
        RIG_TEST(termination_beats_continue_as_new),
        RIG_TEST(suspension_delays_continue_as_new),
        RIG_TEST(suspend_resume),
        RIG_TEST(suspend_after_decision),
        RIG_TEST(terminate_anywhere),
    };
    return cmocka_run_group_tests_name("sdk/turn_control", tests, NULL, NULL);
}
