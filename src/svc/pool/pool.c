/* SPDX-License-Identifier: MIT */
/* pool.c — brings tenants and sessions together: who gets a session, what the holder of a session must know
 * of it, and when to plan. */
#include "svc/pool/pool.h"

#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "os/memory.h"
#include "svc/pool/limit_values.h"
#include "svc/pool/pool_books.h"

#define EXIT_WAIT_NS (500 * NS_PER_MS) /* how long a crash waits for its cause */

#define STORM_SIZE_MIN ((size_t)16 << 20) /* bytes that were held and are not any more: worth giving back */
#define QUIET_NS       NS_PER_S           /* after which it is looked whether a storm is over */

static void watch_for_quiet(struct pool *pool);

/* --- planning --- */

static void on_later(struct loop_timer *timer)
{
    pool_books_plan_soon(CONTAINER_OF(timer, struct pool, later));
}

/* A storm leaves the allocator with pages that nobody uses. They go back when the storm is over, since giving them
 * back costs the loop some milliseconds. */
static void on_quiet(struct loop_timer *timer)
{
    struct pool *pool = CONTAINER_OF(timer, struct pool, quiet);
    bool storm_over = pool->budget.size < pool->budget.peak / 2;
    if (!storm_over) {
        watch_for_quiet(pool);
        return;
    }
    memory_give_back();
    memory_budget_forget_peak(&pool->budget);
}

static void watch_for_quiet(struct pool *pool)
{
    if (pool->quiet.loop || pool->budget.peak - pool->budget.size < STORM_SIZE_MIN)
        return;
    if (loop_timer_set(pool->loop, &pool->quiet, loop_now(pool->loop) + QUIET_NS) != STATUS_OK)
        log_warn("svc/pool", "no memory for a timer");
}

/* Who waited went. */
static void stop_waiting(struct tenant *tenant)
{
    tenant_end_waiting(tenant);
    if (!tenant->session)
        tenant_leave_seat(tenant);
}

/* One pass over those who wait at this moment; who goes on waiting comes behind those who came meanwhile. */
static void serve_waiting(struct pool *pool)
{
    const struct session_stock *st = &pool->stock;
    int64_t now = loop_now(pool->loop);
    struct list waiting;
    list_init(&waiting);
    list_splice(&waiting, &pool->waiting);
    struct list *link;
    while ((link = list_pop_front(&waiting))) {
        struct tenant *tenant = CONTAINER_OF(link, struct tenant, waiting_link);
        int64_t wait_max_ns = st->up ? pool->options.session_wait_max_ns : pool->options.isolation_wait_ns;
        int64_t since_ns = st->up ? MAX(tenant->waiting_since_ns, st->up_since_ns) : tenant->waiting_since_ns;
        bool too_long = now - since_ns >= wait_max_ns;
        if (st->final || (st->lost[0] && too_long))
            tenant_fail_waiting(tenant, SESSION_REASON_ISOLATION_LOST, st->lost);
        else if (too_long)
            tenant_fail_waiting(tenant, SESSION_REASON_NO_SESSION,
                                st->order_cause[0] ? st->order_cause : "no session became ready in time");
        else if (!tenant_needs_session(tenant))
            stop_waiting(tenant);
        else if (!tenant->session)
            tenant_seek_session(tenant);
    }
}

/* Those who wait come before the spares. */
static void on_planning(struct loop_task *task)
{
    struct pool *pool = CONTAINER_OF(task, struct pool, planning);
    serve_waiting(pool);
    watch_for_quiet(pool);
    int64_t ask_again_ns = session_stock_plan(&pool->stock, pool_books_seats(pool), pool->busy);
    if (ask_again_ns != INT64_MAX)
        pool_books_plan_at(pool, ask_again_ns);
}

/* --- what the stock tells --- */

static void on_change(void *context)
{
    pool_books_plan_soon(context);
}

static void on_tier(void *context)
{
    struct pool *pool = context;
    if (pool->on_up)
        pool->on_up(pool->on_up_context);
}

static void on_serve(void *context, struct session *session)
{
    struct tenant *tenant = session->holder;
    if (tenant && tenant->session == session)
        tenant_pump(tenant);
}

/* Somebody deleted the session, or the isolation below all of them is gone: that is not a crash of this one.
 */
static bool is_crash(const struct pool *pool, const struct session_answer *answer)
{
    return answer->verdict == SESSION_VERDICT_CRASH && answer->reason != SESSION_REASON_RELEASED &&
           !pool->stock.lost[0];
}

static void take_answer(struct pool *pool, struct session *session, const struct session_answer *answer)
{
    struct execution *execution = answer->context;
    bool ended = answer->verdict == SESSION_VERDICT_CRASH;
    if (ended && pool->stock.lost[0])
        execution_fail(execution, EXECUTION_FAULT_UNAVAILABLE, SESSION_REASON_ISOLATION_LOST,
                       pool->stock.lost);
    else if (ended && answer->reason == SESSION_REASON_RELEASED)
        execution_fail(execution, EXECUTION_FAULT_CANCELED, answer->reason, answer->cause);
    else
        execution_take_answer(execution, session, answer, pool->options.output_size_max);
    execution->outcome.duration_ns = answer->duration_ns;
}

static void on_answer(void *context, struct session *session, const struct session_answer *answer)
{
    struct pool *pool = context;
    struct execution *execution = answer->context;
    /* ORDER: counted before anybody is told: whoever asks from within sees a place. */
    pool->busy--;
    take_answer(pool, session, answer);
    if (answer->verdict == SESSION_VERDICT_TIMEOUT)
        pool->timeouts++;
    if (is_crash(pool, answer)) {
        pool->crashes++;
        log_info("svc/pool", "session lost session=%s reason=%s cause=\"%s\"", session->guid,
                 session_reason_name(answer->reason), answer->cause);
    }
    if (execution->ledger)
        tenant_note_use(CONTAINER_OF(execution->ledger, struct tenant, ledger));
    tenant_settle_execution(pool->loop, execution, session);
    pool_books_plan_soon(pool);
}

/* Who held the session lets go of it. After a cooldown the tenant ends with it; after a crash the tenant
 * stays and its next call gets another one. */
static void on_detach(void *context, struct session *session)
{
    struct pool *pool = context;
    struct tenant *tenant = session->holder;
    if (!tenant || tenant->session != session)
        return;
    tenant_lose_session(tenant);
    if (session->reason == SESSION_REASON_COOLDOWN) {
        tenant_release(tenant, session->cause);
        return;
    }
    if (!tenant_needs_session(tenant)) {
        tenant_leave_seat(tenant);
        pool_books_plan_soon(pool);
        return;
    }
    tenant_begin_waiting(tenant, loop_now(pool->loop));
    list_push_back(&pool->waiting, &tenant->waiting_link);
}

/* --- birth and death --- */

struct pool_options pool_options_default(void)
{
    return (struct pool_options){
        .session_wait_max_ns = POOL_SESSION_WAIT_MAX_NS,
        .queue_max = POOL_QUEUE_MAX,
        .records_max = POOL_RECORDS_MAX,
        .records_size_max = POOL_RECORDS_SIZE_MAX,
    };
}

/* Zero is no limit of anything here, but a field that nobody has set. */
static void check_options(const struct pool_options *options)
{
    ASSERT(options->tier && options->sessions_max && options->queue_max && options->records_max);
    ASSERT(options->grace_ns > 0 && options->session_wait_max_ns > 0 && options->isolation_wait_ns > 0);
    ASSERT(options->output_size_max && options->result_size_max && options->records_size_max);
    ASSERT(options->memory_size_max && options->uploads_size_max);
}

static enum status open_stock(struct pool *pool, const void *tier_options, struct err *err)
{
    const struct pool_options *own = &pool->options;
    struct stock_options options = {
        .tier = own->tier,
        .tier_options = tier_options,
        .session = {.limits = {.cooldown_ns = own->cooldown_ns,
                               .grace_ns = own->grace_ns,
                               .exit_wait_ns = EXIT_WAIT_NS},
                    .result_size_max = own->result_size_max,
                    .head_max = own->output_size_max - own->output_size_max / 2,
                    .tail_max = own->output_size_max / 2,
                    .budget = &pool->budget},
        .unproven = own->unproven,
        .policy = {.seats_max = own->sessions_max, .spares_base = own->sessions_ready},
    };
    struct stock_owner owner = {on_change, on_tier, on_answer, on_serve, on_detach, pool};
    return session_stock_open(&pool->stock, pool->loop, &options, &owner, err);
}

enum status pool_create(struct loop *loop, const struct pool_options *options, struct pool **ret_pool,
                        struct err *err)
{
    check_options(options);
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return err_no_memory(err);
    pool->options = *options;
    pool->options.tier_options = NULL; /* the caller's, for the time of pool_create */
    pool->budget.size_max = pool->options.memory_size_max;
    kept_results_init(&pool->kept, &pool->budget);
    pool->uploads.size_max = pool->options.uploads_size_max;
    pool->quiet.on_fire = on_quiet;
    pool->loop = loop;
    list_init(&pool->executions);
    list_init(&pool->tenant_list);
    list_init(&pool->waiting);
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    map_init(&pool->tenants, seed[0], seed[1]); /* callers choose the identifiers */
    pool->planning.on_run = on_planning;
    pool->later.on_fire = on_later;
    enum status status = open_stock(pool, options->tier_options, err);
    if (status != STATUS_OK) {
        map_fini(&pool->tenants);
        free(pool);
        return status;
    }
    *ret_pool = pool;
    return STATUS_OK;
}

/* ORDER: the stock first, which ends sessions without a callback; then executions and tenants, which nobody can
 * reach any more. */
void pool_destroy(struct pool *pool)
{
    if (!pool)
        return;
    session_stock_close(&pool->stock);
    while (!list_empty(&pool->executions)) {
        struct execution *execution = CONTAINER_OF(pool->executions.next, struct execution, pool_link);
        loop_defer_cancel(&execution->keeping.report);
        execution_destroy(execution);
    }
    struct list *link;
    while ((link = list_pop_front(&pool->tenant_list)))
        tenant_destroy(CONTAINER_OF(link, struct tenant, link));
    loop_defer_cancel(&pool->planning);
    loop_timer_cancel(&pool->later);
    loop_timer_cancel(&pool->quiet);
    map_fini(&pool->tenants);
    free(pool);
}

/* --- the outside --- */

void pool_limit(struct pool *pool, uint32_t sessions_max, uint32_t sessions_ready, int64_t cooldown_ns)
{
    const struct pool_policy_options policy = {.seats_max = sessions_max, .spares_base = sessions_ready};
    pool->options.sessions_max = sessions_max;
    pool->options.sessions_ready = sessions_ready;
    pool->options.cooldown_ns = cooldown_ns;
    session_stock_limit(&pool->stock, &policy, cooldown_ns);
}

void pool_shut(struct pool *pool, const char *cause)
{
    pool->shut = true;
    while (!list_empty(&pool->tenant_list))
        tenant_release(CONTAINER_OF(pool->tenant_list.next, struct tenant, link), cause);
    session_stock_limit(&pool->stock, &(struct pool_policy_options){0}, 0);
}

bool pool_is_empty(const struct pool *pool)
{
    return list_empty(&pool->tenant_list) && list_empty(&pool->executions);
}

void pool_on_up(struct pool *pool, void (*on_up)(void *context), void *context)
{
    pool->on_up = on_up;
    pool->on_up_context = context;
}

static size_t count_waiting(const struct pool *pool)
{
    size_t count = 0;
    list_each (it, &pool->waiting)
        count++;
    return count;
}

struct pool_report pool_report(const struct pool *pool)
{
    const struct session_stock *st = &pool->stock;
    return (struct pool_report){
        .ready = session_stock_ready(st),
        .starting = session_stock_starting(st),
        .busy = pool->busy,
        .idle = st->bound.count > pool->busy ? st->bound.count - pool->busy : 0,
        .ending = st->ending.count,
        .tenants = pool_books_tenants(pool),
        .sessions_max = pool->options.sessions_max,
        .claims = pool->claims,
        .crashes = pool->crashes,
        .timeouts = pool->timeouts,
        .spawn_failures = st->spawn_failures,
        .ends = st->ends,
        .build_times = &st->build_times,
        .waiting = count_waiting(pool),
        .up = st->proven,
        .final = st->final,
        .losses = st->losses,
        .cause = st->trial.cause[0] ? st->trial.cause : st->order_cause,
        .degraded = st->degraded,
        .template_identity = st->template_identity,
        .lost = st->lost[0] ? st->lost : NULL,
        .memory_size = pool->budget.size,
        .memory_size_max = pool->budget.size_max,
        .uploads_size = pool->uploads.size,
        .uploads_size_max = pool->uploads.size_max,
        .isolation = st->isolation,
        .tier = pool->options.tier->name,
    };
}

int64_t pool_cooldown_ns(const struct pool *pool)
{
    return pool->options.cooldown_ns;
}

struct tenant *pool_find(struct pool *pool, struct bytes identifier)
{
    return map_get(&pool->tenants, identifier);
}

/* `own`: for the pool itself; else for the caller of that identifier. */
static enum status enter(struct pool *pool, struct bytes identifier, bool own, struct tenant **ret_tenant,
                         struct err *err)
{
    if (pool->shut)
        return err_set(err, STATUS_UNAVAILABLE, "the session pool was deleted");
    if (pool->stock.final)
        return err_set(err, STATUS_UNAVAILABLE, "%s", pool->stock.lost);
    struct tenant *tenant = own ? pool->own : pool_find(pool, identifier);
    bool needs_seat = !tenant || tenant->unseated;
    if (needs_seat && !session_stock_admits(&pool->stock, pool_books_seats(pool)))
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "all %u sessions of the pool are in use",
                       pool->options.sessions_max);
    if (!tenant)
        tenant = own ? tenant_create_own(pool) : tenant_create(pool, identifier);
    if (!tenant)
        return err_no_memory(err);
    tenant_take_seat(tenant);
    tenant_touch(tenant);
    *ret_tenant = tenant;
    return STATUS_OK;
}

enum status pool_enter(struct pool *pool, struct bytes identifier, struct tenant **ret_tenant,
                       struct err *err)
{
    return enter(pool, identifier, false, ret_tenant, err);
}

enum status pool_enter_own(struct pool *pool, struct tenant **ret_tenant, struct err *err)
{
    return enter(pool, (struct bytes){0}, true, ret_tenant, err);
}

struct tenant *pool_own_tenant(struct pool *pool)
{
    return pool->own;
}

struct tenant *pool_next_tenant(struct pool *pool, struct tenant *tenant)
{
    struct list *next = tenant ? tenant->link.next : pool->tenant_list.next;
    if (pool->own && next == &pool->own->link)
        next = next->next;
    return next == &pool->tenant_list ? NULL : CONTAINER_OF(next, struct tenant, link);
}

uint32_t pool_tenant_count(const struct pool *pool)
{
    return pool_books_tenants(pool);
}
