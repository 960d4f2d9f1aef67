/* SPDX-License-Identifier: MIT */
/* pb.c — wire primitives and helpers on the common types. */
#include "wire/pb/pb_internal.h"

#define NANOS_PER_SECOND 1000000000

const uint8_t *pb_read_long_varint(const uint8_t *at, const uint8_t *end, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (at == end)
            return NULL;
        uint8_t byte = *at++;
        if (shift == 63 && byte > 1)
            return NULL;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = value;
            return at;
        }
    }
    return NULL;
}

const uint8_t *pb_skip_group(const uint8_t *at, const uint8_t *end, uint32_t number)
{
    uint32_t open[PB_DEPTH_MAX] = {number};
    size_t depth = 1;
    while (depth > 0) {
        struct token token;
        at = read_tag(at, end, &token);
        if (!at)
            return NULL;
        if (token.wire == PB_WIRE_GROUP) {
            if (depth == PB_DEPTH_MAX)
                return NULL;
            open[depth++] = token.number;
        } else if (token.wire == PB_WIRE_GROUP_END) {
            if (open[--depth] != token.number)
                return NULL;
        } else {
            at = read_payload(at, end, &token);
            if (!at)
                return NULL;
        }
    }
    return at;
}

size_t pb_element_size(const struct pb_field *field)
{
    static const uint8_t sizes[] = {
        [PB_KIND_BOOL] = sizeof(bool),
        [PB_KIND_INT32] = sizeof(int32_t),
        [PB_KIND_INT64] = sizeof(int64_t),
        [PB_KIND_DOUBLE] = sizeof(double),
        [PB_KIND_STRING] = sizeof(struct bytes),
        [PB_KIND_BYTES] = sizeof(struct bytes),
        [PB_KIND_OPT_STRING] = sizeof(struct pb_opt_bytes),
        [PB_KIND_OPT_INT32] = sizeof(struct pb_opt_i32),
        [PB_KIND_OPT_BOOL] = sizeof(struct pb_opt_bool),
        [PB_KIND_OPT_TIME] = sizeof(struct pb_opt_time),
        [PB_KIND_MESSAGE] = sizeof(void *),
        [PB_KIND_STRING_MAP] = sizeof(struct pb_string_entry),
        [PB_KIND_MESSAGE_MAP] = sizeof(struct message_entry),
    };
    return field->repeated && field->kind == PB_KIND_MESSAGE ? field->message->size : sizes[field->kind];
}

size_t pb_varint_size(uint64_t value)
{
    return varint_size(value);
}

struct pb_reader pb_reader_of(struct bytes in)
{
    if (!in.data)
        in = BYTES_LITERAL("");
    return (struct pb_reader){.next = in.data, .end = in.data + in.size, .status = STATUS_OK};
}

bool pb_reader_next(struct pb_reader *reader)
{
    if (reader->status != STATUS_OK || reader->next == reader->end)
        return false;
    struct token token = {0};
    const uint8_t *next = read_token(reader->next, reader->end, &token);
    if (!next) {
        reader->status = STATUS_MALFORMED;
        return false;
    }
    reader->number = token.number;
    reader->wire = token.wire;
    reader->value = token.wire == PB_WIRE_BYTES ? 0 : token.value;
    reader->bytes = token.bytes;
    reader->raw = (struct bytes){reader->next, (size_t)(next - reader->next)};
    reader->next = next;
    return true;
}

void pb_put_varint(struct buf *out, uint64_t value)
{
    uint8_t bytes[PB_VARINT_SIZE_MAX];
    buf_append(out, bytes, (size_t)(write_varint(bytes, value) - bytes));
}

void pb_put_tag(struct buf *out, uint32_t number, enum pb_wire wire)
{
    pb_put_varint(out, (uint64_t)number << 3 | wire);
}

void pb_put_bytes_field(struct buf *out, uint32_t number, struct bytes value)
{
    pb_put_tag(out, number, PB_WIRE_BYTES);
    pb_put_varint(out, value.size);
    buf_append_bytes(out, value);
}

void pb_put_varint_field(struct buf *out, uint32_t number, uint64_t value)
{
    pb_put_tag(out, number, PB_WIRE_VARINT);
    pb_put_varint(out, value);
}

void pb_put_fixed64_field(struct buf *out, uint32_t number, uint64_t value)
{
    uint8_t bytes[8];
    write_fixed64(bytes, value);
    pb_put_tag(out, number, PB_WIRE_FIXED64);
    buf_append(out, bytes, sizeof bytes);
}

struct pb_opt_time pb_time_from_ns(int64_t ns)
{
    int64_t seconds = ns / NANOS_PER_SECOND;
    int32_t nanos = (int32_t)(ns % NANOS_PER_SECOND);
    if (nanos < 0) {
        seconds--;
        nanos += NANOS_PER_SECOND;
    }
    return (struct pb_opt_time){.present = true, .seconds = seconds, .nanos = nanos};
}

int64_t pb_time_to_ns(struct pb_opt_time time)
{
    if (!time.present)
        return 0;
    __int128 ns = (__int128)time.seconds * NANOS_PER_SECOND + time.nanos;
    if (ns > INT64_MAX)
        return INT64_MAX;
    if (ns < INT64_MIN)
        return INT64_MIN;
    return (int64_t)ns;
}

bool pb_string_entry_find(const struct pb_string_entry *entries, size_t count, struct bytes key,
                          struct bytes *ret_value)
{
    for (size_t i = count; i > 0; i--) {
        if (bytes_equal(entries[i - 1].key, key)) {
            *ret_value = entries[i - 1].value;
            return true;
        }
    }
    return false;
}
