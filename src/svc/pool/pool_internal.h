/* SPDX-License-Identifier: MIT */
/* pool_internal.h — the books that pool.c and tenant.c share. For nobody else. */
#ifndef SVC_POOL_POOL_INTERNAL_H
#define SVC_POOL_POOL_INTERNAL_H

#include "svc/pool/pool.h"
#include "svc/pool/session/stock.h"

struct pool {
    struct loop *loop;
    struct pool_options options; /* with the defaults filled in */
    struct session_stock stock;
    struct memory_budget budget;
    struct kept_results kept;
    struct memory_budget uploads; /* bytes of files written into sessions from outside */
    struct loop_timer quiet;      /* gives freed memory back after a storm */
    void (*on_up)(void *context);
    void *on_up_context;
    struct map tenants; /* by identifier */
    struct list tenant_list;
    struct list waiting;    /* of struct tenant: they need a session and have none */
    struct list executions; /* all of them */
    bool shut;              /* by pool_shut */
    uint32_t busy;          /* sessions that run a cell */
    uint32_t unseated;      /* tenants that hold no seat (tenant.h) */
    uint64_t claims, crashes, timeouts;
    struct loop_task planning; /* spares are ordered off the path of the request */
    struct loop_timer later;   /* plans again */
};

/* Plans at the end of this turn of the loop. */
void pool_plan_soon(struct pool *pool);
/* A session of a tenant begins to run a cell. */
void pool_cell_begins(struct pool *pool);
/* Tenants that have a session, or are to get one: what `sessions_max` limits. */
uint32_t pool_seats(const struct pool *pool);
/* Gets the tenant a session: a ready one, one that is being built, or a new one; or lets it wait. */
void pool_want_session(struct pool *pool, struct tenant *tenant);

#endif
