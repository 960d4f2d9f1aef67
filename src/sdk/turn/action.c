/* SPDX-License-Identifier: MIT */
/* action.c — making and numbering actions; then one row a kind of event that records an action, by which the history is
 * compared with what the code has just made: its number, its kind, what it names and to whom it goes. */
#include "sdk/turn/action.h"

#include "base/text.h"

struct sdk_action *sdk_action_add(struct dt_context *ctx, enum sdk_action_kind kind,
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
    action->file = ctx->last_file;
    action->line = ctx->last_line;
    ctx->actions[ctx->action_count++] = action;
    return action;
}

struct pb_orchestrator_action
sdk_action_entity_wire(struct dt_context *ctx, enum pb_send_entity_message_action_case kind, void *message)
{
    struct pb_send_entity_message_action *send = sdk_take(ctx, sizeof *send);
    send->entity_message_type_case = kind;
    /* The four members are pointers in one place. */
    send->entity_operation_called = message;
    return (struct pb_orchestrator_action){.orchestrator_action_type_case =
                                               PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE,
                                           .send_entity_message = send};
}

struct sdk_action *sdk_action_of_id(const struct dt_context *ctx, int32_t id)
{
    return id >= 1 && (size_t)id <= ctx->action_count ? ctx->actions[id - 1] : NULL;
}

/* --- history against code --- */

/* What an action or the event that records it says of itself. */
struct sdk_action_facts {
    enum sdk_action_kind kind;
    struct bytes name;   /* activity, child, event or operation; empty: it names nothing */
    struct bytes target; /* instance or entity; empty: it has none, or is not to be compared */
};

static struct sdk_action_facts facts_of_entity_message(const struct pb_send_entity_message_action *send)
{
    switch (send->entity_message_type_case) {
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED:
        return (struct sdk_action_facts){SDK_ACTION_SIGNAL, send->entity_operation_signaled->operation,
                                         send->entity_operation_signaled->target_instance_id.value};
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED:
        return (struct sdk_action_facts){SDK_ACTION_CALL, send->entity_operation_called->operation,
                                         send->entity_operation_called->target_instance_id.value};
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED:
        return (struct sdk_action_facts){.kind = SDK_ACTION_LOCK};
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_UNLOCK_SENT:
    case PB_SEND_ENTITY_MESSAGE_ACTION_NOT_SET:
        break;
    }
    return (struct sdk_action_facts){.kind = SDK_ACTION_UNLOCK,
                                     .target = send->entity_unlock_sent->target_instance_id.value};
}

static struct sdk_action_facts facts_of_action(const struct sdk_action *action)
{
    const struct pb_orchestrator_action *wire = &action->wire;
    switch (action->kind) {
    case SDK_ACTION_ACTIVITY:
        return (struct sdk_action_facts){.kind = action->kind, .name = wire->schedule_task->name};
    case SDK_ACTION_CHILD:
        return (struct sdk_action_facts){.kind = action->kind, .name = wire->create_sub_orchestration->name};
    case SDK_ACTION_SEND:
        return (struct sdk_action_facts){action->kind, wire->send_event->name,
                                         wire->send_event->instance->instance_id};
    case SDK_ACTION_SIGNAL:
    case SDK_ACTION_CALL:
    case SDK_ACTION_LOCK:
    case SDK_ACTION_UNLOCK:
        return facts_of_entity_message(wire->send_entity_message);
    case SDK_ACTION_TIMER:
        break;
    }
    return (struct sdk_action_facts){.kind = SDK_ACTION_TIMER};
}

/* False: the event records no action. */
static bool facts_of_event(const struct pb_history_event *event, struct sdk_action_facts *ret_facts)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
        *ret_facts =
            (struct sdk_action_facts){.kind = SDK_ACTION_ACTIVITY, .name = event->task_scheduled->name};
        return true;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
        *ret_facts = (struct sdk_action_facts){.kind = SDK_ACTION_CHILD,
                                               .name = event->sub_orchestration_instance_created->name};
        return true;
    case PB_HISTORY_EVENT_TIMER_CREATED:
        *ret_facts = (struct sdk_action_facts){.kind = SDK_ACTION_TIMER};
        return true;
    case PB_HISTORY_EVENT_EVENT_SENT:
        *ret_facts = (struct sdk_action_facts){SDK_ACTION_SEND, event->event_sent->name,
                                               event->event_sent->instance_id};
        return true;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED:
        *ret_facts = (struct sdk_action_facts){SDK_ACTION_SIGNAL, event->entity_operation_signaled->operation,
                                               event->entity_operation_signaled->target_instance_id.value};
        return true;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED:
        *ret_facts = (struct sdk_action_facts){SDK_ACTION_CALL, event->entity_operation_called->operation,
                                               event->entity_operation_called->target_instance_id.value};
        return true;
    case PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED:
        *ret_facts = (struct sdk_action_facts){.kind = SDK_ACTION_LOCK};
        return true;
    case PB_HISTORY_EVENT_ENTITY_UNLOCK_SENT:
        *ret_facts = (struct sdk_action_facts){.kind = SDK_ACTION_UNLOCK,
                                               .target = event->entity_unlock_sent->target_instance_id.value};
        return true;
    default:
        return false;
    }
}

static const char *const kind_names[] = {
    [SDK_ACTION_ACTIVITY] = "activity",
    [SDK_ACTION_CHILD] = "sub-orchestration",
    [SDK_ACTION_TIMER] = "timer",
    [SDK_ACTION_SEND] = "event sent",
    [SDK_ACTION_SIGNAL] = "signal to an entity",
    [SDK_ACTION_CALL] = "call of an entity",
    [SDK_ACTION_LOCK] = "lock of entities",
    [SDK_ACTION_UNLOCK] = "unlock of an entity",
};

/* Long names are cut, so that what comes after them is still read. */
#define NAME_SHOWN_MAX 128 /* bytes */
#define NAME_FMT(name) BYTES_FMT(bytes_slice((name), 0, NAME_SHOWN_MAX))
#define ADVICE                                                                                               \
    "The orchestration has non-deterministic logic, or its code was changed after this instance had started"

static __attribute__((noreturn)) void leave_not_made(struct dt_context *ctx, int32_t id,
                                                     struct sdk_action_facts said)
{
    sdk_leave_failed(ctx, true, "NonDeterminismError",
                     "the history holds %s '%.*s' as action %d, but the code has not made that call; "
                     "it was last at %s:%d. " ADVICE,
                     kind_names[said.kind], NAME_FMT(said.name), (int)id,
                     text_or(ctx->last_file, "its start"), ctx->last_line);
}

static __attribute__((noreturn)) void leave_made_other(struct dt_context *ctx,
                                                       const struct sdk_action *action,
                                                       struct sdk_action_facts said,
                                                       struct sdk_action_facts made)
{
    sdk_leave_failed(
        ctx, true, "NonDeterminismError",
        "the history holds %s '%.*s' as action %d, but the code at %s:%d made it %s '%.*s'. " ADVICE,
        kind_names[said.kind], NAME_FMT(said.name), (int)action->wire.id, text_or(action->file, "?"),
        action->line, kind_names[made.kind], NAME_FMT(made.name));
}

static __attribute__((noreturn)) void leave_sent_elsewhere(struct dt_context *ctx,
                                                           const struct sdk_action *action,
                                                           struct sdk_action_facts said,
                                                           struct sdk_action_facts made)
{
    sdk_leave_failed(ctx, true, "NonDeterminismError",
                     "the history holds %s '%.*s' to instance '%.*s' as action %d, but the code at "
                     "%s:%d sent it to '%.*s'. " ADVICE,
                     kind_names[said.kind], NAME_FMT(said.name), NAME_FMT(said.target), (int)action->wire.id,
                     text_or(action->file, "?"), action->line, NAME_FMT(made.target));
}

/* Answers come under the id that is recorded. It is the code's own, unless a service rounds the times that ids are made
 * of. */
static void adopt_request_id(struct sdk_action *action, const struct pb_history_event *event)
{
    if (action->kind == SDK_ACTION_CALL && event->entity_operation_called->request_id.size)
        action->wire.send_entity_message->entity_operation_called->request_id =
            event->entity_operation_called->request_id;
    if (action->kind == SDK_ACTION_LOCK && event->entity_lock_requested->critical_section_id.size)
        action->wire.send_entity_message->entity_lock_requested->critical_section_id =
            event->entity_lock_requested->critical_section_id;
}

bool sdk_action_confirm_event(struct dt_context *ctx, const struct pb_history_event *event)
{
    struct sdk_action_facts said;
    if (!facts_of_event(event, &said))
        return false;
    if (event->event_id < 0)
        return true; /* a timer of the infrastructure, spec 3.7 */

    struct sdk_action *action = sdk_action_of_id(ctx, event->event_id);
    if (!action)
        leave_not_made(ctx, event->event_id, said);
    struct sdk_action_facts made = facts_of_action(action);
    if (made.kind != said.kind || !bytes_equal(made.name, said.name))
        leave_made_other(ctx, action, said, made);
    /* Services need not record to whom it went. */
    if (said.target.size && !bytes_equal(made.target, said.target))
        leave_sent_elsewhere(ctx, action, said, made);
    action->recorded = true;
    adopt_request_id(action, event);
    return true;
}
