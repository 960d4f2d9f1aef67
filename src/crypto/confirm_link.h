/* SPDX-License-Identifier: MIT */
/* confirm_link.h — the links by which one person is led to one manifest: what a link says, and that this server said it.
 *
 *   token = base64url( format | made | expires | manifest | who | request | HMAC-SHA256 of all before )
 *
 * A link is the proof of who votes by it, so it names one person, one request and one manifest, is over after a while, and opens
 * nothing else. Nobody keeps it: whoever has the key can tell a link of theirs. The page that shows a request has a token of its
 * own, without which nothing is decided: a program that only opens the link does not have it. RFC 2104, FIPS 180-4. Any
 * thread; reads no clock. */
#ifndef CRYPTO_CONFIRM_LINK_H
#define CRYPTO_CONFIRM_LINK_H

#include "base/buf.h"
#include "crypto/secret.h"

#define CONFIRM_LINK_KEY_SIZE     32  /* bytes */
#define CONFIRM_LINK_WHO_SIZE     64  /* bytes of who it is for, with the NUL */
#define CONFIRM_LINK_REQUEST_SIZE 128 /* bytes of a request's id, with the NUL */
#define CONFIRM_LINK_SIZE_MAX     400 /* bytes of a token */
#define CONFIRM_LINK_PAGE_S       3600
#define CONFIRM_LINK_LEEWAY_S     60 /* between the clock and itself: one that was set back further ends a link */

struct confirm_link {
    char who[CONFIRM_LINK_WHO_SIZE];         /* "person/GUID", "key/GUID", "local" */
    char request[CONFIRM_LINK_REQUEST_SIZE]; /* its id */
    char manifest[SECRET_HASH_SIZE + 1];     /* 64 hexadecimal digits */
    int64_t made_s;                          /* since 1970 */
    int64_t expires_s;
};

/* A new key. */
void confirm_link_key_make(uint8_t ret_key[CONFIRM_LINK_KEY_SIZE]);

/* Appends a token. INVALID_ARGUMENT: an empty text, or the manifest is no hash; NO_MEMORY. */
STATUS_RESULT confirm_link_write(const uint8_t key[CONFIRM_LINK_KEY_SIZE], const struct confirm_link *link,
                                 struct buf *out, struct err *err);
/* What a token says. UNAUTHENTICATED: this key has not signed it, or the clock is before it; DEADLINE_EXCEEDED: it is over. */
STATUS_RESULT confirm_link_read(const uint8_t key[CONFIRM_LINK_KEY_SIZE], struct bytes token, int64_t now_s,
                                struct confirm_link *ret_link, struct err *err);

/* Appends the token of a page that is shown now for the link `token`; it counts for CONFIRM_LINK_PAGE_S. NO_MEMORY. */
STATUS_RESULT confirm_link_write_page(const uint8_t key[CONFIRM_LINK_KEY_SIZE], struct bytes token,
                                      int64_t now_s, struct buf *out);
/* True if the page was shown for this link, and not too long ago. */
bool confirm_link_page_holds(const uint8_t key[CONFIRM_LINK_KEY_SIZE], struct bytes token,
                             struct bytes page_token, int64_t now_s);

#endif
