/* SPDX-License-Identifier: MIT */
/* audit_folder.c — every file below the folder is hashed and compared; what is left over, on either side, is a fault. */
#include "cmd/cli/audit_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "store/audit/audit_export.h"
#include "wire/json/json.h"
#include "wire/tar/tar.h"

#define FOLDERS_DEEP 64

struct folder_check {
    json_t *named; /* of what was not met yet */
    size_t count;
};

static enum status fail(struct err *err, const char *path)
{
    return err_set(err, STATUS_IO, "%s cannot be read: %s", path, strerror(errno));
}

/* --- one file --- */

static enum status hash_stream(int fd, const char *path, EVP_MD_CTX *digest, struct err *err)
{
    static char piece[1 << 16];
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0 && !EVP_DigestUpdate(digest, piece, (size_t)got))
            return err_set(err, STATUS_INTERNAL, "SHA-256 failed");
    return got < 0 ? fail(err, path) : STATUS_OK;
}

static enum status hash_file(int fd, const char *path, char ret_hash[SECRET_HASH_SIZE + 1], struct err *err)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool begun = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    enum status status = begun ? hash_stream(fd, path, digest, err) : err_no_memory(err);
    if (status == STATUS_OK && !EVP_DigestFinal_ex(digest, hash, &size))
        status = err_set(err, STATUS_INTERNAL, "SHA-256 failed");
    EVP_MD_CTX_free(digest);
    for (size_t i = 0; status == STATUS_OK && i < SECRET_HASH_SIZE / 2; i++)
        (void)snprintf(ret_hash + 2 * i, 3, "%02x", hash[i]);
    return status;
}

static enum status check_file(struct folder_check *check, int fd, const char *path, struct err *err)
{
    char hash[SECRET_HASH_SIZE + 1] = "";
    const char *wanted = json_member_text(check->named, path);
    if (audit_export_is_aside(bytes_of_cstr(path)))
        return STATUS_OK;
    if (!wanted)
        return err_set(err, STATUS_DATA_LOSS, "%s is named by nothing in the receipt", path);
    enum status status = hash_file(fd, path, hash, err);
    if (status == STATUS_OK && strcmp(hash, wanted) != 0)
        status = err_set(err, STATUS_DATA_LOSS, "%s is not the file that the receipt names", path);
    if (status == STATUS_OK) {
        json_object_del(check->named, path);
        check->count++;
    }
    return status;
}

/* --- a folder --- */

static enum status walk(struct folder_check *check, int fd, const char *path, int depth, struct err *err);

/* Takes `fd`. No link is followed: what is no file and no folder is named by nothing. */
static enum status check_entry(struct folder_check *check, int fd, const char *path, int depth,
                               struct err *err)
{
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        enum status status =
            fd < 0 && errno == ELOOP
                ? err_set(err, STATUS_DATA_LOSS, "%s is a link: there are none in an export", path)
                : fail(err, path);
        if (fd >= 0)
            (void)close(fd);
        return status;
    }
    if (S_ISDIR(about.st_mode))
        return walk(check, fd, path, depth + 1, err);
    enum status status = S_ISREG(about.st_mode) ? check_file(check, fd, path, err)
                                                : err_set(err, STATUS_DATA_LOSS, "%s is no file", path);
    (void)close(fd);
    return status;
}

/* Takes `fd`. */
static enum status walk(struct folder_check *check, int fd, const char *path, int depth, struct err *err)
{
    DIR *folder = depth < FOLDERS_DEEP ? fdopendir(fd) : NULL;
    if (!folder) {
        (void)close(fd);
        return err_set(err, STATUS_IO, "%s cannot be read", path);
    }
    enum status status = STATUS_OK;
    struct dirent *entry;
    while (status == STATUS_OK && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        CLEANUP(buf_fini) struct buf below = {0};
        buf_append_fmt(&below, "%s%s%s", path, *path ? "/" : "", entry->d_name);
        buf_append_byte(&below, '\0');
        if (buf_status(&below) != STATUS_OK)
            status = err_no_memory(err);
        else
            status = check_entry(
                check, openat(dirfd(folder), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
                (const char *)below.data, depth, err);
    }
    (void)closedir(folder);
    return status;
}

/* --- all of it --- */

static enum status check_missing(const struct folder_check *check, bool emptied, struct err *err)
{
    const char *path;
    json_t *sha256;
    json_object_foreach(check->named, path, sha256)
    {
        if (!emptied && !audit_export_is_optional(bytes_of_cstr(path)))
            return err_set(err, STATUS_DATA_LOSS, "%s is missing", path);
    }
    return STATUS_OK;
}

/* The list of what the run made; nothing if there is none. */
static enum status read_list(int folder, struct buf *out, struct err *err)
{
    char piece[16384];
    ssize_t got;
    int fd = openat(folder, "files.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? STATUS_OK : fail(err, "files.json");
    out->limit = AUDIT_EXPORT_LIST_MAX;
    while ((got = read(fd, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR))
        buf_append(out, piece, got > 0 ? (size_t)got : 0);
    (void)close(fd);
    if (got < 0)
        return fail(err, "files.json");
    return out->failed ? err_set(err, STATUS_TOO_LARGE, "files.json is larger than it can be") : STATUS_OK;
}

enum status audit_folder_check(const char *folder, const json_t *receipt, bool emptied, size_t *ret_count,
                               struct err *err)
{
    CLEANUP(buf_fini) struct buf list = {0};
    struct folder_check check = {0};
    *ret_count = 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, folder);
    enum status status = read_list(fd, &list, err);
    if (status == STATUS_OK)
        status = audit_export_named(receipt, buf_peek(&list), &check.named, err);
    /* Said here, for what the lost list names would seem too much. */
    if (status == STATUS_OK && !emptied && !list.data && json_object_get(check.named, "files.json"))
        status = err_set(err, STATUS_DATA_LOSS, "files.json is missing");
    if (status != STATUS_OK) {
        (void)close(fd);
        json_decref(check.named);
        return status;
    }
    status = walk(&check, fd, "", 0, err);
    if (status == STATUS_OK)
        status = check_missing(&check, emptied, err);
    *ret_count = check.count;
    json_decref(check.named);
    return status;
}
