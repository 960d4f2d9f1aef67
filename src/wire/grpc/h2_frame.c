/* SPDX-License-Identifier: MIT */
/* h2_frame.c — nine bytes of head, so many of payload, again and again. */
#include "wire/grpc/h2_frame.h"

void h2_frame_reader_init(struct h2_frame_reader *reader)
{
    *reader = (struct h2_frame_reader){.skip = H2_PREFACE_SIZE};
}

/* The front of `*data`, at most `size` bytes. */
static struct bytes take(struct bytes *data, size_t size)
{
    struct bytes front = bytes_slice(*data, 0, size);
    *data = bytes_slice(*data, front.size, data->size);
    return front;
}

bool h2_frame_next(struct h2_frame_reader *reader, struct bytes *data, struct h2_frame *ret_frame)
{
    reader->skip -= (uint32_t)take(data, reader->skip).size;
    if (reader->skip > 0)
        return false;

    struct bytes part = take(data, H2_FRAME_HEAD_SIZE - (size_t)reader->head_size);
    if (part.size > 0)
        memcpy(reader->head + reader->head_size, part.data, part.size);
    reader->head_size = (uint8_t)(reader->head_size + part.size);
    if (reader->head_size < H2_FRAME_HEAD_SIZE)
        return false;

    const uint8_t *head = reader->head;
    uint32_t payload_size = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    *ret_frame = (struct h2_frame){.payload_size = payload_size, .type = head[3], .flags = head[4]};
    reader->skip = payload_size;
    reader->head_size = 0;
    return true;
}
