/* SPDX-License-Identifier: MIT */
/* audit_batch.c — all works that wait, as one transaction on the thread that writes.
 *
 * Each work is a savepoint: one that fails is taken back alone, with its entries, and the chain goes on behind the entry
 * before. When the disk fails, none of them counts. */
#include "store/audit/audit_log_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "store/sqlite/store_reserve.h"

#define AREA "store/audit"

struct audit_batch {
    struct store_job job; /* first */
    struct audit_log *log;
    struct list works;
    size_t count;
};

struct audit_scribe {
    struct audit_log *log;
    struct audit_chain chain; /* behind the last entry of the transaction */
};

/* --- on the thread --- */

enum status audit_scribe_append(struct audit_scribe *scribe, const struct audit_entry *entry, struct err *err)
{
    CLEANUP(buf_fini) struct buf line = {.limit = AUDIT_LINE_MAX + 1};
    struct audit_chain chain = scribe->chain;
    enum status status = audit_chain_write(&chain, entry, &line, err);
    if (status != STATUS_OK)
        return status;
    const struct audit_row row = {
        .seq = chain.seq, .object = bytes_of_cstr(entry->object), .line = buf_peek(&line)};
    status = audit_file_put(scribe->log->file, &row, err);
    if (status == STATUS_OK)
        scribe->chain = chain;
    return status;
}

/* What no savepoint helps against. */
static bool of_the_disk(enum status status)
{
    return status == STATUS_RESOURCE_EXHAUSTED || status == STATUS_IO || status == STATUS_DATA_LOSS;
}

/* Fails only when the transaction must. */
static enum status perform(struct db *db, struct audit_scribe *scribe, struct audit_work *work,
                           struct err *err)
{
    const struct audit_chain before = scribe->chain;
    work->err = (struct err){0};
    enum status status = sqlite_part_begin(db, err);
    if (status != STATUS_OK)
        return status;
    work->status = work->perform(work, scribe, &work->err);
    if (of_the_disk(work->status)) {
        *err = work->err;
        return work->status;
    }
    if (work->status != STATUS_OK) {
        scribe->chain = before;
        status = sqlite_part_undo(db, err);
    }
    if (status != STATUS_OK)
        return status;
    return sqlite_part_end(db, err);
}

struct works_run {
    struct audit_batch *batch;
    bool refuse_new;
    struct audit_scribe scribe;
};

static enum status perform_all(struct db *db, void *context, struct err *err)
{
    struct works_run *run = context;
    enum status status = STATUS_OK;
    run->scribe = (struct audit_scribe){.log = run->batch->log, .chain = run->batch->log->chain};
    list_each (link, &run->batch->works) {
        struct audit_work *work = CONTAINER_OF(link, struct audit_work, link);
        if (run->refuse_new && work->new_work)
            work->status = err_set(&work->err, STATUS_RESOURCE_EXHAUSTED,
                                   "disk full, or nearly full: what is there already goes on");
        else
            status = perform(db, &run->scribe, work, err);
        if (status != STATUS_OK)
            return status;
    }
    return status;
}

/* Without new work when there is no room for all; then with the room of the reserve, which is made again once there is. */
static enum status transact_at_last(struct works_run *run, struct err *err)
{
    struct audit_log *log = run->batch->log;
    run->refuse_new = log->reserve_spent;
    enum status status = audit_file_transact(log->file, perform_all, run, err);
    if (status == STATUS_RESOURCE_EXHAUSTED && !run->refuse_new) {
        run->refuse_new = true;
        log_warn(AREA, "new work is refused cause=\"%s\"", err->text);
        *err = (struct err){0};
        status = audit_file_transact(log->file, perform_all, run, err);
    }
    if (status == STATUS_RESOURCE_EXHAUSTED && store_reserve_spend(log->path)) {
        log->reserve_spent = true;
        *err = (struct err){0};
        return audit_file_transact(log->file, perform_all, run, err);
    }
    if (status == STATUS_OK && log->reserve_spent && store_reserve_make(log->path, AUDIT_RESERVE_SIZE))
        log->reserve_spent = false;
    return status;
}

void audit_batch_sign_head(struct audit_log *log)
{
    struct err err = {0};
    if (audit_head_file_append(log->heads, &log->chain, clock_unix_ns(), &err) != STATUS_OK)
        log_warn(AREA, "a head of the audit log could not be signed entry=%lld cause=\"%s\"",
                 (long long)log->chain.seq, err.text);
}

static bool all_read_only(const struct audit_batch *batch)
{
    list_each (link, &batch->works)
        if (!CONTAINER_OF(link, struct audit_work, link)->reads_only)
            return false;
    return true;
}

/* No transaction and no sync. */
static void read_all(struct audit_batch *batch)
{
    struct audit_scribe scribe = {.log = batch->log, .chain = batch->log->chain};
    list_each (link, &batch->works) {
        struct audit_work *work = CONTAINER_OF(link, struct audit_work, link);
        work->err = (struct err){0};
        work->status = work->perform(work, &scribe, &work->err);
    }
}

static void batch_perform(struct store_job *job)
{
    struct audit_batch *batch = CONTAINER_OF(job, struct audit_batch, job);
    struct audit_log *log = batch->log;
    struct works_run run = {.batch = batch};
    struct err err = {0};
    if (all_read_only(batch)) {
        read_all(batch);
        return;
    }
    enum status status = transact_at_last(&run, &err);
    if (status == STATUS_OK) {
        bool head_due = run.scribe.chain.seq / AUDIT_HEAD_EVERY != log->chain.seq / AUDIT_HEAD_EVERY;
        log->chain = run.scribe.chain;
        if (head_due)
            audit_batch_sign_head(log);
        return;
    }
    list_each (link, &batch->works) {
        struct audit_work *work = CONTAINER_OF(link, struct audit_work, link);
        work->status = status;
        work->err = err;
    }
}

/* --- on the loop --- */

/* What was refused for what it is says nothing of the log. */
static void note_failure(struct audit_log *log, const struct audit_work *work)
{
    if (work->reads_only)
        return;
    if (work->status == STATUS_OK || of_the_disk(work->status) || work->status == STATUS_NO_MEMORY ||
        work->status == STATUS_FAILED_PRECONDITION || work->status == STATUS_UNAVAILABLE)
        log->failure = work->err; /* empty when it was written */
}

static void tidy_perform(struct store_job *job)
{
    audit_file_tidy(CONTAINER_OF(job, struct audit_log, tidy)->file);
}

static void tidy_report(struct store_job *job)
{
    CONTAINER_OF(job, struct audit_log, tidy)->tidying = false;
}

/* It is a part of the log. */
static void tidy_destroy(struct store_job *job)
{
    list_init(&job->link);
}

/* ORDER: once a batch has been told of and before the next one, so that no answer waits for it. */
static void tidy_if_due(struct audit_log *log)
{
    if (log->tidying || !audit_file_is_untidy(log->file))
        return;
    log->tidying = true;
    log->tidy = (struct store_job){.perform = tidy_perform, .report = tidy_report, .destroy = tidy_destroy};
    list_init(&log->tidy.link);
    store_worker_submit(log->worker, &log->tidy);
}

static void batch_report(struct store_job *job)
{
    struct audit_batch *batch = CONTAINER_OF(job, struct audit_batch, job);
    struct audit_log *log = batch->log;
    struct list *link;
    log->writing = false;
    log->queued -= batch->count;
    while ((link = list_pop_front(&batch->works))) {
        struct audit_work *work = CONTAINER_OF(link, struct audit_work, link);
        note_failure(log, work);
        work->on_done(work, work->status, &work->err);
    }
    tidy_if_due(log);
    if (!list_empty(&log->queue))
        loop_defer(log->loop, &log->next_task);
}

/* Works that were never reported, because the log was closed, are still their owners'. */
static void batch_destroy(struct store_job *job)
{
    free(CONTAINER_OF(job, struct audit_batch, job));
}

static void refuse_queue(struct audit_log *log)
{
    struct list *link;
    while ((link = list_pop_front(&log->queue))) {
        struct audit_work *work = CONTAINER_OF(link, struct audit_work, link);
        work->status = err_no_memory(&work->err);
        log->queued--;
        note_failure(log, work);
        work->on_done(work, work->status, &work->err);
    }
}

void audit_batch_begin(struct audit_log *log)
{
    if (log->writing || list_empty(&log->queue))
        return;
    struct audit_batch *batch = calloc(1, sizeof *batch);
    if (!batch) {
        refuse_queue(log);
        return;
    }
    batch->job =
        (struct store_job){.perform = batch_perform, .report = batch_report, .destroy = batch_destroy};
    list_init(&batch->job.link);
    list_init(&batch->works);
    list_splice(&batch->works, &log->queue);
    batch->log = log;
    batch->count = log->queued;
    log->writing = true;
    store_worker_submit(log->worker, &batch->job);
}

void audit_log_perform(struct audit_log *log, struct audit_work *work)
{
    list_push_back(&log->queue, &work->link);
    log->queued++;
    loop_defer(log->loop, &log->next_task);
}
