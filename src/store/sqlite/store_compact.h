/* SPDX-License-Identifier: MIT */
/* store_compact.h — giving the disk back what a store no longer needs.
 * SQLite keeps the pages of deleted rows for later rows; a file never shrinks by itself, and keeping it small all the time
 * (auto_vacuum) cost 4 to 8 % more bytes for every orchestration. So a store is copied without its free pages when it is
 * opened and most of it is free: at that moment nobody waits for it and nobody else has it.
 *
 * The copy is made beside the file, synced, locked and then renamed over it: a crash leaves the old file or the new one,
 * whole. Called by task_store_open only, with the lock held and no connection but the one given. */
#ifndef STORE_SQLITE_STORE_COMPACT_H
#define STORE_SQLITE_STORE_COMPACT_H

#include "db/sqlite.h"
#include "store/sqlite/store_lock.h"

struct store_sizes {
    int64_t size;      /* bytes of the file */
    int64_t free;      /* bytes of them that hold nothing */
    int64_t disk_free; /* bytes that the file system has for us */
};

/* Whether a copy is worth its time: half of the file is free and that is at least 64 MiB, what is left is at most 4 GiB
 * (some ten seconds), and there is room for the copy. Pure. */
bool store_compact_is_worthwhile(const struct store_sizes *sizes);

STATUS_RESULT store_compact_measure(struct db *db, const char *path, struct store_sizes *ret_sizes,
                                    struct err *error);

/* Copies the store that `db` has open to a file beside it. The caller closes `db`, then calls store_compact_swap. On
 * failure nothing is left behind. RESOURCE_EXHAUSTED: the disk is full. */
STATUS_RESULT store_compact_copy(struct db *db, const char *path, struct err *error);
/* Puts the copy in the place of the file and the lock on it. On failure the old file stands and is locked. IO. */
STATUS_RESULT store_compact_swap(const char *path, struct store_lock *lock, struct err *error);

#endif
