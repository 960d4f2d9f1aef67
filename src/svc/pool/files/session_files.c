/* SPDX-License-Identifier: MIT */
/* session_files.c — openat2 and what is built on it. */
#include "svc/pool/files/session_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/encode.h"
#include "os/clock.h"

#define RESOLVE_INSIDE   (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)
#define OPEN_SAFELY      (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
#define OPEN_RETRIES_MAX 8    /* openat2 says EAGAIN when a rename races with it */
#define FILE_MODE        0666 /* the session's code runs as another user and must be able to change the file */
#define DIRECTORY_MODE   0777

static enum status fail(struct err *err, int number)
{
    switch (number) {
    case ENOENT:
        return err_set(err, STATUS_NOT_FOUND, "there is no such file");
    case ENOTDIR:
        return err_set(err, STATUS_NOT_FOUND, "a name in the path is not a directory");
    case EISDIR:
    case ENOTEMPTY:
    case EEXIST:
        return err_set(err, STATUS_FAILED_PRECONDITION, "a directory has that name");
    case ELOOP:
    case EXDEV:
    case EAGAIN:
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "the path leads over a link or out of the session's files");
    case ENXIO:
    case ENODEV:
        return err_set(err, STATUS_INVALID_ARGUMENT, "it is not a plain file");
    case EACCES:
    case EPERM:
    case EROFS:
        return err_set(err, STATUS_PERMISSION_DENIED, "the session does not permit it");
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "the session's storage is full");
    case ENAMETOOLONG:
        return err_set(err, STATUS_INVALID_ARGUMENT, "the name is too long");
    default:
        return err_set(err, STATUS_IO, "%s", strerror(number));
    }
}

/* The descriptor or -1 with errno. `path` "" is the directory itself. */
static int open_inside(int dir_fd, const char *path, int flags, unsigned mode)
{
    int safely = flags & O_PATH ? O_NOFOLLOW | O_CLOEXEC : OPEN_SAFELY; /* more is refused with O_PATH */
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | safely), .mode = mode, .resolve = RESOLVE_INSIDE};
    for (int i = 0;; i++) {
        long fd = syscall(SYS_openat2, dir_fd, path[0] ? path : ".", &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || i == OPEN_RETRIES_MAX)
            return (int)fd;
    }
}

static void take_info(const struct stat *st, struct file_info *ret_info)
{
    *ret_info = (struct file_info){
        .size = st->st_size > 0 ? (uint64_t)st->st_size : 0,
        .modified_unix_ns = (int64_t)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec,
        .changed_unix_ns = (int64_t)st->st_ctim.tv_sec * NS_PER_S + st->st_ctim.tv_nsec,
        .inode = st->st_ino,
        .directory = S_ISDIR(st->st_mode),
    };
}

/* What may be read from outside: a second name could be that of a file which is no longer where it was. */
static bool is_plain(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_nlink == 1;
}

/* ORDER: opened, then looked at by its descriptor: the session's code may put another file under the name in
 * between. */
enum status session_file_open(int root_fd, const char *path, int *ret_fd, struct file_info *ret_info,
                              struct err *err)
{
    struct stat st;
    int fd = open_inside(root_fd, path, O_RDONLY, 0);
    if (fd < 0)
        return fail(err, errno);
    enum status status = STATUS_OK;
    if (fstat(fd, &st) < 0)
        status = fail(err, errno);
    else if (S_ISDIR(st.st_mode))
        status = err_set(err, STATUS_FAILED_PRECONDITION, "it is a directory");
    else if (!is_plain(&st))
        status = err_set(err, STATUS_INVALID_ARGUMENT, "it is not a plain file with one name");
    if (status) {
        close(fd);
        return status;
    }
    take_info(&st, ret_info);
    *ret_fd = fd;
    return STATUS_OK;
}

enum status session_file_stat(int root_fd, const char *path, struct file_info *ret_info, struct err *err)
{
    struct stat st;
    int fd = open_inside(root_fd, path, O_PATH, 0);
    if (fd < 0)
        return fail(err, errno);
    int failed = fstat(fd, &st) < 0 ? errno : 0;
    close(fd);
    if (failed)
        return fail(err, failed);
    if (!S_ISDIR(st.st_mode) && !is_plain(&st))
        return err_set(err, STATUS_INVALID_ARGUMENT, "it is not a plain file with one name");
    take_info(&st, ret_info);
    return STATUS_OK;
}

/* The directory that holds the last name of `path`, which `*ret_name` then points to. */
static enum status open_parent(int root_fd, const char *path, int *ret_fd, const char **ret_name,
                               struct err *err)
{
    char parent[FILE_PATH_SIZE_MAX + 1];
    const char *name = file_path_base(path);
    if (!name[0])
        return err_set(err, STATUS_FAILED_PRECONDITION, "it is a directory");
    size_t size = name == path ? 0 : (size_t)(name - path) - 1;
    memcpy(parent, path, size);
    parent[size] = 0;
    int fd = open_inside(root_fd, parent, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return fail(err, errno);
    *ret_fd = fd;
    *ret_name = name;
    return STATUS_OK;
}

enum status session_file_remove(int root_fd, const char *path, struct err *err)
{
    int fd = -1;
    const char *name = NULL;
    enum status status = open_parent(root_fd, path, &fd, &name, err);
    if (status)
        return status;
    if (unlinkat(fd, name, 0) < 0) /* removes a link itself, never what it points to */
        status = fail(err, errno);
    close(fd);
    return status;
}

/* --- writing --- */

/* Opens the directory `name` in `dir_fd`, making it if it is missing. -1 with errno. */
static int make_directory(int dir_fd, const char *name)
{
    bool made = mkdirat(dir_fd, name, DIRECTORY_MODE) == 0;
    if (!made && errno != EEXIST)
        return -1;
    int fd = open_inside(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0 && made && fchmod(fd, DIRECTORY_MODE) < 0) { /* past our umask */
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

/* Step by step from descriptor to descriptor: no path of several names is ever given to the kernel to be made. */
static enum status make_parents(int root_fd, const char *path, int *ret_fd, struct err *err)
{
    char name[FILE_NAME_SIZE_MAX + 1];
    int fd = open_inside(root_fd, "", O_RDONLY | O_DIRECTORY, 0);
    const char *slash;
    while (fd >= 0 && (slash = strchr(path, '/'))) {
        size_t size = MIN((size_t)(slash - path), sizeof name - 1);
        memcpy(name, path, size);
        name[size] = 0;
        int inner = make_directory(fd, name);
        int number = errno;
        close(fd);
        errno = number;
        fd = inner;
        path = slash + 1;
    }
    if (fd < 0)
        return fail(err, errno);
    *ret_fd = fd;
    return STATUS_OK;
}

static void close_writer(struct file_writer *writer)
{
    close(writer->fd);
    close(writer->dir_fd);
    writer->fd = writer->dir_fd = -1;
}

/* Under a name that nobody can guess, in the directory where it is going: a rename within one directory is the
 * only thing that makes it appear. */
enum status file_writer_begin(struct file_writer *writer, int root_fd, const char *path, struct err *err)
{
    uint8_t random[16];
    char digits[GUID_DIGITS_SIZE + 1];
    *writer = (struct file_writer){.dir_fd = -1, .fd = -1};
    if (!path[0])
        return err_set(err, STATUS_INVALID_ARGUMENT, "a file needs a name");
    enum status status = make_parents(root_fd, path, &writer->dir_fd, err);
    if (status)
        return status;
    entropy_fill(random, sizeof random);
    guid_format_digits(random, digits);
    snprintf(writer->temporary, sizeof writer->temporary, "%s%s", FILE_TEMPORARY_PREFIX, digits);
    snprintf(writer->name, sizeof writer->name, "%s", file_path_base(path));
    writer->fd = open_inside(writer->dir_fd, writer->temporary, O_WRONLY | O_CREAT | O_EXCL, FILE_MODE);
    if (writer->fd < 0) {
        status = fail(err, errno);
        close(writer->dir_fd);
        return status;
    }
    if (fchmod(writer->fd, FILE_MODE) < 0) { /* past our umask */
        status = fail(err, errno);
        file_writer_abort(writer);
    }
    return status;
}

enum status file_writer_append(struct file_writer *writer, struct bytes bytes, struct err *err)
{
    while (bytes.size) {
        ssize_t n = write(writer->fd, bytes.data, bytes.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(err, errno);
        bytes = bytes_slice(bytes, (size_t)n, bytes.size);
    }
    return STATUS_OK;
}

/* It is looked at before it appears: afterwards it may be the session's file by the same name. */
enum status file_writer_finish(struct file_writer *writer, struct file_info *ret_info, struct err *err)
{
    struct stat st;
    if (fstat(writer->fd, &st) < 0 ||
        renameat2(writer->dir_fd, writer->temporary, writer->dir_fd, writer->name, 0) < 0) {
        enum status status = fail(err, errno);
        file_writer_abort(writer);
        return status;
    }
    take_info(&st, ret_info);
    close_writer(writer);
    return STATUS_OK;
}

void file_writer_abort(struct file_writer *writer)
{
    if (writer->fd < 0)
        return;
    (void)unlinkat(writer->dir_fd, writer->temporary, 0); /* the session's code may have been faster */
    close_writer(writer);
}

/* --- listing --- */

static enum status push_directory(struct file_lister *lister, int fd, const char *path, struct err *err)
{
    DIR *d = fdopendir(fd);
    if (!d) {
        int number = errno;
        close(fd);
        return fail(err, number);
    }
    lister->open[lister->depth] = d;
    lister->paths[lister->depth] = path;
    lister->depth++;
    return STATUS_OK;
}

enum status file_lister_begin(struct file_lister *lister, struct arena *arena, int root_fd, const char *path,
                              bool recursive, struct err *err)
{
    *lister = (struct file_lister){.arena = arena, .recursive = recursive};
    int fd = open_inside(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fail(err, errno);
    return push_directory(lister, fd, "", err);
}

static enum status add_entry(struct file_lister *lister, const char *name, const struct stat *st)
{
    if (lister->count == lister->capacity) {
        size_t capacity = lister->capacity ? 2 * lister->capacity : 64;
        struct file_entry *entries = realloc(lister->entries, capacity * sizeof *entries);
        if (!entries)
            return STATUS_NO_MEMORY;
        lister->entries = entries;
        lister->capacity = capacity;
    }
    struct file_entry *entry = &lister->entries[lister->count];
    entry->directory = lister->paths[lister->depth - 1];
    entry->name = arena_cstr(lister->arena, bytes_of_cstr(name));
    if (!entry->name)
        return STATUS_NO_MEMORY;
    take_info(st, &entry->info);
    lister->count++;
    return STATUS_OK;
}

/* Goes into the directory that was listed last, unless it cannot be opened: then it is only listed. */
static enum status descend(struct file_lister *lister, const char *name, struct err *err)
{
    const char *above = lister->paths[lister->depth - 1];
    if (lister->depth > FILE_PATH_DEPTH_MAX) {
        lister->cut = true;
        return STATUS_OK;
    }
    int fd = open_inside(dirfd(lister->open[lister->depth - 1]), name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return STATUS_OK;
    const char *path = arena_fmt(lister->arena, "%s%s%s", above, above[0] ? "/" : "", name);
    if (!path) {
        close(fd);
        return err_no_memory(err);
    }
    return push_directory(lister, fd, path, err);
}

/* What cannot be reached by its name through the API is counted, not listed: nobody could read it. */
static enum status read_name(struct file_lister *lister, const char *name, struct err *err)
{
    struct stat st;
    bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    if (dots || fstatat(dirfd(lister->open[lister->depth - 1]), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return STATUS_OK; /* or it has just gone */
    if (!file_name_reachable(bytes_of_cstr(name)) || (!S_ISDIR(st.st_mode) && !is_plain(&st))) {
        lister->unreachable++;
        return STATUS_OK;
    }
    if (lister->count == FILE_LIST_MAX) {
        lister->cut = lister->full = true;
        return STATUS_OK;
    }
    if (add_entry(lister, name, &st) != STATUS_OK)
        return err_no_memory(err);
    return lister->recursive && S_ISDIR(st.st_mode) ? descend(lister, name, err) : STATUS_OK;
}

int file_entry_compare(const struct file_entry *one, const struct file_entry *other)
{
    int order = strcmp(one->directory, other->directory);
    return order ? order : strcmp(one->name, other->name);
}

static int compare(const void *one, const void *other)
{
    return file_entry_compare(one, other);
}

/* Sorted once, at the end: the order of a directory is nobody's promise. */
enum status file_lister_step(struct file_lister *lister, size_t most, bool *ret_done, struct err *err)
{
    for (size_t i = 0; i < most && lister->depth && !lister->full; i++) {
        struct dirent *dirent = readdir(lister->open[lister->depth - 1]);
        if (!dirent) {
            closedir(lister->open[--lister->depth]);
            continue;
        }
        enum status status = read_name(lister, dirent->d_name, err);
        if (status)
            return status;
    }
    *ret_done = !lister->depth || lister->full;
    if (*ret_done && lister->count)
        qsort(lister->entries, lister->count, sizeof *lister->entries, compare);
    return STATUS_OK;
}

void file_lister_end(struct file_lister *lister)
{
    while (lister->depth)
        closedir(lister->open[--lister->depth]);
    free(lister->entries);
    lister->entries = NULL;
    lister->count = lister->capacity = 0;
}

/* All of it, if the storage cannot be asked: then nothing more is let in. */
size_t session_files_used(int root_fd)
{
    struct statvfs storage;
    if (fstatvfs(root_fd, &storage) < 0)
        return SIZE_MAX;
    return (size_t)(storage.f_blocks - storage.f_bfree) * storage.f_frsize;
}
