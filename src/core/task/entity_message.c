/* SPDX-License-Identifier: MIT */
/* entity_message.c — every event gets its timestamp here, when it arrives: one that waits for its batch
 * has no clock that it could go against. */
#include "core/task/entity_message.h"

#include "core/task/entity_legacy.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/limits.h"

#define EVENT(kind, member, value)                                                                           \
    &(struct pb_history_event)                                                                               \
    {                                                                                                        \
        .event_id = EVENT_ID_OUTSIDE, .event_type_case = PB_HISTORY_EVENT_##kind, .member = (value)          \
    }

struct bytes entity_message_granted(struct arena *arena, struct bytes section, bool legacy)
{
    if (legacy)
        return event_raised(arena, section, pb_some(entity_legacy_granted()));
    struct pb_entity_lock_granted_event body = {.critical_section_id = section};
    return event_encode(arena, EVENT(ENTITY_LOCK_GRANTED, entity_lock_granted, &body));
}

struct bytes entity_message_request(struct arena *arena, const struct pb_entity_lock_requested_event *request,
                                    int64_t now_ns)
{
    struct pb_entity_lock_requested_event body = *request;
    struct pb_history_event *event = EVENT(ENTITY_LOCK_REQUESTED, entity_lock_requested, &body);
    event->timestamp = pb_time_from_ns(now_ns);
    return event_encode(arena, event);
}

/* --- operations --- */

/* From whom it is, and to whom it goes. */
static struct entity_message *deliver(struct engine *engine, struct hub *hub,
                                      const struct entity_name *target, struct pb_history_event *event,
                                      struct pb_opt_time scheduled, struct entity_message_row row)
{
    event->timestamp = pb_time_from_ns(engine->unix_ns);
    int64_t due_ns = pb_time_to_ns(scheduled);
    row.visible_ns = scheduled.present && due_ns > engine->unix_ns ? due_ns : 0;
    row.event = event_encode(&engine->scratch, event);
    struct entity *entity = entity_obtain(engine, (uint32_t)hub->number, target);
    return entity_add(engine, entity, &row, false);
}

void entity_message_signal(struct engine *engine, struct hub *hub, const struct entity_name *target,
                           const struct instance *sender, const struct entity_signal *signal)
{
    struct pb_entity_operation_signaled_event body = {
        .unknown = signal->unknown,
        .request_id = signal->request_id.size ? signal->request_id : engine_new_id(engine, &engine->scratch),
        .operation = signal->operation,
        .scheduled_time = signal->scheduled_time,
        .input = signal->input,
        .target_instance_id = pb_some(target->id),
    };
    struct entity_message_row row = {.trace = signal->trace};
    if (sender) {
        row.sender = sender->row.instance_id;
        row.execution_id = sender->row.execution_id;
    }
    (void)deliver(engine, hub, target, EVENT(ENTITY_OPERATION_SIGNALED, entity_operation_signaled, &body),
                  signal->scheduled_time, row);
}

void entity_message_call(struct engine *engine, const struct entity_name *target, struct instance *sender,
                         const struct pb_entity_operation_called_event *called, struct bytes trace,
                         bool legacy)
{
    struct pb_entity_operation_called_event body = *called;
    body.parent_instance_id = pb_some(sender->row.instance_id);
    body.parent_execution_id = pb_some(sender->row.execution_id);
    body.target_instance_id = pb_some(target->id);
    struct entity_message_row row = {.sender = sender->row.instance_id,
                                     .execution_id = sender->row.execution_id,
                                     .legacy = legacy,
                                     .trace = trace};
    struct entity_message *message =
        deliver(engine, sender->hub, target, EVENT(ENTITY_OPERATION_CALLED, entity_operation_called, &body),
                called->scheduled_time, row);
    list_push_back(&sender->entity_calls, &message->request_link);
}

void entity_message_load_call(struct engine *engine, struct entity_message *message)
{
    struct instance *sender = instance_find(engine, (uint32_t)message->entity->hub->number, message->sender);
    if (sender && sender->known && instance_live(sender) &&
        bytes_equal(sender->row.execution_id, message->execution_id))
        list_push_back(&sender->entity_calls, &message->request_link);
}

/* --- answers --- */

static struct bytes answer(struct engine *engine, const struct entity_message *message,
                           struct bytes request_id, struct pb_opt_bytes output, struct bytes failure)
{
    struct arena *arena = &engine->scratch;
    if (message->legacy)
        return event_raised(arena, request_id, pb_some(entity_legacy_reply(arena, output, failure)));
    if (failure.size) {
        struct pb_entity_operation_failed_event body = {
            .request_id = request_id, .failure_details = AS_RECEIVED(pb_task_failure_details, failure)};
        return event_encode(arena, EVENT(ENTITY_OPERATION_FAILED, entity_operation_failed, &body));
    }
    struct pb_entity_operation_completed_event body = {.request_id = request_id, .output = output};
    return event_encode(arena, EVENT(ENTITY_OPERATION_COMPLETED, entity_operation_completed, &body));
}

void entity_message_reply(struct engine *engine, const struct entity_message *message,
                          struct pb_opt_bytes output, struct bytes failure)
{
    struct pb_history_event event;
    if (message->kind != PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED ||
        pb_history_event_decode(&engine->scratch, message->event, &event) != STATUS_OK ||
        event.event_type_case != PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED)
        return;

    /* All live instances are resident: whoever is not found has ended, or goes on as another execution. */
    struct instance *caller = instance_find(engine, (uint32_t)message->entity->hub->number, message->sender);
    if (!caller || !caller->known || !instance_live(caller) ||
        !bytes_equal(caller->row.execution_id, message->execution_id))
        return;

    size_t size_max = engine->options.payload_size_max;
    if (failure.size)
        failure = limits_cut_failure(&engine->scratch, failure, size_max);
    else if (output.value.size > size_max)
        failure = event_failure(
            &engine->scratch, "PayloadTooLarge",
            limits_text(&engine->scratch, "the operation's result", output.value.size, size_max));
    inbox_add(engine, caller,
              answer(engine, message, event.entity_operation_called->request_id, output, failure), true, 0);
    inbox_turn_due(engine, caller);
}

void entity_message_refuse(struct engine *engine, const struct entity_message *message, const char *type,
                           const char *text)
{
    entity_message_reply(engine, message, pb_none(), event_failure(&engine->scratch, type, text));
}
