/* SPDX-License-Identifier: MIT */
/* jose.c — cjose's objects, each freed on the way out; and a certificate's key by way of a JWK. */
#include "crypto/jose.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/cjose.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encode.h"
#include "base/no_memory.h"
#include "base/text.h"
#include "wire/json/json.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* a check costs with the size */
#define P256_SIZE    32   /* bytes of a coordinate */
#define JWK_SIZE_MAX ((size_t)16 << 10)

struct jose_key {
    cjose_jwk_t *jwk;
    char *id;
    bool elliptic;
};

/* cjose's own allocations are malloc's. */
static void free_text(char **text)
{
    free(*text);
}

static void release_jws(cjose_jws_t **jws)
{
    if (*jws)
        cjose_jws_release(*jws);
}

static void release_header(cjose_header_t **header)
{
    if (*header)
        cjose_header_release(*header);
}

static enum status refused(struct err *err, const char *doing, const cjose_err *cause)
{
    return err_set(err, cause->code == CJOSE_ERR_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_INTERNAL, "%s: %s",
                   doing, text_or(cause->message, "refused"));
}

/* --- keys --- */

enum status jose_key_make(const char *key_id, struct buf *ret_jwk, struct err *err)
{
    cjose_err cause = {0};
    cjose_jwk_t *jwk = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &cause);
    if (!jwk)
        return refused(err, "making a key", &cause);
    CLEANUP(free_text) char *text = NULL;
    if (cjose_jwk_set_kid(jwk, key_id, strlen(key_id), &cause))
        text = cjose_jwk_to_json(jwk, true, &cause);
    (void)cjose_jwk_release(jwk);
    if (!text)
        return refused(err, "making a key", &cause);
    buf_append_cstr(ret_jwk, text);
    explicit_bzero(text, strlen(text));
    if (buf_status(ret_jwk) != STATUS_OK)
        return err_no_memory(err);
    return STATUS_OK;
}

static bool is_taken(const cjose_jwk_t *jwk)
{
    cjose_err cause = {0};
    cjose_jwk_kty_t type = cjose_jwk_get_kty(jwk, &cause);
    size_t bits = cjose_jwk_get_keysize(jwk, &cause);
    if (type == CJOSE_JWK_KTY_EC)
        return cjose_jwk_EC_get_curve(jwk, &cause) == CJOSE_JWK_EC_P_256;
    return type == CJOSE_JWK_KTY_RSA && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

/* cjose ends the process over a number that is not base64 as it expects it, so it is shown only what was looked at; and no
 * member that it need not know. */
static bool copy_member(const json_t *from, const char *name, bool number, json_t *to)
{
    struct bytes text = json_member_bytes(from, name);
    CLEANUP(buf_fini) struct buf decoded = {.limit = JWK_SIZE_MAX};
    if (!json_object_get(from, name))
        return true;
    if (!text.data || text.size == 0 || memchr(text.data, '\0', text.size))
        return false;
    if (number && (base64url_decode(&decoded, text) != STATUS_OK || decoded.size == 0))
        return false;
    return json_object_set_new(to, name, json_stringn((const char *)text.data, text.size)) == 0;
}

/* The key as cjose may read it; NULL: it is none. */
static char *sound_jwk(struct bytes jwk)
{
    static const struct json_limits limits = {.size_max = JWK_SIZE_MAX, .depth_max = 8, .values_max = 256};
    static const struct {
        const char *name;
        bool number;
    } members[] = {{"kty", false}, {"crv", false}, {"kid", false}, {"n", true}, {"e", true},
                   {"x", true},    {"y", true},    {"d", true},    {"p", true}, {"q", true},
                   {"dp", true},   {"dq", true},   {"qi", true}};
    CLEANUP(json_release) json_t *given = NULL;
    CLEANUP(json_release) json_t *taken = json_object();
    struct err ignored;
    if (!taken || json_parse(jwk, &limits, &given, &ignored) != STATUS_OK || !json_is_object(given))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (!copy_member(given, members[i].name, members[i].number, taken))
            return NULL;
    return json_dumps(taken, JSON_COMPACT);
}

enum status jose_key_read(struct bytes jwk, struct jose_key **ret_key, struct err *err)
{
    cjose_err cause = {0};
    struct jose_key *key = calloc(1, sizeof *key);
    if (!key)
        return err_no_memory(err);
    CLEANUP(free_text) char *sound = sound_jwk(jwk);
    if (sound) {
        key->jwk = cjose_jwk_import(sound, strlen(sound), &cause);
        explicit_bzero(sound, strlen(sound));
    }
    if (!key->jwk || !is_taken(key->jwk)) {
        jose_key_free(key);
        return err_set(err, STATUS_MALFORMED, "this is no key for RS256 or ES256");
    }
    const char *id = cjose_jwk_get_kid(key->jwk, &cause);
    key->id = strdup(text_or(id, ""));
    key->elliptic = cjose_jwk_get_kty(key->jwk, &cause) == CJOSE_JWK_KTY_EC;
    if (!key->id) {
        jose_key_free(key);
        return err_no_memory(err);
    }
    *ret_key = key;
    return STATUS_OK;
}

void jose_key_free(struct jose_key *key)
{
    if (!key)
        return;
    if (key->jwk)
        (void)cjose_jwk_release(key->jwk);
    free(key->id);
    free(key);
}

const char *jose_key_id(const struct jose_key *key)
{
    return key->id;
}

enum status jose_key_publish(const struct jose_key *key, struct buf *out)
{
    cjose_err cause = {0};
    CLEANUP(free_text) char *text = cjose_jwk_to_json(key->jwk, false, &cause);
    size_t size = text ? strlen(text) : 0;
    if (size < 2)
        return STATUS_NO_MEMORY;
    buf_append(out, text, size - 1); /* up to its brace */
    buf_append_fmt(out, ",\"use\":\"sig\",\"alg\":\"%s\"}", key->elliptic ? "ES256" : "RS256");
    return buf_status(out);
}

/* --- the key of a certificate --- */

static void append_number(struct buf *out, const char *name, const BIGNUM *number, size_t size)
{
    uint8_t bytes[RSA_BITS_MAX / 8];
    if (!number || size > sizeof bytes || BN_bn2binpad(number, bytes, (int)size) < 0) {
        out->failed = true;
        return;
    }
    buf_append_fmt(out, ",\"%s\":\"", name);
    base64url_encode(out, bytes_of(bytes, size));
    buf_append_cstr(out, "\"");
}

static bool append_numbers(EVP_PKEY *key, const char *const parameters[2], const char *const names[2],
                           size_t size, struct buf *out)
{
    for (size_t i = 0; i < 2; i++) {
        BIGNUM *number = NULL;
        if (EVP_PKEY_get_bn_param(key, parameters[i], &number) != 1)
            return false;
        append_number(out, names[i], number, size ? size : (size_t)BN_num_bytes(number));
        BN_free(number);
    }
    return true;
}

static bool write_jwk(EVP_PKEY *key, struct buf *out)
{
    static const char *const rsa[2] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E};
    static const char *const rsa_names[2] = {"n", "e"};
    static const char *const point[2] = {OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y};
    static const char *const point_names[2] = {"x", "y"};
    if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) <= RSA_BITS_MAX) {
        buf_append_cstr(out, "{\"kty\":\"RSA\"");
        if (!append_numbers(key, rsa, rsa_names, 0, out))
            return false;
    } else if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == 8 * P256_SIZE) {
        buf_append_cstr(out, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
        if (!append_numbers(key, point, point_names, P256_SIZE, out))
            return false;
    } else {
        return false;
    }
    buf_append_byte(out, '}');
    return buf_status(out) == STATUS_OK;
}

static bool write_prints(const X509 *certificate, struct jose_prints *prints)
{
    uint8_t sha1[EVP_MAX_MD_SIZE], sha256[EVP_MAX_MD_SIZE];
    unsigned sha1_size = 0, sha256_size = 0;
    struct tm end = {0};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
        return false;
    prints->end_s = timegm(&end);
    if (X509_digest(certificate, EVP_sha1(), sha1, &sha1_size) != 1 ||
        X509_digest(certificate, EVP_sha256(), sha256, &sha256_size) != 1)
        return false;
    CLEANUP(buf_fini) struct buf text = {0};
    base64url_encode(&text, bytes_of(sha1, sha1_size));
    buf_append_byte(&text, '\0');
    size_t second = text.size;
    base64url_encode(&text, bytes_of(sha256, sha256_size));
    buf_append_byte(&text, '\0');
    if (buf_status(&text) != STATUS_OK || second > sizeof prints->sha1 ||
        text.size - second > sizeof prints->sha256)
        return false;
    memcpy(prints->sha1, text.data, second);
    memcpy(prints->sha256, text.data + second, text.size - second);
    for (size_t i = 0; i < sha256_size; i++) {
        prints->hex[2 * i] = "0123456789abcdef"[sha256[i] >> 4];
        prints->hex[2 * i + 1] = "0123456789abcdef"[sha256[i] & 15];
    }
    prints->hex[2 * sha256_size] = '\0';
    return true;
}

enum status jose_key_of_certificate(struct bytes pem, struct jose_key **ret_key,
                                    struct jose_prints *ret_prints, struct err *err)
{
    CLEANUP(buf_fini) struct buf jwk = {0};
    BIO *memory = pem.size > 0 && pem.size <= JWK_SIZE_MAX ? BIO_new_mem_buf(pem.data, (int)pem.size) : NULL;
    X509 *certificate = memory ? PEM_read_bio_X509(memory, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
    bool read = key && write_jwk(key, &jwk) && (!ret_prints || write_prints(certificate, ret_prints));
    X509_free(certificate);
    BIO_free(memory);
    if (!read)
        return err_set(err, STATUS_MALFORMED, "this is no PEM certificate with a key for RS256 or ES256");
    return jose_key_read(buf_peek(&jwk), ret_key, err);
}

/* --- signatures --- */

enum status jose_sign(const struct jose_key *key, struct bytes claims, struct buf *out, struct err *err)
{
    cjose_err cause = {0};
    const char *text = NULL;
    CLEANUP(release_jws) cjose_jws_t *jws = NULL;
    CLEANUP(release_header) cjose_header_t *header = cjose_header_new(&cause);
    bool set = header && cjose_header_set(header, CJOSE_HDR_ALG, key->elliptic ? "ES256" : "RS256", &cause) &&
               cjose_header_set(header, "typ", "JWT", &cause) &&
               cjose_header_set(header, CJOSE_HDR_KID, key->id, &cause);
    if (set)
        jws = cjose_jws_sign(key->jwk, header, claims.data, claims.size, &cause);
    if (!jws || !cjose_jws_export(jws, &text, &cause))
        return refused(err, "signing a token", &cause);
    buf_append_cstr(out, text);
    if (buf_status(out) != STATUS_OK)
        return err_no_memory(err);
    return STATUS_OK;
}

static bool fits(const struct jose_key *key, struct bytes algorithm)
{
    if (key->elliptic)
        return bytes_equal_cstr(algorithm, "ES256");
    return bytes_equal_cstr(algorithm, "RS256") || bytes_equal_cstr(algorithm, "PS256");
}

enum status jose_verify(const struct jose_key *key, const struct jwt *jwt, struct err *err)
{
    cjose_err cause = {0};
    if (!fits(key, jwt_header_text(jwt, "alg")))
        return err_set(err, STATUS_UNAUTHENTICATED, "the token is not signed with an algorithm of its key");
    CLEANUP(release_jws)
    cjose_jws_t *jws = cjose_jws_import((const char *)jwt->text.data, jwt->text.size, &cause);
    if (!jws || !cjose_jws_verify(jws, key->jwk, &cause))
        return err_set(err, STATUS_UNAUTHENTICATED, "the token's signature is not that of its issuer");
    return STATUS_OK;
}
