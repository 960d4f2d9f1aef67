/* SPDX-License-Identifier: MIT */
/* stock.c — the shelves, the orders, and what the tier tells about them. */
#include "svc/pool/session/stock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/no_memory.h"
#include "base/text.h"

/* --- shelves --- */

/* INVARIANT: a session is on one shelf from its order to its freeing, and the count of a shelf is the length of
 * its list. */
static void place_session(struct session *session, struct session_shelf *to)
{
    struct session_shelf *from = session->place;
    if (from) {
        from->count--;
        list_remove(&session->link);
    }
    session->place = to;
    to->count++;
    list_push_back(&to->head, &session->link);
}

static struct session *first_session(struct session_shelf *shelf)
{
    return list_empty(&shelf->head) ? NULL : CONTAINER_OF(shelf->head.next, struct session, link);
}

static void changed(struct session_stock *st)
{
    st->owner.on_change(st->owner.context);
}

/* --- orders --- */

static struct session *order_session(struct session_stock *st, enum runtime_id runtime)
{
    struct session *session = session_create(st->loop, st->tier, st->tier_self, &st->session_owner,
                                             &st->session_options, ++st->request_last, runtime);
    if (!session)
        return NULL;
    if (map_put(&st->by_request, map_u64_key(&session->request), session) != STATUS_OK) {
        session_destroy(session);
        return NULL;
    }
    place_session(session, &st->spares[runtime].starting);
    st->tier->spawn(st->tier_self, session->request, runtime);
    return session;
}

static void order_failed(struct session_stock *st, enum runtime_id runtime, const char *cause)
{
    int64_t now = loop_now(st->loop);
    st->spawn_failures++;
    st->order_after_ns = now + STOCK_RETRY_NS;
    snprintf(st->order_cause, sizeof st->order_cause, "%s", cause);
    pool_policy_build_failed(&st->spares[runtime].policy, now);
    log_warn("svc/pool", "no session could be made cause=\"%s\"", cause);
}

struct session *session_stock_find(struct session_stock *st, enum runtime_id runtime)
{
    if (st->lost[0])
        return NULL;
    struct session *session = first_session(&st->spares[runtime].ready);
    if (!session)
        session = first_session(&st->spares[runtime].starting);
    if (!session && st->up && loop_now(st->loop) >= st->order_after_ns)
        session = order_session(st, runtime);
    return session;
}

uint32_t session_stock_ready(const struct session_stock *st)
{
    uint32_t count = 0;
    for (int id = 0; id < RUNTIMES; id++)
        count += st->spares[id].ready.count;
    return count;
}

uint32_t session_stock_starting(const struct session_stock *st)
{
    uint32_t count = 0;
    for (int id = 0; id < RUNTIMES; id++)
        count += st->spares[id].starting.count;
    return count;
}

/* ORDER: off the spares, and the change is told, before it is claimed: planning sees the place that became free. */
void session_stock_bind(struct session_stock *st, struct session *session, void *holder)
{
    session->holder = holder;
    place_session(session, &st->bound);
    pool_policy_claimed(&st->spares[session->runtime].policy, loop_now(st->loop));
    changed(st);
    session_claim(session);
}

/* Those that are had keep the cooldown that they were begun with. */
static void limit_spares(struct session_shelf *shelf, int64_t cooldown_ns)
{
    list_each (it, &shelf->head)
        CONTAINER_OF(it, struct session, link)->life.limits.cooldown_ns = cooldown_ns;
}

void session_stock_limit(struct session_stock *st, const struct pool_policy_options *policy,
                         int64_t cooldown_ns)
{
    st->session_options.limits.cooldown_ns = cooldown_ns;
    for (int id = 0; id < RUNTIMES; id++) {
        pool_policy_limit(&st->spares[id].policy, policy->seats_max, policy->spares_base);
        limit_spares(&st->spares[id].starting, cooldown_ns);
        limit_spares(&st->spares[id].ready, cooldown_ns);
    }
    changed(st);
}

bool session_stock_admits(const struct session_stock *st, uint32_t seats)
{
    return pool_policy_admit(&st->spares[0].policy, seats); /* seats are of no runtime */
}

static int64_t plan_spares(struct session_stock *st, enum runtime_id runtime, uint32_t seats, uint32_t busy)
{
    struct stock_spares *spares = &st->spares[runtime];
    struct pool_counts counts = {
        .seats = seats, .ready = spares->ready.count, .starting = spares->starting.count, .busy = busy};
    struct pool_plan plan = pool_policy_plan(&spares->policy, &counts, loop_now(st->loop));
    for (uint32_t i = 0; i < plan.surplus; i++)
        session_release(first_session(&spares->ready), SESSION_REASON_RELEASED, "its place is needed");
    for (uint32_t i = 0; i < plan.builds; i++)
        if (!order_session(st, runtime))
            break;
    return plan.ask_again_ns;
}

int64_t session_stock_plan(struct session_stock *st, uint32_t seats, uint32_t busy)
{
    int64_t ask_again_ns = INT64_MAX;
    if (!st->up || st->lost[0])
        return ask_again_ns;
    for (int id = 0; id < RUNTIMES; id++) {
        int64_t at_ns = plan_spares(st, (enum runtime_id)id, seats, busy);
        ask_again_ns = MIN(ask_again_ns, at_ns);
    }
    return ask_again_ns;
}

/* The first result of any session says that the tier works; until then a pool does not call itself ready. */
void session_stock_prove(struct session_stock *st)
{
    if (st->proven)
        return;
    st->proven = true;
    st->trial.cause[0] = '\0';
    st->owner.on_tier(st->owner.context);
}

/* --- what the trial asks --- */

static struct session *find_for_trial(void *context, const char **ret_cause)
{
    struct session_stock *st = context;
    struct session *session = session_stock_find(st, RUNTIME_DEFAULT);
    *ret_cause = st->order_cause[0] ? st->order_cause : "no session can be ordered";
    return session;
}

static void bind_for_trial(void *context, struct session *session)
{
    session_stock_bind(context, session, NULL);
}

static void prove(void *context)
{
    session_stock_prove(context);
}

static bool trial_is_due(void *context)
{
    const struct session_stock *st = context;
    return st->up && !st->proven;
}

/* --- what sessions tell --- */

static void note_built(struct session_stock *st, const struct session *session)
{
    int64_t took_ns = session->ready_ns - session->ordered_ns;
    pool_policy_built(&st->spares[session->runtime].policy, took_ns);
    metric_observe(&st->build_times, took_ns);
}

static void on_offer(void *context, struct session *session)
{
    struct session_stock *st = context;
    note_built(st, session);
    place_session(session, &st->spares[session->runtime].ready);
    changed(st);
}

static void on_serve(void *context, struct session *session)
{
    struct session_stock *st = context;
    if (session->life.state == SESSION_IDLE &&
        session->ready_ns == loop_now(st->loop)) /* somebody waited for it */
        note_built(st, session);
    if (!stock_trial_serve(&st->trial, session))
        st->owner.on_serve(st->owner.context, session);
}

static void on_answer(void *context, struct session *session, const struct session_answer *answer)
{
    struct session_stock *st = context;
    if (stock_trial_answer(&st->trial, session, answer))
        return;
    if (answer->verdict == SESSION_VERDICT_RESULT)
        session_stock_prove(st);
    st->owner.on_answer(st->owner.context, session, answer);
}

static void on_detach(void *context, struct session *session)
{
    struct session_stock *st = context;
    if (session_life_bound(&session->life))
        return; /* claimed: it has only left the spares */
    place_session(session, &st->ending);
    changed(st);
    stock_trial_detach(&st->trial, session);
    st->owner.on_detach(st->owner.context, session);
}

/* Off both maps, so that whatever the tier still says of it finds nobody; it is freed later, for its callers are
 * on the stack. */
static void on_gone(void *context, struct session *session)
{
    struct session_stock *st = context;
    place_session(session, &st->gone);
    st->ends[session->reason]++;
    map_take(&st->by_request, map_u64_key(&session->request));
    if (session->spawned)
        map_take(&st->by_ref, bytes_of(session->key, sizeof session->key));
    changed(st);
}

/* --- what the tier tells --- */

/* Each release takes it off this shelf, so the loop ends. */
static void release_ready(struct stock_spares *spares)
{
    struct session *session;
    while ((session = first_session(&spares->ready)))
        session_release(session, SESSION_REASON_RELEASED, "what sessions see has changed");
}

static void on_tier_ready(void *context, const struct tier_report *report)
{
    struct session_stock *st = context;
    if (st->lost[0])
        log_info("svc/pool", "isolation is back");
    st->up = true;
    st->up_since_ns = loop_now(st->loop);
    st->lost[0] = '\0';
    st->order_after_ns = 0;
    snprintf(st->degraded, sizeof st->degraded, "%s", text_or(report->degraded, ""));
    snprintf(st->template_identity, sizeof st->template_identity, "%s",
             text_or(report->template_identity, ""));
    /* Spares that were built before see what was there before. */
    for (int id = 0; id < RUNTIMES; id++)
        release_ready(&st->spares[id]);
    snprintf(st->isolation, sizeof st->isolation, "%s", report->isolation_json);
    st->memory_size_max = report->memory_size_max;
    changed(st);
    if (st->no_trial)
        session_stock_prove(st);
    stock_trial_begin(&st->trial);
}

static void close_all(const struct tier_session *session)
{
    int fds[] = {session->control_fd, session->stdout_fd, session->stderr_fd, session->data_dir_fd,
                 session->calls_fd,   session->cpu_fd,    session->memory_fd, session->processes_fd};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void on_tier_spawned(void *context, uint64_t request, const struct tier_session *session,
                            const char *text)
{
    struct session_stock *st = context;
    struct session *s = map_take(&st->by_request, map_u64_key(&request));
    if (!session) {
        order_failed(st, s ? s->runtime : RUNTIME_DEFAULT, text && text[0] ? text : "the keeper refused");
        if (s)
            session_ended(s, SESSION_REASON_NO_SESSION, st->order_cause, false);
        return;
    }
    if (!s) { /* not ours any more */
        close_all(session);
        st->tier->kill(st->tier_self, session->ref);
        return;
    }
    snprintf(s->template_identity, sizeof s->template_identity, "%s",
             text_or(session->template_identity, ""));
    s->key[0] = session->ref.slot;
    s->key[1] = session->ref.generation;
    if (map_put(&st->by_ref, bytes_of(s->key, sizeof s->key), s) != STATUS_OK) {
        close_all(session);
        st->tier->kill(st->tier_self, session->ref);
        session_ended(s, SESSION_REASON_NO_SESSION, ERR_NO_MEMORY, false);
        return;
    }
    session_spawned(s, session);
}

/* Why a session ended, by what the tier says. Returns true if only the tier can know it. */
static bool explain_end(const struct session_stock *st, enum tier_end end, int detail,
                        enum session_reason *ret_reason, char ret_cause[SESSION_CAUSE_SIZE_MAX])
{
    switch (end) {
    case TIER_END_MEMORY_LIMIT:
        *ret_reason = SESSION_REASON_MEMORY_LIMIT;
        if (st->memory_size_max)
            snprintf(ret_cause, SESSION_CAUSE_SIZE_MAX,
                     "the session went over its memory limit of %llu MiB and was ended",
                     (unsigned long long)(st->memory_size_max >> 20));
        else
            snprintf(ret_cause, SESSION_CAUSE_SIZE_MAX,
                     "the session went over its memory limit and was ended");
        return true;
    case TIER_END_EXITED:
        if (detail > 128) {
            *ret_reason = SESSION_REASON_SIGNALED;
            snprintf(ret_cause, SESSION_CAUSE_SIZE_MAX, "the session's interpreter was ended by signal %d",
                     detail - 128);
            return true;
        }
        *ret_reason = SESSION_REASON_EXITED;
        snprintf(ret_cause, SESSION_CAUSE_SIZE_MAX, "the session's interpreter exited with code %d", detail);
        return true;
    case TIER_END_FAILED:
        *ret_reason = SESSION_REASON_NO_SESSION;
        snprintf(ret_cause, SESSION_CAUSE_SIZE_MAX, "the session could not be built: %s", strerror(detail));
        return false;
    case TIER_END_KILLED:
        break;
    }
    *ret_reason = SESSION_REASON_RELEASED;
    snprintf(ret_cause, SESSION_CAUSE_SIZE_MAX, "the session was ended");
    return false;
}

/* A session that died before anybody used it says something of the tier, not of somebody's code. */
static bool was_of_no_use_yet(const struct session *session)
{
    enum session_state state = session->life.state;
    return session->reason == SESSION_REASON_NONE &&
           (state == SESSION_STARTING || state == SESSION_RESERVED || state == SESSION_READY);
}

static void on_tier_ended(void *context, struct tier_ref ref, enum tier_end end, int detail)
{
    struct session_stock *st = context;
    uint64_t key[2] = {ref.slot, ref.generation};
    struct session *session = map_get(&st->by_ref, bytes_of(key, sizeof key));
    if (!session)
        return;

    enum session_reason reason;
    char cause[SESSION_CAUSE_SIZE_MAX];
    bool certain = explain_end(st, end, detail, &reason, cause);
    if (was_of_no_use_yet(session))
        order_failed(st, session->runtime, cause); /* it died early: do not build the next one at once */
    session_ended(session, reason, cause, certain);
}

static void on_tier_stored(void *context, struct tier_ref ref, int error)
{
    struct session_stock *st = context;
    uint64_t key[2] = {ref.slot, ref.generation};
    struct session *session = map_get(&st->by_ref, bytes_of(key, sizeof key));
    if (session)
        session_stores_answered(&session->stores, error);
}

static void end_all(struct session_shelf *shelf, const char *cause)
{
    struct session *session;
    while ((session = first_session(shelf)))
        session_ended(session, SESSION_REASON_ISOLATION_LOST, cause, true);
}

/* Fails closed: everything that runs is answered, and nothing is ordered until the tier is back. */
static void on_tier_down(void *context, const char *text)
{
    struct session_stock *st = context;
    snprintf(st->lost, sizeof st->lost, "isolation is not available: %s",
             text_or(text, "the keeper is gone"));
    st->losses += st->up;
    st->up = st->proven = false;
    stock_trial_stop(&st->trial);
    log_error("svc/pool", "the tier is down cause=\"%s\"", st->lost);

    /* ORDER: `lost` and `up` stand before the first session ends. What ends asks at once for another one, and must
     * hear that there is none. */
    end_all(&st->bound, st->lost);
    for (int id = 0; id < RUNTIMES; id++) {
        end_all(&st->spares[id].starting, st->lost);
        end_all(&st->spares[id].ready, st->lost);
    }
    end_all(&st->ending, st->lost);
    changed(st);
    st->owner.on_tier(st->owner.context);
}

static void on_tier_lost(void *context, const char *text)
{
    struct session_stock *st = context;
    st->final = true;
    on_tier_down(context, text);
}

/* --- opening and closing --- */

static void fini_maps(struct session_stock *st)
{
    map_fini(&st->by_request);
    map_fini(&st->by_ref);
}

enum status session_stock_open(struct session_stock *st, struct loop *loop,
                               const struct stock_options *options, const struct stock_owner *owner,
                               struct err *err)
{
    *st = (struct session_stock){.loop = loop,
                                 .tier = options->tier,
                                 .owner = *owner,
                                 .session_owner = {on_offer, on_answer, on_serve, on_detach, on_gone, st},
                                 .trial_owner = {find_for_trial, bind_for_trial, prove, trial_is_due, st},
                                 .session_options = options->session,
                                 .no_trial = options->unproven};
    stock_trial_init(&st->trial, loop, &st->trial_owner);
    struct session_shelf *shelves[] = {&st->bound, &st->ending, &st->gone};
    for (size_t i = 0; i < ARRAY_SIZE(shelves); i++)
        list_init(&shelves[i]->head);
    for (int id = 0; id < RUNTIMES; id++) {
        list_init(&st->spares[id].starting.head);
        list_init(&st->spares[id].ready.head);
        pool_policy_init(&st->spares[id].policy, &options->policy, loop_now(loop));
    }
    map_init(&st->by_request, 0, 0);
    map_init(&st->by_ref, 0, 0);
    struct tier_events events = {
        .on_ready = on_tier_ready,
        .on_spawned = on_tier_spawned,
        .on_ended = on_tier_ended,
        .on_stored = on_tier_stored,
        .on_down = on_tier_down,
        .on_lost = on_tier_lost,
        .context = st,
    };
    enum status status = st->tier->start(loop, options->tier_options, &events, &st->tier_self, err);
    if (status != STATUS_OK)
        fini_maps(st);
    return status;
}

static void destroy_all(struct session_shelf *shelf)
{
    struct session *session;
    while ((session = first_session(shelf)))
        session_destroy(session);
}

/* ORDER: the tier is stopped first: from then on nothing is told of sessions that are being destroyed. */
void session_stock_close(struct session_stock *st)
{
    stock_trial_stop(&st->trial);
    st->tier->stop(st->tier_self);
    for (int id = 0; id < RUNTIMES; id++) {
        destroy_all(&st->spares[id].starting);
        destroy_all(&st->spares[id].ready);
    }
    struct session_shelf *shelves[] = {&st->bound, &st->ending, &st->gone};
    for (size_t i = 0; i < ARRAY_SIZE(shelves); i++)
        destroy_all(shelves[i]);
    fini_maps(st);
}
