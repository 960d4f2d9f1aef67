/* SPDX-License-Identifier: MIT */
/* event.c — events that are only moved are walked field by field, never decoded. */
#include "core/task/event.h"

#include "core/task/memory.h"

#define TIMESTAMP_FIELD    2
#define TIMESTAMP_SIZE_MAX 24      /* bytes of the field: tag, length, two tagged varints */
#define TIMER_DELAY_NS     1000000 /* behind fireAt */
#define HEAD_SIZE_MAX      (1 + PB_VARINT_SIZE_MAX)

/* A buf on `size` bytes of the caller's that never grows. */
#define FIXED_BUF(memory, size)                                                                              \
    {                                                                                                        \
        .data = (memory), .capacity = (size), .limit = (size)                                                \
    }

static void put_timestamp(struct buf *out, int64_t ns)
{
    struct pb_opt_time time = pb_time_from_ns(ns);
    uint8_t memory[TIMESTAMP_SIZE_MAX];
    struct buf body = FIXED_BUF(memory, sizeof memory);
    if (time.seconds)
        pb_put_varint_field(&body, 1, (uint64_t)time.seconds);
    if (time.nanos)
        pb_put_varint_field(&body, 2, (uint64_t)time.nanos);
    pb_put_bytes_field(out, TIMESTAMP_FIELD, buf_peek(&body));
}

static void put_head(struct buf *blob, size_t event_size)
{
    memory_must_ok(buf_reserve(blob, HEAD_SIZE_MAX + event_size));
    buf_append_byte(blob, EVENT_TAG_PAST);
    pb_put_varint(blob, event_size);
}

struct bytes event_encode(struct arena *arena, const struct pb_history_event *event)
{
    size_t size = pb_history_event_size(event);
    struct buf out = FIXED_BUF(memory_must(arena_alloc(arena, size)), size);
    pb_history_event_encode(event, &out);
    ASSERT(!out.failed && out.size == size);
    return buf_peek(&out);
}

/* An event that waits has no timestamp: it gets the one of its delivery, as a field in front of its own. */
void event_append(struct buf *blob, struct bytes event, int64_t timestamp_ns)
{
    uint8_t memory[TIMESTAMP_SIZE_MAX];
    struct buf timestamp = FIXED_BUF(memory, sizeof memory);
    put_timestamp(&timestamp, timestamp_ns);
    put_head(blob, timestamp.size + event.size);
    buf_append_bytes(blob, buf_peek(&timestamp));
    buf_append_bytes(blob, event);
}

void event_append_whole(struct buf *blob, struct bytes event)
{
    put_head(blob, event.size);
    buf_append_bytes(blob, event);
}

void event_append_new(struct buf *blob, struct pb_history_event *event, int64_t timestamp_ns)
{
    event->timestamp = pb_time_from_ns(timestamp_ns);
    put_head(blob, pb_history_event_size(event));
    pb_history_event_encode(event, blob);
    ASSERT(!blob->failed);
}

bool event_next(struct bytes *rest, struct bytes *ret_event)
{
    struct pb_reader reader = pb_reader_of(*rest);
    if (!pb_reader_next(&reader) || reader.wire != PB_WIRE_BYTES)
        return false;
    *rest = bytes_of(reader.next, (size_t)(reader.end - reader.next));
    *ret_event = reader.bytes;
    return true;
}

bool event_blob_valid(struct bytes blob, size_t *ret_count)
{
    size_t count = 0;
    struct bytes event;
    while (blob.size) {
        if (blob.data[0] != EVENT_TAG_PAST || !event_next(&blob, &event))
            return false;
        count++;
    }
    *ret_count = count;
    return true;
}

bool event_blob_has(struct bytes blob, enum pb_history_event_case kind)
{
    struct bytes event;
    struct bytes body;
    while (event_next(&blob, &event))
        if (event_peek(event, &body) == kind)
            return true;
    return false;
}

struct bytes event_blob_without(struct arena *arena, struct bytes blob, enum pb_history_event_case kind)
{
    uint8_t *copy = memory_must(arena_alloc(arena, blob.size));
    size_t size = 0;
    struct bytes event;
    struct bytes body;
    for (struct bytes rest = blob, from = rest; event_next(&rest, &event); from = rest) {
        size_t with_head = from.size - rest.size;
        if (event_peek(event, &body) == kind)
            continue;
        memcpy(copy + size, from.data, with_head);
        size += with_head;
    }
    return bytes_of(copy, size);
}

void event_copy_blob(uint8_t *to, struct bytes blob, enum event_tag tag)
{
    if (blob.size == 0)
        return;
    memcpy(to, blob.data, blob.size);
    if (tag == EVENT_TAG_PAST)
        return;
    /* Both tags are one byte, so the copy keeps its length and each event's first byte is set in place. */
    struct bytes rest = blob;
    struct bytes event;
    do
        to[rest.data - blob.data] = (uint8_t)tag;
    while (event_next(&rest, &event) && rest.size);
}

enum pb_history_event_case event_peek(struct bytes event, struct bytes *ret_body)
{
    struct pb_reader reader = pb_reader_of(event);
    while (pb_reader_next(&reader)) {
        if (reader.wire != PB_WIRE_BYTES || reader.number < PB_HISTORY_EVENT_EXECUTION_STARTED ||
            reader.number > PB_HISTORY_EVENT_EXECUTION_REWOUND)
            continue;
        *ret_body = reader.bytes;
        return (enum pb_history_event_case)reader.number;
    }
    return PB_HISTORY_EVENT_NOT_SET;
}

/* --- events from outside --- */

#define OUTSIDE(kind, member, value)                                                                         \
    &(struct pb_history_event)                                                                               \
    {                                                                                                        \
        .event_id = EVENT_ID_OUTSIDE, .event_type_case = PB_HISTORY_EVENT_##kind, .member = (value)          \
    }
struct bytes event_task_completed(struct arena *arena, int32_t task_id, struct pb_opt_bytes result)
{
    struct pb_task_completed_event body = {.task_scheduled_id = task_id, .result = result};
    return event_encode(arena, OUTSIDE(TASK_COMPLETED, task_completed, &body));
}

struct bytes event_task_failed(struct arena *arena, int32_t task_id, struct bytes failure)
{
    struct pb_task_failed_event body = {.task_scheduled_id = task_id,
                                        .failure_details = AS_RECEIVED(pb_task_failure_details, failure)};
    return event_encode(arena, OUTSIDE(TASK_FAILED, task_failed, &body));
}

struct bytes event_child_completed(struct arena *arena, int32_t task_id, struct pb_opt_bytes result)
{
    struct pb_sub_orchestration_instance_completed_event body = {.task_scheduled_id = task_id,
                                                                 .result = result};
    return event_encode(
        arena, OUTSIDE(SUB_ORCHESTRATION_INSTANCE_COMPLETED, sub_orchestration_instance_completed, &body));
}

struct bytes event_child_failed(struct arena *arena, int32_t task_id, struct bytes failure)
{
    struct pb_sub_orchestration_instance_failed_event body = {
        .task_scheduled_id = task_id, .failure_details = AS_RECEIVED(pb_task_failure_details, failure)};
    return event_encode(arena,
                        OUTSIDE(SUB_ORCHESTRATION_INSTANCE_FAILED, sub_orchestration_instance_failed, &body));
}

struct bytes event_timer_fired(struct arena *arena, int32_t timer_id, struct pb_opt_time fire_at)
{
    struct pb_timer_fired_event body = {.timer_id = timer_id, .fire_at = fire_at};
    return event_encode(arena, OUTSIDE(TIMER_FIRED, timer_fired, &body));
}

int64_t event_timer_due_ns(struct pb_opt_time fire_at)
{
    return MIN(pb_time_to_ns(fire_at), INT64_MAX - TIMER_DELAY_NS) + TIMER_DELAY_NS;
}

struct bytes event_raised(struct arena *arena, struct bytes name, struct pb_opt_bytes input)
{
    struct pb_event_raised_event body = {.name = name, .input = input};
    return event_encode(arena, OUTSIDE(EVENT_RAISED, event_raised, &body));
}

struct bytes event_terminated(struct arena *arena, struct pb_opt_bytes output, bool recurse)
{
    struct pb_execution_terminated_event body = {.input = output, .recurse = recurse};
    return event_encode(arena, OUTSIDE(EXECUTION_TERMINATED, execution_terminated, &body));
}

struct bytes event_suspended(struct arena *arena, struct pb_opt_bytes reason)
{
    struct pb_execution_suspended_event body = {.input = reason};
    return event_encode(arena, OUTSIDE(EXECUTION_SUSPENDED, execution_suspended, &body));
}

struct bytes event_resumed(struct arena *arena, struct pb_opt_bytes reason)
{
    struct pb_execution_resumed_event body = {.input = reason};
    return event_encode(arena, OUTSIDE(EXECUTION_RESUMED, execution_resumed, &body));
}

struct bytes event_rewound(struct arena *arena, struct pb_opt_bytes reason, struct bytes execution_id,
                           struct bytes instance_id)
{
    struct pb_execution_rewound_event body = {.reason = reason,
                                              .parent_execution_id = {execution_id.size > 0, execution_id},
                                              .instance_id = {instance_id.size > 0, instance_id}};
    return event_encode(arena, OUTSIDE(EXECUTION_REWOUND, execution_rewound, &body));
}

struct bytes event_failure(struct arena *arena, const char *type, const char *message)
{
    struct pb_task_failure_details details = {
        .error_type = bytes_of_cstr(type), .error_message = bytes_of_cstr(message), .is_non_retriable = true};
    size_t size = pb_task_failure_details_size(&details);
    struct buf out = FIXED_BUF(memory_must(arena_alloc(arena, size)), size);
    pb_task_failure_details_encode(&details, &out);
    ASSERT(!out.failed);
    return buf_peek(&out);
}
