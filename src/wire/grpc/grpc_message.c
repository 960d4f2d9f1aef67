/* SPDX-License-Identifier: MIT */
/* grpc_message.c — the incremental reader. A message that lies whole in the caller's bytes is not copied. */
#include "wire/grpc/grpc_message.h"

void grpc_reader_fini(struct grpc_reader *reader)
{
    buf_fini(&reader->message);
}

static size_t size_of(const struct grpc_reader *reader)
{
    return (size_t)reader->prefix[1] << 24 | (size_t)reader->prefix[2] << 16 |
           (size_t)reader->prefix[3] << 8 | reader->prefix[4];
}

/* OK once the five bytes are there and good. */
static enum status take_prefix(struct grpc_reader *reader, struct bytes *data)
{
    size_t n = MIN(GRPC_PREFIX_SIZE - (size_t)reader->prefix_size, data->size);
    if (n == 0)
        return reader->prefix_size == GRPC_PREFIX_SIZE ? STATUS_OK : STATUS_TRUNCATED;
    memcpy(reader->prefix + reader->prefix_size, data->data, n);
    reader->prefix_size = (uint8_t)(reader->prefix_size + n);
    *data = bytes_slice(*data, n, data->size);
    if (reader->prefix[0] > 1)
        return STATUS_MALFORMED;
    if (reader->prefix_size < GRPC_PREFIX_SIZE)
        return STATUS_TRUNCATED;
    return size_of(reader) > reader->message_size_max ? STATUS_TOO_LARGE : STATUS_OK;
}

static void drop_message_handed_out(struct grpc_reader *reader)
{
    if (!reader->message_is_out)
        return;
    buf_fini(&reader->message);
    reader->message_is_out = false;
}

enum status grpc_reader_take(struct grpc_reader *reader, struct bytes *data, struct grpc_message *ret_message)
{
    drop_message_handed_out(reader);
    enum status status = take_prefix(reader, data);
    if (status != STATUS_OK)
        return status;
    size_t size = size_of(reader);
    struct bytes part = bytes_slice(*data, 0, size - reader->message.size);
    *data = bytes_slice(*data, part.size, data->size);
    bool whole_here = part.size == size;
    if (!whole_here) {
        reader->message.limit = reader->message_size_max ? reader->message_size_max : 1;
        buf_append_bytes(&reader->message, part);
        if (reader->message.failed)
            return STATUS_NO_MEMORY;
        if (reader->message.size < size)
            return STATUS_TRUNCATED;
    }
    *ret_message = (struct grpc_message){.compressed = reader->prefix[0],
                                         .data = whole_here ? part : buf_peek(&reader->message)};
    reader->message_is_out = !whole_here;
    reader->prefix_size = 0;
    return STATUS_OK;
}

bool grpc_reader_at_boundary(const struct grpc_reader *reader)
{
    return reader->prefix_size == 0;
}

void grpc_message_write(struct buf *out, struct bytes message)
{
    if (message.size > UINT32_MAX) {
        out->failed = true;
        return;
    }
    uint32_t size = (uint32_t)message.size;
    const uint8_t prefix[GRPC_PREFIX_SIZE] = {0, (uint8_t)(size >> 24), (uint8_t)(size >> 16),
                                              (uint8_t)(size >> 8), (uint8_t)size};
    buf_append(out, prefix, sizeof prefix);
    buf_append_bytes(out, message);
}
