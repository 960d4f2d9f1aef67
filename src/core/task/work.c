/* SPDX-License-Identifier: MIT */
/* work.c — see work.h. */
#include "core/task/work.h"

#include "base/log.h"
#include "core/task/queue.h"

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

bool work_move_allowed(enum work_state from, enum work_state to)
{
    return table[from].moves >> to & 1u;
}

void work_init(struct work *w, enum work_kind kind)
{
    *w = (struct work){.kind = kind};
    list_init(&w->link);
}

/* Leaves what the old state means: its list, its alarm. Enters nothing. */
static void work_move(struct engine *e, struct work *w, enum work_state to)
{
    ASSERT(work_move_allowed(w->state, to));
    log_debug("core/work", "move kind=%d from=%s to=%s deliveries=%u", w->kind, table[w->state].name,
              table[to].name, w->deliveries);
    alarm_clear(&w->alarm);
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
    w->deliveries--;
    work_lose(e, w);
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
    if (w->kind == WORK_TURN)
        alarm_set(e, &w->alarm, e->now_ns + e->options.orchestrator_lease_ns, on_lease_over);
}

void work_lose(struct engine *e, struct work *w)
{
    if (w->kind == WORK_TURN) {
        work_enqueue(e, w, false);
        return;
    }
    work_move(e, w, WORK_GRACE);
    alarm_set(e, &w->alarm, e->now_ns + e->options.activity_grace_ns, on_wait_over);
}

void work_abandon(struct engine *e, struct work *w)
{
    int64_t delay = e->options.abandon_delay_min_ns;
    for (uint32_t n = 0; n < w->abandons && delay < e->options.abandon_delay_max_ns; n++)
        delay *= 2;
    work_move(e, w, WORK_DELAYED);
    drop_token(e, w);
    w->abandons++;
    alarm_set(e, &w->alarm, e->now_ns + MIN(delay, e->options.abandon_delay_max_ns), on_wait_over);
}

void work_finish(struct engine *e, struct work *w)
{
    if (w->state != WORK_IDLE)
        work_move(e, w, WORK_IDLE);
    drop_token(e, w);
    w->deliveries = 0;
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
