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
#include "base/log.h"
#include "core/task/tally.h"
#include "core/task/write_set.h"

struct engine;

/* The time of an input, on two clocks. */
struct engine_time {
    int64_t steady_ns; /* of a clock that nobody sets: leases, pings, back-off; never decreases */
    int64_t unix_ns; /* since 1970, as people see it: stamps, fireAt, scheduled starts; may step either way */
};

enum engine_method {
    ENGINE_START_INSTANCE,
    ENGINE_GET_INSTANCE,
    ENGINE_WAIT_FOR_START,
    ENGINE_WAIT_FOR_COMPLETION,
    ENGINE_RAISE_EVENT,
    ENGINE_TERMINATE,
    ENGINE_SUSPEND,
    ENGINE_RESUME,
    ENGINE_REWIND,
    ENGINE_RESTART,
    ENGINE_PURGE,      /* by id or batch; the caller turns a filter into batches */
    ENGINE_ERASE,      /* a PurgeInstancesRequest of a batch: whatever its instances do, they are deleted */
    ENGINE_CLEAR_HUB,  /* its entities go; the message is a CreateTaskHubRequest */
    ENGINE_DELETE_HUB, /* the hub goes from the store; all its instances are erased before */
    ENGINE_COMPLETE_ORCHESTRATOR,
    ENGINE_COMPLETE_ACTIVITY,
    ENGINE_ABANDON_ORCHESTRATOR,
    ENGINE_ABANDON_ACTIVITY,
    ENGINE_SKIP_GRACEFUL_TERMINATIONS,
    ENGINE_SIGNAL_ENTITY,
    ENGINE_GET_ENTITY,
    ENGINE_COMPLETE_ENTITY,
    ENGINE_ABANDON_ENTITY,
    ENGINE_STREAM_HISTORY, /* answered by ENGINE_HISTORY actions and a final ENGINE_REPLY without a message */
};

enum engine_action_kind {
    ENGINE_COMMIT,     /* write_set: ownership moves to the caller; answer with engine_committed in order */
    ENGINE_REPLY,      /* call, status, text, message: the final answer of a call */
    ENGINE_HISTORY,    /* call, message: one encoded HistoryChunk of a history stream */
    ENGINE_SEND_WORK,  /* stream, message: an encoded WorkItem */
    ENGINE_END_STREAM, /* stream, status, text: the stream is over for the engine too */
    ENGINE_FETCH,      /* hub, instance_id: answer with engine_fetched */
    ENGINE_FETCH_HISTORY, /* key: answer with engine_history_fetched */
    ENGINE_CHANGED, /* hub, instance_id, row, gone: the instance is so, or is gone, on disk; see engine_watch */
    ENGINE_FETCH_ENTITY, /* hub, instance_id: answer with engine_entity_fetched */
    ENGINE_TRACE,        /* message, span_count: an execution that is over, as spans; see core/task/span.h */
    ENGINE_NOTE, /* level, hub, instance_id (may be empty), text: something an operator wants in the log */
};

/* One thing for the caller to do. Bytes and text are valid until the list is cleared. */
struct engine_action {
    struct list link;
    enum engine_action_kind kind;
    uint64_t call;
    uint64_t stream;
    enum status status;
    const char *text; /* NULL for OK */
    enum log_level level;
    struct bytes message;
    size_t span_count;
    struct write_set *write_set;
    uint32_t hub;
    struct bytes instance_id;
    int64_t key;
    const struct instance_row *row; /* as committed; of one that is gone, as it was last */
    bool gone;
};

struct engine_actions {
    struct list items; /* struct engine_action, in the order to carry out */
    struct arena arena;
};
void engine_actions_init(struct engine_actions *actions);
/* Empties the list; a write set still in it is destroyed. */
void engine_actions_clear(struct engine_actions *actions);
void engine_actions_fini(struct engine_actions *actions);

struct engine_options {           /* zero fields take the default behind */
    size_t message_size_max;      /* bytes of one message to a worker or client: 4 MiB - 64 KiB (spec 2.6) */
    size_t payload_size_max;      /* bytes of one input, output, event: 1 MiB (spec 2.6) */
    size_t terminal_resident_max; /* terminal instances kept in memory: 1000 */
    size_t history_resident_size_max; /* bytes of histories kept for waiting instances: 64 MiB */
    size_t
        payload_resident_size_max;   /* bytes of inputs, outputs and custom statuses kept in memory: 64 MiB */
    size_t entity_resident_max;      /* idle entities kept in memory: 10000 */
    size_t entity_resident_size_max; /* bytes of their states: 64 MiB */
    size_t payload_small_size;       /* bytes of one that always stays, where it was used: 1024 */
    uint32_t stream_items_default;   /* per category when a worker sends 0: 100 (spec 2.10) */
    uint32_t poison_deliveries_max;  /* 50; UINT32_MAX: never (spec 3.21) */
    int64_t ping_interval_ns;        /* 30 s (spec 2.9) */
    int64_t activity_grace_ns;       /* after a stream ended: 5 s (spec 2.11) */
    int64_t orchestrator_lease_ns;   /* upper bound on a live stream: 5 min (spec 2.11) */
    int64_t activity_lease_ns;       /* the same for an activity, which may run for hours: 24 h */
    int64_t unserved_wait_ns;  /* work that no worker takes is told after this, then ever less often: 10 s */
    int64_t terminate_wait_ns; /* for a worker to take a terminate before the engine acts: 5 s (3.12) */
    int64_t abandon_delay_min_ns; /* until work that was given back, or lost again, is sent: 1 s, doubling */
    int64_t abandon_delay_max_ns; /* 60 s */
    bool speculate_turns;         /* hand events to their orchestrator before they are on disk: its answer
                                   * is committed with or behind them, so nothing is promised too early */
    bool traces;                  /* tell of executions that are over, by ENGINE_TRACE */
    uint64_t seed[4];             /* for ids and tokens; random in production, never the same twice */
};

STATUS_RESULT engine_create(const struct engine_options *options, struct engine **ret_engine);
void engine_destroy(struct engine *e);

/* --- loading: before the first input, from the store; order: hubs, instances, then the rest --- */
/* Also later, when a hub is created. ALREADY_EXISTS for a number that is loaded, unless its hub was deleted. */
STATUS_RESULT engine_load_hub(struct engine *e, uint32_t hub, struct bytes name);
/* `payloads` has PAYLOAD_KIND_COUNT entries; those that can be fetched later may be left out (all but STARTED and
 * TRACE_CONTEXT). Needed are the instances that have not ended, and ended ones
 * that still have activities: what an orchestration schedules on its way out runs on. */
STATUS_RESULT engine_load_instance(struct engine *e, const struct instance_row *row,
                                   const struct payload *payloads);
/* Rows of instances that were not loaded are deleted by the first write set. */
STATUS_RESULT engine_load_inbox(struct engine *e, const struct inbox_row *row);
STATUS_RESULT engine_load_activity(struct engine *e, const struct activity_row *row);
STATUS_RESULT engine_load_entity_lock(struct engine *e, const struct entity_lock_row *row);
/* In the order of their sequence. */
STATUS_RESULT engine_load_entity_message(struct engine *e, const struct entity_message_row *row);
/* Ends loading; `key_next` is greater than every instance key ever used. Ready work is dispatched as streams
 * open. */
void engine_load_done(struct engine *e, int64_t key_next, struct engine_time now);

/* --- inputs --- */
/* A unary call or history stream. `call` is the caller's number, never used twice. `message` is the encoded
 * request; bytes that do not decode are answered INVALID_ARGUMENT. Completions with unknown tokens are
 * answered OK (spec 3.20). */
void engine_call(struct engine *e, enum engine_method method, uint32_t hub, uint64_t call,
                 struct bytes message, struct engine_time now, struct engine_actions *actions);
/* The caller of a parked call is gone: no reply will be made for it. */
void engine_call_cancelled(struct engine *e, uint64_t call);
/* Whose stream it is. */
struct engine_worker {
    struct bytes id;         /* may be empty */
    uint64_t connection;     /* tells streams of one connection apart (spec 2.9, duty 6) */
    size_t message_size_max; /* bytes of one message that it takes; 0: options.message_size_max */
    bool entities_flat;      /* it knows the first encoding of entity work only (spec 3.23.2) */
    bool entities_none;      /* unless it says how many it takes, it knows no entities */
};
/* A GetWorkItems stream. */
void engine_stream_open(struct engine *e, uint32_t hub, uint64_t stream, struct bytes message,
                        const struct engine_worker *worker, struct engine_time now,
                        struct engine_actions *actions);
/* The stream is gone; what it held is delivered again. No action for it follows. */
void engine_stream_closed(struct engine *e, uint64_t stream, struct engine_time now,
                          struct engine_actions *actions);
/* Stops or resumes sending to a stream whose reader is slow. */
void engine_stream_pause(struct engine *e, uint64_t stream, bool paused, struct engine_time now,
                         struct engine_actions *actions);
/* Answers to fetches may come late: what the store read before later sets is told from what it reads now, and asked again.
 * `row` NULL: there is no such instance. No payload is left out. */
void engine_fetched(struct engine *e, uint32_t hub, struct bytes instance_id, const struct instance_row *row,
                    const struct payload *payloads, struct engine_time now, struct engine_actions *actions);
/* The whole history of the current execution in the encoding of write_set.h. */
void engine_history_fetched(struct engine *e, int64_t key, struct bytes events, struct engine_time now,
                            struct engine_actions *actions);
/* `row` NULL: the entity has no state. */
void engine_entity_fetched(struct engine *e, uint32_t hub, struct bytes entity_id,
                           const struct entity_row *row, struct engine_time now,
                           struct engine_actions *actions);
/* Fires what is due. */
void engine_tick(struct engine *e, struct engine_time now, struct engine_actions *actions);
/* Whether changes of the instances of a hub are told (ENGINE_CHANGED) from the next input on. Off in a new engine. */
void engine_watch(struct engine *e, uint32_t hub, bool on);
/* How long from `now` until engine_tick must be called, in nanoseconds, at least 0; INT64_MAX: it need not
 * be.
 * `*ret_steppable`: something waits for the clock that people set. If that steps, it is due earlier or later
 * than the answer says, so look again now and then. */
int64_t engine_wait(const struct engine *e, struct engine_time now, bool *ret_steppable);
/* Hands out the open write set, if it holds anything. */
void engine_flush(struct engine *e, struct engine_actions *actions);
/* The set of that sequence is on disk. In order, once each. */
void engine_committed(struct engine *e, uint64_t sequence, struct engine_time now,
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
    bool filtered;                      /* it takes some names only */
};
/* Tells of each stream of the hub that still gets work, in the order in which they came. Changes nothing. */
void engine_workers(const struct engine *e, uint32_t hub,
                    void (*on_worker)(void *context, const struct engine_worker_load *worker), void *context);
/* Appends one line that says why a live instance does not move (core/task/standing.h). False: no such instance lives. */
bool engine_standing(const struct engine *e, uint32_t hub, struct bytes instance_id, struct buf *out);
void engine_stats(const struct engine *e, struct engine_stats *ret_stats);

/* Tells of each hub, in no order. `now_ns` is steady. `name` and `tally` are valid during the callback. */
void engine_tallies(const struct engine *engine, int64_t now_ns,
                    void (*on_hub)(void *context, struct bytes name, const struct tally_hub *tally),
                    void *context);
/* Checks every invariant that can be checked in memory (performance.md section 3); aborts on a broken one. */
void engine_check(const struct engine *e);

#endif
