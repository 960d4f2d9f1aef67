/* SPDX-License-Identifier: MIT */
/* head_file.c — three files, each made with the mode that it keeps. ORDER: the key is synced before anything is signed
 * with it. */
#include "store/audit/head_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE_MAX 4096

struct audit_head_file {
    int folder; /* descriptors; -1: not open */
    int heads;
    const char *shown;
    struct seal_key *key;
    struct buf public_key;
};

static enum status fail(const struct audit_head_file *file, struct err *err, const char *what,
                        const char *name)
{
    return err_set(err, STATUS_IO, "%s/%s: %s: %s", file->shown, name, what, strerror(errno));
}

/* --- the key --- */

static enum status read_whole(const struct audit_head_file *file, const char *name, struct buf *out,
                              struct err *err)
{
    int descriptor = openat(file->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : fail(file, err, "cannot be opened", name);
    char text[KEY_SIZE_MAX];
    ssize_t size = read(descriptor, text, sizeof text);
    enum status status = size < 0 ? fail(file, err, "cannot be read", name) : STATUS_OK;
    close(descriptor);
    if (status != STATUS_OK)
        return status;
    buf_append(out, text, (size_t)size);
    return buf_status(out);
}

static bool write_all(int descriptor, struct bytes text)
{
    while (text.size > 0) {
        ssize_t written = write(descriptor, text.data, text.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text = bytes_slice(text, (size_t)written, SIZE_MAX);
    }
    return true;
}

/* Written beside, synced, and put in its place, so that no half of it is ever read. */
static enum status write_whole(const struct audit_head_file *file, const char *name, struct bytes text,
                               mode_t mode, struct err *err)
{
    char beside[64];
    (void)snprintf(beside, sizeof beside, "%s.new", name);
    (void)unlinkat(file->folder, beside, 0);
    int descriptor = openat(file->folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (descriptor < 0)
        return fail(file, err, "cannot be made", name);
    /* ORDER: the text is on disk before it has the name, and the name before anybody goes on. After a power cut
     * there is the old file or the new one. */
    bool written = write_all(descriptor, text) && fsync(descriptor) == 0;
    written = close(descriptor) == 0 && written;
    if (!written || renameat(file->folder, beside, file->folder, name) != 0 || fsync(file->folder) != 0)
        return fail(file, err, "cannot be written", name);
    return STATUS_OK;
}

static enum status make_key(const struct audit_head_file *file, struct buf *ret_pem, struct err *err)
{
    enum status status = seal_key_make(ret_pem, err);
    if (status == STATUS_OK)
        status = write_whole(file, AUDIT_KEY, buf_peek(ret_pem), 0600, err);
    return status;
}

static enum status take_key(struct audit_head_file *file, bool may_make, struct err *err)
{
    CLEANUP(buf_fini) struct buf pem = {0};
    enum status status = read_whole(file, AUDIT_KEY, &pem, err);
    if (status == STATUS_NOT_FOUND && !may_make)
        return err_set(
            err, STATUS_DATA_LOSS,
            "%s/%s is gone, and the audit log has entries that it signed; put it back from a backup",
            file->shown, AUDIT_KEY);
    if (status == STATUS_NOT_FOUND)
        status = make_key(file, &pem, err);
    if (status != STATUS_OK)
        return status;

    status = seal_key_read(buf_peek(&pem), &file->key, err);
    explicit_bzero(pem.data, pem.size);
    if (status != STATUS_OK) {
        (void)err_wrap(err, "%s/%s", file->shown, AUDIT_KEY);
        return STATUS_DATA_LOSS;
    }
    return seal_key_publish(file->key, &file->public_key, err);
}

/* The public half is for people to copy; it is written anew if it is not the key's. */
static enum status keep_public_key(const struct audit_head_file *file, struct err *err)
{
    CLEANUP(buf_fini) struct buf there = {0};
    enum status status = read_whole(file, AUDIT_PUBLIC_KEY, &there, err);
    if (status == STATUS_OK && bytes_equal(buf_peek(&there), buf_peek(&file->public_key)))
        return STATUS_OK;
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    return write_whole(file, AUDIT_PUBLIC_KEY, buf_peek(&file->public_key), 0644, err);
}

/* --- open, append, close --- */

enum status audit_head_file_open(const char *folder, const char *shown, bool may_make,
                                 struct audit_head_file **ret_file, struct err *err)
{
    struct audit_head_file *file = calloc(1, sizeof *file);
    if (!file)
        return err_no_memory(err);
    file->shown = shown;
    file->heads = -1;
    file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    enum status status = STATUS_OK;
    if (file->folder < 0)
        status = fail(file, err, "the folder cannot be opened", "");
    if (status == STATUS_OK)
        status = take_key(file, may_make, err);
    if (status == STATUS_OK)
        status = keep_public_key(file, err);
    if (status == STATUS_OK) {
        int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
        file->heads = openat(file->folder, AUDIT_HEADS, flags, 0600);
        if (file->heads < 0)
            status = fail(file, err, "cannot be opened", AUDIT_HEADS);
    }
    if (status != STATUS_OK) {
        audit_head_file_close(file);
        return status;
    }
    file->shown = NULL; /* the caller's, for messages of the start */
    *ret_file = file;
    return STATUS_OK;
}

void audit_head_file_close(struct audit_head_file *file)
{
    if (!file)
        return;
    if (file->heads >= 0)
        close(file->heads);
    if (file->folder >= 0)
        close(file->folder);
    seal_key_free(file->key);
    buf_fini(&file->public_key);
    free(file);
}

const struct seal_key *audit_head_file_key(const struct audit_head_file *file)
{
    return file->key;
}

struct bytes audit_head_file_public_key(const struct audit_head_file *file)
{
    return buf_peek(&file->public_key);
}

enum status audit_head_file_append(struct audit_head_file *file, const struct audit_chain *chain,
                                   int64_t at_ns, struct err *err)
{
    CLEANUP(buf_fini) struct buf line = {0};
    enum status status = audit_head_write(chain, at_ns, file->key, &line, err);
    if (status != STATUS_OK)
        return status;
    buf_append_byte(&line, '\n');
    if (buf_status(&line) != STATUS_OK)
        return err_no_memory(err);
    if (!write_all(file->heads, buf_peek(&line)) || fdatasync(file->heads) != 0)
        return err_set(err, STATUS_IO, "%s cannot be written: %s", AUDIT_HEADS, strerror(errno));
    return STATUS_OK;
}
