/* SPDX-License-Identifier: MIT */
/* certificate.c — a certificate is filled in field by field (RFC 5280 section 4.1), extensions as a table. */
#include "net/certificate.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"

#define DAY_S       86400
#define EARLY_S     3600 /* clocks of clients may be behind ours */
#define SERIAL_SIZE 16   /* bytes; RFC 5280 section 4.1.2.2 permits 20 */

struct extension {
    int nid;
    const char *value; /* x509v3_config(5) */
};

static const struct extension authority_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};

static const struct extension server_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

static enum status refused(const char *what, struct err *err)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return err_set(err, STATUS_INTERNAL, "%s: %s", what, text_or(reason, "no reason given"));
}

void certificate_pair_fini(struct certificate_pair *pair)
{
    if (pair->key.data)
        OPENSSL_cleanse(pair->key.data, pair->key.size);
    buf_fini(&pair->certificate);
    buf_fini(&pair->key);
}

/* --- filling in --- */

static bool set_serial(X509 *certificate)
{
    uint8_t bytes[SERIAL_SIZE];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always of the same size */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return set;
}

static bool set_times(X509 *certificate, int64_t now_s, int64_t days)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(now_s - EARLY_S)) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(now_s + days * DAY_S));
}

static bool set_name(X509 *certificate, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const uint8_t *)"Sallyport", -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1, 0);
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *extensions, size_t count)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, &context, extensions[i].nid, extensions[i].value);
        bool added = extension && X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        if (!added)
            return false;
    }
    return true;
}

/* An address is compared by its bytes, a name by its letters (RFC 5280 section 4.2.1.6). NULL: no memory. */
static GENERAL_NAME *general_name(const char *name)
{
    GENERAL_NAME *general = GENERAL_NAME_new();
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    ERR_clear_error();
    if (general && address) {
        GENERAL_NAME_set0_value(general, GEN_IPADD, address);
        return general;
    }
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (general && text && ASN1_STRING_set(text, name, -1)) {
        GENERAL_NAME_set0_value(general, GEN_DNS, text);
        return general;
    }
    ASN1_IA5STRING_free(text);
    ASN1_OCTET_STRING_free(address);
    GENERAL_NAME_free(general);
    return NULL;
}

static bool add_names(X509 *certificate, const char *const *names, size_t count)
{
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    bool added = all != NULL;
    for (size_t i = 0; added && i < count; i++) {
        GENERAL_NAME *name = general_name(names[i]);
        added = name && sk_GENERAL_NAME_push(all, name) > 0;
        if (!added)
            GENERAL_NAME_free(name);
    }
    added = added && X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, 0) == 1;
    GENERAL_NAMES_free(all);
    return added;
}

/* --- PEM --- */

static bool append_bio(BIO *bio, struct buf *out)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    if (size <= 0)
        return false;
    buf_append(out, data, (size_t)size);
    OPENSSL_cleanse(data, (size_t)size);
    return buf_status(out) == STATUS_OK;
}

static bool write_pair(X509 *certificate, EVP_PKEY *key, struct certificate_pair *ret_pair)
{
    BIO *texts[] = {BIO_new(BIO_s_mem()), BIO_new(BIO_s_secmem())};
    struct certificate_pair pair = {0};
    bool written = texts[0] && texts[1] && PEM_write_bio_X509(texts[0], certificate) == 1 &&
                   PEM_write_bio_PKCS8PrivateKey(texts[1], key, NULL, NULL, 0, NULL, NULL) == 1 &&
                   append_bio(texts[0], &pair.certificate) && append_bio(texts[1], &pair.key);
    BIO_free(texts[0]);
    BIO_free(texts[1]);
    if (written)
        *ret_pair = pair;
    else
        certificate_pair_fini(&pair);
    return written;
}

static X509 *read_certificate(struct bytes pem)
{
    BIO *bio = pem.size <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.size) : NULL;
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

static int no_pass_phrase(char *ret_text, int size, int writing, void *context)
{
    return -1;
}

static EVP_PKEY *read_key(struct bytes pem)
{
    BIO *bio = pem.size <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.size) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

/* --- making --- */

enum status certificate_make_authority(const char *name, int64_t now_s, struct certificate_pair *ret_pair,
                                       struct err *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool made =
        key && certificate && X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
        set_times(certificate, now_s, CERTIFICATE_AUTHORITY_DAYS) && set_name(certificate, name) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) &&
        X509_set_pubkey(certificate, key) &&
        add_extensions(certificate, certificate, authority_extensions, ARRAY_SIZE(authority_extensions)) &&
        X509_sign(certificate, key, EVP_sha256()) && write_pair(certificate, key, ret_pair);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!made)
        return refused("making a certificate authority", err);
    return STATUS_OK;
}

static bool make_server(X509 *issuer, EVP_PKEY *issuer_key, const char *const *names, size_t count,
                        int64_t now_s, struct certificate_pair *ret_pair)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool made = key && certificate && X509_set_version(certificate, X509_VERSION_3) &&
                set_serial(certificate) && set_times(certificate, now_s, CERTIFICATE_SERVER_DAYS) &&
                set_name(certificate, names[0]) &&
                X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) &&
                X509_set_pubkey(certificate, key) &&
                add_extensions(certificate, issuer, server_extensions, ARRAY_SIZE(server_extensions)) &&
                add_names(certificate, names, count) && X509_sign(certificate, issuer_key, EVP_sha256()) &&
                write_pair(certificate, key, ret_pair);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

enum status certificate_make_server(const struct certificate_pair *authority, const char *const *names,
                                    size_t count, int64_t now_s, struct certificate_pair *ret_pair,
                                    struct err *err)
{
    ASSERT(count > 0);
    X509 *issuer = read_certificate(buf_peek(&authority->certificate));
    EVP_PKEY *issuer_key = read_key(buf_peek(&authority->key));
    enum status status = STATUS_OK;
    if (!issuer || !issuer_key || X509_check_private_key(issuer, issuer_key) != 1)
        status = err_set(err, STATUS_MALFORMED,
                         "the authority's certificate and key cannot be read, or are not a pair");
    else if (!make_server(issuer, issuer_key, names, count, now_s, ret_pair))
        status = refused("making a server certificate", err);
    ERR_clear_error();
    X509_free(issuer);
    EVP_PKEY_free(issuer_key);
    return status;
}

/* --- looking at --- */

enum status certificate_end(struct bytes pem, int64_t *ret_end_s)
{
    X509 *certificate = read_certificate(pem);
    struct tm end = {0};
    bool known = certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1;
    X509_free(certificate);
    if (!known)
        return STATUS_MALFORMED;
    *ret_end_s = (int64_t)timegm(&end);
    return STATUS_OK;
}

/* For all names of one label below a domain: for any of them. */
static bool covers_name(X509 *certificate, const char *name)
{
    char any[256];
    if (name[0] == '*') {
        snprintf(any, sizeof any, "any%s", name + 1);
        name = any;
    }
    return X509_check_ip_asc(certificate, name, 0) == 1 ||
           X509_check_host(certificate, name, strlen(name), 0, NULL) == 1;
}

bool certificate_covers(struct bytes pem, const char *const *names, size_t count)
{
    X509 *certificate = read_certificate(pem);
    bool covers = certificate != NULL;
    for (size_t i = 0; covers && i < count; i++)
        covers = covers_name(certificate, names[i]);
    X509_free(certificate);
    ERR_clear_error();
    return covers;
}

bool certificate_is_of(struct bytes pem, struct bytes authority)
{
    X509 *certificate = read_certificate(pem);
    X509 *issuer = read_certificate(authority);
    bool is = certificate && issuer && X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
    X509_free(certificate);
    X509_free(issuer);
    ERR_clear_error();
    return is;
}
