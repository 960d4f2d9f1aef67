/* SPDX-License-Identifier: MIT */
/* jose_test.c — if one fails: a forged token counts, or a good one does not. */
#include "crypto/jose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/encode.h"

static struct jose_key *make_key(const char *id)
{
    CLEANUP(buf_fini) struct buf jwk = {0};
    struct jose_key *key = NULL;
    struct err err = {0};
    assert_int_equal(jose_key_make(id, &jwk, &err), STATUS_OK);
    assert_int_equal(jose_key_read(buf_peek(&jwk), &key, &err), STATUS_OK);
    return key;
}

static enum status verify(const struct jose_key *key, struct bytes token)
{
    CLEANUP(jwt_fini) struct jwt jwt = {0};
    struct err err = {0};
    enum status status = jwt_parse(token, &jwt, &err);
    if (status != STATUS_OK)
        return status;
    return jose_verify(key, &jwt, &err);
}

static void what_was_signed_is_believed_and_nothing_else(void **state)
{
    CLEANUP(buf_fini) struct buf token = {0};
    struct err err = {0};
    struct jose_key *key = make_key("one"), *other = make_key("two");
    assert_string_equal(jose_key_id(key), "one");
    assert_int_equal(jose_sign(key, BYTES_LITERAL("{\"sub\":\"s\"}"), &token, &err), STATUS_OK);
    assert_int_equal(verify(key, buf_peek(&token)), STATUS_OK);
    assert_int_equal(verify(other, buf_peek(&token)), STATUS_UNAUTHENTICATED);
    for (size_t i = 0; i < token.size; i++) {
        uint8_t was = token.data[i];
        token.data[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(key, buf_peek(&token)), STATUS_OK);
        token.data[i] = was;
    }
    jose_key_free(key);
    jose_key_free(other);
}

/* RFC 8725 section 2.1: a token that says "none", or that a public key is the secret of an HMAC. */
static void the_token_does_not_choose_its_algorithm(void **state)
{
    struct jose_key *key = make_key("one");
    CLEANUP(buf_fini) struct buf public = {0};
    assert_int_equal(jose_key_publish(key, &public), STATUS_OK);
    assert_null(memmem(public.data, public.size, "\"d\"", 3));
    static const char *const headers[] = {"{\"alg\":\"none\"}",  "{\"alg\":\"None\"}",  "{\"alg\":\"HS256\"}",
                                          "{\"alg\":\"RS256\"}", "{\"alg\":\"ES384\"}", "{\"alg\":\"\"}"};
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        CLEANUP(buf_fini) struct buf token = {0};
        base64url_encode(&token, bytes_of_cstr(headers[i]));
        buf_append_cstr(&token, ".e30");
        uint8_t mac[32];
        unsigned size = sizeof mac;
        assert_non_null(
            HMAC(EVP_sha256(), public.data, (int)public.size, token.data, token.size, mac, &size));
        buf_append_byte(&token, '.');
        if (i >= 2)
            base64url_encode(&token, bytes_of(mac, size));
        assert_int_equal(verify(key, buf_peek(&token)), STATUS_UNAUTHENTICATED);
    }
    jose_key_free(key);
}

static void a_public_key_checks_and_cannot_sign(void **state)
{
    struct jose_key *key = make_key("one"), *published = NULL;
    CLEANUP(buf_fini) struct buf public = {0};
    CLEANUP(buf_fini) struct buf token = {0};
    CLEANUP(buf_fini) struct buf forged = {0};
    struct err err = {0};
    assert_int_equal(jose_key_publish(key, &public), STATUS_OK);
    assert_int_equal(jose_key_read(buf_peek(&public), &published, &err), STATUS_OK);
    assert_int_equal(jose_sign(key, BYTES_LITERAL("{}"), &token, &err), STATUS_OK);
    assert_int_equal(verify(published, buf_peek(&token)), STATUS_OK);
    if (jose_sign(published, BYTES_LITERAL("{}"), &forged, &err) == STATUS_OK)
        assert_int_not_equal(verify(key, buf_peek(&forged)), STATUS_OK);
    jose_key_free(key);
    jose_key_free(published);
}

static void weak_and_symmetric_keys_are_none(void **state)
{
    static const char *const keys[] = {"",
                                       "{}",
                                       "[]",
                                       "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
                                       "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"A=A\",\"y\":\"AA\"}",
                                       "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
                                       "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}"};
    struct err err = {0};
    struct jose_key *key = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (jose_key_read(bytes_of_cstr(keys[i]), &key, &err) != STATUS_MALFORMED)
            fail_msg("%s", keys[i]);
}

static void make_certificate(EVP_PKEY *key, struct buf *out)
{
    X509 *certificate = X509_new();
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    BIO *memory = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(memory, certificate), 1);
    char *text = NULL;
    long size = BIO_get_mem_data(memory, &text);
    buf_append(out, text, (size_t)size);
    BIO_free(memory);
    X509_free(certificate);
}

static void sign_rs256(EVP_PKEY *key, struct buf *token)
{
    base64url_encode(token, BYTES_LITERAL("{\"alg\":\"RS256\"}"));
    buf_append_cstr(token, ".e30");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t signature[512];
    size_t size = sizeof signature;
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &size, token->data, token->size), 1);
    EVP_MD_CTX_free(context);
    buf_append_byte(token, '.');
    base64url_encode(token, bytes_of(signature, size));
}

static void a_certificate_gives_its_key(void **state)
{
    EVP_PKEY *pairs[] = {EVP_RSA_gen(2048), EVP_EC_gen("P-256"), EVP_RSA_gen(1024), EVP_EC_gen("P-384")};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        CLEANUP(buf_fini) struct buf pem = {0};
        struct jose_prints prints = {.sha1 = ""};
        struct jose_key *key = NULL;
        struct err err = {0};
        make_certificate(pairs[i], &pem);
        enum status status = jose_key_of_certificate(buf_peek(&pem), &key, &prints, &err);
        assert_int_equal(status, i < 2 ? STATUS_OK : STATUS_MALFORMED);
        if (i == 0) {
            CLEANUP(buf_fini) struct buf token = {0};
            sign_rs256(pairs[i], &token);
            assert_int_equal(verify(key, buf_peek(&token)), STATUS_OK);
            token.data[token.size - 20] ^= 1;
            assert_int_not_equal(verify(key, buf_peek(&token)), STATUS_OK);
            assert_int_equal(strlen(prints.sha1), 27);
            assert_int_equal(strlen(prints.sha256), 43);
            assert_int_equal(strlen(prints.hex), 64);
        }
        jose_key_free(key);
        EVP_PKEY_free(pairs[i]);
    }
    struct jose_key *key = NULL;
    struct err err = {0};
    assert_int_equal(jose_key_of_certificate(BYTES_LITERAL("-----BEGIN"), &key, NULL, &err),
                     STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_believed_and_nothing_else),
        cmocka_unit_test(the_token_does_not_choose_its_algorithm),
        cmocka_unit_test(a_public_key_checks_and_cannot_sign),
        cmocka_unit_test(weak_and_symmetric_keys_are_none),
        cmocka_unit_test(a_certificate_gives_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
