/* SPDX-License-Identifier: MIT */
/* engine_check.c — engine_check: what must hold in memory between two inputs (performance.md section 3).
 * Walks everything, so it is for tests and for a debug switch, not for every request. */
#include "core/task/engine_state.h"
#include "core/task/instance.h"

/* Calls done by the walk; compared with the engine's own counters. */
struct tally {
    size_t works[WORK_KIND_COUNT][WORK_STATE_COUNT];
    size_t terminals;
    size_t idle_history_size;
    size_t large_payload_size;
    size_t tokens;
};

static void check_work(const struct engine *e, const struct work *w, struct tally *t)
{
    if (w->state != WORK_IDLE)
        t->works[w->kind][w->state]++;
    t->tokens += w->token_set;
    if (w->token_set)
        ASSERT(map_get(&e->tokens, bytes_of(w->token, TOKEN_SIZE)) == w);
    ASSERT((w->state == WORK_QUEUED) == (w->queue != NULL));
    ASSERT((w->state == WORK_OUT) == (w->stream != NULL));
    ASSERT(w->state != WORK_OUT || w->token_set);
    ASSERT(w->state != WORK_DELAYED || !w->token_set);
    bool waits = w->state == WORK_GRACE || w->state == WORK_DELAYED;
    ASSERT(!waits || w->alarm.node.position != 0);
}

/* Events in order, the counter of controls right, nothing of another instance (invariants 6, 10). */
static void check_inbox(const struct instance *i)
{
    size_t controls = 0;
    uint64_t order = 0;
    bool first = true;
    list_each (it, &i->inbox) {
        const struct inbox_event *event = CONTAINER_OF(it, struct inbox_event, link);
        ASSERT(event->instance == i);
        ASSERT(first || event->order > order);
        order = event->order;
        first = false;
        controls += event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED ||
                    event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED;
        if (event->kind == PB_HISTORY_EVENT_EXECUTION_STARTED)
            ASSERT(i->row.history_count == 0);
    }
    ASSERT(controls == i->inbox_controls);
    list_each (it, &i->later) {
        const struct inbox_event *event = CONTAINER_OF(it, struct inbox_event, link);
        ASSERT(event->instance == i && event->alarm.node.position != 0);
    }
}

/* Exactly one ExecutionStarted, second; at most one ExecutionCompleted, last; no time goes backwards
 * (invariants 1, 2 and spec 3.4). */
static void check_history(const struct engine *e, const struct instance *i)
{
    struct arena scratch;
    arena_init(&scratch, SIZE_MAX / 2);
    struct bytes rest = buf_peek(&i->history);
    struct bytes bytes;
    int64_t count = 0;
    int64_t last_ns = 0;
    int64_t started = 0;
    bool completed = false;
    while (event_next(&rest, &bytes)) {
        struct pb_history_event event;
        ASSERT(pb_history_event_decode(&scratch, bytes, &event) == STATUS_OK);
        ASSERT(!completed);
        ASSERT(event.timestamp.present && pb_time_to_ns(event.timestamp) >= last_ns);
        last_ns = pb_time_to_ns(event.timestamp);
        started += event.event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED;
        completed = event.event_type_case == PB_HISTORY_EVENT_EXECUTION_COMPLETED;
        ASSERT(count != 1 || event.event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED);
        count++;
    }
    (void)e;
    ASSERT(rest.size == 0 && count == i->row.history_count);
    ASSERT(started == (count > 0));
    ASSERT(count == 0 || completed == instance_status_terminal(i->row.status));
    arena_fini(&scratch);
}

static void check_instance(const struct engine *e, const struct instance *i, struct tally *t)
{
    check_work(e, &i->turn.work, t);
    list_each (it, &i->activities) {
        const struct activity *a = CONTAINER_OF(it, struct activity, link);
        ASSERT(a->instance == i && (a->detached || instance_live(i)));
        check_work(e, &a->work, t);
    }
    check_inbox(i);
    ASSERT(i->terminal_counted == (i->known && instance_status_terminal(i->row.status)));
    t->terminals += i->terminal_counted;
    if (!list_empty(&i->history_link))
        t->idle_history_size += i->history.size;
    t->large_payload_size += i->payload_size;
    if (!list_empty(&i->payload_link)) {
        size_t size = 0;
        for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
            if (instance_payload_may_leave(e, i, (enum payload_kind)kind))
                size += i->payloads[kind].value.size;
        ASSERT(size == i->payload_size);
    }
    if (!i->known) {
        ASSERT(!instance_exists(i));
        return;
    }
    ASSERT((i->row.completed_ns != 0) == instance_status_terminal(i->row.status));
    if (!instance_live(i)) { /* invariant 12: nothing is left behind */
        ASSERT(list_empty(&i->inbox) && list_empty(&i->later) && list_empty(&i->turn.taken));
        ASSERT(i->turn.work.state == WORK_IDLE && list_empty(&i->children) && !i->parent);
    }
    if (!instance_exists(i))
        return;
    ASSERT(map_get(&e->keys, bytes_of(&i->row.key, sizeof i->row.key)) == i);
    ASSERT(i->row.key < e->key_next);
    if (i->history_resident)
        check_history(e, i);
}

void engine_check(const struct engine *e)
{
    struct tally t = {.terminals = 0};
    const struct instance *i;
    for (size_t at = 0; (i = (const struct instance *)map_next(&e->instances, &at));)
        check_instance(e, i, &t);
    ASSERT(memcmp(t.works, e->work_counts, sizeof t.works) == 0);
    ASSERT(t.terminals == e->terminal_count);
    ASSERT(t.idle_history_size == e->idle_history_size);
    ASSERT(t.large_payload_size == e->large_payload_size);
    ASSERT(t.tokens == e->tokens.count);
    const struct stream *s;
    for (size_t at = 0; (s = (const struct stream *)map_next(&e->streams, &at));) {
        uint32_t out[WORK_KIND_COUNT] = {0};
        list_each (it, &s->works)
            out[CONTAINER_OF(it, struct work, link)->kind]++;
        for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
            ASSERT(out[kind] == s->kinds[kind].out && out[kind] <= s->kinds[kind].limit);
    }
    uint64_t last = e->committed;
    list_each (it, &e->gates) {
        const struct gate *g = CONTAINER_OF(it, struct gate, link);
        ASSERT(g->sequence > last && g->sequence <= e->open_sequence);
        last = g->sequence;
    }
}
