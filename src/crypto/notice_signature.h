/* SPDX-License-Identifier: MIT */
/* notice_signature.h — signs what is sent to others as Standard Webhooks 1.0.0 says (github.com/standard-webhooks, "Signature scheme"):
 * HMAC-SHA256 over "ID.SECONDS.BODY", as "v1," and base64. The secret is "whsec_" and base64 of 24 to 64 bytes. Any thread. */
#ifndef CRYPTO_NOTICE_SIGNATURE_H
#define CRYPTO_NOTICE_SIGNATURE_H

#include "base/buf.h"

#define NOTICE_SECRET_PREFIX    "whsec_"
#define NOTICE_SECRET_SIZE_MIN  24           /* bytes behind the base64 */
#define NOTICE_SECRET_SIZE_MAX  64           /* likewise */
#define NOTICE_SECRET_TEXT_SIZE (6 + 88 + 1) /* at most, with the NUL */
#define NOTICE_SIGNATURE_SIZE   (3 + 44 + 1) /* with the NUL */
#define NOTICE_SIGNATURES_SIZE  (2 * NOTICE_SIGNATURE_SIZE)

/* A new secret of 32 random bytes. */
void notice_secret_make(char ret_secret[NOTICE_SECRET_TEXT_SIZE]);
/* True if it has the form of one. */
bool notice_secret_is_sound(struct bytes secret);
/* MALFORMED: the secret is none; INTERNAL: OpenSSL refused; NO_MEMORY. */
STATUS_RESULT notice_sign(struct bytes secret, struct bytes id, int64_t unix_s, struct bytes body,
                          char ret_signature[NOTICE_SIGNATURE_SIZE], struct err *err);
/* The same by two secrets, a blank between the signatures, so that a receiver verifies by whichever it has while one takes the place of
 * the other. `old_secret` "": by the first alone. */
STATUS_RESULT notice_sign_twice(struct bytes secret, struct bytes old_secret, struct bytes id, int64_t unix_s,
                                struct bytes body, char ret_signatures[NOTICE_SIGNATURES_SIZE],
                                struct err *err);

#endif
