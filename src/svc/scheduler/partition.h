/* SPDX-License-Identifier: MIT */
/* partition.h — one engine, and the part of a store that it owns.
 *
 * Owns the engine (core/task/engine.h), what it decided and is not yet carried out, the time for it, and what happens when
 * the store fails. Borrows the store. Knows nothing of gRPC: what goes to clients and workers, its owner carries out. Today
 * one partition holds all hubs; with several, an instance belongs to the one that hash(hub, instance id) names. All on the
 * loop's thread.
 *
 *   inputs ──► engine ──► write set ──► store (syncs) ──► engine ──► owner.on_action
 *
 * Epoch. It goes on with each engine that is dropped. Every read carries it, so that what the store answers to an engine of
 * before is nobody's. With leases, the store's handle holds the other half: it refuses what an owner of before writes.
 *
 * Failure. When a commit or a read fails, the engine is dropped (on_failed) and built anew from the store, for reads only
 * (on_reading). A small write is tried again and again, ever less often; once it succeeds, writing goes on (on_writing). */
#ifndef SVC_SCHEDULER_PARTITION_H
#define SVC_SCHEDULER_PARTITION_H

#include "core/task/engine.h"
#include "os/loop.h"
#include "store/task_store.h"

struct partition;

struct partition_options {
    struct task_store *store;
    struct engine_options engine; /* `seed` is filled here */
    int64_t (*steady_ns)(void);   /* the clock that nobody sets */
    int64_t (*unix_ns)(void);     /* the clock that people set */
};

/* None of them may destroy the partition. Inputs may be given in any of them but the first three. */
struct partition_owner {
    /* Loading: a hub, its rules of retention (empty: none of its own), and how an instance stands. `at_start`: the first engine. */
    enum status (*on_hub)(void *context, uint32_t hub, struct bytes name);
    enum status (*on_retention)(void *context, uint32_t hub, struct bytes rules);
    void (*on_instance)(void *context, const struct instance_row *row, bool at_start);
    /* Carry out ENGINE_REPLY, _HISTORY, _SEND_WORK, _END_STREAM, _CHANGED or _NOTE. */
    void (*on_action)(void *context, const struct engine_action *action);
    /* The end of a turn that carried out something. */
    void (*on_turn)(void *context);
    /* The engine is gone, and with it every call and stream that it held. partition_failure tells why. */
    void (*on_failed)(void *context);
    /* There is another engine, for reads, or reading has failed, too: kept calls may be given again. */
    void (*on_reading)(void *context);
    /* Calls and streams are taken again. */
    void (*on_writing)(void *context);
};

/* NO_MEMORY. */
STATUS_RESULT partition_create(struct loop *loop, const struct partition_options *options,
                               const struct partition_owner *owner, void *context,
                               struct partition **ret_partition, struct err *err);
/* Builds the first engine, and waits for it: at a start nobody is served yet. Errors as task_store_load. */
STATUS_RESULT partition_load(struct partition *partition, struct err *err);
/* After the store is closed, which holds answers for it otherwise. Calls nobody. NULL allowed. */
void partition_destroy(struct partition *partition);

/* --- inputs: what they cause is carried out before they return --- */

/* UNAVAILABLE: there is no engine, and nothing has been done. */
STATUS_RESULT partition_call(struct partition *partition, enum engine_method method, uint32_t hub,
                             uint64_t call, struct bytes message);
void partition_call_cancelled(struct partition *partition, uint64_t call);
/* While writing works only. `paused`: it gets no work yet. */
void partition_stream_open(struct partition *partition, uint32_t hub, uint64_t stream, struct bytes message,
                           const struct engine_worker *worker, bool paused);
/* What it causes waits for partition_run, so that many can be closed in one walk. */
void partition_stream_closed(struct partition *partition, uint64_t stream);
void partition_run(struct partition *partition);
void partition_stream_pause(struct partition *partition, uint64_t stream, bool paused);
/* Hands to the store what inputs have changed so far: what is posted to the store from now on comes behind it. */
void partition_flush(struct partition *partition);
/* A hub was created in the store. */
STATUS_RESULT partition_hub(struct partition *partition, uint32_t hub, struct bytes name);
/* Whether changes of the hub are told (ENGINE_CHANGED). Each new engine begins without. */
void partition_watch(struct partition *partition, uint32_t hub, bool on);

/* --- state --- */

/* Status OK: writing works. Valid until the next input. */
const struct err *partition_failure(const struct partition *partition);
/* An engine is being built: on_reading comes. */
bool partition_loading(const struct partition *partition);
/* There is an engine, and it may write. */
bool partition_writable(const struct partition *partition);
/* Times writing stopped. */
uint64_t partition_failures(const struct partition *partition);
/* As engine_workers; nothing while there is no engine. */
void partition_workers(const struct partition *partition, uint32_t hub,
                       void (*on_worker)(void *context, const struct engine_worker_load *worker),
                       void *context);
/* As engine_standing; false, too, while there is no engine. */
bool partition_standing(const struct partition *partition, uint32_t hub, struct bytes instance_id,
                        struct buf *out);
/* As engine_tallies; of no hub while there is no engine. */
void partition_tallies(const struct partition *partition,
                       void (*on_hub)(void *context, struct bytes name, const struct tally_hub *tally),
                       void *context);
/* Zero while there is no engine. */
void partition_stats(const struct partition *partition, struct engine_stats *ret_stats);

#endif
