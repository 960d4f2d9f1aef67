/* SPDX-License-Identifier: MIT */
/* work_pools.h — the threads that do the work: a pool for turns, one for activities, one for entities.
 * Takes an item, fetches its history if that comes by itself, runs it, and hands it on to be answered or
 * given back (work_item.h). Called on the channel's thread; the user's code runs on the pools' threads, and
 * while it does the item is the pool's. */
#ifndef SDK_WORKER_WORK_POOLS_H
#define SDK_WORKER_WORK_POOLS_H

#include "base/status.h"

struct dt_worker;
struct sdk_work_item;

/* Starts no thread yet. NO_MEMORY: to be freed by fini all the same. */
STATUS_RESULT sdk_work_pools_init(struct dt_worker *worker);
/* Waits for what runs and joins the threads. Any thread but the channel's and the pools'; again is allowed.
 */
void sdk_work_pools_fini(struct dt_worker *worker);

/* Takes the item; gives it back to the service if nobody here can do it. */
void sdk_work_pools_admit(struct dt_worker *worker, struct sdk_work_item *item);
/* Gives back what nobody has begun. */
void sdk_work_pools_abandon_queued(struct dt_worker *worker);

#endif
