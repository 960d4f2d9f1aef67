/* SPDX-License-Identifier: MIT */
/* task_store.c — opening, hubs, loading, point reads, and the thread that writes.
 *
 *   loop's thread ──set──► queue ──► writer thread: BEGIN, rows, COMMIT (syncs) ──loop_post──► on_done
 *
 * One set is one transaction. Group commit is made above: while a set is being written the engine collects
 * the next one, so the sync itself is the batching window. */
#include "store/task_store.h"

#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "os/clock.h"
#include "store/store_compact.h"
#include "store/store_lock.h"
#include "store/task_store_internal.h"

#define HUBS_MAX_DEFAULT 1000
#define HUB_NAME_MAX     100                 /* bytes */
#define CHECKPOINT_PAGES 4000                /* of 4 KiB; 16000 gave long tails (stack.md 2.6) */
#define LOAD_ARENA_MAX   ((size_t)512 << 20) /* bytes of one instance's payloads */
#define WRITER_CACHE_KIB 32768

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

struct task_store {
    /* loop's thread */
    struct loop *loop;
    char *path;
    struct store_lock lock; /* the writer only looks */
    size_t hubs_max;
    struct db *point; /* reads by id */
    struct task_reader *reader;
    struct list unreported; /* struct store_job: submitted, on_done not yet called */

    pthread_t writer_thread;
    bool writer_running;

    /* Lock 1: the writing connection. Held during a transaction. */
    pthread_mutex_t db_mutex;
    struct db *writer;
    int64_t key_next; /* as in TASK_META_KEY_NEXT */
    int checkpoint_pages;
    int checkpoint_at; /* pages of the log at which the next checkpoint is tried */

    /* Lock 2: the queue and what follows it. Never held during a call of SQLite. */
    pthread_mutex_t queue_mutex;
    pthread_cond_t queue_filled;
    struct list queue; /* struct store_job */
    bool stop;
    struct err failure; /* status OK: sets are accepted */
    struct task_store_stats stats;
};

/* --- the writer --- */

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
    if (status == STATUS_OK)
        writer_checkpoint(s);
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

STATUS_RESULT task_store_recover(struct task_store *s, struct err *e)
{
    ASSERT(!task_store_busy(s));
    pthread_mutex_lock(&s->db_mutex);
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
    pthread_mutex_unlock(&s->db_mutex);
    if (status != STATUS_OK)
        return status;
    pthread_mutex_lock(&s->queue_mutex);
    s->failure = (struct err){0};
    pthread_mutex_unlock(&s->queue_mutex);
    return STATUS_OK;
}

void task_store_stats(const struct task_store *s, struct task_store_stats *ret_stats)
{
    struct task_store *mutable = (struct task_store *)s;
    pthread_mutex_lock(&mutable->queue_mutex);
    *ret_stats = s->stats;
    ret_stats->failed = s->failure.status != STATUS_OK;
    pthread_mutex_unlock(&mutable->queue_mutex);
}

/* --- opening and closing --- */

static enum status store_open_writer(struct task_store *s, const struct db_options *options, struct err *e)
{
    enum status status = db_open(options, &s->writer, e);
    if (status == STATUS_OK)
        status = task_schema_upgrade(s->writer, task_schema_steps, task_schema_version, e);
    return status;
}

/* A store that is mostly empty is made small. Whatever hinders that, the store as it is serves as well. */
static enum status store_compact(struct task_store *s, const struct db_options *options, struct err *e)
{
    struct err hindrance = {0};
    struct store_sizes sizes;
    enum status status = store_compact_measure(s->writer, s->path, &sizes, &hindrance);
    if (status != STATUS_OK || !store_compact_is_worthwhile(&sizes))
        return STATUS_OK;

    status = store_compact_copy(s->writer, s->path, &hindrance);
    if (status == STATUS_OK) {
        db_close(s->writer);
        s->writer = NULL;
        status = store_compact_swap(s->path, &s->lock, &hindrance);
    }
    if (status == STATUS_OK) {
        s->stats.compacted_from = sizes.size;
        s->stats.compacted_to = sizes.size - sizes.free;
    } else {
        log_debug("store", "not compacted path=\"%s\" cause=\"%s\"", s->path, hindrance.text);
    }
    return s->writer ? STATUS_OK : store_open_writer(s, options, e);
}

static enum status store_open_connections(struct task_store *s, const struct task_store_options *o,
                                          struct err *e)
{
    struct db_options options = {.path = s->path,
                                 .vfs = o->vfs,
                                 .sync_off = o->sync_off,
                                 .cache_size_kib = WRITER_CACHE_KIB,
                                 .statements = task_statements,
                                 .statement_count = TASK_STATEMENT_COUNT};
    enum status status = store_open_writer(s, &options, e);
    if (status == STATUS_OK)
        status = store_compact(s, &options, e);
    if (status == STATUS_OK)
        status = task_meta_get(s->writer, TASK_META_KEY_NEXT, &s->key_next, e);
    if (status != STATUS_OK)
        return err_wrap(e, "%s", s->path);
    options.read_only = true;
    options.cache_size_kib = 0;
    status = db_open(&options, &s->point, e);
    if (status == STATUS_OK)
        status = task_reader_create(&options, s->loop, &s->reader, e);
    return status;
}

/* Signals belong to the loop's thread. */
static enum status store_start_writer(struct task_store *s, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&s->writer_thread, NULL, writer_main, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    s->writer_running = code == 0;
    return code == 0 ? STATUS_OK : err_set(e, STATUS_NO_MEMORY, "starting the writer: %s", strerror(code));
}

STATUS_RESULT task_store_open(const struct task_store_options *o, struct loop *l,
                              struct task_store **ret_store, struct err *e)
{
    struct task_store *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, STATUS_NO_MEMORY, "opening the store: out of memory");
    s->loop = l;
    s->lock = STORE_LOCK_NONE;
    s->hubs_max = o->hubs_max ? o->hubs_max : HUBS_MAX_DEFAULT;
    s->checkpoint_pages = o->checkpoint_pages ? o->checkpoint_pages : CHECKPOINT_PAGES;
    s->checkpoint_at = s->checkpoint_pages;
    list_init(&s->unreported);
    list_init(&s->queue);
    pthread_mutex_init(&s->db_mutex, NULL);
    pthread_mutex_init(&s->queue_mutex, NULL);
    pthread_cond_init(&s->queue_filled, NULL);
    s->path = strdup(o->path);
    enum status status = s->path ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = store_lock_take(s->path, &s->lock, e);
    if (status == STATUS_OK)
        status = store_open_connections(s, o, e);
    if (status == STATUS_OK)
        status = store_start_writer(s, e);
    if (status != STATUS_OK) {
        task_store_close(s);
        return status;
    }
    *ret_store = s;
    return STATUS_OK;
}

static void store_stop_writer(struct task_store *s)
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
static void store_drop_jobs(struct task_store *s)
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

void task_store_close(struct task_store *s)
{
    if (!s)
        return;
    store_stop_writer(s);
    store_drop_jobs(s);
    task_reader_destroy(s->reader);
    db_close(s->point);
    struct err e = {0};
    if (s->writer && db_checkpoint(s->writer, true, &e) != STATUS_OK)
        log_debug("store", "checkpoint failed error=\"%s\"", e.text);
    db_close(s->writer);
    store_lock_release(&s->lock);
    pthread_cond_destroy(&s->queue_filled);
    pthread_mutex_destroy(&s->queue_mutex);
    pthread_mutex_destroy(&s->db_mutex);
    free(s->path);
    free(s);
}

/* --- hubs --- */

static enum status hub_find(struct db *d, struct bytes folded, uint32_t *ret_hub, struct err *e)
{
    bool row = false;
    db_bind_bytes(d, TASK_HUB_GET, 1, folded);
    enum status status = db_next(d, TASK_HUB_GET, &row, e);
    if (status != STATUS_OK)
        return status;
    if (!row)
        return err_set(e, STATUS_NOT_FOUND, "Task hub not found: %.*s", BYTES_FMT(folded));
    *ret_hub = (uint32_t)db_column_i64(d, TASK_HUB_GET, 0);
    db_done(d, TASK_HUB_GET);
    return STATUS_OK;
}

static enum status hub_count(struct db *d, int64_t *ret_count, int64_t *ret_last, struct err *e)
{
    *ret_count = *ret_last = 0;
    for (;;) {
        bool row = false;
        enum status status = db_next(d, TASK_HUB_ALL, &row, e);
        if (status != STATUS_OK || !row)
            return status;
        *ret_last = db_column_i64(d, TASK_HUB_ALL, 0);
        ++*ret_count;
    }
}

static enum status hub_create(struct task_store *s, struct bytes name, struct bytes folded, uint32_t *ret_hub,
                              struct err *e)
{
    int64_t count = 0, last = 0;
    pthread_mutex_lock(&s->queue_mutex);
    struct err failure = s->failure;
    pthread_mutex_unlock(&s->queue_mutex);
    if (failure.status != STATUS_OK)
        return err_set(e, failure.status, "%s", failure.text);
    pthread_mutex_lock(&s->db_mutex);
    enum status status = store_lock_check(&s->lock, s->path, e);
    if (status == STATUS_OK)
        status = db_begin(s->writer, e);
    if (status == STATUS_OK)
        status = hub_count(s->writer, &count, &last, e);
    if (status == STATUS_OK && (size_t)count >= s->hubs_max)
        status = err_set(e, STATUS_RESOURCE_EXHAUSTED, "there are already %lld task hubs", (long long)count);
    if (status == STATUS_OK) {
        db_bind_i64(s->writer, TASK_HUB_ADD, 1, last + 1);
        db_bind_bytes(s->writer, TASK_HUB_ADD, 2, name);
        db_bind_bytes(s->writer, TASK_HUB_ADD, 3, folded);
        status = db_run(s->writer, TASK_HUB_ADD, e);
    }
    if (status == STATUS_OK)
        status = db_commit(s->writer, e);
    if (status == STATUS_OK)
        *ret_hub = (uint32_t)(last + 1);
    else
        db_rollback(s->writer);
    pthread_mutex_unlock(&s->db_mutex);
    return status;
}

STATUS_RESULT task_store_hub(struct task_store *s, struct bytes name, bool create, uint32_t *ret_hub,
                             struct err *e)
{
    uint8_t folded[HUB_NAME_MAX];
    if (name.size == 0 || name.size > sizeof folded)
        return err_set(e, STATUS_INVALID_ARGUMENT, "a task hub's name has 1 to %d characters", HUB_NAME_MAX);
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= 0x20 || name.data[i] >= 0x7f)
            return err_set(e, STATUS_INVALID_ARGUMENT, "a task hub's name is printable ASCII without blanks");
        folded[i] = ascii_lower(name.data[i]);
    }
    enum status status = hub_find(s->point, bytes_of(folded, name.size), ret_hub, e);
    if (status != STATUS_NOT_FOUND)
        return status;
    if (!create)
        return err_set(e, STATUS_NOT_FOUND, "Task hub not found: %.*s", BYTES_FMT(name));
    return hub_create(s, name, bytes_of(folded, name.size), ret_hub, e);
}

/* --- reading on the loop's thread --- */

static enum status load_hubs(struct task_store *s, const struct task_store_loader *l, struct err *e)
{
    bool row = false;
    enum status status = STATUS_OK;
    while ((status = db_next(s->point, TASK_HUB_ALL, &row, e)) == STATUS_OK && row) {
        status = l->on_hub(l->context, (uint32_t)db_column_i64(s->point, TASK_HUB_ALL, 0),
                           db_column_bytes(s->point, TASK_HUB_ALL, 1));
        if (status != STATUS_OK) {
            db_done(s->point, TASK_HUB_ALL);
            return err_set(e, status, "loading a hub");
        }
    }
    return status;
}

static enum status load_instances(struct task_store *s, enum task_statement statement,
                                  const struct task_store_loader *l, struct err *e)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, LOAD_ARENA_MAX);
    for (;;) {
        bool more = false;
        enum status status = db_next(s->point, statement, &more, e);
        if (status != STATUS_OK || !more)
            return status;
        struct instance_row row;
        struct payload payloads[PAYLOAD_KIND_COUNT];
        task_row_instance(s->point, statement, &row);
        arena_reset(&arena);
        status = task_row_payloads(s->point, row.key, 0, PAYLOAD_KIND_COUNT - 1, &arena, payloads, e);
        if (status == STATUS_OK) {
            status = l->on_instance(l->context, &row, payloads);
            if (status != STATUS_OK)
                (void)err_set(e, status, "loading an instance");
        }
        if (status != STATUS_OK) {
            db_done(s->point, statement);
            return status;
        }
    }
}

static enum status load_inbox(struct task_store *s, const struct task_store_loader *l, struct err *e)
{
    bool more = false;
    enum status status = STATUS_OK;
    struct db *d = s->point;
    while ((status = db_next(d, TASK_INBOX_ALL, &more, e)) == STATUS_OK && more) {
        struct inbox_row row = {.key = db_column_i64(d, TASK_INBOX_ALL, 0),
                                .sequence = db_column_i64(d, TASK_INBOX_ALL, 1),
                                .visible_ns = db_column_i64(d, TASK_INBOX_ALL, 2),
                                .event = db_column_bytes(d, TASK_INBOX_ALL, 3),
                                .execution_id = db_column_bytes(d, TASK_INBOX_ALL, 4)};
        status = l->on_inbox(l->context, &row);
        if (status != STATUS_OK) {
            db_done(d, TASK_INBOX_ALL);
            return err_set(e, status, "loading an inbox event");
        }
    }
    return status;
}

static enum status load_activities(struct task_store *s, const struct task_store_loader *l, struct err *e)
{
    bool more = false;
    enum status status = STATUS_OK;
    struct db *d = s->point;
    while ((status = db_next(d, TASK_ACTIVITY_ALL, &more, e)) == STATUS_OK && more) {
        struct activity_row row = {.key = db_column_i64(d, TASK_ACTIVITY_ALL, 0),
                                   .ordinal = db_column_i64(d, TASK_ACTIVITY_ALL, 1),
                                   .request = db_column_bytes(d, TASK_ACTIVITY_ALL, 2)};
        status = l->on_activity(l->context, &row);
        if (status != STATUS_OK) {
            db_done(d, TASK_ACTIVITY_ALL);
            return err_set(e, status, "loading an activity");
        }
    }
    return status;
}

STATUS_RESULT task_store_load(struct task_store *s, const struct task_store_loader *loader,
                              int64_t *ret_key_next, struct err *e)
{
    ASSERT(!task_store_busy(s));
    int64_t key_next = 0;
    enum status status = load_hubs(s, loader, e);
    if (status == STATUS_OK)
        status = load_instances(s, TASK_INSTANCE_LIVE, loader, e);
    if (status == STATUS_OK)
        status = load_instances(s, TASK_INSTANCE_PARTING, loader, e);
    if (status == STATUS_OK)
        status = load_inbox(s, loader, e);
    if (status == STATUS_OK)
        status = load_activities(s, loader, e);
    if (status == STATUS_OK)
        status = task_meta_get(s->point, TASK_META_KEY_NEXT, &key_next, e);
    if (status == STATUS_OK)
        *ret_key_next = MAX(key_next, 1);
    return status;
}

STATUS_RESULT task_store_read_instance(struct task_store *s, uint32_t hub, struct bytes instance_id,
                                       struct arena *a, struct instance_row *ret_row,
                                       struct payload *ret_payloads, struct err *e)
{
    bool found = false;
    struct instance_row row;
    db_bind_i64(s->point, TASK_INSTANCE_GET, 1, hub);
    db_bind_bytes(s->point, TASK_INSTANCE_GET, 2, instance_id);
    enum status status = db_next(s->point, TASK_INSTANCE_GET, &found, e);
    if (status != STATUS_OK)
        return status;
    if (!found)
        return err_set(e, STATUS_NOT_FOUND, "no such instance");
    task_row_instance(s->point, TASK_INSTANCE_GET, &row);
    status = task_row_copy(a, &row, &row);
    db_done(s->point, TASK_INSTANCE_GET);
    if (status != STATUS_OK)
        return err_set(e, status, "reading an instance: out of memory");
    status = task_row_payloads(s->point, row.key, 0, PAYLOAD_KIND_COUNT - 1, a, ret_payloads, e);
    if (status == STATUS_OK)
        *ret_row = row;
    return status;
}

STATUS_RESULT task_store_read_history(struct task_store *s, int64_t key, struct buf *out, struct err *e)
{
    bool more = false;
    enum status status = STATUS_OK;
    db_bind_i64(s->point, TASK_HISTORY_GET, 1, key);
    while ((status = db_next(s->point, TASK_HISTORY_GET, &more, e)) == STATUS_OK && more)
        buf_append_bytes(out, db_column_bytes(s->point, TASK_HISTORY_GET, 0));
    if (status == STATUS_OK && buf_status(out) != STATUS_OK)
        return err_set(e, buf_status(out), "a history is over the limit of its buffer");
    return status;
}

void task_store_query(struct task_store *s, const struct task_store_query *q,
                      void (*on_done)(void *context, enum status status, const char *text,
                                      const struct task_store_page *page),
                      void *context)
{
    task_reader_submit(s->reader, q, on_done, context);
}
