/* SPDX-License-Identifier: MIT */
/* span.c — one walk over the events: what begins is remembered until its end comes, then written. Three parts: trace
 * contexts, a span as JSON, the events. */
#include "core/task/span.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/sip_hash.h"
#include "base/text.h"
#include "core/task/event.h"
#include "wire/json/json.h"

#define TRACE_PARENT_SIZE 55 /* bytes of version 00: "00-" trace "-" span "-" flags */

enum span_kind {
    INTERNAL = 1,
    SERVER = 2,
    CLIENT = 3,
    PRODUCER = 4,
    CONSUMER = 5
}; /* opentelemetry-proto, Span.SpanKind */

struct span_place {
    char trace[33]; /* hex digits, and a NUL */
    char span[17];
};

struct open_span {
    const char *prefix; /* "activity" */
    enum span_kind kind;
    struct bytes name, version, target; /* target: of an entity or child; empty: none */
    struct bytes owner;    /* of an operation: the entity's name, in front of its own; empty: none */
    const char *operation; /* "call_entity", "signal_entity"; NULL: it is no operation */
    const char *suffix;    /* behind the name, or "" */
    int32_t event_id;
    struct bytes request_id; /* of entity calls, which are answered by it; else empty */
    struct span_place parent;
    int64_t began_ns, fire_at_ns; /* fire_at_ns: of timers; else 0 */
};

struct span_walk {
    const struct span_source *source;
    struct json_writer json;
    struct buf *out;
    struct span_place own; /* of the orchestration */
    struct open_span *open;
    size_t open_count, open_max;
    size_t written;
};

/* --- trace contexts --- */

static uint64_t hash(const char *what, struct bytes text, int32_t number)
{
    uint64_t key[2] = {(uint64_t)(uint32_t)number, 0};
    for (size_t i = 0; what[i]; i++)
        key[1] = key[1] * 31 + (uint8_t)what[i];
    uint64_t value = sip_hash(key, text);
    return value ? value : 1; /* an id of zeros is none */
}

static void own_span_id(const struct span_source *source, const char *what, int32_t number, char ret_id[17])
{
    snprintf(ret_id, 17, "%016llx", (unsigned long long)hash(what, source->execution_id, number));
}

static bool is_hex(struct bytes text, bool *ret_any)
{
    *ret_any = false;
    for (size_t i = 0; i < text.size; i++) {
        bool digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (!digit && (text.data[i] < 'a' || text.data[i] > 'f'))
            return false;
        *ret_any |= text.data[i] != '0';
    }
    return true;
}

/* W3C Trace Context, section 3.2: false if it is none. */
static bool parse_context(const struct pb_trace_context *context, struct span_place *ret_place,
                          bool *ret_sampled)
{
    bool trace_set;
    bool span_set;
    bool any;
    if (!context || context->trace_parent.size < TRACE_PARENT_SIZE)
        return false;
    struct bytes text = context->trace_parent;
    struct bytes trace = bytes_slice(text, 3, 32);
    struct bytes span = bytes_slice(text, 36, 16);
    struct bytes flags = bytes_slice(text, 53, 2);
    bool dashes = text.data[2] == '-' && text.data[35] == '-' && text.data[52] == '-';
    if (!dashes || !is_hex(trace, &trace_set) || !is_hex(span, &span_set) || !is_hex(flags, &any) ||
        !trace_set || !span_set)
        return false;
    snprintf(ret_place->trace, sizeof ret_place->trace, "%.*s", BYTES_FMT(trace));
    snprintf(ret_place->span, sizeof ret_place->span, "%.*s", BYTES_FMT(span));
    uint8_t last = flags.data[1];
    *ret_sampled = ((last <= '9' ? last - '0' : last - 'a' + 10) & 1) != 0;
    return true;
}

/* --- a span as JSON --- */

static void write_attribute(struct json_writer *json, const char *key, struct bytes value)
{
    json_write_begin_object(json);
    json_write_member_cstr(json, "key", key);
    json_write_key(json, "value");
    json_write_begin_object(json);
    json_write_member_string(json, "stringValue", value);
    json_write_end_object(json);
    json_write_end_object(json);
}

static void write_number(struct json_writer *json, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    json_write_begin_object(json);
    json_write_member_cstr(json, "key", key);
    json_write_key(json, "value");
    json_write_begin_object(json);
    json_write_member_cstr(json, "intValue", text); /* 64-bit numbers are texts there */
    json_write_end_object(json);
    json_write_end_object(json);
}

static void write_time(struct json_writer *json, const char *name, int64_t unix_ns)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)unix_ns);
    json_write_member_cstr(json, name, text);
}

static void write_name(struct span_walk *walk, const struct open_span *span)
{
    struct buf name = {0};
    buf_append_fmt(&name, "%s:", span->prefix);
    if (span->owner.size) {
        buf_append_bytes(&name, span->owner);
        buf_append_byte(&name, ':');
    }
    buf_append_bytes(&name, span->name);
    if (span->version.size) {
        buf_append_cstr(&name, "@(");
        buf_append_bytes(&name, span->version);
        buf_append_byte(&name, ')');
    }
    buf_append_cstr(&name, span->suffix);
    json_write_member_string(&walk->json, "name", buf_peek(&name));
    buf_fini(&name);
}

static void write_attributes(struct span_walk *walk, const struct open_span *span, const char *status)
{
    struct json_writer *json = &walk->json;
    const struct span_source *source = walk->source;
    json_write_key(json, "attributes");
    json_write_begin_array(json);
    write_attribute(json, "durabletask.type", bytes_of_cstr(*span->suffix ? "timer" : span->prefix));
    write_attribute(json, "durabletask.task.name", span->name);
    if (span->version.size)
        write_attribute(json, "durabletask.task.version", span->version);
    write_attribute(json, "durabletask.task.instance_id", source->instance_id);
    if (span->operation)
        write_attribute(json, "durabletask.task.operation", bytes_of_cstr(span->operation));
    if (source->execution_id.size)
        write_attribute(json, "durabletask.task.execution_id", source->execution_id);
    if (span->event_id >= 0)
        write_number(json, "durabletask.task.task_id", span->event_id);
    if (status)
        write_attribute(json, "durabletask.task.status", bytes_of_cstr(status));
    if (span->target.size)
        write_attribute(json, "durabletask.event.target_instance_id", span->target);
    if (span->fire_at_ns) {
        char text[TIME_TEXT_SIZE_MAX];
        size_t size = time_format(span->fire_at_ns, 3, text);
        write_attribute(json, "durabletask.fire_at", bytes_of(text, size));
    }
    json_write_end_array(json);
}

static void write_span(struct span_walk *walk, const struct open_span *span, const char *id, int64_t ended_ns,
                       const char *status, bool failed)
{
    if (walk->written++)
        buf_append_byte(walk->out, ',');
    struct json_writer *json = &walk->json;
    *json = (struct json_writer){.out = walk->out, .replace_invalid = true};
    json_write_begin_object(json);
    json_write_member_cstr(json, "traceId", span->parent.trace);
    json_write_member_cstr(json, "spanId", id);
    if (span->parent.span[0])
        json_write_member_cstr(json, "parentSpanId", span->parent.span);
    write_name(walk, span);
    json_write_member_int(json, "kind", span->kind);
    write_time(json, "startTimeUnixNano", span->began_ns);
    write_time(json, "endTimeUnixNano", ended_ns > span->began_ns ? ended_ns : span->began_ns);
    write_attributes(walk, span, status);
    json_write_key(json, "status");
    json_write_begin_object(json);
    if (failed)
        json_write_member_int(json, "code", 2); /* STATUS_CODE_ERROR */
    json_write_end_object(json);
    json_write_end_object(json);
}

/* --- the events --- */

static void begin(struct span_walk *walk, struct open_span span, const struct pb_history_event *event,
                  const struct pb_trace_context *context)
{
    bool sampled;
    if (walk->open_count == walk->open_max)
        return;
    span.event_id = event->event_id;
    span.began_ns = pb_time_to_ns(event->timestamp);
    span.suffix = text_or(span.suffix, "");
    if (!parse_context(context, &span.parent, &sampled))
        span.parent = walk->own;
    walk->open[walk->open_count++] = span;
}

static void end(struct span_walk *walk, int32_t event_id, struct bytes request_id,
                const struct pb_history_event *event, bool failed)
{
    for (size_t i = walk->open_count; i > 0; i--) {
        struct open_span *span = &walk->open[i - 1];
        bool same = request_id.size ? bytes_equal(span->request_id, request_id)
                                    : span->event_id == event_id && !span->request_id.size;
        if (!same)
            continue;
        char id[17];
        own_span_id(walk->source, span->prefix, span->event_id, id);
        write_span(walk, span, id, pb_time_to_ns(event->timestamp), failed ? "FAILED" : "COMPLETED", failed);
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
static void write_moment(struct span_walk *walk, struct open_span span, const struct pb_history_event *event,
                         int32_t number)
{
    char id[17];
    span.event_id = event->event_id;
    span.began_ns = pb_time_to_ns(event->timestamp);
    span.suffix = "";
    span.parent = walk->own;
    own_span_id(walk->source, span.prefix, number, id);
    write_span(walk, &span, id, span.began_ns, NULL, false);
}

static void take_event(struct span_walk *walk, const struct pb_history_event *event, int32_t number)
{
    const struct bytes none = {0};
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
        begin(walk,
              (struct open_span){.prefix = "activity",
                                 .kind = CLIENT,
                                 .name = event->task_scheduled->name,
                                 .version = event->task_scheduled->version.value},
              event, event->task_scheduled->parent_trace_context);
        return;
    case PB_HISTORY_EVENT_TASK_COMPLETED:
        end(walk, event->task_completed->task_scheduled_id, none, event, false);
        return;
    case PB_HISTORY_EVENT_TASK_FAILED:
        end(walk, event->task_failed->task_scheduled_id, none, event, true);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
        begin(walk,
              (struct open_span){.prefix = "orchestration",
                                 .kind = CLIENT,
                                 .name = event->sub_orchestration_instance_created->name,
                                 .version = event->sub_orchestration_instance_created->version.value,
                                 .target = event->sub_orchestration_instance_created->instance_id},
              event, event->sub_orchestration_instance_created->parent_trace_context);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED:
        end(walk, event->sub_orchestration_instance_completed->task_scheduled_id, none, event, false);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
        end(walk, event->sub_orchestration_instance_failed->task_scheduled_id, none, event, true);
        return;
    case PB_HISTORY_EVENT_TIMER_CREATED:
        begin(walk,
              (struct open_span){.prefix = "orchestration",
                                 .suffix = ":timer",
                                 .kind = INTERNAL,
                                 .name = walk->source->name,
                                 .fire_at_ns = pb_time_to_ns(event->timer_created->fire_at)},
              event, NULL);
        return;
    case PB_HISTORY_EVENT_TIMER_FIRED:
        end(walk, event->timer_fired->timer_id, none, event, false);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED:
        begin(walk,
              (struct open_span){.prefix = "entity",
                                 .kind = CLIENT,
                                 .operation = "call_entity",
                                 .owner = entity_of(event->entity_operation_called->target_instance_id.value),
                                 .name = event->entity_operation_called->operation,
                                 .request_id = event->entity_operation_called->request_id,
                                 .target = event->entity_operation_called->target_instance_id.value},
              event, NULL);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED:
        end(walk, 0, event->entity_operation_completed->request_id, event, false);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED:
        end(walk, 0, event->entity_operation_failed->request_id, event, true);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED:
        write_moment(
            walk,
            (struct open_span){.prefix = "entity",
                               .kind = PRODUCER,
                               .operation = "signal_entity",
                               .owner = entity_of(event->entity_operation_signaled->target_instance_id.value),
                               .name = event->entity_operation_signaled->operation,
                               .target = event->entity_operation_signaled->target_instance_id.value},
            event, event->event_id);
        return;
    case PB_HISTORY_EVENT_EVENT_RAISED:
        write_moment(walk,
                     (struct open_span){.prefix = "orchestration_event",
                                        .kind = PRODUCER,
                                        .name = event->event_raised->name,
                                        .target = walk->source->instance_id},
                     event, number);
        return;
    default:
        return; /* turns, suspends and the like take part in no span */
    }
}

/* --- where a trace begins --- */

/* The trace of an execution whose client gave none. */
static void begin_trace(struct bytes id, struct span_place *ret_place)
{
    snprintf(ret_place->trace, sizeof ret_place->trace, "%016llx%016llx",
             (unsigned long long)hash("trace", id, 0), (unsigned long long)hash("trace", id, 1));
    ret_place->span[0] = '\0';
}

/* The orchestration, and before it, if its client traces nothing, the call that made it. False: not sampled. */
static bool write_orchestration(struct span_walk *walk, const struct pb_history_event *event)
{
    const struct span_source *source = walk->source;
    struct open_span span = {.prefix = "orchestration",
                             .suffix = "",
                             .kind = SERVER,
                             .name = source->name,
                             .version = source->version,
                             .event_id = -1,
                             .began_ns = pb_time_to_ns(event->timestamp)};
    char id[17];
    bool sampled = true;
    own_span_id(source, "execution", 0, id);
    if (!parse_context(event->execution_started->parent_trace_context, &span.parent, &sampled)) {
        begin_trace(source->execution_id, &span.parent);
        struct open_span call = span;
        char call_id[17];
        call.prefix = "create_orchestration";
        call.kind = PRODUCER;
        own_span_id(source, call.prefix, 0, call_id);
        write_span(walk, &call, call_id, call.began_ns, NULL, false);
        snprintf(span.parent.span, sizeof span.parent.span, "%s", call_id);
    }
    if (!sampled)
        return false;
    snprintf(walk->own.trace, sizeof walk->own.trace, "%s", span.parent.trace);
    snprintf(walk->own.span, sizeof walk->own.span, "%s", id);
    write_span(walk, &span, id, source->ended_ns, source->status, source->failed);
    return true;
}

size_t span_write(const struct span_source *source, struct bytes history, struct arena *arena,
                  struct buf *out)
{
    struct span_walk walk = {.source = source, .out = out};
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
    return walk.written;
}

/* --- entities --- */

struct bytes span_context(struct arena *arena, struct bytes execution_id,
                          const struct pb_trace_context *parent, int32_t event_id)
{
    const struct span_source source = {.execution_id = execution_id};
    struct span_place place;
    bool sampled = true;
    char id[17];
    if (!parse_context(parent, &place, &sampled))
        begin_trace(execution_id, &place);
    own_span_id(&source, "entity", event_id, id);
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
    const struct span_source source = {.instance_id = operation->entity_id};
    struct span_walk walk = {.source = &source, .out = out};
    struct open_span span = {.prefix = "entity",
                             .suffix = "",
                             .kind = operation->signal ? CONSUMER : SERVER,
                             .operation = operation->signal ? "signal_entity" : "call_entity",
                             .owner = operation->entity_name,
                             .name = operation->operation,
                             .event_id = -1,
                             .began_ns = operation->began_ns};
    struct pb_trace_context context;
    bool sampled = true;
    char id[17];
    bool read = operation->trace.size > 0 &&
                pb_trace_context_decode(arena, operation->trace, &context) == STATUS_OK &&
                parse_context(&context, &span.parent, &sampled);
    if (!sampled)
        return 0;
    if (!read)
        begin_trace(operation->request_id, &span.parent);
    snprintf(id, sizeof id, "%016llx", (unsigned long long)hash("operation", operation->request_id, 0));
    write_span(&walk, &span, id, operation->ended_ns, operation->failed ? "FAILED" : "COMPLETED",
               operation->failed);
    return walk.written;
}
