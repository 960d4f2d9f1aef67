/* SPDX-License-Identifier: MIT */
/* tenant.c — who of an identifier is served next, and when the identifier is free again. */
#include "svc/pool/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/pool/measure.h"
#include "svc/pool/pool_books.h"

/* --- age --- */

bool tenant_needs_session(const struct tenant *tenant)
{
    return !list_empty(&tenant->queue) || !list_empty(&tenant->waits);
}

/* Only without a session: with one it is the session's own cooldown that ends both. */
static void on_expiry(struct loop_timer *timer)
{
    struct tenant *tenant = CONTAINER_OF(timer, struct tenant, expiry);
    if (!tenant->session && !tenant_needs_session(tenant))
        tenant_release(tenant, "the session was idle for its whole cooldown");
}

/* Without a session nobody else ends the tenant. */
static void arm_expiry(struct tenant *tenant)
{
    struct pool *pool = tenant->pool;
    if (pool->options.cooldown_ns < 0)
        return;
    if (loop_timer_set(pool->loop, &tenant->expiry, loop_now(pool->loop) + pool->options.cooldown_ns) !=
        STATUS_OK)
        log_warn("svc/pool", "no memory for a timer");
}

void tenant_note_use(struct tenant *tenant)
{
    tenant->accessed_unix_ns = clock_unix_ns();
}

void tenant_touch(struct tenant *tenant)
{
    tenant_note_use(tenant);
    if (tenant->session)
        session_touch(tenant->session);
    else
        arm_expiry(tenant);
}

/* --- executions --- */

/* ORDER: all that the answer will say of the start is noted first; session_run may end in an answer from within. */
static void start_execution(struct tenant *tenant, struct execution *execution)
{
    struct pool *pool = tenant->pool;
    struct session *session = tenant->session;
    list_remove(&execution->queue_link);
    tenant->queue_count--;
    execution->status = EXECUTION_RUNNING;
    execution->times.started_ns = loop_now(pool->loop);
    execution->times.allocated_ns = MAX(tenant->allocated_ns, execution->times.asked_ns);
    execution->new_allocation = !tenant->allocation_reported;
    tenant->allocation_reported = true;
    memcpy(execution->session_guid, session->guid, sizeof execution->session_guid);
    memcpy(execution->template_identity, session->template_identity, sizeof execution->template_identity);
    pool->busy++;
    size_t most = pool->options.output_size_max;
    struct session_cell cell = {
        .code = buf_peek(&execution->asked.code),
        .empty_kernel = execution->asked.empty_kernel,
        .measured = execution->measure != NULL,
        .limit_ns = execution->asked.limit_ns,
        .head_max =
            execution->asked.output_size_max ? MIN(execution->asked.output_size_max, most) : most - most / 2,
        .tail_max = execution->asked.output_size_max ? 0 : most / 2,
        .context = execution,
    };
    execution_begin(execution, session);
    session_run(session, &cell);
}

/* ORDER: the memory is charged before it is in any list, so that a refusal has nothing to undo. */
enum status tenant_execute(struct tenant *tenant, struct execution *execution, struct err *err)
{
    if (tenant->queue_count >= tenant->pool->options.queue_max)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "%zu executions already wait in this session",
                       tenant->queue_count);
    if (!execution_charge(execution, &tenant->pool->budget, execution->asked.code.size, false))
        return err_set(err, STATUS_RESOURCE_EXHAUSTED,
                       "the memory for all sessions' calls and results is in use");
    list_push_back(&tenant->pool->executions, &execution->pool_link);
    execution_ledger_add(&tenant->ledger, execution);
    list_push_back(&tenant->queue, &execution->queue_link);
    tenant->queue_count++;
    tenant_pump(tenant);
    return STATUS_OK;
}

struct execution *tenant_find_execution(struct tenant *tenant, struct bytes id)
{
    return execution_ledger_find(&tenant->ledger, id);
}

/* Off the queue before it is settled: whoever hears of it may look at the queue. */
static void fail_queue(struct tenant *tenant, enum execution_fault fault, enum session_reason reason,
                       const char *cause)
{
    struct list *link;
    while ((link = list_pop_front(&tenant->queue))) {
        struct execution *execution = CONTAINER_OF(link, struct execution, queue_link);
        tenant->queue_count--;
        execution_fail(execution, fault, reason, cause);
        ledger_settle(tenant->pool->loop, execution);
    }
}

/* --- measuring --- */

static void begin_measuring(struct tenant *tenant, struct execution *execution)
{
    tenant->measured = execution;
    tenant_hold_begin(tenant, &tenant->measure_stay);
}

/* The session may have gone meanwhile. */
static void end_measuring(struct tenant *tenant)
{
    tenant->measured = NULL;
    tenant_hold_end(&tenant->measure_stay);
}

/* Behind its cell `execution` is final once it was measured. */
static void settle_measured(struct tenant *tenant, struct execution *execution)
{
    execution->status = execution->status_after;
    ledger_settle(tenant->pool->loop, execution);
}

static void on_measured(void *context)
{
    struct execution *execution = context;
    struct tenant *tenant = CONTAINER_OF(execution->ledger, struct tenant, ledger);
    end_measuring(tenant);
    if (execution->status == EXECUTION_RUNNING)
        settle_measured(tenant, execution);
    tenant_pump(tenant);
}

/* Its files are gone with the session. */
static void stop_measuring(struct tenant *tenant)
{
    struct execution *execution = tenant->measured;
    if (!execution)
        return;
    end_measuring(tenant);
    measure_abandon(execution->measure);
    if (execution->status == EXECUTION_RUNNING) {
        settle_measured(tenant, execution);
    } else { /* it has not begun: the next session is looked at anew */
        measure_destroy(execution->measure);
        execution->measure = NULL;
    }
}

/* False: it goes on, and the cell runs behind it. Without memory nothing is reported. */
static bool measure_before(struct tenant *tenant, struct execution *execution)
{
    if (!execution->asked.measured || execution->measure)
        return true;
    execution->measure = measure_create(tenant->pool->loop, on_measured, execution);
    if (!execution->measure || measure_begin(execution->measure, tenant->session, &tenant->still))
        return true;
    begin_measuring(tenant, execution);
    return false;
}

/* An execution that is measured stays RUNNING for all who look, until what it left behind was looked at, too. */
void tenant_settle_execution(struct loop *loop, struct execution *execution, const struct session *session)
{
    struct tenant *tenant = execution->ledger ? CONTAINER_OF(execution->ledger, struct tenant, ledger) : NULL;
    bool there = tenant && tenant->session == session && session->life.state == SESSION_IDLE;
    if (execution->measure)
        measure_take_counts(execution->measure, session);
    if (execution->measure && !there)
        measure_abandon(execution->measure);
    if (!execution->measure || !there || measure_end(execution->measure)) {
        ledger_settle(loop, execution);
        return;
    }
    execution_leave_session(execution);
    execution->status_after = execution->status;
    execution->status = EXECUTION_RUNNING;
    begin_measuring(tenant, execution);
}

/* One that has not begun leaves the queue. What stands behind it may have waited for it to be looked at. */
static void leave_queue(struct tenant *tenant, struct execution *execution)
{
    if (tenant->measured == execution)
        stop_measuring(tenant);
    list_remove(&execution->queue_link);
    tenant->queue_count--;
}

/* Nobody waits for the answer any more. What has begun runs to its end all the same: the session's state is its
 * caller's, and half of a cell would be in it. */
void tenant_abandon_execution(struct execution *execution)
{
    execution->on_done = NULL;
    if (!execution->ledger || execution->asked.asynchronous || execution->status != EXECUTION_NOT_STARTED)
        return;
    struct tenant *tenant = CONTAINER_OF(execution->ledger, struct tenant, ledger);
    leave_queue(tenant, execution);
    execution_ledger_forget(execution);
    tenant_pump(tenant);
}

bool tenant_cancel_execution(struct execution *execution)
{
    if (execution->status == EXECUTION_RUNNING && execution->session)
        return session_cancel(execution->session);
    if (execution->status != EXECUTION_NOT_STARTED || !execution->ledger)
        return false;
    struct tenant *tenant = CONTAINER_OF(execution->ledger, struct tenant, ledger);
    leave_queue(tenant, execution);
    execution_fail(execution, EXECUTION_FAULT_CANCELED, SESSION_REASON_CANCELLED,
                   "the run was cancelled before it began");
    ledger_settle(tenant->pool->loop, execution);
    tenant_pump(tenant);
    return true;
}

/* --- its session --- */

void tenant_begin_waiting(struct tenant *tenant, int64_t now_ns)
{
    if (!tenant->waiting_since_ns)
        tenant->waiting_since_ns = now_ns;
}

void tenant_end_waiting(struct tenant *tenant)
{
    tenant->waiting_since_ns = 0;
}

/* The clock of the expiry is off while there is a session, and on again when it is lost. */
void tenant_take_session(struct tenant *tenant, struct session *session)
{
    tenant->session = session;
    memcpy(tenant->guid, session->guid, sizeof tenant->guid);
    tenant->allocation_reported = list_empty(&tenant->queue);
    tenant->allocated_ns = 0;
    list_remove(&tenant->waiting_link);
    loop_timer_cancel(&tenant->expiry);
}

/* ORDER: what is being measured ends while the session is still there to be let go of. */
void tenant_lose_session(struct tenant *tenant)
{
    stop_measuring(tenant);
    tenant->session->holder = NULL;
    tenant->session = NULL;
    tenant_drop_holds(tenant);
    tenant_forget_uploads(tenant);
    arm_expiry(tenant);
}

/* As many are kept as there may be sessions; the oldest goes first. */
static void release_oldest_unseated(struct pool *pool)
{
    list_each (it, &pool->tenant_list) {
        struct tenant *tenant = CONTAINER_OF(it, struct tenant, link);
        if (!tenant->unseated)
            continue;
        tenant_release(tenant, "others needed its place");
        return;
    }
}

void tenant_leave_seat(struct tenant *tenant)
{
    struct pool *pool = tenant->pool;
    ASSERT(!tenant->session && !tenant_needs_session(tenant));
    if (tenant->unseated)
        return;
    tenant->unseated = true;
    pool->unseated++;
    if (pool->unseated > pool->options.sessions_max)
        release_oldest_unseated(pool);
}

void tenant_take_seat(struct tenant *tenant)
{
    if (!tenant->unseated)
        return;
    tenant->unseated = false;
    tenant->pool->unseated--;
}

/* The session that it asked for has ended while it waited. */
static void refuse_elsewhere(struct tenant *tenant, struct execution *execution)
{
    list_remove(&execution->queue_link);
    tenant->queue_count--;
    execution_fail(execution, EXECUTION_FAULT_UNAVAILABLE, SESSION_REASON_NO_SESSION,
                   "the session that it was to run in has ended");
    ledger_settle(tenant->pool->loop, execution);
    tenant_pump(tenant);
}

/* Asked for again by each pump: the list takes it once, and planning is told by when. */
void tenant_seek_session(struct tenant *tenant)
{
    struct pool *pool = tenant->pool;
    int64_t now = loop_now(pool->loop);
    tenant_take_seat(tenant);
    struct session *session = session_stock_find(&pool->stock, tenant->runtime);
    tenant_begin_waiting(tenant, now);
    if (session) {
        tenant_take_session(tenant, session);
        pool->claims++;
        session_stock_bind(&pool->stock, session, tenant);
        return;
    }
    if (list_empty(&tenant->waiting_link))
        list_push_back(&pool->waiting, &tenant->waiting_link);
    pool_books_plan_at(pool, now + STOCK_RETRY_NS);
}

/* File calls first: they do not wait for code. */
void tenant_pump(struct tenant *tenant)
{
    if (!tenant_needs_session(tenant))
        return;
    struct session *session = tenant->session;
    if (!session) {
        tenant_seek_session(tenant);
        return;
    }
    if (session->life.state == SESSION_RESERVED)
        return;
    if (!tenant->allocated_ns) {
        tenant->allocated_ns = loop_now(tenant->pool->loop);
        tenant_end_waiting(tenant);
    }
    struct list *link;
    while (tenant->session == session && (link = list_pop_front(&tenant->waits))) {
        struct session_wait *wait = CONTAINER_OF(link, struct session_wait, link);
        wait->on_session(wait, session, "");
    }
    bool free = tenant->session == session && session->life.state == SESSION_IDLE && !tenant->measured;
    if (!free || list_empty(&tenant->queue))
        return;
    struct execution *next = CONTAINER_OF(tenant->queue.next, struct execution, queue_link);
    if (*next->asked.session_guid && strcmp(next->asked.session_guid, session->guid) != 0) {
        refuse_elsewhere(tenant, next);
        return;
    }
    if (measure_before(tenant, next))
        start_execution(tenant, next);
}

/* --- birth and death --- */

static struct tenant *new_tenant(struct pool *pool)
{
    struct tenant *tenant = calloc(1, sizeof *tenant);
    if (!tenant)
        return NULL;
    tenant->pool = pool;
    tenant->runtime = RUNTIME_DEFAULT; /* the contract of today names none */
    tenant->created_unix_ns = tenant->accessed_unix_ns = clock_unix_ns();
    tenant->expiry.on_fire = on_expiry;
    list_init(&tenant->waiting_link);
    list_init(&tenant->holds);
    list_init(&tenant->queue);
    list_init(&tenant->waits);
    execution_ledger_init(&tenant->ledger, &pool->kept, pool->options.records_max,
                          pool->options.records_size_max);
    return tenant;
}

struct tenant *tenant_create(struct pool *pool, struct bytes identifier)
{
    struct tenant *tenant = new_tenant(pool);
    if (!tenant)
        return NULL;
    ASSERT(identifier.size > 0 && identifier.size < sizeof tenant->identifier);
    memcpy(tenant->identifier, identifier.data, identifier.size);
    if (map_put(&pool->tenants, bytes_of_cstr(tenant->identifier), tenant) != STATUS_OK) {
        free(tenant);
        return NULL;
    }
    list_push_back(&pool->tenant_list, &tenant->link);
    return tenant;
}

struct tenant *tenant_create_own(struct pool *pool)
{
    ASSERT(!pool->own);
    pool->own = new_tenant(pool);
    if (pool->own)
        list_push_back(&pool->tenant_list, &pool->own->link);
    return pool->own;
}

void tenant_destroy(struct tenant *tenant)
{
    while (list_pop_front(&tenant->waits))
        continue;
    loop_timer_cancel(&tenant->expiry);
    free(tenant);
}

/* ORDER: who waits is told, then the session goes, then the identifier is free; behind that the pointer is
 * nobody's. The session lets go of its holder before it is released, so that nothing of its end comes back here. */
void tenant_release(struct tenant *tenant, const char *cause)
{
    struct pool *pool = tenant->pool;
    stop_measuring(tenant);
    fail_queue(tenant, EXECUTION_FAULT_CANCELED, SESSION_REASON_RELEASED, cause);
    tenant_fail_waits(tenant, cause);
    tenant_drop_holds(tenant);
    tenant_forget_uploads(tenant);
    struct session *session = tenant->session;
    tenant->session = NULL;
    if (session) {
        session->holder = NULL;
        session_release(session, SESSION_REASON_RELEASED, cause);
    }
    loop_timer_cancel(&tenant->expiry);
    tenant_take_seat(tenant); /* it is counted no more, seated or not */
    list_remove(&tenant->waiting_link);
    list_remove(&tenant->link);
    if (tenant == pool->own)
        pool->own = NULL;
    else
        map_take(&pool->tenants, bytes_of_cstr(tenant->identifier));
    execution_ledger_clear(&tenant->ledger);
    pool_books_plan_soon(pool);
    free(tenant);
}

/* A tenant that never had a session leaves no trace; its seat is free again. */
void tenant_fail_waiting(struct tenant *tenant, enum session_reason reason, const char *cause)
{
    list_remove(&tenant->waiting_link);
    tenant_end_waiting(tenant);
    fail_queue(tenant, EXECUTION_FAULT_UNAVAILABLE, reason, cause);
    tenant_fail_waits(tenant, cause);
    if (!tenant->session)
        tenant_release(tenant, cause);
}
