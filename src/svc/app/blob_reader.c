/* SPDX-License-Identifier: MIT */
/* blob_reader.c — pread and SHA-256. */
#include "svc/app/blob_reader.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "svc/app/limit_values.h"

enum status blob_reader_begin(struct blob_reader *reader, struct err *err)
{
    bool whole = reader->from == 0 && reader->until == reader->blob.size;
    EVP_MD_CTX_free(reader->digest);
    reader->digest = whole ? EVP_MD_CTX_new() : NULL;
    if (whole && !(reader->digest && EVP_DigestInit_ex(reader->digest, EVP_sha256(), NULL)))
        return err_no_memory(err);
    return STATUS_OK;
}

static enum status check(struct blob_reader *reader, struct err *err)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    char text[SECRET_HASH_SIZE + 1] = "";
    unsigned size = 0;
    if (!EVP_DigestFinal_ex(reader->digest, hash, &size))
        return err_set(err, STATUS_INTERNAL, "SHA-256 failed");
    for (size_t i = 0; i < SECRET_HASH_SIZE / 2; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
    if (strcmp(text, reader->sha256) == 0)
        return STATUS_OK;
    return err_set(err, STATUS_NOT_FOUND, "the bytes are not what they were");
}

enum status blob_reader_next(struct blob_reader *reader, struct err *err)
{
    size_t size = MIN(reader->until - reader->from, APP_FILE_PIECE_SIZE);
    buf_clear(&reader->piece);
    enum status status = review_blob_read(&reader->blob, reader->from, size, &reader->piece, err);
    if (status != STATUS_OK)
        return status;
    reader->from += reader->piece.size;
    if (!reader->digest)
        return STATUS_OK;
    if (!EVP_DigestUpdate(reader->digest, reader->piece.data, reader->piece.size))
        return err_set(err, STATUS_INTERNAL, "SHA-256 failed");
    return blob_reader_at_end(reader) ? check(reader, err) : STATUS_OK;
}

bool blob_reader_at_end(const struct blob_reader *reader)
{
    return reader->from == reader->until;
}

void blob_reader_fini(struct blob_reader *reader)
{
    EVP_MD_CTX_free(reader->digest);
    reader->digest = NULL;
    review_blob_close(&reader->blob);
    buf_fini(&reader->piece);
}
