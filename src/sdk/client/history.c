/* SPDX-License-Identifier: MIT */
/* history.c — take_parts knows where each kind of event keeps its name, data and failure; fill_event
 * copies these into the arena of the history, which therefore outlives the message. */
#include "sdk/client/history.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "sdk/convert.h"

#define HISTORY_EVENTS_MAX ((size_t)1 << 22) /* events of one history */

struct dt_history {
    struct arena arena;
    struct dt_event *events; /* on the heap, for it grows */
    size_t count;
    size_t capacity;
};

struct dt_history *sdk_history_create(void)
{
    struct dt_history *history = calloc(1, sizeof *history);
    if (history)
        arena_init(&history->arena, 0);
    return history;
}

/* What an event kind says, by its parts. */
struct history_parts {
    bool has_name;
    struct bytes name;
    bool has_instance_id;
    struct bytes instance_id;
    struct pb_opt_bytes data;
    const struct bytes *list; /* instead of data: these, with commas between them */
    size_t list_count;
    struct pb_opt_bytes version;
    struct bytes request_id; /* empty: none */
    const struct pb_task_failure_details *failure;
};

/* Events of activities, children and timers. */
static void take_task_parts(const struct pb_history_event *event, struct history_parts *parts,
                            struct dt_event *ret_event)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
        *parts = (struct history_parts){.has_name = true,
                                        .name = event->task_scheduled->name,
                                        .data = event->task_scheduled->input,
                                        .version = event->task_scheduled->version};
        return;
    case PB_HISTORY_EVENT_TASK_COMPLETED:
        ret_event->task_id = event->task_completed->task_scheduled_id;
        parts->data = event->task_completed->result;
        return;
    case PB_HISTORY_EVENT_TASK_FAILED:
        ret_event->task_id = event->task_failed->task_scheduled_id;
        parts->failure = event->task_failed->failure_details;
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
        *parts = (struct history_parts){.has_name = true,
                                        .name = event->sub_orchestration_instance_created->name,
                                        .has_instance_id = true,
                                        .instance_id = event->sub_orchestration_instance_created->instance_id,
                                        .data = event->sub_orchestration_instance_created->input,
                                        .version = event->sub_orchestration_instance_created->version};
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED:
        ret_event->task_id = event->sub_orchestration_instance_completed->task_scheduled_id;
        parts->data = event->sub_orchestration_instance_completed->result;
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
        ret_event->task_id = event->sub_orchestration_instance_failed->task_scheduled_id;
        parts->failure = event->sub_orchestration_instance_failed->failure_details;
        return;
    case PB_HISTORY_EVENT_TIMER_CREATED:
        ret_event->fire_at_ns = pb_time_to_ns(event->timer_created->fire_at);
        return;
    case PB_HISTORY_EVENT_TIMER_FIRED:
        ret_event->task_id = event->timer_fired->timer_id;
        ret_event->fire_at_ns = pb_time_to_ns(event->timer_fired->fire_at);
        return;
    default:
        return;
    }
}

/* What an orchestration and entities tell each other. */
static void take_entity_parts(const struct pb_history_event *event, struct history_parts *parts)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED: {
        const struct pb_entity_operation_signaled_event *signal = event->entity_operation_signaled;
        *parts = (struct history_parts){.has_name = true,
                                        .name = signal->operation,
                                        .has_instance_id = signal->target_instance_id.present,
                                        .instance_id = signal->target_instance_id.value,
                                        .data = signal->input,
                                        .request_id = signal->request_id};
        return;
    }
    case PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED: {
        const struct pb_entity_operation_called_event *call = event->entity_operation_called;
        *parts = (struct history_parts){.has_name = true,
                                        .name = call->operation,
                                        .has_instance_id = call->target_instance_id.present,
                                        .instance_id = call->target_instance_id.value,
                                        .data = call->input,
                                        .request_id = call->request_id};
        return;
    }
    case PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED:
        parts->request_id = event->entity_operation_completed->request_id;
        parts->data = event->entity_operation_completed->output;
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED:
        parts->request_id = event->entity_operation_failed->request_id;
        parts->failure = event->entity_operation_failed->failure_details;
        return;
    case PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED:
        *parts = (struct history_parts){.request_id = event->entity_lock_requested->critical_section_id,
                                        .list = event->entity_lock_requested->lock_set,
                                        .list_count = event->entity_lock_requested->lock_set_count};
        return;
    case PB_HISTORY_EVENT_ENTITY_LOCK_GRANTED:
        parts->request_id = event->entity_lock_granted->critical_section_id;
        return;
    case PB_HISTORY_EVENT_ENTITY_UNLOCK_SENT:
        *parts =
            (struct history_parts){.has_instance_id = event->entity_unlock_sent->target_instance_id.present,
                                   .instance_id = event->entity_unlock_sent->target_instance_id.value,
                                   .request_id = event->entity_unlock_sent->critical_section_id};
        return;
    default:
        return;
    }
}

static void take_parts(const struct pb_history_event *event, struct history_parts *parts,
                       struct dt_event *ret_event)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_EXECUTION_STARTED:
        *parts = (struct history_parts){.has_name = true,
                                        .name = event->execution_started->name,
                                        .data = event->execution_started->input,
                                        .version = event->execution_started->version};
        return;
    case PB_HISTORY_EVENT_EXECUTION_COMPLETED:
        parts->data = event->execution_completed->result;
        parts->failure = event->execution_completed->failure_details;
        ret_event->status = (enum dt_instance_status)event->execution_completed->orchestration_status;
        return;
    case PB_HISTORY_EVENT_EXECUTION_TERMINATED:
        parts->data = event->execution_terminated->input;
        return;
    case PB_HISTORY_EVENT_EVENT_SENT:
        *parts = (struct history_parts){.has_name = true,
                                        .name = event->event_sent->name,
                                        .has_instance_id = true,
                                        .instance_id = event->event_sent->instance_id,
                                        .data = event->event_sent->input};
        return;
    case PB_HISTORY_EVENT_EVENT_RAISED:
        *parts = (struct history_parts){
            .has_name = true, .name = event->event_raised->name, .data = event->event_raised->input};
        return;
    case PB_HISTORY_EVENT_CONTINUE_AS_NEW:
        parts->data = event->continue_as_new->input;
        return;
    case PB_HISTORY_EVENT_EXECUTION_SUSPENDED:
        parts->data = event->execution_suspended->input;
        return;
    case PB_HISTORY_EVENT_EXECUTION_RESUMED:
        parts->data = event->execution_resumed->input;
        return;
    case PB_HISTORY_EVENT_EXECUTION_REWOUND:
        parts->data = event->execution_rewound->reason;
        return;
    default:
        take_task_parts(event, parts, ret_event);
        take_entity_parts(event, parts);
        return;
    }
}

/* "@a@1, @b@2" */
static STATUS_RESULT join(struct arena *arena, const struct bytes *list, size_t count, const char **ret_text)
{
    CLEANUP(buf_fini) struct buf text = {0};
    for (size_t i = 0; i < count; i++) {
        buf_append_cstr(&text, i ? ", " : "");
        buf_append_bytes(&text, list[i]);
    }
    *ret_text = buf_status(&text) == STATUS_OK ? arena_cstr(arena, buf_peek(&text)) : NULL;
    return *ret_text ? STATUS_OK : STATUS_NO_MEMORY;
}

static STATUS_RESULT fill_event(struct arena *arena, const struct pb_history_event *wire,
                                struct dt_event *event)
{
    struct history_parts parts = {0};
    *event = (struct dt_event){.size = sizeof *event,
                               .kind = (enum dt_event_kind)wire->event_type_case,
                               .id = wire->event_id,
                               .time_ns = pb_time_to_ns(wire->timestamp)};
    take_parts(wire, &parts, event);
    if (parts.failure) {
        event->failure = sdk_failure_of_wire(arena, parts.failure);
        if (!event->failure)
            return STATUS_NO_MEMORY;
    }
    if (parts.has_name) {
        event->name = arena_cstr(arena, parts.name);
        if (!event->name)
            return STATUS_NO_MEMORY;
    }
    if (parts.has_instance_id) {
        event->instance_id = arena_cstr(arena, parts.instance_id);
        if (!event->instance_id)
            return STATUS_NO_MEMORY;
    }
    if (parts.request_id.size) {
        event->request_id = arena_cstr(arena, parts.request_id);
        if (!event->request_id)
            return STATUS_NO_MEMORY;
    }
    enum status status = sdk_text_of_opt(arena, parts.version, &event->version);
    if (status == STATUS_OK && parts.list_count)
        return join(arena, parts.list, parts.list_count, &event->data);
    if (status)
        return status;
    return sdk_text_of_opt(arena, parts.data, &event->data);
}

static STATUS_RESULT reserve_events(struct dt_history *history, size_t more)
{
    size_t needed = history->count + more;
    if (needed > HISTORY_EVENTS_MAX)
        return STATUS_NO_MEMORY;
    if (needed <= history->capacity)
        return STATUS_OK;
    size_t capacity = MAX(needed, history->capacity * 2);
    struct dt_event *events = realloc(history->events, capacity * sizeof *events);
    if (!events)
        return STATUS_NO_MEMORY;
    history->events = events;
    history->capacity = capacity;
    return STATUS_OK;
}

enum status sdk_history_append(struct dt_history *history, struct bytes chunk)
{
    struct arena scratch;
    arena_init(&scratch, 0);
    struct pb_history_chunk wire;
    enum status status = pb_history_chunk_decode(&scratch, chunk, &wire);
    if (status == STATUS_OK)
        status = reserve_events(history, wire.events_count);
    for (size_t i = 0; status == STATUS_OK && i < wire.events_count; i++) {
        status = fill_event(&history->arena, &wire.events[i], &history->events[history->count]);
        history->count += status == STATUS_OK;
    }
    arena_fini(&scratch);
    return status;
}

size_t dt_history_count(const struct dt_history *history)
{
    return history->count;
}

void dt_history_event(const struct dt_history *history, size_t index, struct dt_event *ret_event)
{
    ASSERT(index < history->count);
    size_t size = MIN(ret_event->size, sizeof *ret_event);
    memcpy(ret_event, &history->events[index], size);
    memcpy(ret_event, &size, MIN(size, sizeof size));
}

void dt_history_destroy(struct dt_history *history)
{
    if (!history)
        return;
    arena_fini(&history->arena);
    free(history->events);
    free(history);
}

const char *dt_event_kind_name(enum dt_event_kind kind)
{
    static const char *const names[] = {
        [DT_EVENT_EXECUTION_STARTED] = "ExecutionStarted",
        [DT_EVENT_EXECUTION_COMPLETED] = "ExecutionCompleted",
        [DT_EVENT_EXECUTION_TERMINATED] = "ExecutionTerminated",
        [DT_EVENT_TASK_SCHEDULED] = "TaskScheduled",
        [DT_EVENT_TASK_COMPLETED] = "TaskCompleted",
        [DT_EVENT_TASK_FAILED] = "TaskFailed",
        [DT_EVENT_CHILD_CREATED] = "SubOrchestrationInstanceCreated",
        [DT_EVENT_CHILD_COMPLETED] = "SubOrchestrationInstanceCompleted",
        [DT_EVENT_CHILD_FAILED] = "SubOrchestrationInstanceFailed",
        [DT_EVENT_TIMER_CREATED] = "TimerCreated",
        [DT_EVENT_TIMER_FIRED] = "TimerFired",
        [DT_EVENT_ORCHESTRATOR_STARTED] = "OrchestratorStarted",
        [DT_EVENT_ORCHESTRATOR_COMPLETED] = "OrchestratorCompleted",
        [DT_EVENT_EVENT_SENT] = "EventSent",
        [DT_EVENT_EVENT_RAISED] = "EventRaised",
        [DT_EVENT_CONTINUED_AS_NEW] = "ContinueAsNew",
        [DT_EVENT_EXECUTION_SUSPENDED] = "ExecutionSuspended",
        [DT_EVENT_EXECUTION_RESUMED] = "ExecutionResumed",
        [DT_EVENT_ENTITY_SIGNALED] = "EntityOperationSignaled",
        [DT_EVENT_ENTITY_CALLED] = "EntityOperationCalled",
        [DT_EVENT_ENTITY_COMPLETED] = "EntityOperationCompleted",
        [DT_EVENT_ENTITY_FAILED] = "EntityOperationFailed",
        [DT_EVENT_ENTITY_LOCK_REQUESTED] = "EntityLockRequested",
        [DT_EVENT_ENTITY_LOCK_GRANTED] = "EntityLockGranted",
        [DT_EVENT_ENTITY_UNLOCK_SENT] = "EntityUnlockSent",
        [DT_EVENT_EXECUTION_REWOUND] = "ExecutionRewound",
    };
    if ((unsigned)kind >= ARRAY_SIZE(names))
        return "Unknown";
    return text_or(names[kind], "Unknown");
}
