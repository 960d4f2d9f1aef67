/* SPDX-License-Identifier: MIT */
/* work.c — see work.h. */
#include "core/task/work.h"

#include "base/log.h"
#include "core/task/instance.h"
#include "core/task/queue.h"
#include "core/task/stream.h"

#define TO(state) (1u << WORK_##state)

static const struct {
    const char *name;
    unsigned moves;
} table[WORK_STATE_COUNT] = {
    [WORK_IDLE] = {"idle", TO(QUEUED)},
    [WORK_QUEUED] = {"queued", TO(OUT) | TO(LOADING) | TO(DELAYED) | TO(IDLE)},
    [WORK_LOADING] = {"loading", TO(QUEUED) | TO(DELAYED) | TO(IDLE)},
    [WORK_OUT] = {"out", TO(QUEUED) | TO(GRACE) | TO(DELAYED) | TO(IDLE)},
    [WORK_GRACE] = {"grace", TO(QUEUED) | TO(DELAYED) | TO(IDLE)},
    [WORK_DELAYED] = {"delayed", TO(QUEUED) | TO(IDLE)},
};

static const char *const kind_names[WORK_KIND_COUNT] = {[WORK_TURN] = "turn", [WORK_ACTIVITY] = "activity"};

bool work_move_allowed(enum work_state from, enum work_state to)
{
    return table[from].moves >> to & 1u;
}

void work_init(struct work *w, enum work_kind kind)
{
    *w = (struct work){.kind = kind};
    list_init(&w->link);
}

static void forget_misfit(struct work *w)
{
    w->misfit = false;
    list_remove(&w->link);
    work_instance(w)->hub->misfit_count--;
}

/* Leaves what the old state means: its list, its alarm. Enters nothing. */
static void work_move(struct engine *e, struct work *w, enum work_state to)
{
    ASSERT(work_move_allowed(w->state, to));
    const struct instance *i = work_instance(w);
    log_debug("core/work", "move hub=\"%.*s\" instance=\"%.*s\" kind=%s from=%s to=%s deliveries=%u",
              BYTES_FMT(i->hub->name), BYTES_FMT(i->row.instance_id), kind_names[w->kind],
              table[w->state].name, table[to].name, w->deliveries);
    alarm_clear(&w->alarm);
    if (w->misfit)
        forget_misfit(w);
    if (w->state == WORK_QUEUED)
        queue_remove(w);
    if (w->state == WORK_OUT) {
        list_remove(&w->link);
        w->stream->kinds[w->kind].out--;
        queue_stir(e, w->stream->hub);
        w->stream = NULL;
    }
    e->work_counts[w->kind][w->state] -= w->state != WORK_IDLE;
    w->state = to;
    e->work_counts[w->kind][to] += to != WORK_IDLE;
}

static void drop_token(struct engine *e, struct work *w)
{
    if (w->token_set)
        map_take(&e->tokens, bytes_of(w->token, TOKEN_SIZE));
    w->token_set = false;
}

void work_enqueue(struct engine *e, struct work *w, bool first)
{
    work_move(e, w, WORK_QUEUED);
    queue_push(e, w, first);
}

void work_load(struct engine *e, struct work *w)
{
    work_move(e, w, WORK_LOADING);
}

void work_new_token(struct engine *e, struct work *w)
{
    static const char digits[] = "0123456789abcdef";
    drop_token(e, w);
    for (size_t at = 0; at < TOKEN_SIZE;) {
        uint64_t random = prng_next(&e->prng);
        for (int n = 0; n < 16; n++, random >>= 4)
            w->token[at++] = digits[random & 15];
    }
    memory_must_ok(map_put(&e->tokens, bytes_of(w->token, TOKEN_SIZE), w));
    w->token_set = true;
}

/* Not held against the work: its worker may be busy rather than broken. The Java SDK runs activities, hours
 * of them, on the thread that reads the stream, and the turns behind them are as good as any. */
static void on_lease_over(struct engine *e, struct alarm *a)
{
    struct work *w = CONTAINER_OF(a, struct work, alarm);
    stream_stall(e, w->stream, w->token);
    w->deliveries--;
    work_lose(e, w);
    w->losses--;
}

static void on_wait_over(struct engine *e, struct alarm *a)
{
    work_enqueue(e, CONTAINER_OF(a, struct work, alarm), false);
}

void work_send(struct engine *e, struct work *w, struct stream *s)
{
    work_move(e, w, WORK_OUT);
    w->deliveries++;
    w->stream = s;
    s->kinds[w->kind].out++;
    list_push_back(&s->works, &w->link);
    bool turn = w->kind == WORK_TURN;
    int64_t lease_ns = turn ? e->options.orchestrator_lease_ns : e->options.activity_lease_ns;
    alarm_set(e, &w->alarm, e->now_ns + lease_ns, on_lease_over);
}

/* The n-th wait, from 0. */
static int64_t back_off_ns(const struct engine *e, uint32_t n)
{
    int64_t delay_ns = e->options.abandon_delay_min_ns;
    for (; n > 0 && delay_ns < e->options.abandon_delay_max_ns; n--)
        delay_ns *= 2;
    return MIN(delay_ns, e->options.abandon_delay_max_ns);
}

/* A turn that is lost for the first time is queued at once, behind the others. One that is lost again may be
 * what breaks its workers, so it waits, lest it starves everybody else. */
void work_lose(struct engine *e, struct work *w)
{
    int64_t wait_ns = w->kind == WORK_ACTIVITY ? e->options.activity_grace_ns : 0;
    if (w->losses > 0)
        wait_ns = MAX(wait_ns, back_off_ns(e, w->losses - 1));
    w->losses++;
    if (wait_ns == 0) {
        work_enqueue(e, w, false);
        return;
    }
    work_move(e, w, WORK_GRACE);
    alarm_set(e, &w->alarm, e->now_ns + wait_ns, on_wait_over);
}

void work_abandon(struct engine *e, struct work *w)
{
    work_move(e, w, WORK_DELAYED);
    drop_token(e, w);
    alarm_set(e, &w->alarm, e->now_ns + back_off_ns(e, w->abandons), on_wait_over);
    w->abandons++;
}

void work_shelve(struct engine *e, struct work *w)
{
    struct hub *h = work_instance(w)->hub;
    work_abandon(e, w);
    w->misfit = true;
    h->misfit_count++;
    list_push_back(&h->misfits, &w->link);
}

void work_finish(struct engine *e, struct work *w)
{
    if (w->state != WORK_IDLE)
        work_move(e, w, WORK_IDLE);
    drop_token(e, w);
    w->deliveries = 0;
    w->losses = 0;
    w->abandons = 0;
}

struct work *work_by_token(const struct engine *e, struct bytes token)
{
    return (struct work *)map_get(&e->tokens, token);
}

bool work_answerable(const struct work *w)
{
    return w->token_set;
}
