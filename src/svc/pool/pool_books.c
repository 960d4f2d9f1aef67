/* SPDX-License-Identifier: MIT */
/* pool_books.c — when to plan, and how many seats are taken. */
#include "svc/pool/pool_books.h"

#include "base/log.h"

void pool_books_plan_soon(struct pool *pool)
{
    loop_defer(pool->loop, &pool->planning);
}

void pool_books_plan_at(struct pool *pool, int64_t at_ns)
{
    if (pool->later.loop && pool->later.node.key <= at_ns)
        return;
    if (loop_timer_set(pool->loop, &pool->later, at_ns) != STATUS_OK)
        log_warn("svc/pool", "no memory for a timer");
}

uint32_t pool_books_tenants(const struct pool *pool)
{
    return (uint32_t)pool->tenants.count + (pool->own != NULL);
}

uint32_t pool_books_seats(const struct pool *pool)
{
    return pool_books_tenants(pool) - pool->unseated;
}
