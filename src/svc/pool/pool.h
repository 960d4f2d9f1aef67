/* SPDX-License-Identifier: MIT */
/* pool.h — the sessions of one pool and who has them: identifiers, spares, queues, cooldown, release.
 * Knows nothing of HTTP. The tier below makes sessions; core/pool_policy says how many; this file keeps the
 * books. A *tenant* is an identifier with what belongs to it: its session (none for a while after a crash),
 * the calls that wait, the executions kept for polling. All on the loop's thread; callbacks come from the
 * loop, never from inside a call. */
#ifndef SVC_POOL_POOL_H
#define SVC_POOL_POOL_H

#include "svc/pool/execution.h"

struct pool;

struct pool_options {                /* zero fields take the default behind unless it says otherwise */
    uint32_t sessions_max;           /* 100 */
    uint32_t sessions_ready;         /* spares to keep; 0 keeps none */
    int64_t cooldown_ns;             /* 0 ends a session as soon as it is idle; negative: never */
    int64_t grace_ns;                /* from SIGINT to SIGKILL: 2 s */
    int64_t session_wait_max_ns;     /* how long a call waits for a session to be built: 10 s */
    size_t output_size_max;          /* bytes kept of each stream of an execution: 1 MiB */
    size_t result_size_max;          /* bytes of a result frame: 16 MiB */
    size_t queue_max;                /* executions that wait in one identifier's queue: 256 */
    size_t records_max;              /* executions kept for polling, of each identifier: 100 */
    size_t records_size_max;         /* bytes of them, the newest excepted: 4 MiB */
    const struct session_tier *tier; /* required */
    const void *tier_options;        /* as the tier says; must live as long as pool_create runs */
};

/* Waits for a tenant's session. The caller embeds it. */
struct session_wait {
    struct list link;
    /* `s` is NULL when there is none to be had, then `cause` says why. The wait is over. */
    void (*on_session)(struct session_wait *w, struct session *s, const char *cause);
};

/* Somebody who uses the files of a tenant's session over several turns. The caller embeds it. */
struct tenant_guest {
    struct list link;
    struct tenant *tenant; /* NULL: the session is gone, and its files with it */
};

struct tenant {
    struct list link; /* in the pool, oldest first */
    struct list hungry_link;
    struct pool *pool;
    char identifier[SESSION_IDENTIFIER_SIZE_MAX + 1];
    struct session *session;       /* NULL: none yet, or it ended under the tenant */
    char guid[GUID_TEXT_SIZE + 1]; /* of the latest session; empty: there was none */
    struct list queue;             /* of struct execution */
    struct list waits;             /* of struct session_wait */
    struct list records;           /* of struct execution, oldest first */
    size_t queue_count;
    size_t record_count;
    size_t record_size;
    struct list guests; /* of struct tenant_guest; they postpone the cooldown */
    int64_t created_unix_ns;
    int64_t accessed_unix_ns;
    int64_t hungry_since_ns;  /* when it began to wait for a session; 0: it does not */
    int64_t allocated_ns;     /* when the present session came */
    bool allocation_reported; /* a call has said that it brought the session */
    struct loop_timer expiry; /* while there is no session: the cooldown of the tenant itself */
};

struct pool_report {
    uint32_t ready, starting, busy, idle, ending; /* sessions */
    uint32_t tenants, sessions_max;
    uint64_t claims, crashes, timeouts, spawn_failures; /* since the start */
    bool up;                                            /* the tier takes orders */
    const char *lost;                                   /* why the tier is gone; NULL: it is not */
    const char *isolation;                              /* JSON of the tier's own report, or "" */
    const char *tier;
};

STATUS_RESULT pool_create(struct loop *l, const struct pool_options *o, struct pool **ret_pool,
                          struct err *e);
/* Ends all sessions. Executions and waits in progress are dropped without a callback: their owners go first.
 * NULL allowed. */
void pool_destroy(struct pool *p);
/* Called once when the tier takes orders or is lost. NULL to unset. */
void pool_on_up(struct pool *p, void (*on_up)(void *context), void *context);
struct pool_report pool_report(const struct pool *p);
int64_t pool_cooldown_ns(const struct pool *p);
/* Of struct keeper_report; -1 before the tier is ready. Borrowed. */
int pool_data_root_fd(const struct pool *p);

/* The tenant of that identifier, or NULL. Does not count as a request. */
struct tenant *pool_find(struct pool *p, struct bytes identifier);
/* The tenant of that identifier for a request: made if there is none, its cooldown begun anew.
 * RESOURCE_EXHAUSTED: the pool is full; UNAVAILABLE: the tier is gone; NO_MEMORY. */
STATUS_RESULT pool_enter(struct pool *p, struct bytes identifier, struct tenant **ret_tenant, struct err *e);
/* A request for an existing tenant that needs no session. */
void tenant_touch(struct tenant *t);
/* Takes ownership of `x` and runs it in its turn. RESOURCE_EXHAUSTED: the queue is full, `x` stays the
 * caller's. */
STATUS_RESULT tenant_execute(struct tenant *t, struct execution *x, struct err *e);
/* Nobody waits for `x` any more. It is dropped if it has not begun and cannot be polled for. */
void execution_abandon(struct execution *x);
/* The newest execution of that id, or NULL. */
struct execution *tenant_find_execution(struct tenant *t, struct bytes id);
/* Calls back with the tenant's session, ordering one if needed. */
void tenant_want_session(struct tenant *t, struct session_wait *w);
/* May be called when not waiting. */
void session_wait_cancel(struct session_wait *w);
/* Between these the tenant's session does not cool down. Only while the tenant has a session. `leave` touches
 * the tenant and may be called when the tenant is gone. */
void tenant_guest_enter(struct tenant *t, struct tenant_guest *g);
void tenant_guest_leave(struct tenant_guest *g);
/* Ends the tenant and its session at once; the identifier is free. Its executions are answered as cancelled.
 * The pointer dies. */
void tenant_release(struct tenant *t, const char *cause);
/* The tenants in order of creation; `t` NULL gives the first. NULL at the end. */
struct tenant *pool_next_tenant(struct pool *p, struct tenant *t);
uint32_t pool_tenant_count(const struct pool *p);

#endif
