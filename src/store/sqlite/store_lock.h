/* SPDX-License-Identifier: MIT */
/* store_lock.h — one process a store, whatever happens to the files beside it.
 * Two locks are held as long as the store is open. The one that counts is on the database file itself: it
 * goes with the data, so nobody who tidies `*.lock` away lets a second server in. The one on `<path>.lock`
 * keeps out programs of version 0.1, which know no other, and its text names the holder.
 *
 * Both are flock(2) locks: SQLite's own locks are of another kind (fcntl) and do not meet them. A process
 * loses its fcntl locks on a file when it closes *any* descriptor of it, so the lock is taken before SQLite
 * opens the file and given back after SQLite has closed it. */
#ifndef STORE_SQLITE_STORE_LOCK_H
#define STORE_SQLITE_STORE_LOCK_H

#include "base/status.h"

struct store_lock {
    int database; /* descriptors; -1: not held */
    int beside;
};

#define STORE_LOCK_NONE ((struct store_lock){.database = -1, .beside = -1})

/* `shown` is what messages call the file. Makes the database file, empty and readable by its owner only, if it is absent. On failure nothing is held.
 * Errors: UNAVAILABLE if another process has the store; the text names the process if it is known. NOT_FOUND
 * if the folder does not exist. INVALID_ARGUMENT for a path that is too long. IO otherwise. */
STATUS_RESULT store_lock_take(const char *path, const char *shown, struct store_lock *ret_lock,
                              struct err *error);

/* FAILED_PRECONDITION if the locked file no longer stands in any folder: it was deleted, or another was moved
 * over it. What is written from then on would be lost without a word. Any thread. */
STATUS_RESULT store_lock_check(const struct store_lock *lock, const char *shown, struct err *error);

/* Only after SQLite has closed the file. */
void store_lock_release(struct store_lock *lock);

#endif
