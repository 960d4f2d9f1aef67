/* SPDX-License-Identifier: MIT */
/* engine_check.c — engine_check: what must hold in memory between two inputs (performance.md section 3).
 * Walks everything, so it is for tests and for a debug switch, not for every request. */
#include "core/task/engine.h"
#include "core/task/engine_state.h"
#include "core/task/instance.h"
#include "core/task/receipt.h"
#include "core/task/work_class.h"

/* Calls done by the walk; compared with the engine's own counters. */
struct tally {
    size_t works[WORK_KIND_COUNT][WORK_STATE_COUNT];
    size_t terminals;
    size_t idle_history_size;
    size_t large_payload_size;
    size_t tokens;
};

static void check_work(const struct engine *engine, const struct work *work, struct tally *tally)
{
    if (work->state != WORK_IDLE)
        tally->works[work->class->kind][work->state]++;
    tally->tokens += work->token_set;
    if (work->token_set)
        ASSERT(map_get(&engine->tokens, bytes_of(work->token, TOKEN_SIZE)) == work);
    ASSERT((work->state == WORK_QUEUED) == (work->queue != NULL));
    ASSERT((work->state == WORK_OUT) == (work->stream != NULL));
    ASSERT(work->state != WORK_OUT || work->token_set);
    ASSERT(work->state != WORK_DELAYED || !work->token_set);
    bool waits = work->state == WORK_GRACE || work->state == WORK_DELAYED;
    ASSERT(!waits || work->alarm.node.position != 0);
}

/* Events in order, the counter of controls right, nothing of another instance (invariants 6, 10). */
static void check_inbox(const struct instance *instance)
{
    size_t controls = 0;
    uint64_t order = 0;
    bool first = true;
    list_each (it, &instance->inbox) {
        const struct inbox_event *event = CONTAINER_OF(it, struct inbox_event, link);
        ASSERT(event->instance == instance);
        ASSERT(first || event->order > order);
        order = event->order;
        first = false;
        controls += event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED ||
                    event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED;
        if (event->kind == PB_HISTORY_EVENT_EXECUTION_STARTED)
            ASSERT(instance->row.history_count == 0);
    }
    ASSERT(controls == instance->inbox_controls);
    list_each (it, &instance->later) {
        const struct inbox_event *event = CONTAINER_OF(it, struct inbox_event, link);
        ASSERT(event->instance == instance && event->alarm.node.position != 0);
    }
}

/* Exactly one ExecutionStarted, second; at most one ExecutionCompleted, last; no time goes backwards
 * (invariants 1, 2 and spec 3.4). */
static void check_history(const struct engine *engine, const struct instance *instance)
{
    struct arena scratch;
    arena_init(&scratch, SIZE_MAX / 2);
    struct bytes rest = buf_peek(&instance->history);
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
    ASSERT(rest.size == 0 && count == instance->row.history_count);
    ASSERT(started == (count > 0));
    ASSERT(count == 0 || completed == instance_status_terminal(instance->row.status));
    arena_fini(&scratch);
}

static void check_borrowed(struct bytes bytes, const struct owned_bytes *owned)
{
    ASSERT(bytes.data == owned->data && bytes.size == owned->size);
}

/* What the row and the payloads point to is what the instance owns, and nothing is owned that they do not show. */
static void check_owned(const struct instance *instance)
{
    const struct instance_row *row = &instance->row;
    check_borrowed(row->execution_id, &instance->owned.execution_id);
    check_borrowed(row->name, &instance->owned.name);
    check_borrowed(row->version.value, &instance->owned.version);
    check_borrowed(row->parent_id.value, &instance->owned.parent_id);
    check_borrowed(row->tags, &instance->owned.tags);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        check_borrowed(instance->payloads[kind].value, &instance->owned.payloads[kind]);
}

static void check_instance(const struct engine *engine, const struct instance *instance, struct tally *tally)
{
    check_owned(instance);
    check_work(engine, &instance->turn.work, tally);
    list_each (it, &instance->activities) {
        const struct activity *activity = CONTAINER_OF(it, struct activity, link);
        ASSERT(activity->instance == instance && (activity->detached || instance_live(instance)));
        check_work(engine, &activity->work, tally);
    }
    check_inbox(instance);
    ASSERT(instance->terminal_counted == (instance->known && instance_status_terminal(instance->row.status)));
    tally->terminals += instance->terminal_counted;
    if (!list_empty(&instance->history_link))
        tally->idle_history_size += instance->history.size;
    tally->large_payload_size += instance->payload_size;
    if (!list_empty(&instance->payload_link)) {
        size_t size = 0;
        for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
            if (instance_payload_may_leave(engine, instance, (enum payload_kind)kind))
                size += instance->payloads[kind].value.size;
        ASSERT(size == instance->payload_size);
    }
    if (!instance->known) {
        ASSERT(!instance_exists(instance));
        return;
    }
    ASSERT((instance->row.completed_ns != 0) == instance_status_terminal(instance->row.status));
    if (!instance_live(instance)) { /* invariant 12: nothing is left behind */
        ASSERT(list_empty(&instance->inbox) && list_empty(&instance->later) &&
               list_empty(&instance->turn.taken));
        ASSERT(instance->turn.work.state == WORK_IDLE && list_empty(&instance->children) &&
               !instance->parent);
        ASSERT(list_empty(&instance->entity_locks) && list_empty(&instance->entity_requests) &&
               list_empty(&instance->entity_calls));
    }
    if (!instance_exists(instance))
        return;
    ASSERT(map_get(&engine->keys, bytes_of(&instance->row.key, sizeof instance->row.key)) == instance);
    ASSERT(instance->row.key < engine->key_next);
    if (instance->history_resident)
        check_history(engine, instance);
}

struct walk {
    const struct engine *engine;
    struct tally *tally;
};

static void check_entity_work(const struct work *work, void *context)
{
    const struct walk *walk = context;
    check_work(walk->engine, work, walk->tally);
}

/* Counters are counted anew from the lists that they stand for: a counter that is off by one shows nowhere else,
 * until a limit is never reached. */
void engine_check(const struct engine *engine)
{
    struct tally tally = {.terminals = 0};
    const struct instance *instance;
    for (size_t at = 0; (instance = (const struct instance *)map_next(&engine->instances, &at));)
        check_instance(engine, instance, &tally);
    entity_check_all(engine, check_entity_work, &(struct walk){engine, &tally});
    receipt_check(engine);
    ASSERT(memcmp(tally.works, engine->work_counts, sizeof tally.works) == 0);
    ASSERT(tally.terminals == engine->terminal_count);
    ASSERT(tally.idle_history_size == engine->idle_history_size);
    ASSERT(tally.large_payload_size == engine->large_payload_size);
    ASSERT(tally.tokens == engine->tokens.count);
    const struct stream *stream;
    for (size_t at = 0; (stream = (const struct stream *)map_next(&engine->streams, &at));) {
        uint32_t out[WORK_KIND_COUNT] = {0};
        list_each (it, &stream->works)
            out[CONTAINER_OF(it, struct work, link)->class->kind]++;
        for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
            ASSERT(out[kind] == stream->kinds[kind].out && out[kind] <= stream->kinds[kind].limit);
    }
    uint64_t last = engine->committed;
    list_each (it, &engine->gates) {
        const struct gate *gate = CONTAINER_OF(it, struct gate, link);
        ASSERT(gate->sequence > last && gate->sequence <= engine->open_sequence);
        last = gate->sequence;
    }
}
