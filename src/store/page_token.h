/* SPDX-License-Identifier: MIT */
/* page_token.h — where a page of instances ended, as text for clients.
 * By creation: base64 of one byte which order, 4 bytes hub, 8 bytes time, the instance id, 4 bytes checksum; numbers
 * big-endian. By completion: hub, time and checksum in hexadecimal, a '|', and the instance id as it is, for SDKs expect
 * to find the last id of a page in it (spec 3.22). Tokens come back from outside: a cut or mixed-up one is told from a good one, but a forged one
 * is not, and does no more than start a page elsewhere in the same hub. Pure. */
#ifndef STORE_PAGE_TOKEN_H
#define STORE_PAGE_TOKEN_H

#include "base/arena.h"

#define PAGE_TOKEN_ID_SIZE_MAX 4096 /* bytes of the id */

struct page_token {
    bool by_completion; /* the order (completed_ns, id) instead of (created_ns, id) */
    uint32_t hub;
    int64_t time_ns;
    struct bytes instance_id;
};

/* The text in `arena`; NO_MEMORY. */
STATUS_RESULT page_token_write(struct arena *arena, const struct page_token *token, struct bytes *ret_text);
/* The id is copied into `arena`. MALFORMED: page_token_write never made this text. */
STATUS_RESULT page_token_read(struct arena *arena, struct bytes text, struct page_token *ret_token);

#endif
