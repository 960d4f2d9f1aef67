/* SPDX-License-Identifier: MIT */
/* turn_rewind_test.c — a service that has its workers rewrite the history of what it rewinds. What is dropped too much is
 * done twice; what is dropped too little fails again. */
#include "lib/turn_rig.h"

static int runs;

static void failing_fn(struct dt_context *ctx, const char *input, void *user)
{
    runs++;
    (void)dt_await_result(dt_call_activity(ctx, "good", NULL, NULL));
    struct dt_task *tasks[] = {dt_call_activity(ctx, "bad", NULL, NULL),
                               dt_call_sub_orchestration(ctx, "child", NULL, NULL)};
    (void)dt_when_all(ctx, tasks, 2);
    (void)dt_await_result(tasks[0]);
}

static struct pb_history_event *add_event(struct pb_history_event *events, size_t *count, int32_t id,
                                          enum pb_history_event_case kind)
{
    events[*count] = (struct pb_history_event){.event_id = id, .event_type_case = kind};
    return &events[(*count)++];
}

/* Fails; then the service sends the completion with the past, and the wish. */
static void fail_and_ask(const char *parent_execution_id)
{
    runs = 0;
    orchestrator(failing_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    task_completed(1, NULL);
    turn();
    begin_turn();
    task_failed(2, "Down", false);
    child_failed(3, "Down");
    turn();
    (void)assert_failed("TaskFailedError");
    struct pb_execution_completed_event *completed = memory(sizeof *completed);
    completed->orchestration_status = PB_ORCHESTRATION_STATUS_FAILED;
    add_event(world->past, &world->past_count, 4, PB_HISTORY_EVENT_EXECUTION_COMPLETED)->execution_completed =
        completed;
    begin_turn();
    struct pb_execution_rewound_event *rewound = memory(sizeof *rewound);
    if (parent_execution_id)
        rewound->parent_execution_id = pb_some(text(parent_execution_id));
    add_event(world->new, &world->new_count, -1, PB_HISTORY_EVENT_EXECUTION_REWOUND)->execution_rewound =
        rewound;
}

static void new_history(void **state)
{
    fail_and_ask(NULL);
    int before = runs;
    turn();
    assert_int_equal(runs, before); /* the orchestrator is not asked */
    assert_int_equal(action_count(), 1);
    assert_int_equal(action(0)->id, -1);
    assert_int_equal(action(0)->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_REWIND_ORCHESTRATION);
    const struct pb_rewind_orchestration_action *rewind = action(0)->rewind_orchestration;
    static const enum pb_history_event_case kept[] = {
        PB_HISTORY_EVENT_ORCHESTRATOR_STARTED, PB_HISTORY_EVENT_EXECUTION_STARTED,
        PB_HISTORY_EVENT_TASK_SCHEDULED,       PB_HISTORY_EVENT_ORCHESTRATOR_STARTED,
        PB_HISTORY_EVENT_TASK_COMPLETED,       PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED,
        PB_HISTORY_EVENT_ORCHESTRATOR_STARTED, PB_HISTORY_EVENT_ORCHESTRATOR_STARTED,
        PB_HISTORY_EVENT_EXECUTION_REWOUND,
    };
    assert_int_equal(rewind->new_history_count, ARRAY_SIZE(kept));
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        assert_int_equal(rewind->new_history[i].event_type_case, kept[i]);
    const struct pb_execution_started_event *started = rewind->new_history[1].execution_started;
    assert_text(started->orchestration_instance->instance_id, "instance");
    assert_int_equal(started->orchestration_instance->execution_id.value.size, 32);
    assert_null(started->parent_instance);
    assert_text(started->name, "main");

    /* And with that history it goes on: what failed is scheduled again. */
    memcpy(world->past, rewind->new_history, rewind->new_history_count * sizeof world->past[0]);
    world->past_count = rewind->new_history_count;
    begin_turn();
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "bad", NULL);
}

/* The child of something rewound answers to the parent's new execution. */
static void child_of_rewound(void **state)
{
    fail_and_ask("new");
    struct pb_parent_instance_info parent = {
        .task_scheduled_id = 7,
        .orchestration_instance = &(struct pb_orchestration_instance){.instance_id = text("parent"),
                                                                      .execution_id = pb_some(text("old"))}};
    for (size_t i = 0; i < world->past_count; i++)
        if (world->past[i].event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED)
            world->past[i].execution_started->parent_instance = &parent;
    turn();
    const struct pb_execution_started_event *started =
        action(0)->rewind_orchestration->new_history[1].execution_started;
    assert_text(started->parent_instance->orchestration_instance->execution_id.value, "new");
    assert_text(started->parent_instance->orchestration_instance->instance_id, "parent");
    assert_int_equal(started->parent_instance->task_scheduled_id, 7);
    assert_text(parent.orchestration_instance->execution_id.value,
                "old"); /* the request is not written into */
}

/* Without a completion in the past the service has rewritten the history already: the mark is passed over. */
static void mark_without_completion(void **state)
{
    fail_and_ask(NULL);
    size_t kept = 0;
    for (size_t i = 0; i < world->past_count; i++) {
        enum pb_history_event_case kind = world->past[i].event_type_case;
        bool failed = kind == PB_HISTORY_EVENT_TASK_FAILED || kind == PB_HISTORY_EVENT_EXECUTION_COMPLETED ||
                      kind == PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED ||
                      (kind == PB_HISTORY_EVENT_TASK_SCHEDULED && world->past[i].event_id == 2);
        if (!failed)
            world->past[kept++] = world->past[i];
    }
    world->past_count = kept;
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "bad", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {RIG_TEST(new_history), RIG_TEST(child_of_rewound),
                                       RIG_TEST(mark_without_completion)};
    return cmocka_run_group_tests_name("sdk/turn_rewind", tests, NULL, NULL);
}
