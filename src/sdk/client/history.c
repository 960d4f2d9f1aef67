/* SPDX-License-Identifier: MIT */
#include "sdk/client/history.h"

#include <stdlib.h>

#include "base/arena.h"
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
    struct dt_history *h = calloc(1, sizeof *h);
    if (h)
        arena_init(&h->arena, 0);
    return h;
}

/* What an event kind says, by its parts. */
struct parts {
    bool has_name;
    struct bytes name;
    bool has_instance_id;
    struct bytes instance_id;
    struct pb_opt_bytes data;
    const struct pb_task_failure_details *failure;
};

/* Events of activities, children and timers. */
static void take_task_parts(const struct pb_history_event *w, struct parts *p, struct dt_event *e)
{
    switch (w->event_type_case) {
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
        *p = (struct parts){
            .has_name = true, .name = w->task_scheduled->name, .data = w->task_scheduled->input};
        return;
    case PB_HISTORY_EVENT_TASK_COMPLETED:
        e->task_id = w->task_completed->task_scheduled_id;
        p->data = w->task_completed->result;
        return;
    case PB_HISTORY_EVENT_TASK_FAILED:
        e->task_id = w->task_failed->task_scheduled_id;
        p->failure = w->task_failed->failure_details;
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
        *p = (struct parts){.has_name = true,
                            .name = w->sub_orchestration_instance_created->name,
                            .has_instance_id = true,
                            .instance_id = w->sub_orchestration_instance_created->instance_id,
                            .data = w->sub_orchestration_instance_created->input};
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED:
        e->task_id = w->sub_orchestration_instance_completed->task_scheduled_id;
        p->data = w->sub_orchestration_instance_completed->result;
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
        e->task_id = w->sub_orchestration_instance_failed->task_scheduled_id;
        p->failure = w->sub_orchestration_instance_failed->failure_details;
        return;
    case PB_HISTORY_EVENT_TIMER_CREATED:
        e->fire_at_ns = pb_time_to_ns(w->timer_created->fire_at);
        return;
    case PB_HISTORY_EVENT_TIMER_FIRED:
        e->task_id = w->timer_fired->timer_id;
        e->fire_at_ns = pb_time_to_ns(w->timer_fired->fire_at);
        return;
    default:
        return;
    }
}

static void take_parts(const struct pb_history_event *w, struct parts *p, struct dt_event *e)
{
    switch (w->event_type_case) {
    case PB_HISTORY_EVENT_EXECUTION_STARTED:
        *p = (struct parts){
            .has_name = true, .name = w->execution_started->name, .data = w->execution_started->input};
        return;
    case PB_HISTORY_EVENT_EXECUTION_COMPLETED:
        p->data = w->execution_completed->result;
        p->failure = w->execution_completed->failure_details;
        e->status = (enum dt_instance_status)w->execution_completed->orchestration_status;
        return;
    case PB_HISTORY_EVENT_EXECUTION_TERMINATED:
        p->data = w->execution_terminated->input;
        return;
    case PB_HISTORY_EVENT_EVENT_SENT:
        *p = (struct parts){.has_name = true,
                            .name = w->event_sent->name,
                            .has_instance_id = true,
                            .instance_id = w->event_sent->instance_id,
                            .data = w->event_sent->input};
        return;
    case PB_HISTORY_EVENT_EVENT_RAISED:
        *p = (struct parts){.has_name = true, .name = w->event_raised->name, .data = w->event_raised->input};
        return;
    case PB_HISTORY_EVENT_CONTINUE_AS_NEW:
        p->data = w->continue_as_new->input;
        return;
    case PB_HISTORY_EVENT_EXECUTION_SUSPENDED:
        p->data = w->execution_suspended->input;
        return;
    case PB_HISTORY_EVENT_EXECUTION_RESUMED:
        p->data = w->execution_resumed->input;
        return;
    case PB_HISTORY_EVENT_EXECUTION_REWOUND:
        p->data = w->execution_rewound->reason;
        return;
    default:
        take_task_parts(w, p, e);
        return;
    }
}

static STATUS_RESULT fill_event(struct arena *a, const struct pb_history_event *wire, struct dt_event *e)
{
    struct parts p = {0};
    *e = (struct dt_event){.size = sizeof *e,
                           .kind = (enum dt_event_kind)wire->event_type_case,
                           .id = wire->event_id,
                           .time_ns = pb_time_to_ns(wire->timestamp)};
    take_parts(wire, &p, e);
    if (p.failure && !(e->failure = sdk_failure_of_wire(a, p.failure)))
        return STATUS_NO_MEMORY;
    if (p.has_name && !(e->name = arena_cstr(a, p.name)))
        return STATUS_NO_MEMORY;
    if (p.has_instance_id && !(e->instance_id = arena_cstr(a, p.instance_id)))
        return STATUS_NO_MEMORY;
    return sdk_text_of_opt(a, p.data, &e->data);
}

static STATUS_RESULT reserve_events(struct dt_history *h, size_t more)
{
    size_t needed = h->count + more;
    if (needed > HISTORY_EVENTS_MAX)
        return STATUS_NO_MEMORY;
    if (needed <= h->capacity)
        return STATUS_OK;
    size_t capacity = MAX(needed, h->capacity * 2);
    struct dt_event *events = realloc(h->events, capacity * sizeof *events);
    if (!events)
        return STATUS_NO_MEMORY;
    h->events = events;
    h->capacity = capacity;
    return STATUS_OK;
}

STATUS_RESULT sdk_history_append(struct dt_history *h, struct bytes chunk)
{
    struct arena scratch;
    arena_init(&scratch, 0);
    struct pb_history_chunk wire;
    enum status s = pb_history_chunk_decode(&scratch, chunk, &wire);
    if (s == STATUS_OK)
        s = reserve_events(h, wire.events_count);
    for (size_t i = 0; s == STATUS_OK && i < wire.events_count; i++) {
        s = fill_event(&h->arena, &wire.events[i], &h->events[h->count]);
        h->count += s == STATUS_OK;
    }
    arena_fini(&scratch);
    return s;
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
        [DT_EVENT_EXECUTION_REWOUND] = "ExecutionRewound",
    };
    return (unsigned)kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "Unknown";
}
