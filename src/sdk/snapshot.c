/* SPDX-License-Identifier: MIT */
#include "sdk/snapshot.h"

#include <stdlib.h>

#include "sdk/convert.h"

/* ----------------------------------------------------------------------------------------------------
 * instances */

struct dt_instance {
    atomic_int references;
    struct arena arena;
    const char *id;
    const char *name;
    const char *version;
    const char *input;
    const char *output;
    const char *custom_status;
    const char *execution_id;
    const char *parent_id;
    const struct dt_failure *failure;
    const struct dt_tag *tags;
    size_t tag_count;
    enum dt_instance_status status;
    int64_t created_ns;
    int64_t updated_ns;
    int64_t completed_ns;
    int64_t scheduled_start_ns;
};

static STATUS_RESULT fill_instance(struct dt_instance *i, const struct pb_orchestration_state *s)
{
    struct arena *a = &i->arena;
    const struct {
        struct pb_opt_bytes value;
        const char **place;
    } texts[] = {
        {pb_some(s->instance_id), &i->id},
        {pb_some(s->name), &i->name},
        {s->version, &i->version},
        {s->input, &i->input},
        {s->output, &i->output},
        {s->custom_status, &i->custom_status},
        {s->execution_id, &i->execution_id},
        {s->parent_instance_id, &i->parent_id},
    };
    for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
        if (sdk_text_of_opt(a, texts[t].value, texts[t].place) != STATUS_OK)
            return STATUS_NO_MEMORY;
    if (sdk_tags_of_wire(a, s->tags, s->tags_count, &i->tags) != STATUS_OK)
        return STATUS_NO_MEMORY;
    i->tag_count = s->tags_count;
    if (s->failure_details) {
        i->failure = sdk_failure_of_wire(a, s->failure_details);
        if (!i->failure)
            return STATUS_NO_MEMORY;
    }
    i->status = (enum dt_instance_status)s->orchestration_status;
    i->created_ns = pb_time_to_ns(s->created_timestamp);
    i->updated_ns = pb_time_to_ns(s->last_updated_timestamp);
    i->completed_ns = pb_time_to_ns(s->completed_timestamp);
    i->scheduled_start_ns = pb_time_to_ns(s->scheduled_start_timestamp);
    return STATUS_OK;
}

STATUS_RESULT sdk_instance_create(const struct pb_orchestration_state *state,
                                  struct dt_instance **ret_instance)
{
    struct dt_instance *i = calloc(1, sizeof *i);
    if (!i)
        return STATUS_NO_MEMORY;
    arena_init(&i->arena, 0);
    atomic_init(&i->references, 1);
    enum status s = fill_instance(i, state);
    if (s != STATUS_OK)
        dt_instance_destroy(i);
    else
        *ret_instance = i;
    return s;
}

void dt_instance_destroy(struct dt_instance *instance)
{
    if (!instance || atomic_fetch_sub_explicit(&instance->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_fini(&instance->arena);
    free(instance);
}

enum dt_status dt_instance_copy(const struct dt_instance *instance, struct dt_instance **ret_copy)
{
    struct dt_instance *shared = (struct dt_instance *)instance; /* only its counter changes */
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    *ret_copy = shared;
    return DT_OK;
}

const char *dt_instance_id(const struct dt_instance *instance)
{
    return instance->id;
}

const char *dt_instance_name(const struct dt_instance *instance)
{
    return instance->name;
}

const char *dt_instance_version(const struct dt_instance *instance)
{
    return instance->version;
}

enum dt_instance_status dt_instance_status(const struct dt_instance *instance)
{
    return instance->status;
}

int64_t dt_instance_created_ns(const struct dt_instance *instance)
{
    return instance->created_ns;
}

int64_t dt_instance_updated_ns(const struct dt_instance *instance)
{
    return instance->updated_ns;
}

int64_t dt_instance_completed_ns(const struct dt_instance *instance)
{
    return instance->completed_ns;
}

int64_t dt_instance_scheduled_start_ns(const struct dt_instance *instance)
{
    return instance->scheduled_start_ns;
}

const char *dt_instance_input(const struct dt_instance *instance)
{
    return instance->input;
}

const char *dt_instance_output(const struct dt_instance *instance)
{
    return instance->output;
}

const char *dt_instance_custom_status(const struct dt_instance *instance)
{
    return instance->custom_status;
}

const char *dt_instance_execution_id(const struct dt_instance *instance)
{
    return instance->execution_id;
}

const char *dt_instance_parent_id(const struct dt_instance *instance)
{
    return instance->parent_id;
}

const struct dt_failure *dt_instance_failure(const struct dt_instance *instance)
{
    return instance->failure;
}

const struct dt_tag *dt_instance_tags(const struct dt_instance *instance, size_t *ret_count)
{
    *ret_count = instance->tag_count;
    return instance->tag_count ? instance->tags : NULL;
}

const char *dt_instance_tag(const struct dt_instance *instance, const char *key)
{
    for (size_t i = instance->tag_count; i > 0; i--)
        if (strcmp(instance->tags[i - 1].key, key) == 0)
            return instance->tags[i - 1].value;
    return NULL;
}

const char *dt_instance_status_name(enum dt_instance_status status)
{
    static const char *const names[] = {"running",   "completed",  "continued-as-new", "failed",
                                        "cancelled", "terminated", "pending",          "suspended"};
    return (unsigned)status < ARRAY_SIZE(names) ? names[status] : "unknown";
}

bool dt_instance_status_final(enum dt_instance_status status)
{
    return status == DT_INSTANCE_COMPLETED || status == DT_INSTANCE_FAILED ||
           status == DT_INSTANCE_CANCELLED || status == DT_INSTANCE_TERMINATED;
}

/* --------------------------------------------------------------------------------------------------------
 * pages */

struct dt_page {
    struct dt_instance **instances;
    size_t count;
    char *token;
};

STATUS_RESULT sdk_page_create(const struct pb_query_instances_response *response, struct dt_page **ret_page)
{
    struct dt_page *p = calloc(1, sizeof *p);
    if (!p)
        return STATUS_NO_MEMORY;
    enum status s = STATUS_OK;
    size_t count = response->orchestration_state_count;
    p->instances = calloc(MAX(count, 1), sizeof(struct dt_instance *));
    if (!p->instances)
        s = STATUS_NO_MEMORY;
    for (; s == STATUS_OK && p->count < count; p->count += s == STATUS_OK)
        s = sdk_instance_create(&response->orchestration_state[p->count], &p->instances[p->count]);
    if (s == STATUS_OK && response->continuation_token.present) {
        struct bytes token = response->continuation_token.value;
        p->token = malloc(token.size + 1);
        if (!p->token) {
            s = STATUS_NO_MEMORY;
        } else {
            memcpy(p->token, token.size ? (const void *)token.data : "", token.size);
            p->token[token.size] = '\0';
        }
    }
    if (s != STATUS_OK)
        dt_page_destroy(p);
    else
        *ret_page = p;
    return s;
}

size_t dt_page_count(const struct dt_page *page)
{
    return page->count;
}

const struct dt_instance *dt_page_instance(const struct dt_page *page, size_t index)
{
    ASSERT(index < page->count);
    return page->instances[index];
}

const char *dt_page_token(const struct dt_page *page)
{
    return page->token;
}

void dt_page_destroy(struct dt_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++)
        dt_instance_destroy(page->instances[i]);
    free(page->instances);
    free(page->token);
    free(page);
}

/* ----------------------------------------------------------------------------------------------------
 * histories */

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
