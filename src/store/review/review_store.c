/* SPDX-License-Identifier: MIT */
/* review_store.c — the book's place in the audit log's file, and jobs in it. */
#include "store/review/review_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/no_memory.h"
#include "os/clock.h"
#include "store/review/review_store_internal.h"
#include "store/sqlite/store_worker.h"

/* --- the name --- */

static enum status read_name(struct review_store *store, struct err *err)
{
    size_t get = store->first + NAME_GET, put = store->first + NAME_PUT;
    bool there = false;
    enum status status = sqlite_next(store->db, get, &there, err);
    if (status == STATUS_OK && there)
        (void)snprintf(store->name, sizeof store->name, "%.*s",
                       BYTES_FMT(sqlite_column_bytes(store->db, get, 0)));
    sqlite_done(store->db, get);
    if (status != STATUS_OK || there)
        return status;
    uint64_t random[2];
    entropy_fill(random, sizeof random);
    (void)snprintf(store->name, sizeof store->name, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
    sqlite_bind_bytes(store->db, put, 1, bytes_of_cstr(store->name));
    return sqlite_run(store->db, put, err);
}

/* A server whose policy cannot be read must not decide by another one. */
static enum status read_policy(struct review_store *store, struct err *err)
{
    struct review_book book = {.store = store, .db = store->db, .first = store->first};
    const struct policy_in_force *policy;
    return review_policy_in_force(&book, &policy, err);
}

static enum status begin_counting(struct review_store *store, struct err *err)
{
    struct review_book book = {.store = store, .db = store->db, .first = store->first};
    return review_rules_begin(&book, clock_unix_ns(), err);
}

static void release(struct review_store *store)
{
    store_worker_stop(store->beside);
    store_worker_stop(store->reader);
    sqlite_close(store->reader_db);
    review_policy_forget(&store->policy);
    free(store);
}

/* ORDER: the book joins the audit log's database before it reads from it. */
enum status review_store_open(struct loop *loop, struct audit_log *log, const char *folder, int64_t keep_ns,
                              struct review_store **ret_store, struct err *err)
{
    static const struct store_worker_options beside = {.name = "thread for files of requests"},
                                             reader = {.name = "thread for lists of requests"};
    struct review_store *store = calloc(1, sizeof *store);
    if (!store)
        return err_no_memory(err);
    store->loop = loop;
    store->log = log;
    store->keep_ns = keep_ns;
    bool fits = (size_t)snprintf(store->blobs.folder, sizeof store->blobs.folder, "%s", folder) <
                sizeof store->blobs.folder;
    enum status status =
        fits ? STATUS_OK : err_set(err, STATUS_INVALID_ARGUMENT, "the data folder's path is too long");
    if (status == STATUS_OK)
        status = audit_log_join(log, &review_schema, review_statements, REVIEW_STATEMENTS, &store->db,
                                &store->first, err);
    if (status == STATUS_OK)
        status = read_name(store, err);
    if (status == STATUS_OK)
        status = read_policy(store, err);
    if (status == STATUS_OK)
        status = begin_counting(store, err);
    if (status == STATUS_OK)
        status = audit_log_open_reader(log, review_statements, REVIEW_STATEMENTS, &store->reader_db, err);
    if (status == STATUS_OK)
        status = store_worker_start(loop, &beside, &store->beside, err);
    if (status == STATUS_OK)
        status = store_worker_start(loop, &reader, &store->reader, err);
    if (status != STATUS_OK) {
        release(store);
        return status;
    }
    review_blob_forget_drafts(&store->blobs);
    review_sweeper_start(store);
    *ret_store = store;
    return STATUS_OK;
}

/* ORDER: first nothing new begins, then all that runs ends, then the thread; only then is the store nobody's. */
void review_store_close(struct review_store *store)
{
    if (!store)
        return;
    review_sweeper_halt(store);
    review_store_settle(store);
    release(store);
}

struct review_blobs *review_store_blobs(struct review_store *store)
{
    return &store->blobs;
}

const char *review_store_name(const struct review_store *store)
{
    return store->name;
}

void review_store_on_events(struct review_store *store,
                            void (*on_events)(void *context, const struct review_news *news), void *context)
{
    struct review_listener *place = NULL;
    for (size_t i = 0; i < REVIEW_LISTENERS; i++) {
        struct review_listener *listener = &store->listeners[i];
        bool is_own = listener->on_events && listener->context == context;
        if (is_own || (!place && !listener->on_events))
            place = listener;
        if (is_own)
            break;
    }
    ASSERT(place || !on_events);
    if (place)
        *place = (struct review_listener){.on_events = on_events, .context = on_events ? context : NULL};
}

void review_store_on_deliveries(struct review_store *store, void (*on_deliveries)(void *context),
                                void *context)
{
    store->on_deliveries = on_deliveries;
    store->on_deliveries_context = context;
}

/* --- jobs --- */

/* INVARIANT: events count only if the job's part of the transaction stands. A batch may be tried again, with less
 * in it or with the room of the reserve. */
static enum status perform(struct audit_work *work, struct audit_scribe *scribe, struct err *err)
{
    struct review_job *job = CONTAINER_OF(work, struct review_job, work);
    struct review_book book = {
        .store = job->store, .scribe = scribe, .db = job->store->db, .first = job->store->first};
    enum status status = job->perform(job, &book, err);
    job->news = status == STATUS_OK ? book.news : (struct review_news){0};
    job->has_deliveries = status == STATUS_OK && book.has_deliveries;
    return status;
}

static void tell_events(struct review_store *store, const struct review_news *news)
{
    bool is_new = news->last_event > 0 || news->has_duties;
    for (size_t i = 0; is_new && i < REVIEW_LISTENERS; i++)
        if (store->listeners[i].on_events)
            store->listeners[i].on_events(store->listeners[i].context, news);
}

static void tell_deliveries(struct review_store *store, bool has_deliveries)
{
    if (has_deliveries && store->on_deliveries)
        store->on_deliveries(store->on_deliveries_context);
}

/* ORDER: who asked comes first, then who follows events. Nobody hears of an event before the one who caused it has
 * the answer. */
static void on_done(struct audit_work *work, enum status status, const struct err *err)
{
    struct review_job *job = CONTAINER_OF(work, struct review_job, work);
    struct review_store *store = job->store;
    const struct review_news news = status == STATUS_OK ? job->news : (struct review_news){0};
    bool has_deliveries = status == STATUS_OK && job->has_deliveries;
    job->on_done(job, status, err); /* it may be gone afterwards */
    tell_events(store, &news);
    tell_deliveries(store, has_deliveries);
}

static void prepare(struct review_store *store, struct review_job *job)
{
    job->store = store;
    job->news = (struct review_news){0};
    job->has_deliveries = false;
    job->work = (struct audit_work){
        .perform = perform, .on_done = on_done, .reads_only = job->reads_only, .new_work = job->new_work};
}

void review_store_run(struct review_store *store, struct review_job *job)
{
    prepare(store, job);
    audit_log_perform(store->log, &job->work);
}

void review_store_settle(struct review_store *store)
{
    do { /* the end of one may begin another */
        store_worker_wait(store->beside);
        store_worker_wait(store->reader);
        audit_log_settle(store->log);
    } while (store_worker_open(store->beside) + store_worker_open(store->reader) > 0);
}

/* --- beside the book, and readers of it --- */

struct beside_job {
    struct store_job job; /* first */
    struct review_job *review;
    bool reads_book;
    enum status status;
    struct err err;
};

/* Of one moment, however many rows it looks at. */
static enum status read_book(struct review_store *store, struct review_job *job, struct err *err)
{
    struct review_book book = {.store = store, .db = store->reader_db};
    enum status status = sqlite_begin_reading(store->reader_db, err);
    if (status == STATUS_OK)
        status = job->perform(job, &book, err);
    sqlite_rollback(store->reader_db);
    return status;
}

static void beside_perform(struct store_job *job)
{
    struct beside_job *beside = CONTAINER_OF(job, struct beside_job, job);
    struct review_job *review = beside->review;
    beside->status = beside->reads_book ? read_book(review->store, review, &beside->err)
                                        : review->perform(review, NULL, &beside->err);
}

static void beside_report(struct store_job *job)
{
    const struct beside_job *beside = CONTAINER_OF(job, struct beside_job, job);
    beside->review->on_done(beside->review, beside->status, &beside->err);
}

static void beside_destroy(struct store_job *job)
{
    free(CONTAINER_OF(job, struct beside_job, job));
}

/* In a later turn, as every other end of a job. */
static void on_no_memory(struct audit_work *work, enum status status, const struct err *err)
{
    const struct err fault = {.status = STATUS_NO_MEMORY, .text = ERR_NO_MEMORY};
    struct review_job *job = CONTAINER_OF(work, struct review_job, work);
    job->on_done(job, STATUS_NO_MEMORY, &fault);
}

static enum status perform_nothing(struct audit_work *work, struct audit_scribe *scribe, struct err *err)
{
    return STATUS_OK;
}

static void run_on(struct review_store *store, struct store_worker *thread, struct review_job *job)
{
    struct beside_job *beside = calloc(1, sizeof *beside);
    job->store = store;
    if (!beside) {
        job->work =
            (struct audit_work){.perform = perform_nothing, .on_done = on_no_memory, .reads_only = true};
        audit_log_perform(store->log, &job->work);
        return;
    }
    beside->job =
        (struct store_job){.perform = beside_perform, .report = beside_report, .destroy = beside_destroy};
    list_init(&beside->job.link);
    beside->review = job;
    beside->reads_book = thread == store->reader;
    store_worker_submit(thread, &beside->job);
}

void review_store_run_beside(struct review_store *store, struct review_job *job)
{
    run_on(store, store->beside, job);
}

void review_store_read(struct review_store *store, struct review_job *job)
{
    run_on(store, store->reader, job);
}

/* On the loop's thread, while the other thread stands still. */
static void on_waited(struct review_job *job, enum status status, const struct err *err)
{
}

enum status review_store_run_wait(struct review_store *store, struct review_job *job, struct err *err)
{
    job->on_done = on_waited;
    prepare(store, job);
    return audit_log_perform_wait(store->log, &job->work, err);
}
