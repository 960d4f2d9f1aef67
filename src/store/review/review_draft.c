/* SPDX-License-Identifier: MIT */
/* review_draft.c — small ones stay in memory, larger ones go to `blobs/new`. */
#include "store/review/review_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/encode.h"
#include "store/review/review_blob_file.h"

void review_draft_begin(struct review_draft *draft, struct review_blobs *blobs)
{
    *draft = (struct review_draft){.blobs = blobs, .fd = -1};
}

/* What is in memory goes into a file, and all that follows. */
static enum status begin_file(struct review_draft *draft, struct err *err)
{
    char path[REVIEW_PATH_SIZE];
    draft->number = atomic_fetch_add(&draft->blobs->drafts, 1) + 1;
    review_draft_path(draft->blobs, draft->number, path);
    enum status status = review_blob_folder(draft->blobs, "new", err);
    if (status != STATUS_OK)
        return status;
    draft->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (draft->fd < 0)
        return review_blob_fault(err, "making the file");
    status = review_blob_write(draft->fd, buf_peek(&draft->small), err);
    buf_fini(&draft->small);
    return status;
}

static enum status begin_digest(struct review_draft *draft, struct err *err)
{
    draft->digest = EVP_MD_CTX_new();
    if (draft->digest && EVP_DigestInit_ex(draft->digest, EVP_sha256(), NULL))
        return STATUS_OK;
    return err_no_memory(err);
}

enum status review_draft_append(struct review_draft *draft, struct bytes bytes, struct err *err)
{
    enum status status = draft->digest ? STATUS_OK : begin_digest(draft, err);
    if (status == STATUS_OK && !EVP_DigestUpdate(draft->digest, bytes.data, bytes.size))
        status = err_set(err, STATUS_INTERNAL, "SHA-256 failed");
    if (status == STATUS_OK && draft->fd < 0 && bytes.size > REVIEW_BLOB_INLINE - draft->small.size)
        status = begin_file(draft, err);
    if (status != STATUS_OK)
        return status;

    draft->size += bytes.size;
    if (draft->fd >= 0)
        return review_blob_write(draft->fd, bytes, err);
    buf_append_bytes(&draft->small, bytes);
    return draft->small.failed ? err_no_memory(err) : STATUS_OK;
}

enum status review_draft_finish(struct review_draft *draft, struct err *err)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    enum status status = draft->digest ? STATUS_OK : begin_digest(draft, err); /* of nothing */
    if (status == STATUS_OK && !EVP_DigestFinal_ex(draft->digest, hash, &size))
        status = err_set(err, STATUS_INTERNAL, "SHA-256 failed");
    for (size_t i = 0; status == STATUS_OK && i < SECRET_HASH_SIZE / 2; i++)
        (void)snprintf(draft->sha256 + 2 * i, 3, "%02x", hash[i]);
    if (status == STATUS_OK && draft->fd >= 0 && fsync(draft->fd) != 0)
        status = review_blob_fault(err, "syncing");
    if (draft->fd >= 0)
        (void)close(draft->fd);
    draft->fd = -1;
    return status;
}

void review_draft_fini(struct review_draft *draft)
{
    char path[REVIEW_PATH_SIZE];
    EVP_MD_CTX_free(draft->digest);
    draft->digest = NULL;
    buf_fini(&draft->small);
    if (draft->number == 0)
        return;
    if (draft->fd >= 0)
        (void)close(draft->fd);
    draft->fd = -1;
    review_draft_path(draft->blobs, draft->number, path);
    (void)unlink(path);
    draft->number = 0;
}

enum status review_draft_place(const struct review_draft *draft, struct err *err)
{
    char path[REVIEW_PATH_SIZE];
    review_draft_path(draft->blobs, draft->number, path);
    return review_blob_name(draft->blobs, path, draft->sha256, err);
}
