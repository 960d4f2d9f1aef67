/* SPDX-License-Identifier: MIT */
/* seal.c — OpenSSL's keys and one-shot signatures. */
#include "crypto/seal.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "crypto/secret.h"

#define PUBLIC_SIZE 32 /* bytes of a public key, RFC 8032 section 5.1.5 */

struct seal_key {
    EVP_PKEY *pkey;
    bool private_half;
    char id[SEAL_KEY_ID_SIZE + 1];
};

/* --- PEM --- */

static enum status append_memory(BIO *memory, struct buf *out)
{
    char *text;
    long size = BIO_get_mem_data(memory, &text);
    buf_append(out, text, size > 0 ? (size_t)size : 0);
    return buf_status(out);
}

enum status seal_key_make(struct buf *ret_pem, struct err *err)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    BIO *memory = BIO_new(BIO_s_mem());
    bool written = pkey && memory && PEM_write_bio_PrivateKey(memory, pkey, NULL, NULL, 0, NULL, NULL) == 1;
    enum status status = STATUS_INTERNAL;
    if (written)
        status = append_memory(memory, ret_pem);
    BIO_free(memory);
    EVP_PKEY_free(pkey);
    if (status != STATUS_OK)
        return err_set(err, status, "a key for signatures could not be made");
    return STATUS_OK;
}

/* No pass phrase: a key that asks for one is refused. */
static int no_pass_phrase(char *text, int size, int writing, void *context)
{
    (void)text, (void)size, (void)writing, (void)context;
    return -1;
}

static EVP_PKEY *read_either_half(struct bytes pem, bool *ret_private_half)
{
    *ret_private_half = true;
    BIO *memory = BIO_new_mem_buf(pem.data, (int)pem.size);
    EVP_PKEY *pkey = memory ? PEM_read_bio_PrivateKey(memory, NULL, no_pass_phrase, NULL) : NULL;
    BIO_free(memory);
    if (pkey)
        return pkey;

    *ret_private_half = false;
    memory = BIO_new_mem_buf(pem.data, (int)pem.size);
    pkey = memory ? PEM_read_bio_PUBKEY(memory, NULL, no_pass_phrase, NULL) : NULL;
    BIO_free(memory);
    return pkey;
}

static bool name_key(struct seal_key *key)
{
    uint8_t public_half[PUBLIC_SIZE];
    size_t size = sizeof public_half;
    if (EVP_PKEY_get_raw_public_key(key->pkey, public_half, &size) != 1)
        return false;
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(bytes_of(public_half, size), hash);
    memcpy(key->id, hash, SEAL_KEY_ID_SIZE);
    return true;
}

enum status seal_key_read(struct bytes pem, struct seal_key **ret_key, struct err *err)
{
    if (pem.size > INT_MAX)
        return err_set(err, STATUS_MALFORMED, "this is no PEM text of a key");
    struct seal_key *key = calloc(1, sizeof *key);
    if (!key)
        return err_no_memory(err);

    key->pkey = read_either_half(pem, &key->private_half);
    bool usable = key->pkey && EVP_PKEY_is_a(key->pkey, "ED25519") == 1 && name_key(key);
    if (!usable) {
        seal_key_free(key);
        return err_set(err, STATUS_MALFORMED, "this is no PEM text of an Ed25519 key without pass phrase");
    }
    *ret_key = key;
    return STATUS_OK;
}

void seal_key_free(struct seal_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

const char *seal_key_id(const struct seal_key *key)
{
    return key->id;
}

enum status seal_key_publish(const struct seal_key *key, struct buf *out, struct err *err)
{
    BIO *memory = BIO_new(BIO_s_mem());
    enum status status = STATUS_INTERNAL;
    if (memory && PEM_write_bio_PUBKEY(memory, key->pkey) == 1)
        status = append_memory(memory, out);
    BIO_free(memory);
    if (status != STATUS_OK)
        return err_set(err, status, "the public key could not be written");
    return STATUS_OK;
}

/* --- signatures --- */

enum status seal_sign(const struct seal_key *key, struct bytes text, uint8_t ret_seal[SEAL_SIZE],
                      struct err *err)
{
    if (!key->private_half)
        return err_set(err, STATUS_FAILED_PRECONDITION, "a public key cannot sign");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = SEAL_SIZE;
    bool signed_it = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                     EVP_DigestSign(context, ret_seal, &size, text.data, text.size) == 1 && size == SEAL_SIZE;
    EVP_MD_CTX_free(context);
    if (!signed_it)
        return err_set(err, STATUS_INTERNAL, "the signature could not be made");
    return STATUS_OK;
}

bool seal_holds(const struct seal_key *key, struct bytes text, struct bytes seal)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool holds = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                 EVP_DigestVerify(context, seal.data, seal.size, text.data, text.size) == 1;
    EVP_MD_CTX_free(context);
    return holds;
}
