/* SPDX-License-Identifier: MIT */
/* engine.h — the scheduler's decisions, without clock, socket, disk or thread.
 *
 * Everything that happens to a task hub goes through one engine: client calls, worker streams, completions,
 * timers. The caller (svc/scheduler) feeds it inputs together with the current time and carries out the
 * actions it returns. Same inputs, same seed: same actions. That is what makes replay, simulation and any
 * store run the same code.
 *
 * Durability. Inputs change memory at once and add to an open write set. engine_flush hands the set out as
 * ENGINE_COMMIT; nothing that anybody outside could observe (a reply, a work item) leaves before
 * engine_committed was called for the set that holds it. While one commit runs, further inputs pile up in the
 * next set: that is the group commit, and it needs no timer. If a commit fails the caller destroys the
 * engine, fails what is outstanding, and builds a new one from the store: the same path as a restart.
 *
 * Residence. All non-terminal instances are resident. Terminal ones are fetched when someone asks
 * (ENGINE_FETCH) and dropped again, least recently used first. Histories are resident while used and can be
 * fetched (ENGINE_FETCH_HISTORY); so are large payloads (ENGINE_FETCH of an instance that is resident).
 *
 * Not here: which hub a header names, authentication, queries over many instances (svc/scheduler asks the
 * store). */
#ifndef CORE_TASK_ENGINE_H
#define CORE_TASK_ENGINE_H

#include "base/buf.h"
#include "core/task/engine_types.h"
#include "core/task/tally.h"

/* The limits of core/task/limits.h; what is a setting of the program is zero, and the caller's to set. */
struct engine_options engine_options_default(void);

struct engine;

STATUS_RESULT engine_create(const struct engine_options *options, struct engine **ret_engine);
void engine_destroy(struct engine *engine);

/* --- loading: before the first input, from the store; order: hubs, instances, then the rest --- */
/* Also later, when a hub is created. ALREADY_EXISTS for a number that is loaded, unless its hub was deleted. */
STATUS_RESULT engine_load_hub(struct engine *engine, uint32_t hub, struct bytes name);
/* `payloads` has PAYLOAD_KIND_COUNT entries; those that can be fetched later may be left out (all but STARTED and
 * TRACE_CONTEXT). Needed are the instances that have not ended, and ended ones
 * that still have activities: what an orchestration schedules on its way out runs on. */
STATUS_RESULT engine_load_instance(struct engine *engine, const struct instance_row *row,
                                   const struct payload *payloads);
/* Rows of instances that were not loaded are deleted by the first write set. */
STATUS_RESULT engine_load_inbox(struct engine *engine, const struct inbox_row *row);
STATUS_RESULT engine_load_activity(struct engine *engine, const struct activity_row *row);
STATUS_RESULT engine_load_entity_lock(struct engine *engine, const struct entity_lock_row *row);
/* In the order of their sequence. */
STATUS_RESULT engine_load_entity_message(struct engine *engine, const struct entity_message_row *row);
/* Likewise. */
STATUS_RESULT engine_load_receipt(struct engine *engine, const struct receipt_row *row);
/* Ends loading; `key_next` is greater than every instance key ever used. Ready work is dispatched as streams
 * open. */
void engine_load_done(struct engine *engine, int64_t key_next, struct engine_time now);

/* --- inputs --- */
/* A unary call or history stream. `call` is the caller's number, never used twice. `message` is the encoded
 * request; bytes that do not decode are answered INVALID_ARGUMENT. Completions with unknown tokens are
 * answered OK (spec 3.20). */
void engine_call(struct engine *engine, enum engine_method method, uint32_t hub, uint64_t call,
                 struct bytes message, struct engine_time now, struct engine_actions *actions);
/* The caller of a parked call is gone: no reply will be made for it. */
void engine_call_cancelled(struct engine *engine, uint64_t call);
/* A GetWorkItems stream. */
void engine_stream_open(struct engine *engine, uint32_t hub, uint64_t stream, struct bytes message,
                        const struct engine_worker *worker, struct engine_time now,
                        struct engine_actions *actions);
/* The stream is gone; what it held is delivered again. No action for it follows. */
void engine_stream_closed(struct engine *engine, uint64_t stream, struct engine_time now,
                          struct engine_actions *actions);
/* Stops or resumes sending to a stream whose reader is slow. */
void engine_stream_pause(struct engine *engine, uint64_t stream, bool paused, struct engine_time now,
                         struct engine_actions *actions);
/* Answers to fetches may come late: what the store read before later sets is told from what it reads now, and asked again.
 * `row` NULL: there is no such instance. No payload is left out. */
void engine_fetched(struct engine *engine, uint32_t hub, struct bytes instance_id,
                    const struct instance_row *row, const struct payload *payloads, struct engine_time now,
                    struct engine_actions *actions);
/* The whole history of the current execution in the encoding of write_set.h. */
void engine_history_fetched(struct engine *engine, int64_t key, struct bytes events, struct engine_time now,
                            struct engine_actions *actions);
/* `row` NULL: the entity has no state. */
void engine_entity_fetched(struct engine *engine, uint32_t hub, struct bytes entity_id,
                           const struct entity_row *row, struct engine_time now,
                           struct engine_actions *actions);
/* Fires what is due. */
void engine_tick(struct engine *engine, struct engine_time now, struct engine_actions *actions);
/* Whether changes of the instances of a hub are told (ENGINE_CHANGED) from the next input on. Off in a new engine. */
void engine_watch(struct engine *engine, uint32_t hub, bool on);
/* How long from `now` until engine_tick must be called, in nanoseconds, at least 0; INT64_MAX: it need not
 * be.
 * `*ret_steppable`: something waits for the clock that people set. If that steps, it is due earlier or later
 * than the answer says, so look again now and then. */
int64_t engine_wait(const struct engine *engine, struct engine_time now, bool *ret_steppable);
/* Hands out the open write set, if it holds anything. */
void engine_flush(struct engine *engine, struct engine_actions *actions);
/* The set of that sequence is on disk. In order, once each. */
void engine_committed(struct engine *engine, uint64_t sequence, struct engine_time now,
                      struct engine_actions *actions);

/* --- numbers for /metrics, /healthz and tests --- */
struct engine_stats {
    size_t resident;
    size_t payloads_resident_size, histories_resident_size; /* bytes that may leave */
    size_t streams;
    size_t calls_waiting;
    size_t orchestrators_ready, orchestrators_leased;
    size_t activities_ready, activities_leased;
    size_t orchestrators_too_large; /* turns that fit no message to a connected worker */
    uint64_t duplicates_dropped;
    uint64_t events_dropped; /* raised for an instance that does not exist */
    uint64_t turns_committed;
    size_t entities_resident;
    size_t entities_ready, entities_leased;
    uint64_t entity_operations; /* carried out */
};
/* Who works for a hub. */
#define ENGINE_WORK_KINDS 3 /* turns, activities, entities */
struct engine_worker_load {
    struct bytes id;                    /* as it calls itself; may be empty */
    uint32_t active[ENGINE_WORK_KINDS]; /* sent and not yet answered */
    uint32_t most[ENGINE_WORK_KINDS];   /* that it takes at one time */
    bool filtered;                      /* it takes some names only: these */
    const struct engine_filter *filters[ENGINE_WORK_KINDS];
    size_t filter_counts[ENGINE_WORK_KINDS];
};
/* Tells of each stream of the hub that still gets work, in the order in which they came. Changes nothing. */
void engine_workers(const struct engine *engine, uint32_t hub,
                    void (*on_worker)(void *context, const struct engine_worker_load *worker), void *context);
/* Appends one line that says why a live instance does not move (core/task/standing.h). False: no such instance lives. */
bool engine_standing(const struct engine *engine, uint32_t hub, struct bytes instance_id, struct buf *out);
void engine_stats(const struct engine *engine, struct engine_stats *ret_stats);

/* Tells of each hub, in no order. `now_ns` is steady. `name` and `tally` are valid during the callback. */
void engine_tallies(const struct engine *engine, int64_t now_ns,
                    void (*on_hub)(void *context, struct bytes name, const struct tally_hub *tally),
                    void *context);
/* Checks every invariant that can be checked in memory (performance.md section 3); aborts on a broken one. */
void engine_check(const struct engine *engine);

#endif
