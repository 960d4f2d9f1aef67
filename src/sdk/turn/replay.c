/* SPDX-License-Identifier: MIT */
/* replay.c — three steps for each event, in this order: what acts at once (the clock, suspension, termination), whether
 * it records an action that the code has made too, and only then what it tells the code. Events of the third kind are
 * held back while suspended. */
#include "sdk/turn/replay.h"

#include "sdk/turn/action.h"
#include "sdk/turn/section.h"
#include "sdk/turn/task.h"

const struct pb_history_event *sdk_replay_event_at(const struct dt_context *ctx, size_t index)
{
    size_t past = ctx->request->past_events_count;
    return index < past ? &ctx->request->past_events[index] : &ctx->request->new_events[index - past];
}

const struct pb_history_event *sdk_replay_find_started(const struct dt_context *ctx)
{
    for (size_t i = 0; i < ctx->event_count; i++)
        if (sdk_replay_event_at(ctx, i)->event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED)
            return sdk_replay_event_at(ctx, i);
    return NULL;
}

static void terminate(struct dt_context *ctx, const struct pb_history_event *event)
{
    ctx->outcome = SDK_OUTCOME_TERMINATED;
    ctx->result = event->execution_terminated->input;
    ctx->forget_actions = true;
}

static void apply(struct dt_context *ctx, const struct pb_history_event *event)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_EXECUTION_STARTED:
        ctx->running = true;
        return;
    case PB_HISTORY_EVENT_TASK_COMPLETED:
        sdk_task_succeed(ctx, event->task_completed->task_scheduled_id, event->task_completed->result);
        return;
    case PB_HISTORY_EVENT_TASK_FAILED:
        sdk_task_fail(ctx, event->task_failed->task_scheduled_id, event->task_failed->failure_details);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED:
        sdk_task_succeed(ctx, event->sub_orchestration_instance_completed->task_scheduled_id,
                         event->sub_orchestration_instance_completed->result);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
        sdk_task_fail(ctx, event->sub_orchestration_instance_failed->task_scheduled_id,
                      event->sub_orchestration_instance_failed->failure_details);
        return;
    case PB_HISTORY_EVENT_TIMER_FIRED:
        sdk_task_fire(ctx, event->timer_fired->timer_id);
        return;
    case PB_HISTORY_EVENT_EVENT_RAISED:
        sdk_task_deliver_event(ctx, event);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED:
        sdk_task_answer_entity(ctx, event->entity_operation_completed->request_id,
                               event->entity_operation_completed->output);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED:
        sdk_task_fail_entity(ctx, event->entity_operation_failed->request_id,
                             event->entity_operation_failed->failure_details);
        return;
    case PB_HISTORY_EVENT_ENTITY_LOCK_GRANTED:
        sdk_section_grant(ctx, event->entity_lock_granted->critical_section_id);
        return;
    default:
        return;
    }
}

/* Events that act at once, suspended or not. False: the event is work for the function. */
static bool apply_control(struct dt_context *ctx, const struct pb_history_event *event)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_ORCHESTRATOR_STARTED:
        ctx->now_ns = pb_time_to_ns(event->timestamp);
        return true;
    case PB_HISTORY_EVENT_EXECUTION_SUSPENDED:
        ctx->suspended = true;
        return true;
    case PB_HISTORY_EVENT_EXECUTION_RESUMED:
        ctx->suspended = false;
        return true;
    case PB_HISTORY_EVENT_EXECUTION_TERMINATED:
        terminate(ctx, event);
        sdk_leave(ctx);
    default:
        return sdk_action_confirm_event(ctx, event);
    }
}

static void hold(struct dt_context *ctx, const struct pb_history_event *event)
{
    struct sdk_note *note = sdk_take(ctx, sizeof *note);
    note->event = event;
    list_push_back(&ctx->held, &note->link);
}

bool sdk_replay_advance(struct dt_context *ctx)
{
    /* What was held back comes first: it came before whatever follows. */
    if (!ctx->suspended) {
        struct list *link = list_pop_front(&ctx->held);
        if (link) {
            apply(ctx, CONTAINER_OF(link, struct sdk_note, link)->event);
            return true;
        }
    }
    if (ctx->cursor == ctx->event_count)
        return false;
    const struct pb_history_event *event = sdk_replay_event_at(ctx, ctx->cursor++);
    ctx->id_max = MAX(ctx->id_max, event->event_id);
    if (apply_control(ctx, event))
        return true;
    if (ctx->suspended)
        hold(ctx, event);
    else
        apply(ctx, event);
    return true;
}

void sdk_replay_settle(struct dt_context *ctx)
{
    if (_setjmp(ctx->leave))
        return;
    bool continued = ctx->outcome == SDK_OUTCOME_CONTINUED;
    /* Who waits has seen every event, and of who was terminated nothing is asked any more. */
    if (ctx->forget_actions || ctx->outcome == SDK_OUTCOME_WAITING)
        return;
    while (ctx->cursor < ctx->event_count) {
        const struct pb_history_event *event = sdk_replay_event_at(ctx, ctx->cursor++);
        ctx->id_max = MAX(ctx->id_max, event->event_id);
        /* Checked against the code in any case; only a next execution is left to hear what else they say. */
        if (sdk_action_confirm_event(ctx, event) || !continued)
            continue;
        switch (event->event_type_case) {
        case PB_HISTORY_EVENT_EXECUTION_TERMINATED:
            terminate(ctx, event);
            return;
        case PB_HISTORY_EVENT_EXECUTION_SUSPENDED:
        case PB_HISTORY_EVENT_EXECUTION_RESUMED:
            ctx->suspended = event->event_type_case == PB_HISTORY_EVENT_EXECUTION_SUSPENDED;
            break;
        case PB_HISTORY_EVENT_EVENT_RAISED:
            hold(ctx, event);
            break;
        default:
            break;
        }
    }
    /* A suspended orchestration does not go on; the next replay comes by here again. */
    if (continued && ctx->suspended)
        ctx->outcome = SDK_OUTCOME_WAITING;
}
