/* SPDX-License-Identifier: MIT */
/* scheduler_service.h — the scheduler as a service: gRPC calls in, engine decisions carried out, state on
 * disk.
 *
 * Owns the engine (core/task/engine.h) and the task store (store/task_store.h) and moves things between them
 * and a gRPC server (net/grpc_server.h); decides nothing about orchestrations. Used by the commands; never
 * the other way round. All on the loop's thread.
 *
 *   gRPC call ──► hub, method table ──► engine ──► write set ──► store (syncs) ──► engine ──► replies, work
 * items
 *
 * Group commit. An input changes the engine's memory at once. If the store is idle, what one turn of the loop
 * brought is committed at its end; if a commit runs, everything that arrives meanwhile forms the next one.
 *
 * Failure. When a commit fails, the calls it held fail with the cause, the engine is built anew from the
 * store as after a restart, and writes are refused while reads go on. Workers keep their streams, silent but
 * for pings, and get their work again (with new tokens) once a small write succeeds, which is tried again and
 * again.
 *
 * Methods: the table in scheduler_methods.c. Hub administration is refused unless options.hubs_managed. */
#ifndef SVC_SCHEDULER_SERVICE_H
#define SVC_SCHEDULER_SERVICE_H

#include "base/metric.h"
#include "core/task/engine.h"
#include "net/grpc_server.h"
#include "store/sqlite/sqlite_store.h"

struct scheduler;

struct scheduler_options { /* from scheduler_options_default; what is a setting is required */
    struct sqlite_store_options store;
    const char *const *hubs; /* created if absent; none: "default" (DTS_TASK_HUB_NAMES) */
    size_t hub_count;
    /* its id as a resource, at which roles may be granted; borrowed; NULL: it is none */
    const char *resource;
    bool hubs_apart; /* a grant for the task hub of a name, "/scheduler/HUB", is for another scheduler's */
    bool hubs_none;  /* without `hubs` none is made: they come one by one */
    const char *retention; /* rules of core/task/retention.h, kept; NULL: nothing is deleted by itself */
    int64_t retention_interval_ns; /* between two looks at who is old enough */
    bool hubs_managed;             /* clients may create and delete hubs (CreateTaskHub, DeleteTaskHub) */
    /* Before a hub goes because a client wants it: what others keep for it is to go first, so that nothing of it is there for a hub
     * of the same name. `on_done` is called once, perhaps from within; what is not OK leaves the hub as it is. NULL: nothing is kept
     * elsewhere. Whoever it waits for ends that before scheduler_destroy. */
    void (*on_hub_leaves)(void *context, struct bytes hub,
                          void (*on_done)(void *done_context, enum status status, const char *text),
                          void *done_context);
    void *hub_leaves_context;
    bool hubs_dynamic; /* a hub is created at the first use of its name (DTS_USE_DYNAMIC_TASK_HUBS) */
    /* beginnings of the user agents, separated by commas, whose workers take messages of
     * large_message_size_max; setting */
    const char *large_message_agents;
    size_t large_message_size_max; /* bytes */
    /* the same for workers that know only the first encoding of entity work */
    const char *flat_entity_agents;
    const char *no_entity_agents; /* and for those that know no entities, unless they ask for them */
    struct engine_options engine; /* `seed` is filled here */
    /* Told of each execution that is over: `count` spans as JSON objects with commas between them, valid during the call
     * (core/task/span.h). Set engine.traces, too. NULL: nobody is. */
    void (*on_trace)(void *context, struct bytes spans, size_t count);
    void *trace_context;
    int64_t (*steady_ns)(void); /* the clock that nobody sets, for the engine; tests let it run ahead */
    int64_t (*unix_ns)(void);   /* the clock that people set; tests step it */
    size_t stream_queue_max;    /* bytes queued for one worker before it gets no more work */
};

/* The limits of svc/scheduler/limit_values.h and of the layers below; what is a setting of the program is zero or NULL. */
struct scheduler_options scheduler_options_default(void);
/* Opens the store, upgrades it, creates hubs, loads what is unfinished. Errors as sqlite_store_open and
 * task_store_load. */
STATUS_RESULT scheduler_create(struct loop *loop, const struct scheduler_options *options,
                               struct scheduler **ret_scheduler, struct err *err);
/* Drops every call without an answer (destroy the gRPC server first, it answers them), closes the store. NULL
 * allowed. */
void scheduler_destroy(struct scheduler *scheduler);
/* What the gRPC server must be created with. */
struct grpc_handler scheduler_handler(struct scheduler *scheduler);
/* Where answers go; to be called before the first connection. */
void scheduler_attach(struct scheduler *scheduler, struct grpc_server *server);

/* Graceful end: worker streams and waiting calls end with UNAVAILABLE, new calls are refused, calls in
 * progress finish; `on_stopped` once no connection is left. */
void scheduler_stop(struct scheduler *scheduler, void (*on_stopped)(void *context), void *context);

/* options.resource. */
const char *scheduler_resource(const struct scheduler *scheduler);

/* Tells of each hub that the store holds, in no order, with the number of its instances that were not over
 * at the start. `name` is valid during the callback. */
void scheduler_hubs(const struct scheduler *scheduler,
                    void (*on_hub)(void *context, struct bytes name, uint64_t unfinished), void *context);

/* Other rules of core/task/retention.h for what has ended; "" for none. They hold from the next look on. INVALID_ARGUMENT: the
 * text is not what it must be, and the former rules stay; NO_MEMORY. */
STATUS_RESULT scheduler_retain(struct scheduler *scheduler, const char *rules, struct err *err);

/* For /healthz. */
struct scheduler_condition {
    bool writable;  /* false: writes are refused */
    char text[256]; /* why */
};
void scheduler_condition(const struct scheduler *scheduler, struct scheduler_condition *ret_condition);

/* For /metrics and tests. */
struct scheduler_stats {
    struct engine_stats engine; /* zero while there is no engine */
    struct task_store_stats store;
    uint64_t calls;    /* accepted so far */
    uint64_t failures; /* times writing stopped */
    size_t calls_open; /* streams and waits included */
};
void scheduler_stats(const struct scheduler *scheduler, struct scheduler_stats *ret_stats);
/* The same for a monitor; their source is the scheduler. */
extern const struct metric_row scheduler_metrics[];

#endif
