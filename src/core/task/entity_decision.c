/* SPDX-License-Identifier: MIT */
/* entity_decision.c — what an orchestrator's answer says to entities, as decision.h declares it. One function for each kind of message: it records, then delivers. */
#include "core/task/decision.h"

#include "base/no_memory.h"
#include "core/task/entity_legacy.h"
#include "core/task/entity_lock.h"
#include "core/task/entity_message.h"
#include "core/task/instance.h"
#include "core/task/span.h"

#define RECORD(d, id, kind, member, body)                                                                    \
    record((d), &(struct pb_history_event){                                                                  \
                    .event_id = (id), .event_type_case = PB_HISTORY_EVENT_##kind, .member = (body)})

static void record(struct decision *decision, struct pb_history_event *event)
{
    event_append_new(decision->blob, event, decision->now_ns);
    decision->count++;
}

/* An execution that ends with this answer takes no lock any more: nobody would be left to release it. */
static bool over(const struct decision *decision)
{
    return decision->ends || decision->renews;
}

static struct entity_name name_of(struct engine *engine, struct bytes id)
{
    struct entity_name name;
    const char *text;
    enum status status = entity_name_parse(&engine->scratch, id, &name, &text);
    ASSERT(status == STATUS_OK); /* entity_decision_objection has looked */
    return name;
}

/* --- objections --- */

static const char *object_to(struct engine *engine, struct bytes id)
{
    struct entity_name name;
    const char *text = ERR_NO_MEMORY;
    return entity_name_parse(&engine->scratch, id, &name, &text) == STATUS_OK ? NULL : text;
}

static const char *too_many_locks(struct engine *engine)
{
    return memory_must(arena_fmt(
        &engine->scratch, "a critical section may lock %d entities at most (limit entity-lock-set-max)",
        ENTITY_LOCK_SET_MAX));
}

/* What is over a limit would be waited for in vain. What is no message at all is dropped, as any event that nobody hears. */
const char *entity_decision_event_objection(struct engine *engine, const struct pb_send_event_action *action)
{
    struct entity_legacy message;
    if (!action->instance || !entity_name_is(action->instance->instance_id) ||
        !entity_legacy_is(action->name))
        return NULL;
    enum status status = entity_legacy_read(&engine->scratch, action->name, action->data.value, &message);
    if (status != STATUS_TOO_LARGE)
        return NULL;
    return too_many_locks(engine);
}

const char *entity_decision_objection(struct engine *engine,
                                      const struct pb_send_entity_message_action *action)
{
    const char *text = NULL;
    switch (action->entity_message_type_case) {
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED:
        return object_to(engine, action->entity_operation_signaled->target_instance_id.value);
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED:
        return object_to(engine, action->entity_operation_called->target_instance_id.value);
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_UNLOCK_SENT:
        return object_to(engine, action->entity_unlock_sent->target_instance_id.value);
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED:
        if (action->entity_lock_requested->lock_set_count > ENTITY_LOCK_SET_MAX)
            return too_many_locks(engine);
        for (size_t n = 0; !text && n < action->entity_lock_requested->lock_set_count; n++)
            text = object_to(engine, action->entity_lock_requested->lock_set[n]);
        return text;
    default:
        return "the message to an entity is of an unknown kind";
    }
}

size_t entity_decision_payload_size(const struct pb_send_entity_message_action *action)
{
    if (action->entity_message_type_case == PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED)
        return action->entity_operation_signaled->input.value.size;
    if (action->entity_message_type_case == PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED)
        return action->entity_operation_called->input.value.size;
    return 0;
}

/* --- messages --- */

/* Below which span the entity's own hangs: that of the action, which span.c makes of the history at the end. */
static struct bytes trace_of(struct engine *engine, const struct instance *instance, int32_t id)
{
    if (!engine->options.traces)
        return (struct bytes){0};
    const struct pb_execution_started_event *started = instance_started(engine, instance);
    return span_context(&engine->scratch, instance->row.execution_id,
                        started ? started->parent_trace_context : NULL, id);
}

/* ORDER, in each of these: recorded in the history first, then sent. Both are in one set, and a replay finds the
 * event that made the message. */
static void send_signal(struct engine *engine, struct decision *decision, int32_t id,
                        const struct pb_entity_operation_signaled_event *sent)
{
    struct pb_entity_operation_signaled_event body = *sent;
    RECORD(decision, id, ENTITY_OPERATION_SIGNALED, entity_operation_signaled, &body);
    struct entity_name target = name_of(engine, sent->target_instance_id.value);
    struct entity_signal signal = {.request_id = sent->request_id,
                                   .operation = sent->operation,
                                   .input = sent->input,
                                   .scheduled_time = sent->scheduled_time,
                                   .trace = trace_of(engine, decision->instance, id),
                                   .unknown = sent->unknown};
    entity_message_signal(engine, decision->instance->hub, &target, decision->instance, &signal);
}

/* Who sent it is filled in where the SDK left it empty (spec 3.23.5). */
static void send_call(struct engine *engine, struct decision *decision, int32_t id,
                      const struct pb_entity_operation_called_event *sent)
{
    struct instance *instance = decision->instance;
    struct pb_entity_operation_called_event body = *sent;
    if (!body.parent_instance_id.present)
        body.parent_instance_id = pb_some(instance->row.instance_id);
    if (!body.parent_execution_id.present)
        body.parent_execution_id = pb_some(instance->row.execution_id);
    RECORD(decision, id, ENTITY_OPERATION_CALLED, entity_operation_called, &body);
    struct entity_name target = name_of(engine, sent->target_instance_id.value);
    entity_message_call(engine, &target, instance, sent, trace_of(engine, instance, id), false);
}

static void send_lock(struct engine *engine, struct decision *decision, int32_t id,
                      const struct pb_entity_lock_requested_event *sent)
{
    struct instance *instance = decision->instance;
    struct pb_entity_lock_requested_event body = *sent;
    if (!body.parent_instance_id.present)
        body.parent_instance_id = pb_some(instance->row.instance_id);
    RECORD(decision, id, ENTITY_LOCK_REQUESTED, entity_lock_requested, &body);
    if (over(decision))
        return;
    struct entity_name *names =
        memory_must(arena_alloc_array(&engine->scratch, sent->lock_set_count + 1, sizeof *names));
    for (size_t n = 0; n < sent->lock_set_count; n++)
        names[n] = name_of(engine, sent->lock_set[n]);
    entity_lock_request(engine, instance, sent->critical_section_id, names, sent->lock_set_count, false);
}

static void release(struct engine *engine, struct instance *instance, const struct entity_name *target)
{
    struct entity *entity = entity_find(engine, instance->row.hub, target->id);
    if (entity) /* else nobody holds it */
        entity_lock_release(engine, instance, entity);
}

static void send_unlock(struct engine *engine, struct decision *decision, int32_t id,
                        const struct pb_entity_unlock_sent_event *sent)
{
    struct pb_entity_unlock_sent_event body = *sent;
    if (!body.parent_instance_id.present)
        body.parent_instance_id = pb_some(decision->instance->row.instance_id);
    RECORD(decision, id, ENTITY_UNLOCK_SENT, entity_unlock_sent, &body);
    struct entity_name target = name_of(engine, sent->target_instance_id.value);
    release(engine, decision->instance, &target);
}

void entity_decision_send(struct engine *engine, struct decision *decision,
                          const struct pb_orchestrator_action *action)
{
    const struct pb_send_entity_message_action *message = action->send_entity_message;
    switch (message->entity_message_type_case) {
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED:
        send_signal(engine, decision, action->id, message->entity_operation_signaled);
        return;
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED:
        send_call(engine, decision, action->id, message->entity_operation_called);
        return;
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED:
        send_lock(engine, decision, action->id, message->entity_lock_requested);
        return;
    case PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_UNLOCK_SENT:
        send_unlock(engine, decision, action->id, message->entity_unlock_sent);
        return;
    case PB_SEND_ENTITY_MESSAGE_ACTION_NOT_SET:
        break;
    }
    ASSERT(!"entity_decision_objection has refused it");
}

/* --- the old way --- */

/* Nothing is recorded here: send_event in decision.c has done that, as for any event. */
static void carry_out(struct engine *engine, struct decision *decision, const struct entity_name *target,
                      const struct entity_legacy *message)
{
    struct instance *instance = decision->instance;
    struct entity_signal signal = {.request_id = message->id,
                                   .operation = message->operation,
                                   .input = message->input,
                                   .scheduled_time = message->due};
    struct pb_entity_operation_called_event called = {.request_id = message->id,
                                                      .operation = message->operation,
                                                      .input = message->input,
                                                      .scheduled_time = message->due};
    switch (message->kind) {
    case ENTITY_LEGACY_SIGNAL:
        entity_message_signal(engine, instance->hub, target, instance, &signal);
        return;
    case ENTITY_LEGACY_CALL:
        entity_message_call(engine, target, instance, &called, (struct bytes){0}, true);
        return;
    case ENTITY_LEGACY_LOCK:
        if (!over(decision))
            entity_lock_request(engine, instance, message->id, message->lock_set, message->lock_set_count,
                                true);
        return;
    case ENTITY_LEGACY_RELEASE:
        release(engine, instance, target);
        return;
    }
}

void entity_decision_event(struct engine *engine, struct decision *decision,
                           const struct pb_send_event_action *action)
{
    struct entity_name target;
    struct entity_legacy message;
    const char *text = "it is no message that an entity understands";
    bool sound =
        action->instance && entity_legacy_is(action->name) &&
        entity_name_parse(&engine->scratch, action->instance->instance_id, &target, &text) == STATUS_OK &&
        entity_legacy_read(&engine->scratch, action->name, action->data.value, &message) == STATUS_OK;
    if (sound)
        carry_out(engine, decision, &target, &message);
    else
        engine_note(engine, LOG_LEVEL_WARN, decision->instance->hub, decision->instance->row.instance_id,
                    "an event to an entity was dropped: %s", text);
}
