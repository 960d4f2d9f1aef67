/* SPDX-License-Identifier: MIT */
/* pool.h — one pool: who has which session, and who waits for one.
 * Brings two halves together and knows nothing of HTTP: the tenants (tenant.h: identifiers with their queues)
 * and the stock of sessions (session/stock.h: spares, orders, the tier). Those who find the stock empty wait
 * here, in order of arrival. All on the loop's thread; callbacks come from the loop, never from inside a
 * call. */
#ifndef SVC_POOL_POOL_H
#define SVC_POOL_POOL_H

#include "svc/pool/pool_options.h"
#include "svc/pool/tenant.h"

struct pool;

/* Those of svc/pool/limit_values.h; what is a setting of the program is zero. */
struct pool_options pool_options_default(void);

struct pool_report {
    uint32_t ready, starting, busy, idle, ending; /* sessions */
    uint32_t tenants, sessions_max;
    uint64_t claims, crashes, timeouts, spawn_failures; /* since the start */
    const uint64_t *ends; /* sessions that ended, by enum session_reason, since the start */
    const struct metric_histogram *build_times; /* of sessions, since the start */
    size_t waiting;                             /* identifiers that wait for a session */
    size_t memory_size, memory_size_max;        /* bytes of the budget: held, at most */
    size_t uploads_size, uploads_size_max;      /* bytes of uploads: held, at most */
    bool up;                                    /* a session has run code since the tier came up */
    const char *lost;                           /* why the tier is gone; NULL: it is not */
    bool final;                                 /* it never came up, and will not */
    uint64_t losses;                            /* how often it was, since the start */
    const char *cause;                          /* while it is not up: what failed last, or "" */
    const char *degraded;          /* names of the layers of isolation that are not on, with commas */
    const char *template_identity; /* of what new sessions see; "" if it is not known */
    const char *isolation;         /* JSON of the tier's own report, or "" */
    const char *tier;
};

STATUS_RESULT pool_create(struct loop *loop, const struct pool_options *options, struct pool **ret_pool,
                          struct err *err);
/* Ends all sessions. Executions and waits in progress are dropped without a callback: their owners go first.
 * NULL allowed. */
void pool_destroy(struct pool *pool);
/* Other limits from now on (struct pool_options). Sessions that somebody has go on, and keep their cooldown; above
 * `sessions_max` no new identifier is taken until there are fewer. */
void pool_limit(struct pool *pool, uint32_t sessions_max, uint32_t sessions_ready, int64_t cooldown_ns);
/* Ends all sessions, each call that waits is answered as cancelled, and nobody enters any more. Before pool_destroy, when there
 * are requests: they are done once pool_is_empty, but for an answer that its peer is slow to take. */
void pool_shut(struct pool *pool, const char *cause);
bool pool_is_empty(const struct pool *pool);
/* Called when sessions run code and when the tier is gone, each time. NULL to unset. */
void pool_on_up(struct pool *pool, void (*on_up)(void *context), void *context);
struct pool_report pool_report(const struct pool *pool);
int64_t pool_cooldown_ns(const struct pool *pool);

/* The tenant of that identifier, or NULL. Does not count as a request. */
struct tenant *pool_find(struct pool *pool, struct bytes identifier);
/* The tenant of that identifier for a request: made if there is none, its cooldown begun anew.
 * RESOURCE_EXHAUSTED: the pool is full; UNAVAILABLE: the tier is gone; NO_MEMORY. */
STATUS_RESULT pool_enter(struct pool *pool, struct bytes identifier, struct tenant **ret_tenant,
                         struct err *err);
/* The same for the pool itself, which asks a session for what it tells of all: a tenant with a seat like any other, but without an
 * identifier, so that no caller can enter, find or list it. There is one at most. */
STATUS_RESULT pool_enter_own(struct pool *pool, struct tenant **ret_tenant, struct err *err);
/* NULL: there is none. */
struct tenant *pool_own_tenant(struct pool *pool);
/* The tenants of callers in order of creation; `tenant` NULL gives the first. NULL at the end. */
struct tenant *pool_next_tenant(struct pool *pool, struct tenant *tenant);
uint32_t pool_tenant_count(const struct pool *pool);

#endif
