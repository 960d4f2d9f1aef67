/* SPDX-License-Identifier: MIT */
/* span.c — one walk over the events: what begins is remembered until its end comes, then written. From below:
 * spans that begin, end or take no time; which event is which; where a trace begins. Last, the spans of entities, which
 * have no history to walk over. */
#include "core/task/span.h"

#include <stdio.h>

#include "base/text.h"
#include "core/task/event.h"
#include "core/task/span_record.h"

struct span_walk {
    const struct span_source *source;
    struct span_sink sink;
    struct span_place own; /* of the orchestration */
    struct span_record *open;
    size_t open_count, open_max;
};

/* --- what begins, what ends, what takes no time --- */

static void begin(struct span_walk *walk, struct span_record span, const struct pb_history_event *event,
                  const struct pb_trace_context *context)
{
    bool sampled;
    if (walk->open_count == walk->open_max)
        return;
    span.event_id = event->event_id;
    span.began_ns = pb_time_to_ns(event->timestamp);
    span.suffix = text_or(span.suffix, "");
    if (!span_parse_context(context, &span.parent, &sampled))
        span.parent = walk->own;
    walk->open[walk->open_count++] = span;
}

/* How an open span ends: by the id of the event that began it, or by that of a request. */
struct span_end {
    int32_t event_id;
    struct bytes request_id; /* empty: event_id counts */
    bool failed;
};

static bool is_ended_by(const struct span_record *span, const struct span_end *ending)
{
    if (ending->request_id.size)
        return bytes_equal(span->request_id, ending->request_id);
    return span->event_id == ending->event_id && !span->request_id.size;
}

static void end(struct span_walk *walk, const struct span_end *ending, const struct pb_history_event *event)
{
    const char *status = ending->failed ? "FAILED" : "COMPLETED";
    for (size_t i = walk->open_count; i > 0; i--) { /* most often it is one of the last */
        struct span_record *span = &walk->open[i - 1];
        if (!is_ended_by(span, ending))
            continue;

        char id[SPAN_ID_SIZE];
        span_own_id(walk->source->execution_id, span->prefix, span->event_id, id);
        span_write_record(&walk->sink, span, id, pb_time_to_ns(event->timestamp), status, ending->failed);
        *span = walk->open[--walk->open_count];
        return;
    }
}

/* The name in an entity's id, which has the form "@name@key". */
static struct bytes entity_of(struct bytes id)
{
    struct bytes rest = bytes_slice(id, 1, SIZE_MAX);
    return bytes_split(&rest, '@');
}

/* What takes no time. `number` tells several of a kind apart. */
static void write_moment(struct span_walk *walk, struct span_record span,
                         const struct pb_history_event *event, int32_t number)
{
    char id[SPAN_ID_SIZE];
    span.event_id = event->event_id;
    span.began_ns = pb_time_to_ns(event->timestamp);
    span.suffix = "";
    span.parent = walk->own;
    span_own_id(walk->source->execution_id, span.prefix, number, id);
    span_write_record(&walk->sink, &span, id, span.began_ns, NULL, false);
}

/* --- which event is which --- */

static void begin_activity(struct span_walk *walk, const struct pb_history_event *event)
{
    const struct pb_task_scheduled_event *scheduled = event->task_scheduled;
    struct span_record span = {.prefix = "activity",
                               .kind = SPAN_CLIENT,
                               .name = scheduled->name,
                               .version = scheduled->version.value};
    begin(walk, span, event, scheduled->parent_trace_context);
}

static void begin_child(struct span_walk *walk, const struct pb_history_event *event)
{
    const struct pb_sub_orchestration_instance_created_event *created =
        event->sub_orchestration_instance_created;
    struct span_record span = {.prefix = "orchestration",
                               .kind = SPAN_CLIENT,
                               .name = created->name,
                               .version = created->version.value,
                               .target = created->instance_id};
    begin(walk, span, event, created->parent_trace_context);
}

static void begin_timer(struct span_walk *walk, const struct pb_history_event *event)
{
    struct span_record span = {.prefix = "orchestration",
                               .suffix = ":timer",
                               .kind = SPAN_INTERNAL,
                               .name = walk->source->name,
                               .fire_at_ns = pb_time_to_ns(event->timer_created->fire_at)};
    begin(walk, span, event, NULL);
}

static void begin_entity_call(struct span_walk *walk, const struct pb_history_event *event)
{
    const struct pb_entity_operation_called_event *called = event->entity_operation_called;
    struct span_record span = {.prefix = "entity",
                               .kind = SPAN_CLIENT,
                               .operation = "call_entity",
                               .owner = entity_of(called->target_instance_id.value),
                               .name = called->operation,
                               .request_id = called->request_id,
                               .target = called->target_instance_id.value};
    begin(walk, span, event, NULL);
}

static void write_signal(struct span_walk *walk, const struct pb_history_event *event)
{
    const struct pb_entity_operation_signaled_event *signaled = event->entity_operation_signaled;
    struct span_record span = {.prefix = "entity",
                               .kind = SPAN_PRODUCER,
                               .operation = "signal_entity",
                               .owner = entity_of(signaled->target_instance_id.value),
                               .name = signaled->operation,
                               .target = signaled->target_instance_id.value};
    write_moment(walk, span, event, event->event_id);
}

/* An event from outside has no id of its own: its place in the history tells it apart. */
static void write_raised(struct span_walk *walk, const struct pb_history_event *event, int32_t number)
{
    struct span_record span = {.prefix = "orchestration_event",
                               .kind = SPAN_PRODUCER,
                               .name = event->event_raised->name,
                               .target = walk->source->instance_id};
    write_moment(walk, span, event, number);
}

/* False: the event ends nothing. */
static bool find_end(const struct pb_history_event *event, struct span_end *ret_end)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_COMPLETED:
        *ret_end = (struct span_end){.event_id = event->task_completed->task_scheduled_id};
        return true;
    case PB_HISTORY_EVENT_TASK_FAILED:
        *ret_end = (struct span_end){.event_id = event->task_failed->task_scheduled_id, .failed = true};
        return true;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED:
        *ret_end =
            (struct span_end){.event_id = event->sub_orchestration_instance_completed->task_scheduled_id};
        return true;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
        *ret_end = (struct span_end){.event_id = event->sub_orchestration_instance_failed->task_scheduled_id,
                                     .failed = true};
        return true;
    case PB_HISTORY_EVENT_TIMER_FIRED:
        *ret_end = (struct span_end){.event_id = event->timer_fired->timer_id};
        return true;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED:
        *ret_end = (struct span_end){.request_id = event->entity_operation_completed->request_id};
        return true;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED:
        *ret_end =
            (struct span_end){.request_id = event->entity_operation_failed->request_id, .failed = true};
        return true;
    default:
        return false;
    }
}

static void take_event(struct span_walk *walk, const struct pb_history_event *event, int32_t number)
{
    struct span_end ending;
    if (find_end(event, &ending)) {
        end(walk, &ending, event);
        return;
    }
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
        begin_activity(walk, event);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
        begin_child(walk, event);
        return;
    case PB_HISTORY_EVENT_TIMER_CREATED:
        begin_timer(walk, event);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED:
        begin_entity_call(walk, event);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED:
        write_signal(walk, event);
        return;
    case PB_HISTORY_EVENT_EVENT_RAISED:
        write_raised(walk, event, number);
        return;
    default:
        return; /* turns, suspends and the like take part in no span */
    }
}

/* --- where a trace begins --- */

/* The orchestration, and before it, if its client traces nothing, the call that made it. False: not sampled. */
static bool write_orchestration(struct span_walk *walk, const struct pb_history_event *event)
{
    const struct span_source *source = walk->source;
    struct span_record span = {.prefix = "orchestration",
                               .suffix = "",
                               .kind = SPAN_SERVER,
                               .name = source->name,
                               .version = source->version,
                               .event_id = -1,
                               .began_ns = pb_time_to_ns(event->timestamp)};
    char id[SPAN_ID_SIZE];
    bool sampled = true;
    span_own_id(source->execution_id, "execution", 0, id);
    if (!span_parse_context(event->execution_started->parent_trace_context, &span.parent, &sampled)) {
        span_begin_trace(source->execution_id, &span.parent);
        struct span_record call = span;
        char call_id[SPAN_ID_SIZE];
        call.prefix = "create_orchestration";
        call.kind = SPAN_PRODUCER;
        span_own_id(source->execution_id, call.prefix, 0, call_id);
        span_write_record(&walk->sink, &call, call_id, call.began_ns, NULL, false);
        snprintf(span.parent.span, sizeof span.parent.span, "%s", call_id);
    }
    if (!sampled)
        return false;
    snprintf(walk->own.trace, sizeof walk->own.trace, "%s", span.parent.trace);
    snprintf(walk->own.span, sizeof walk->own.span, "%s", id);
    span_write_record(&walk->sink, &span, id, source->ended_ns, source->status, source->failed);
    return true;
}

size_t span_write(const struct span_source *source, struct bytes history, struct arena *arena,
                  struct buf *out)
{
    struct span_walk walk = {
        .source = source,
        .sink = {.instance_id = source->instance_id, .execution_id = source->execution_id, .out = out}};
    size_t count;
    if (!event_blob_valid(history, &count) || count == 0)
        return 0;
    walk.open_max = MIN(count, (size_t)SPAN_OPEN_MAX);
    walk.open = arena_alloc(arena, walk.open_max * sizeof *walk.open);
    if (!walk.open)
        return 0;
    bool begun = false;
    struct bytes rest = history;
    struct bytes bytes;
    for (int32_t number = 0; event_next(&rest, &bytes); number++) {
        struct pb_history_event event;
        if (pb_history_event_decode(arena, bytes, &event) != STATUS_OK)
            continue;
        if (event.event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED && !begun) {
            begun = true;
            if (!write_orchestration(&walk, &event))
                return 0;
        } else if (begun) {
            take_event(&walk, &event, number);
        }
    }
    return walk.sink.written;
}

/* --- entities --- */

struct bytes span_context(struct arena *arena, struct bytes execution_id,
                          const struct pb_trace_context *parent, int32_t event_id)
{
    struct span_place place;
    bool sampled = true;
    char id[SPAN_ID_SIZE];
    if (!span_parse_context(parent, &place, &sampled))
        span_begin_trace(execution_id, &place);
    span_own_id(execution_id, "entity", event_id, id);
    const char *text = arena_fmt(arena, "00-%s-%s-%s", place.trace, id, sampled ? "01" : "00");
    CLEANUP(buf_fini) struct buf encoded = {0};
    struct pb_trace_context context = {.trace_parent = text ? bytes_of_cstr(text) : (struct bytes){0}};
    pb_trace_context_encode(&context, &encoded);
    if (text && buf_status(&encoded) == STATUS_OK)
        return arena_copy(arena, buf_peek(&encoded));
    return (struct bytes){0};
}

size_t span_write_operation(const struct span_operation *operation, struct arena *arena, struct buf *out)
{
    struct span_sink sink = {.instance_id = operation->entity_id, .out = out};
    struct span_record span = {.prefix = "entity",
                               .suffix = "",
                               .kind = operation->signal ? SPAN_CONSUMER : SPAN_SERVER,
                               .operation = operation->signal ? "signal_entity" : "call_entity",
                               .owner = operation->entity_name,
                               .name = operation->operation,
                               .event_id = -1,
                               .began_ns = operation->began_ns};
    struct pb_trace_context context;
    bool sampled = true;
    char id[SPAN_ID_SIZE];
    bool read = operation->trace.size > 0 &&
                pb_trace_context_decode(arena, operation->trace, &context) == STATUS_OK &&
                span_parse_context(&context, &span.parent, &sampled);
    if (!sampled)
        return 0;
    if (!read)
        span_begin_trace(operation->request_id, &span.parent);
    snprintf(id, sizeof id, "%016llx", (unsigned long long)span_hash("operation", operation->request_id, 0));
    span_write_record(&sink, &span, id, operation->ended_ns, operation->failed ? "FAILED" : "COMPLETED",
                      operation->failed);
    return sink.written;
}
