/* SPDX-License-Identifier: MIT */
/* work.c — the table of allowed moves, the one writer of the state, then one function an event.
 * INVARIANT: a work is on the list and has the alarm of its state; work_move takes it off both before it enters another. */
#include "core/task/work.h"

#include "base/log.h"
#include "core/task/queue.h"
#include "core/task/stall.h"
#include "core/task/tally.h"

#define TO(state) (1u << WORK_##state)

static const struct {
    const char *name;
    unsigned moves;
    enum tally_place place;
} table[WORK_STATE_COUNT] = {
    [WORK_IDLE] = {"idle", TO(QUEUED), TALLY_NOWHERE},
    [WORK_QUEUED] = {"queued", TO(OUT) | TO(LOADING) | TO(DELAYED) | TO(IDLE), TALLY_IN_LINE},
    [WORK_LOADING] = {"loading", TO(QUEUED) | TO(DELAYED) | TO(IDLE), TALLY_IN_LINE},
    [WORK_OUT] = {"out", TO(QUEUED) | TO(GRACE) | TO(DELAYED) | TO(IDLE), TALLY_SENT},
    [WORK_GRACE] = {"grace", TO(QUEUED) | TO(DELAYED) | TO(IDLE), TALLY_AWAITED},
    [WORK_DELAYED] = {"delayed", TO(QUEUED) | TO(IDLE), TALLY_RESTING},
};

bool work_move_allowed(enum work_state from, enum work_state to)
{
    return table[from].moves >> to & 1u;
}

void work_init(struct work *work, const struct work_class *class)
{
    *work = (struct work){.class = class};
    list_init(&work->link);
}

static void forget_misfit(struct work *work)
{
    work->misfit = false;
    list_remove(&work->link);
    work_owner(work).hub->misfit_count--;
}

/* Leaves what the old state means: its list, its alarm. Enters nothing. */
static void work_move(struct engine *engine, struct work *work, enum work_state to)
{
    ASSERT(work_move_allowed(work->state, to));
    const struct work_owner owner = work_owner(work);
    log_debug("core/work", "move hub=\"%.*s\" instance=\"%.*s\" kind=%s from=%s to=%s deliveries=%u",
              BYTES_FMT(owner.hub->name), BYTES_FMT(owner.id), work->class->name, table[work->state].name,
              table[to].name, work->deliveries);
    if (tally_work_moved(&owner.hub->tally.work[work->class->kind], work->class->name,
                         table[work->state].place, table[to].place))
        work->queued_ns = engine->now_ns;
    alarm_clear(&work->alarm);
    if (work->misfit)
        forget_misfit(work);
    if (work->state == WORK_QUEUED)
        queue_remove(work);
    /* The stream has room again: whoever waits in the hub may have it. */
    if (work->state == WORK_OUT) {
        list_remove(&work->link);
        work->stream->kinds[work->class->kind].out--;
        queue_stir(engine, work->stream->hub);
        work->stream = NULL;
    }
    engine->work_counts[work->class->kind][work->state] -= work->state != WORK_IDLE;
    work->state = to;
    engine->work_counts[work->class->kind][to] += to != WORK_IDLE;
}

static void drop_token(struct engine *engine, struct work *work)
{
    if (work->token_set)
        map_take(&engine->tokens, bytes_of(work->token, TOKEN_SIZE));
    work->token_set = false;
}

void work_enqueue(struct engine *engine, struct work *work, bool first)
{
    work_move(engine, work, WORK_QUEUED);
    queue_push(engine, work, first);
}

void work_load(struct engine *engine, struct work *work)
{
    work_move(engine, work, WORK_LOADING);
}

void work_new_token(struct engine *engine, struct work *work)
{
    static const char digits[] = "0123456789abcdef";
    drop_token(engine, work);
    for (size_t at = 0; at < TOKEN_SIZE;) {
        uint64_t random = prng_next(&engine->prng);
        for (int n = 0; n < 16; n++, random >>= 4)
            work->token[at++] = digits[random & 15];
    }
    memory_must_ok(map_put(&engine->tokens, bytes_of(work->token, TOKEN_SIZE), work));
    work->token_set = true;
}

/* Not held against the work: its worker may be busy rather than broken. The Java SDK runs activities, hours
 * of them, on the thread that reads the stream, and the turns behind them are as good as any. */
static void on_lease_over(struct engine *engine, struct alarm *alarm)
{
    struct work *work = CONTAINER_OF(alarm, struct work, alarm);
    /* ORDER: work_lose takes it off the stream. */
    stall_begin(engine, work->stream, work->token);
    work->deliveries--;
    work_lose(engine, work);
    work->losses--;
}

static void on_wait_over(struct engine *engine, struct alarm *alarm)
{
    work_enqueue(engine, CONTAINER_OF(alarm, struct work, alarm), false);
}

void work_send(struct engine *engine, struct work *work, struct stream *stream)
{
    /* Counted when it is sent, not when it is lost: a worker that dies of it says nothing. */
    work_move(engine, work, WORK_OUT);
    work->deliveries++;
    work->stream = stream;
    stream->kinds[work->class->kind].out++;
    list_push_back(&stream->works, &work->link);
    alarm_set(engine, &work->alarm, engine->now_ns + work->class->lease_ns(&engine->options), on_lease_over);
}

/* The n-th wait, from 0. */
static int64_t back_off_ns(const struct engine *engine, uint32_t count)
{
    int64_t delay_ns = engine->options.abandon_delay_min_ns;
    for (; count > 0 && delay_ns < engine->options.abandon_delay_max_ns; count--)
        delay_ns *= 2;
    return MIN(delay_ns, engine->options.abandon_delay_max_ns);
}

/* Where nobody can still be at it, what is lost for the first time is queued at once, behind the others. What is lost
 * again may be what breaks its workers, so it waits, lest it starves everybody else. */
void work_lose(struct engine *engine, struct work *work)
{
    int64_t wait_ns = work->class->may_run_on ? engine->options.activity_grace_ns : 0;
    if (work->losses > 0)
        wait_ns = MAX(wait_ns, back_off_ns(engine, work->losses - 1));
    work->losses++;
    if (wait_ns == 0) {
        work_enqueue(engine, work, false);
        return;
    }
    work_move(engine, work, WORK_GRACE);
    alarm_set(engine, &work->alarm, engine->now_ns + wait_ns, on_wait_over);
}

void work_abandon(struct engine *engine, struct work *work)
{
    /* Given back by its worker: no answer of that delivery is to come, and one that came would be a mistake. What is lost
     * keeps its token, since its worker may still be at it. */
    work_move(engine, work, WORK_DELAYED);
    drop_token(engine, work);
    alarm_set(engine, &work->alarm, engine->now_ns + back_off_ns(engine, work->abandons), on_wait_over);
    work->abandons++;
}

void work_shelve(struct engine *engine, struct work *work)
{
    struct hub *hub = work_owner(work).hub;
    work_abandon(engine, work);
    work->misfit = true;
    hub->misfit_count++;
    list_push_back(&hub->misfits, &work->link);
}

void work_finish(struct engine *engine, struct work *work)
{
    if (work->state != WORK_IDLE)
        work_move(engine, work, WORK_IDLE);
    drop_token(engine, work);
    work->deliveries = 0;
    work->losses = 0;
    work->abandons = 0;
}

struct work *work_by_token(const struct engine *engine, struct bytes token)
{
    return (struct work *)map_get(&engine->tokens, token);
}

struct work *work_find(const struct engine *engine, const struct work_class *class, uint32_t hub,
                       struct bytes token)
{
    struct work *work = work_by_token(engine, token);
    return work && work->class == class && work_owner(work).hub->number == hub ? work : NULL;
}

bool work_answerable(const struct work *work)
{
    return work->token_set;
}
