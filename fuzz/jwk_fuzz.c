/* SPDX-License-Identifier: MIT */
/* jwk_fuzz.c — any bytes as a key that an issuer publishes, or as a certificate: what is taken can be published, and has no private
 * part then. */
#include "crypto/jose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_fini) struct buf published = {0};
    struct jose_key *key = NULL;
    struct jose_prints prints;
    struct err err = {0};
    enum status status = jose_key_read(bytes_of(data, size), &key, &err);
    if (status != STATUS_OK)
        status = jose_key_of_certificate(bytes_of(data, size), &key, &prints, &err);
    if (status != STATUS_OK)
        return 0;
    ASSERT(jose_key_publish(key, &published) == STATUS_OK);
    ASSERT(!memmem(published.data, published.size, "\"d\":", 4));
    jose_key_free(key);
    return 0;
}
