/* SPDX-License-Identifier: MIT */
/* partition_internal.h — what the sources of partition.h share: the partition, and their calls of each other. Only they
 * include it. */
#ifndef SVC_SCHEDULER_PARTITION_INTERNAL_H
#define SVC_SCHEDULER_PARTITION_INTERNAL_H

#include "svc/scheduler/partition.h"
#include "svc/scheduler/retry_delay.h"

struct partition {
    struct loop *loop;
    struct partition_options options;
    const struct partition_owner *owner;
    void *context;

    struct engine *engine; /* NULL: none could be built; while `loading`, not to be asked yet */
    uint64_t epoch;        /* engines dropped so far */
    struct engine_actions actions;
    bool turning; /* actions are being carried out */
    struct loop_task flush_task;
    struct loop_timer tick_timer;

    struct err failure; /* status OK: writing works */
    uint64_t failures;
    struct loop_timer recover_timer;
    bool loading;    /* the store is giving its rows */
    bool recovering; /* the store is trying a small write */
    bool recovered;  /* it succeeded: when the load is over, writing goes on */
    struct err load_failure;
    struct retry_delay retry_delay;
};

/* --- partition.c --- */
struct engine_time partition_now(const struct partition *partition);
/* A timer that is not set would hang everything, so there is no going on without it. */
void partition_set_timer(struct partition *partition, struct loop_timer *timer, int64_t delay_ns);
/* Sets the timer for the engine's next deadline, if it may work. */
void partition_arm_tick(struct partition *partition);

/* --- partition_load.c --- */
/* Builds an engine and has the store give it its rows; `loading` until the last one has come. */
STATUS_RESULT partition_begin_load(struct partition *partition, struct err *err);
/* Ends the engine. What it asked the store for is nobody's from here on: the epoch is another one. */
void partition_drop_engine(struct partition *partition);

/* --- partition_recover.c --- */
/* Writing, or reading, has failed: the engine goes, since it has seen what is not on disk, and another one is read. */
void partition_fail(struct partition *partition, enum status status, const char *text);
/* A load behind a failure is over. */
void partition_loaded_again(struct partition *partition, enum status status);
/* The timer of the next try. */
void partition_on_recover(struct loop_timer *timer);

#endif
