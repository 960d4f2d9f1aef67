/* SPDX-License-Identifier: MIT */
/* span_record.c — first ids and trace contexts, then a span as JSON, from its smallest members to the whole. */
#include "core/task/span_record.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/sip_hash.h"
#include "base/text.h"
#include "wire/json/json.h"

#define TRACE_PARENT_SIZE 55 /* bytes of version 00: "00-" trace "-" span "-" flags */

/* --- trace contexts --- */

uint64_t span_hash(const char *what, struct bytes text, int32_t number)
{
    uint64_t key[2] = {(uint64_t)(uint32_t)number, 0};
    for (size_t i = 0; what[i]; i++)
        key[1] = key[1] * 31 + (uint8_t)what[i];
    uint64_t value = sip_hash(key, text);
    return value ? value : 1; /* an id of zeros is none */
}

void span_own_id(struct bytes execution_id, const char *what, int32_t number, char ret_id[SPAN_ID_SIZE])
{
    snprintf(ret_id, SPAN_ID_SIZE, "%016llx", (unsigned long long)span_hash(what, execution_id, number));
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

bool span_parse_context(const struct pb_trace_context *context, struct span_place *ret_place,
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

void span_begin_trace(struct bytes id, struct span_place *ret_place)
{
    snprintf(ret_place->trace, sizeof ret_place->trace, "%016llx%016llx",
             (unsigned long long)span_hash("trace", id, 0), (unsigned long long)span_hash("trace", id, 1));
    ret_place->span[0] = '\0';
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

static void write_name(struct json_writer *json, const struct span_record *span)
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
    json_write_member_string(json, "name", buf_peek(&name));
    buf_fini(&name);
}

static void write_attributes(struct json_writer *json, const struct span_sink *sink,
                             const struct span_record *span, const char *status)
{
    json_write_key(json, "attributes");
    json_write_begin_array(json);
    write_attribute(json, "durabletask.type", bytes_of_cstr(*span->suffix ? "timer" : span->prefix));
    write_attribute(json, "durabletask.task.name", span->name);
    if (span->version.size)
        write_attribute(json, "durabletask.task.version", span->version);
    write_attribute(json, "durabletask.task.instance_id", sink->instance_id);
    if (span->operation)
        write_attribute(json, "durabletask.task.operation", bytes_of_cstr(span->operation));
    if (sink->execution_id.size)
        write_attribute(json, "durabletask.task.execution_id", sink->execution_id);
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

void span_write_record(struct span_sink *sink, const struct span_record *span, const char *id,
                       int64_t ended_ns, const char *status, bool failed)
{
    struct json_writer writer = {.out = sink->out, .replace_invalid = true};
    struct json_writer *json = &writer;
    if (sink->written++)
        buf_append_byte(sink->out, ',');
    json_write_begin_object(json);
    json_write_member_cstr(json, "traceId", span->parent.trace);
    json_write_member_cstr(json, "spanId", id);
    if (span->parent.span[0])
        json_write_member_cstr(json, "parentSpanId", span->parent.span);
    write_name(json, span);
    json_write_member_int(json, "kind", span->kind);
    write_time(json, "startTimeUnixNano", span->began_ns);
    write_time(json, "endTimeUnixNano", ended_ns > span->began_ns ? ended_ns : span->began_ns);
    write_attributes(json, sink, span, status);
    json_write_key(json, "status");
    json_write_begin_object(json);
    if (failed)
        json_write_member_int(json, "code", 2); /* STATUS_CODE_ERROR */
    json_write_end_object(json);
    json_write_end_object(json);
}
