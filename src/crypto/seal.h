/* SPDX-License-Identifier: MIT */
/* seal.h — the signatures by which somebody proves years later what this server said: Ed25519 (RFC 8032), by OpenSSL.
 * A key is kept as PEM (RFC 7468; PKCS #8 or SubjectPublicKeyInfo), so that any tool reads it. Any thread; one key by
 * several threads at once. */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/buf.h"

#define SEAL_SIZE        64 /* bytes of a signature */
#define SEAL_KEY_ID_SIZE 16 /* hexadecimal digits, without the NUL */

struct seal_key;

/* Makes a private key; appends its PEM. INTERNAL: OpenSSL refused; NO_MEMORY. */
STATUS_RESULT seal_key_make(struct buf *ret_pem, struct err *err);
/* Reads a private or a public key. MALFORMED: the text is neither, or its key is not for Ed25519. */
STATUS_RESULT seal_key_read(struct bytes pem, struct seal_key **ret_key, struct err *err);
/* NULL allowed. */
void seal_key_free(struct seal_key *key);
/* The first half of the public key's SHA-256: by it a signature names its key. Lives as long as the key. */
const char *seal_key_id(const struct seal_key *key);
/* Appends the public half as PEM. INTERNAL, NO_MEMORY. */
STATUS_RESULT seal_key_publish(const struct seal_key *key, struct buf *out, struct err *err);

/* FAILED_PRECONDITION: the key is only a public one; INTERNAL. */
STATUS_RESULT seal_sign(const struct seal_key *key, struct bytes text, uint8_t ret_seal[SEAL_SIZE],
                        struct err *err);
/* True if the key's owner signed exactly this text. */
bool seal_holds(const struct seal_key *key, struct bytes text, struct bytes seal);

#endif
