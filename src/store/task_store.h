/* SPDX-License-Identifier: MIT */
/* task_store.h — the scheduler's durable state: write sets in, rows out.
 * One writing connection on a thread of its own: it applies a whole write set (core/task/write_set.h), syncs,
 * and only then reports. Reads use other connections. A store file has a version and is upgraded when opened;
 * a file from a newer program is refused. A lock on the file keeps a second process out (store_lock.h).
 *
 * Failure. The first failed commit stops all later ones with the same status (nothing may be applied out of
 * order); reads go on. task_store_recover tries again after the caller has rebuilt its engine from the store.
 * A failed fsync is never retried: the process aborts, since what is on disk is then unknown. */
#ifndef STORE_TASK_STORE_H
#define STORE_TASK_STORE_H

#include "base/buf.h"
#include "core/task/write_set.h"
#include "os/loop.h"

struct task_store;

struct task_store_options {
    const char *path;     /* the SQLite file, absolute; its folder must exist */
    const char *shown;    /* what messages call it; NULL: path */
    bool sync_off;        /* for benchmarks only: acknowledged no longer means on disk */
    size_t hubs_max;      /* 0: 1000 */
    int checkpoint_pages; /* size of the write-ahead log at which it is copied into the file; 0: 4000 */
    const char *vfs;      /* name of a registered SQLite VFS, for fault injection; NULL: the system's */
};

/* UNAVAILABLE if another process has the store; the text names it. FAILED_PRECONDITION for a file of a newer
 * program, of another program, or that cannot be written. Once the file is deleted or replaced under an open
 * store, every set fails with FAILED_PRECONDITION, and so does task_store_recover. */
STATUS_RESULT task_store_open(const struct task_store_options *options, struct loop *loop,
                              struct task_store **ret_store, struct err *err);
/* Waits for the commit in progress, checkpoints, closes. Sets not yet begun and answers not yet reported are
 * dropped without a call; the loop must run (or be destroyed) afterwards. Not from a callback of the store.
 * NULL allowed. */
void task_store_close(struct task_store *store);

/* The hub's number; created durably, on this thread, if absent and `create`. NOT_FOUND otherwise. Names
 * compare case-insensitively (spec 2.3). */
STATUS_RESULT task_store_hub(struct task_store *store, struct bytes name, bool create, uint32_t *ret_hub,
                             struct err *err);

/* Everything an engine needs (instances that are not over, and those over whose last activities have not
 * run), in the order engine_load_… wants it, large payloads left out; bytes are valid during the callback. A callback's error ends the
 * load and is returned. Synchronous. Not while the store is busy. */
struct task_store_loader {
    enum status (*on_hub)(void *context, uint32_t hub, struct bytes name);
    enum status (*on_instance)(void *context, const struct instance_row *row, const struct payload *payloads);
    enum status (*on_inbox)(void *context, const struct inbox_row *row);
    enum status (*on_activity)(void *context, const struct activity_row *row);
    void *context;
};
STATUS_RESULT task_store_load(struct task_store *store, const struct task_store_loader *loader,
                              int64_t *ret_key_next, struct err *err);

/* Queues a transaction; takes ownership. `on_done` is called on the loop's thread, in order of submission. */
void task_store_submit(struct task_store *store, struct write_set *set,
                       void (*on_done)(void *context, uint64_t sequence, enum status status,
                                       const char *text),
                       void *context);
/* True while a submitted set is not yet reported. */
bool task_store_busy(const struct task_store *store);
/* After a failure: checks that a small write succeeds and accepts sets again. If the disk is full, the reserve is given
 * up for that (store_reserve.h). Synchronous. Not while the store is busy. */
STATUS_RESULT task_store_recover(struct task_store *store, struct err *err);

/* One instance by id with all payloads, in `arena`; NOT_FOUND. Synchronous and indexed: microseconds. Loop's
 * thread. */
STATUS_RESULT task_store_read_instance(struct task_store *store, uint32_t hub, struct bytes instance_id,
                                       struct arena *arena, struct instance_row *ret_row,
                                       struct payload *ret_payloads, struct err *err);
/* The history blobs of an instance, joined, appended to `out`. Synchronous. Loop's thread. */
STATUS_RESULT task_store_read_history(struct task_store *store, int64_t key, struct buf *out,
                                      struct err *err);

/* A page of instances in the stable order (created_ns, instance_id), or (completed_ns, instance_id) for ids
 * by completion. Runs on the reader thread; `on_done` on the loop's. */
struct task_store_query {
    uint32_t hub;
    uint32_t status_mask;      /* bit n: OrchestrationStatus n; 0: any */
    int64_t created_from_ns;   /* inclusive; 0: open */
    int64_t created_to_ns;     /* exclusive; 0: open */
    int64_t completed_from_ns; /* inclusive; 0: open */
    int64_t completed_to_ns;   /* exclusive; 0: open */
    struct bytes id_prefix;    /* case-sensitive */
    bool terminal_only;
    bool by_completion;
    bool payloads;      /* also input and output; custom status and failure always come … */
    bool bare;          /* … unless only the rows are wanted */
    size_t rows_max;    /* 0: 100 */
    size_t size_max;    /* bytes of all values, at least one row is returned; 0: 3 MiB */
    struct bytes after; /* the `next` of the page before; empty: from the start */
};
struct task_store_page {
    struct instance_row *rows;
    struct payload (*payloads)[PAYLOAD_KIND_COUNT];
    size_t count;
    struct bytes next; /* empty: this was the last page */
    struct arena arena;
};
/* MALFORMED in `status` for an `after` that no page gave out. The page is freed after the callback. */
void task_store_query(struct task_store *store, const struct task_store_query *query,
                      void (*on_done)(void *context, enum status status, const char *text,
                                      const struct task_store_page *page),
                      void *context);

/* True while the disk is nearly full: sets are accepted, but new work should not be. Looks whether the reserve can be made
 * again. Loop's thread. */
bool task_store_low(struct task_store *store);

struct task_store_stats {
    uint64_t commits, ops, bytes;
    int64_t commit_ns_last;
    bool failed;
    int64_t
        compacted_from; /* bytes before and after the file was made small when it was opened; 0: it was not */
    int64_t compacted_to;
};
void task_store_stats(const struct task_store *store, struct task_store_stats *ret_stats);

#endif
