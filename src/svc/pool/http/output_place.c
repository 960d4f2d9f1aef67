/* SPDX-License-Identifier: MIT */
/* output_place.c — two numbers and a comma, and a word. */
#include "svc/pool/http/output_place.h"

#define LIVE "live"

bool output_place_parse(struct bytes text, struct output_words *ret_words)
{
    bool two = bytes_find(text, BYTES_LITERAL(",")) < text.size;
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        struct bytes word = bytes_split(&text, ',');
        if (bytes_parse_u64(word, &ret_words->at[i]) != STATUS_OK || ret_words->at[i] > INT64_MAX)
            return false;
    }
    ret_words->live = bytes_equal_cstr(text, LIVE);
    return two && (!text.data || ret_words->live);
}

void output_place_write(struct buf *out, const struct output_words *words)
{
    buf_append_fmt(out, "%llu,%llu%s", (unsigned long long)words->at[SESSION_STDOUT],
                   (unsigned long long)words->at[SESSION_STDERR], words->live ? "," LIVE : "");
}
