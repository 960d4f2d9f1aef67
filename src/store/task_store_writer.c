/* SPDX-License-Identifier: MIT */
/* task_store_writer.c — the thread that writes.
 *
 *   loop's thread ──set──► queue ──► writer thread: BEGIN, rows, COMMIT (syncs) ──loop_post──► on_done
 *
 * One set is one transaction. Group commit is made above: while a set is being written the engine collects
 * the next one, so the sync itself is the batching window. */
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "store/store_reserve.h"
#include "store/task_store_internal.h"

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

static enum status writer_transaction(struct task_store *s, const struct write_set *w, struct err *e)
{
    enum status status = store_lock_check(&s->lock, s->path, e);
    if (status == STATUS_OK)
        status = db_begin(s->writer, e);
    if (status == STATUS_OK)
        status = task_rows_apply(s->writer, w, &s->key_next, e);
    if (status == STATUS_OK)
        status = db_commit(s->writer, e);
    if (status != STATUS_OK)
        db_rollback(s->writer);
    return status;
}

/* After a checkpoint of the whole log the next commit begins the log anew, and the mark falls back. If
 * readers kept it from that, the next try comes one log's length later. Failing is harmless: the log holds
 * everything.
 */
static void writer_checkpoint(struct task_store *s)
{
    int pages = db_wal_pages(s->writer);
    if (pages < s->checkpoint_pages)
        s->checkpoint_at = s->checkpoint_pages;
    if (pages < s->checkpoint_at)
        return;
    struct err e = {0};
    if (db_checkpoint(s->writer, false, &e) != STATUS_OK)
        log_debug("store", "checkpoint failed error=\"%s\"", e.text);
    s->checkpoint_at = pages + s->checkpoint_pages;
}

static bool is_low(struct task_store *s)
{
    pthread_mutex_lock(&s->queue_mutex);
    bool low = s->low;
    pthread_mutex_unlock(&s->queue_mutex);
    return low;
}

static void set_low(struct task_store *s, bool low)
{
    pthread_mutex_lock(&s->queue_mutex);
    s->low = low;
    pthread_mutex_unlock(&s->queue_mutex);
}

/* What a purge has freed within the file is as good as a reserve. */
static void look_for_room(struct task_store *s)
{
    int64_t free_pages = 0;
    int64_t page_size = 0;
    if (!is_low(s) || db_pragma(s->writer, "freelist_count", &free_pages, NULL) != STATUS_OK ||
        db_pragma(s->writer, "page_size", &page_size, NULL) != STATUS_OK)
        return;
    if (free_pages * page_size >= 2 * STORE_RESERVE_SIZE)
        set_low(s, false);
}

static void writer_perform(struct task_store *s, struct store_job *job, struct err failure)
{
    if (failure.status != STATUS_OK) {
        job->error = failure;
        loop_post(s->loop, &job->message);
        return;
    }
    size_t ops = job->set->op_count, size = job->set->size;
    pthread_mutex_lock(&s->db_mutex);
    int64_t began = clock_monotonic_ns();
    enum status status = writer_transaction(s, job->set, &job->error);
    int64_t took = clock_monotonic_ns() - began;
    job->error.status = status;
    pthread_mutex_lock(&s->queue_mutex);
    if (status == STATUS_OK) {
        s->stats.commits++;
        s->stats.ops += ops;
        s->stats.bytes += size;
        s->stats.commit_ns_last = took;
    } else {
        s->failure = job->error;
    }
    pthread_mutex_unlock(&s->queue_mutex);
    loop_post(s->loop, &job->message);
    if (status == STATUS_OK) {
        writer_checkpoint(s);
        look_for_room(s);
    }
    pthread_mutex_unlock(&s->db_mutex);
}

static void *writer_main(void *argument)
{
    struct task_store *s = argument;
    pthread_mutex_lock(&s->queue_mutex);
    for (;;) {
        while (list_empty(&s->queue) && !s->stop)
            pthread_cond_wait(&s->queue_filled, &s->queue_mutex);
        if (s->stop)
            break;
        struct store_job *job = CONTAINER_OF(list_pop_front(&s->queue), struct store_job, in_queue);
        struct err failure = s->failure;
        pthread_mutex_unlock(&s->queue_mutex);
        writer_perform(s, job, failure);
        pthread_mutex_lock(&s->queue_mutex);
    }
    pthread_mutex_unlock(&s->queue_mutex);
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

void task_store_submit(struct task_store *s, struct write_set *w,
                       void (*on_done)(void *context, uint64_t sequence, enum status status,
                                       const char *text),
                       void *context)
{
    struct store_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct store_job){
        .message.on_run = job_report, .store = s, .set = w, .on_done = on_done, .context = context};
    list_push_back(&s->unreported, &job->in_reported);
    pthread_mutex_lock(&s->queue_mutex);
    list_push_back(&s->queue, &job->in_queue);
    pthread_cond_signal(&s->queue_filled);
    pthread_mutex_unlock(&s->queue_mutex);
}

bool task_store_busy(const struct task_store *s)
{
    return !list_empty(&s->unreported);
}

/* A small write, durable, that changes nothing else. */
static enum status probe(struct task_store *s, struct err *e)
{
    int64_t count = 0;
    db_rollback(s->writer);
    enum status status = store_lock_check(&s->lock, s->path, e);
    if (status == STATUS_OK)
        status = db_begin(s->writer, e);
    if (status == STATUS_OK)
        status = task_meta_get(s->writer, TASK_META_RECOVERIES, &count, e);
    if (status == STATUS_OK)
        status = task_meta_get(s->writer, TASK_META_KEY_NEXT, &s->key_next, e);
    if (status == STATUS_OK)
        status = task_meta_put(s->writer, TASK_META_RECOVERIES, count + 1, e);
    if (status == STATUS_OK)
        status = db_commit(s->writer, e);
    if (status != STATUS_OK)
        db_rollback(s->writer);
    return status;
}

STATUS_RESULT task_store_recover(struct task_store *s, struct err *e)
{
    ASSERT(!task_store_busy(s));
    pthread_mutex_lock(&s->db_mutex);
    enum status status = probe(s, e);
    bool spent = status == STATUS_RESOURCE_EXHAUSTED && store_reserve_spend(s->path);
    if (spent)
        status = probe(s, e);
    pthread_mutex_unlock(&s->db_mutex);

    pthread_mutex_lock(&s->queue_mutex);
    s->low |= spent;
    if (status == STATUS_OK)
        s->failure = (struct err){0};
    pthread_mutex_unlock(&s->queue_mutex);
    return status;
}

bool task_store_low(struct task_store *s)
{
    if (!is_low(s))
        return false;
    if (!store_reserve_make(s->path))
        return true;
    set_low(s, false);
    return false;
}

void task_store_stats(const struct task_store *s, struct task_store_stats *ret_stats)
{
    struct task_store *mutable = (struct task_store *)s;
    pthread_mutex_lock(&mutable->queue_mutex);
    *ret_stats = s->stats;
    ret_stats->failed = s->failure.status != STATUS_OK;
    pthread_mutex_unlock(&mutable->queue_mutex);
}

/* --- the thread --- */

/* Signals belong to the loop's thread. */
STATUS_RESULT task_writer_start(struct task_store *s, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&s->writer_thread, NULL, writer_main, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    s->writer_running = code == 0;
    return code == 0 ? STATUS_OK : err_set(e, STATUS_NO_MEMORY, "starting the writer: %s", strerror(code));
}

static void end_thread(struct task_store *s)
{
    if (!s->writer_running)
        return;
    pthread_mutex_lock(&s->queue_mutex);
    s->stop = true;
    pthread_cond_signal(&s->queue_filled);
    pthread_mutex_unlock(&s->queue_mutex);
    pthread_join(s->writer_thread, NULL);
}

/* Jobs still queued are ours; the others are in the loop's hands and free themselves there. */
static void drop_jobs(struct task_store *s)
{
    list_each_safe (it, &s->queue) {
        struct store_job *job = CONTAINER_OF(it, struct store_job, in_queue);
        list_remove(&job->in_queue);
        list_remove(&job->in_reported);
        job_destroy(job);
    }
    list_each_safe (it, &s->unreported) {
        list_remove(it);
        CONTAINER_OF(it, struct store_job, in_reported)->store = NULL;
    }
}

void task_writer_stop(struct task_store *s)
{
    end_thread(s);
    drop_jobs(s);
}
