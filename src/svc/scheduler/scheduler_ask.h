/* SPDX-License-Identifier: MIT */
/* scheduler_ask.h — calls that come from inside the process, as those of the HTTP API do: the methods of the gRPC
 * service, under its rules and with its refusals, but with a function where the network would be.
 *
 * Owns nothing of the caller's. Whoever asks encodes the request and decodes the answer; a method that this scheduler
 * does not have answers UNIMPLEMENTED here as there. Worker methods are not for it. Loop's thread. */
#ifndef SVC_SCHEDULER_ASK_H
#define SVC_SCHEDULER_ASK_H

#include "store/task_store.h"
#include "svc/scheduler/scheduler_asker.h"
#include "wire/pb/orchestrator_service.pb.h"

/* The number of the hub of that name; data NULL or empty: the default one. 0: there is none yet, and a call makes it.
 * NOT_FOUND, and which there are; INVALID_ARGUMENT: none was named and there are several; UNAVAILABLE: the scheduler
 * stops. `make`: for CreateTaskHub; the
 * hub is made if it is absent and clients may do that. */
STATUS_RESULT scheduler_ask_hub(struct scheduler *scheduler, struct bytes name, bool make, uint32_t *ret_hub,
                                struct err *err);
/* Calls `method` for that hub with an encoded request. `*ret_number`, for scheduler_ask_cancel, is written before
 * anything is called back. What gRPC would refuse comes by `on_done`. */
void scheduler_ask(struct scheduler *scheduler, enum pb_task_hub_sidecar_service_method method, uint32_t hub,
                   struct bytes message, const struct scheduler_asker *asker, uint64_t *ret_number);
/* Gives the hub rules of its own for what is over (core/task/retention.h, checked by the caller; empty: those of the settings
 * again), as a call, which is answered when they are on disk. */
void scheduler_ask_retain(struct scheduler *scheduler, uint32_t hub, struct bytes rules,
                          const struct scheduler_asker *asker, uint64_t *ret_number);
/* How long an instance of the hub is kept after that end; false: for ever. `*ret_own`: by rules of its own. Hub 0: of one
 * that has not been made. */
bool scheduler_ask_retention(struct scheduler *scheduler, uint32_t hub, struct bytes name,
                             enum instance_status status, int64_t *ret_age_ns, bool *ret_own);
/* A task hub is made (OK also if it is there) or deleted with all that is in it. `asker` must be one that operates; its
 * on_message is not called. NOT_FOUND for a deletion of one that is not there; other refusals as those of CreateTaskHub. */
void scheduler_ask_hub_made(struct scheduler *scheduler, struct bytes name,
                            const struct scheduler_asker *asker);
void scheduler_ask_hub_deleted(struct scheduler *scheduler, struct bytes name,
                               const struct scheduler_asker *asker);
/* Nobody listens any more: no callback follows. A write may happen all the same. Of a call that is over it does
 * nothing. */
void scheduler_ask_cancel(struct scheduler *scheduler, uint64_t number);
/* From now on the watcher is told of the hubs that are watched. */
void scheduler_watcher_add(struct scheduler *scheduler, struct scheduler_watcher *watcher);
/* Begins or ends the telling of a hub's changes. There is one switch a hub for all watchers. */
void scheduler_watch_hub(struct scheduler *scheduler, uint32_t hub, bool on);

/* Appends a line that says why a live instance does not move: no worker, none that takes its name or version, a timer to
 * come. False: no such instance lives. */
bool scheduler_ask_standing(const struct scheduler *scheduler, uint32_t hub, struct bytes instance_id,
                            struct buf *out);
/* Tells of each worker that is connected for the hub; valid during the call. */
void scheduler_ask_workers(const struct scheduler *scheduler, uint32_t hub,
                           void (*on_worker)(void *context, const struct engine_worker_load *worker),
                           void *context);
/* Tells of each hub what has happened in it since the start, and what waits; of none while the store cannot be read. */
void scheduler_ask_tallies(const struct scheduler *scheduler,
                           void (*on_hub)(void *context, struct bytes name, const struct tally_hub *tally),
                           void *context);
/* A page of rows, as task_store_query: it cannot be cancelled, and is dropped without a callback when the scheduler is
 * destroyed. */
void scheduler_ask_page(struct scheduler *scheduler, const struct task_store_query *query,
                        void (*on_done)(void *context, enum status status, const char *text,
                                        const struct task_store_page *page),
                        void *context);

#endif
