/* SPDX-License-Identifier: MIT */
/* stopping.h — the end of a worker: no new work, what is queued is given back, what runs may finish in time,
 * what does not is given back too and its result dropped. On the channel's thread. The pools' threads are
 * joined elsewhere (dt_worker_stop); nothing here waits. */
#ifndef SDK_WORKER_STOPPING_H
#define SDK_WORKER_STOPPING_H

struct dt_worker;

/* Prepares the timer. Before the channel is made. */
void sdk_stopping_init(struct dt_worker *worker);
/* Begins the stop. Once, between two rounds. */
void sdk_stopping_begin(struct dt_worker *worker);
/* Tells those who wait if the stop is over: the stream has ended and every item is answered or given back. In
 * each round of the channel; whoever ends one of these sees to it that another round follows. Nothing before the stop. */
void sdk_stopping_check(struct dt_worker *worker);

#endif
