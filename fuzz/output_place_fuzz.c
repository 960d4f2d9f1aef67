/* SPDX-License-Identifier: MIT */
/* output_place_fuzz.c — any bytes as the place of a reader of output. What is accepted is what its own writer makes, but for
 * zeros in front. */
#include "svc/pool/http/output_place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct output_words words, again;
    if (!output_place_parse(bytes_of(data, size), &words))
        return 0;
    CLEANUP(buf_fini) struct buf text = {0};
    output_place_write(&text, &words);
    ASSERT(buf_status(&text) == STATUS_OK && text.size <= size);
    ASSERT(output_place_parse(buf_peek(&text), &again) && again.live == words.live);
    ASSERT(memcmp(words.at, again.at, sizeof words.at) == 0);
    return 0;
}
