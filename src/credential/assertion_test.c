/* SPDX-License-Identifier: MIT */
/* assertion_test.c — a certificate's signature that a token service cannot verify locks an application out. The
 * key pair is the test's own; PEM and PKCS #12, with and without a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encode.h"
#include "credential/assertion.h"
#include "wire/json/json.h"

struct rsa_pair {
    char folder[64];
    char pem[96], locked[96], archive[96], other[96], elliptic[96], half[96];
    EVP_PKEY *key;
    X509 *certificate;
};

static X509 *certify(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static void write_pem(char *path, const char *folder, const char *name, X509 *certificate, EVP_PKEY *key,
                      const char *password)
{
    snprintf(path, 96, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    if (key)
        assert_int_equal(PEM_write_PrivateKey(file, key, password ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL,
                                              (char *)password),
                         1);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
}

static int open_pair(void **state)
{
    static struct rsa_pair pair;
    snprintf(pair.folder, sizeof pair.folder, "/tmp/assertion_test.XXXXXX");
    assert_non_null(mkdtemp(pair.folder));
    pair.key = EVP_RSA_gen(2048);
    pair.certificate = certify(pair.key);
    write_pem(pair.pem, pair.folder, "pem", pair.certificate, pair.key, NULL);
    write_pem(pair.locked, pair.folder, "locked", pair.certificate, pair.key, "word");
    write_pem(pair.half, pair.folder, "half", pair.certificate, NULL, NULL);

    EVP_PKEY *stranger = EVP_RSA_gen(2048);
    write_pem(pair.other, pair.folder, "other", pair.certificate, stranger, NULL);
    EVP_PKEY_free(stranger);
    EVP_PKEY *elliptic = EVP_EC_gen("P-256");
    X509 *of_elliptic = certify(elliptic);
    write_pem(pair.elliptic, pair.folder, "elliptic", of_elliptic, elliptic, NULL);
    X509_free(of_elliptic);
    EVP_PKEY_free(elliptic);

    snprintf(pair.archive, sizeof pair.archive, "%s/archive", pair.folder);
    PKCS12 *archive = PKCS12_create("word", "us", pair.key, pair.certificate, NULL, 0, 0, 0, 0, 0);
    FILE *file = fopen(pair.archive, "w");
    assert_int_equal(i2d_PKCS12_fp(file, archive), 1);
    fclose(file);
    PKCS12_free(archive);
    *state = &pair;
    return 0;
}

static int close_pair(void **state)
{
    struct rsa_pair *pair = *state;
    const char *const files[] = {pair->pem,   pair->locked,   pair->archive,
                                 pair->other, pair->elliptic, pair->half};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        unlink(files[i]);
    rmdir(pair->folder);
    EVP_PKEY_free(pair->key);
    X509_free(pair->certificate);
    return 0;
}

static void decode(struct bytes text, struct buf *out)
{
    assert_int_equal(base64url_decode(out, text), STATUS_OK);
}

static json_t *decode_json(struct bytes text)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    json_t *value = NULL;
    decode(text, &plain);
    assert_int_equal(json_parse(buf_peek(&plain), NULL, &value, NULL), STATUS_OK);
    return value;
}

static bool verifies(const struct rsa_pair *pair, struct bytes signed_part, struct bytes signature,
                     bool classic)
{
    CLEANUP(buf_fini) struct buf raw = {0};
    decode(signature, &raw);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    assert_int_equal(EVP_DigestVerifyInit(context, &parameters, EVP_sha256(), NULL, pair->key), 1);
    if (!classic) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 32), 1);
    }
    bool good = EVP_DigestVerify(context, raw.data, raw.size, signed_part.data, signed_part.size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static void check(const struct rsa_pair *pair, const char *path, const char *password, bool classic,
                  bool chain)
{
    struct assertion_key *key = NULL;
    struct err err = {0};
    if (assertion_key_open(path, password, &key, &err) != STATUS_OK)
        fail_msg("%s: %s", path, err.text);
    const struct assertion_claims claims = {.client_id = "client \"1\"",
                                            .audience = "https://a/t",
                                            .now_s = 1800000000,
                                            .id = "once",
                                            .classic = classic,
                                            .chain = chain};
    CLEANUP(buf_fini) struct buf jwt = {0};
    assert_int_equal(assertion_make(key, &claims, &jwt, &err), STATUS_OK);
    assertion_key_close(key);
    assert_true(wiped_is_token(buf_peek(&jwt)));

    struct bytes rest = buf_peek(&jwt);
    struct bytes header_text = bytes_split(&rest, '.');
    struct bytes body_text = bytes_split(&rest, '.');
    struct bytes signed_part = bytes_slice(buf_peek(&jwt), 0, header_text.size + 1 + body_text.size);
    assert_true(verifies(pair, signed_part, rest, classic));
    assert_false(verifies(pair, header_text, rest, classic));

    json_t *header = decode_json(header_text);
    json_t *body = decode_json(body_text);
    assert_string_equal(json_string_value(json_object_get(header, "alg")), classic ? "RS256" : "PS256");
    unsigned char digest[32];
    unsigned size = 0;
    X509_digest(pair->certificate, classic ? EVP_sha1() : EVP_sha256(), digest, &size);
    CLEANUP(buf_fini) struct buf thumbprint = {0};
    decode(json_bytes(json_object_get(header, classic ? "x5t" : "x5t#S256")), &thumbprint);
    assert_true(bytes_equal(buf_peek(&thumbprint), bytes_of(digest, size)));
    assert_int_equal(json_array_size(json_object_get(header, "x5c")), chain ? 1 : 0);
    assert_string_equal(json_string_value(json_object_get(body, "iss")), "client \"1\"");
    assert_string_equal(json_string_value(json_object_get(body, "sub")), "client \"1\"");
    assert_string_equal(json_string_value(json_object_get(body, "aud")), "https://a/t");
    assert_string_equal(json_string_value(json_object_get(body, "jti")), "once");
    assert_int_equal(json_integer_value(json_object_get(body, "exp")), 1800000600);
    json_decref(header);
    json_decref(body);
}

static void signed_as_the_platform_wants_it(void **state)
{
    struct rsa_pair *pair = *state;
    check(pair, pair->pem, NULL, false, false);
    check(pair, pair->pem, NULL, true, true);
    check(pair, pair->locked, "word", false, true);
    check(pair, pair->archive, "word", false, false);
}

static void files_that_are_none_are_named(void **state)
{
    struct rsa_pair *pair = *state;
    const struct {
        const char *path;
        const char *password;
        const char *said;
    } cases[] = {
        {"/nowhere/at/all", NULL, "cannot be opened"},
        {"/dev/null", NULL, "no regular file"},
        {pair->folder, NULL, "no regular file"},
        {pair->locked, NULL, "key cannot be read"},
        {pair->locked, "wrong", "key cannot be read"},
        {pair->archive, "wrong", "cannot be read"},
        {pair->half, NULL, "key cannot be read"},
        {pair->other, NULL, "no pair"},
        {pair->elliptic, NULL, "not RSA"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct assertion_key *key = NULL;
        struct err err = {0};
        assert_int_equal(assertion_key_open(cases[i].path, cases[i].password, &key, &err),
                         STATUS_FAILED_PRECONDITION);
        if (!strstr(err.text, cases[i].said))
            fail_msg("%s: %s", cases[i].path, err.text);
        assert_null(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signed_as_the_platform_wants_it),
                                       cmocka_unit_test(files_that_are_none_are_named)};
    return cmocka_run_group_tests_name("credential/assertion", tests, open_pair, close_pair);
}
