/* SPDX-License-Identifier: MIT */
/* turn_commit.c — see turn_commit.h. */
#include "core/task/turn_commit.h"

#include "core/task/activity.h"
#include "core/task/decision.h"
#include "core/task/ending.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/residence.h"
#include "core/task/turn.h"

static const struct pb_orchestrator_action *find_completion(const struct turn_answer *answer)
{
    for (size_t n = 0; n < answer->count; n++)
        if (answer->actions[n]->orchestrator_action_type_case ==
            PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
            return answer->actions[n];
    return NULL;
}

static struct objection find_objection(struct engine *engine, const struct turn_answer *answer)
{
    size_t size = answer->last->custom_status.value.size;
    if (size > engine->options.payload_size_max)
        return (struct objection){"PayloadTooLarge",
                                  limits_text(&engine->scratch, "the custom status of the orchestrator", size,
                                              engine->options.payload_size_max)};
    for (size_t n = 0; n < answer->count; n++) {
        struct objection objection = decision_objection(engine, answer->actions[n]);
        if (objection.type)
            return objection;
    }
    return (struct objection){NULL, NULL};
}

/* Moves the processed events from the inbox to the blob. */
static void consume_events(struct engine *engine, struct decision *decision, int32_t processed,
                           struct bytes *ret_terminate)
{
    struct instance *instance = decision->instance;
    struct turn *turn = &instance->turn;
    struct bytes rest = buf_peek(&turn->events);
    struct bytes event;
    if (processed > 0 && instance->row.history_count == 0)
        processed = MAX(processed, 2); /* an execution with a history has its ExecutionStarted in it */
    for (int32_t n = 0; (processed <= 0 || n < processed) && event_next(&rest, &event); n++) {
        decision->count++;
        if (n == 0)
            continue; /* OrchestratorStarted came from no inbox */
        struct inbox_event *taken = CONTAINER_OF(turn->taken.next, struct inbox_event, link);
        if (taken->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED)
            *ret_terminate = memory_arena_copy(&engine->scratch, taken->event);
        else if (taken->kind == PB_HISTORY_EVENT_EXECUTION_SUSPENDED)
            instance->row.suspended = true;
        else if (taken->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED)
            instance->row.suspended = false;
        inbox_delete(engine, taken);
    }
    size_t consumed = turn->events.size - rest.size;
    buf_append_bytes(decision->blob, bytes_slice(buf_peek(&turn->events), 0, consumed));
    inbox_untake(instance, &turn->taken);
}

static struct pb_opt_bytes terminate_output(struct engine *engine, struct bytes event)
{
    struct pb_history_event decoded;
    if (pb_history_event_decode(&engine->scratch, event, &decoded) != STATUS_OK ||
        decoded.event_type_case != PB_HISTORY_EVENT_EXECUTION_TERMINATED)
        return pb_none();
    return decoded.execution_terminated->input;
}

static struct pb_string_entry *overlay_tags(struct engine *engine,
                                            const struct pb_execution_started_event *old,
                                            const struct pb_complete_orchestration_action *action,
                                            size_t *ret_count)
{
    size_t room = old->tags_count + action->tags_count;
    struct pb_string_entry *tags = memory_must(arena_alloc_array(&engine->scratch, room, sizeof *tags));
    size_t count = 0;
    struct bytes value;
    for (size_t n = 0; n < old->tags_count; n++)
        if (!pb_string_entry_find(action->tags, action->tags_count, old->tags[n].key, &value))
            tags[count++] = old->tags[n];
    for (size_t n = 0; n < action->tags_count; n++)
        tags[count++] = action->tags[n];
    *ret_count = count;
    return tags;
}

/* Continue-as-new (spec 3.10). */
static void renew(struct engine *engine, struct instance *instance,
                  const struct pb_complete_orchestration_action *action)
{
    struct bytes *carryover = memory_must(
        arena_alloc_array(&engine->scratch, action->carryover_events_count + 1, sizeof *carryover));
    size_t count = 0;
    if (instance->row.suspended) /* the new execution must know */
        carryover[count++] = event_suspended(&engine->scratch, pb_none());
    for (size_t n = 0; n < action->carryover_events_count; n++) {
        struct pb_history_event event = action->carryover_events[n];
        if (event.event_type_case == PB_HISTORY_EVENT_NOT_SET)
            continue;
        event.event_id = EVENT_ID_OUTSIDE;
        event.timestamp.present = false;
        carryover[count++] = event_encode(&engine->scratch, &event);
    }
    struct pb_execution_started_event started = *instance_started(engine, instance);
    struct pb_orchestration_instance self = {.instance_id = instance->row.instance_id,
                                             .execution_id =
                                                 pb_some(engine_new_id(engine, &engine->scratch))};
    started.tags = overlay_tags(engine, &started, action, &started.tags_count);
    started.orchestration_instance = &self;
    started.input = action->result;
    if (action->new_version.present)
        started.version = action->new_version;
    started.scheduled_start_timestamp.present = false;
    instance_set_payload(engine, instance, PAYLOAD_TRACE_CONTEXT, (struct payload){false, {NULL, 0}});
    turn_drop(engine, instance);
    instance_renew(engine, instance, &started, carryover, count);
}

static void set_custom_status(struct engine *engine, struct instance *instance, struct pb_opt_bytes status)
{
    if (status.present)
        instance_set_payload(engine, instance, PAYLOAD_CUSTOM_STATUS,
                             (struct payload){status.value.size > 0, status.value});
}

/* What the answer says about the end: CONTINUED_AS_NEW, a terminal status, or RUNNING for none. Two things
 * can overrule it: an action that cannot be carried out, and a terminate that the worker did not act upon. */
static struct ending find_ending(struct engine *engine, struct objection objection,
                                 const struct pb_orchestrator_action *completion, struct bytes terminate)
{
    if (objection.type)
        return (struct ending){.status = INSTANCE_FAILED,
                               .failure =
                                   pb_some(event_failure(&engine->scratch, objection.type, objection.text))};
    int status =
        completion ? completion->complete_orchestration->orchestration_status : (int)INSTANCE_RUNNING;
    if (terminate.size && !instance_status_terminal(status))
        return (struct ending){.status = INSTANCE_TERMINATED, .output = terminate_output(engine, terminate)};
    struct ending ending = {.status = status};
    if (instance_status_terminal(status)) {
        const struct pb_complete_orchestration_action *action = completion->complete_orchestration;
        ending.output = action->result;
        if (status == INSTANCE_FAILED)
            ending.failure = action->failure_details
                                 ? pb_some(limits_cut_failure(&engine->scratch, action->failure_details->raw,
                                                              engine->options.payload_size_max))
                                 : pb_some(event_failure(&engine->scratch, "OrchestrationFailed",
                                                         "The orchestration failed without details."));
    }
    return ending;
}

void turn_commit(struct engine *engine, struct instance *instance, const struct turn_answer *answer)
{
    struct buf blob = {.limit = SIZE_MAX};
    struct decision decision = {
        .instance = instance, .blob = &blob, .now_ns = instance_stamp(engine, instance)};
    struct bytes terminate = {NULL, 0};
    consume_events(engine, &decision, answer->processed, &terminate);
    const struct pb_orchestrator_action *completion = find_completion(answer);
    struct objection objection = find_objection(engine, answer);
    struct ending ending = find_ending(engine, objection, completion, terminate);
    bool objected = objection.type != NULL;
    decision.renews = ending.status == INSTANCE_CONTINUED_AS_NEW;
    decision.ends = instance_status_terminal(ending.status);
    if (decision.ends)
        activity_drop_all(engine, instance); /* before those that this turn schedules */
    for (size_t n = 0; n < answer->count && !objected; n++)
        if (answer->actions[n]->orchestrator_action_type_case !=
            PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
            decision_apply(engine, &decision, answer->actions[n]);
    if (!objected)
        set_custom_status(engine, instance, answer->last->custom_status);
    if (answer->trace_context)
        instance_set_payload(engine, instance, PAYLOAD_TRACE_CONTEXT,
                             (struct payload){true, answer->trace_context->raw});
    instance->row.updated_ns = decision.now_ns;
    if (decision.renews) {
        renew(engine, instance, completion->complete_orchestration);
    } else {
        if (decision.ends) {
            ending_append_completed(&blob, completion && !objected ? completion->id : EVENT_ID_OUTSIDE,
                                    &ending, decision.now_ns);
            decision.count++;
        }
        instance_append_history(engine, instance, buf_peek(&blob), decision.count);
    }
    buf_fini(&blob);
    if (decision.ends) {
        ending_apply(engine, instance, &ending);
    } else {
        turn_drop(engine, instance);
        instance_move(engine, instance, instance->suspend_wanted ? INSTANCE_SUSPENDED : INSTANCE_RUNNING);
        gate_put(engine, instance);
        instance_turn_due(engine, instance);
        residence_place(engine, instance);
    }
    engine->turns_committed++;
}
