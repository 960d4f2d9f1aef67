/* SPDX-License-Identifier: MIT */
/* writer.c — the thread that writes.
 *
 *   loop's thread ──set──► queue ──► writer thread: BEGIN, rows, COMMIT (syncs) ──loop_post──► on_done
 *
 * One set is one transaction. Group commit is made above: while a set is being written the engine collects
 * the next one, so the sync itself is the batching window. */
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "store/sqlite/store_reserve.h"
#include "store/sqlite/sqlite_internal.h"

struct store_job {
    struct loop_message message;
    struct list in_queue;     /* guarded by queue_mutex */
    struct list in_reported;  /* of the store's `unreported`; loop's thread */
    struct task_store *store; /* NULL: the store is closed, nobody wants the answer */
    struct write_set *set;
    void (*on_done)(void *context, uint64_t sequence, enum status status, const char *text);
    void *context;
    struct err error;
};

static enum status writer_transaction(struct task_store *store, const struct write_set *set, struct err *err)
{
    enum status status = store_lock_check(&store->lock, store->shown, err);
    if (status == STATUS_OK)
        status = db_begin(store->writer, err);
    if (status == STATUS_OK)
        status = task_rows_apply(store->writer, set, &store->key_next, err);
    if (status == STATUS_OK)
        status = db_commit(store->writer, err);
    if (status != STATUS_OK)
        db_rollback(store->writer);
    return status;
}

/* After a checkpoint of the whole log the next commit begins the log anew, and the mark falls back. If
 * readers kept it from that, the next try comes one log's length later. Failing is harmless: the log holds
 * everything.
 */
static void writer_checkpoint(struct task_store *store)
{
    int pages = db_wal_pages(store->writer);
    if (pages < store->checkpoint_pages)
        store->checkpoint_at = store->checkpoint_pages;
    if (pages < store->checkpoint_at)
        return;
    struct err err = {0};
    if (db_checkpoint(store->writer, false, &err) != STATUS_OK)
        log_debug("store", "checkpoint failed error=\"%s\"", err.text);
    store->checkpoint_at = pages + store->checkpoint_pages;
}

static bool is_low(struct task_store *store)
{
    pthread_mutex_lock(&store->queue_mutex);
    bool low = store->low;
    pthread_mutex_unlock(&store->queue_mutex);
    return low;
}

static void set_low(struct task_store *store, bool low)
{
    pthread_mutex_lock(&store->queue_mutex);
    store->low = low;
    pthread_mutex_unlock(&store->queue_mutex);
}

/* What a purge has freed within the file is as good as a reserve. */
static void look_for_room(struct task_store *store)
{
    int64_t free_pages = 0;
    int64_t page_size = 0;
    if (!is_low(store) || db_pragma(store->writer, "freelist_count", &free_pages, NULL) != STATUS_OK ||
        db_pragma(store->writer, "page_size", &page_size, NULL) != STATUS_OK)
        return;
    if (free_pages * page_size >= 2 * STORE_RESERVE_SIZE)
        set_low(store, false);
}

static void writer_perform(struct task_store *store, struct store_job *job, struct err failure)
{
    if (failure.status != STATUS_OK) {
        job->error = failure;
        loop_post(store->loop, &job->message);
        return;
    }
    size_t ops = job->set->op_count, size = job->set->size;
    pthread_mutex_lock(&store->db_mutex);
    int64_t began = clock_monotonic_ns();
    enum status status = writer_transaction(store, job->set, &job->error);
    int64_t took = clock_monotonic_ns() - began;
    job->error.status = status;
    pthread_mutex_lock(&store->queue_mutex);
    if (status == STATUS_OK) {
        store->stats.commits++;
        store->stats.ops += ops;
        store->stats.bytes += size;
        store->stats.commit_ns_last = took;
    } else {
        store->failure = job->error;
    }
    pthread_mutex_unlock(&store->queue_mutex);
    loop_post(store->loop, &job->message);
    if (status == STATUS_OK) {
        writer_checkpoint(store);
        look_for_room(store);
    }
    pthread_mutex_unlock(&store->db_mutex);
}

static void *writer_main(void *argument)
{
    struct task_store *store = argument;
    pthread_mutex_lock(&store->queue_mutex);
    for (;;) {
        while (list_empty(&store->queue) && !store->stop)
            pthread_cond_wait(&store->queue_filled, &store->queue_mutex);
        if (store->stop)
            break;
        struct store_job *job = CONTAINER_OF(list_pop_front(&store->queue), struct store_job, in_queue);
        struct err failure = store->failure;
        pthread_mutex_unlock(&store->queue_mutex);
        writer_perform(store, job, failure);
        pthread_mutex_lock(&store->queue_mutex);
    }
    pthread_mutex_unlock(&store->queue_mutex);
    return NULL;
}

static void job_destroy(struct store_job *job)
{
    write_set_destroy(job->set);
    free(job);
}

static void job_report(struct loop_message *m)
{
    struct store_job *job = CONTAINER_OF(m, struct store_job, message);
    if (job->store) {
        list_remove(&job->in_reported);
        job->on_done(job->context, job->set->sequence, job->error.status,
                     job->error.status == STATUS_OK ? NULL : job->error.text);
    }
    job_destroy(job);
}

void task_store_submit(struct task_store *store, struct write_set *set,
                       void (*on_done)(void *context, uint64_t sequence, enum status status,
                                       const char *text),
                       void *context)
{
    struct store_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct store_job){
        .message.on_run = job_report, .store = store, .set = set, .on_done = on_done, .context = context};
    list_push_back(&store->unreported, &job->in_reported);
    pthread_mutex_lock(&store->queue_mutex);
    list_push_back(&store->queue, &job->in_queue);
    pthread_cond_signal(&store->queue_filled);
    pthread_mutex_unlock(&store->queue_mutex);
}

bool task_store_busy(const struct task_store *store)
{
    return !list_empty(&store->unreported);
}

/* A small write, durable, that changes nothing else. */
static enum status probe(struct task_store *store, struct err *err)
{
    int64_t count = 0;
    db_rollback(store->writer);
    enum status status = store_lock_check(&store->lock, store->shown, err);
    if (status == STATUS_OK)
        status = db_begin(store->writer, err);
    if (status == STATUS_OK)
        status = task_meta_get(store->writer, TASK_META_RECOVERIES, &count, err);
    if (status == STATUS_OK)
        status = task_meta_get(store->writer, TASK_META_KEY_NEXT, &store->key_next, err);
    if (status == STATUS_OK)
        status = task_meta_put(store->writer, TASK_META_RECOVERIES, count + 1, err);
    if (status == STATUS_OK)
        status = db_commit(store->writer, err);
    if (status != STATUS_OK)
        db_rollback(store->writer);
    return status;
}

STATUS_RESULT task_store_recover(struct task_store *store, struct err *err)
{
    ASSERT(!task_store_busy(store));
    pthread_mutex_lock(&store->db_mutex);
    enum status status = probe(store, err);
    bool spent = status == STATUS_RESOURCE_EXHAUSTED && store_reserve_spend(store->path);
    if (spent)
        status = probe(store, err);
    pthread_mutex_unlock(&store->db_mutex);

    pthread_mutex_lock(&store->queue_mutex);
    store->low |= spent;
    if (status == STATUS_OK)
        store->failure = (struct err){0};
    pthread_mutex_unlock(&store->queue_mutex);
    return status;
}

bool task_store_low(struct task_store *store)
{
    if (!is_low(store))
        return false;
    if (!store_reserve_make(store->path))
        return true;
    set_low(store, false);
    return false;
}

void task_store_stats(const struct task_store *store, struct task_store_stats *ret_stats)
{
    struct task_store *mutable = (struct task_store *)store;
    pthread_mutex_lock(&mutable->queue_mutex);
    *ret_stats = store->stats;
    ret_stats->failed = store->failure.status != STATUS_OK;
    pthread_mutex_unlock(&mutable->queue_mutex);
}

/* --- the thread --- */

/* Signals belong to the loop's thread. */
STATUS_RESULT task_writer_start(struct task_store *store, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&store->writer_thread, NULL, writer_main, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    store->writer_running = code == 0;
    return code == 0 ? STATUS_OK : err_set(err, STATUS_NO_MEMORY, "starting the writer: %s", strerror(code));
}

static void end_thread(struct task_store *store)
{
    if (!store->writer_running)
        return;
    pthread_mutex_lock(&store->queue_mutex);
    store->stop = true;
    pthread_cond_signal(&store->queue_filled);
    pthread_mutex_unlock(&store->queue_mutex);
    pthread_join(store->writer_thread, NULL);
}

/* Jobs still queued are ours; the others are in the loop's hands and free themselves there. */
static void drop_jobs(struct task_store *store)
{
    list_each_safe (it, &store->queue) {
        struct store_job *job = CONTAINER_OF(it, struct store_job, in_queue);
        list_remove(&job->in_queue);
        list_remove(&job->in_reported);
        job_destroy(job);
    }
    list_each_safe (it, &store->unreported) {
        list_remove(it);
        CONTAINER_OF(it, struct store_job, in_reported)->store = NULL;
    }
}

void task_writer_stop(struct task_store *store)
{
    end_thread(store);
    drop_jobs(store);
}
