/* SPDX-License-Identifier: MIT */
/* output_place.c — two numbers and a comma. */
#include "svc/pool/http/output_place.h"

bool output_place_parse(struct bytes text, uint64_t ret_from[SESSION_STREAMS])
{
    bool two = bytes_find(text, BYTES_LITERAL(",")) < text.size;
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        struct bytes word = bytes_split(&text, ',');
        if (bytes_parse_u64(word, &ret_from[i]) != STATUS_OK || ret_from[i] > INT64_MAX)
            return false;
    }
    return two && !text.data;
}

void output_place_write(struct buf *out, const uint64_t from[SESSION_STREAMS])
{
    buf_append_fmt(out, "%llu,%llu", (unsigned long long)from[SESSION_STDOUT],
                   (unsigned long long)from[SESSION_STDERR]);
}
