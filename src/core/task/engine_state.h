/* SPDX-License-Identifier: MIT */
/* engine_state.h — the objects behind engine.h, shared by the files that make up the engine.
 * Owns nothing itself: each field names the module that writes it; others read. Only engine files include
 * this. Who does what:
 *
 *   engine.c       the table of methods, and the entry points: sets the time, runs an input, then lets dispatch hand out work
 *   engine_load.c  an engine from the rows of a store
 *   engine_state.c actions, alarms, ids: what all of them use
 *   call.c         client calls: parking, fetching what they need, answering
 *   gate.c         the open write set; what must wait for which commit
 *   instance.c     instances as objects; instance_life.c birth, removal, status; instance_past.c history and payloads;
 *                  ending.c their end; residence.c what stays in memory
 *   watch.c        changes of instances, told once they are on disk
 *   inbox.c        events that wait for an instance
 *   work.c         turns and activities as work: queued, with a worker, waiting (a state machine)
 *   work_class.h   what differs between them
 *   queue.c stream.c dispatch.c    queues, worker streams, who gets what
 *   turn.c         building a turn; turn_held.c what it holds; turn_answer.c reading its answer, turn_commit.c carrying it out, decision.c
 *                  one action of it
 *   activity.c     activities; activity_answer.c what workers say to them
 *   entity.c       entities: who is there, what waits for them; entity_message.c their messages, entity_lock.c who
 *                  holds them, entity_work.c their batches, entity_answer.c what a batch changes
 *   receipt.c      which operations clients have already sent
 *   start.c control.c purge.c read.c    the client methods
 *   rewind.c       an instance that failed goes on, with its failed children; rewind_plan.c what its history keeps
 *   orphans.c      who is below an instance although a parent between them has ended
 *   unserved.c worker_note.c    what the operator is told of work and workers
 *   standing.c     why an instance does not move, in a line
 *   trace.c        spans, told once what they tell is on disk
 *   rejoin.c limits.c    events made whole; what is over a limit */
#ifndef CORE_TASK_ENGINE_STATE_H
#define CORE_TASK_ENGINE_STATE_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/prng.h"
#include "core/task/engine_types.h"
#include "core/task/event.h"
#include "core/task/instance_status.h"
#include "core/task/memory.h"
#include "core/task/owned_bytes.h"
#include "core/task/tally.h"

#define TOKEN_SIZE   32                /* characters of a completion token */
#define ARENA_NO_CAP ((size_t)8 << 30) /* bytes: what an input may need is bounded by its own message */

struct activity;
struct call;
struct hub;
struct instance;
struct queue;
struct stream;
struct work_class;

/* Something to do at a time. */
struct alarm {
    struct heap_node node;
    struct heap *heap; /* while set: engine.alarms or engine.unix_alarms */
    void (*on_due)(struct engine *engine, struct alarm *alarm);
};

/* --- gate.c --- */
/* Inside whatever waits for a write set to be committed. */
struct gate_waiter {
    struct list link; /* gate.waiters */
    void (*on_committed)(struct engine *engine, struct gate_waiter *waiter);
};
/* What waits for one write set. */
struct gate {
    struct list link; /* engine.gates */
    uint64_t sequence;
    struct list waiters; /* struct gate_waiter */
};

/* --- work.c --- */
enum work_kind { WORK_TURN, WORK_ACTIVITY, WORK_ENTITY, WORK_KIND_COUNT };
enum work_state {
    WORK_IDLE,    /* nothing to do */
    WORK_QUEUED,  /* in its queue */
    WORK_LOADING, /* was first in line, but its history must be fetched */
    WORK_OUT,     /* with a stream */
    WORK_GRACE,   /* its stream ended; a late answer is awaited */
    WORK_DELAYED, /* given back; waits before it is queued again */
    WORK_STATE_COUNT,
};
struct work {
    const struct work_class *class;
    enum work_state state;
    struct list link;       /* QUEUED: queue.items; OUT: stream.works; misfit: hub.misfits */
    struct queue *queue;    /* QUEUED only */
    struct stream *stream;  /* OUT only */
    struct alarm alarm;     /* OUT: lease limit; GRACE, DELAYED: their end */
    int64_t queued_ns;      /* QUEUED, LOADING: when it came into line, of now_ns */
    uint32_t deliveries;    /* since the last success; those that ended with their lease do not count */
    uint32_t losses;        /* likewise: how often its stream ended */
    uint32_t abandons;      /* likewise */
    bool misfit;            /* DELAYED, in hub.misfits: no connected worker's messages hold it */
    char token[TOKEN_SIZE]; /* of the last delivery, while an answer to it is accepted */
    bool token_set;         /* in engine.tokens */
};

/* --- standing.c --- */
/* How a piece of work stands; later ones are nearer to being done. */
enum standing_work {
    STANDING_NO_WORKER,  /* nobody is connected to its hub */
    STANDING_NO_NAME,    /* nobody who is takes its name */
    STANDING_NO_VERSION, /* its name, but not its version */
    STANDING_SILENT,     /* those who take it do not answer */
    STANDING_TOO_LARGE,  /* its message is larger than they take */
    STANDING_AGAIN,      /* it was lost or given back, and is sent again later */
    STANDING_BUSY,       /* those who take it have all that they may hold */
    STANDING_OUT,        /* a worker has it */
    STANDING_LATER,      /* it was asked for a later time */
    STANDING_NONE,       /* there is none */
};

/* --- inbox.c --- */
struct inbox_event {
    struct list link; /* instance.inbox, instance.later or turn.taken */
    struct instance *instance;
    struct alarm alarm;      /* in instance.later: when it becomes visible */
    int64_t sequence;        /* of its row; -1: ExecutionStarted, which is the payload STARTED */
    uint64_t order;          /* of becoming visible; ExecutionStarted 0 */
    uint64_t write_sequence; /* the set that makes it durable */
    int64_t visible_ns;      /* since 1970 */
    int64_t stamp_ns;        /* it must not be stamped earlier; 0: no matter */
    enum pb_history_event_case kind;
    bool tagged; /* for the current execution only */
    struct bytes event;
    uint8_t data[]; /* `event`, unless that is the payload */
};

/* --- turn.c --- */
struct turn_chunk {
    struct list link;
    struct owned_bytes message; /* an encoded OrchestratorResponse */
};
struct turn {
    struct work work;
    struct list taken;  /* inbox events of the last delivery, until committed or taken back */
    struct buf events;  /* newEvents as delivered, a blob */
    struct list chunks; /* of a completion that arrives in parts */
    size_t chunk_count;
    size_t chunk_size;  /* bytes */
    bool whole_history; /* the worker asked for it: do not stream */
    bool rewound;       /* `events` has an ExecutionRewound, which no worker is shown */
};

/* --- activity.c --- */
struct activity {
    struct list link;               /* instance.activities */
    struct gate_waiter gate_waiter; /* until its row is committed */
    struct instance *instance;
    struct work work;
    int64_t ordinal;
    int32_t task_id;
    bool detached;        /* its orchestration has ended; the result goes nowhere */
    struct bytes request; /* encoded ActivityRequest, in data */
    struct bytes name;    /* in request */
    struct bytes version; /* in request */
    uint8_t data[];
};

/* --- instance.c --- */
struct instance {
    struct hub *hub;
    struct bytes map_key;  /* hub number and id, in data */
    bool known;            /* false: being fetched */
    bool put_pending;      /* in engine.puts: its row is written at the next flush */
    bool terminal_counted; /* in engine.terminals */
    bool history_resident;
    bool history_wanted;   /* somebody needs it */
    bool history_fetching; /* asked for */
    bool payloads_wanted;  /* somebody needs those that are left out */
    bool payloads_fetching;
    bool suspend_wanted; /* the last suspend or resume that was accepted is a suspend */
    bool terminating;    /* an ExecutionTerminated waits or is out */
    bool terminate_recurse;
    int32_t parent_task_id;
    struct owned_bytes parent_execution_id;      /* empty: no parent */
    struct instance_row row;                     /* borrows from `owned`, and instance_id from map_key */
    struct payload payloads[PAYLOAD_KIND_COUNT]; /* borrows from `owned` */
    struct {
        struct owned_bytes execution_id, name, version, parent_id, tags;
        struct owned_bytes payloads[PAYLOAD_KIND_COUNT];
    } owned;
    int64_t last_event_ns;     /* no later event is stamped earlier */
    uint64_t changed_sequence; /* the last write set it is in */
    uint64_t history_asked;    /* changed_sequence when the fetch was asked for */
    uint64_t payloads_asked;
    uint64_t history_sequence;      /* the write set that holds the newest history */
    struct gate_waiter gate_waiter; /* until changed_sequence is committed */
    struct list put_link;           /* engine.puts */
    struct list residence_link;     /* engine.terminals or engine.strays */
    struct list history_link;       /* engine.idle_histories */
    struct list payload_link;       /* engine.large_payloads */
    size_t payload_size;            /* bytes that count there */
    size_t input_size;              /* bytes of the input, resident or not; 0, before it was read */
    struct list inbox;              /* visible events, in order */
    struct list later;              /* events with an alarm */
    size_t inbox_controls;          /* resumes and terminates in inbox */
    struct list activities;
    struct list children; /* live ones of the current execution */
    struct instance *parent;
    struct list child_link;
    struct list orphan_link; /* engine.orphans */
    struct list waiters;     /* calls parked until it starts or ends */
    struct list pins;        /* of calls that need it resident */
    struct buf history;      /* a blob, if history_resident */
    bool history_rewound;    /* likewise: it has an ExecutionRewound, which no worker is shown */
    size_t history_size; /* bytes of it, resident or not; less, before it was fetched for the first time */
    struct turn turn;
    struct alarm terminate_alarm; /* when the engine ends it itself */
    struct list entity_locks;     /* entities that the current execution holds (entity_lock.h) */
    struct list entity_requests;  /* locks that it waits for: struct entity_message */
    struct list entity_calls;     /* operations whose answer it waits for, likewise */
    uint8_t data[];
};

/* --- entity.c, entity_lock.c, entity_check.c: what the others tell entities --- */
struct entity;
struct entity_message;
void entity_init(struct engine *engine);
void entity_fini(struct engine *engine);
/* Looks at those that something has changed for (entity.h); true if there were any. */
bool entity_run(struct engine *engine);
/* A call needs none any more. */
void entity_unpin_all(struct engine *engine, struct call *call);
/* The store's answer; `row` NULL: there is no state. */
void entity_fetched(struct engine *engine, uint32_t hub, struct bytes id, const struct entity_row *row);
/* The hub is being deleted, and has no instance any more: all of it goes. The store deletes the rows with the hub. */
void entity_forget_hub(struct engine *engine, const struct hub *hub);
/* True if the instance holds any. */
bool entity_lock_held(const struct instance *instance);
/* The current execution ends: its locks and requests go. */
void entity_lock_end(struct engine *engine, struct instance *instance);
/* Checks the invariants of all, and calls on_work for the work of each. */
void entity_check_all(const struct engine *engine, void (*on_work)(const struct work *work, void *context),
                      void *context);

/* --- dispatch.c --- */
/* Works of one kind with the same name and version: the finest thing a filter can tell apart. */
struct queue {
    struct list link; /* hub.busy, while it has items */
    struct hub *hub;
    const struct work_class *class;
    struct list items;
    size_t count;
    struct bytes name;    /* in data */
    struct bytes version; /* in data */
    bool unversioned;     /* the items have no version: `version` is that of their instance */
    struct bytes map_key; /* in data */
    uint8_t data[];
};

struct hub {
    uint64_t number;
    struct owned_bytes name;
    bool deleted; /* its number may come back with another name */
    struct list streams;
    struct map queues;                 /* by kind, name, version */
    struct list busy[WORK_KIND_COUNT]; /* queues with items, the one to serve next first */
    size_t busy_count[WORK_KIND_COUNT];
    bool due; /* something may be dispatchable */
    struct list due_link;
    struct list misfits; /* turns that wait for a worker whose messages hold them */
    size_t misfit_count;
    int64_t misfit_told_ns;      /* when that was last told, of now_ns; 0: never */
    struct alarm unserved_alarm; /* while work waits: when to look whether anybody takes it */
    uint32_t unserved_told;      /* times in a row that nobody took some of it */
    bool watched;                /* changes of its instances are told */
    struct tally_hub tally;      /* tally.c */
};

struct stream {
    uint64_t number;
    struct hub *hub;
    struct list link; /* hub.streams */
    struct bytes worker_id;
    uint64_t connection;
    size_t message_size_max; /* bytes that the worker takes at once */
    bool paused;
    bool stalled; /* a lease ran out: nothing but pings is sent until it has answered something */
    bool retired; /* a newer stream of the same worker took over: nothing but pings is sent */
    bool history_streaming;
    bool filtered;
    bool entities_flat; /* it knows the first encoding of entity work only (entity_work.h) */
    bool entities_none; /* it knows no entities */
    struct {
        struct engine_filter *filters;
        size_t filter_count;
        uint32_t limit;
        uint32_t out;
    } kinds[WORK_KIND_COUNT];
    struct list works; /* what it holds */
    struct list lost;  /* struct lost_delivery: what it held when a lease ran out */
    size_t burst_size; /* bytes sent in input `burst_input` */
    uint64_t burst_input;
    struct alarm burst_alarm; /* the burst was cut: more may be sent in the next input */
    struct alarm ping_alarm;  /* when it has been quiet for too long */
    struct alarm grace_alarm; /* retired: when what it holds is taken back, or it is used again */
    struct bytes request;     /* as it was opened with */
    struct arena arena;       /* filters, worker id, request */
};

/* A delivery whose lease ran out. Its token no longer answers for the work once that is sent again, but tells
 * that the worker is alive. */
struct lost_delivery {
    struct list link; /* stream.lost */
    struct stream *stream;
    char token[TOKEN_SIZE]; /* key in engine.lost */
};

/* --- call.c --- */
enum call_state {
    CALL_RUNNING,
    CALL_FETCHING, /* pins say what is missing */
    CALL_WAITING,  /* in instance.waiters */
    CALL_HELD,     /* answered, but the answer waits for a commit */
    CALL_DONE,
};
/* A row of the table in engine.c. */
struct call_method {
    const char *name; /* as on the wire */
    void (*run)(struct engine *engine, struct call *call);
    bool waits_for_start; /* read by read_wait: a Wait that a start ends, too */
};
struct call {
    uint64_t number;
    const struct call_method *method;
    uint32_t hub;
    enum call_state state;
    struct bytes message;            /* the input's, or in `message_kept` */
    struct owned_bytes message_kept; /* from when it may run again */
    bool registered;                 /* in engine.calls */
    bool want_payloads;              /* WAITING */
    bool lost;                       /* a history it needs cannot be had */
    size_t fetches;                  /* instances and histories still missing */
    struct list pins;                /* struct pin */
    struct list entity_pins;         /* struct entity_pin */
    struct list link;                /* WAITING: instance.waiters; FETCHING: engine.runnable */
    struct instance *instance;       /* WAITING */
    void (*on_moved)(struct engine *engine, struct call *call); /* WAITING */
    struct gate_waiter gate_waiter;                             /* HELD */
    struct list outputs;                                        /* struct call_output, HELD */
};
struct pin {
    struct list call_link;
    struct list instance_link;
    struct call *call;
    struct instance *instance;
    bool fetching; /* counted in call.fetches */
};
struct call_output {
    struct list link;
    enum engine_action_kind kind;
    enum status status;
    char *text; /* owned; NULL for none */
    struct owned_bytes message;
};

struct engine {
    struct engine_options options;
    struct prng prng;
    bool loading;
    int64_t now_ns;                 /* of the input in progress, on the clock that nobody sets */
    int64_t unix_ns;                /* the same, since 1970 */
    uint64_t inputs;                /* so far */
    struct engine_actions *actions; /* of the input in progress */
    struct arena scratch;           /* of the input in progress */
    struct arena inbound;           /* decoded requests: limited, since a peer chooses what they cost */

    struct map instances; /* by hub and id */
    struct map keys;      /* instances that exist, by row.key */
    struct map hubs;
    struct map streams;
    struct map calls;        /* parked and held ones */
    struct map tokens;       /* struct work */
    struct map lost;         /* struct lost_delivery by token */
    struct list runnable;    /* calls that have what they were fetching */
    struct heap alarms;      /* by now_ns */
    struct heap unix_alarms; /* by unix_ns: timers and starts that somebody asked for */
    struct list hubs_due;    /* hubs to dispatch */
    int64_t key_next;
    uint64_t arrivals; /* inbox events made visible so far */

    struct write_set *open;
    uint64_t open_sequence;
    uint64_t committed;
    struct list gates; /* in order of sequence */
    struct list puts;  /* instances whose row the open set must hold */

    struct list changes;        /* of watched hubs, by set: told when that is committed */
    struct list entity_changes; /* likewise */
    struct list traces;         /* spans, likewise */

    struct list idle_histories; /* resident histories nobody is using, oldest first */
    size_t idle_history_size;   /* bytes */
    struct list large_payloads; /* instances with resident payloads that may leave, oldest first */
    size_t large_payload_size;  /* bytes */
    struct list terminals;      /* resident terminal instances, oldest first */
    size_t terminal_count;
    struct list orphans; /* live instances with a parent that has ended, or is not known */
    struct list strays;  /* objects without an instance, to be freed if nobody needs them */

    struct map entities;       /* those that somebody cares about, by hub and id */
    struct list entities_due;  /* to be looked at before the input ends */
    struct list idle_entities; /* nobody is using them now, oldest first */
    size_t idle_entity_count;
    size_t idle_entity_size; /* bytes of their states */

    struct map receipts;       /* of operations that clients sent, by hub, entity and request */
    struct list receipt_order; /* the same, oldest first */
    size_t receipt_count;
    uint64_t receipt_taken; /* new ones so far */

    size_t work_counts[WORK_KIND_COUNT][WORK_STATE_COUNT];
    uint64_t duplicates_dropped;
    uint64_t events_dropped; /* raised for an instance that does not exist */
    uint64_t turns_committed;
    uint64_t entity_operations; /* that were carried out */
};

/* At a time of engine.now_ns; at one of engine.unix_ns. Set anew if it was set. */
void alarm_set(struct engine *engine, struct alarm *alarm, int64_t when_ns,
               void (*on_due)(struct engine *engine, struct alarm *alarm));
void alarm_set_unix(struct engine *engine, struct alarm *alarm, int64_t when_ns,
                    void (*on_due)(struct engine *engine, struct alarm *alarm));
/* Does nothing if it is not set. */
void alarm_clear(struct alarm *alarm);
/* Runs what is due by then. */
void alarms_fire(struct engine *engine, struct heap *alarms, int64_t now_ns);
/* True once the set of that sequence is on disk. */
static inline bool engine_is_committed(const struct engine *engine, uint64_t sequence)
{
    return sequence <= engine->committed;
}
/* A GUID without hyphens in the arena. */
struct bytes engine_new_id(struct engine *engine, struct arena *arena);
/* An action of the input in progress. */
struct engine_action *engine_act(struct engine *engine, enum engine_action_kind kind);
/* An ENGINE_NOTE. */
void engine_note(struct engine *engine, enum log_level level, const struct hub *hub, struct bytes instance_id,
                 const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The hub of that number, or NULL. */
struct hub *engine_hub(const struct engine *engine, uint32_t number);
/* One thing that the call was fetching has come: it runs before the input ends (core/task/call.h) when that was the last. */
void engine_call_arrived(struct engine *engine, struct call *call);

#endif
