/* SPDX-License-Identifier: MIT */
/* assertion.h — shows that we hold a certificate's key: the signed JWT that a token endpoint takes in place of a secret
 * (RFC 7523; members as the identity platform wants them). Signed by OpenSSL; any thread, one at a time. */
#ifndef CREDENTIAL_ASSERTION_H
#define CREDENTIAL_ASSERTION_H

#include "credential/wiped.h"

struct assertion_key; /* a certificate with its RSA key */

/* Reads PEM (a certificate, and a key in PKCS #8 or PKCS #1) or PKCS #12. `password`: of the key; NULL: none. FAILED_PRECONDITION:
 * not readable, without one of the two, another kind of key than RSA, or they do not belong together. */
STATUS_RESULT assertion_key_open(const char *path, const char *password, struct assertion_key **ret_key,
                                 struct err *err);
/* NULL allowed. */
void assertion_key_close(struct assertion_key *key);

struct assertion_claims {
    const char *client_id; /* issuer and subject */
    const char *audience;  /* the token endpoint */
    int64_t now_s;         /* wall clock; good for ten minutes from then */
    const char *id;        /* jti: never the same twice */
    /* RS256 and a SHA-1 thumbprint, for servers that know nothing else; else PS256 and SHA-256 */
    bool classic;
    bool chain; /* show the certificates themselves, too (x5c) */
};

/* Appends the JWT. INTERNAL: OpenSSL failed; NO_MEMORY. */
STATUS_RESULT assertion_make(const struct assertion_key *key, const struct assertion_claims *claims,
                             struct buf *ret_assertion, struct err *err);

#endif
