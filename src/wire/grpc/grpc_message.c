/* SPDX-License-Identifier: MIT */
/* grpc_message.c — the incremental reader. A message that lies whole in the caller's bytes is not copied. */
#include "wire/grpc/grpc_message.h"

void grpc_reader_fini(struct grpc_reader *r)
{
    buf_fini(&r->message);
}

static size_t size_of(const struct grpc_reader *r)
{
    return (size_t)r->prefix[1] << 24 | (size_t)r->prefix[2] << 16 | (size_t)r->prefix[3] << 8 | r->prefix[4];
}

/* OK once the five bytes are there and good. */
static enum status take_prefix(struct grpc_reader *r, struct bytes *data)
{
    size_t n = MIN(GRPC_PREFIX_SIZE - (size_t)r->prefix_size, data->size);
    if (n == 0)
        return r->prefix_size == GRPC_PREFIX_SIZE ? STATUS_OK : STATUS_TRUNCATED;
    memcpy(r->prefix + r->prefix_size, data->data, n);
    r->prefix_size = (uint8_t)(r->prefix_size + n);
    *data = bytes_slice(*data, n, data->size);
    if (r->prefix[0] > 1)
        return STATUS_MALFORMED;
    if (r->prefix_size < GRPC_PREFIX_SIZE)
        return STATUS_TRUNCATED;
    return size_of(r) > r->message_size_max ? STATUS_TOO_LARGE : STATUS_OK;
}

static void drop_message_handed_out(struct grpc_reader *r)
{
    if (!r->message_is_out)
        return;
    buf_fini(&r->message);
    r->message_is_out = false;
}

enum status grpc_reader_take(struct grpc_reader *r, struct bytes *data, struct grpc_message *ret_message)
{
    drop_message_handed_out(r);
    enum status s = take_prefix(r, data);
    if (s != STATUS_OK)
        return s;
    size_t size = size_of(r);
    struct bytes part = bytes_slice(*data, 0, size - r->message.size);
    *data = bytes_slice(*data, part.size, data->size);
    bool whole_here = part.size == size;
    if (!whole_here) {
        r->message.limit = r->message_size_max ? r->message_size_max : 1;
        buf_append_bytes(&r->message, part);
        if (r->message.failed)
            return STATUS_NO_MEMORY;
        if (r->message.size < size)
            return STATUS_TRUNCATED;
    }
    *ret_message =
        (struct grpc_message){.compressed = r->prefix[0], .data = whole_here ? part : buf_peek(&r->message)};
    r->message_is_out = !whole_here;
    r->prefix_size = 0;
    return STATUS_OK;
}

bool grpc_reader_at_boundary(const struct grpc_reader *r)
{
    return r->prefix_size == 0;
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
