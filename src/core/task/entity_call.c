/* SPDX-License-Identifier: MIT */
/* entity_call.c — SignalEntity and GetEntity (spec 3.23.7). QueryEntities is the store's (svc/scheduler). */
#include "base/no_memory.h"
#include "core/task/call.h"
#include "core/task/entity_legacy.h"
#include "core/task/entity_message.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/receipt.h"

/* True if the id is an entity's; otherwise the call is answered. */
static bool read_name(struct engine *engine, struct call *call, struct bytes id, struct entity_name *ret_name)
{
    const char *text = ERR_NO_MEMORY;
    if (entity_name_parse(&engine->scratch, id, ret_name, &text) == STATUS_OK)
        return true;
    call_fail(engine, call, STATUS_INVALID_ARGUMENT, text, 0);
    return false;
}

/* The answer is the same for one that was sent before, and leaves when that is on disk. */
static void accept(struct engine *engine, struct call *call, const struct entity_name *name,
                   const struct entity_signal *signal)
{
    if (receipt_take(engine, call->hub, name->id, signal->request_id))
        entity_message_signal(engine, engine_hub(engine, call->hub), name, NULL, signal);
    else
        engine->duplicates_dropped++;
    call_reply(engine, call, (struct bytes){0}, call_sequence_now(engine));
}

void entity_signal(struct engine *engine, struct call *call)
{
    struct pb_signal_entity_request request;
    if (pb_signal_entity_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not a SignalEntityRequest", 0);
        return;
    }
    size_t size_max = engine->options.payload_size_max;
    struct entity_name name;
    if (!read_name(engine, call, request.instance_id, &name))
        return;
    if (request.input.value.size > size_max) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT,
                  limits_text(&engine->scratch, "the input", request.input.value.size, size_max), 0);
        return;
    }
    if (request.raw.size > size_max * 2) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the operation's name is too large", 0);
        return;
    }
    if (request.request_id.size > RECEIPT_ID_SIZE_MAX) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the requestId is longer than 128 bytes", 0);
        return;
    }
    struct entity_signal signal = {.request_id = request.request_id,
                                   .operation = request.name,
                                   .input = request.input,
                                   .scheduled_time = request.scheduled_time};
    if (request.parent_trace_context)
        signal.trace = request.parent_trace_context->raw;
    accept(engine, call, &name, &signal);
}

void entity_raise(struct engine *engine, struct call *call, const struct pb_raise_event_request *request)
{
    struct entity_name name;
    struct entity_legacy message = {.kind = ENTITY_LEGACY_RELEASE};
    const struct hub *hub = engine_hub(engine, call->hub);
    if (!read_name(engine, call, request->instance_id, &name))
        return;
    enum status status = STATUS_MALFORMED;
    if (entity_legacy_is(request->name))
        status = entity_legacy_read(&engine->scratch, request->name, request->input.value, &message);
    if (status == STATUS_OK && message.kind == ENTITY_LEGACY_SIGNAL) {
        struct entity_signal signal = {.request_id = message.id,
                                       .operation = message.operation,
                                       .input = message.input,
                                       .scheduled_time = message.due};
        accept(engine, call, &name, &signal);
        return;
    }
    engine_note(engine, LOG_LEVEL_WARN, hub, name.id,
                "an event for an entity was dropped: it is no signal that an entity understands");
    call_reply(engine, call, (struct bytes){0}, call_sequence_now(engine));
}

void entity_get(struct engine *engine, struct call *call)
{
    struct pb_get_entity_request request;
    if (pb_get_entity_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not a GetEntityRequest", 0);
        return;
    }
    struct entity_name name;
    if (!read_name(engine, call, request.instance_id, &name))
        return;
    struct entity *entity = entity_obtain(engine, call->hub, &name);
    if (!entity_need(engine, call, entity))
        return;
    struct pb_entity_metadata metadata = {
        .instance_id = entity->id,
        .last_modified_time = pb_time_from_ns(entity->modified_ns),
        .backlog_queue_size = (int32_t)MIN(entity->message_count, (size_t)INT32_MAX),
        .locked_by = entity->holder ? pb_some(entity->holder->row.instance_id) : pb_none(),
        .serialized_state = request.include_state ? pb_some(entity->state.value) : pb_none(),
    };
    struct pb_get_entity_response response = {.exists = entity->state.present,
                                              .entity = entity->state.present ? &metadata : NULL};
    call_reply(engine, call, message_encode(&engine->scratch, &pb_get_entity_response_message, &response),
               entity->touched_sequence);
}
