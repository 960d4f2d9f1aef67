/* SPDX-License-Identifier: MIT */
/* peer_guess.c — a few bytes tell HTTP/2, HTTP/1.1 and TLS apart. */
#include "sdk/channel/peer_guess.h"

#include "base/macros.h"

#define FRAME_TYPE_AT       3
#define FRAME_TYPE_SETTINGS 4
#define FRAME_SIZE_MAX      16384 /* bytes; nobody may send more before we allow it (RFC 9113, 4.2) */

static const struct {
    struct bytes begin;
    const char *fault;
} openings[] = {
    {BYTES_LITERAL("HTTP/1"), "speaks HTTP/1.1, not HTTP/2: it is not a task scheduler"},
    {BYTES_LITERAL("\x15\x03"), "speaks TLS: write https:// in the endpoint"}, /* an alert (RFC 8446, 5.1) */
    {BYTES_LITERAL("\x16\x03"), "speaks TLS: write https:// in the endpoint"},
};

const char *sdk_peer_fault(struct bytes first)
{
    for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
        if (first.size >= openings[i].begin.size && bytes_starts_with(first, openings[i].begin))
            return openings[i].fault;
    }
    if (first.size < SDK_FRAME_HEAD_SIZE)
        return NULL;

    uint32_t size = (uint32_t)first.data[0] << 16 | (uint32_t)first.data[1] << 8 | first.data[2];
    uint32_t stream = (uint32_t)first.data[5] | first.data[6] | first.data[7] | first.data[8];
    bool settings = first.data[FRAME_TYPE_AT] == FRAME_TYPE_SETTINGS && size <= FRAME_SIZE_MAX && stream == 0;
    return settings ? NULL : "does not speak HTTP/2: it is not a task scheduler";
}
