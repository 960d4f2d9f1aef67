/* SPDX-License-Identifier: MIT */
/* task.c — how a task is made, and how it ends: by its result, its failure (perhaps only to be tried again after a timer), a
 * timer that fires, or a raised event. */
#include "sdk/turn/task.h"

#include "base/duration.h"
#include "sdk/convert.h"

/* --- making --- */

struct dt_task *sdk_task_make(struct dt_context *ctx, enum sdk_task_kind kind, const char *name)
{
    struct dt_task *task = sdk_take(ctx, sizeof *task);
    task->ctx = ctx;
    task->kind = kind;
    task->name = name;
    task->file = ctx->last_file;
    task->line = ctx->last_line;
    list_init(&task->waiting);
    return task;
}

void sdk_task_act(struct dt_task *task, enum sdk_action_kind kind, enum sdk_action_role role,
                  const struct pb_orchestrator_action *wire)
{
    struct sdk_action *action = sdk_action_add(task->ctx, kind, wire);
    action->role = role;
    action->task = task;
    action->file = task->file; /* not where the code is now: it may be tried again much later */
    action->line = task->line;
    task->action = action;
}

void sdk_task_act_timer(struct dt_task *task, enum sdk_action_role role, int64_t fire_at_ns)
{
    struct pb_create_timer_action *timer = sdk_take(task->ctx, sizeof *timer);
    timer->fire_at = pb_time_from_ns(fire_at_ns);
    struct pb_orchestrator_action wire = {
        .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_CREATE_TIMER, .create_timer = timer};
    sdk_task_act(task, SDK_ACTION_TIMER, role, &wire);
}

/* --- ending --- */

int64_t sdk_after_ms(int64_t from_ns, int64_t delay_ms)
{
    if (delay_ms <= 0)
        return from_ns;
    if (delay_ms > (INT64_MAX - MAX(from_ns, 0)) / NS_PER_MS)
        return INT64_MAX;
    return from_ns + delay_ms * NS_PER_MS;
}

void sdk_task_end(struct dt_task *task, enum dt_task_state state)
{
    if (task->state != DT_TASK_PENDING)
        return;
    task->state = state;
    task->order = ++task->ctx->ended_tasks;
    list_remove(&task->waiting); /* of a list of its own if nobody looks for it by name */
    /* A timer that nobody waits for any longer and that was never sent need not be. */
    struct sdk_action *timer = task->action && task->action->kind == SDK_ACTION_TIMER ? task->action : NULL;
    if (timer && !timer->recorded && (task->kind == SDK_TASK_EVENT || state == DT_TASK_CANCELLED))
        timer->dropped = true;
}

void sdk_task_take_event(struct dt_task *task, const struct pb_history_event *event)
{
    if (event->event_raised->input.present)
        task->result = sdk_take_text(task->ctx, event->event_raised->input.value);
    sdk_task_end(task, DT_TASK_SUCCEEDED);
}

void sdk_task_succeed(struct dt_context *ctx, int32_t id, struct pb_opt_bytes result)
{
    struct sdk_action *action = sdk_action_of_id(ctx, id);
    struct dt_task *task = action ? action->task : NULL;
    if (!task || task->kind != SDK_TASK_CALL || task->state != DT_TASK_PENDING || task->action != action)
        return; /* cancelled, a duplicate, or of nobody */
    if (result.present)
        task->result = sdk_take_text(ctx, result.value);
    sdk_task_end(task, DT_TASK_SUCCEEDED);
}

/* Milliseconds to wait before the next try, or -1 for no further try. Only durable facts enter: the policy,
 * the number of tries and the orchestration's clock. */
static int64_t retry_delay_ms(const struct dt_context *ctx, const struct dt_task *task)
{
    const struct dt_retry_policy *policy = &task->retry;
    if (task->attempt >= policy->attempts_max || task->failure->non_retriable)
        return -1;
    if (policy->handler && !policy->handler(task->failure, task->attempt, policy->handler_context))
        return -1;
    double delay = (double)MAX(policy->first_interval_ms, 0);
    double backoff = policy->backoff > 1 ? policy->backoff : 1;
    double longest =
        policy->interval_max_ms > 0 ? (double)policy->interval_max_ms : (double)(INT64_MAX / NS_PER_MS / 2);
    for (int32_t i = 1; i < task->attempt && delay < longest && backoff > 1 && delay > 0; i++)
        delay *= backoff;
    int64_t delay_ms = (int64_t)MIN(delay, longest);
    int64_t next_ns = sdk_after_ms(ctx->now_ns, delay_ms);
    if (policy->timeout_ms > 0 && next_ns > sdk_after_ms(task->first_try_ns, policy->timeout_ms))
        return -1;
    return delay_ms;
}

static void keep_failure(struct dt_task *task, struct pb_task_failure_details *failure)
{
    struct dt_context *ctx = task->ctx;
    if (!failure)
        failure = sdk_failure_make(ctx->arena, "UnknownError", "failed without details", false, NULL);
    if (!failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    task->failure_wire = failure;
    task->failure = sdk_failure_of_wire(ctx->arena, failure);
    if (!task->failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
}

void sdk_task_fail(struct dt_context *ctx, int32_t id, struct pb_task_failure_details *failure)
{
    struct sdk_action *action = sdk_action_of_id(ctx, id);
    struct dt_task *task = action ? action->task : NULL;
    if (!task || task->kind != SDK_TASK_CALL || task->state != DT_TASK_PENDING || task->action != action)
        return;
    keep_failure(task, failure);
    int64_t delay_ms = retry_delay_ms(ctx, task);
    if (delay_ms < 0) {
        sdk_task_end(task, DT_TASK_FAILED);
        return;
    }
    sdk_task_act_timer(task, SDK_ROLE_RETRY, sdk_after_ms(ctx->now_ns, delay_ms));
    task->failure = NULL;
    task->failure_wire = NULL;
}

/* --- answers of entities --- */

static struct dt_task *find_entity_call(const struct dt_context *ctx, struct bytes request_id)
{
    list_each (link, &ctx->calls) {
        struct dt_task *task = CONTAINER_OF(link, struct dt_task, waiting);
        const struct pb_send_entity_message_action *send = task->action->wire.send_entity_message;
        if (bytes_equal(send->entity_operation_called->request_id, request_id))
            return task;
    }
    return NULL;
}

void sdk_task_answer_entity(struct dt_context *ctx, struct bytes request_id, struct pb_opt_bytes output)
{
    struct dt_task *task = find_entity_call(ctx, request_id);
    if (!task)
        return; /* cancelled, a duplicate, or of nobody */
    if (output.present)
        task->result = sdk_take_text(ctx, output.value);
    sdk_task_end(task, DT_TASK_SUCCEEDED);
}

void sdk_task_fail_entity(struct dt_context *ctx, struct bytes request_id,
                          struct pb_task_failure_details *failure)
{
    struct dt_task *task = find_entity_call(ctx, request_id);
    if (!task)
        return;
    keep_failure(task, failure);
    sdk_task_end(task, DT_TASK_FAILED);
}

/* --- timers and events --- */

/* The newest action that scheduled this task. */
static const struct sdk_action *schedule_of(const struct dt_context *ctx, const struct dt_task *task)
{
    for (size_t i = ctx->action_count; i > 0; i--)
        if (ctx->actions[i - 1]->task == task && ctx->actions[i - 1]->kind != SDK_ACTION_TIMER)
            return ctx->actions[i - 1];
    ASSERT(!"a task that is retried has been scheduled");
}

void sdk_task_fire(struct dt_context *ctx, int32_t id)
{
    struct sdk_action *action = sdk_action_of_id(ctx, id);
    struct dt_task *task = action && action->kind == SDK_ACTION_TIMER ? action->task : NULL;
    if (!task || task->state != DT_TASK_PENDING || task->action != action)
        return; /* cancelled: there is no wire action for that, so it fires late */
    switch (action->role) {
    case SDK_ROLE_TASK:
        sdk_task_end(task, DT_TASK_SUCCEEDED);
        return;
    case SDK_ROLE_TIMEOUT:
        sdk_task_end(task, DT_TASK_TIMED_OUT);
        return;
    case SDK_ROLE_RETRY: {
        const struct sdk_action *schedule = schedule_of(ctx, task);
        task->attempt++;
        sdk_task_act(task, schedule->kind, SDK_ROLE_TASK, &schedule->wire);
        return;
    }
    }
}

void sdk_task_deliver_event(struct dt_context *ctx, const struct pb_history_event *event)
{
    list_each_safe (link, &ctx->waiters) {
        struct dt_task *task = CONTAINER_OF(link, struct dt_task, waiting);
        if (bytes_equal_nocase(bytes_of_cstr(task->name), event->event_raised->name)) {
            sdk_task_take_event(task, event);
            return;
        }
    }
    struct sdk_note *note = sdk_take(ctx, sizeof *note);
    note->event = event;
    list_push_back(&ctx->unclaimed, &note->link);
}
