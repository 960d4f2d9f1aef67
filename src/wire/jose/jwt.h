/* SPDX-License-Identifier: MIT */
/* jwt.h — a JSON Web Token in its compact form, taken apart (RFC 7515, RFC 7519). Pure: says what a token claims, never
 * whether that is true; crypto/jose.h looks at the signature. Strict: three parts in base64url without padding or loose bits,
 * two JSON objects without double members, no critical extension. */
#ifndef WIRE_JOSE_JWT_H
#define WIRE_JOSE_JWT_H

#include "base/buf.h"
#include "wire/json/json.h"

#define JWT_SIZE_MAX ((size_t)16 << 10) /* bytes of a token */

/* Zero-initialise. */
struct jwt {
    struct bytes text; /* the token, borrowed */
    json_t *header;    /* an object */
    json_t *claims;    /* an object */
};

/* MALFORMED: it is no token, the text does not repeat it. TOO_LARGE; NO_MEMORY. Then nothing is owned. */
STATUS_RESULT jwt_parse(struct bytes text, struct jwt *ret_jwt, struct err *err);
void jwt_fini(struct jwt *jwt);

/* Text members; data NULL if absent or no text. Valid as long as the token. */
struct bytes jwt_header_text(const struct jwt *jwt, const char *name);
struct bytes jwt_text(const struct jwt *jwt, const char *name);
/* A claim in seconds since 1970. False if it is absent or no number in reason. */
bool jwt_seconds(const struct jwt *jwt, const char *name, int64_t *ret_seconds);
/* True if `audience` is the token's, or one of them (RFC 7519 section 4.1.3). Exactly, but for a slash at the end. */
bool jwt_is_for(const struct jwt *jwt, struct bytes audience);
/* Whether it counts at that time, two clocks being `leeway_s` apart: `exp` must be there, `nbf` and `iat` may. UNAUTHENTICATED
 * with the reason. */
STATUS_RESULT jwt_check_time(const struct jwt *jwt, int64_t now_s, int64_t leeway_s, struct err *err);

#endif
