/* SPDX-License-Identifier: MIT */
/* hidden.c — ranges of bytes, since the characters are few. */
#include "base/hidden.h"

/* C1, bidi marks, invisible joiners, line and paragraph separators, BOM. */
static const struct {
    struct bytes begin;
    uint8_t low, high; /* of the byte behind it */
} ranges[] = {
    {BYTES_LITERAL("\xc2"), 0x80, 0x9f},     {BYTES_LITERAL("\xd8"), 0x9c, 0x9c},
    {BYTES_LITERAL("\xe2\x80"), 0x8b, 0x8f}, {BYTES_LITERAL("\xe2\x80"), 0xa8, 0xae},
    {BYTES_LITERAL("\xe2\x81"), 0xa0, 0xa9}, {BYTES_LITERAL("\xef\xbb"), 0xbf, 0xbf},
};

size_t hidden_size(struct bytes text, size_t at)
{
    uint8_t byte = text.data[at];
    if (byte < 0x20 || byte == 0x7f)
        return 1;
    struct bytes rest = bytes_slice(text, at, SIZE_MAX);
    for (size_t i = 0; byte >= 0x80 && i < ARRAY_SIZE(ranges); i++) {
        size_t size = ranges[i].begin.size;
        if (rest.size > size && bytes_starts_with(rest, ranges[i].begin) &&
            rest.data[size] >= ranges[i].low && rest.data[size] <= ranges[i].high)
            return size + 1;
    }
    return 0;
}

bool hidden_in(struct bytes text)
{
    for (size_t at = 0; at < text.size; at++)
        if (hidden_size(text, at) > 0)
            return true;
    return false;
}
