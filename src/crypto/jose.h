/* SPDX-License-Identifier: MIT */
/* jose.h — keys and signatures of tokens, by cjose over OpenSSL (doc/decisions/0017-jose.md). Our own tokens are signed with
 * ES256; those of others may be signed with ES256, RS256 or PS256. Nothing symmetric and nothing unsigned is ever taken, and
 * the key says which algorithm fits it, not the token. Signing takes about 50 µs, checking up to 150 µs. Any thread. */
#ifndef CRYPTO_JOSE_H
#define CRYPTO_JOSE_H

#include "base/buf.h"
#include "wire/jose/jwt.h"

struct jose_key;

/* Prints of a certificate, as tokens name it, and its end. */
struct jose_prints {
    char sha1[32];    /* base64url, of "x5t" */
    char sha256[48];  /* base64url, of "x5t#S256" */
    char hex[64 + 1]; /* SHA-256 in hexadecimal */
    int64_t end_s;    /* seconds since 1970 */
};

/* A new private key for ES256 as JWK, with that key id. INTERNAL: OpenSSL refused. */
STATUS_RESULT jose_key_make(const char *key_id, struct buf *ret_jwk, struct err *err);
/* From a JWK, private or public. MALFORMED: it is none, or not of a kind that we take (RSA of 2048 bits or more, P-256). */
STATUS_RESULT jose_key_read(struct bytes jwk, struct jose_key **ret_key, struct err *err);
/* The public key of the first certificate of a PEM text. `ret_prints` may be NULL. MALFORMED. */
STATUS_RESULT jose_key_of_certificate(struct bytes pem, struct jose_key **ret_key,
                                      struct jose_prints *ret_prints, struct err *err);
void jose_key_free(struct jose_key *key);
/* "" if it has none. */
const char *jose_key_id(const struct jose_key *key);
/* Appends the public part as a JWK with "use" and "alg". NO_MEMORY. */
STATUS_RESULT jose_key_publish(const struct jose_key *key, struct buf *out);

/* Appends a token with these claims, a JSON object. INTERNAL, NO_MEMORY. */
STATUS_RESULT jose_sign(const struct jose_key *key, struct bytes claims, struct buf *out, struct err *err);
/* OK if the key signed the token with an algorithm that fits the key; else UNAUTHENTICATED. */
STATUS_RESULT jose_verify(const struct jose_key *key, const struct jwt *jwt, struct err *err);

#endif
