/* SPDX-License-Identifier: MIT */
#include "sdk/turn/action.h"

#include "sdk/turn/task.h"

struct sdk_action *sdk_action_add(struct dt_context *ctx, enum sdk_action_kind kind,
                                  enum sdk_action_role role, struct dt_task *task,
                                  const struct pb_orchestrator_action *wire)
{
    if (ctx->action_count == ctx->action_capacity) {
        size_t capacity = ctx->action_capacity ? ctx->action_capacity * 2 : 16;
        if (capacity > INT32_MAX)
            sdk_leave_with(ctx, STATUS_NO_MEMORY);
        struct sdk_action **actions = sdk_take(ctx, capacity * sizeof(struct sdk_action *));
        if (ctx->action_count)
            memcpy(actions, ctx->actions, ctx->action_count * sizeof(struct sdk_action *));
        ctx->actions = actions;
        ctx->action_capacity = capacity;
    }
    struct sdk_action *action = sdk_take(ctx, sizeof *action);
    action->wire = *wire;
    action->wire.id = (int32_t)ctx->action_count + 1;
    action->kind = kind;
    action->role = role;
    action->task = task;
    action->file = task ? task->file : ctx->last_file;
    action->line = task ? task->line : ctx->last_line;
    ctx->actions[ctx->action_count++] = action;
    if (task)
        task->action = action;
    return action;
}

struct sdk_action *sdk_action_add_timer(struct dt_context *ctx, enum sdk_action_role role,
                                        struct dt_task *task, int64_t fire_at_ns)
{
    struct pb_create_timer_action *timer = sdk_take(ctx, sizeof *timer);
    timer->fire_at = pb_time_from_ns(fire_at_ns);
    struct pb_orchestrator_action wire = {
        .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_CREATE_TIMER, .create_timer = timer};
    return sdk_action_add(ctx, SDK_ACTION_TIMER, role, task, &wire);
}

struct sdk_action *sdk_action_of_id(const struct dt_context *ctx, int32_t id)
{
    return id >= 1 && (size_t)id <= ctx->action_count ? ctx->actions[id - 1] : NULL;
}

/* The thing that an action names: activity, child, event; empty for a timer. */
static struct bytes action_name(const struct sdk_action *action)
{
    switch (action->kind) {
    case SDK_ACTION_ACTIVITY:
        return action->wire.schedule_task->name;
    case SDK_ACTION_CHILD:
        return action->wire.create_sub_orchestration->name;
    case SDK_ACTION_SEND:
        return action->wire.send_event->name;
    case SDK_ACTION_TIMER:
        break;
    }
    return (struct bytes){0};
}

static const char *const kind_names[] = {
    [SDK_ACTION_ACTIVITY] = "activity",
    [SDK_ACTION_CHILD] = "sub-orchestration",
    [SDK_ACTION_TIMER] = "timer",
    [SDK_ACTION_SEND] = "event sent",
};

/* Long names are cut, so that what comes after them is still read. */
#define NAME_SHOWN_MAX 128 /* bytes */
#define NAME_FMT(name) BYTES_FMT(bytes_slice((name), 0, NAME_SHOWN_MAX))
#define ADVICE                                                                                               \
    "The orchestration has non-deterministic logic, or its code was changed after this instance had started"

/* The history says that action `id` was made as this kind: the code must just have made the same. */
static void confirm(struct dt_context *ctx, int32_t id, enum sdk_action_kind kind, struct bytes name)
{
    if (id < 0)
        return; /* a timer of the infrastructure, spec 3.7 */
    struct sdk_action *action = sdk_action_of_id(ctx, id);
    if (!action)
        sdk_leave_failed(ctx, true, "NonDeterminismError",
                         "the history holds %s '%.*s' as action %d, but the code has not made that call; "
                         "it was last at %s:%d. " ADVICE,
                         kind_names[kind], NAME_FMT(name), (int)id,
                         ctx->last_file ? ctx->last_file : "its start", ctx->last_line);
    struct bytes own = action_name(action);
    if (action->kind != kind || !bytes_equal(own, name))
        sdk_leave_failed(
            ctx, true, "NonDeterminismError",
            "the history holds %s '%.*s' as action %d, but the code at %s:%d made it %s '%.*s'. " ADVICE,
            kind_names[kind], NAME_FMT(name), (int)id, action->file ? action->file : "?", action->line,
            kind_names[action->kind], NAME_FMT(own));
    action->recorded = true;
}

/* An event to another instance is another event. Services need not record to whom it went. */
static void confirm_target(struct dt_context *ctx, int32_t id, struct bytes target)
{
    const struct sdk_action *action = sdk_action_of_id(ctx, id);
    if (!action || !target.size || bytes_equal(action->wire.send_event->instance->instance_id, target))
        return;
    sdk_leave_failed(ctx, true, "NonDeterminismError",
                     "the history holds event sent '%.*s' to instance '%.*s' as action %d, but the code at "
                     "%s:%d sent it to '%.*s'. " ADVICE,
                     NAME_FMT(action->wire.send_event->name), NAME_FMT(target), (int)id,
                     action->file ? action->file : "?", action->line,
                     NAME_FMT(action->wire.send_event->instance->instance_id));
}

bool sdk_action_confirm_event(struct dt_context *ctx, const struct pb_history_event *event)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
        confirm(ctx, event->event_id, SDK_ACTION_ACTIVITY, event->task_scheduled->name);
        return true;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
        confirm(ctx, event->event_id, SDK_ACTION_CHILD, event->sub_orchestration_instance_created->name);
        return true;
    case PB_HISTORY_EVENT_TIMER_CREATED:
        confirm(ctx, event->event_id, SDK_ACTION_TIMER, (struct bytes){0});
        return true;
    case PB_HISTORY_EVENT_EVENT_SENT:
        confirm(ctx, event->event_id, SDK_ACTION_SEND, event->event_sent->name);
        confirm_target(ctx, event->event_id, event->event_sent->instance_id);
        return true;
    default:
        return false;
    }
}
