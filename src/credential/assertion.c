/* SPDX-License-Identifier: MIT */
/* assertion.c — parts: reading certificate and key; the two halves of a JWT; signing. Errors name OpenSSL's reason, which
 * never holds key material. */
#include "credential/assertion.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "wire/json/json.h"

#define LIFE_S    600
#define CHAIN_MAX 8 /* certificates that are shown */

struct assertion_key {
    EVP_PKEY *key;
    X509 *certificate;
    STACK_OF(X509) * others; /* up to its authority; NULL: none */
};

static const char *reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return text_or(text, "no reason given");
}

/* --- reading --- */

struct pass {
    const char *password; /* NULL: none */
};

static int give_password(char *buffer, int size, int writing, void *context)
{
    const struct pass *pass = context;
    const char *password = pass->password;
    size_t length = password ? strlen(password) : 0;
    if (length > (size_t)size)
        return -1;
    if (length)
        memcpy(buffer, password, length); /* NOLINT */
    return (int)length;
}

static void read_pem(BIO *bio, const char *password, struct assertion_key *key)
{
    struct pass pass = {password};
    key->certificate = PEM_read_bio_X509(bio, NULL, give_password, &pass);
    X509 *other;
    key->others = sk_X509_new_null();
    for (int i = 0; key->others && i < CHAIN_MAX && (other = PEM_read_bio_X509(bio, NULL, NULL, NULL)); i++)
        if (!sk_X509_push(key->others, other))
            X509_free(other);
    (void)BIO_reset(bio);
    key->key = PEM_read_bio_PrivateKey(bio, NULL, give_password, &pass);
}

static void read_pkcs12(BIO *bio, const char *password, struct assertion_key *key)
{
    PKCS12 *archive = d2i_PKCS12_bio(bio, NULL);
    if (archive)
        (void)!PKCS12_parse(archive, text_or(password, ""), &key->key, &key->certificate, &key->others);
    PKCS12_free(archive);
}

static STATUS_RESULT judge(const struct assertion_key *key, struct err *err)
{
    if (!key->certificate)
        return err_set(err, STATUS_FAILED_PRECONDITION, "the client certificate cannot be read: %s",
                       reason());
    if (!key->key)
        return err_set(err, STATUS_FAILED_PRECONDITION,
                       "the client certificate's key cannot be read: %s (a password?)", reason());
    if (EVP_PKEY_get_base_id(key->key) != EVP_PKEY_RSA)
        return err_set(err, STATUS_FAILED_PRECONDITION, "the client certificate's key is not RSA");
    if (X509_check_private_key(key->certificate, key->key) != 1)
        return err_set(err, STATUS_FAILED_PRECONDITION, "the client certificate and its key are no pair");
    return STATUS_OK;
}

enum status assertion_key_open(const char *path, const char *password, struct assertion_key **ret_key,
                               struct err *err)
{
    CLEANUP(wiped_fini) struct buf content = {0};
    enum status status = wiped_read_file(path, "the client certificate", &content, err);
    if (status != STATUS_OK)
        return status;
    struct assertion_key *key = calloc(1, sizeof *key);
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.size);
    if (!key || !bio) {
        BIO_free(bio);
        free(key);
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    }
    ERR_clear_error();
    bool pem = bytes_find(buf_peek(&content), BYTES_LITERAL("-----BEGIN ")) < content.size;
    if (pem)
        read_pem(bio, password, key);
    else
        read_pkcs12(bio, password, key);
    BIO_free(bio);
    status = judge(key, err);
    ERR_clear_error();
    if (status == STATUS_OK)
        *ret_key = key;
    else
        assertion_key_close(key);
    return status;
}

void assertion_key_close(struct assertion_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    X509_free(key->certificate);
    sk_X509_pop_free(key->others, X509_free);
    free(key);
}

/* --- the two halves --- */

static void write_certificate(struct json_writer *json, const X509 *certificate)
{
    CLEANUP(buf_fini) struct buf text = {0};
    unsigned char *der = NULL;
    int size = i2d_X509(certificate, &der);
    if (size > 0)
        base64_encode(&text, bytes_of(der, (size_t)size));
    OPENSSL_free(der);
    json_write_string(json, buf_peek(&text));
}

static void write_chain(struct json_writer *json, const struct assertion_key *key)
{
    json_write_key(json, "x5c");
    json_write_begin_array(json);
    write_certificate(json, key->certificate);
    for (int i = 0; i < sk_X509_num(key->others); i++)
        write_certificate(json, sk_X509_value(key->others, i));
    json_write_end_array(json);
}

static STATUS_RESULT make_header(const struct assertion_key *key, const struct assertion_claims *claims,
                                 struct buf *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(key->certificate, claims->classic ? EVP_sha1() : EVP_sha256(), digest, &size) != 1)
        return STATUS_INTERNAL;
    CLEANUP(buf_fini) struct buf thumbprint = {0};
    base64url_encode(&thumbprint, bytes_of(digest, size));
    struct json_writer json = {.out = out};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "alg", claims->classic ? "RS256" : "PS256");
    json_write_member_cstr(&json, "typ", "JWT");
    json_write_member_string(&json, claims->classic ? "x5t" : "x5t#S256", buf_peek(&thumbprint));
    if (claims->chain)
        write_chain(&json, key);
    json_write_end_object(&json);
    return json_write_status(&json);
}

static STATUS_RESULT make_claims(const struct assertion_claims *claims, struct buf *out)
{
    struct json_writer json = {.out = out};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "aud", claims->audience);
    json_write_member_cstr(&json, "iss", claims->client_id);
    json_write_member_cstr(&json, "sub", claims->client_id);
    json_write_member_cstr(&json, "jti", claims->id);
    json_write_member_int(&json, "iat", claims->now_s);
    json_write_member_int(&json, "nbf", claims->now_s);
    json_write_member_int(&json, "exp", claims->now_s + LIFE_S);
    json_write_end_object(&json);
    return json_write_status(&json);
}

/* --- signing --- */

/* The salt of PS256 is as long as the digest (RFC 7518 section 3.5). */
static bool begin_signing(EVP_MD_CTX *context, EVP_PKEY *key, bool classic)
{
    EVP_PKEY_CTX *parameters = NULL;
    if (EVP_DigestSignInit(context, &parameters, EVP_sha256(), NULL, key) != 1)
        return false;
    return classic || (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static STATUS_RESULT append_signature(EVP_PKEY *key, bool classic, struct buf *jwt)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 0;
    unsigned char *signature = NULL;
    bool good = context && begin_signing(context, key, classic) &&
                EVP_DigestSign(context, NULL, &size, jwt->data, jwt->size) == 1 &&
                (signature = malloc(size)) &&
                EVP_DigestSign(context, signature, &size, jwt->data, jwt->size) == 1;
    if (good) {
        buf_append_byte(jwt, '.');
        base64url_encode(jwt, bytes_of(signature, size));
    }
    free(signature);
    EVP_MD_CTX_free(context);
    return good ? buf_status(jwt) : STATUS_INTERNAL;
}

enum status assertion_make(const struct assertion_key *key, const struct assertion_claims *claims,
                           struct buf *ret_assertion, struct err *err)
{
    CLEANUP(buf_fini) struct buf header = {0};
    CLEANUP(buf_fini) struct buf body = {0};
    CLEANUP(wiped_fini) struct buf jwt = {0};
    enum status status = make_header(key, claims, &header);
    if (status == STATUS_OK)
        status = make_claims(claims, &body);
    if (status == STATUS_OK) {
        base64url_encode(&jwt, buf_peek(&header));
        buf_append_byte(&jwt, '.');
        base64url_encode(&jwt, buf_peek(&body));
        status = buf_status(&jwt);
    }
    if (status == STATUS_OK)
        status = append_signature(key->key, claims->classic, &jwt);
    if (status != STATUS_OK)
        return err_set(err, status, "the client assertion cannot be signed: %s", reason());
    buf_append_bytes(ret_assertion, buf_peek(&jwt));
    return buf_status(ret_assertion);
}
