/* SPDX-License-Identifier: MIT */
/* entity_answer.c — CompleteEntityTask and AbandonTaskEntityWorkItem (spec 3.23.3): all that the answer touches is fetched,
 * then results, state and what the entity set going are one write set. */
#include "core/task/entity_answer.h"

#include "core/task/call.h"
#include "core/task/entity_message.h"
#include "core/task/entity_work.h"
#include "core/task/gate.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/limits.h"
#include "core/task/methods.h"
#include "core/task/span.h"
#include "core/task/start_policy.h"
#include "core/task/stream.h"
#include "core/task/trace.h"
#include "core/task/work.h"

/* --- which batch --- */

/* Old workers name no token. They get one batch at a time of a hub (stream.c), so there is one that it can be. */
static struct entity *find_flat(struct engine *engine, const struct call *call)
{
    const struct hub *hub = engine_hub(engine, call->hub);
    list_each (it, &hub->streams) {
        const struct stream *stream = CONTAINER_OF(it, struct stream, link);
        if (!stream->entities_flat)
            continue;
        list_each (at, &stream->works) {
            struct work *work = CONTAINER_OF(at, struct work, link);
            if (work->class == &entity_class)
                return entity_work_entity(work);
        }
    }
    return NULL;
}

static struct entity *find(struct engine *engine, const struct call *call, struct bytes token)
{
    if (token.size == 0)
        return find_flat(engine, call);
    struct work *work = work_find(engine, &entity_class, call->hub, token);
    if (!work)
        return NULL;
    return entity_work_entity(work);
}

/* --- what it set going --- */

static void send_signal(struct engine *engine, struct entity *entity,
                        const struct pb_send_signal_action *action)
{
    struct entity_name target;
    const char *text;
    enum status status = entity_name_parse(&engine->scratch, action->instance_id, &target, &text);
    if (status == STATUS_OK && action->input.value.size > engine->options.payload_size_max) {
        status = STATUS_TOO_LARGE;
        text = "its input is too large";
    }
    if (status != STATUS_OK) {
        engine_note(engine, LOG_LEVEL_WARN, entity->hub, entity->id, "a signal of an entity was dropped: %s",
                    text);
        return;
    }
    struct entity_signal signal = {
        .operation = action->name, .input = action->input, .scheduled_time = action->scheduled_time};
    if (action->parent_trace_context)
        signal.trace = action->parent_trace_context->raw;
    entity_message_signal(engine, entity->hub, &target, NULL, &signal);
}

/* The id of the orchestration that an action starts: its own, or a new one. Empty: nobody may have it. */
static struct bytes start_id(struct engine *engine, const struct pb_start_new_orchestration_action *action)
{
    const char *text;
    if (action->instance_id.size == 0)
        return engine_new_id(engine, &engine->scratch);
    if (start_policy_check_id(action->instance_id, &text) != STATUS_OK)
        return (struct bytes){0};
    return action->instance_id;
}

static void start_orchestration(struct engine *engine, struct entity *entity,
                                const struct pb_start_new_orchestration_action *action)
{
    struct bytes id = start_id(engine, action);
    bool refused =
        id.size == 0 || action->name.size == 0 || action->input.value.size > engine->options.payload_size_max;
    struct instance *instance =
        refused ? NULL : instance_obtain_fresh(engine, (uint32_t)entity->hub->number, id);
    if (refused || instance_live(instance)) { /* a live id is left alone (spec 3.23.8) */
        if (refused)
            engine_note(engine, LOG_LEVEL_WARN, entity->hub, entity->id,
                        "a start by an entity was dropped: its name, id or input is not allowed");
        return;
    }
    if (instance_exists(instance))
        instance_delete(engine, instance);
    struct pb_orchestration_instance self = {.instance_id = instance->row.instance_id,
                                             .execution_id =
                                                 pb_some(engine_new_id(engine, &engine->scratch))};
    struct pb_execution_started_event started = {.name = action->name,
                                                 .version = action->version,
                                                 .input = action->input,
                                                 .orchestration_instance = &self,
                                                 .parent_trace_context = action->parent_trace_context};
    if (pb_time_to_ns(action->scheduled_time) > engine->unix_ns)
        started.scheduled_start_timestamp = action->scheduled_time;
    instance_create(engine, instance, &started, NULL);
}

static void act(struct engine *engine, struct entity *entity, const struct pb_operation_action *action)
{
    if (action->operation_action_type_case == PB_OPERATION_ACTION_SEND_SIGNAL)
        send_signal(engine, entity, action->send_signal);
    else if (action->operation_action_type_case == PB_OPERATION_ACTION_START_NEW_ORCHESTRATION)
        start_orchestration(engine, entity, action->start_new_orchestration);
}

/* Asks for every instance that the answer may replace. */
static bool need_others(struct engine *engine, struct call *call, const struct pb_entity_batch_result *result)
{
    const char *text;
    for (size_t n = 0; n < result->actions_count; n++) {
        const struct pb_operation_action *action = &result->actions[n];
        if (action->operation_action_type_case != PB_OPERATION_ACTION_START_NEW_ORCHESTRATION)
            continue;
        struct bytes id = action->start_new_orchestration->instance_id;
        if (id.size && start_policy_check_id(id, &text) == STATUS_OK)
            call_need(engine, call, id);
    }
    return !call_missing(call);
}

/* --- results --- */

/* The worker's own times, if it gave any that can be. */
static void take_times(struct span_operation *span, struct pb_opt_time began, struct pb_opt_time ended)
{
    int64_t began_ns = pb_time_to_ns(began);
    int64_t ended_ns = pb_time_to_ns(ended);
    if (began.present && ended.present && began_ns > 0 && began_ns <= ended_ns) {
        span->began_ns = began_ns;
        span->ended_ns = ended_ns;
    }
}

/* One operation as a span; without memory, or with a message that cannot be read, there is none. */
static void trace(struct engine *engine, const struct entity_message *message,
                  const struct pb_operation_result *result)
{
    struct pb_history_event event;
    if (!engine->options.traces ||
        pb_history_event_decode(&engine->scratch, message->event, &event) != STATUS_OK)
        return;
    struct span_operation span = {.entity_id = message->entity->id,
                                  .entity_name = message->entity->name,
                                  .trace = message->trace,
                                  .signal = message->kind == PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED,
                                  .failed = result->result_type_case == PB_OPERATION_RESULT_FAILURE,
                                  .began_ns = engine->unix_ns,
                                  .ended_ns = engine->unix_ns};
    span.operation =
        span.signal ? event.entity_operation_signaled->operation : event.entity_operation_called->operation;
    span.request_id =
        span.signal ? event.entity_operation_signaled->request_id : event.entity_operation_called->request_id;
    if (span.failed)
        take_times(&span, result->failure->start_time_utc, result->failure->end_time_utc);
    else if (result->result_type_case == PB_OPERATION_RESULT_SUCCESS)
        take_times(&span, result->success->start_time_utc, result->success->end_time_utc);
    CLEANUP(buf_fini) struct buf text = {.limit = SIZE_MAX};
    size_t count = span_write_operation(&span, &engine->scratch, &text);
    if (count > 0 && buf_status(&text) == STATUS_OK)
        trace_hold(engine, buf_peek(&text), count);
}

static void settle(struct engine *engine, struct entity_message *message,
                   const struct pb_operation_result *result)
{
    const struct pb_task_failure_details *failure = NULL;
    if (result->result_type_case == PB_OPERATION_RESULT_FAILURE)
        failure = result->failure->failure_details;
    if (result->result_type_case == PB_OPERATION_RESULT_SUCCESS)
        entity_message_reply(engine, message, result->success->result, (struct bytes){0});
    else if (failure)
        entity_message_reply(engine, message, pb_none(), failure->raw);
    else
        entity_message_refuse(engine, message, "EntityOperationFailed",
                              "The operation failed without details.");
    trace(engine, message, result);
    entity_remove(engine, message);
    engine->entity_operations++;
}

/* A state that is over the limit is not kept, and so is nothing of the batch. */
static void settle_too_large(struct engine *engine, struct entity *entity, size_t size)
{
    const char *text =
        limits_text(&engine->scratch, "the entity's state", size, engine->options.payload_size_max);
    engine_note(engine, LOG_LEVEL_WARN, entity->hub, entity->id, "a batch of operations failed: %s", text);
    while (!list_empty(&entity->taken)) {
        struct entity_message *message = entity_message_of(entity->taken.next);
        entity_message_refuse(engine, message, "PayloadTooLarge", text);
        entity_remove(engine, message);
    }
}

static void commit(struct engine *engine, struct entity *entity, const struct pb_entity_batch_result *result)
{
    /* Answers first, in the order of the operations; then the state, which is the one after them; then what they set
     * going. All of it is seen together. */
    for (size_t n = 0; n < result->results_count && !list_empty(&entity->taken); n++)
        settle(engine, entity_message_of(entity->taken.next), &result->results[n]);
    const struct pb_opt_bytes *state = &result->entity_state;
    entity_set_state(engine, entity, (struct payload){.present = state->present, .value = state->value});
    for (size_t n = 0; n < result->actions_count; n++)
        act(engine, entity, &result->actions[n]);
}

/* True if the worker could not do it: the batch will be sent again. */
static bool give_back(struct engine *engine, struct entity *entity,
                      const struct pb_entity_batch_result *result)
{
    struct bytes none = {0};
    if (!result->failure_details && !result->requires_state && result->results_count > 0)
        return false;
    entity_work_fail(engine, entity, result->failure_details ? result->failure_details->raw : none);
    return true;
}

void entity_answer_apply(struct engine *engine, struct call *call, struct entity *entity,
                         const struct pb_entity_batch_result *result)
{
    struct bytes empty = {0};
    if (give_back(engine, entity, result)) {
        call_reply(engine, call, empty, call_sequence_now(engine));
        return;
    }
    if (!need_others(engine, call, result))
        return;
    if (result->entity_state.value.size > engine->options.payload_size_max)
        settle_too_large(engine, entity, result->entity_state.value.size);
    else
        commit(engine, entity, result);
    entity_work_finish(engine, entity);
    call_reply(engine, call, empty, call_sequence_now(engine));
}

void entity_answer_late(struct engine *engine, struct call *call)
{
    engine->duplicates_dropped++;
    call_reply(engine, call, (struct bytes){0}, call_sequence_now(engine));
}

void entity_complete(struct engine *engine, struct call *call)
{
    struct pb_entity_batch_result result;
    if (pb_entity_batch_result_decode(&engine->inbound, call->message, &result) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not an EntityBatchResult", 0);
        return;
    }
    stream_answered(engine, engine_hub(engine, call->hub), result.completion_token);
    struct entity *entity = find(engine, call, result.completion_token);
    if (entity)
        entity_answer_apply(engine, call, entity, &result);
    else
        entity_answer_late(engine, call);
}

void entity_abandon(struct engine *engine, struct call *call)
{
    struct pb_abandon_entity_task_request request;
    if (pb_abandon_entity_task_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not an AbandonEntityTaskRequest", 0);
        return;
    }
    stream_answered(engine, engine_hub(engine, call->hub), request.completion_token);
    struct work *work = work_find(engine, &entity_class, call->hub, request.completion_token);
    if (work && work->state == WORK_OUT)
        work_abandon(engine, work);
    call_reply(engine, call, (struct bytes){0}, 0);
}
