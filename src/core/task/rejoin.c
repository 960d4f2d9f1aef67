/* SPDX-License-Identifier: MIT */
/* rejoin.c — the field is added behind the others of the event's body: a message's fields may come in any order. */
#include "core/task/rejoin.h"

#include "core/task/memory.h"

#define WRAPPED_VALUE_FIELD 1 /* StringValue.value */

/* Which field of which event is kept as which payload. */
static const struct kept {
    enum pb_history_event_case kind;
    uint32_t field;
    enum payload_kind payload;
} table[] = {
    {PB_HISTORY_EVENT_EXECUTION_STARTED, 3, PAYLOAD_INPUT},
    {PB_HISTORY_EVENT_EXECUTION_COMPLETED, 2, PAYLOAD_OUTPUT},
};

static const struct kept *kept_of(enum pb_history_event_case kind)
{
    for (size_t n = 0; n < ARRAY_SIZE(table); n++)
        if (table[n].kind == kind)
            return &table[n];
    return NULL;
}

static bool has_field(struct bytes message, uint32_t number)
{
    struct pb_reader reader = pb_reader_of(message);
    while (pb_reader_next(&reader))
        if (reader.number == number)
            return true;
    return false;
}

/* Bytes of a field with `size` bytes of content. */
static size_t field_size(uint32_t number, size_t size)
{
    return pb_varint_size((uint64_t)number << 3) + pb_varint_size(size) + size;
}

static void put_head(struct buf *out, uint32_t number, size_t size)
{
    pb_put_tag(out, number, PB_WIRE_BYTES);
    pb_put_varint(out, size);
}

struct bytes rejoin_event(struct arena *arena, struct bytes event, const struct payload *payloads)
{
    struct bytes body = {0};
    const struct kept *kept = kept_of(event_peek(event, &body));
    if (!kept || !payloads[kept->payload].present || has_field(body, kept->field))
        return event;
    ASSERT(!payloads[kept->payload].left_out);
    struct bytes value = payloads[kept->payload].value;
    size_t wrapped = value.size ? field_size(WRAPPED_VALUE_FIELD, value.size) : 0;
    size_t body_size = body.size + field_size(kept->field, wrapped);
    size_t before = (size_t)(body.data - event.data) - (field_size(kept->kind, body.size) - body.size);
    struct bytes after = bytes_slice(event, (size_t)(body.data - event.data) + body.size, SIZE_MAX);

    size_t size = before + field_size(kept->kind, body_size) + after.size;
    struct buf out = {
        .data = (uint8_t *)memory_must(arena_alloc(arena, size)), .capacity = size, .limit = size};
    buf_append_bytes(&out, bytes_slice(event, 0, before));
    put_head(&out, kept->kind, body_size);
    buf_append_bytes(&out, body);
    put_head(&out, kept->field, wrapped);
    if (value.size) {
        put_head(&out, WRAPPED_VALUE_FIELD, value.size);
        buf_append_bytes(&out, value);
    }
    buf_append_bytes(&out, after);
    ASSERT(!out.failed && out.size == size);
    return buf_peek(&out);
}

struct rejoin_parts rejoin_part(struct arena *arena, struct bytes blob, const struct payload *payloads)
{
    struct bytes rest = blob;
    struct bytes event;
    struct bytes body;
    for (int n = 0; n < 2; n++) {
        struct bytes from = rest;
        if (!event_next(&rest, &event))
            break;
        if (event_peek(event, &body) == PB_HISTORY_EVENT_EXECUTION_STARTED)
            return (struct rejoin_parts){.before = bytes_slice(blob, 0, (size_t)(from.data - blob.data)),
                                         .event = rejoin_event(arena, event, payloads),
                                         .after = rest};
    }
    return (struct rejoin_parts){.before = blob};
}

size_t rejoin_size(const struct rejoin_parts *parts)
{
    size_t event = parts->event.data ? 1 + pb_varint_size(parts->event.size) + parts->event.size : 0;
    return parts->before.size + event + parts->after.size;
}

uint8_t *rejoin_copy(uint8_t *to, const struct rejoin_parts *parts, enum event_tag tag)
{
    event_copy_blob(to, parts->before, tag);
    to += parts->before.size;
    if (parts->event.data) {
        uint8_t memory[1 + PB_VARINT_SIZE_MAX] = {0};
        struct buf head = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
        buf_append_byte(&head, tag);
        pb_put_varint(&head, parts->event.size);
        memcpy(to, memory, head.size);
        memcpy(to + head.size, parts->event.data, parts->event.size);
        to += head.size + parts->event.size;
    }
    event_copy_blob(to, parts->after, tag);
    return to + parts->after.size;
}
