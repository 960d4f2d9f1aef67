/* SPDX-License-Identifier: MIT */
/* review_sweep.c — once an hour: first what requests were about whose time has come, then the rows of blobs that no request uses any
 * more, then, folder by folder, files that no row names. Some in each job, so that whatever else is to be done comes between.
 * ORDER: rows go in a transaction of their own, which is on disk before the first file goes: a row that comes back with a
 * transaction that failed still has its file. */
#include <stdio.h>

#include "base/log.h"
#include "os/clock.h"
#include "store/review/review_store_internal.h"

static void begin_requests(struct review_store *store);
static void begin_rows(struct review_store *store);
static void begin_files(struct review_store *store);

static void on_timer(struct loop_timer *timer)
{
    struct review_store *store = CONTAINER_OF(timer, struct review_store, sweeper.timer);
    timer->loop = NULL;
    begin_requests(store);
}

/* What could not be swept now is swept the next time. */
static void end(struct review_store *store)
{
    struct review_sweeper *sweeper = &store->sweeper;
    sweeper->timer.on_fire = on_timer;
    if (loop_timer_set(store->loop, &sweeper->timer, loop_now(store->loop) + REVIEW_SWEEP_PAUSE_NS) !=
        STATUS_OK)
        log_warn("store/review", "blobs that nobody uses are swept no more cause=\"out of memory\"");
}

/* --- files --- */

static enum status sweep_files(struct review_job *job, struct review_book *book, struct err *err)
{
    return review_book_sweep_files(book, CONTAINER_OF(job, struct review_sweeper, job)->number, err);
}

static void on_files(struct review_job *job, enum status status, const struct err *err)
{
    struct review_store *store = CONTAINER_OF(job, struct review_store, sweeper.job);
    if (store->sweeper.halted)
        return;
    store->sweeper.number++;
    if (status == STATUS_OK && store->sweeper.number < REVIEW_BLOB_FOLDERS)
        begin_files(store);
    else
        end(store);
}

static void begin_files(struct review_store *store)
{
    struct review_job *job = &store->sweeper.job;
    *job = (struct review_job){.perform = sweep_files, .on_done = on_files, .reads_only = true};
    review_store_run(store, job);
}

/* --- rows --- */

static enum status sweep_rows(struct review_job *job, struct review_book *book, struct err *err)
{
    return review_book_sweep(book, &CONTAINER_OF(job, struct review_sweeper, job)->count, err);
}

static void on_rows(struct review_job *job, enum status status, const struct err *err)
{
    struct review_store *store = CONTAINER_OF(job, struct review_store, sweeper.job);
    if (store->sweeper.halted)
        return;
    store->sweeper.number = 0;
    if (status == STATUS_OK && store->sweeper.count == REVIEW_SWEEP_ROWS)
        begin_rows(store);
    else if (status == STATUS_OK)
        begin_files(store);
    else
        end(store);
}

static void begin_rows(struct review_store *store)
{
    struct review_job *job = &store->sweeper.job;
    *job = (struct review_job){.perform = sweep_rows, .on_done = on_rows};
    review_store_run(store, job);
}

/* --- requests, and what was counted long ago --- */

static enum status expire(struct review_job *job, struct review_book *book, struct err *err)
{
    struct review_sweeper *sweeper = CONTAINER_OF(job, struct review_sweeper, job);
    enum status status = review_rules_trim(book, clock_unix_ns(), err);
    if (status != STATUS_OK)
        return status;
    return review_book_expire(book, clock_unix_ns(), &sweeper->count, err);
}

/* One that cannot be emptied is said, and does not keep the rest of the sweep from being done. */
static void on_requests(struct review_job *job, enum status status, const struct err *err)
{
    struct review_store *store = CONTAINER_OF(job, struct review_store, sweeper.job);
    if (store->sweeper.halted)
        return;
    if (status != STATUS_OK)
        log_warn("store/review", "what requests were about is not removed cause=\"%s\"", err->text);
    if (status == STATUS_OK && store->sweeper.count == REVIEW_EMPTIED_AT_ONCE)
        begin_requests(store);
    else
        begin_rows(store);
}

static void begin_requests(struct review_store *store)
{
    struct review_job *job = &store->sweeper.job;
    *job = (struct review_job){.perform = expire, .on_done = on_requests};
    review_store_run(store, job);
}

void review_sweeper_start(struct review_store *store)
{
    begin_requests(store);
}

void review_sweeper_halt(struct review_store *store)
{
    store->sweeper.halted = true;
    loop_timer_cancel(&store->sweeper.timer);
    store->sweeper.timer.loop = NULL;
}
