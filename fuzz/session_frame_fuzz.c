/* SPDX-License-Identifier: MIT */
/* session_frame_fuzz.c — what a session may send. Whatever is accepted must be the same bytes when written
 * again. */
#include <stdint.h>
#include <string.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    CLEANUP(buf_fini) struct buf out = {0};
    struct frame f;
    size_t n;
    while (frame_parse(in, 1 << 16, &f, &n) == STATUS_OK) {
        ASSERT(n <= in.size && f.payload.size <= 1 << 16);
        buf_clear(&out);
        frame_write(&out, f.type, f.payload);
        ASSERT(out.size == n && memcmp(out.data, in.data, n) == 0);
        in = bytes_slice(in, n, in.size);
    }
    return 0;
}
