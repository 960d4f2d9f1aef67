/* SPDX-License-Identifier: MIT */
/* state_dir.c — mkdir, realpath, rename. */
#include "cmd/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define HANDLES "/proc/self/fd/"

/* Makes every missing folder of `path`, which is changed and restored on the way. */
static enum status make_folders(char *path, struct err *err)
{
    for (char *at = path + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        int failed = mkdir(path, 0700) != 0 && errno != EEXIST;
        int reason = errno;
        *at = kept;
        if (failed)
            return err_set(err, STATUS_IO,
                           "cannot make the data folder %s: %s (choose another with --data DIR)", path,
                           strerror(reason));
        if (kept == '\0')
            return STATUS_OK;
    }
}

/* The home folder of the user's entry in passwd; "" if there is none. */
static void home_of_user(char *ret_home, size_t size)
{
    char memory[4096];
    struct passwd entry, *found = NULL;
    *ret_home = '\0';
    if (getpwuid_r(geteuid(), &entry, memory, sizeof memory, &found) == 0 && found && *found->pw_dir == '/')
        snprintf(ret_home, size, "%s", found->pw_dir);
}

bool state_path_of_user(const char *rest, struct buf *out)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char own[PATH_MAX];
    if (!home || *home != '/') {
        home_of_user(own, sizeof own);
        home = own;
    }

    if (state && *state == '/')
        buf_append_fmt(out, "%s/%s", state, rest);
    else if (*home == '/')
        buf_append_fmt(out, "%s/.local/state/%s", home, rest);
    else
        return false;
    buf_append_byte(out, '\0');
    return buf_status(out) == STATUS_OK;
}

/* The service manager's folder for this service is meant for nothing else, so it comes first; it may name
 * several, separated by colons. */
static enum status default_path(struct buf *path, struct err *err)
{
    const char *service = getenv("STATE_DIRECTORY");
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char own[PATH_MAX];
    if (service && *service == '/') {
        struct bytes all = bytes_of_cstr(service);
        buf_append_bytes(path, bytes_split(&all, ':'));
        return STATUS_OK;
    }
    if (state && *state == '/') {
        buf_append_fmt(path, "%s/sallyport", state);
        return STATUS_OK;
    }
    if (!home || *home != '/') {
        home_of_user(own, sizeof own);
        home = own;
    }
    if (*home != '/' || strcmp(home, "/") == 0 || strcmp(home, "/nonexistent") == 0)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "there is no home folder to keep state in: name one with --data DIR");
    buf_append_fmt(path, "%s/.local/state/sallyport", home);
    return STATUS_OK;
}

/* Whoever may write in the folder may put another database in the place of ours, so such a folder is no store
 * of decisions. A group that may write is somebody's choice (volumes of containers are made so), but it is
 * said. */
static enum status check_owner(const char *path, struct err *err)
{
    struct stat facts;
    if (stat(path, &facts) != 0)
        return err_set(err, STATUS_IO, "cannot use the data folder %s: %s", path, strerror(errno));

    unsigned mode = facts.st_mode & 07777;
    if (mode & S_IWOTH)
        return err_set(err, STATUS_FAILED_PRECONDITION,
                       "everybody may write in the data folder %s (mode %04o): chmod 700 %s, or choose "
                       "another with --data DIR",
                       path, mode, path);

    bool trusted = facts.st_uid == geteuid() || facts.st_uid == 0 || geteuid() == 0;
    if (!trusted)
        return err_set(
            err, STATUS_FAILED_PRECONDITION,
            "the data folder %s belongs to another user (number %u): choose another with --data DIR", path,
            (unsigned)facts.st_uid);

    bool handed_over = mode & S_ISGID && facts.st_gid == 0; /* by state_dir_hand_over */
    if (mode & S_IWGRP && !handed_over)
        log_warn("cmd", "a group may write in the data folder path=\"%s\" mode=%04o", path, mode);
    return STATUS_OK;
}

static enum status refuse_file(const char *path, struct err *err)
{
    struct stat facts;
    if (stat(path, &facts) != 0 || S_ISDIR(facts.st_mode))
        return STATUS_OK;
    return err_set(err, STATUS_INVALID_ARGUMENT,
                   "data: %s is a file, but must be a folder (choose another with --data DIR)", path);
}

enum status state_dir_open(const char *given, char **ret_path, struct err *err)
{
    CLEANUP(buf_fini) struct buf path = {0};
    enum status status = STATUS_OK;
    if (given && *given)
        buf_append_cstr(&path, given);
    else
        status = default_path(&path, err);
    if (status != STATUS_OK)
        return status;
    buf_append_byte(&path, '\0');
    if (buf_status(&path) != STATUS_OK)
        return err_no_memory(err);
    status = refuse_file((const char *)path.data, err);
    if (status == STATUS_OK)
        status = make_folders((char *)path.data, err);
    if (status != STATUS_OK)
        return status;
    char *real = realpath((char *)path.data, NULL);
    if (!real || access(real, R_OK | W_OK | X_OK) != 0) {
        status = err_set(err, STATUS_IO, "cannot use the data folder %s: %s (choose another with --data DIR)",
                         (char *)path.data, strerror(errno));
        free(real);
        return status;
    }
    status = check_owner(real, err);
    if (status != STATUS_OK) {
        free(real);
        return status;
    }
    *ret_path = real;
    return STATUS_OK;
}

enum status folder_handle_open(const char *folder, struct folder_handle *ret_handle, struct err *err)
{
    struct folder_handle handle = {.fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (handle.fd < 0)
        return err_set(err, STATUS_IO, "cannot open the folder %s: %s", folder, strerror(errno));
    snprintf(handle.path, sizeof handle.path, HANDLES "%d", handle.fd);
    *ret_handle = handle;
    return STATUS_OK;
}

void folder_path_shown(const char *path, char *ret_text, size_t size)
{
    char handle[sizeof HANDLES + 12], folder[PATH_MAX];
    size_t start = strlen(HANDLES);
    size_t length = strncmp(path, HANDLES, start) == 0 ? start + strcspn(path + start, "/") : 0;
    ssize_t real = -1;
    if (length > 0 && length < sizeof handle) {
        snprintf(handle, sizeof handle, "%.*s", (int)length, path);
        real = readlink(handle, folder, sizeof folder);
    }
    if (real > 0)
        snprintf(ret_text, size, "%.*s%s", (int)real, folder, path + length);
    else
        snprintf(ret_text, size, "%s", path);
}

void folder_handle_close(struct folder_handle *handle)
{
    if (handle->fd >= 0)
        (void)close(handle->fd);
    *handle = FOLDER_HANDLE_NONE;
}

static enum status write_whole(int fd, struct bytes text)
{
    while (text.size) {
        ssize_t n = write(fd, text.data, text.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return STATUS_IO;
        text = bytes_slice(text, (size_t)n, text.size);
    }
    return fsync(fd) == 0 ? STATUS_OK : STATUS_IO;
}

enum status file_replace(const char *path, struct bytes text, struct err *err)
{
    CLEANUP(buf_fini) struct buf temporary = {0};
    buf_append_fmt(&temporary, "%s.%d", path, (int)getpid());
    buf_append_byte(&temporary, '\0');
    if (buf_status(&temporary) != STATUS_OK)
        return err_no_memory(err);
    const char *name = (const char *)temporary.data;
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum status status = fd >= 0 ? write_whole(fd, text) : STATUS_IO;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (status == STATUS_OK && rename(name, path) != 0) {
        status = STATUS_IO;
        reason = errno;
    }
    if (status != STATUS_OK) {
        char shown[sizeof err->text];
        folder_path_shown(path, shown, sizeof shown);
        unlink(name);
        return err_set(err, status, "cannot write %s: %s", shown, strerror(reason));
    }
    return STATUS_OK;
}

/* --- from root to a user of the server's own --- */

#define FOLDER_MODE 02770 /* what is made in it later has its group */
#define FILE_MODE   0660

/* A file of one of the stores: the database itself, its log, its lock. */
static bool is_of_a_store(const char *name)
{
    static const char *const stores[] = {"scheduler.db", "directory.db", "audit.db", "control.db"};
    for (size_t i = 0; i < ARRAY_SIZE(stores); i++)
        if (strncmp(name, stores[i], strlen(stores[i])) == 0)
            return true;
    return false;
}

/* Its key and its heads, which stay closed to the group. */
static bool is_beside_the_audit_log(const char *name)
{
    static const char start[] = "audit-";
    return strncmp(name, start, sizeof start - 1) == 0;
}

/* `before`: whose the folder was: root's, or that of the user that the server was the last time. `mode` 0 leaves the
 * file's own. */
static void give_file(int folder, const char *name, mode_t mode, uid_t before, uid_t uid)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat facts;
    if (fd < 0)
        return;
    bool ours = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink == 1 &&
                (facts.st_uid == 0 || facts.st_uid == before || facts.st_uid == uid);
    /* ORDER: a file of somebody else cannot be opened to the group by us. */
    if (ours && ((mode && fchmod(fd, mode) != 0) || fchown(fd, uid, 0) != 0))
        log_warn("cmd", "a file of the data folder could not be given to the server's user name=\"%s\"",
                 name);
    close(fd);
}

/* A folder in it, its files and `depth` storeys of folders; their modes stay.
 * ORDER: a folder comes behind what it holds, so a folder of folders that is the user's already was handed over whole, and is
 * not walked again: the blobs of years would be. */
static void give_folder(int parent, const char *name, int depth, uid_t before, uid_t uid)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        if (fd >= 0)
            close(fd);
        return;
    }

    struct stat facts;
    bool ours =
        fstat(fd, &facts) == 0 && (facts.st_uid == 0 || facts.st_uid == before || facts.st_uid == uid);
    bool done = ours && depth > 0 && facts.st_uid == uid;
    for (struct dirent *entry; ours && !done && (entry = readdir(folder));) {
        if (depth > 0 && entry->d_name[0] != '.')
            give_folder(fd, entry->d_name, depth - 1, before, uid);
        give_file(fd, entry->d_name, 0, before, uid);
    }
    if (ours && fchown(fd, uid, 0) != 0)
        log_warn("cmd", "a folder of the data folder could not be given to the server's user name=\"%s\"",
                 name);
    closedir(folder);
}

/* A folder in it that no server makes and no new file system has. Files do not count: people keep a log beside a store. */
static bool is_foreign(int folder, const char *name)
{
    static const char *const ours[] = {".", "..", "lost+found", "tls"};
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        if (strcmp(name, ours[i]) == 0)
            return false;
    struct stat facts;
    return fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode);
}

/* A folder with a store is a data folder. One without that holds other folders is somebody's: /etc, named by mistake,
 * must not become the server's. */
static enum status refuse_what_is_not_ours(DIR *folder, const char *path, struct err *err)
{
    char foreign[NAME_MAX + 1] = "";
    bool has_store = false;
    for (struct dirent *entry; (entry = readdir(folder));) {
        has_store |= is_of_a_store(entry->d_name);
        if (!*foreign && is_foreign(dirfd(folder), entry->d_name))
            snprintf(foreign, sizeof foreign, "%s", entry->d_name);
    }
    rewinddir(folder);
    if (has_store || !*foreign)
        return STATUS_OK;
    return err_set(err, STATUS_FAILED_PRECONDITION,
                   "%s is no data folder: it holds the folder \"%.60s\", and would be given to the server's "
                   "user (choose an "
                   "empty or new one with --data DIR)",
                   path, foreign);
}

enum status state_dir_hand_over(const char *path, uid_t uid, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        if (fd >= 0)
            close(fd);
        return err_set(err, STATUS_IO, "cannot open the data folder %s: %s", path, strerror(errno));
    }
    enum status status = refuse_what_is_not_ours(folder, path, err);
    struct stat facts = {.st_uid = 0};
    if (status == STATUS_OK && fstat(fd, &facts) != 0)
        status = err_set(err, STATUS_IO, "cannot use the data folder %s: %s", path, strerror(errno));
    else if (status == STATUS_OK && (fchown(fd, uid, 0) != 0 || fchmod(fd, FOLDER_MODE) != 0))
        status = err_set(err, STATUS_IO, "cannot give the data folder %s to user %u: %s", path, (unsigned)uid,
                         strerror(errno));
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(folder));) {
        if (is_of_a_store(entry->d_name))
            give_file(fd, entry->d_name, FILE_MODE, facts.st_uid, uid);
        else if (is_beside_the_audit_log(entry->d_name))
            give_file(fd, entry->d_name, 0, facts.st_uid, uid);
    }
    if (status == STATUS_OK) {
        give_folder(fd, "tls", 0, facts.st_uid, uid); /* the own authority and certificate */
        give_folder(fd, "blobs", 1, facts.st_uid, uid);
    }
    closedir(folder);
    return status;
}
