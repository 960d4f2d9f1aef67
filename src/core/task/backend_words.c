/* SPDX-License-Identifier: MIT */
/* backend_words.c — a function for each kind of event, in a table. */
#include "core/task/backend_words.h"

#include "core/task/instance_status.h"
#include "core/task/message.h"

/* --- decisions --- */

/* Room for one thing of that type, zeroed. */
#define NEW(type) ((type *)memory_must(arena_alloc(arena, sizeof(type))))

static void schedule_task(struct arena *arena, const struct pb_history_event *event,
                          struct pb_orchestrator_action *action)
{
    const struct pb_task_scheduled_event *e = event->task_scheduled;
    action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK;
    action->schedule_task = NEW(struct pb_schedule_task_action);
    *action->schedule_task =
        (struct pb_schedule_task_action){.name = e->name,
                                         .version = e->version,
                                         .input = e->input,
                                         .tags = e->tags,
                                         .tags_count = e->tags_count,
                                         .parent_trace_context = e->parent_trace_context};
}

static void create_child(struct arena *arena, const struct pb_history_event *event,
                         struct pb_orchestrator_action *action)
{
    const struct pb_sub_orchestration_instance_created_event *e = event->sub_orchestration_instance_created;
    action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION;
    action->create_sub_orchestration = NEW(struct pb_create_sub_orchestration_action);
    *action->create_sub_orchestration =
        (struct pb_create_sub_orchestration_action){.instance_id = e->instance_id,
                                                    .name = e->name,
                                                    .version = e->version,
                                                    .input = e->input,
                                                    .parent_trace_context = e->parent_trace_context,
                                                    .tags = e->tags,
                                                    .tags_count = e->tags_count};
}

static void create_timer(struct arena *arena, const struct pb_history_event *event,
                         struct pb_orchestrator_action *action)
{
    action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_CREATE_TIMER;
    action->create_timer = NEW(struct pb_create_timer_action);
    *action->create_timer = (struct pb_create_timer_action){.fire_at = event->timer_created->fire_at};
}

static void send_event(struct arena *arena, const struct pb_history_event *event,
                       struct pb_orchestrator_action *action)
{
    struct pb_orchestration_instance *target = NEW(struct pb_orchestration_instance);
    *target = (struct pb_orchestration_instance){.instance_id = event->event_sent->instance_id};
    action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SEND_EVENT;
    action->send_event = NEW(struct pb_send_event_action);
    *action->send_event = (struct pb_send_event_action){
        .instance = target, .name = event->event_sent->name, .data = event->event_sent->input};
}

static void complete(struct arena *arena, const struct pb_history_event *event,
                     struct pb_orchestrator_action *action)
{
    const struct pb_execution_completed_event *e = event->execution_completed;
    action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION;
    action->complete_orchestration = NEW(struct pb_complete_orchestration_action);
    *action->complete_orchestration =
        (struct pb_complete_orchestration_action){.orchestration_status = e->orchestration_status,
                                                  .result = e->result,
                                                  .failure_details = e->failure_details};
}

static void renew(struct arena *arena, const struct pb_history_event *event,
                  struct pb_orchestrator_action *action)
{
    action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION;
    action->complete_orchestration = NEW(struct pb_complete_orchestration_action);
    *action->complete_orchestration = (struct pb_complete_orchestration_action){
        .orchestration_status = INSTANCE_CONTINUED_AS_NEW, .result = event->continue_as_new->input};
}

/* The members of both have one name. */
#define ENTITY_MESSAGE(function, KIND, member)                                                               \
    static void function(struct arena *arena, const struct pb_history_event *event,                          \
                         struct pb_orchestrator_action *action)                                              \
    {                                                                                                        \
        action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE;                  \
        action->send_entity_message = NEW(struct pb_send_entity_message_action);                             \
        *action->send_entity_message = (struct pb_send_entity_message_action){                               \
            .entity_message_type_case = PB_SEND_ENTITY_MESSAGE_ACTION_##KIND, .member = event->member};      \
    }
ENTITY_MESSAGE(signal_entity, ENTITY_OPERATION_SIGNALED, entity_operation_signaled)
ENTITY_MESSAGE(call_entity, ENTITY_OPERATION_CALLED, entity_operation_called)
ENTITY_MESSAGE(lock_entities, ENTITY_LOCK_REQUESTED, entity_lock_requested)
ENTITY_MESSAGE(unlock_entity, ENTITY_UNLOCK_SENT, entity_unlock_sent)

static void (*const decisions[])(struct arena *arena, const struct pb_history_event *event,
                                 struct pb_orchestrator_action *action) = {
    [PB_HISTORY_EVENT_TASK_SCHEDULED] = schedule_task,
    [PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED] = create_child,
    [PB_HISTORY_EVENT_TIMER_CREATED] = create_timer,
    [PB_HISTORY_EVENT_EVENT_SENT] = send_event,
    [PB_HISTORY_EVENT_EXECUTION_COMPLETED] = complete,
    [PB_HISTORY_EVENT_CONTINUE_AS_NEW] = renew,
    [PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED] = signal_entity,
    [PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED] = call_entity,
    [PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED] = lock_entities,
    [PB_HISTORY_EVENT_ENTITY_UNLOCK_SENT] = unlock_entity,
};

enum status backend_words_turn(struct arena *arena, struct bytes message,
                               struct pb_orchestrator_response *ret_response)
{
    struct pb_complete_orchestration_work_item_request request;
    if (pb_complete_orchestration_work_item_request_decode(arena, message, &request) != STATUS_OK)
        return STATUS_MALFORMED;
    struct pb_orchestrator_response response = {
        .instance_id = request.instance ? request.instance->instance_id : (struct bytes){0},
        .completion_token = request.completion_token,
        .custom_status = request.custom_status,
        .num_events_processed = request.num_events_processed,
        .orchestration_trace_context = request.orchestration_trace_context,
        .is_partial = request.is_partial,
        .chunk_index = request.chunk_index};
    response.actions =
        memory_must(arena_alloc_array(arena, request.new_history_count + 1, sizeof *response.actions));
    for (size_t n = 0; n < request.new_history_count; n++) {
        const struct pb_history_event *event = &request.new_history[n];
        size_t kind = (size_t)event->event_type_case;
        if (kind >= ARRAY_SIZE(decisions) || !decisions[kind])
            continue; /* what the host was told itself */
        struct pb_orchestrator_action *action = &response.actions[response.actions_count++];
        *action = (struct pb_orchestrator_action){.id = event->event_id};
        decisions[kind](arena, event, action);
    }
    *ret_response = response;
    return STATUS_OK;
}

enum status backend_words_activity(struct arena *arena, struct bytes message,
                                   struct pb_activity_response *ret_response)
{
    struct pb_complete_activity_work_item_request request;
    if (pb_complete_activity_work_item_request_decode(arena, message, &request) != STATUS_OK)
        return STATUS_MALFORMED;
    struct pb_activity_response response = {.completion_token = request.completion_token};
    const struct pb_history_event *event = request.response_event;
    enum pb_history_event_case kind = event ? event->event_type_case : PB_HISTORY_EVENT_NOT_SET;
    if (kind == PB_HISTORY_EVENT_TASK_COMPLETED) {
        response.task_id = event->task_completed->task_scheduled_id;
        response.result = event->task_completed->result;
    } else if (kind == PB_HISTORY_EVENT_TASK_FAILED) {
        response.task_id = event->task_failed->task_scheduled_id;
        response.failure_details = event->task_failed->failure_details;
        if (!response.failure_details) /* its presence is the failure */
            response.failure_details = NEW(struct pb_task_failure_details);
    } else {
        return STATUS_INVALID_ARGUMENT;
    }
    *ret_response = response;
    return STATUS_OK;
}

/* --- events from outside --- */

enum status backend_words_event(struct arena *arena, struct bytes id, const struct pb_history_event *event,
                                enum pb_task_hub_sidecar_service_method *ret_method,
                                struct bytes *ret_request)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_EVENT_RAISED: {
        struct pb_raise_event_request request = {
            .instance_id = id, .name = event->event_raised->name, .input = event->event_raised->input};
        *ret_method = PB_TASK_HUB_SIDECAR_SERVICE_RAISE_EVENT;
        *ret_request = message_encode(arena, &pb_raise_event_request_message, &request);
        return STATUS_OK;
    }
    case PB_HISTORY_EVENT_EXECUTION_SUSPENDED: {
        struct pb_suspend_request request = {.instance_id = id, .reason = event->execution_suspended->input};
        *ret_method = PB_TASK_HUB_SIDECAR_SERVICE_SUSPEND_INSTANCE;
        *ret_request = message_encode(arena, &pb_suspend_request_message, &request);
        return STATUS_OK;
    }
    case PB_HISTORY_EVENT_EXECUTION_RESUMED: {
        struct pb_resume_request request = {.instance_id = id, .reason = event->execution_resumed->input};
        *ret_method = PB_TASK_HUB_SIDECAR_SERVICE_RESUME_INSTANCE;
        *ret_request = message_encode(arena, &pb_resume_request_message, &request);
        return STATUS_OK;
    }
    case PB_HISTORY_EVENT_EXECUTION_TERMINATED: {
        struct pb_terminate_request request = {.instance_id = id,
                                               .output = event->execution_terminated->input,
                                               .recursive = event->execution_terminated->recurse};
        *ret_method = PB_TASK_HUB_SIDECAR_SERVICE_TERMINATE_INSTANCE;
        *ret_request = message_encode(arena, &pb_terminate_request_message, &request);
        return STATUS_OK;
    }
    case PB_HISTORY_EVENT_EXECUTION_REWOUND: {
        struct pb_rewind_instance_request request = {.instance_id = id,
                                                     .reason = event->execution_rewound->reason};
        *ret_method = PB_TASK_HUB_SIDECAR_SERVICE_REWIND_INSTANCE;
        *ret_request = message_encode(arena, &pb_rewind_instance_request_message, &request);
        return STATUS_OK;
    }
    case PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED: {
        const struct pb_entity_operation_signaled_event *e = event->entity_operation_signaled;
        struct pb_signal_entity_request request = {.instance_id = id,
                                                   .name = e->operation,
                                                   .input = e->input,
                                                   .request_id = e->request_id,
                                                   .scheduled_time = e->scheduled_time};
        *ret_method = PB_TASK_HUB_SIDECAR_SERVICE_SIGNAL_ENTITY;
        *ret_request = message_encode(arena, &pb_signal_entity_request_message, &request);
        return STATUS_OK;
    }
    default:
        return STATUS_INVALID_ARGUMENT;
    }
}
