/* SPDX-License-Identifier: MIT */
/* writer.c — sets and recovery, on the thread that writes.
 *
 *   loop's thread ──set──► queue ──► writer's thread: BEGIN, rows, COMMIT (syncs) ──► on_done
 *
 * One set is one transaction. Group commit is made above: while a set is being written the engine collects
 * the next one, so the sync itself is the batching window. */
#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "store/sqlite/sqlite_store_internal.h"
#include "store/sqlite/store_reserve.h"

struct store_step {
    struct sqlite_store *store;
    enum status (*apply)(struct sqlite_store *store, void *context, struct err *err);
    void *context;
};

static enum status take_step(struct db *db, void *context, struct err *err)
{
    (void)db; /* the store's writer */
    const struct store_step *step = context;
    return step->apply(step->store, step->context, err);
}

enum status sqlite_store_transaction(struct sqlite_store *store,
                                     enum status (*apply)(struct sqlite_store *store, void *context,
                                                          struct err *err),
                                     void *context, struct err *err)
{
    struct store_step step = {store, apply, context};
    enum status status = store_lock_check(&store->lock, store->shown, err);
    if (status)
        return status;
    return sqlite_transact(store->writer, take_step, &step, err);
}

struct err sqlite_store_failure(struct sqlite_store *store)
{
    pthread_mutex_lock(&store->mutex);
    struct err failure = store->failure;
    pthread_mutex_unlock(&store->mutex);
    return failure;
}

/* --- sets --- */

struct set_job {
    struct store_job job;
    struct sqlite_store *store;
    struct write_set *set;
    void (*on_done)(void *context, uint64_t sequence, enum status status, const char *text);
    void *context;
    struct err error;
};

/* If the commit fails, `key_next` in memory is ahead of the file; recovery, without which nothing is written, reads it anew. */
static enum status apply_set(struct sqlite_store *store, void *context, struct err *err)
{
    enum status status = task_ids_merge(store->writer, &store->ids, err);
    if (status)
        return status;
    return task_rows_apply(store->writer, context, &store->ids, &store->key_next, err);
}

static void set_note(struct set_job *job, int64_t took_ns)
{
    struct sqlite_store *store = job->store;
    pthread_mutex_lock(&store->mutex);
    if (job->error.status == STATUS_OK) {
        store->stats.commits++;
        store->stats.ops += job->set->op_count;
        store->stats.bytes += job->set->size;
        store->stats.commit_ns_last = took_ns;
    } else {
        store->failure = job->error;
    }
    pthread_mutex_unlock(&store->mutex);
}

static void set_perform(struct store_job *base)
{
    struct set_job *job = CONTAINER_OF(base, struct set_job, job);
    /* INVARIANT: behind a set that failed none is written until a recovery. Those that stand in the queue were made by an
     * engine that believed in it; it is made anew from the file, as at a start. */
    job->error = sqlite_store_failure(job->store);
    if (job->error.status != STATUS_OK)
        return;
    int64_t began = clock_monotonic_ns();
    job->error.status = sqlite_store_transaction(job->store, apply_set, job->set, &job->error);

    /* What memory knows of the newest ids follows the file, in both cases. */
    if (job->error.status == STATUS_OK)
        fresh_ids_commit(job->store->ids.fresh);
    else
        fresh_ids_rollback(job->store->ids.fresh);
    set_note(job, clock_monotonic_ns() - began);
}

static void set_report(struct store_job *base)
{
    struct set_job *job = CONTAINER_OF(base, struct set_job, job);
    job->store->sets_open--;
    sqlite_store_scan_ids(job->store);
    job->on_done(job->context, job->set->sequence, job->error.status,
                 job->error.status == STATUS_OK ? NULL : job->error.text);
}

static void set_destroy(struct store_job *base)
{
    struct set_job *job = CONTAINER_OF(base, struct set_job, job);
    write_set_destroy(job->set);
    free(job);
}

void sqlite_store_submit(struct task_store *base, struct write_set *set,
                         void (*on_done)(void *context, uint64_t sequence, enum status status,
                                         const char *text),
                         void *context)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct set_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct set_job){.job = {.perform = set_perform, .report = set_report, .destroy = set_destroy},
                            .store = store,
                            .set = set,
                            .on_done = on_done,
                            .context = context};
    store->sets_open++;
    store_worker_submit(store->write_worker, &job->job);
}

/* --- recovery --- */

struct recover_job {
    struct store_job job;
    struct sqlite_store *store;
    void (*on_done)(void *context, enum status status, const char *text);
    void *context;
    struct err error;
};

/* A small write, durable, that changes nothing else. */
static enum status apply_probe(struct sqlite_store *store, void *context, struct err *err)
{
    int64_t count = 0;
    enum status status = task_meta_get(store->writer, TASK_META_RECOVERIES, &count, err);
    if (status == STATUS_OK)
        status = task_meta_get(store->writer, TASK_META_KEY_NEXT, &store->key_next, err);
    if (status)
        return status;
    return task_meta_put(store->writer, TASK_META_RECOVERIES, count + 1, err);
}

static void recover_perform(struct store_job *base)
{
    struct recover_job *job = CONTAINER_OF(base, struct recover_job, job);
    struct sqlite_store *store = job->store;
    /* The set that failed may have left its transaction open. */
    sqlite_rollback(store->writer);
    enum status status = sqlite_store_transaction(store, apply_probe, NULL, &job->error);

    /* A full disk: a file is kept for this, and gives its room to the rows that say how the work ended. From then on the
     * store is low, and new work is refused above. */
    bool spent = status == STATUS_RESOURCE_EXHAUSTED && store_reserve_spend(store->path);
    if (spent)
        status = sqlite_store_transaction(store, apply_probe, NULL, &job->error);
    job->error.status = status;

    pthread_mutex_lock(&store->mutex);
    store->low |= spent;
    if (status == STATUS_OK)
        store->failure = (struct err){0};
    pthread_mutex_unlock(&store->mutex);
}

static void recover_report(struct store_job *base)
{
    struct recover_job *job = CONTAINER_OF(base, struct recover_job, job);
    job->on_done(job->context, job->error.status, job->error.status == STATUS_OK ? NULL : job->error.text);
}

static void recover_destroy(struct store_job *base)
{
    free(CONTAINER_OF(base, struct recover_job, job));
}

void sqlite_store_recover(struct task_store *base,
                          void (*on_done)(void *context, enum status status, const char *text), void *context)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct recover_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct recover_job){
        .job = {.perform = recover_perform, .report = recover_report, .destroy = recover_destroy},
        .store = store,
        .on_done = on_done,
        .context = context};
    store_worker_submit(store->write_worker, &job->job);
}

/* --- what nobody waits for --- */

/* After a checkpoint of the whole log the next commit begins the log anew, and the mark falls back. If
 * readers kept it from that, the next try comes one log's length later. Failing is harmless: the log holds
 * everything. */
static void checkpoint(struct sqlite_store *store)
{
    int pages = sqlite_wal_pages(store->writer);
    if (pages < store->checkpoint_pages)
        store->checkpoint_at = store->checkpoint_pages;
    if (pages < store->checkpoint_at)
        return;
    struct err err = {0};
    if (sqlite_checkpoint(store->writer, false, &err) != STATUS_OK)
        log_debug("store", "checkpoint failed error=\"%s\"", err.text);
    store->checkpoint_at = pages + store->checkpoint_pages;
}

static bool is_low(struct sqlite_store *store)
{
    pthread_mutex_lock(&store->mutex);
    bool low = store->low;
    pthread_mutex_unlock(&store->mutex);
    return low;
}

static void set_low(struct sqlite_store *store, bool low)
{
    pthread_mutex_lock(&store->mutex);
    store->low = low;
    pthread_mutex_unlock(&store->mutex);
}

/* What a purge has freed within the file is as good as a reserve. */
static void look_for_room(struct sqlite_store *store)
{
    int64_t free_pages = 0;
    int64_t page_size = 0;
    if (!is_low(store) || sqlite_pragma(store->writer, "freelist_count", &free_pages, NULL) != STATUS_OK ||
        sqlite_pragma(store->writer, "page_size", &page_size, NULL) != STATUS_OK)
        return;
    if (free_pages * page_size >= 2 * STORE_RESERVE_SIZE)
        set_low(store, false);
}

void sqlite_store_tidy(void *context)
{
    struct sqlite_store *store = context;
    if (sqlite_store_failure(store).status != STATUS_OK)
        return;
    checkpoint(store);
    look_for_room(store);
}

/* On the loop's thread: a file is made at most once for each time that the reserve was spent. */
bool sqlite_store_low(struct task_store *base)
{
    struct sqlite_store *store = sqlite_store_of(base);
    if (!is_low(store))
        return false;
    if (!store_reserve_make(store->path, STORE_RESERVE_SIZE))
        return true;
    set_low(store, false);
    return false;
}
