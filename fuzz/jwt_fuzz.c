/* SPDX-License-Identifier: MIT */
/* jwt_fuzz.c — any text as a token: what is taken apart is whole, and nothing of it is ever believed by a key that did not sign. */
#include "crypto/jose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct jose_key *some_key(void)
{
    static struct jose_key *key;
    CLEANUP(buf_fini) struct buf jwk = {0};
    struct err err = {0};
    if (!key)
        ASSERT(jose_key_make("one", &jwk, &err) == STATUS_OK &&
               jose_key_read(buf_peek(&jwk), &key, &err) == STATUS_OK);
    return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(jwt_fini) struct jwt jwt = {0};
    struct err err = {0};
    int64_t seconds = 0;
    if (jwt_parse(bytes_of(data, size), &jwt, &err) != STATUS_OK)
        return 0;
    ASSERT(json_is_object(jwt.header) && json_is_object(jwt.claims));
    ASSERT(jwt_header_text(&jwt, "alg").data && size <= JWT_SIZE_MAX);
    (void)jwt_is_for(&jwt, BYTES_LITERAL("a"));
    if (jwt_check_time(&jwt, 100, 0, &err) == STATUS_OK)
        ASSERT(jwt_seconds(&jwt, "exp", &seconds) && seconds > 100);
    ASSERT(jose_verify(some_key(), &jwt, &err) == STATUS_UNAUTHENTICATED);
    return 0;
}
