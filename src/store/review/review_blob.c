/* SPDX-License-Identifier: MIT */
/* review_blob.c — bytes by their hash, each once: small ones in the database, large ones as files.
 * ORDER: a file is written, synced, renamed, and its folder synced, before the transaction that names it commits; so a name
 * never stands for bytes that are not there. A file whose transaction failed is overwritten by the next of the same bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/review/review_store_internal.h"

#define PATH_ROOM (PATH_MAX + 128)

static size_t at(const struct review_book *book, enum review_statement statement)
{
    return book->store->first + statement;
}

static enum status fail(struct err *err, const char *what)
{
    enum status status = errno == ENOSPC || errno == EDQUOT ? STATUS_RESOURCE_EXHAUSTED : STATUS_IO;
    return err_set(err, status, "%s of a blob: %s", what, strerror(errno));
}

static enum status sync_folder(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, "opening the folder");
    bool synced = fsync(fd) == 0;
    (void)close(fd);
    return synced ? STATUS_OK : fail(err, "syncing the folder");
}

/* The folder `path`; synced into `parent` when it is new. */
static enum status make_folder(const char *path, const char *parent, struct err *err)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? STATUS_OK : fail(err, "making the folder");
    return sync_folder(parent, err);
}

static enum status write_synced(const char *path, struct bytes content, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, "making the file");
    enum status status = STATUS_OK;
    for (size_t done = 0; status == STATUS_OK && done < content.size;) {
        ssize_t written = write(fd, content.data + done, content.size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            status = fail(err, "writing");
        else
            done += (size_t)written;
    }
    if (status == STATUS_OK && fsync(fd) != 0)
        status = fail(err, "syncing");
    (void)close(fd);
    return status;
}

static enum status put_file(struct review_book *book, const char *sha256, struct bytes content,
                            struct err *err)
{
    char root[PATH_ROOM], folder[PATH_ROOM], path[PATH_ROOM], draft[PATH_ROOM];
    (void)snprintf(root, sizeof root, "%s/blobs", book->store->folder);
    (void)snprintf(folder, sizeof folder, "%s/blobs/%.2s", book->store->folder, sha256);
    (void)snprintf(path, sizeof path, "%s/blobs/%.2s/%s", book->store->folder, sha256, sha256);
    (void)snprintf(draft, sizeof draft, "%s/blobs/%.2s/%s.new", book->store->folder, sha256, sha256);
    enum status status = make_folder(root, book->store->folder, err);
    if (status == STATUS_OK)
        status = make_folder(folder, root, err);
    if (status == STATUS_OK)
        status = write_synced(draft, content, err);
    if (status == STATUS_OK && rename(draft, path) != 0)
        status = fail(err, "renaming");
    return status == STATUS_OK ? sync_folder(folder, err) : status;
}

static enum status read_file(struct review_book *book, const char *sha256, struct buf *out, struct err *err)
{
    char path[PATH_ROOM], part[16 << 10];
    (void)snprintf(path, sizeof path, "%s/blobs/%.2s/%s", book->store->folder, sha256, sha256);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? err_set(err, STATUS_NOT_FOUND, "a blob's file is gone")
                               : fail(err, "opening");
    ssize_t got;
    while ((got = read(fd, part, sizeof part)) > 0 || (got < 0 && errno == EINTR))
        buf_append(out, part, got > 0 ? (size_t)got : 0);
    enum status status = got < 0 ? fail(err, "reading") : STATUS_OK;
    (void)close(fd);
    if (status == STATUS_OK && buf_status(out) != STATUS_OK)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    return status;
}

/* True if the database has it. */
static enum status known(struct review_book *book, const char *sha256, bool *ret_known, struct err *err)
{
    db_bind_bytes(book->db, at(book, BLOB_GET), 1, bytes_of_cstr(sha256));
    enum status status = db_next(book->db, at(book, BLOB_GET), ret_known, err);
    db_done(book->db, at(book, BLOB_GET));
    return status;
}

enum status review_blob_put(struct review_book *book, int64_t row, struct bytes content,
                            char ret_sha256[SECRET_HASH_SIZE + 1], struct err *err)
{
    secret_hash(content, ret_sha256);
    struct bytes name = bytes_of_cstr(ret_sha256);
    bool there = false, large = content.size > REVIEW_BLOB_INLINE;
    enum status status = known(book, ret_sha256, &there, err);
    if (status == STATUS_OK && !there && large)
        status = put_file(book, ret_sha256, content, err);
    if (status == STATUS_OK && !there) {
        db_bind_bytes(book->db, at(book, BLOB_PUT), 1, name);
        db_bind_i64(book->db, at(book, BLOB_PUT), 2, (int64_t)content.size);
        if (large)
            db_bind_null(book->db, at(book, BLOB_PUT), 3);
        else
            db_bind_bytes(book->db, at(book, BLOB_PUT), 3, content.data ? content : BYTES_LITERAL(""));
        status = db_run(book->db, at(book, BLOB_PUT), err);
    }
    if (status != STATUS_OK)
        return status;
    db_bind_i64(book->db, at(book, BLOB_USE), 1, row);
    db_bind_bytes(book->db, at(book, BLOB_USE), 2, name);
    return db_run(book->db, at(book, BLOB_USE), err);
}

enum status review_book_blob(struct review_book *book, const char *sha256, struct buf *out, struct err *err)
{
    bool there = false;
    db_bind_bytes(book->db, at(book, BLOB_GET), 1, bytes_of_cstr(sha256));
    enum status status = db_next(book->db, at(book, BLOB_GET), &there, err);
    if (status != STATUS_OK || !there)
        return status == STATUS_OK ? err_set(err, STATUS_NOT_FOUND, "no such blob") : status;
    bool large = db_column_null(book->db, at(book, BLOB_GET), 1);
    if (!large)
        buf_append_bytes(out, db_column_bytes(book->db, at(book, BLOB_GET), 1));
    db_done(book->db, at(book, BLOB_GET));
    if (large)
        return read_file(book, sha256, out, err);
    return buf_status(out) == STATUS_OK ? STATUS_OK : err_set(err, STATUS_NO_MEMORY, "out of memory");
}
