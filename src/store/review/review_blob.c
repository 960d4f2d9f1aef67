/* SPDX-License-Identifier: MIT */
/* review_blob.c — bytes by their hash, each once: small ones in the database, large ones as files.
 * ORDER: a file is written, synced, named by its hash, and its folder synced, before the transaction that names it commits; so a
 * name never stands for bytes that are not there. A file whose transaction failed is named by nobody, and swept.
 * How often a blob is used is counted by triggers (review_tables.c). */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/encode.h"
#include "store/review/review_store_internal.h"
#include "wire/json/json.h"

/* --- writing --- */

/* True if the database has it. */
static enum status known(struct review_book *book, const char *sha256, bool *ret_known, struct err *err)
{
    size_t statement = review_at(book, BLOB_KNOWN);
    sqlite_bind_bytes(book->db, statement, 1, bytes_of_cstr(sha256));
    enum status status = sqlite_next(book->db, statement, ret_known, err);
    sqlite_done(book->db, statement);
    return status;
}

static enum status put_row(struct review_book *book, const struct review_draft *draft, struct err *err)
{
    size_t put = review_at(book, BLOB_PUT);
    sqlite_bind_bytes(book->db, put, 1, bytes_of_cstr(draft->sha256));
    sqlite_bind_i64(book->db, put, 2, (int64_t)draft->size);
    if (draft->number)
        sqlite_bind_null(book->db, put, 3);
    else
        sqlite_bind_bytes(book->db, put, 3, draft->small.data ? buf_peek(&draft->small) : BYTES_LITERAL(""));
    return sqlite_run(book->db, put, err);
}

enum status review_blob_use(struct review_book *book, int64_t row, const char *sha256, struct err *err)
{
    size_t statement = review_at(book, BLOB_USE);
    sqlite_bind_i64(book->db, statement, 1, row);
    sqlite_bind_bytes(book->db, statement, 2, bytes_of_cstr(sha256));
    return sqlite_run(book->db, statement, err);
}

enum status review_blob_take(struct review_book *book, int64_t row, const struct review_draft *draft,
                             struct err *err)
{
    bool there = false;
    enum status status = known(book, draft->sha256, &there, err);
    /* Also of what is known: a file that somebody removed is there again. */
    bool wanted = draft->number && !(there && review_blob_file_there(&book->store->blobs, draft->sha256));
    if (status == STATUS_OK && wanted)
        status = review_draft_place(draft, err);
    if (status == STATUS_OK && !there)
        status = put_row(book, draft, err);
    if (status != STATUS_OK)
        return status;
    return review_blob_use(book, row, draft->sha256, err);
}

enum status review_blob_put(struct review_book *book, int64_t row, struct bytes content,
                            char ret_sha256[SECRET_HASH_SIZE + 1], struct err *err)
{
    CLEANUP(review_draft_fini) struct review_draft draft;
    review_draft_begin(&draft, &book->store->blobs);
    enum status status = review_draft_append(&draft, content, err);
    if (status == STATUS_OK)
        status = review_draft_finish(&draft, err);
    if (status == STATUS_OK)
        status = review_blob_take(book, row, &draft, err);
    if (status == STATUS_OK)
        memcpy(ret_sha256, draft.sha256, sizeof draft.sha256);
    return status;
}

/* --- reading --- */

enum status review_book_blob_open(struct review_book *book, const char *sha256, struct review_blob *ret_blob,
                                  struct err *err)
{
    size_t get = review_at(book, BLOB_GET);
    bool there = false;
    *ret_blob = (struct review_blob){.fd = -1};
    sqlite_bind_bytes(book->db, get, 1, bytes_of_cstr(sha256));
    enum status status = sqlite_next(book->db, get, &there, err);
    if (status != STATUS_OK || !there)
        return status == STATUS_OK ? err_set(err, STATUS_NOT_FOUND, "no such blob") : status;
    ret_blob->size = (size_t)sqlite_column_i64(book->db, get, 0);
    bool large = sqlite_column_null(book->db, get, 1);
    if (!large)
        buf_append_bytes(&ret_blob->small, sqlite_column_bytes(book->db, get, 1));
    sqlite_done(book->db, get);
    if (large)
        return review_blob_file_open(&book->store->blobs, sha256, ret_blob->size, &ret_blob->fd, err);
    return buf_status(&ret_blob->small) == STATUS_OK ? STATUS_OK : err_no_memory(err);
}

enum status review_blob_read(const struct review_blob *blob, size_t from, size_t size, struct buf *out,
                             struct err *err)
{
    size_t wanted = from < blob->size ? MIN(size, blob->size - from) : 0;
    if (blob->fd < 0) {
        buf_append_bytes(out, bytes_slice(buf_peek(&blob->small), from, wanted));
        return buf_status(out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
    }
    if (buf_reserve(out, wanted) != STATUS_OK)
        return err_no_memory(err);
    for (size_t done = 0; done < wanted;) {
        ssize_t got = pread(blob->fd, out->data + out->size, wanted - done, (off_t)(from + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? err_set(err, STATUS_NOT_FOUND, "a blob's file is not what it was")
                            : review_blob_read_fault(err, "reading");
        out->size += (size_t)got;
        done += (size_t)got;
    }
    return STATUS_OK;
}

void review_blob_close(struct review_blob *blob)
{
    buf_fini(&blob->small);
    if (blob->fd >= 0)
        (void)close(blob->fd);
    blob->fd = -1;
}

enum status review_book_blob(struct review_book *book, const char *sha256, struct buf *out, struct err *err)
{
    char hash[SECRET_HASH_SIZE + 1];
    struct review_blob blob;
    size_t before = out->size;
    enum status status = review_book_blob_open(book, sha256, &blob, err);
    if (status == STATUS_OK)
        status = review_blob_read(&blob, 0, blob.size, out, err);
    review_blob_close(&blob);
    if (status != STATUS_OK)
        return status;
    secret_hash(bytes_slice(buf_peek(out), before, SIZE_MAX), hash);
    return strcmp(hash, sha256) == 0
               ? STATUS_OK
               : err_set(err, STATUS_NOT_FOUND, "a blob's bytes are not what they were");
}

enum status review_blob_json(struct review_book *book, const char *sha256, json_t **ret_value,
                             struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    enum status status = review_book_blob(book, sha256, &text, err);
    if (status != STATUS_OK)
        return status;
    if (json_parse(buf_peek(&text), NULL, ret_value, err) == STATUS_OK)
        return STATUS_OK;
    return err_set(err, STATUS_DATA_LOSS, "what was kept as JSON cannot be read");
}

enum status review_book_blob_of(struct review_book *book, const json_t *request, const char *sha256,
                                struct buf *out, struct err *err)
{
    if (review_is_emptied(request))
        return err_set(err, STATUS_NOT_FOUND, "it is not kept any more");
    return review_book_blob(book, sha256, out, err);
}

/* --- sweeping --- */

enum status review_book_sweep(struct review_book *book, size_t *ret_count, struct err *err)
{
    enum status status = sqlite_run(book->db, review_at(book, BLOB_SWEEP), err);
    *ret_count = status == STATUS_OK ? (size_t)sqlite_changes(book->db) : 0;
    return status;
}

static enum status keep_known(void *context, const char *name, bool *ret_keep, struct err *err)
{
    return known(context, name, ret_keep, err);
}

enum status review_book_sweep_files(struct review_book *book, unsigned number, struct err *err)
{
    return review_blob_walk(&book->store->blobs, number, keep_known, book, err);
}
