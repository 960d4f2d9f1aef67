/* SPDX-License-Identifier: MIT */
/* engine_script.c — see engine_script.h. */
#include "lib/engine_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/task/event.h"
#include "core/task/memory.h"

#define ACTIONS_MAX 16

void script_worker(struct rig *r, uint64_t stream)
{
    struct pb_get_work_items_request request = {.max_concurrent_orchestration_work_items = 0};
    rig_stream(r, stream, &request, "", stream);
}

uint64_t script_start(struct rig *r, const char *id, const char *name)
{
    struct pb_create_instance_request request = {.instance_id = bytes_of_cstr(id),
                                                 .name = bytes_of_cstr(name),
                                                 .input = pb_some(BYTES_LITERAL("\"in\""))};
    return rig_call(r, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &request);
}

uint64_t script_raise(struct rig *r, const char *id, const char *event)
{
    struct pb_raise_event_request request = {.instance_id = bytes_of_cstr(id), .name = bytes_of_cstr(event)};
    return rig_call(r, ENGINE_RAISE_EVENT, &pb_raise_event_request_message, &request);
}

uint64_t script_get(struct rig *r, const char *id, bool payloads)
{
    struct pb_get_instance_request request = {.instance_id = bytes_of_cstr(id),
                                              .get_inputs_and_outputs = payloads};
    return rig_call(r, ENGINE_GET_INSTANCE, &pb_get_instance_request_message, &request);
}

uint64_t script_suspend(struct rig *r, const char *id)
{
    struct pb_suspend_request request = {.instance_id = bytes_of_cstr(id)};
    return rig_call(r, ENGINE_SUSPEND, &pb_suspend_request_message, &request);
}

uint64_t script_resume(struct rig *r, const char *id)
{
    struct pb_resume_request request = {.instance_id = bytes_of_cstr(id)};
    return rig_call(r, ENGINE_RESUME, &pb_resume_request_message, &request);
}

uint64_t script_terminate(struct rig *r, const char *id, const char *output, bool recursive)
{
    struct pb_terminate_request request = {
        .instance_id = bytes_of_cstr(id), .output = pb_some(bytes_of_cstr(output)), .recursive = recursive};
    return rig_call(r, ENGINE_TERMINATE, &pb_terminate_request_message, &request);
}

struct pb_orchestration_state *script_state(struct rig *r, const char *id, struct arena *a)
{
    struct rig_reply *reply = rig_reply_of(r, script_get(r, id, true));
    struct pb_get_instance_response response;
    assert_non_null(reply);
    assert_int_equal(reply->status, STATUS_OK);
    assert_int_equal(pb_get_instance_response_decode(a, reply->message, &response), STATUS_OK);
    assert_int_equal(response.exists, response.orchestration_state != NULL);
    return response.orchestration_state;
}

int script_status(struct rig *r, const char *id)
{
    struct arena a;
    arena_init(&a, 0);
    struct pb_orchestration_state *state = script_state(r, id, &a);
    int status = state ? state->orchestration_status : -1;
    arena_fini(&a);
    return status;
}

struct rig_work *script_turn(struct rig *r, const char *id)
{
    struct rig_work *w = rig_take_work(r);
    assert_non_null(w);
    assert_int_equal(w->item.request_case, PB_WORK_ITEM_ORCHESTRATOR_REQUEST);
    assert_true(bytes_equal_cstr(w->item.orchestrator_request->instance_id, id));
    return w;
}

struct rig_work *script_activity(struct rig *r, const char *name)
{
    struct rig_work *w = rig_take_work(r);
    assert_non_null(w);
    assert_int_equal(w->item.request_case, PB_WORK_ITEM_ACTIVITY_REQUEST);
    assert_true(bytes_equal_cstr(w->item.activity_request->name, name));
    return w;
}

/* --- actions --- */

static void *put(struct arena *a, size_t size)
{
    return memory_must(arena_alloc(a, size));
}

static void make_complete(struct arena *a, struct pb_orchestrator_action *action, int status,
                          struct bytes result)
{
    struct pb_complete_orchestration_action *c = put(a, sizeof *c);
    action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION;
    action->complete_orchestration = c;
    c->orchestration_status = status;
    if (status == PB_ORCHESTRATION_STATUS_FAILED) {
        c->failure_details = put(a, sizeof *c->failure_details);
        c->failure_details->error_type = BYTES_LITERAL("Oops");
        c->failure_details->error_message = result;
    } else {
        c->result = pb_some(result);
    }
}

static struct bytes *split_names(struct arena *a, struct bytes names, size_t *ret_count)
{
    struct bytes *all = put(a, 16 * sizeof *all);
    for (*ret_count = 0; names.size; (*ret_count)++)
        all[*ret_count] = bytes_split(&names, ',');
    return all;
}

/* A request's id is that of its operation: tests name each once. */
static bool make_entity(struct arena *a, struct bytes kind, struct bytes first, struct bytes second,
                        struct pb_orchestrator_action *action)
{
    struct pb_send_entity_message_action *message = put(a, sizeof *message);
    action->send_entity_message = message;
    if (bytes_equal_cstr(kind, "signal")) {
        message->entity_message_type_case = PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED;
        message->entity_operation_signaled = put(a, sizeof *message->entity_operation_signaled);
        message->entity_operation_signaled->operation = second;
        message->entity_operation_signaled->target_instance_id = pb_some(first);
    } else if (bytes_equal_cstr(kind, "call")) {
        message->entity_message_type_case = PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED;
        message->entity_operation_called = put(a, sizeof *message->entity_operation_called);
        message->entity_operation_called->operation = second;
        message->entity_operation_called->request_id = second;
        message->entity_operation_called->target_instance_id = pb_some(first);
    } else if (bytes_equal_cstr(kind, "lock")) {
        message->entity_message_type_case = PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED;
        message->entity_lock_requested = put(a, sizeof *message->entity_lock_requested);
        message->entity_lock_requested->critical_section_id = first;
        message->entity_lock_requested->lock_set =
            split_names(a, second, &message->entity_lock_requested->lock_set_count);
    } else if (bytes_equal_cstr(kind, "unlock")) {
        message->entity_message_type_case = PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_UNLOCK_SENT;
        message->entity_unlock_sent = put(a, sizeof *message->entity_unlock_sent);
        message->entity_unlock_sent->critical_section_id = first;
        message->entity_unlock_sent->target_instance_id = pb_some(second);
    } else {
        return false;
    }
    return true;
}

static void make(struct arena *a, struct bytes kind, struct bytes first, struct bytes second, int64_t now_ns,
                 struct pb_orchestrator_action *action)
{
    if (bytes_equal_cstr(kind, "activity")) {
        action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK;
        action->schedule_task = put(a, sizeof *action->schedule_task);
        action->schedule_task->name = first;
        action->schedule_task->input = pb_some(BYTES_LITERAL("7"));
    } else if (bytes_equal_cstr(kind, "timer")) {
        int64_t seconds = 0;
        assert_int_equal(bytes_parse_i64(first, &seconds), STATUS_OK);
        action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_CREATE_TIMER;
        action->create_timer = put(a, sizeof *action->create_timer);
        action->create_timer->fire_at = pb_time_from_ns(now_ns + seconds * RIG_SECOND);
    } else if (bytes_equal_cstr(kind, "child")) {
        action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION;
        action->create_sub_orchestration = put(a, sizeof *action->create_sub_orchestration);
        action->create_sub_orchestration->instance_id = first;
        action->create_sub_orchestration->name = BYTES_LITERAL("Child");
    } else if (bytes_equal_cstr(kind, "send")) {
        action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SEND_EVENT;
        action->send_event = put(a, sizeof *action->send_event);
        action->send_event->instance = put(a, sizeof *action->send_event->instance);
        action->send_event->instance->instance_id = first;
        action->send_event->name = second;
    } else if (bytes_equal_cstr(kind, "stop")) {
        action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_TERMINATE_ORCHESTRATION;
        action->terminate_orchestration = put(a, sizeof *action->terminate_orchestration);
        action->terminate_orchestration->instance_id = first;
    } else if (make_entity(a, kind, first, second, action)) {
        action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE;
    } else if (bytes_equal_cstr(kind, "rewind")) {
        action->orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_REWIND_ORCHESTRATION;
        action->rewind_orchestration = put(a, sizeof *action->rewind_orchestration);
    } else if (bytes_equal_cstr(kind, "complete")) {
        make_complete(a, action, PB_ORCHESTRATION_STATUS_COMPLETED, first);
    } else if (bytes_equal_cstr(kind, "fail")) {
        make_complete(a, action, PB_ORCHESTRATION_STATUS_FAILED, first);
    } else if (bytes_equal_cstr(kind, "terminated")) {
        make_complete(a, action, PB_ORCHESTRATION_STATUS_TERMINATED, first);
    } else if (bytes_equal_cstr(kind, "renew")) {
        make_complete(a, action, PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW, first);
    } else {
        assert_true(bytes_equal_cstr(kind, "unknown"));
        action->unknown = BYTES_LITERAL("\xfa\x01\x00"); /* field 31: an action from the future */
    }
}

size_t script_actions(struct arena *a, const char *text, int64_t now_ns,
                      struct pb_orchestrator_action *ret_actions)
{
    size_t count = 0;
    struct bytes rest = bytes_of_cstr(text);
    while (rest.size) {
        struct bytes line = bytes_trim(bytes_split(&rest, ';'));
        struct bytes kind = bytes_split(&line, ' ');
        struct bytes id = bytes_split(&line, ' ');
        struct bytes first = bytes_split(&line, ' ');
        int64_t number = 0;
        assert_int_equal(bytes_parse_i64(id, &number), STATUS_OK);
        assert_true(count < ACTIONS_MAX);
        struct pb_orchestrator_action *action = &ret_actions[count++];
        *action = (struct pb_orchestrator_action){.id = (int32_t)number};
        make(a, kind, first, line, now_ns, action);
    }
    return count;
}

uint64_t script_answer(struct rig *r, struct rig_work *turn, const char *text)
{
    struct pb_orchestrator_action actions[ACTIONS_MAX];
    const struct pb_orchestrator_request *request = turn->item.orchestrator_request;
    struct pb_orchestrator_response response = {.instance_id = request->instance_id,
                                                .completion_token = turn->item.completion_token,
                                                .actions = actions};
    response.actions_count = script_actions(&turn->arena, text, rig_unix_ns(r), actions);
    uint64_t call = rig_call(r, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
    return call;
}

uint64_t script_signal(struct rig *r, const char *entity, const char *operation)
{
    struct pb_signal_entity_request request = {.instance_id = bytes_of_cstr(entity),
                                               .name = bytes_of_cstr(operation)};
    return rig_call(r, ENGINE_SIGNAL_ENTITY, &pb_signal_entity_request_message, &request);
}

static struct bytes operation_of(const struct pb_history_event *event)
{
    return event->event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED
               ? event->entity_operation_called->operation
               : event->entity_operation_signaled->operation;
}

struct rig_work *script_batch(struct rig *r, const char *entity, const char *operations)
{
    struct rig_work *work = rig_take_work(r);
    assert_non_null(work);
    assert_int_equal(work->item.request_case, PB_WORK_ITEM_ENTITY_REQUEST_V2);
    const struct pb_entity_request *request = work->item.entity_request_v2;
    assert_true(bytes_equal_cstr(request->instance_id, entity));
    struct buf got = {0};
    for (size_t n = 0; n < request->operation_requests_count; n++) {
        buf_append_cstr(&got, n ? " " : "");
        buf_append_bytes(&got, operation_of(&request->operation_requests[n]));
    }
    buf_append_byte(&got, 0);
    assert_string_equal((const char *)got.data, operations);
    buf_fini(&got);
    return work;
}

uint64_t script_batch_done(struct rig *r, struct rig_work *batch, const char *state)
{
    struct pb_operation_result_success success = {.result = pb_some(BYTES_LITERAL("r"))};
    struct pb_operation_result results[100];
    struct pb_entity_batch_result result = {
        .completion_token = batch->item.completion_token,
        .results = results,
        .results_count = batch->item.entity_request_v2->operation_requests_count,
        .entity_state = state ? pb_some(bytes_of_cstr(state)) : pb_none()};
    for (size_t n = 0; n < result.results_count; n++)
        results[n] = (struct pb_operation_result){.result_type_case = PB_OPERATION_RESULT_SUCCESS,
                                                  .success = &success};
    uint64_t call = rig_call(r, ENGINE_COMPLETE_ENTITY, &pb_entity_batch_result_message, &result);
    rig_work_free(batch);
    return call;
}

uint64_t script_complete(struct rig *r, struct rig_work *activity, const char *result)
{
    struct pb_activity_response response = {
        .instance_id = activity->item.activity_request->orchestration_instance->instance_id,
        .task_id = activity->item.activity_request->task_id,
        .result = pb_some(bytes_of_cstr(result)),
        .completion_token = activity->item.completion_token};
    uint64_t call = rig_call(r, ENGINE_COMPLETE_ACTIVITY, &pb_activity_response_message, &response);
    rig_work_free(activity);
    return call;
}

/* --- expectations --- */

static const char *const kind_names[] = {
    [PB_HISTORY_EVENT_EXECUTION_STARTED] = "ExecutionStarted",
    [PB_HISTORY_EVENT_EXECUTION_COMPLETED] = "ExecutionCompleted",
    [PB_HISTORY_EVENT_EXECUTION_TERMINATED] = "ExecutionTerminated",
    [PB_HISTORY_EVENT_TASK_SCHEDULED] = "TaskScheduled",
    [PB_HISTORY_EVENT_TASK_COMPLETED] = "TaskCompleted",
    [PB_HISTORY_EVENT_TASK_FAILED] = "TaskFailed",
    [PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED] = "ChildCreated",
    [PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED] = "ChildCompleted",
    [PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED] = "ChildFailed",
    [PB_HISTORY_EVENT_TIMER_CREATED] = "TimerCreated",
    [PB_HISTORY_EVENT_TIMER_FIRED] = "TimerFired",
    [PB_HISTORY_EVENT_ORCHESTRATOR_STARTED] = "OrchestratorStarted",
    [PB_HISTORY_EVENT_EVENT_SENT] = "EventSent",
    [PB_HISTORY_EVENT_EVENT_RAISED] = "EventRaised",
    [PB_HISTORY_EVENT_EXECUTION_SUSPENDED] = "ExecutionSuspended",
    [PB_HISTORY_EVENT_EXECUTION_RESUMED] = "ExecutionResumed",
    [PB_HISTORY_EVENT_EXECUTION_REWOUND] = "ExecutionRewound",
    [PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED] = "EntityOperationCompleted",
    [PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED] = "EntityOperationFailed",
    [PB_HISTORY_EVENT_ENTITY_LOCK_GRANTED] = "EntityLockGranted",
};

static const char *kind_name(const struct pb_history_event *event)
{
    const char *name =
        (size_t)event->event_type_case < ARRAY_SIZE(kind_names) ? kind_names[event->event_type_case] : NULL;
    return name ? name : "?";
}

void script_expect_new(const struct rig_work *turn, const char *kinds)
{
    struct buf text = {0};
    const struct pb_orchestrator_request *request = turn->item.orchestrator_request;
    for (size_t n = 0; n < request->new_events_count; n++) {
        const struct pb_history_event *event = &request->new_events[n];
        assert_true(event->timestamp.present);
        buf_append_fmt(&text, "%s%s", n ? " " : "", kind_name(event));
        if (event->event_type_case == PB_HISTORY_EVENT_EVENT_RAISED)
            buf_append_fmt(&text, ":%.*s", BYTES_FMT(event->event_raised->name));
    }
    buf_append_byte(&text, 0);
    assert_string_equal((const char *)text.data, kinds);
    buf_fini(&text);
}

void script_expect_history(struct rig *r, const char *id, const char *events)
{
    struct pb_stream_instance_history_request request = {.instance_id = bytes_of_cstr(id)};
    uint64_t call = rig_call(r, ENGINE_STREAM_HISTORY, &pb_stream_instance_history_request_message, &request);
    struct rig_reply *reply = rig_reply_of(r, call);
    struct pb_history_chunk chunk;
    struct arena a;
    struct buf text = {0};
    arena_init(&a, 0);
    assert_non_null(reply);
    assert_int_equal(reply->status, STATUS_OK);
    assert_int_equal(pb_history_chunk_decode(&a, reply->history, &chunk), STATUS_OK);
    for (size_t n = 0; n < chunk.events_count; n++)
        buf_append_fmt(&text, "%s%d %s", n ? " " : "", chunk.events[n].event_id, kind_name(&chunk.events[n]));
    buf_append_byte(&text, 0);
    assert_string_equal((const char *)text.data, events);
    buf_fini(&text);
    arena_fini(&a);
}
