/* SPDX-License-Identifier: MIT */
/* confirm_link_fuzz.c — what claims to be a link, or the token of its page. Whatever is believed says the same when it is written
 * anew. */
#include "base/encode.h"
#include "crypto/confirm_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[CONFIRM_LINK_KEY_SIZE] = {1};
    struct confirm_link link;
    struct bytes token = bytes_of(data, size);
    if (confirm_link_read(key, token, 1000000, &link, NULL) == STATUS_OK) {
        CLEANUP(buf_fini) struct buf again = {0};
        ASSERT(confirm_link_write(key, &link, &again, NULL) == STATUS_OK);
        ASSERT(bytes_equal(buf_peek(&again), token));
    }
    ASSERT(!confirm_link_page_holds(key, BYTES_LITERAL("token"), token, 1000000) || size > 0);
    return 0;
}
