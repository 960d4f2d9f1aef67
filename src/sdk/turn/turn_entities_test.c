/* SPDX-License-Identifier: MIT */
/* turn_entities_test.c — an orchestration that calls and signals entities: what it sends, how it goes on by their answers,
 * and what of it must be the same in each replay. */
#include "lib/turn_rig.h"

#define CALLED   PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED
#define SIGNALED PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED

static void call_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_entity_id counter = dt_entity_named("Counter", "A");
    dt_signal_entity(ctx, counter, "add", "1", NULL);
    dt_set_result(ctx, dt_await_result(dt_call_entity(ctx, counter, "get", input)));
}

/* Without an id and an address of its own a call is never answered. */
static void call_and_signal(void **state)
{
    orchestrator(call_fn, NULL);
    start(NULL, "x");
    turn();
    assert_int_equal(action_count(), 2);
    const struct pb_entity_operation_signaled_event *signal =
        entity_message(0, 1, SIGNALED)->entity_operation_signaled;
    assert_text(signal->operation, "add");
    assert_text(signal->input.value, "1");
    assert_text(signal->target_instance_id.value, "@counter@A");
    assert_int_equal(signal->request_id.size, 36);
    assert_false(signal->scheduled_time.present);

    const struct pb_entity_operation_called_event *call =
        entity_message(1, 2, CALLED)->entity_operation_called;
    assert_text(call->operation, "get");
    assert_text(call->input.value, "x");
    assert_text(call->target_instance_id.value, "@counter@A");
    assert_text(call->parent_instance_id.value, "instance");
    assert_text(call->parent_execution_id.value, "0123456789abcdef0123456789abcdef");
    assert_int_equal(call->request_id.size, 36);
    assert_false(bytes_equal(call->request_id, signal->request_id));

    const char *id = request_id_of(1);
    begin_turn();
    entity_completed("somebody else's", "0");
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    entity_completed(id, "41");
    entity_completed(id, "42"); /* a duplicate */
    turn();
    assert_completed("41");
}

static void fan_out_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = dt_call_entity(ctx, dt_entity_named("c", dt_format(ctx, "%d", i)), "get", NULL);
    dt_task_cancel(tasks[1]);
    (void)dt_when_all(ctx, tasks, 3);
    dt_set_result(ctx, dt_format(ctx, "%s%s", dt_task_result(tasks[0]), dt_task_result(tasks[2])));
}

/* Answers come in any order, and under the ids that are recorded. */
static void answers_out_of_order(void **state)
{
    orchestrator(fan_out_fn, NULL);
    start(NULL, NULL);
    turn();
    const char *ids[] = {request_id_of(0), request_id_of(1), request_id_of(2)};
    begin_turn();
    entity_completed(ids[2], "c");
    entity_completed(ids[1], "b");
    entity_completed(ids[0], "a");
    turn();
    assert_completed("ac");
}

/* A service that rounds times makes the code's own ids differ in the replay: the recorded one counts. */
static void recorded_id_counts(void **state)
{
    orchestrator(call_fn, NULL);
    start(NULL, "x");
    turn();
    for (size_t i = 0; i < world->past_count; i++)
        if (world->past[i].event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED)
            world->past[i].entity_operation_called->request_id = text("as recorded");
    begin_turn();
    entity_completed("as recorded", NULL);
    turn();
    assert_completed(NULL);
}

static void failing_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *task = dt_call_entity(ctx, dt_entity_named("c", ""), "get", NULL);
    if (dt_await(task) == DT_TASK_FAILED)
        dt_set_result(ctx, dt_task_failure(task)->type);
}

static void failures(void **state)
{
    static const char *const cases[][2] = {{"BadOperation", "BadOperation"}, {NULL, "UnknownError"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        orchestrator(failing_fn, NULL);
        start(NULL, NULL);
        turn();
        const char *id = request_id_of(0);
        begin_turn();
        entity_failed(id, cases[i][0]);
        turn();
        assert_completed(cases[i][1]);
        start_over(state);
    }
}

/* While it is suspended the orchestration does not learn of an answer; afterwards it does. */
static void held_while_suspended(void **state)
{
    orchestrator(call_fn, NULL);
    start(NULL, "x");
    turn();
    const char *id = request_id_of(1);
    begin_turn();
    suspended();
    entity_completed(id, "5");
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    resumed();
    turn();
    assert_completed("5");
}

static void later_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_signal_options options = DT_INIT(struct dt_signal_options);
    options.at_ns = dt_now_ns(ctx) + SECOND_NS;
    dt_signal_entity(ctx, dt_entity_named("c", "k"), "tick", NULL, &options);
}

static void scheduled_signal(void **state)
{
    orchestrator(later_fn, NULL);
    start(NULL, NULL);
    turn();
    const struct pb_entity_operation_signaled_event *signal =
        entity_message(0, 1, SIGNALED)->entity_operation_signaled;
    assert_int_equal(pb_time_to_ns(signal->scheduled_time), START_NS + 2 * SECOND_NS);
    assert_false(signal->input.present);
    assert_completed(NULL);
}

static int changed;

static void changing_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_entity_id entity = dt_entity_named("c", changed == 1 ? "other" : "k");
    const char *operation = changed == 2 ? "other" : "get";
    if (changed == 3)
        dt_signal_entity(ctx, entity, operation, NULL, NULL);
    if (changed == 4)
        (void)dt_lock_entities(ctx, &entity, 1);
    if (changed == 5)
        return;
    (void)dt_await(dt_call_entity(ctx, entity, operation, NULL));
}

/* Another entity, operation or kind of message than the history holds is another program. */
static void non_determinism(void **state)
{
    for (int i = 1; i <= 5; i++) {
        changed = 0;
        orchestrator(changing_fn, NULL);
        start(NULL, NULL);
        turn();
        changed = i;
        begin_turn();
        turn();
        const struct pb_task_failure_details *details = assert_failed("NonDeterminismError");
        assert_true(contains(details->error_message, "call of an entity 'get'"));
        start_over(state);
    }
}

static int misuse;

static void misusing_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_signal_options no_size = {0};
    switch (misuse) {
    case 0:
        (void)dt_call_entity(ctx, dt_entity_named("", "k"), "get", NULL);
        break;
    case 1:
        (void)dt_call_entity(ctx, dt_entity_named("c@d", "k"), "get", NULL);
        break;
    case 2:
        (void)dt_call_entity(ctx, dt_entity_named("c", NULL), "get", NULL);
        break;
    case 3:
        dt_signal_entity(ctx, dt_entity_named("c", "k"), NULL, NULL, NULL);
        break;
    case 4:
        dt_signal_entity(ctx, dt_entity_named("c", "k"), "get", "\xff", NULL);
        break;
    case 5:
        dt_signal_entity(ctx, dt_entity_named("c", "k"), "get", NULL, &no_size);
        break;
    default:
        (void)dt_lock_entities(ctx, NULL, 0);
        break;
    }
}

static void misuses(void **state)
{
    for (misuse = 0; misuse < 7; misuse++) {
        orchestrator(misusing_fn, NULL);
        start(NULL, NULL);
        turn();
        const struct pb_task_failure_details *details = assert_failed("InvalidOperationError");
        assert_true(contains(details->error_message, "turn_entities_test.c:"));
        assert_int_equal(action_count(), 1);
        start_over(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(call_and_signal),      RIG_TEST(answers_out_of_order),
        RIG_TEST(recorded_id_counts),   RIG_TEST(failures),
        RIG_TEST(held_while_suspended), RIG_TEST(scheduled_signal),
        RIG_TEST(non_determinism),      RIG_TEST(misuses),
    };
    return cmocka_run_group_tests_name("sdk/turn_entities", tests, NULL, NULL);
}
