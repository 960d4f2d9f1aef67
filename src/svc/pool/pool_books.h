/* SPDX-License-Identifier: MIT */
/* pool_books.h — the books of a pool, which pool.c and tenant.c keep together: what there is, what is counted, and when to
 * plan. Knows what a tenant is by name only. Tenants enter themselves, and count `claims` and `unseated`; pool.c counts crashes
 * and timeouts; `busy` rises where tenant.c starts a cell and falls where pool.c hears of its end. For nobody else; on the
 * loop's thread. */
#ifndef SVC_POOL_POOL_BOOKS_H
#define SVC_POOL_POOL_BOOKS_H

#include "svc/pool/ledger.h"
#include "svc/pool/pool_options.h"
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
    struct map tenants;      /* of callers, by identifier */
    struct tenant *own;      /* of the pool itself (pool_enter_own); NULL: it asks nothing */
    struct list tenant_list; /* all of them */
    struct list waiting;     /* of struct tenant: they need a session and have none */
    struct list executions;  /* all of them */
    bool shut;               /* by pool_shut */
    uint32_t busy;           /* sessions that run a cell */
    uint32_t unseated;       /* tenants that hold no seat (tenant.h) */
    uint64_t claims, crashes, timeouts;
    struct loop_task planning; /* spares are ordered off the path of the request */
    struct loop_timer later;   /* plans again */
};

/* Plans at the end of this turn of the loop. */
void pool_books_plan_soon(struct pool *pool);
/* Plans at that moment of the loop's clock, or before. */
void pool_books_plan_at(struct pool *pool, int64_t at_ns);
/* Of callers and of the pool itself. */
uint32_t pool_books_tenants(const struct pool *pool);
/* Tenants that have a session, or are to get one: what `sessions_max` limits. */
uint32_t pool_books_seats(const struct pool *pool);

#endif
