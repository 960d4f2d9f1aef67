/* SPDX-License-Identifier: MIT */
/* worker_state.h — what a worker consists of. Private to its parts, each of which runs on the channel's
 * thread but for the pools' own threads and the public calls (worker.c):
 *
 *   work_stream ──item──► work_pools ──► work_item: the answer, or an abandonment
 *                         stopping: ends all three
 *
 * An item belongs to the channel's thread, except while a pool has it. */
#ifndef SDK_WORKER_WORKER_STATE_H
#define SDK_WORKER_WORKER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "sdk/channel/channel.h"
#include "sdk/turn/turn.h"
#include "sdk/worker/thread_pool.h"

#define SDK_WORKER_PAUSE_FIRST_NS ((int64_t)1000000000) /* between connections, and between streams */
#define SDK_WORKER_PAUSE_MAX_NS   ((int64_t)30000000000)
#define SDK_WORKER_WHY_SIZE       256 /* bytes */

struct dt_worker {
    struct sdk_target target;
    struct dt_worker_options options;
    char *version;
    char *default_child_version;
    struct sdk_registry orchestrators;
    struct sdk_registry activities;
    struct sdk_registry entities;
    struct sdk_turn_options turn_options;
    struct sdk_channel *channel;
    struct sdk_pool turns;
    struct sdk_pool runs;
    struct sdk_pool batches; /* of entities */
    atomic_bool stop_requested;
    atomic_bool stopping; /* for dt_activity_stopping */

    /* work_stream's; the channel's thread. */
    struct sdk_job begin;     /* opens the first stream */
    struct sdk_timer again;   /* opens the next one */
    struct sdk_timer silence; /* looks whether the stream is alive */
    uint64_t stream_id;       /* call number of Hello or GetWorkItems; 0: none */
    int failures;             /* streams in a row that brought nothing */
    int64_t heard_ns;
    bool renew;     /* the connection is to be made anew */
    bool item_lost; /* one could not be taken: the stream must be opened anew, so that it comes again */

    /* stopping's; the channel's thread. */
    struct sdk_timer stop_limit;
    bool stop_begun;
    bool stop_late;       /* the stop's time is over: only abandonments are waited for */
    size_t late_abandons; /* of items that are still with a pool */

    struct list items; /* of sdk_work_item: all there are; the channel's thread */

    /* Shared with those who wait. */
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    bool started;
    bool connected;
    bool hopeless; /* the last connection failed for a reason that does not heal */
    bool stopped;  /* all items are gone */
    bool joining;
    bool joined; /* the pools' threads have ended */
    char why[SDK_WORKER_WHY_SIZE];
};

#endif
