/* SPDX-License-Identifier: MIT */
/* scheduler_service_internal.h — what the files of this service share. Not for other folders. */
#ifndef SVC_SCHEDULER_SERVICE_INTERNAL_H
#define SVC_SCHEDULER_SERVICE_INTERNAL_H

#include "base/map.h"
#include "core/task/retention.h"
#include "svc/scheduler/partition.h"
#include "svc/scheduler/scheduler_asker.h"
#include "svc/scheduler/scheduler_service.h"
#include "wire/pb/orchestrator_service.pb.h"

struct scheduler_call;
struct scheduler_purge;
struct scheduler_retention;

/* What a method does with a call. The table stands in scheduler_methods.c. */
struct method {
    /* Answers the call, or keeps it. The message is valid during the call only. */
    void (*handle)(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);
    enum engine_method engine_method;
    bool write;        /* refused while writing has stopped */
    bool adds;         /* brings new work: refused while the disk is nearly full, too */
    bool worker;       /* called by workers, who retry UNAVAILABLE only */
    bool keeps;        /* its message is kept, to be given to a new engine after a failure */
    bool makes_hub;    /* its hub need not be there, if clients may create hubs */
    bool held_forever; /* may be open for days: ended by scheduler_stop */
    /* Instead of the answer: the first and last message of an extended session (spec 1.6). */
    struct bytes session;
};

/* An open call: of gRPC, or of somebody inside. */
struct scheduler_call {
    struct list link;             /* scheduler.calls_all */
    uint64_t number;              /* of the gRPC call, and the engine's name for it; see ASK_NUMBER */
    struct scheduler_asker asker; /* who asks from inside; on_done NULL: it is gRPC's */
    bool gone; /* the peer left while the store or engine still has it: free it when they are done */
    const struct method *method;
    struct scheduler *scheduler;
    uint32_t hub;
    uint64_t connection;
    struct buf message;   /* if method->keeps, or while it waits for its hub */
    struct buf worker_id; /* streams */
    bool is_stream;       /* GetWorkItems */
    bool large_messages;  /* streams: its peer takes options.large_message_size_max */
    bool entities_flat;   /* streams: its worker knows the first encoding of entity work only */
    bool entities_none;   /* streams: its worker knows no entities */
    bool in_engine;
    struct buf hub_name; /* while the store is making its hub */
    bool waits_for_hub;
    bool paused;                                     /* streams: the engine was told to wait */
    bool begun;                                      /* history: response headers are sent */
    bool draining;                                   /* streams: the worker asked for no more */
    void *own;                                       /* the method's, … */
    void (*on_destroy)(struct scheduler_call *call); /* … which frees it; NULL: nothing */
};

/* What begins a call, whoever begins it. */
struct scheduler_call_origin {
    uint64_t number;
    uint64_t connection;
    struct bytes message;
    const struct grpc_request *request;  /* NULL: from inside */
    const struct scheduler_asker *asker; /* NULL: by gRPC */
};

/* In the numbers of calls from inside. Those of gRPC count from 1, those of purges have the bit above. */
#define ASK_NUMBER ((uint64_t)1 << 62)

struct scheduler {
    struct loop *loop;
    struct scheduler_options options;
    struct grpc_server *grpc;
    struct task_store *store;
    struct partition *partition; /* all hubs; with several, an instance's id would name one */

    struct map hubs; /* struct scheduler_hub by folded name */
    uint32_t hub_default;

    struct map calls; /* struct scheduler_call by number */
    struct list calls_all;
    struct map purges; /* struct scheduler_purge by the number of its engine call */
    struct list purges_all;
    struct list watchers; /* struct scheduler_watcher */
    uint64_t purge_next;
    uint64_t ask_next;
    uint64_t call_count;

    struct scheduler_retention *retention;
    struct loop_timer ping_timer;  /* while writing has stopped */
    struct loop_timer quiet_timer; /* after work was done: when nothing happens any more */
    bool quiet_set;
    uint64_t turns;       /* of the partition that had something to do */
    uint64_t quiet_seen;  /* turns at the last look */
    uint64_t quiet_turns; /* turns when memory was last given back */
    bool stopping;
};

/* --- scheduler_backend.c --- */
/* The method of BackendService with that path, or NULL. */
const struct method *scheduler_backend_method(struct bytes path);

/* --- scheduler_methods.c --- */
/* The method of TaskHubSidecarService with that path, or NULL. */
const struct method *scheduler_method_find(struct bytes path);
/* The row of a method of TaskHubSidecarService. */
const struct method *scheduler_method(enum pb_task_hub_sidecar_service_method method);

/* --- scheduler_call.c --- */
/* Whether the service takes such a call now: UNAVAILABLE, RESOURCE_EXHAUSTED, and what scheduler_pump_refusal says. */
STATUS_RESULT scheduler_admit(struct scheduler *scheduler, const struct method *method, struct err *err);
/* A call that is listed, or NULL: no memory. Hub 0: it will wait for its hub, with its message. */
struct scheduler_call *scheduler_call_create(struct scheduler *scheduler,
                                             const struct scheduler_call_origin *origin,
                                             const struct method *method, uint32_t hub);
struct scheduler_call *scheduler_call_find(const struct scheduler *scheduler, uint64_t number);
/* Its hub is there: on to its method. */
void scheduler_call_admitted(struct scheduler_call *call, uint32_t hub);
/* Sends one message of a streamed answer. */
void scheduler_call_send(struct scheduler_call *call, struct bytes message);
/* Answers and forgets. */
void scheduler_call_reply(struct scheduler_call *call, struct bytes message);
void scheduler_call_finish(struct scheduler_call *call, enum status status, const char *text);
void scheduler_call_no_memory(struct scheduler_call *call);
/* Nobody waits for its answer any more. */
void scheduler_call_cancel(struct scheduler *scheduler, struct scheduler_call *call);
/* Forgets without an answer. */
void scheduler_call_destroy(struct scheduler_call *call);

/* --- scheduler_hubs.c --- */
/* Registers a hub that the store has. */
STATUS_RESULT scheduler_hubs_add(struct scheduler *scheduler, uint32_t number, struct bytes name);
/* An unfinished instance of the hub was loaded. */
void scheduler_hubs_count(struct scheduler *scheduler, uint32_t number);
/* The hub that a call's `taskhub` value names (data NULL: no such header; spec 2.3). NOT_FOUND,
 * INVALID_ARGUMENT. `make`: 0 if there is none yet, and scheduler_hubs_make makes it. */
STATUS_RESULT scheduler_hubs_resolve(struct scheduler *scheduler, struct bytes name, bool make,
                                     uint32_t *ret_hub, struct err *err);
/* The hub is about to be deleted: NOT_FOUND for everybody else. False: it is already. */
bool scheduler_hubs_close(struct scheduler *scheduler, uint32_t number);
/* It stays: what was begun has failed, or it was only to be emptied. */
void scheduler_hubs_reopen(struct scheduler *scheduler, uint32_t number);
/* Every hub that is not being deleted, in no order. */
void scheduler_hubs_each(const struct scheduler *scheduler,
                         void (*on_hub)(void *context, uint32_t number, struct bytes name), void *context);
/* Its own rules (core/task/retention.h); empty: it has none. A write of them is the engine's matter. */
STATUS_RESULT scheduler_hubs_retain(struct scheduler *scheduler, uint32_t number, struct bytes rules);
struct bytes scheduler_hubs_retention(struct scheduler *scheduler, uint32_t number);
/* It is deleted. */
void scheduler_hubs_forget(struct scheduler *scheduler, uint32_t number);
/* Has the hub made in the store and everywhere else, then calls scheduler_call_admitted or finishes the call. */
void scheduler_hubs_make(struct scheduler *scheduler, struct bytes name, struct scheduler_call *call);
/* Makes those that the settings name, and waits: at a start. */
STATUS_RESULT scheduler_hubs_make_all(struct scheduler *scheduler, struct err *err);
/* Adds to a refusal in `err` which hubs there are, some of them, and how an operator makes others. */
void scheduler_hubs_tell(const struct scheduler *scheduler, struct err *err);
/* Whether its changes are told; NOT_FOUND is no case: the number is a registered one. */
void scheduler_hubs_set_watched(struct scheduler *scheduler, uint32_t number, bool on);
/* Tells a new engine which hubs are watched. */
void scheduler_hubs_watch_again(struct scheduler *scheduler);
/* The name of a hub that is registered; valid as long as the scheduler. */
struct bytes scheduler_hubs_name(const struct scheduler *scheduler, uint32_t number);
void scheduler_hubs_fini(struct scheduler *scheduler);

/* --- scheduler_purge.c --- */
/* Instances deleted by what they are like: a page of ids from the store, a batch for the engine, and so on until there are
 * none. Batches are small: each is read and deleted in one go while everybody else waits. */
struct scheduler_purge_options {
    struct task_store_query query; /* which; `rows_max` and `after` are filled here */
    bool recursive;                /* and their children (spec 3.13) */
    bool erase;          /* also those that have not ended; `query` must match until they are gone */
    int64_t deadline_ns; /* monotonic; after it no other batch is begun */
    const bool *stop;    /* likewise once it is true; NULL: never */
    /* The end, once. `complete`: nothing that matches is left. */
    void (*on_done)(void *context, enum status status, const char *text, int64_t deleted, bool complete);
    void *context;
};

/* NO_MEMORY, and then on_done is not called. */
STATUS_RESULT scheduler_purge_begin(struct scheduler *scheduler,
                                    const struct scheduler_purge_options *options);
/* The engine's answer to one batch. */
void scheduler_purge_answered(struct scheduler_purge *purge, enum status status, const char *text,
                              struct bytes message);
/* Frees all that are left, when neither store nor engine has them any more; nobody is called. */
void scheduler_purge_fini(struct scheduler *scheduler);

/* --- scheduler_retention.c --- */
/* INVALID_ARGUMENT: options.retention is not what it must be. To be ended in any case. */
STATUS_RESULT scheduler_retention_begin(struct scheduler *scheduler, struct err *err);
/* The handler of scheduler_ask_retain; the message is the text of rules. */
void scheduler_retention_set(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);
/* There are rules that there were not before: a sweep comes, if none was to. */
void scheduler_retention_wake(struct scheduler *scheduler);
/* After its purges are gone. */
void scheduler_retention_end(struct scheduler *scheduler);

/* --- scheduler_hub_admin.c --- */
void scheduler_hub_create(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);
void scheduler_hub_delete(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);

/* --- scheduler_pump.c --- */
/* What the partition wants of the service: answers, work items, calls that a failure took. */
extern const struct partition_owner scheduler_partition_owner;
void scheduler_pump_init(struct scheduler *scheduler);
void scheduler_pump_fini(struct scheduler *scheduler);
/* Gives a call or stream to the engine. */
void scheduler_pump_call(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);
void scheduler_pump_stream(struct scheduler *scheduler, struct scheduler_call *call);
/* The answer to a write while writing has stopped. */
/* A line in the log, with the names of the hub and, unless it is empty, the instance. */
void scheduler_pump_tell(const struct scheduler *scheduler, enum log_level level, uint32_t hub,
                         struct bytes instance_id, const char *text);
enum status scheduler_pump_refusal(const struct scheduler *scheduler, bool worker);

/* --- scheduler_entities.c --- */
void scheduler_query_entities(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);
void scheduler_clean_entities(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);

/* --- scheduler_query.c --- */
void scheduler_query_instances(struct scheduler *scheduler, struct scheduler_call *call,
                               struct bytes message);
void scheduler_query_ids(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);
/* By id or batch: the engine's. By filter: pages from the store, each a batch for the engine. */
void scheduler_purge(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message);

#endif
