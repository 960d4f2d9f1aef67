/* SPDX-License-Identifier: MIT */
/* store_compact.c — copy, sync, lock, rename: in that order, so that at each moment a whole and locked store has the name. */
#include "store/sqlite/store_compact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/sqlite/schema.h"

#define FREE_SIZE_MIN ((int64_t)64 << 20)
#define KEPT_SIZE_MAX ((int64_t)4 << 30)
#define PATH_SIZE     4096 /* bytes; PATH_MAX of Linux */

bool store_compact_is_worthwhile(const struct store_sizes *sizes)
{
    int64_t kept = sizes->size - sizes->free;
    bool much = sizes->free >= FREE_SIZE_MIN && sizes->free >= kept;
    return much && kept <= KEPT_SIZE_MAX && sizes->disk_free > kept;
}

enum status store_compact_measure(struct db *db, const char *path, struct store_sizes *ret_sizes,
                                  struct err *error)
{
    int64_t page_size = 0;
    int64_t pages = 0;
    int64_t free_pages = 0;
    enum status status = sqlite_pragma(db, "page_size", &page_size, error);
    if (status == STATUS_OK)
        status = sqlite_pragma(db, "page_count", &pages, error);
    if (status == STATUS_OK)
        status = sqlite_pragma(db, "freelist_count", &free_pages, error);
    if (status != STATUS_OK)
        return status;

    struct statvfs disk;
    if (statvfs(path, &disk) != 0)
        return err_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    *ret_sizes = (struct store_sizes){.size = pages * page_size,
                                      .free = free_pages * page_size,
                                      .disk_free = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize};
    return STATUS_OK;
}

static enum status copy_path(const char *path, char ret_copy[PATH_SIZE], struct err *error)
{
    if ((size_t)snprintf(ret_copy, PATH_SIZE, "%s.compact", path) >= PATH_SIZE)
        return err_set(error, STATUS_INVALID_ARGUMENT, "the path of the store is too long");
    return STATUS_OK;
}

/* A copy of a store that nobody writes to yet: it runs at a start, before the writer's thread does. */
enum status store_compact_copy(struct db *db, const char *path, struct err *error)
{
    char copy[PATH_SIZE];
    enum status status = copy_path(path, copy, error);
    if (status != STATUS_OK)
        return status;

    (void)unlink(copy); /* of a start that was killed */
    sqlite_bind_bytes(db, TASK_COPY_INTO, 1, bytes_of(copy, strlen(copy)));
    status = sqlite_run(db, TASK_COPY_INTO, error);
    if (status == STATUS_OK)
        status = sqlite_checkpoint(
            db, true, error); /* nothing of the old file may stay in a log that the new one finds */
    if (status != STATUS_OK)
        (void)unlink(copy);
    return status;
}

static int open_synced(const char *path)
{
    int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return -1;
    /* ORDER: synced before it gets the name, and locked before that, too: whoever opens the name finds the lock
     * taken. */
    if (fchmod(descriptor, 0600) != 0 || fsync(descriptor) != 0 ||
        flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

static bool sync_folder_of(const char *path)
{
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    int descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool synced = fsync(descriptor) == 0;
    (void)close(descriptor);
    return synced;
}

enum status store_compact_swap(const char *path, struct store_lock *lock, struct err *error)
{
    char copy[PATH_SIZE];
    enum status status = copy_path(path, copy, error);
    if (status != STATUS_OK)
        return status;

    int descriptor = open_synced(copy);
    if (descriptor < 0 || rename(copy, path) != 0) {
        status = err_set(error, STATUS_IO, "%s: %s", copy, strerror(errno));
        if (descriptor >= 0)
            (void)close(descriptor);
        (void)unlink(copy);
        return status;
    }

    /* ORDER: the old lock goes when the new file, which is locked, has the name. A rename that was not synced may
     * be undone by a power cut: then the old file is there again, whole. */
    (void)close(lock->database);
    lock->database = descriptor;
    if (!sync_folder_of(path))
        return err_set(error, STATUS_IO, "%s: the folder could not be synced: %s", path, strerror(errno));
    return STATUS_OK;
}
