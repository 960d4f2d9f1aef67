/* SPDX-License-Identifier: MIT */
/* engine_types.h — what passes between an engine and its caller: the time, methods, actions, options. The functions are in
 * engine.h, which callers include; the engine's own files need only these. */
#ifndef CORE_TASK_ENGINE_TYPES_H
#define CORE_TASK_ENGINE_TYPES_H

#include "base/log.h"
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
    ENGINE_RETAIN_HUB, /* its own rules of retention; the message is their text (retention.h), or empty */
    ENGINE_DELETE_HUB, /* the hub goes from the store; all its instances are erased before */
    ENGINE_COMPLETE_ORCHESTRATOR,
    ENGINE_COMPLETE_ACTIVITY,
    ENGINE_ABANDON_ORCHESTRATOR,
    ENGINE_ABANDON_ACTIVITY,
    ENGINE_SKIP_GRACEFUL_TERMINATIONS,
    ENGINE_SIGNAL_ENTITY,
    ENGINE_GET_ENTITY,
    ENGINE_COMPLETE_ENTITY,
    ENGINE_COMPLETE_ENTITY_HOST, /* a CompleteEntityWorkItemRequest */
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
    ENGINE_CHANGED_ENTITY, /* hub, entity: likewise */
    ENGINE_FETCH_ENTITY,   /* hub, instance_id: answer with engine_entity_fetched */
    ENGINE_TRACE, /* message, span_count: what is over, as spans, once it is on disk; see core/task/span.h */
    ENGINE_NOTE,  /* level, hub, instance_id (may be empty), text: something an operator wants in the log */
};

/* An entity as it is on disk. */
struct engine_entity_change {
    struct bytes entity_id;
    struct bytes locked_by; /* an instance's id; empty: nobody */
    int64_t modified_ns;    /* of its state; 0: it has none, or that is not known */
    size_t backlog;         /* messages that wait for it */
    bool gone;              /* it has no state, no holder and no message */
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
    const struct engine_entity_change *entity;
};

struct engine_actions {
    struct list items; /* struct engine_action, in the order to carry out */
    struct arena arena;
};

void engine_actions_init(struct engine_actions *actions);
/* Empties the list; a write set still in it is destroyed. */
void engine_actions_clear(struct engine_actions *actions);
void engine_actions_fini(struct engine_actions *actions);

/* Whose stream it is. */
struct engine_worker {
    struct bytes id;         /* may be empty */
    uint64_t connection;     /* tells streams of one connection apart (spec 2.9, duty 6) */
    size_t message_size_max; /* bytes of one message that it takes; 0: options.message_size_max */
    bool entities_flat;      /* it knows the first encoding of entity work only (spec 3.23.2) */
    bool entities_none;      /* unless it says how many it takes, it knows no entities */
};

/* A name that a worker takes, and in which versions. */
struct engine_filter {
    struct bytes name;
    const struct bytes *versions;
    size_t version_count; /* 0: any */
};

struct engine_options {               /* all are set: engine_options_default, then those that are settings */
    size_t message_size_max;          /* bytes of one message to a worker or client (spec 2.6) */
    size_t payload_size_max;          /* setting; bytes of one input, output, event (spec 2.6) */
    size_t terminal_resident_max;     /* terminal instances kept in memory */
    size_t history_resident_size_max; /* setting; bytes of histories kept for waiting instances */
    /* setting; bytes of inputs, outputs and custom statuses kept in memory */
    size_t payload_resident_size_max;
    size_t entity_resident_max;      /* idle entities kept in memory */
    size_t entity_resident_size_max; /* bytes of their states */
    size_t payload_small_size;       /* bytes of one that always stays, where it was used */
    size_t receipts_max;             /* operations of clients that are remembered (receipt.h) */
    int64_t receipt_keep_ns;         /* for how long */
    uint32_t stream_items_default;   /* per category when a worker sends 0 (spec 2.10) */
    uint32_t poison_deliveries_max;  /* UINT32_MAX: never (spec 3.21) */
    uint32_t entity_failures_max;  /* of one batch in a row, as its workers say, until its callers are told */
    int64_t ping_interval_ns;      /* (spec 2.9) */
    int64_t activity_grace_ns;     /* after a stream ended (spec 2.11) */
    int64_t orchestrator_lease_ns; /* upper bound on a live stream (spec 2.11) */
    int64_t activity_lease_ns;     /* setting; the same for an activity, which may run for hours */
    int64_t unserved_wait_ns;      /* work that no worker takes is told after this, then ever less often */
    int64_t terminate_wait_ns;     /* for a worker to take a terminate before the engine acts (3.12) */
    int64_t abandon_delay_min_ns;  /* until work that was given back, or lost again, is sent; doubles */
    int64_t abandon_delay_max_ns;
    bool speculate_turns; /* hand events to their orchestrator before they are on disk: its answer
                           * is committed with or behind them, so nothing is promised too early */
    bool traces;          /* tell of executions that are over, by ENGINE_TRACE */
    uint64_t seed[4];     /* for ids and tokens; random in production, never the same twice */
};

#endif
