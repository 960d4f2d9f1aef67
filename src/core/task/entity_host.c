/* SPDX-License-Identifier: MIT */
/* entity_host.c — CompleteEntityWorkItem of BackendService (spec 1.6): the answer of a host that has an engine of its own. It
 * says how many operations of the batch it has executed, the state after them, and which messages follow: answers to
 * callers, signals, starts. Each becomes what a worker would have said of it; who called is taken from our own record. */
#include "core/task/call.h"
#include "core/task/entity_answer.h"
#include "core/task/entity_work.h"
#include "core/task/methods.h"
#include "core/task/stream.h"
#include "core/task/work.h"
#include "wire/pb/backend_service.pb.h"

#define NEW(type) ((type *)memory_must(arena_alloc(&engine->scratch, sizeof(type))))

/* --- results --- */

static void succeed(struct engine *engine, struct pb_operation_result *result, struct pb_opt_bytes output)
{
    result->result_type_case = PB_OPERATION_RESULT_SUCCESS;
    result->success = NEW(struct pb_operation_result_success);
    *result->success = (struct pb_operation_result_success){.result = output};
}

static void fail(struct engine *engine, struct pb_operation_result *result,
                 struct pb_task_failure_details *details)
{
    result->result_type_case = PB_OPERATION_RESULT_FAILURE;
    result->failure = NEW(struct pb_operation_result_failure);
    *result->failure = (struct pb_operation_result_failure){.failure_details = details};
}

/* What the host answers to a request. False: nothing. */
static bool find_answer(struct engine *engine, const struct pb_complete_entity_work_item_request *request,
                        struct bytes request_id, struct pb_operation_result *result)
{
    for (size_t n = 0; n < request->messages_count; n++) {
        const struct pb_history_event *event = request->messages[n].event;
        if (!event)
            continue;
        if (event->event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED &&
            bytes_equal(event->entity_operation_completed->request_id, request_id)) {
            succeed(engine, result, event->entity_operation_completed->output);
            return true;
        }
        if (event->event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED &&
            bytes_equal(event->entity_operation_failed->request_id, request_id)) {
            fail(engine, result, event->entity_operation_failed->failure_details);
            return true;
        }
    }
    return false;
}

static void read_result(struct engine *engine, const struct pb_complete_entity_work_item_request *request,
                        const struct entity_message *message, struct pb_operation_result *result)
{
    struct pb_history_event event;
    bool called = message->kind == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED &&
                  pb_history_event_decode(&engine->scratch, message->event, &event) == STATUS_OK;
    *result = (struct pb_operation_result){.result_type_case = PB_OPERATION_RESULT_NOT_SET};
    if (!called)
        succeed(engine, result, pb_none());
    else if (!find_answer(engine, request, event.entity_operation_called->request_id, result))
        fail(engine, result, NULL); /* the caller is told that it failed without details */
}

static void read_results(struct engine *engine, const struct entity *entity,
                         const struct pb_complete_entity_work_item_request *request,
                         struct pb_entity_batch_result *result)
{
    size_t executed =
        request->number_operations_executed > 0 ? (size_t)request->number_operations_executed : 0;
    size_t taken = 0;
    list_each (it, &entity->taken)
        taken++;
    result->results = memory_must(arena_alloc_array(&engine->scratch, taken + 1, sizeof *result->results));
    list_each (it, &entity->taken) {
        if (result->results_count == executed)
            return;
        read_result(engine, request, entity_message_of(it), &result->results[result->results_count++]);
    }
}

/* --- what it set going --- */

/* A message that goes elsewhere than to a caller, as an action. False: it is none. */
static bool read_action(struct engine *engine, const struct pb_orchestrator_message *message,
                        struct pb_operation_action *action)
{
    const struct pb_history_event *event = message->event;
    if (!event || !message->instance)
        return false;
    if (event->event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED) {
        const struct pb_entity_operation_signaled_event *e = event->entity_operation_signaled;
        action->operation_action_type_case = PB_OPERATION_ACTION_SEND_SIGNAL;
        action->send_signal = NEW(struct pb_send_signal_action);
        *action->send_signal = (struct pb_send_signal_action){.instance_id = message->instance->instance_id,
                                                              .name = e->operation,
                                                              .input = e->input,
                                                              .scheduled_time = e->scheduled_time};
        return true;
    }
    if (event->event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED) {
        const struct pb_execution_started_event *e = event->execution_started;
        action->operation_action_type_case = PB_OPERATION_ACTION_START_NEW_ORCHESTRATION;
        action->start_new_orchestration = NEW(struct pb_start_new_orchestration_action);
        *action->start_new_orchestration =
            (struct pb_start_new_orchestration_action){.instance_id = message->instance->instance_id,
                                                       .name = e->name,
                                                       .version = e->version,
                                                       .input = e->input,
                                                       .scheduled_time = e->scheduled_start_timestamp,
                                                       .parent_trace_context = e->parent_trace_context};
        return true;
    }
    return false;
}

static void read_actions(struct engine *engine, const struct pb_complete_entity_work_item_request *request,
                         struct pb_entity_batch_result *result)
{
    result->actions = memory_must(
        arena_alloc_array(&engine->scratch, request->messages_count + 1, sizeof *result->actions));
    for (size_t n = 0; n < request->messages_count; n++) {
        result->actions[result->actions_count] = (struct pb_operation_action){.id = (int32_t)n};
        if (read_action(engine, &request->messages[n], &result->actions[result->actions_count]))
            result->actions_count++;
    }
}

void entity_complete_host(struct engine *engine, struct call *call)
{
    struct pb_complete_entity_work_item_request request;
    struct pb_entity_batch_result result = {0};
    if (pb_complete_entity_work_item_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not a CompleteEntityWorkItemRequest",
                  0);
        return;
    }
    stream_answered(engine, engine_hub(engine, call->hub), request.completion_token);
    struct work *work = work_find(engine, &entity_class, call->hub, request.completion_token);
    if (!work) {
        entity_answer_late(engine, call);
        return;
    }
    struct entity *entity = entity_work_entity(work);
    result.entity_state = request.entity_state;
    read_results(engine, entity, &request, &result);
    read_actions(engine, &request, &result);
    entity_answer_apply(engine, call, entity, &result);
}
