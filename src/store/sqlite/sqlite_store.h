/* SPDX-License-Identifier: MIT */
/* sqlite_store.h — a task store (store/task_store.h) in one SQLite file, for one process.
 *
 * One writing connection on a thread of its own: it applies a whole write set, syncs, and only then reports. Reads by id and
 * by key have a connection and a thread, queries another, so that a long one holds up nobody. A file has a version and is
 * upgraded when it is opened; one of a newer program is refused. A lock on the file keeps a second process out
 * (store_lock.h): that is the partition's lease here, and its epoch. A failed fsync is never retried: the process aborts,
 * since what is on disk is then unknown. If the disk is full, recovery gives up the reserve (store_reserve.h). */
#ifndef STORE_SQLITE_STORE_H
#define STORE_SQLITE_STORE_H

#include "os/loop.h"
#include "store/task_store.h"

struct sqlite_store_options { /* from sqlite_store_options_default; path and shown are required */
    const char *path;         /* the file, absolute; its folder must exist */
    const char *shown;        /* what messages call it: path, or what people call that */
    bool sync_off;            /* for benchmarks only: acknowledged no longer means on disk */
    size_t hubs_max;
    int checkpoint_pages; /* size of the write-ahead log at which it is copied into the file */
    /* ids of new instances that may wait in memory for their table, and as many on their way */
    size_t fresh_ids_max;
    const char *vfs; /* name of a registered SQLite VFS, for fault injection; NULL: the system's */
};

struct sqlite_store_options sqlite_store_options_default(void);
/* UNAVAILABLE if another process has the store; the text names it. FAILED_PRECONDITION for a file of a newer
 * program, of another program, or that cannot be written. Once the file is deleted or replaced under an open
 * store, every set fails with FAILED_PRECONDITION, and so does task_store_recover. */
STATUS_RESULT sqlite_store_open(const struct sqlite_store_options *options, struct loop *loop,
                                struct task_store **ret_store, struct err *err);

#endif
