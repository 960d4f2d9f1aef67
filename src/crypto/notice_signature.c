/* SPDX-License-Identifier: MIT */
/* notice_signature.c — the signed text is put together, then OpenSSL's one call. */
#include "crypto/notice_signature.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/encode.h"
#include "os/clock.h"

#define SECRET_BYTES 32 /* of a new one */
#define SHA256_SIZE  32

static const struct bytes prefix = BYTES_LITERAL(NOTICE_SECRET_PREFIX);

static void put_base64(const uint8_t *data, size_t size, char *ret_text, size_t capacity)
{
    CLEANUP(buf_fini) struct buf text = {0};
    base64_encode(&text, bytes_of(data, size));
    (void)snprintf(ret_text, capacity, "%.*s", BYTES_FMT(buf_peek(&text)));
    if (text.data)
        OPENSSL_cleanse(text.data, text.size);
}

void notice_secret_make(char ret_secret[NOTICE_SECRET_TEXT_SIZE])
{
    uint8_t random[SECRET_BYTES];
    entropy_fill(random, sizeof random);
    (void)snprintf(ret_secret, NOTICE_SECRET_TEXT_SIZE, "%s", NOTICE_SECRET_PREFIX);
    put_base64(random, sizeof random, ret_secret + prefix.size, NOTICE_SECRET_TEXT_SIZE - prefix.size);
    OPENSSL_cleanse(random, sizeof random);
}

static enum status read_secret(struct bytes secret, struct buf *ret_key, struct err *err)
{
    bool named = secret.size < NOTICE_SECRET_TEXT_SIZE && bytes_starts_with(secret, prefix);
    enum status status =
        named ? base64_decode(ret_key, bytes_slice(secret, prefix.size, SIZE_MAX)) : STATUS_MALFORMED;
    if (status == STATUS_OK && buf_status(ret_key) != STATUS_OK)
        return err_no_memory(err);
    bool fits = ret_key->size >= NOTICE_SECRET_SIZE_MIN && ret_key->size <= NOTICE_SECRET_SIZE_MAX;
    if (status != STATUS_OK || !fits)
        return err_set(err, STATUS_MALFORMED,
                       "a secret is \"" NOTICE_SECRET_PREFIX "\" and base64 of " DIGITS_OF(
                           NOTICE_SECRET_SIZE_MIN) " to " DIGITS_OF(NOTICE_SECRET_SIZE_MAX) " bytes");
    return STATUS_OK;
}

static void wipe(struct buf *key)
{
    if (key->data)
        OPENSSL_cleanse(key->data, key->size);
    buf_fini(key);
}

bool notice_secret_is_sound(struct bytes secret)
{
    CLEANUP(wipe) struct buf key = {0};
    return read_secret(secret, &key, NULL) == STATUS_OK;
}

enum status notice_sign(struct bytes secret, struct bytes id, int64_t unix_s, struct bytes body,
                        char ret_signature[NOTICE_SIGNATURE_SIZE], struct err *err)
{
    CLEANUP(wipe) struct buf key = {0};
    CLEANUP(buf_fini) struct buf text = {.limit = SIZE_MAX};
    uint8_t mac[SHA256_SIZE];
    enum status status = read_secret(secret, &key, err);
    if (status != STATUS_OK)
        return status;
    buf_append_fmt(&text, "%.*s.%" PRId64 ".", BYTES_FMT(id), unix_s);
    buf_append_bytes(&text, body);
    if (buf_status(&text) != STATUS_OK)
        return err_no_memory(err);
    if (!HMAC(EVP_sha256(), key.data, (int)key.size, text.data, text.size, mac, NULL))
        return err_set(err, STATUS_INTERNAL, "OpenSSL could not sign");
    (void)snprintf(ret_signature, NOTICE_SIGNATURE_SIZE, "v1,");
    put_base64(mac, sizeof mac, ret_signature + 3, NOTICE_SIGNATURE_SIZE - 3);
    return STATUS_OK;
}

enum status notice_sign_twice(struct bytes secret, struct bytes old_secret, struct bytes id, int64_t unix_s,
                              struct bytes body, char ret_signatures[NOTICE_SIGNATURES_SIZE], struct err *err)
{
    char first[NOTICE_SIGNATURE_SIZE], second[NOTICE_SIGNATURE_SIZE] = "";
    enum status status = notice_sign(secret, id, unix_s, body, first, err);
    if (status == STATUS_OK && old_secret.size > 0)
        status = notice_sign(old_secret, id, unix_s, body, second, err);
    if (status == STATUS_OK)
        (void)snprintf(ret_signatures, NOTICE_SIGNATURES_SIZE, "%s%s%s", first, second[0] ? " " : "", second);
    return status;
}
