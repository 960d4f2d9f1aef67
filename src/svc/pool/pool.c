/* SPDX-License-Identifier: MIT */
/* pool.c — brings tenants and sessions together: who is fed, what a session's news mean for who has it, and
 * when to plan. */
#include "svc/pool/pool.h"

#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/pool/pool_internal.h"

#define INQUEST_NS (500 * NS_PER_MS) /* how long a crash waits for its cause */

/* --- planning --- */

void pool_plan_soon(struct pool *p)
{
    loop_defer(p->loop, &p->planning);
}

static void plan_at(struct pool *p, int64_t at_ns)
{
    if (p->later.loop && p->later.node.key <= at_ns)
        return;
    if (loop_timer_set(p->loop, &p->later, at_ns) != STATUS_OK)
        log_warn("svc/pool", "no memory for a timer");
}

static void on_later(struct loop_timer *t)
{
    pool_plan_soon(CONTAINER_OF(t, struct pool, later));
}

void pool_feed(struct pool *p, struct tenant *t)
{
    struct session *s = session_stock_find(&p->stock);
    if (!t->hungry_since_ns)
        t->hungry_since_ns = loop_now(p->loop);
    if (s) {
        tenant_take_session(t, s);
        p->claims++;
        session_stock_bind(&p->stock, s, t);
        return;
    }
    if (list_empty(&t->hungry_link))
        list_push_back(&p->hungry, &t->hungry_link);
    plan_at(p, loop_now(p->loop) + STOCK_RETRY_NS);
}

static void feed_hungry(struct pool *p)
{
    const struct session_stock *st = &p->stock;
    int64_t now = loop_now(p->loop);
    struct list hungry;
    list_init(&hungry);
    list_splice(&hungry, &p->hungry);
    struct list *link;
    while ((link = list_pop_front(&hungry))) {
        struct tenant *t = CONTAINER_OF(link, struct tenant, hungry_link);
        if (st->lost[0])
            tenant_starve(t, st->lost);
        else if (now - t->hungry_since_ns >= p->options.session_wait_max_ns)
            tenant_starve(t, st->order_cause[0] ? st->order_cause : "no session became ready in time");
        else if (!tenant_needs_session(t))
            t->hungry_since_ns = 0;
        else if (!t->session)
            pool_feed(p, t);
    }
}

/* The hungry come before the spares. */
static void on_planning(struct loop_task *task)
{
    struct pool *p = CONTAINER_OF(task, struct pool, planning);
    feed_hungry(p);
    int64_t ask_again_ns = session_stock_plan(&p->stock, (uint32_t)p->tenants.count, p->busy);
    if (ask_again_ns != INT64_MAX)
        plan_at(p, ask_again_ns);
}

/* --- what the stock tells --- */

static void on_change(void *context)
{
    pool_plan_soon(context);
}

static void on_tier(void *context)
{
    struct pool *p = context;
    if (p->on_up)
        p->on_up(p->on_up_context);
}

static void on_serve(void *context, struct session *s)
{
    struct pool *p = context;
    struct tenant *t = s->holder;
    if (!t || t->session != s || s->life.state != SESSION_IDLE)
        return;
    if (!t->allocated_ns) {
        t->allocated_ns = loop_now(p->loop);
        t->hungry_since_ns = 0;
    }
    tenant_pump(t);
}

static void on_answer(void *context, struct session *s, const struct session_answer *a)
{
    struct pool *p = context;
    struct execution *x = a->context;
    p->busy--;
    if (a->verdict == SESSION_VERDICT_CRASH && p->stock.lost[0])
        execution_fail(x, EXECUTION_FAULT_UNAVAILABLE, p->stock.lost);
    else if (a->verdict == SESSION_VERDICT_CRASH && s->released)
        execution_fail(x, EXECUTION_FAULT_CANCELED, s->cause);
    else
        execution_take_answer(x, s, a);
    p->timeouts += a->verdict == SESSION_VERDICT_TIMEOUT;
    if (a->verdict == SESSION_VERDICT_CRASH && !s->released) {
        p->crashes++;
        log_info("svc/pool", "session lost session=%s cause=\"%s\"", s->guid, s->cause);
    }
    if (x->ledger)
        CONTAINER_OF(x->ledger, struct tenant, ledger)->accessed_unix_ns = clock_unix_ns();
    execution_settle(p->loop, x);
}

/* Who held the session lets go of it. After a cooldown the tenant ends with it; after a crash the tenant
 * stays and its next call gets another one. */
static void on_detach(void *context, struct session *s)
{
    struct pool *p = context;
    struct tenant *t = s->holder;
    s->holder = NULL;
    if (!t || t->session != s)
        return;
    tenant_lose_session(t);
    if (s->cooled) {
        tenant_release(t, s->cause);
        return;
    }
    if (!tenant_needs_session(t))
        return;
    if (!t->hungry_since_ns)
        t->hungry_since_ns = loop_now(p->loop);
    list_push_back(&p->hungry, &t->hungry_link);
}

/* --- birth and death --- */

static void take_options(struct pool_options *own, const struct pool_options *o)
{
    *own = *o;
    own->sessions_max = o->sessions_max ? o->sessions_max : 100;
    own->grace_ns = o->grace_ns ? o->grace_ns : 2 * NS_PER_S;
    own->session_wait_max_ns = o->session_wait_max_ns ? o->session_wait_max_ns : 10 * NS_PER_S;
    own->output_size_max = o->output_size_max ? o->output_size_max : (size_t)1 << 20;
    own->result_size_max = o->result_size_max ? o->result_size_max : (size_t)16 << 20;
    own->queue_max = o->queue_max ? o->queue_max : 256;
    own->records_max = o->records_max ? o->records_max : 300;
    own->records_size_max = o->records_size_max ? o->records_size_max : (size_t)4 << 20;
    own->tier_options = NULL; /* the caller's, for the time of pool_create */
}

static enum status open_stock(struct pool *p, const void *tier_options, struct err *e)
{
    const struct pool_options *own = &p->options;
    struct stock_options o = {
        .tier = own->tier,
        .tier_options = tier_options,
        .session = {.limits = {.cooldown_ns = own->cooldown_ns,
                               .grace_ns = own->grace_ns,
                               .inquest_ns = INQUEST_NS},
                    .result_size_max = own->result_size_max,
                    .head_max = own->output_size_max - own->output_size_max / 2,
                    .tail_max = own->output_size_max / 2},
        .policy = {.seats_max = own->sessions_max, .spares_base = own->sessions_ready},
    };
    struct stock_owner owner = {on_change, on_tier, on_answer, on_serve, on_detach, p};
    return session_stock_open(&p->stock, p->loop, &o, &owner, e);
}

enum status pool_create(struct loop *l, const struct pool_options *o, struct pool **ret_pool, struct err *e)
{
    struct pool *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    take_options(&p->options, o);
    p->loop = l;
    list_init(&p->executions);
    list_init(&p->tenant_list);
    list_init(&p->hungry);
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    map_init(&p->tenants, seed[0], seed[1]); /* callers choose the identifiers */
    p->planning.on_run = on_planning;
    p->later.on_fire = on_later;
    enum status s = open_stock(p, o->tier_options, e);
    if (s != STATUS_OK) {
        map_fini(&p->tenants);
        free(p);
        return s;
    }
    *ret_pool = p;
    return STATUS_OK;
}

void pool_destroy(struct pool *p)
{
    if (!p)
        return;
    session_stock_close(&p->stock);
    while (!list_empty(&p->executions)) {
        struct execution *x = CONTAINER_OF(p->executions.next, struct execution, pool_link);
        loop_defer_cancel(&x->report);
        execution_destroy(x);
    }
    struct list *link;
    while ((link = list_pop_front(&p->tenant_list)))
        tenant_destroy(CONTAINER_OF(link, struct tenant, link));
    loop_defer_cancel(&p->planning);
    loop_timer_cancel(&p->later);
    map_fini(&p->tenants);
    free(p);
}

/* --- the outside --- */

void pool_on_up(struct pool *p, void (*on_up)(void *context), void *context)
{
    p->on_up = on_up;
    p->on_up_context = context;
}

struct pool_report pool_report(const struct pool *p)
{
    const struct session_stock *st = &p->stock;
    return (struct pool_report){
        .ready = st->ready.count,
        .starting = st->starting.count,
        .busy = p->busy,
        .idle = st->bound.count > p->busy ? st->bound.count - p->busy : 0,
        .ending = st->ending.count,
        .tenants = (uint32_t)p->tenants.count,
        .sessions_max = p->options.sessions_max,
        .claims = p->claims,
        .crashes = p->crashes,
        .timeouts = p->timeouts,
        .spawn_failures = st->spawn_failures,
        .up = st->up,
        .lost = st->lost[0] ? st->lost : NULL,
        .isolation = st->isolation,
        .tier = p->options.tier->name,
    };
}

int64_t pool_cooldown_ns(const struct pool *p)
{
    return p->options.cooldown_ns;
}

struct tenant *pool_find(struct pool *p, struct bytes identifier)
{
    return map_get(&p->tenants, identifier);
}

enum status pool_enter(struct pool *p, struct bytes identifier, struct tenant **ret_tenant, struct err *e)
{
    if (p->stock.lost[0])
        return err_set(e, STATUS_UNAVAILABLE, "%s", p->stock.lost);
    struct tenant *t = pool_find(p, identifier);
    if (!t) {
        uint32_t seats = (uint32_t)p->tenants.count;
        if (!session_stock_admits(&p->stock, seats))
            return err_set(
                e, STATUS_RESOURCE_EXHAUSTED,
                "The request sessions count is '1'. There are already '%u' active sessions and the "
                "maximum active sessions count is '%u'.",
                seats, p->options.sessions_max);
        t = tenant_create(p, identifier);
        if (!t)
            return err_set(e, STATUS_NO_MEMORY, "out of memory");
    }
    tenant_touch(t);
    *ret_tenant = t;
    return STATUS_OK;
}

struct tenant *pool_next_tenant(struct pool *p, struct tenant *t)
{
    struct list *next = t ? t->link.next : p->tenant_list.next;
    return next == &p->tenant_list ? NULL : CONTAINER_OF(next, struct tenant, link);
}

uint32_t pool_tenant_count(const struct pool *p)
{
    return (uint32_t)p->tenants.count;
}
