/* SPDX-License-Identifier: MIT */
/* pool.c — the books of the pool. A session is always on exactly one of four lists, moved by place_session
 * alone; a tenant without the session it needs is on the list of the hungry. */
#include "svc/pool/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "os/clock.h"

#define INQUEST_NS      (500 * NS_PER_MS) /* how long a crash waits for its cause */
#define HUNGRY_RETRY_NS (50 * NS_PER_MS)  /* between two orders for tenants that wait */

struct place {
    struct list head;
    uint32_t count;
};

struct pool {
    struct loop *loop;
    struct pool_options options;
    struct session_options session_options;
    struct session_owner owner;
    struct pool_policy policy;
    const struct session_tier *tier;
    void *tier_self;
    bool up;
    char lost[200]; /* why the tier is gone; "" while it is not */
    int data_root_fd;
    char isolation[sizeof((struct keeper_report *)NULL)->json];
    void (*on_up)(void *context);
    void *on_up_context;

    struct place starting;  /* ordered, nobody's */
    struct place ready;     /* nobody's */
    struct place bound;     /* a tenant's */
    struct place ending;    /* dead or dying */
    struct place buried;    /* nothing is left but our memory of them, freed at the end of the turn */
    struct list executions; /* all of them */
    struct map by_request;  /* sessions ordered from the tier, until it answers */
    struct map by_ref;      /* sessions that the tier made, until nothing is left of them */
    uint64_t request_last;
    int64_t order_after_ns; /* no order before, since one has just failed */
    char order_cause[160];  /* why it failed */

    struct map tenants; /* by identifier */
    struct list tenant_list;
    struct list hungry;
    uint32_t busy;
    uint64_t claims, crashes, timeouts, spawn_failures;

    struct loop_task planning; /* spares are ordered off the path of the request */
    struct loop_timer later;   /* plans again */
};

/* --- books --- */

static void place_session(struct session *s, struct place *to)
{
    struct place *from = s->place;
    if (from) {
        from->count--;
        list_remove(&s->link);
    }
    s->place = to;
    if (to) {
        to->count++;
        list_push_back(&to->head, &s->link);
    }
}

static struct session *first_session(struct place *p)
{
    return list_empty(&p->head) ? NULL : CONTAINER_OF(p->head.next, struct session, link);
}

static void plan_soon(struct pool *p)
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

/* --- orders --- */

static struct session *order_session(struct pool *p)
{
    struct session *s =
        session_create(p->loop, p->tier, p->tier_self, &p->owner, &p->session_options, ++p->request_last);
    if (!s)
        return NULL;
    if (map_put(&p->by_request, map_u64_key(&s->request), s) != STATUS_OK) {
        session_destroy(s);
        return NULL;
    }
    place_session(s, &p->starting);
    p->tier->spawn(p->tier_self, s->request);
    return s;
}

static void give_session(struct tenant *t, struct session *s)
{
    struct pool *p = t->pool;
    s->holder = t;
    t->session = s;
    memcpy(t->guid, s->guid, sizeof t->guid);
    t->allocation_reported = false;
    t->allocated_ns = 0;
    list_remove(&t->hungry_link);
    loop_timer_cancel(&t->expiry);
    place_session(s, &p->bound);
    p->claims++;
    pool_policy_claimed(&p->policy, loop_now(p->loop));
    plan_soon(p);
    session_claim(s); /* a ready one serves at once */
}

static bool may_order(const struct pool *p)
{
    return p->up && !p->lost[0] && loop_now(p->loop) >= p->order_after_ns;
}

/* Gets the tenant a session: a ready one, one that is being built, or a new one; or lets it wait. */
static void feed(struct tenant *t)
{
    struct pool *p = t->pool;
    struct session *s = p->lost[0] ? NULL : first_session(&p->ready);
    if (!s && !p->lost[0])
        s = first_session(&p->starting);
    if (!s && may_order(p))
        s = order_session(p);
    if (!t->hungry_since_ns)
        t->hungry_since_ns = loop_now(p->loop);
    if (s) {
        give_session(t, s);
        return;
    }
    if (list_empty(&t->hungry_link))
        list_push_back(&p->hungry, &t->hungry_link);
    plan_at(p, loop_now(p->loop) + HUNGRY_RETRY_NS);
}

/* --- executions --- */

static void on_report(struct loop_task *task)
{
    struct execution *x = CONTAINER_OF(task, struct execution, report);
    void (*on_done)(void *, struct execution *) = x->on_done;
    x->on_done = NULL;
    x->reporting = true;
    if (on_done)
        on_done(x->context, x);
    x->reporting = false;
    if (!x->tenant)
        execution_destroy(x);
}

/* An execution that a session still runs, or that is yet to be reported, outlives its record. */
static void forget_record(struct execution *x)
{
    struct tenant *t = x->tenant;
    t->record_count--;
    t->record_size -= MIN(t->record_size, execution_final(x) ? execution_size(x) : 0);
    list_remove(&x->record_link);
    x->tenant = NULL;
    if (!x->report.queued && !x->reporting && x->status != EXECUTION_RUNNING)
        execution_destroy(x);
}

/* Keeps the newest within the two limits; what still runs or waits stays. */
static void trim_records(struct tenant *t)
{
    const struct pool_options *o = &t->pool->options;
    list_each_safe (it, &t->records) {
        struct execution *x = CONTAINER_OF(it, struct execution, record_link);
        bool over = t->record_count > o->records_max || t->record_size > o->records_size_max;
        if (!over || it == t->records.prev)
            return;
        if (execution_final(x))
            forget_record(x);
    }
}

static void finish_execution(struct pool *p, struct execution *x)
{
    x->done_ns = loop_now(p->loop);
    list_remove(&x->queue_link);
    buf_fini(&x->code);
    x->report.on_run = on_report;
    loop_defer(p->loop, &x->report);
    if (!x->tenant)
        return;
    x->tenant->record_size += execution_size(x);
    trim_records(x->tenant);
}

static void start_execution(struct tenant *t, struct execution *x)
{
    struct pool *p = t->pool;
    struct session *s = t->session;
    list_remove(&x->queue_link);
    t->queue_count--;
    x->status = EXECUTION_RUNNING;
    x->started_ns = loop_now(p->loop);
    x->allocated_ns = MAX(t->allocated_ns, x->asked_ns);
    x->new_allocation = !t->allocation_reported;
    t->allocation_reported = true;
    memcpy(x->session_guid, s->guid, sizeof x->session_guid);
    p->busy++;
    size_t most = p->options.output_size_max;
    struct session_cell cell = {
        .code = buf_peek(&x->code),
        .empty_kernel = x->empty_kernel,
        .limit_ns = x->limit_ns,
        .head_max = x->output_size_max ? MIN(x->output_size_max, most) : most - most / 2,
        .tail_max = x->output_size_max ? 0 : most / 2,
        .context = x,
    };
    session_run(s, &cell);
}

static void fail_queue(struct tenant *t, enum execution_fault fault, const char *cause)
{
    struct list *link;
    while ((link = list_pop_front(&t->queue))) {
        struct execution *x = CONTAINER_OF(link, struct execution, queue_link);
        t->queue_count--;
        execution_fail(x, fault, cause);
        finish_execution(t->pool, x);
    }
}

static void fail_waits(struct tenant *t, const char *cause)
{
    struct list *link;
    while ((link = list_pop_front(&t->waits))) {
        struct session_wait *w = CONTAINER_OF(link, struct session_wait, link);
        w->on_session(w, NULL, cause);
    }
}

/* --- tenants --- */

static bool tenant_needs_session(const struct tenant *t)
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

static struct tenant *tenant_create(struct pool *p, struct bytes identifier)
{
    struct tenant *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    ASSERT(identifier.size < sizeof t->identifier);
    memcpy(t->identifier, identifier.data, identifier.size);
    t->pool = p;
    t->created_unix_ns = t->accessed_unix_ns = clock_unix_ns();
    t->expiry.on_fire = on_expiry;
    list_init(&t->hungry_link);
    list_init(&t->guests);
    list_init(&t->queue);
    list_init(&t->waits);
    list_init(&t->records);
    if (map_put(&p->tenants, bytes_of_cstr(t->identifier), t) != STATUS_OK) {
        free(t);
        return NULL;
    }
    list_push_back(&p->tenant_list, &t->link);
    return t;
}

/* The files are gone with the session. */
static void dismiss_guests(struct tenant *t)
{
    struct list *link;
    while ((link = list_pop_front(&t->guests)))
        CONTAINER_OF(link, struct tenant_guest, link)->tenant = NULL;
}

void tenant_release(struct tenant *t, const char *cause)
{
    struct pool *p = t->pool;
    fail_queue(t, EXECUTION_FAULT_CANCELED, cause);
    fail_waits(t, cause);
    dismiss_guests(t);
    struct session *s = t->session;
    t->session = NULL;
    if (s) {
        s->holder = NULL;
        session_release(s, cause);
    }
    loop_timer_cancel(&t->expiry);
    list_remove(&t->hungry_link);
    list_remove(&t->link);
    map_take(&p->tenants, bytes_of_cstr(t->identifier));
    while (!list_empty(&t->records))
        forget_record(CONTAINER_OF(t->records.next, struct execution, record_link));
    plan_soon(p);
    free(t);
}

/* Runs what can run. File calls first: they do not wait for code. */
static void tenant_pump(struct tenant *t)
{
    if (!tenant_needs_session(t))
        return;
    struct session *s = t->session;
    if (!s) {
        feed(t);
        return;
    }
    if (s->life.state == SESSION_RESERVED)
        return;
    struct list *link;
    while (t->session == s && (link = list_pop_front(&t->waits))) {
        struct session_wait *w = CONTAINER_OF(link, struct session_wait, link);
        w->on_session(w, s, "");
    }
    if (t->session == s && s->life.state == SESSION_IDLE && !list_empty(&t->queue))
        start_execution(t, CONTAINER_OF(t->queue.next, struct execution, queue_link));
}

/* --- what sessions tell --- */

static void on_offer(void *context, struct session *s)
{
    struct pool *p = context;
    pool_policy_built(&p->policy, s->ready_ns - s->ordered_ns);
    place_session(s, &p->ready);
    plan_soon(p); /* the hungry first */
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
        if (s->ready_ns == t->allocated_ns)
            pool_policy_built(&p->policy, s->ready_ns - s->ordered_ns);
    }
    tenant_pump(t);
}

static void on_answer(void *context, struct session *s, const struct session_answer *a)
{
    struct pool *p = context;
    struct execution *x = a->context;
    p->busy--;
    if (a->verdict == SESSION_VERDICT_CRASH && p->lost[0])
        execution_fail(x, EXECUTION_FAULT_UNAVAILABLE, p->lost);
    else if (a->verdict == SESSION_VERDICT_CRASH && s->released)
        execution_fail(x, EXECUTION_FAULT_CANCELED, s->cause);
    else
        execution_take_answer(x, s, a);
    p->timeouts += a->verdict == SESSION_VERDICT_TIMEOUT;
    if (a->verdict == SESSION_VERDICT_CRASH && !s->released) {
        p->crashes++;
        log_info("svc/pool", "session lost session=%s cause=\"%s\"", s->guid, s->cause);
    }
    if (x->tenant)
        x->tenant->accessed_unix_ns = clock_unix_ns();
    finish_execution(p, x);
}

/* Who held the session lets go of it. After a cooldown the tenant ends with it; after a crash the tenant
 * stays and its next call gets another one. */
static void on_detach(void *context, struct session *s)
{
    struct pool *p = context;
    struct tenant *t = s->holder;
    if (session_life_bound(&s->life))
        return; /* claimed: it has only left the spares */
    place_session(s, &p->ending);
    plan_soon(p);
    s->holder = NULL;
    if (!t || t->session != s)
        return;
    t->session = NULL;
    dismiss_guests(t);
    if (s->cooled) {
        tenant_release(t, s->cause);
        return;
    }
    arm_expiry(t);
    if (!tenant_needs_session(t))
        return;
    if (!t->hungry_since_ns)
        t->hungry_since_ns = loop_now(p->loop);
    list_push_back(&p->hungry, &t->hungry_link);
}

static void on_gone(void *context, struct session *s)
{
    struct pool *p = context;
    place_session(s, &p->buried);
    map_take(&p->by_request, map_u64_key(&s->request));
    if (s->spawned)
        map_take(&p->by_ref, bytes_of(s->key, sizeof s->key));
    plan_soon(p);
}

/* --- what the tier tells --- */

static void order_failed(struct pool *p, const char *cause)
{
    int64_t now = loop_now(p->loop);
    p->spawn_failures++;
    p->order_after_ns = now + HUNGRY_RETRY_NS;
    snprintf(p->order_cause, sizeof p->order_cause, "%s", cause);
    pool_policy_build_failed(&p->policy, now);
    log_warn("svc/pool", "no session could be made cause=\"%s\"", cause);
}

static void on_tier_ready(void *context, const struct keeper_report *report)
{
    struct pool *p = context;
    p->up = true;
    snprintf(p->isolation, sizeof p->isolation, "%s", report->json);
    p->data_root_fd = report->data_root_fd;
    plan_soon(p);
    if (p->on_up)
        p->on_up(p->on_up_context);
}

static void close_all(const struct keeper_session *k)
{
    int fds[] = {k->control_fd, k->stdout_fd, k->stderr_fd, k->data_dir_fd};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void on_tier_spawned(void *context, uint64_t request, const struct keeper_session *k, const char *text)
{
    struct pool *p = context;
    struct session *s = map_take(&p->by_request, map_u64_key(&request));
    if (!k) {
        order_failed(p, text && text[0] ? text : "the keeper refused");
        if (s)
            session_ended(s, SESSION_END_FAILED, p->order_cause);
        return;
    }
    if (!s) { /* not ours any more */
        close_all(k);
        p->tier->kill(p->tier_self, k->ref);
        return;
    }
    s->key[0] = k->ref.slot;
    s->key[1] = k->ref.generation;
    if (map_put(&p->by_ref, bytes_of(s->key, sizeof s->key), s) != STATUS_OK) {
        close_all(k);
        p->tier->kill(p->tier_self, k->ref);
        session_ended(s, SESSION_END_FAILED, "out of memory");
        return;
    }
    session_spawned(s, k);
}

static void describe_end(enum session_end end, int detail, char *ret_text, size_t size)
{
    switch (end) {
    case SESSION_END_MEMORY_LIMIT:
        snprintf(ret_text, size, "the session went over its memory limit and was ended");
        return;
    case SESSION_END_EXITED:
        if (detail > 128)
            snprintf(ret_text, size, "the session's interpreter was ended by signal %d", detail - 128);
        else
            snprintf(ret_text, size, "the session's interpreter exited with code %d", detail);
        return;
    case SESSION_END_FAILED:
        snprintf(ret_text, size, "the session could not be built: %s", strerror(detail));
        return;
    case SESSION_END_KILLED:
        break;
    }
    snprintf(ret_text, size, "the session was ended");
}

static void on_tier_ended(void *context, struct session_ref ref, enum session_end end, int detail)
{
    struct pool *p = context;
    uint64_t key[2] = {ref.slot, ref.generation};
    struct session *s = map_get(&p->by_ref, bytes_of(key, sizeof key));
    if (!s)
        return;
    char cause[sizeof s->cause];
    describe_end(end, detail, cause, sizeof cause);
    if (!s->released && (s->life.state == SESSION_STARTING || s->life.state == SESSION_RESERVED ||
                         s->life.state == SESSION_READY))
        order_failed(p, cause); /* it died before it was of any use: do not build the next one at once */
    session_ended(s, end, cause);
}

static void end_all(struct place *place, const char *cause)
{
    struct session *s;
    while ((s = first_session(place)))
        session_ended(s, SESSION_END_KILLED, cause);
}

/* Fails closed: everything that runs or waits is answered, and nothing is accepted any more. */
static void on_tier_lost(void *context, const char *text)
{
    struct pool *p = context;
    snprintf(p->lost, sizeof p->lost, "isolation is not available: %s", text ? text : "the keeper is gone");
    p->up = false;
    log_error("svc/pool", "the tier is lost cause=\"%s\"", p->lost);
    struct place *places[] = {&p->bound, &p->starting, &p->ready, &p->ending};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        end_all(places[i], p->lost);
    plan_soon(p);
    if (p->on_up)
        p->on_up(p->on_up_context);
}

/* --- planning --- */

/* A tenant that never had a session leaves no trace; its seat is free again. */
static void starve(struct tenant *t, const char *cause)
{
    list_remove(&t->hungry_link);
    t->hungry_since_ns = 0;
    fail_queue(t, EXECUTION_FAULT_UNAVAILABLE, cause);
    fail_waits(t, cause);
    if (!t->session)
        tenant_release(t, cause);
}

static void feed_hungry(struct pool *p)
{
    int64_t now = loop_now(p->loop);
    struct list hungry;
    list_init(&hungry);
    list_splice(&hungry, &p->hungry);
    struct list *link;
    while ((link = list_pop_front(&hungry))) {
        struct tenant *t = CONTAINER_OF(link, struct tenant, hungry_link);
        if (p->lost[0])
            starve(t, p->lost);
        else if (now - t->hungry_since_ns >= p->options.session_wait_max_ns)
            starve(t, p->order_cause[0] ? p->order_cause : "no session became ready in time");
        else if (!tenant_needs_session(t))
            t->hungry_since_ns = 0;
        else if (!t->session)
            feed(t);
    }
}

static void on_planning(struct loop_task *task)
{
    struct pool *p = CONTAINER_OF(task, struct pool, planning);
    feed_hungry(p);
    if (!p->up || p->lost[0])
        return;
    int64_t now = loop_now(p->loop);
    struct pool_counts counts = {.seats = (uint32_t)p->tenants.count,
                                 .ready = p->ready.count,
                                 .starting = p->starting.count,
                                 .busy = p->busy};
    struct pool_plan plan = pool_policy_plan(&p->policy, &counts, now);
    for (uint32_t i = 0; i < plan.surplus; i++)
        session_release(first_session(&p->ready), "its place is needed");
    for (uint32_t i = 0; i < plan.builds; i++)
        if (!order_session(p))
            break;
    if (plan.ask_again_ns != INT64_MAX)
        plan_at(p, plan.ask_again_ns);
}

static void on_later(struct loop_timer *t)
{
    plan_soon(CONTAINER_OF(t, struct pool, later));
}

/* --- the outside --- */

static void take_options(struct pool *p, const struct pool_options *o)
{
    struct pool_options *own = &p->options;
    *own = *o;
    own->sessions_max = o->sessions_max ? o->sessions_max : 100;
    own->grace_ns = o->grace_ns ? o->grace_ns : 2 * NS_PER_S;
    own->session_wait_max_ns = o->session_wait_max_ns ? o->session_wait_max_ns : 10 * NS_PER_S;
    own->output_size_max = o->output_size_max ? o->output_size_max : (size_t)1 << 20;
    own->result_size_max = o->result_size_max ? o->result_size_max : (size_t)16 << 20;
    own->queue_max = o->queue_max ? o->queue_max : 256;
    own->records_max = o->records_max ? o->records_max : 100;
    own->records_size_max = o->records_size_max ? o->records_size_max : (size_t)4 << 20;
    p->tier = o->tier;
    p->session_options = (struct session_options){
        .limits = {.cooldown_ns = own->cooldown_ns, .grace_ns = own->grace_ns, .inquest_ns = INQUEST_NS},
        .result_size_max = own->result_size_max,
        .head_max = own->output_size_max - own->output_size_max / 2,
        .tail_max = own->output_size_max / 2,
    };
}

enum status pool_create(struct loop *l, const struct pool_options *o, struct pool **ret_pool, struct err *e)
{
    struct pool *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    take_options(p, o);
    p->loop = l;
    p->data_root_fd = -1;
    struct place *places[] = {&p->starting, &p->ready, &p->bound, &p->ending, &p->buried};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        list_init(&places[i]->head);
    list_init(&p->executions);
    list_init(&p->tenant_list);
    list_init(&p->hungry);
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    map_init(&p->tenants, seed[0], seed[1]); /* callers choose the identifiers */
    map_init(&p->by_request, 0, 0);
    map_init(&p->by_ref, 0, 0);
    p->owner = (struct session_owner){on_offer, on_answer, on_serve, on_detach, on_gone, p};
    p->planning.on_run = on_planning;
    p->later.on_fire = on_later;
    pool_policy_init(&p->policy,
                     &(struct pool_policy_options){.seats_max = p->options.sessions_max,
                                                   .spares_base = p->options.sessions_ready},
                     loop_now(l));
    struct keeper_callbacks cb = {on_tier_ready, on_tier_spawned, on_tier_ended, on_tier_lost, p};
    enum status s = p->tier->start(l, o->tier_options, &cb, &p->tier_self, e);
    if (s != STATUS_OK) {
        free(p);
        return s;
    }
    p->options.tier_options = NULL;
    *ret_pool = p;
    return STATUS_OK;
}

static void destroy_all(struct place *place)
{
    struct session *s;
    while ((s = first_session(place)))
        session_destroy(s);
}

void pool_destroy(struct pool *p)
{
    if (!p)
        return;
    p->tier->stop(p->tier_self);
    struct place *places[] = {&p->starting, &p->ready, &p->bound, &p->ending, &p->buried};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        destroy_all(places[i]);
    struct list *link;
    while (!list_empty(&p->executions)) {
        struct execution *x = CONTAINER_OF(p->executions.next, struct execution, pool_link);
        loop_defer_cancel(&x->report);
        execution_destroy(x);
    }
    while ((link = list_pop_front(&p->tenant_list))) {
        struct tenant *t = CONTAINER_OF(link, struct tenant, link);
        while (list_pop_front(&t->waits))
            continue;
        loop_timer_cancel(&t->expiry);
        free(t);
    }
    loop_defer_cancel(&p->planning);
    loop_timer_cancel(&p->later);
    map_fini(&p->tenants);
    map_fini(&p->by_request);
    map_fini(&p->by_ref);
    free(p);
}

void pool_on_up(struct pool *p, void (*on_up)(void *context), void *context)
{
    p->on_up = on_up;
    p->on_up_context = context;
}

struct pool_report pool_report(const struct pool *p)
{
    return (struct pool_report){
        .ready = p->ready.count,
        .starting = p->starting.count,
        .busy = p->busy,
        .idle = p->bound.count > p->busy ? p->bound.count - p->busy : 0,
        .ending = p->ending.count,
        .tenants = (uint32_t)p->tenants.count,
        .sessions_max = p->options.sessions_max,
        .claims = p->claims,
        .crashes = p->crashes,
        .timeouts = p->timeouts,
        .spawn_failures = p->spawn_failures,
        .up = p->up,
        .lost = p->lost[0] ? p->lost : NULL,
        .isolation = p->isolation,
        .tier = p->tier->name,
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

void tenant_touch(struct tenant *t)
{
    t->accessed_unix_ns = clock_unix_ns();
    if (t->session)
        session_touch(t->session);
    else
        arm_expiry(t);
}

enum status pool_enter(struct pool *p, struct bytes identifier, struct tenant **ret_tenant, struct err *e)
{
    if (p->lost[0])
        return err_set(e, STATUS_UNAVAILABLE, "%s", p->lost);
    struct tenant *t = pool_find(p, identifier);
    if (!t) {
        uint32_t seats = (uint32_t)p->tenants.count;
        if (!pool_policy_admit(&p->policy, seats))
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

enum status tenant_execute(struct tenant *t, struct execution *x, struct err *e)
{
    if (t->queue_count >= t->pool->options.queue_max)
        return err_set(e, STATUS_RESOURCE_EXHAUSTED, "%zu executions already wait in this session",
                       t->queue_count);
    x->tenant = t;
    list_push_back(&t->pool->executions, &x->pool_link);
    list_push_back(&t->records, &x->record_link);
    t->record_count++;
    list_push_back(&t->queue, &x->queue_link);
    t->queue_count++;
    tenant_pump(t);
    return STATUS_OK;
}

void execution_abandon(struct execution *x)
{
    struct tenant *t = x->tenant;
    x->on_done = NULL;
    if (!t || x->asynchronous || x->status != EXECUTION_NOT_STARTED)
        return;
    list_remove(&x->queue_link);
    t->queue_count--;
    forget_record(x);
}

struct execution *tenant_find_execution(struct tenant *t, struct bytes id)
{
    for (struct list *it = t->records.prev; it != &t->records; it = it->prev) {
        struct execution *x = CONTAINER_OF(it, struct execution, record_link);
        if (bytes_equal_cstr(id, x->id))
            return x;
    }
    return NULL;
}

void tenant_want_session(struct tenant *t, struct session_wait *w)
{
    list_push_back(&t->waits, &w->link);
    tenant_pump(t);
}

void session_wait_cancel(struct session_wait *w)
{
    list_remove(&w->link);
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

int pool_data_root_fd(const struct pool *p)
{
    return p->data_root_fd;
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
