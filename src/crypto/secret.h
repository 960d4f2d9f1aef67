/* SPDX-License-Identifier: MIT */
/* secret.h — what is handed out once and kept as a hash: API keys, client secrets, codes, refresh tokens.
 * A secret is "PREFIX_" + 32 random bytes + a checksum, both in base 62, so that scanners tell a leaked one from noise
 * and a typing error is found without a look into any store. It is not guessed at any speed; so its hash is SHA-256,
 * without salt, by which it is found. Any thread. */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "base/bytes.h"

#define SECRET_PREFIX_MAX 8                            /* bytes, with the underscore */
#define SECRET_TEXT_SIZE  (SECRET_PREFIX_MAX + 43 + 6) /* at most, without the NUL */
#define SECRET_HASH_SIZE  64                           /* hexadecimal digits, without the NUL */
#define SECRET_CODE_SIZE  8                            /* what people type, without the hyphen and the NUL */

#define SECRET_API_KEY       "spk_"
#define SECRET_CLIENT        "sps_" /* of an application or a person */
#define SECRET_REFRESH       "spr_"
#define SECRET_DEVICE        "spd_"
#define SECRET_AUTHORIZATION "spa_"
#define SECRET_LOAN          "spl_" /* of this process to itself */

/* A new one. */
void secret_make(const char *prefix, char ret_text[SECRET_TEXT_SIZE + 1]);
/* True if `text` has the prefix and the form of one, checksum included. It may still be nobody's. */
bool secret_is_sound(struct bytes text, const char *prefix);
/* The SHA-256 of any text, in lower-case hexadecimal. */
void secret_hash(struct bytes text, char ret_hash[SECRET_HASH_SIZE + 1]);
/* Compares in a time that does not depend on what is equal; the lengths may show. */
bool secret_equal(struct bytes one, struct bytes other);
/* A short code for people: letters that are not mistaken for others and make no words. Behind it stands a limit of tries. */
void secret_make_code(char ret_code[SECRET_CODE_SIZE + 1]);

#endif
