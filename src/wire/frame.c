/* SPDX-License-Identifier: MIT */
/* frame.c — the head is read and checked whole before the payload is looked at. */
#include "wire/frame.h"

static uint32_t read_u32_le(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool type_known(uint8_t type)
{
    return type >= FRAME_EXECUTE && type <= FRAME_RESULT;
}

enum status frame_head_parse(struct bytes in, struct frame_head *ret_head)
{
    if (in.size < FRAME_HEAD_SIZE)
        return STATUS_TRUNCATED;
    size_t payload_size = read_u32_le(in.data);
    uint8_t type = in.data[4];
    bool reserved_used = in.data[5] || in.data[6] || in.data[7];
    if (!type_known(type) || reserved_used || payload_size > FRAME_PAYLOAD_SIZE_MAX)
        return STATUS_MALFORMED;
    *ret_head = (struct frame_head){.type = (enum frame_type)type, .payload_size = payload_size};
    return STATUS_OK;
}

enum status frame_parse(struct bytes in, size_t payload_size_max, struct frame *ret_frame, size_t *ret_size)
{
    struct frame_head head;
    enum status status = frame_head_parse(in, &head);
    if (status != STATUS_OK)
        return status;
    if (head.payload_size > payload_size_max)
        return STATUS_TOO_LARGE;
    if (in.size - FRAME_HEAD_SIZE < head.payload_size)
        return STATUS_TRUNCATED;

    *ret_frame = (struct frame){
        .type = head.type,
        .payload = bytes_slice(in, FRAME_HEAD_SIZE, head.payload_size),
    };
    *ret_size = FRAME_HEAD_SIZE + head.payload_size;
    return STATUS_OK;
}

void frame_write(struct buf *out, enum frame_type type, struct bytes payload)
{
    ASSERT(type_known((uint8_t)type) && payload.size <= FRAME_PAYLOAD_SIZE_MAX);
    uint32_t size = (uint32_t)payload.size;
    uint8_t head[FRAME_HEAD_SIZE] = {0}; /* the reserved bytes are zero */
    for (size_t i = 0; i < sizeof size; i++)
        head[i] = (uint8_t)(size >> 8 * i); /* little-endian */
    head[sizeof size] = (uint8_t)type;
    buf_append(out, head, sizeof head);
    buf_append_bytes(out, payload);
}
