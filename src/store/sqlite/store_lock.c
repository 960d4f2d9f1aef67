/* SPDX-License-Identifier: MIT */
/* store_lock.c — the order matters: first the lock on the data, so that the name of the holder in
 * `<path>.lock` is never overwritten by somebody who is then sent away. */
#include "store/sqlite/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macros.h"

#define HOLDER_MAX 32   /* bytes of a process number as text */
#define PATH_SIZE  4096 /* bytes; PATH_MAX of Linux */

static enum status open_locked(const char *path, int *ret_descriptor, bool *ret_taken, struct err *error)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        enum status status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
        return err_set(error, status, "%s: %s", path, strerror(errno));
    }

    /* INVARIANT: the lock belongs to the open file, not to the process. It goes with the last descriptor of it,
     * however the process ends. */
    *ret_taken = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    *ret_descriptor = descriptor;
    return STATUS_OK;
}

static void read_holder(const char *beside, char holder[HOLDER_MAX])
{
    snprintf(holder, HOLDER_MAX, "unknown");
    int descriptor = open(beside, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0)
        return;

    char text[HOLDER_MAX] = "";
    ssize_t size = pread(descriptor, text, sizeof text - 1, 0);
    text[MAX(size, 0)] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (text[0])
        snprintf(holder, HOLDER_MAX, "%s", text);
    (void)close(descriptor);
}

static void write_holder(int descriptor)
{
    char text[HOLDER_MAX];
    int size = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, (size_t)size, 0) != size)
        log_debug("store", "lock file not written error=\"%s\"", strerror(errno));
}

enum status store_lock_take(const char *path, const char *shown, struct store_lock *ret_lock,
                            struct err *error)
{
    char beside[PATH_SIZE];
    if ((size_t)snprintf(beside, sizeof beside, "%s.lock", path) >= sizeof beside)
        return err_set(error, STATUS_INVALID_ARGUMENT, "the path of the store is too long");

    struct store_lock lock = STORE_LOCK_NONE;
    bool database_taken = false;
    bool beside_taken = false;
    enum status status = open_locked(path, &lock.database, &database_taken, error);
    if (status == STATUS_OK && database_taken)
        status = open_locked(beside, &lock.beside, &beside_taken, error);
    if (status == STATUS_OK && !(database_taken && beside_taken)) {
        char holder[HOLDER_MAX];
        read_holder(beside, holder);
        status =
            err_set(error, STATUS_UNAVAILABLE, "%s: in use by another sallyport (process %s)", shown, holder);
    }
    if (status != STATUS_OK) {
        store_lock_release(&lock);
        return status;
    }

    write_holder(lock.beside);
    *ret_lock = lock;
    return STATUS_OK;
}

/* The lock is on the file, not on its name: somebody may have put another file there, whose lock nobody holds. */
enum status store_lock_check(const struct store_lock *lock, const char *shown, struct err *error)
{
    struct stat facts;
    if (fstat(lock->database, &facts) != 0)
        return err_set(error, STATUS_IO, "%s: %s", shown, strerror(errno));
    if (facts.st_nlink == 0)
        return err_set(error, STATUS_FAILED_PRECONDITION,
                       "%s was deleted or replaced while the server uses it: stop the server, put the file "
                       "back, start again",
                       shown);
    return STATUS_OK;
}

void store_lock_release(struct store_lock *lock)
{
    if (lock->database >= 0)
        (void)close(lock->database);
    if (lock->beside >= 0)
        (void)close(lock->beside);
    *lock = STORE_LOCK_NONE;
}
