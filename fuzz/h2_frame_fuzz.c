/* SPDX-License-Identifier: MIT */
/* h2_frame_fuzz.c — any bytes, read whole and in pieces whose size the first byte says: the same frames. */
#include <stdint.h>

#include "wire/grpc/h2_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;

    struct bytes whole = bytes_of(data + 1, size - 1);
    size_t piece_size = (size_t)data[0] + 1;
    struct h2_frame_reader once, pieces;
    h2_frame_reader_init(&once);
    h2_frame_reader_init(&pieces);
    struct bytes rest = whole;
    for (size_t at = 0; at < whole.size; at += piece_size) {
        struct bytes piece = bytes_slice(whole, at, piece_size);
        struct h2_frame frame, other;
        while (h2_frame_next(&pieces, &piece, &frame)) {
            ASSERT(h2_frame_next(&once, &rest, &other));
            ASSERT(frame.payload_size == other.payload_size && frame.type == other.type &&
                   frame.flags == other.flags);
        }
        ASSERT(piece.size == 0);
    }
    struct h2_frame none;
    ASSERT(!h2_frame_next(&once, &rest, &none));
    ASSERT(once.skip == pieces.skip && once.head_size == pieces.head_size);
    return 0;
}
