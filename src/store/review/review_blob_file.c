/* SPDX-License-Identifier: MIT */
/* review_blob_file.c — every path of a blob is made here. */
#include "store/review/review_blob_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status review_blob_fault(struct err *err, const char *what)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "disk full: %s of a blob", what);
    return err_set(err, STATUS_IO, "%s of a blob: %s", what, strerror(errno));
}

enum status review_blob_read_fault(struct err *err, const char *what)
{
    return err_set(err, STATUS_UNAVAILABLE, "%s of a blob: %s", what, strerror(errno));
}

/* --- names --- */

void review_draft_path(const struct review_blobs *blobs, uint64_t number, char ret_path[REVIEW_PATH_SIZE])
{
    (void)snprintf(ret_path, REVIEW_PATH_SIZE, "%s/blobs/new/%016llx", blobs->folder,
                   (unsigned long long)number);
}

static void folder_path(const struct review_blobs *blobs, const char *name, char ret_path[REVIEW_PATH_SIZE])
{
    (void)snprintf(ret_path, REVIEW_PATH_SIZE, "%s/blobs/%s", blobs->folder, name);
}

static void blob_path(const struct review_blobs *blobs, const char *sha256, char ret_path[REVIEW_PATH_SIZE])
{
    (void)snprintf(ret_path, REVIEW_PATH_SIZE, "%s/blobs/%.2s/%s", blobs->folder, sha256, sha256);
}

/* --- writing --- */

static enum status sync_folder(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return review_blob_fault(err, "opening the folder");
    enum status status = fsync(fd) == 0 ? STATUS_OK : review_blob_fault(err, "syncing the folder");
    (void)close(fd);
    return status;
}

/* The folder `path`; synced into `parent` when it is new. */
static enum status make_folder(const char *path, const char *parent, struct err *err)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? STATUS_OK : review_blob_fault(err, "making the folder");
    return sync_folder(parent, err);
}

enum status review_blob_folder(const struct review_blobs *blobs, const char *name, struct err *err)
{
    char root[REVIEW_PATH_SIZE], folder[REVIEW_PATH_SIZE];
    (void)snprintf(root, sizeof root, "%s/blobs", blobs->folder);
    folder_path(blobs, name, folder);
    enum status status = make_folder(root, blobs->folder, err);
    if (status != STATUS_OK)
        return status;
    return make_folder(folder, root, err);
}

enum status review_blob_write(int fd, struct bytes content, struct err *err)
{
    for (size_t done = 0; done < content.size;) {
        ssize_t written = write(fd, content.data + done, content.size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return review_blob_fault(err, "writing");
        done += (size_t)written;
    }
    return STATUS_OK;
}

/* A second name, so that the draft's own stays for a transaction that is done again. What has the name already has the same
 * bytes, for only whole ones get one. Where a file can have one name only, it changes it; done again, it is found there. */
static enum status name_file(const char *draft, const char *path, struct err *err)
{
    if (link(draft, path) == 0 || errno == EEXIST)
        return STATUS_OK;
    bool one_name_only = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK;
    if (one_name_only && rename(draft, path) == 0)
        return STATUS_OK;
    bool there = errno == ENOENT && access(path, F_OK) == 0;
    return there ? STATUS_OK : review_blob_fault(err, "naming");
}

enum status review_blob_name(const struct review_blobs *blobs, const char *from, const char *sha256,
                             struct err *err)
{
    char folder_name[3], folder[REVIEW_PATH_SIZE], path[REVIEW_PATH_SIZE];
    (void)snprintf(folder_name, sizeof folder_name, "%.2s", sha256);
    folder_path(blobs, folder_name, folder);
    blob_path(blobs, sha256, path);
    enum status status = review_blob_folder(blobs, folder_name, err);
    if (status == STATUS_OK)
        status = name_file(from, path, err);
    if (status != STATUS_OK)
        return status;
    return sync_folder(folder, err);
}

/* --- reading --- */

enum status review_blob_file_open(const struct review_blobs *blobs, const char *sha256, size_t size,
                                  int *ret_fd, struct err *err)
{
    char path[REVIEW_PATH_SIZE];
    struct stat facts;
    blob_path(blobs, sha256, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? err_set(err, STATUS_NOT_FOUND, "a blob's file is gone")
                               : review_blob_read_fault(err, "opening");
    if (fstat(fd, &facts) == 0 && facts.st_size >= 0 && (size_t)facts.st_size == size) {
        *ret_fd = fd;
        return STATUS_OK;
    }
    (void)close(fd);
    return err_set(err, STATUS_NOT_FOUND, "a blob's file is not what it was");
}

bool review_blob_file_there(const struct review_blobs *blobs, const char *sha256)
{
    char path[REVIEW_PATH_SIZE];
    blob_path(blobs, sha256, path);
    return access(path, F_OK) == 0;
}

/* --- what nobody names --- */

static enum status keep_none(void *context, const char *name, bool *ret_keep, struct err *err)
{
    *ret_keep = false;
    return STATUS_OK;
}

static enum status walk(const char *path,
                        enum status (*keep)(void *context, const char *name, bool *ret_keep, struct err *err),
                        void *context, struct err *err)
{
    DIR *folder = opendir(path);
    if (!folder)
        return STATUS_OK;
    enum status status = STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(folder));) {
        bool kept = entry->d_name[0] == '.';
        if (!kept)
            status = keep(context, entry->d_name, &kept, err);
        if (status == STATUS_OK && !kept)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    (void)closedir(folder);
    return status;
}

void review_blob_forget_drafts(const struct review_blobs *blobs)
{
    char path[REVIEW_PATH_SIZE];
    struct err err = {0};
    folder_path(blobs, "new", path);
    (void)walk(path, keep_none, NULL, &err);
}

enum status review_blob_walk(const struct review_blobs *blobs, unsigned number,
                             enum status (*keep)(void *context, const char *name, bool *ret_keep,
                                                 struct err *err),
                             void *context, struct err *err)
{
    char name[3], path[REVIEW_PATH_SIZE];
    (void)snprintf(name, sizeof name, "%02x", number & 0xff);
    folder_path(blobs, name, path);
    return walk(path, keep, context, err);
}
