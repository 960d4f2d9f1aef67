/* SPDX-License-Identifier: MIT */
/* decision.c — one function an action, then the table that names them, then the objections.
 * ORDER: all objections to an answer are looked for before the first action is applied; applying cannot fail. */
#include "core/task/decision.h"

#include "core/task/activity.h"
#include "core/task/ending.h"
#include "core/task/entity_name.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/limits.h"
#include "core/task/orphans.h"
#include "core/task/start_policy.h"

#define EVENT_SIZE_FACTOR 2 /* times the payload limit: an event with all that is around its payload */

#define RECORD(d, id, kind, member, body)                                                                    \
    record((d), &(struct pb_history_event){                                                                  \
                    .event_id = (id), .event_type_case = PB_HISTORY_EVENT_##kind, .member = (body)})

static void record(struct decision *decision, struct pb_history_event *event)
{
    event_append_new(decision->blob, event, decision->now_ns);
    decision->count++;
}

/* --- scheduleTask (3.6) --- */

/* Of an execution that ends with the same answer the activity runs all the same, and its result goes nowhere; of
 * one that is renewed it does not even begin. */
static void schedule_task(struct engine *engine, struct decision *decision,
                          const struct pb_orchestrator_action *action)
{
    const struct pb_schedule_task_action *a = action->schedule_task;
    struct pb_task_scheduled_event body = {.name = a->name,
                                           .version = a->version,
                                           .input = a->input,
                                           .parent_trace_context = a->parent_trace_context,
                                           .tags = a->tags,
                                           .tags_count = a->tags_count};
    RECORD(decision, action->id, TASK_SCHEDULED, task_scheduled, &body);
    if (!decision->renews)
        activity_create(engine, decision->instance, action->id, a);
}

/* --- createTimer (3.7) --- */

static void create_timer(struct engine *engine, struct decision *decision,
                         const struct pb_orchestrator_action *action)
{
    struct pb_opt_time fire_at = action->create_timer->fire_at;
    if (!fire_at.present)
        fire_at = pb_time_from_ns(decision->now_ns);
    struct pb_timer_created_event body = {.fire_at = fire_at};
    RECORD(decision, action->id, TIMER_CREATED, timer_created, &body);
    if (decision->renews || decision->ends)
        return;
    /* The orchestrator counts from its own clock, which never goes back. Where people have set ours back
     * since, its clock is ahead, and so is what it asks for. */
    int64_t ahead_ns = decision->now_ns - engine->unix_ns;
    inbox_add(engine, decision->instance, event_timer_fired(&engine->scratch, action->id, fire_at), true,
              event_timer_due_ns(fire_at) - ahead_ns);
}

/* --- createSubOrchestration (3.8) --- */

struct bytes decision_child_id(struct engine *engine, const struct instance *instance,
                               const struct pb_orchestrator_action *action)
{
    struct bytes id = action->create_sub_orchestration->instance_id;
    if (id.size)
        return id;
    const char *text = memory_must(
        arena_fmt(&engine->scratch, "%.*s:%04x", BYTES_FMT(instance->row.instance_id), (unsigned)action->id));
    if (strlen(text) > INSTANCE_ID_SIZE_MAX) /* deep nesting: the execution id is short and as good */
        text = memory_must(arena_fmt(&engine->scratch, "%.*s:%04x", BYTES_FMT(instance->row.execution_id),
                                     (unsigned)action->id));
    return bytes_of_cstr(text);
}

/* A refusal is told as the child's failure, as an event of the next turn: the orchestrator may catch it. */
static void refuse_child(struct engine *engine, struct decision *decision, int32_t id, const char *type,
                         const char *text)
{
    if (decision->ends || decision->renews)
        return;
    struct bytes failure = event_failure(&engine->scratch, type, text);
    inbox_add(engine, decision->instance, event_child_failed(&engine->scratch, id, failure), true, 0);
}

void decision_start_child(struct engine *engine, struct instance *instance, bool waits, int32_t task_id,
                          struct instance *child, const struct pb_create_sub_orchestration_action *action)
{
    struct pb_orchestration_instance self = {.instance_id = child->row.instance_id,
                                             .execution_id =
                                                 pb_some(engine_new_id(engine, &engine->scratch))};
    struct pb_orchestration_instance owner = {.instance_id = instance->row.instance_id,
                                              .execution_id = pb_some(instance->row.execution_id)};
    struct pb_parent_instance_info parent = {
        .task_scheduled_id = task_id,
        .name = pb_some(instance->row.name),
        .version = {instance->row.version.present, instance->row.version.value},
        .orchestration_instance = &owner,
    };
    struct pb_execution_started_event started = {.name = action->name,
                                                 .version = action->version,
                                                 .input = action->input,
                                                 .orchestration_instance = &self,
                                                 .parent_instance = &parent,
                                                 .parent_trace_context = action->parent_trace_context,
                                                 .tags = action->tags,
                                                 .tags_count = action->tags_count};
    instance_create(engine, child, &started, waits ? instance : NULL);
}

static void create_child(struct engine *engine, struct decision *decision,
                         const struct pb_orchestrator_action *action)
{
    const struct pb_create_sub_orchestration_action *a = action->create_sub_orchestration;
    struct bytes id = decision_child_id(engine, decision->instance, action);
    struct pb_sub_orchestration_instance_created_event body = {.instance_id = id,
                                                               .name = a->name,
                                                               .version = a->version,
                                                               .input = a->input,
                                                               .parent_trace_context =
                                                                   a->parent_trace_context,
                                                               .tags = a->tags,
                                                               .tags_count = a->tags_count};
    RECORD(decision, action->id, SUB_ORCHESTRATION_INSTANCE_CREATED, sub_orchestration_instance_created,
           &body);
    const char *text = "the name is empty";
    bool refused = a->name.size == 0;
    if (!refused)
        refused = start_policy_check_id(id, &text) != STATUS_OK;
    if (refused) {
        refuse_child(engine, decision, action->id, "InvalidSubOrchestration", text);
        return;
    }
    struct instance *child = instance_find(engine, decision->instance->row.hub, id);
    ASSERT(child && child->known); /* turn_answer.c has asked for it */
    if (instance_live(child)) {
        if (child->parent == decision->instance && child->parent_task_id == action->id)
            engine->duplicates_dropped++;
        else
            refuse_child(engine, decision, action->id, "OrchestrationAlreadyExists",
                         "An orchestration instance with this id is running.");
        return;
    }
    if (instance_exists(child))
        instance_delete(engine, child);
    bool waits = !decision->ends && !decision->renews;
    decision_start_child(engine, decision->instance, waits, action->id, child, a);
}

/* --- sendEvent (3.9) and terminateOrchestration (3.12) --- */

static struct bytes target_of(const struct pb_send_event_action *action)
{
    return action->instance ? action->instance->instance_id : (struct bytes){0};
}

static void send_event(struct engine *engine, struct decision *decision,
                       const struct pb_orchestrator_action *action)
{
    const struct pb_send_event_action *a = action->send_event;
    struct pb_event_sent_event body = {.instance_id = target_of(a), .name = a->name, .input = a->data};
    RECORD(decision, action->id, EVENT_SENT, event_sent, &body);
    if (entity_name_is(target_of(a))) {
        entity_decision_event(engine, decision, a);
        return;
    }
    struct instance *target = instance_find(engine, decision->instance->row.hub, target_of(a));
    if (!target || !target->known || !instance_live(target))
        return; /* all live instances are resident: nobody is there to hear it */
    inbox_add(engine, target, event_raised(&engine->scratch, a->name, a->data), false, 0);
    inbox_turn_due(engine, target);
}

static void terminate_other(struct engine *engine, struct decision *decision,
                            const struct pb_orchestrator_action *action)
{
    const struct pb_terminate_orchestration_action *a = action->terminate_orchestration;
    struct instance *target = instance_find(engine, decision->instance->row.hub, a->instance_id);
    if (!target || !target->known || !instance_live(target))
        return;
    struct orphans orphans = {.count = 0};
    if (a->recurse)
        orphans = orphans_below(engine, NULL, target); /* turn_answer.c has asked for what that needs */
    ending_ask(engine, target, a->reason, a->recurse);
    ending_ask_orphans(engine, &orphans, a->reason);
}

/* --- the table --- */

static const struct {
    void (*apply)(struct engine *engine, struct decision *decision,
                  const struct pb_orchestrator_action *action);
    const char *objection; /* why there is no function */
} table[] = {
    [PB_ORCHESTRATOR_ACTION_NOT_SET] = {NULL, "The orchestrator answered with an action of an unknown kind."},
    [PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK] = {schedule_task, NULL},
    [PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION] = {create_child, NULL},
    [PB_ORCHESTRATOR_ACTION_CREATE_TIMER] = {create_timer, NULL},
    [PB_ORCHESTRATOR_ACTION_SEND_EVENT] = {send_event, NULL},
    [PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION] = {NULL, NULL},
    [PB_ORCHESTRATOR_ACTION_TERMINATE_ORCHESTRATION] = {terminate_other, NULL},
    [PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE] = {entity_decision_send, NULL},
    [PB_ORCHESTRATOR_ACTION_REWIND_ORCHESTRATION] = {NULL, NULL},
};

/* Bytes of the largest value that the action hands on. */
static size_t payload_size(const struct pb_orchestrator_action *action)
{
    switch (action->orchestrator_action_type_case) {
    case PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK:
        return action->schedule_task->input.value.size;
    case PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION:
        return action->create_sub_orchestration->input.value.size;
    case PB_ORCHESTRATOR_ACTION_SEND_EVENT:
        return action->send_event->data.value.size;
    case PB_ORCHESTRATOR_ACTION_TERMINATE_ORCHESTRATION:
        return action->terminate_orchestration->reason.value.size;
    case PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE:
        return entity_decision_payload_size(action->send_entity_message);
    case PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION: {
        const struct pb_complete_orchestration_action *a = action->complete_orchestration;
        return a->result.value.size; /* its failure is cut (limits.h) */
    }
    default:
        return 0;
    }
}

/* Bytes of the largest event that the action becomes, names and tags included: it must fit a message. */
static size_t event_size(const struct pb_orchestrator_action *action)
{
    if (action->orchestrator_action_type_case != PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
        return action->raw.size;
    const struct pb_complete_orchestration_action *a = action->complete_orchestration;
    size_t carried = a->failure_details ? a->failure_details->raw.size : 0;
    size_t largest = 0;
    for (size_t n = 0; n < a->carryover_events_count; n++) {
        carried += a->carryover_events[n].raw.size;
        largest = MAX(largest, a->carryover_events[n].raw.size);
    }
    return MAX(largest, a->raw.size - MIN(carried, a->raw.size));
}

static struct objection unsupported(const char *text)
{
    return (struct objection){"UnsupportedAction", text};
}

struct objection decision_objection(struct engine *engine, const struct pb_orchestrator_action *action)
{
    size_t kind = (size_t)action->orchestrator_action_type_case;
    if (kind >= ARRAY_SIZE(table))
        kind = PB_ORCHESTRATOR_ACTION_NOT_SET;
    if (table[kind].objection)
        return unsupported(table[kind].objection);
    if (kind == PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE) {
        const char *text = entity_decision_objection(engine, action->send_entity_message);
        if (text)
            return (struct objection){"InvalidEntityMessage", text};
    }
    if (kind == PB_ORCHESTRATOR_ACTION_SEND_EVENT) {
        const char *text = entity_decision_event_objection(engine, action->send_event);
        if (text)
            return (struct objection){"InvalidEntityMessage", text};
    }
    if (kind == PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION &&
        !instance_status_completes(instance_status_of(action->complete_orchestration->orchestration_status)))
        return unsupported("The orchestrator completed with a status that is no end.");
    size_t size = payload_size(action);
    if (size > engine->options.payload_size_max)
        return (struct objection){
            "PayloadTooLarge", limits_text(&engine->scratch, "an input, output or event of the orchestrator",
                                           size, engine->options.payload_size_max)};
    if (kind == PB_ORCHESTRATOR_ACTION_REWIND_ORCHESTRATION) /* a history, of which each event fitted once */
        return (struct objection){NULL, NULL};
    if (event_size(action) > engine->options.payload_size_max * EVENT_SIZE_FACTOR)
        return (struct objection){"PayloadTooLarge",
                                  "Names, versions and tags of the orchestrator's action are too large."};
    return (struct objection){NULL, NULL};
}

/* INVARIANT: decision_objection has let the action pass, so its kind is in the table. */
void decision_apply(struct engine *engine, struct decision *decision,
                    const struct pb_orchestrator_action *action)
{
    if (table[action->orchestrator_action_type_case].apply)
        table[action->orchestrator_action_type_case].apply(engine, decision, action);
}
