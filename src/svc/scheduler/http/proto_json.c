/* SPDX-License-Identifier: MIT */
/* proto_json.c — one function a kind of field, in a table; the three messages that are JSON themselves are told by
 * their table's address. */
#include "svc/scheduler/http/proto_json.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/encode.h"
#include "wire/pb/orchestrator_service.pb.h"

#define SECONDS_YEAR_1    (-62135596800LL) /* of 0001-01-01T00:00:00Z */
#define SECONDS_YEAR_9999 253402300799LL   /* of 9999-12-31T23:59:59Z */
#define NUMBER_SIZE       40               /* bytes of a number as text */
#define ENTRIES_FEW       64               /* of a map, up to which repeated keys are looked for */

static const void *place(const void *message, size_t offset)
{
    return (const char *)message + offset;
}

/* --- times --- */

/* 0, 3, 6 or 9 digits. */
static void append_fraction(char *text, size_t size, int32_t nanos)
{
    size_t used = strlen(text);
    if (nanos == 0)
        return;
    if (nanos % 1000000 == 0)
        snprintf(text + used, size - used, ".%03d", nanos / 1000000);
    else if (nanos % 1000 == 0)
        snprintf(text + used, size - used, ".%06d", nanos / 1000);
    else
        snprintf(text + used, size - used, ".%09d", nanos);
}

void proto_json_write_time(struct json_writer *json, struct pb_opt_time time)
{
    char text[64];
    time_t seconds = (time_t)MIN(MAX(time.seconds, SECONDS_YEAR_1), SECONDS_YEAR_9999);
    struct tm fields = {0};
    (void)gmtime_r(&seconds, &fields);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", fields.tm_year + 1900, fields.tm_mon + 1,
             fields.tm_mday, fields.tm_hour, fields.tm_min, fields.tm_sec);
    append_fraction(text, sizeof text, MIN(MAX(time.nanos, 0), 999999999));
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "Z");
    json_write_cstr(json, text);
}

static void write_duration(struct json_writer *json, struct pb_opt_time duration)
{
    char text[64];
    bool negative = duration.seconds < 0 || duration.nanos < 0;
    uint64_t seconds = (uint64_t)duration.seconds;
    if (negative)
        seconds = 0 - seconds; /* the least of them has no positive one: so without a sign */
    int32_t nanos = MIN(MAX(duration.nanos, -999999999), 999999999);
    snprintf(text, sizeof text, "%s%llu", negative ? "-" : "", (unsigned long long)seconds);
    append_fraction(text, sizeof text, nanos < 0 ? -nanos : nanos);
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "s");
    json_write_cstr(json, text);
}

/* --- scalars --- */

static void write_double(struct json_writer *json, double value)
{
    char text[NUMBER_SIZE];
    if (isnan(value)) {
        json_write_cstr(json, "NaN");
        return;
    }
    if (isinf(value)) {
        json_write_cstr(json, value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    snprintf(text, sizeof text, "%.17g", value);
    json_write_raw(json, bytes_of_cstr(text));
}

static void write_int64(struct json_writer *json, int64_t value)
{
    char text[NUMBER_SIZE];
    snprintf(text, sizeof text, "%lld", (long long)value);
    json_write_cstr(json, text);
}

static void write_base64(struct json_writer *json, struct bytes value)
{
    CLEANUP(buf_fini) struct buf text = {0};
    base64_encode(&text, value);
    json->failed = json->failed || buf_status(&text) != STATUS_OK;
    json_write_string(json, buf_peek(&text));
}

static void write_enum(struct json_writer *json, const struct pb_enum *names, int32_t number)
{
    bool named = number >= 0 && (size_t)number < names->count && names->names[number];
    if (named)
        json_write_cstr(json, names->names[number]);
    else
        json_write_int(json, number);
}

/* --- google.protobuf.Value --- */

static void write_value(struct json_writer *json, const struct pb_value *value);

static void write_struct(struct json_writer *json, const struct pb_struct *object)
{
    json_write_begin_object(json);
    for (size_t i = 0; i < object->fields_count; i++) {
        json_write_key_bytes(json, object->fields[i].key);
        write_value(json, object->fields[i].value);
    }
    json_write_end_object(json);
}

static void write_list(struct json_writer *json, const struct pb_list_value *list)
{
    json_write_begin_array(json);
    for (size_t i = 0; i < list->values_count; i++)
        write_value(json, &list->values[i]);
    json_write_end_array(json);
}

static void write_value(struct json_writer *json, const struct pb_value *value)
{
    switch (value->kind_case) {
    case PB_VALUE_NUMBER_VALUE:
        write_double(json, value->number_value);
        return;
    case PB_VALUE_STRING_VALUE:
        json_write_string(json, value->string_value);
        return;
    case PB_VALUE_BOOL_VALUE:
        json_write_bool(json, value->bool_value);
        return;
    case PB_VALUE_STRUCT_VALUE:
        write_struct(json, value->struct_value);
        return;
    case PB_VALUE_LIST_VALUE:
        write_list(json, value->list_value);
        return;
    case PB_VALUE_NULL_VALUE:
    case PB_VALUE_NOT_SET:
        json_write_null(json);
        return;
    }
    json_write_null(json);
}

/* --- fields --- */

static void write_message(struct json_writer *json, const struct pb_message *table, const void *message)
{
    if (table == &pb_value_message)
        write_value(json, message);
    else if (table == &pb_struct_message)
        write_struct(json, message);
    else if (table == &pb_list_value_message)
        write_list(json, message);
    else
        proto_json_write(json, table, message);
}

/* One value of a field, or one element of a repeated one. `at` is where it lies. */
static void write_element(struct json_writer *json, const struct pb_field *field,
                          const struct pb_field_name *name, const void *at)
{
    switch (field->kind) {
    case PB_KIND_BOOL:
        json_write_bool(json, *(const bool *)at);
        return;
    case PB_KIND_INT32:
        if (name->enum_)
            write_enum(json, name->enum_, *(const int32_t *)at);
        else
            json_write_int(json, *(const int32_t *)at);
        return;
    case PB_KIND_INT64:
        write_int64(json, *(const int64_t *)at);
        return;
    case PB_KIND_DOUBLE:
        write_double(json, *(const double *)at);
        return;
    case PB_KIND_BYTES:
        write_base64(json, *(const struct bytes *)at);
        return;
    case PB_KIND_STRING:
        json_write_string(json, *(const struct bytes *)at);
        return;
    case PB_KIND_OPT_STRING:
        json_write_string(json, ((const struct pb_opt_bytes *)at)->value);
        return;
    case PB_KIND_OPT_INT32:
        json_write_int(json, ((const struct pb_opt_i32 *)at)->value);
        return;
    case PB_KIND_OPT_BOOL:
        json_write_bool(json, ((const struct pb_opt_bool *)at)->value);
        return;
    case PB_KIND_OPT_TIME:
        if (name->duration)
            write_duration(json, *(const struct pb_opt_time *)at);
        else
            proto_json_write_time(json, *(const struct pb_opt_time *)at);
        return;
    }
    ASSERT(!"a kind that is no element");
}

/* Entries in the order in which they came. Of two with one key the last counts, as it does for readers of JSON; where
 * they are few it alone is written. */
static void write_string_map(struct json_writer *json, const struct pb_string_entry *entries, size_t count)
{
    json_write_begin_object(json);
    for (size_t i = 0; i < count; i++) {
        bool replaced = false;
        for (size_t k = i + 1; k < count && count <= ENTRIES_FEW && !replaced; k++)
            replaced = bytes_equal(entries[i].key, entries[k].key);
        if (replaced)
            continue;
        json_write_key_bytes(json, entries[i].key);
        json_write_string(json, entries[i].value);
    }
    json_write_end_object(json);
}

static void write_message_map(struct json_writer *json, const struct pb_field *field, const void *array,
                              size_t count)
{
    /* Every generated entry has this layout (wire/pb/pb.h). */
    const struct pb_value_entry *entries = array;
    json_write_begin_object(json);
    for (size_t i = 0; i < count; i++) {
        json_write_key_bytes(json, entries[i].key);
        write_message(json, field->message, entries[i].value);
    }
    json_write_end_object(json);
}

static void write_repeated(struct json_writer *json, const struct pb_field *field,
                           const struct pb_field_name *name, const void *array, size_t count)
{
    static const size_t sizes[] = {
        [PB_KIND_BOOL] = sizeof(bool),           [PB_KIND_INT32] = sizeof(int32_t),
        [PB_KIND_INT64] = sizeof(int64_t),       [PB_KIND_DOUBLE] = sizeof(double),
        [PB_KIND_STRING] = sizeof(struct bytes), [PB_KIND_BYTES] = sizeof(struct bytes),
    };
    if (field->kind == PB_KIND_STRING_MAP) {
        write_string_map(json, array, count);
        return;
    }
    if (field->kind == PB_KIND_MESSAGE_MAP) {
        write_message_map(json, field, array, count);
        return;
    }
    ASSERT(field->kind == PB_KIND_MESSAGE || (size_t)field->kind < ARRAY_SIZE(sizes));
    json_write_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        if (field->kind == PB_KIND_MESSAGE)
            write_message(json, field->message, place(array, i * field->message->size));
        else
            write_element(json, field, name, place(array, i * sizes[field->kind]));
    }
    json_write_end_array(json);
}

/* False for what is absent on the wire and has a way to be. */
static bool is_present(const struct pb_field *field, const void *at)
{
    switch (field->kind) {
    case PB_KIND_OPT_STRING:
        return ((const struct pb_opt_bytes *)at)->present;
    case PB_KIND_OPT_INT32:
        return ((const struct pb_opt_i32 *)at)->present;
    case PB_KIND_OPT_BOOL:
        return ((const struct pb_opt_bool *)at)->present;
    case PB_KIND_OPT_TIME:
        return ((const struct pb_opt_time *)at)->present;
    case PB_KIND_MESSAGE:
        return *(const void *const *)at != NULL;
    }
    return true;
}

static void write_field(struct json_writer *json, const struct pb_message *table, size_t index,
                        const void *message)
{
    const struct pb_field *field = &table->fields[index];
    const struct pb_field_name *name = &table->names[index];
    const void *at = place(message, field->offset);
    if (field->repeated) {
        size_t count = *(const size_t *)place(message, field->count_offset);
        if (count == 0)
            return;
        json_write_key(json, name->json);
        write_repeated(json, field, name, *(const void *const *)at, count);
        return;
    }
    bool chosen = !field->in_oneof || *(const uint32_t *)place(message, table->case_offset) == field->number;
    if (!chosen || !is_present(field, at))
        return;
    json_write_key(json, name->json);
    if (field->kind == PB_KIND_MESSAGE)
        write_message(json, field->message, *(const void *const *)at);
    else
        write_element(json, field, name, at);
}

void proto_json_write_into(struct json_writer *json, const struct pb_message *table, const void *message,
                           uint64_t fields)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (fields >> i & 1)
            write_field(json, table, i, message);
}

void proto_json_write_some(struct json_writer *json, const struct pb_message *table, const void *message,
                           uint64_t fields)
{
    json_write_begin_object(json);
    proto_json_write_into(json, table, message, fields);
    json_write_end_object(json);
}

void proto_json_write(struct json_writer *json, const struct pb_message *table, const void *message)
{
    proto_json_write_some(json, table, message, UINT64_MAX);
}
