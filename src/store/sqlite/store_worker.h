/* SPDX-License-Identifier: MIT */
/* store_worker.h — one thread that does one job after another, and reports each on the loop's thread.
 * Owned by the store: one for writing, one for reads by id, one for queries. Knows nothing of what a job does.
 *
 *   loop's thread ──submit──► queue ──► worker's thread: perform ──► done ──► loop's thread: report, destroy */
#ifndef STORE_SQLITE_STORE_WORKER_H
#define STORE_SQLITE_STORE_WORKER_H

#include "os/loop.h"

struct store_worker;

/* A job embeds it, most of them as the first member of what `destroy` frees. */
struct store_job {
    struct list link;
    void (*perform)(struct store_job *job); /* worker's thread */
    void (*report)(struct store_job *job);  /* loop's thread; not if the worker was stopped before */
    void (*destroy)(struct store_job *job); /* loop's thread, in any case */
};

struct store_worker_options {
    const char *name; /* what messages call it */
    /* worker's thread, after each job: what nobody should wait for. NULL: nothing */
    void (*on_handed)(void *context);
    void *context;
};

/* NO_MEMORY: no thread. Signals are not for it. */
STATUS_RESULT store_worker_start(struct loop *loop, const struct store_worker_options *options,
                                 struct store_worker **ret_worker, struct err *err);
/* No further job is begun. Loop's thread. NULL allowed. */
void store_worker_halt(struct store_worker *worker);
/* Halts, lets the job in work end, and drops the others and what is not reported. Loop's thread, not from a report. The loop
 * must run or be destroyed afterwards. NULL allowed. */
void store_worker_stop(struct store_worker *worker);
/* Loop's thread; also from a report. */
void store_worker_submit(struct store_worker *worker, struct store_job *job);
/* Jobs that are not yet reported. Loop's thread. */
size_t store_worker_open(const struct store_worker *worker);
/* Blocks until none is left, also of those that reports submit. */
void store_worker_wait(struct store_worker *worker);

#endif
