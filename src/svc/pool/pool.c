/* SPDX-License-Identifier: MIT */
/* pool.c — brings tenants and sessions together: who gets a session, what the holder of a session must know
 * of it, and when to plan. */
#include "svc/pool/pool.h"

#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "os/memory.h"
#include "svc/pool/pool_internal.h"

#define EXIT_WAIT_NS (500 * NS_PER_MS) /* how long a crash waits for its cause */

#define STORM_SIZE_MIN ((size_t)16 << 20) /* bytes that were held and are not any more: worth giving back */
#define QUIET_NS       NS_PER_S           /* after which it is looked whether a storm is over */

static void watch_for_quiet(struct pool *p);

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

/* A storm leaves the allocator with pages that nobody uses. They go back when the storm is over, since giving them
 * back costs the loop some milliseconds. */
static void on_quiet(struct loop_timer *timer)
{
    struct pool *p = CONTAINER_OF(timer, struct pool, quiet);
    bool storm_over = p->budget.size < p->budget.peak / 2;
    if (!storm_over) {
        watch_for_quiet(p);
        return;
    }
    memory_give_back();
    memory_budget_forget_peak(&p->budget);
}

static void watch_for_quiet(struct pool *p)
{
    if (p->quiet.loop || p->budget.peak - p->budget.size < STORM_SIZE_MIN)
        return;
    if (loop_timer_set(p->loop, &p->quiet, loop_now(p->loop) + QUIET_NS) != STATUS_OK)
        log_warn("svc/pool", "no memory for a timer");
}

void pool_want_session(struct pool *p, struct tenant *t)
{
    int64_t now = loop_now(p->loop);
    struct session *s = session_stock_find(&p->stock);
    tenant_begin_waiting(t, now);
    if (s) {
        tenant_take_session(t, s);
        p->claims++;
        session_stock_bind(&p->stock, s, t);
        return;
    }
    if (list_empty(&t->waiting_link))
        list_push_back(&p->waiting, &t->waiting_link);
    plan_at(p, now + STOCK_RETRY_NS);
}

/* One pass over those who wait at this moment; who goes on waiting comes behind those who came meanwhile. */
static void serve_waiting(struct pool *p)
{
    const struct session_stock *st = &p->stock;
    int64_t now = loop_now(p->loop);
    struct list waiting;
    list_init(&waiting);
    list_splice(&waiting, &p->waiting);
    struct list *link;
    while ((link = list_pop_front(&waiting))) {
        struct tenant *t = CONTAINER_OF(link, struct tenant, waiting_link);
        int64_t wait_max_ns = st->up ? p->options.session_wait_max_ns : p->options.isolation_wait_ns;
        int64_t since_ns = st->up ? MAX(t->waiting_since_ns, st->up_since_ns) : t->waiting_since_ns;
        bool too_long = now - since_ns >= wait_max_ns;
        if (st->final || (st->lost[0] && too_long))
            tenant_fail_waiting(t, SESSION_REASON_ISOLATION_LOST, st->lost);
        else if (too_long)
            tenant_fail_waiting(t, SESSION_REASON_NO_SESSION,
                                st->order_cause[0] ? st->order_cause : "no session became ready in time");
        else if (!tenant_needs_session(t))
            tenant_end_waiting(t);
        else if (!t->session)
            pool_want_session(p, t);
    }
}

/* Those who wait come before the spares. */
static void on_planning(struct loop_task *task)
{
    struct pool *p = CONTAINER_OF(task, struct pool, planning);
    serve_waiting(p);
    watch_for_quiet(p);
    int64_t ask_again_ns = session_stock_plan(&p->stock, (uint32_t)p->tenants.count, p->busy);
    if (ask_again_ns != INT64_MAX)
        plan_at(p, ask_again_ns);
}

void pool_cell_begins(struct pool *p)
{
    p->busy++;
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
    struct tenant *t = s->holder;
    if (t && t->session == s)
        tenant_pump(t);
}

/* Somebody deleted the session, or the isolation below all of them is gone: that is not a crash of this one.
 */
static bool is_crash(const struct pool *p, const struct session_answer *a)
{
    return a->verdict == SESSION_VERDICT_CRASH && a->reason != SESSION_REASON_RELEASED && !p->stock.lost[0];
}

static void take_answer(struct pool *p, struct session *s, const struct session_answer *a)
{
    struct execution *x = a->context;
    bool ended = a->verdict == SESSION_VERDICT_CRASH;
    if (ended && p->stock.lost[0])
        execution_fail(x, EXECUTION_FAULT_UNAVAILABLE, SESSION_REASON_ISOLATION_LOST, p->stock.lost);
    else if (ended && a->reason == SESSION_REASON_RELEASED)
        execution_fail(x, EXECUTION_FAULT_CANCELED, a->reason, a->cause);
    else
        execution_take_answer(x, s, a, p->options.output_size_max);
    x->outcome.duration_ns = a->duration_ns;
}

static void on_answer(void *context, struct session *s, const struct session_answer *a)
{
    struct pool *p = context;
    struct execution *x = a->context;
    p->busy--;
    take_answer(p, s, a);
    if (a->verdict == SESSION_VERDICT_TIMEOUT)
        p->timeouts++;
    if (is_crash(p, a)) {
        p->crashes++;
        log_info("svc/pool", "session lost session=%s reason=%s cause=\"%s\"", s->guid,
                 session_reason_name(a->reason), a->cause);
    }
    if (x->ledger)
        tenant_note_use(CONTAINER_OF(x->ledger, struct tenant, ledger));
    ledger_settle(p->loop, x);
    pool_plan_soon(p);
}

/* Who held the session lets go of it. After a cooldown the tenant ends with it; after a crash the tenant
 * stays and its next call gets another one. */
static void on_detach(void *context, struct session *s)
{
    struct pool *p = context;
    struct tenant *t = s->holder;
    if (!t || t->session != s)
        return;
    tenant_lose_session(t);
    if (s->reason == SESSION_REASON_COOLDOWN) {
        tenant_release(t, s->cause);
        return;
    }
    if (!tenant_needs_session(t))
        return;
    tenant_begin_waiting(t, loop_now(p->loop));
    list_push_back(&p->waiting, &t->waiting_link);
}

/* --- birth and death --- */

static void take_options(struct pool_options *own, const struct pool_options *o)
{
    *own = *o;
    own->sessions_max = o->sessions_max ? o->sessions_max : 100;
    own->grace_ns = o->grace_ns ? o->grace_ns : 2 * NS_PER_S;
    own->isolation_wait_ns = o->isolation_wait_ns ? o->isolation_wait_ns : 60 * NS_PER_S;
    own->session_wait_max_ns = o->session_wait_max_ns ? o->session_wait_max_ns : 10 * NS_PER_S;
    own->output_size_max = o->output_size_max ? o->output_size_max : (size_t)1 << 20;
    own->result_size_max = o->result_size_max ? o->result_size_max : (size_t)8 << 20;
    own->queue_max = o->queue_max ? o->queue_max : 256;
    own->memory_size_max = o->memory_size_max ? o->memory_size_max : (size_t)256 << 20;
    own->uploads_size_max = o->uploads_size_max ? o->uploads_size_max : (size_t)1 << 30;
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
                               .exit_wait_ns = EXIT_WAIT_NS},
                    .result_size_max = own->result_size_max,
                    .head_max = own->output_size_max - own->output_size_max / 2,
                    .tail_max = own->output_size_max / 2,
                    .budget = &p->budget},
        .unproven = own->unproven,
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
    p->budget.size_max = p->options.memory_size_max;
    kept_results_init(&p->kept, &p->budget);
    p->uploads.size_max = p->options.uploads_size_max;
    p->quiet.on_fire = on_quiet;
    p->loop = l;
    list_init(&p->executions);
    list_init(&p->tenant_list);
    list_init(&p->waiting);
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
        loop_defer_cancel(&x->keeping.report);
        execution_destroy(x);
    }
    struct list *link;
    while ((link = list_pop_front(&p->tenant_list)))
        tenant_destroy(CONTAINER_OF(link, struct tenant, link));
    loop_defer_cancel(&p->planning);
    loop_timer_cancel(&p->later);
    loop_timer_cancel(&p->quiet);
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
        .up = st->proven,
        .final = st->final,
        .losses = st->losses,
        .cause = st->trial.cause[0] ? st->trial.cause : st->order_cause,
        .degraded = st->degraded,
        .template_identity = st->template_identity,
        .lost = st->lost[0] ? st->lost : NULL,
        .memory_size = p->budget.size,
        .memory_size_max = p->budget.size_max,
        .uploads_size = p->uploads.size,
        .uploads_size_max = p->uploads.size_max,
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
    if (p->stock.final)
        return err_set(e, STATUS_UNAVAILABLE, "%s", p->stock.lost);
    struct tenant *t = pool_find(p, identifier);
    if (!t) {
        uint32_t seats = (uint32_t)p->tenants.count;
        if (!session_stock_admits(&p->stock, seats))
            return err_set(e, STATUS_RESOURCE_EXHAUSTED, "all %u sessions of the pool are in use",
                           p->options.sessions_max);
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
