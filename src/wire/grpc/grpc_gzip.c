/* SPDX-License-Identifier: MIT */
/* grpc_gzip.c — zlib with a limit: the output grows by steps, so a small bomb never gets a large buffer. */
#include <zlib.h>

#include "wire/grpc/grpc_message.h"

#define STEP_SIZE      (16 * 1024)      /* bytes of output asked for at once */
#define GZIP_ONLY_BITS (16 + MAX_WBITS) /* zlib.h: 16 more means a gzip wrapper and nothing else */

/* One step: OK when the stream has ended, TRUNCATED when there is more to unpack. */
static enum status unpack_step(z_stream *stream, size_t from, size_t size_max, struct buf *out)
{
    size_t have = out->size - from;
    /* one more byte shows that the limit is passed */
    size_t room = MIN((size_t)STEP_SIZE, size_max - have + 1);
    enum status status = buf_reserve(out, room);
    if (status != STATUS_OK)
        return status;
    stream->next_out = out->data + out->size;
    stream->avail_out = (uInt)room;
    int result = inflate(stream, Z_NO_FLUSH);
    out->size += room - stream->avail_out;
    if (out->size - from > size_max)
        return STATUS_TOO_LARGE;
    if (result == Z_STREAM_END)
        return stream->avail_in == 0 ? STATUS_OK : STATUS_MALFORMED;
    if (result == Z_MEM_ERROR)
        return STATUS_NO_MEMORY;
    bool more = result == Z_OK && (stream->avail_in > 0 || stream->avail_out == 0);
    return more ? STATUS_TRUNCATED : STATUS_MALFORMED;
}

enum status grpc_gunzip(struct bytes in, size_t size_max, struct buf *out)
{
    if (in.size > UINT32_MAX)
        return STATUS_TOO_LARGE;
    z_stream z = {.next_in = (Bytef *)(in.size ? in.data : (const uint8_t *)""), .avail_in = (uInt)in.size};
    if (inflateInit2(&z, GZIP_ONLY_BITS) != Z_OK)
        return STATUS_NO_MEMORY;
    size_t from = out->size;
    enum status status;
    do
        status = unpack_step(&z, from, size_max, out);
    while (status == STATUS_TRUNCATED);
    inflateEnd(&z);
    return status;
}
