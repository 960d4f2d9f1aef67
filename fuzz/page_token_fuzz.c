/* SPDX-License-Identifier: MIT */
/* page_token_fuzz.c — any text as a continuation token. What is taken for a token is written back the same,
 * but for base64's slack. */
#include "store/page_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena a;
    struct page_token t, again;
    struct bytes text;
    arena_init(&a, 1 << 20);
    if (page_token_read(&a, bytes_of(data, size), &t) != STATUS_OK)
        return 0;
    ASSERT(page_token_write(&a, &t, &text) == STATUS_OK);
    ASSERT(page_token_read(&a, text, &again) == STATUS_OK);
    ASSERT(again.hub == t.hub && again.time_ns == t.time_ns && bytes_equal(again.instance_id, t.instance_id));
    return 0;
}
