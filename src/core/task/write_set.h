/* SPDX-License-Identifier: MIT */
/* write_set.h — what one transaction of the scheduler changes, as data.
 * The engine (core/task/engine.h) fills it, the task store (store/task_store.h) applies it in order,
 * atomically. It holds no decisions: keys and sequence numbers are already chosen. Rows are the same types in
 * which the store hands state back at start-up, so that a restart runs through the same definitions. Times
 * are nanoseconds since 1970; 0: not set.
 *
 * Payloads (input, output…) are kept apart from the instance row: the row changes every turn, payloads
 * rarely, and most reads do not want them. History is stored as one blob a turn: HistoryEvents encoded as
 * they stand in OrchestratorRequest.pastEvents (tag 0x1a, length, bytes), so that a work item is built by
 * joining stored blobs. An input and an output are stored once, as payloads: the ExecutionStarted and
 * ExecutionCompleted of a history leave them out, and get them back when they are shown (rejoin.h). Histories from
 * before that have them, and are taken as they are. */
#ifndef CORE_TASK_WRITE_SET_H
#define CORE_TASK_WRITE_SET_H

#include "base/arena.h"
#include "base/list.h"
#include "core/task/instance_status.h"

enum payload_kind {
    PAYLOAD_INPUT,
    PAYLOAD_OUTPUT,
    PAYLOAD_CUSTOM_STATUS,
    PAYLOAD_FAILURE, /* an encoded TaskFailureDetails */
    PAYLOAD_STARTED, /* the encoded ExecutionStarted HistoryEvent of the current execution, without input */
    PAYLOAD_TRACE_CONTEXT, /* an encoded OrchestrationTraceContext */
    PAYLOAD_KIND_COUNT,
};

struct payload {
    bool present; /* absent and empty are different */
    struct bytes value;
    bool left_out; /* present in the store, but not here: `value` is empty */
};

struct instance_row {
    int64_t key;  /* integer primary key, chosen by the engine, never used again */
    uint32_t hub; /* hub number, see hub_row */
    struct bytes instance_id;
    struct bytes execution_id;
    struct bytes name;
    struct payload version;
    enum instance_status status;
    int64_t created_ns;
    int64_t updated_ns;
    int64_t completed_ns;     /* set exactly for terminal instances */
    int64_t scheduled_ns;     /* scheduledStartTimestamp */
    struct payload parent_id; /* parentInstanceId */
    /* encoded as repeated map entries of OrchestrationState.tags (field 15); may be empty */
    struct bytes tags;
    bool suspended;
    int64_t history_count; /* events in the history of the current execution */
    int64_t inbox_next;    /* next inbox sequence number */
    int64_t activity_next; /* next activity ordinal */
};

struct inbox_row {
    int64_t key;               /* instance */
    int64_t sequence;          /* order of arrival; unique within the instance */
    int64_t visible_ns;        /* not delivered before; 0: at once */
    struct bytes event;        /* encoded HistoryEvent, without the pastEvents tag */
    struct bytes execution_id; /* deliver only to this execution; empty: to any */
};

struct activity_row {
    int64_t key;          /* instance */
    int64_t ordinal;      /* unique within the instance */
    struct bytes request; /* encoded ActivityRequest */
};

struct history_row {
    int64_t key;
    int64_t first;       /* number of the blob's first event within the execution, from 0 */
    int64_t count;       /* events in the blob */
    struct bytes events; /* see above */
};

/* An entity that has a state; one without has no row. */
struct entity_row {
    uint32_t hub;
    struct bytes entity_id;
    struct bytes state;
    int64_t modified_ns; /* of the last batch that was committed */
};

/* Who holds an entity. */
struct entity_lock_row {
    uint32_t hub;
    struct bytes entity_id;
    struct bytes owner; /* an instance's id */
    struct bytes execution_id;
    struct bytes section; /* criticalSectionId */
    int64_t at_ns;        /* since when; 0: since a version that did not note it */
};

/* An operation or a request for a lock that waits for an entity. Rows come back in the order of `sequence`. */
struct entity_message_row {
    int64_t sequence; /* chosen by the engine from the instance keys, so never used again */
    uint32_t hub;
    struct bytes entity_id;
    int64_t visible_ns;        /* not delivered before; 0: at once */
    struct bytes event;        /* encoded HistoryEvent with its timestamp */
    struct bytes sender;       /* the orchestration that sent it; empty: a client or an entity */
    struct bytes execution_id; /* of the sender */
    bool legacy;               /* it came as JSON and is answered so (entity_legacy.h) */
    struct bytes trace;        /* an encoded TraceContext, or empty */
    int64_t at_ns;             /* when it came; 0: as of a lock */
};

/* An operation that a client has sent, by the id that it gave it (core/task/receipt.h). Rows come back in the order of
 * `sequence`. */
struct receipt_row {
    int64_t sequence; /* as of a message */
    uint32_t hub;
    struct bytes entity_id;
    struct bytes request_id;
    int64_t at_ns; /* since 1970: when it was accepted */
};

enum write_kind {
    WRITE_INSTANCE_PUT,          /* row: insert, or replace the row of that key */
    WRITE_INSTANCE_DELETE,       /* key: the instance and everything under it */
    WRITE_PAYLOAD_PUT,           /* key, payload_kind, payload: present sets, absent removes */
    WRITE_HISTORY_APPEND,        /* history */
    WRITE_HISTORY_CLEAR,         /* key */
    WRITE_INBOX_ADD,             /* inbox */
    WRITE_INBOX_DELETE,          /* key, sequence */
    WRITE_INBOX_CLEAR,           /* key */
    WRITE_ACTIVITY_ADD,          /* activity */
    WRITE_ACTIVITY_DELETE,       /* key, sequence (the ordinal) */
    WRITE_ACTIVITY_CLEAR,        /* key */
    WRITE_HUB_CLEAR,             /* key: a hub's number: its entities, their locks, messages and receipts */
    WRITE_HUB_DELETE,            /* key: the number of a hub that has no instance left */
    WRITE_HUB_RETENTION,         /* key: a hub's number; payload: its rules as text (retention.h), or empty */
    WRITE_ENTITY_PUT,            /* entity: insert, or replace the row of that hub and id */
    WRITE_ENTITY_DELETE,         /* entity: its hub and id */
    WRITE_ENTITY_LOCK_PUT,       /* entity_lock */
    WRITE_ENTITY_LOCK_DELETE,    /* entity_lock: its hub and entity_id */
    WRITE_ENTITY_MESSAGE_ADD,    /* entity_message */
    WRITE_ENTITY_MESSAGE_DELETE, /* sequence */
    WRITE_RECEIPT_ADD,           /* receipt */
    WRITE_RECEIPT_DELETE,        /* sequence: that receipt and all with a smaller one */
};

struct write_op {
    struct list link;
    enum write_kind kind;
    int64_t key;
    int64_t sequence;
    enum payload_kind payload_kind;
    struct payload payload;
    union {
        struct instance_row instance;
        struct inbox_row inbox;
        struct activity_row activity;
        struct history_row history;
        struct entity_row entity;
        struct entity_lock_row entity_lock;
        struct entity_message_row entity_message;
        struct receipt_row receipt;
    };
};

struct write_set {
    struct list ops; /* struct write_op, in the order to apply */
    size_t op_count;
    size_t size;        /* bytes of all values, for limits and statistics */
    uint64_t sequence;  /* set by the engine when it hands the set out */
    struct arena arena; /* holds the ops and copies of their bytes */
};

/* An empty set; NULL if there is no memory. */
MUST_USE struct write_set *write_set_create(void);
/* NULL allowed. */
void write_set_destroy(struct write_set *set);
/* Appends a copy of `op` with all its bytes. NO_MEMORY leaves the set unusable: destroy it. */
STATUS_RESULT write_set_add(struct write_set *set, const struct write_op *op);

#endif
