/* SPDX-License-Identifier: MIT */
/* entity_work.c — two encodings: history events, which all SDKs since 2025 take, and flat operations for
 * those before. */
#include "core/task/entity_work.h"

#include "core/task/entity_message.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/work.h"

#define ENVELOPE_SIZE_MAX         512 /* bytes of a work item besides state and operations */
#define OPERATION_SIZE_MAX_AROUND 16  /* bytes around one: tag, length */

struct entity *entity_work_entity(struct work *work)
{
    return CONTAINER_OF(work, struct entity, work);
}

void entity_work_finish(struct engine *engine, struct entity *entity)
{
    work_finish(engine, &entity->work);
    entity_untake(entity);
    owned_bytes_fini(&entity->failure);
    entity->failures = 0;
    entity_due(engine, entity);
}

/* --- building --- */

/* Takes operations up to the first that may not be served; of a held entity, those of its holder, wherever they stand. At
 * least one, whatever its size. */
static void take(const struct engine *engine, struct entity *entity, size_t size_max)
{
    size_t size = 0;
    size_t count = 0;
    list_each_safe (it, &entity->messages) {
        struct entity_message *message = entity_message_of(it);
        if (!entity_admits(entity, message) || !entity_message_seen(engine, message)) {
            if (!entity->holder)
                return;
            continue;
        }
        size += message->event.size + OPERATION_SIZE_MAX_AROUND;
        if (count > 0 && (size > size_max || count == ENTITY_BATCH_OPERATIONS_MAX))
            return;
        list_remove(&message->link);
        list_push_back(&entity->taken, &message->link);
        count++;
    }
}

static size_t taken_size(const struct entity *entity)
{
    size_t size = 0;
    list_each (it, &entity->taken)
        size += entity_message_of(it)->event.size + OPERATION_SIZE_MAX_AROUND;
    return size;
}

static size_t taken_count(const struct entity *entity)
{
    size_t count = 0;
    list_each (it, &entity->taken)
        count++;
    return count;
}

static struct pb_opt_bytes state_of(const struct entity *entity)
{
    return (struct pb_opt_bytes){entity->state.present, entity->state.value};
}

static struct bytes render_events(struct engine *engine, const struct entity *entity)
{
    struct pb_history_event *events =
        memory_must(arena_alloc_array(&engine->scratch, taken_count(entity), sizeof *events));
    struct pb_entity_request request = {.instance_id = entity->id,
                                        .execution_id = entity->id, /* any that stays the same */
                                        .entity_state = state_of(entity),
                                        .operation_requests = events};
    list_each (it, &entity->taken)
        events[request.operation_requests_count++] =
            (struct pb_history_event){.unknown = entity_message_of(it)->event};
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_ENTITY_REQUEST_V2,
                                .entity_request_v2 = &request,
                                .completion_token = bytes_of(entity->work.token, TOKEN_SIZE)};
    return message_encode(&engine->actions->arena, &pb_work_item_message, &item);
}

static struct pb_operation_request flatten(struct engine *engine, const struct entity_message *message)
{
    struct pb_history_event event;
    struct pb_operation_request request = {0};
    if (pb_history_event_decode(&engine->scratch, message->event, &event) != STATUS_OK)
        return request;
    if (event.event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED) {
        request.operation = event.entity_operation_called->operation;
        request.request_id = event.entity_operation_called->request_id;
        request.input = event.entity_operation_called->input;
    } else {
        request.operation = event.entity_operation_signaled->operation;
        request.request_id = event.entity_operation_signaled->request_id;
        request.input = event.entity_operation_signaled->input;
    }
    if (message->trace.size) {
        request.trace_context = memory_must(arena_alloc(&engine->scratch, sizeof *request.trace_context));
        *request.trace_context = (struct pb_trace_context){.unknown = message->trace};
    }
    return request;
}

static struct bytes render_flat(struct engine *engine, const struct entity *entity)
{
    struct pb_operation_request *operations =
        memory_must(arena_alloc_array(&engine->scratch, taken_count(entity), sizeof *operations));
    struct pb_entity_batch_request request = {
        .instance_id = entity->id, .entity_state = state_of(entity), .operations = operations};
    list_each (it, &entity->taken)
        operations[request.operations_count++] = flatten(engine, entity_message_of(it));
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_ENTITY_REQUEST,
                                .entity_request = &request,
                                .completion_token = bytes_of(entity->work.token, TOKEN_SIZE)};
    return message_encode(&engine->actions->arena, &pb_work_item_message, &item);
}

/* --- the class --- */

static struct work_owner owner(struct work *work)
{
    const struct entity *entity = entity_work_entity(work);
    return (struct work_owner){entity->hub, entity->id};
}

static struct work_subject subject(struct work *work)
{
    return (struct work_subject){entity_work_entity(work)->name, {0}, true};
}

static int64_t lease_ns(const struct engine_options *options)
{
    return options->orchestrator_lease_ns;
}

/* A state and an operation have limits that together fit a message of any size that a worker may have; `build` looks. */
static size_t no_size(const struct work *work)
{
    return 0;
}

static bool loaded(const struct work *work)
{
    return CONTAINER_OF(work, const struct entity, work)->state_known;
}

static void load(struct engine *engine, struct work *work)
{
    entity_fetch(engine, entity_work_entity(work));
}

/* INVARIANT: what was taken for a batch stays in it, in its order, until it is answered, given back or refused. A
 * second delivery of a batch has the same operations. */
static enum status build(struct engine *engine, struct work *work, const struct stream *stream,
                         struct bytes *ret_message)
{
    struct entity *entity = entity_work_entity(work);
    size_t used = ENVELOPE_SIZE_MAX + entity->state.value.size;
    size_t room = stream->message_size_max > used ? stream->message_size_max - used : 0;
    if (list_empty(&entity->taken))
        take(engine, entity, MIN(room, ENTITY_BATCH_SIZE_MAX));
    ASSERT(!list_empty(&entity->taken)); /* it was queued for an operation, and those stay */
    if (taken_size(entity) > room)
        return STATUS_TOO_LARGE;
    entity->flat = stream->entities_flat;
    *ret_message = entity->flat ? render_flat(engine, entity) : render_events(engine, entity);
    return STATUS_OK;
}

/* Ends the operations of the batch without a worker; what is behind them goes on.
 * ORDER: each is answered before it is removed, and all are removed before the entity is free for the next batch. */
static void refuse_taken(struct engine *engine, struct entity *entity, const char *type, const char *text)
{
    while (!list_empty(&entity->taken)) {
        struct entity_message *message = entity_message_of(entity->taken.next);
        if (entity->failure.size)
            entity_message_reply(engine, message, pb_none(), owned_bytes_peek(&entity->failure));
        else
            entity_message_refuse(engine, message, type, text);
        entity_remove(engine, message);
    }
    entity_work_finish(engine, entity);
}

/* A batch that another worker's messages held may be too large for those of this one: then it is halved by sending one
 * operation at a time. One that is too large by itself fails. */
static void misfit(struct engine *engine, struct work *work, const struct stream *stream)
{
    struct entity *entity = entity_work_entity(work);
    if (taken_count(entity) > 1) {
        entity_work_finish(engine, entity);
        return;
    }
    engine_note(engine, LOG_LEVEL_WARN, entity->hub, entity->id,
                "an entity's operation failed: with the state it is larger than a message to its worker");
    refuse_taken(engine, entity, "PayloadTooLarge",
                 "The operation and the entity's state are larger than a message to a worker may be.");
}

void entity_work_fail(struct engine *engine, struct entity *entity, struct bytes failure)
{
    owned_bytes_fini(&entity->failure);
    if (failure.size) {
        owned_bytes_set(&entity->failure, failure);
        entity->failures++;
    }
    if (entity->failures < engine->options.entity_failures_max) {
        work_abandon(engine, &entity->work);
        return;
    }
    engine_note(engine, LOG_LEVEL_WARN, entity->hub, entity->id,
                "a batch of %zu operations failed: its worker said so %u times in a row", taken_count(entity),
                entity->failures);
    refuse_taken(engine, entity, NULL, NULL);
}

static void poison(struct engine *engine, struct work *work)
{
    struct entity *entity = entity_work_entity(work);
    engine_note(engine, LOG_LEVEL_WARN, entity->hub, entity->id,
                "a batch of %zu operations failed: delivered %u times without an answer", taken_count(entity),
                work->deliveries);
    refuse_taken(engine, entity, "PoisonMessage", "The operation was delivered too often without an answer.");
}

const struct work_class entity_class = {
    .kind = WORK_ENTITY,
    .name = "entity",
    .asked_for = "entity",
    .may_run_on = false, /* a batch does nothing but answer */
    .owner = owner,
    .subject = subject,
    .lease_ns = lease_ns,
    .size = no_size,
    .loaded = loaded,
    .load = load,
    .build = build,
    .misfit = misfit,
    .poison = poison,
};
