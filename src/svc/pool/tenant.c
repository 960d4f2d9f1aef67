/* SPDX-License-Identifier: MIT */
/* tenant.c — who of an identifier is served next, and when the identifier is free again. */
#include "svc/pool/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/pool/pool_internal.h"

/* --- age --- */

bool tenant_needs_session(const struct tenant *t)
{
    return !list_empty(&t->queue) || !list_empty(&t->waits);
}

static void on_expiry(struct loop_timer *timer)
{
    struct tenant *t = CONTAINER_OF(timer, struct tenant, expiry);
    if (!t->session && !tenant_needs_session(t))
        tenant_release(t, "the session was idle for its whole cooldown");
}

/* Without a session nobody else ends the tenant. */
static void arm_expiry(struct tenant *t)
{
    struct pool *p = t->pool;
    if (p->options.cooldown_ns < 0)
        return;
    if (loop_timer_set(p->loop, &t->expiry, loop_now(p->loop) + p->options.cooldown_ns) != STATUS_OK)
        log_warn("svc/pool", "no memory for a timer");
}

void tenant_note_use(struct tenant *t)
{
    t->accessed_unix_ns = clock_unix_ns();
}

void tenant_touch(struct tenant *t)
{
    tenant_note_use(t);
    if (t->session)
        session_touch(t->session);
    else
        arm_expiry(t);
}

/* --- executions --- */

static void start_execution(struct tenant *t, struct execution *x)
{
    struct pool *p = t->pool;
    struct session *s = t->session;
    list_remove(&x->queue_link);
    t->queue_count--;
    x->status = EXECUTION_RUNNING;
    x->times.started_ns = loop_now(p->loop);
    x->times.allocated_ns = MAX(t->allocated_ns, x->times.asked_ns);
    x->new_allocation = !t->allocation_reported;
    t->allocation_reported = true;
    memcpy(x->session_guid, s->guid, sizeof x->session_guid);
    memcpy(x->template_identity, s->template_identity, sizeof x->template_identity);
    pool_cell_begins(p);
    size_t most = p->options.output_size_max;
    struct session_cell cell = {
        .code = buf_peek(&x->asked.code),
        .empty_kernel = x->asked.empty_kernel,
        .limit_ns = x->asked.limit_ns,
        .head_max = x->asked.output_size_max ? MIN(x->asked.output_size_max, most) : most - most / 2,
        .tail_max = x->asked.output_size_max ? 0 : most / 2,
        .context = x,
    };
    session_run(s, &cell);
}

enum status tenant_execute(struct tenant *t, struct execution *x, struct err *e)
{
    if (t->queue_count >= t->pool->options.queue_max)
        return err_set(e, STATUS_RESOURCE_EXHAUSTED, "%zu executions already wait in this session",
                       t->queue_count);
    if (!execution_charge(x, &t->pool->budget, x->asked.code.size, false))
        return err_set(e, STATUS_RESOURCE_EXHAUSTED,
                       "the memory for all sessions' calls and results is in use");
    list_push_back(&t->pool->executions, &x->pool_link);
    execution_ledger_add(&t->ledger, x);
    list_push_back(&t->queue, &x->queue_link);
    t->queue_count++;
    tenant_pump(t);
    return STATUS_OK;
}

void execution_abandon(struct execution *x)
{
    x->on_done = NULL;
    if (!x->ledger || x->asked.asynchronous || x->status != EXECUTION_NOT_STARTED)
        return;
    list_remove(&x->queue_link);
    CONTAINER_OF(x->ledger, struct tenant, ledger)->queue_count--;
    execution_ledger_forget(x);
}

struct execution *tenant_find_execution(struct tenant *t, struct bytes id)
{
    return execution_ledger_find(&t->ledger, id);
}

static void fail_queue(struct tenant *t, enum execution_fault fault, enum session_reason reason,
                       const char *cause)
{
    struct list *link;
    while ((link = list_pop_front(&t->queue))) {
        struct execution *x = CONTAINER_OF(link, struct execution, queue_link);
        t->queue_count--;
        execution_fail(x, fault, reason, cause);
        ledger_settle(t->pool->loop, x);
    }
}

/* --- those who want the files --- */

void tenant_want_session(struct tenant *t, struct session_wait *w)
{
    list_push_back(&t->waits, &w->link);
    tenant_pump(t);
}

void session_wait_cancel(struct session_wait *w)
{
    list_remove(&w->link);
}

static void fail_waits(struct tenant *t, const char *cause)
{
    struct list *link;
    while ((link = list_pop_front(&t->waits))) {
        struct session_wait *w = CONTAINER_OF(link, struct session_wait, link);
        w->on_session(w, NULL, cause);
    }
}

void tenant_guest_enter(struct tenant *t, struct tenant_guest *g)
{
    ASSERT(t->session);
    g->tenant = t;
    list_push_back(&t->guests, &g->link);
    t->session->held = true;
}

void tenant_guest_leave(struct tenant_guest *g)
{
    struct tenant *t = g->tenant;
    if (!t)
        return;
    g->tenant = NULL;
    list_remove(&g->link);
    t->session->held = !list_empty(&t->guests);
    tenant_touch(t);
}

/* The files are gone with the session. */
static void dismiss_guests(struct tenant *t)
{
    struct list *link;
    while ((link = list_pop_front(&t->guests)))
        CONTAINER_OF(link, struct tenant_guest, link)->tenant = NULL;
}

/* What was uploaded and removed since is not there any more: a session cannot hold more than is used. */
bool tenant_charge_upload(struct tenant *t, size_t used_size, size_t size)
{
    struct memory_budget *uploads = &t->pool->uploads;
    ASSERT(t->session);
    size_t gone = t->uploaded > used_size ? t->uploaded - used_size : 0;
    memory_budget_give(uploads, gone);
    t->uploaded -= gone;
    if (!memory_budget_take(uploads, size))
        return false;
    t->uploaded += size;
    return true;
}

static void forget_uploads(struct tenant *t)
{
    memory_budget_give(&t->pool->uploads, t->uploaded);
    t->uploaded = 0;
}

/* --- its session --- */

void tenant_begin_waiting(struct tenant *t, int64_t now_ns)
{
    if (!t->waiting_since_ns)
        t->waiting_since_ns = now_ns;
}

void tenant_end_waiting(struct tenant *t)
{
    t->waiting_since_ns = 0;
}

void tenant_take_session(struct tenant *t, struct session *s)
{
    t->session = s;
    memcpy(t->guid, s->guid, sizeof t->guid);
    t->allocation_reported = list_empty(&t->queue);
    t->allocated_ns = 0;
    list_remove(&t->waiting_link);
    loop_timer_cancel(&t->expiry);
}

void tenant_lose_session(struct tenant *t)
{
    t->session->holder = NULL;
    t->session = NULL;
    dismiss_guests(t);
    forget_uploads(t);
    arm_expiry(t);
}

/* File calls first: they do not wait for code. */
void tenant_pump(struct tenant *t)
{
    if (!tenant_needs_session(t))
        return;
    struct session *s = t->session;
    if (!s) {
        pool_want_session(t->pool, t);
        return;
    }
    if (s->life.state == SESSION_RESERVED)
        return;
    if (!t->allocated_ns) {
        t->allocated_ns = loop_now(t->pool->loop);
        tenant_end_waiting(t);
    }
    struct list *link;
    while (t->session == s && (link = list_pop_front(&t->waits))) {
        struct session_wait *w = CONTAINER_OF(link, struct session_wait, link);
        w->on_session(w, s, "");
    }
    if (t->session == s && s->life.state == SESSION_IDLE && !list_empty(&t->queue))
        start_execution(t, CONTAINER_OF(t->queue.next, struct execution, queue_link));
}

/* --- birth and death --- */

struct tenant *tenant_create(struct pool *p, struct bytes identifier)
{
    struct tenant *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    ASSERT(identifier.size < sizeof t->identifier);
    memcpy(t->identifier, identifier.data, identifier.size);
    t->pool = p;
    t->created_unix_ns = t->accessed_unix_ns = clock_unix_ns();
    t->expiry.on_fire = on_expiry;
    list_init(&t->waiting_link);
    list_init(&t->guests);
    list_init(&t->queue);
    list_init(&t->waits);
    execution_ledger_init(&t->ledger, &p->kept, p->options.records_max, p->options.records_size_max);
    if (map_put(&p->tenants, bytes_of_cstr(t->identifier), t) != STATUS_OK) {
        free(t);
        return NULL;
    }
    list_push_back(&p->tenant_list, &t->link);
    return t;
}

void tenant_destroy(struct tenant *t)
{
    while (list_pop_front(&t->waits))
        continue;
    loop_timer_cancel(&t->expiry);
    free(t);
}

void tenant_release(struct tenant *t, const char *cause)
{
    struct pool *p = t->pool;
    fail_queue(t, EXECUTION_FAULT_CANCELED, SESSION_REASON_RELEASED, cause);
    fail_waits(t, cause);
    dismiss_guests(t);
    forget_uploads(t);
    struct session *s = t->session;
    t->session = NULL;
    if (s) {
        s->holder = NULL;
        session_release(s, SESSION_REASON_RELEASED, cause);
    }
    loop_timer_cancel(&t->expiry);
    list_remove(&t->waiting_link);
    list_remove(&t->link);
    map_take(&p->tenants, bytes_of_cstr(t->identifier));
    execution_ledger_clear(&t->ledger);
    pool_plan_soon(p);
    free(t);
}

/* A tenant that never had a session leaves no trace; its seat is free again. */
void tenant_fail_waiting(struct tenant *t, enum session_reason reason, const char *cause)
{
    list_remove(&t->waiting_link);
    tenant_end_waiting(t);
    fail_queue(t, EXECUTION_FAULT_UNAVAILABLE, reason, cause);
    fail_waits(t, cause);
    if (!t->session)
        tenant_release(t, cause);
}
