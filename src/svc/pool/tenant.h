/* SPDX-License-Identifier: MIT */
/* tenant.h — one identifier and what belongs to it: its session, the calls that wait, the executions kept for
 * polling, its age.
 * A tenant outlives its session: after a crash it has none, keeps its queue and its records, and its next
 * call gets a fresh one. If nobody waits then, it gives its seat to others and takes one again with its next call. Without a session its own timer ends it after the cooldown; with one, the session's
 * end does. One cell runs at a time, in order of arrival; who wants the files does not wait for code
 * (session-pool-api.md 8.6). Made by pool_enter only. On the loop's thread; callbacks come from the loop but
 * for on_session, which may come from inside tenant_want_session. */
#ifndef SVC_POOL_TENANT_H
#define SVC_POOL_TENANT_H

#include "core/pool/pool_policy.h"
#include "svc/pool/files/file_changes.h"
#include "svc/pool/ledger.h"

struct pool;

/* Waits for a tenant's session. The caller embeds it. */
struct session_wait {
    struct list link;
    /* `session` is NULL when there is none to be had, then `cause` says why. The wait is over. */
    void (*on_session)(struct session_wait *wait, struct session *session, const char *cause);
};

/* Somebody who uses the files of a tenant's session over several turns. The caller embeds it. */
struct tenant_hold {
    struct list link;
    struct tenant *tenant; /* NULL: the session is gone, and its files with it */
};

struct tenant {
    struct list link; /* in the pool, oldest first */
    struct list waiting_link;
    struct pool *pool;
    enum runtime_id runtime;                          /* of its sessions */
    char identifier[SESSION_IDENTIFIER_SIZE_MAX + 1]; /* empty: the pool's own */
    struct session *session;                          /* NULL: none yet, or it ended under the tenant */
    char guid[GUID_TEXT_SIZE + 1];                    /* of the latest session; empty: there was none */
    struct list queue;                                /* of struct execution */
    struct list waits;                                /* of struct session_wait */
    size_t queue_count;
    struct execution_ledger ledger;
    struct list holds;               /* of struct tenant_hold; they postpone the cooldown */
    size_t uploaded;                 /* bytes charged to the pool's uploads */
    struct execution *measured;      /* what it does is being looked at, and no cell runs; NULL: none */
    struct tenant_hold measure_stay; /* meanwhile */
    struct file_stillness still;     /* of the folder that was looked at last */
    int64_t created_unix_ns;
    int64_t accessed_unix_ns;
    int64_t waiting_since_ns; /* when it began to wait for a session; 0: it does not */
    int64_t allocated_ns;     /* when the present session came */
    bool unseated;            /* it has no session and nobody waits for one; it is kept for its records */
    bool allocation_reported; /* the call that brought the session has said so, or was one for files */
    struct loop_timer expiry; /* while there is no session: the cooldown of the tenant itself */
};

/* --- for the API --- */

/* A request for an existing tenant that needs no session. */
void tenant_touch(struct tenant *tenant);
/* Takes ownership of `execution` and runs it in its turn. RESOURCE_EXHAUSTED: the queue or the pool's memory is full, `execution`
 * stays the caller's. */
STATUS_RESULT tenant_execute(struct tenant *tenant, struct execution *execution, struct err *err);
/* Nobody waits for `execution` any more. It is dropped if it has not begun and cannot be polled for. */
void tenant_abandon_execution(struct execution *execution);
/* It shall end, and its end says that it was cancelled: one that waits never runs, one that runs is interrupted and, after the
 * grace, its session ended. False: it is over, or it is being stopped already. */
bool tenant_cancel_execution(struct execution *execution);
/* The newest execution of that id, or NULL. */
struct execution *tenant_find_execution(struct tenant *tenant, struct bytes id);
/* Calls back with the tenant's session, ordering one if needed. */
void tenant_want_session(struct tenant *tenant, struct session_wait *wait);
/* May be called when not waiting. */
void tenant_cancel_wait(struct session_wait *wait);
/* Between these the tenant's session does not cool down. Only while the tenant has a session. `leave` touches
 * the tenant and may be called when the tenant is gone. */
void tenant_hold_begin(struct tenant *tenant, struct tenant_hold *hold);
void tenant_hold_end(struct tenant_hold *hold);
/* A file of `size` bytes is about to be written into its session from outside; `used_size` bytes are taken in the
 * session's storage at this moment. The kernel charges such pages to who writes them: where that is the server, for
 * want of a way to charge the session (session_store.h), this is their bound. False: the uploads
 * to all sessions have reached their limit. Only while the tenant has a session. */
bool tenant_charge_upload(struct tenant *tenant, size_t used_size, size_t size);
/* Ends the tenant and its session at once; the identifier is free. Its executions are answered as cancelled.
 * The pointer dies. */
void tenant_release(struct tenant *tenant, const char *cause);

/* --- for tenant.c (tenant_files.c) --- */

/* All who wait are told that there is no session, and why. */
void tenant_fail_waits(struct tenant *tenant, const char *cause);
/* The session is gone, and its files with it: whoever held it finds that out. */
void tenant_drop_holds(struct tenant *tenant);
/* Likewise what was written into it is not charged any more. */
void tenant_forget_uploads(struct tenant *tenant);

/* --- for pool.c --- */

/* In the pool's books, without a session. NULL without memory. */
struct tenant *tenant_create(struct pool *pool, struct bytes identifier);
/* Likewise, as that of the pool itself; while there is none. */
struct tenant *tenant_create_own(struct pool *pool);
/* Frees without a callback, at the end of the pool. */
void tenant_destroy(struct tenant *tenant);
/* It was used at this moment. */
void tenant_note_use(struct tenant *tenant);
/* It has no session and needs one: since now, unless it waits already. */
void tenant_begin_waiting(struct tenant *tenant, int64_t now_ns);
void tenant_end_waiting(struct tenant *tenant);
/* Somebody waits who cannot be served without a session. */
bool tenant_needs_session(const struct tenant *tenant);
/* `session` is its session from now on, ready or not. */
void tenant_take_session(struct tenant *tenant, struct session *session);
/* It has no session, and nobody waits for one: its seat is free. The pointer may die, or that of another that is older. */
void tenant_leave_seat(struct tenant *tenant);
/* It is about to get a session. May be called with one. */
void tenant_take_seat(struct tenant *tenant);
/* Gets it a session from the stock: a ready one, one that is being built, or a new one; or lets it wait, in order of
 * arrival. */
void tenant_seek_session(struct tenant *tenant);
/* The answer of `execution` has come from `session` and is taken over: it becomes final now, or once it has been measured. */
void tenant_settle_execution(struct loop *loop, struct execution *execution, const struct session *session);
/* Its session ended under it. The calls that wait go on waiting. */
void tenant_lose_session(struct tenant *tenant);
/* Runs what can run; without a session, asks the pool for one. */
void tenant_pump(struct tenant *tenant);
/* No session can be had: everybody who waits is told, and a tenant without a session goes. The pointer may
 * die. */
void tenant_fail_waiting(struct tenant *tenant, enum session_reason reason, const char *cause);

#endif
