/* SPDX-License-Identifier: MIT */
/* engine.c — the entry points of engine.h but for loading. Each input runs the same way: set the time, do it,
 * run the calls it made ready, hand out work, tidy up. */
#include "core/task/engine.h"

#include "base/duration.h"
#include "core/task/call.h"
#include "core/task/dispatch.h"
#include "core/task/gate.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/instance_past.h"
#include "core/task/limits.h"
#include "core/task/methods.h"
#include "core/task/queue.h"
#include "core/task/receipt.h"
#include "core/task/residence.h"
#include "core/task/stream.h"
#include "core/task/watch.h"

/* --- life --- */

struct engine_options engine_options_default(void)
{
    return (struct engine_options){
        .message_size_max = TASK_MESSAGE_SIZE_MAX,
        .terminal_resident_max = TASK_TERMINAL_RESIDENT_MAX,
        .entity_resident_max = ENTITY_RESIDENT_MAX,
        .entity_resident_size_max = ENTITY_RESIDENT_SIZE_MAX,
        .payload_small_size = TASK_PAYLOAD_SMALL_SIZE,
        .receipts_max = TASK_RECEIPTS_MAX,
        .receipt_keep_ns = TASK_RECEIPT_KEEP_NS,
        .stream_items_default = TASK_STREAM_ITEMS_DEFAULT,
        .poison_deliveries_max = TASK_POISON_DELIVERIES_MAX,
        .entity_failures_max = ENTITY_FAILURES_MAX,
        .ping_interval_ns = TASK_PING_INTERVAL_NS,
        .activity_grace_ns = TASK_ACTIVITY_GRACE_NS,
        .orchestrator_lease_ns = TASK_ORCHESTRATOR_LEASE_NS,
        .unserved_wait_ns = TASK_UNSERVED_WAIT_NS,
        .terminate_wait_ns = TASK_TERMINATE_WAIT_NS,
        .abandon_delay_min_ns = TASK_ABANDON_DELAY_MIN_NS,
        .abandon_delay_max_ns = TASK_ABANDON_DELAY_MAX_NS,
    };
}

/* Zero is no limit of anything here, but a field that nobody has set. */
static void check_options(const struct engine_options *options)
{
    ASSERT(options->message_size_max && options->payload_size_max && options->payload_small_size);
    ASSERT(options->terminal_resident_max && options->entity_resident_max);
    ASSERT(options->history_resident_size_max && options->payload_resident_size_max);
    ASSERT(options->entity_resident_size_max && options->stream_items_default);
    ASSERT(options->poison_deliveries_max && options->ping_interval_ns > 0);
    ASSERT(options->activity_grace_ns > 0 && options->activity_lease_ns > 0);
    ASSERT(options->orchestrator_lease_ns > 0 && options->unserved_wait_ns > 0);
    ASSERT(options->terminate_wait_ns > 0 && options->abandon_delay_min_ns > 0);
    ASSERT(options->abandon_delay_max_ns > 0 && options->entity_failures_max);
    ASSERT(options->receipts_max && options->receipt_keep_ns > 0);
}

enum status engine_create(const struct engine_options *options, struct engine **ret_engine)
{
    check_options(options);
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return STATUS_NO_MEMORY;
    engine->options = *options;
    prng_seed(&engine->prng, options->seed);
    arena_init(&engine->scratch, ARENA_NO_CAP);
    arena_init(&engine->inbound, ARENA_LIMIT_DEFAULT);
    struct map *maps[] = {&engine->instances, &engine->keys,   &engine->hubs, &engine->streams,
                          &engine->calls,     &engine->tokens, &engine->lost};
    for (size_t n = 0; n < ARRAY_SIZE(maps); n++) {
        uint64_t seed = prng_next(&engine->prng);
        map_init(maps[n], seed, prng_next(&engine->prng));
    }
    struct list *lists[] = {&engine->hubs_due,       &engine->runnable,  &engine->idle_histories,
                            &engine->large_payloads, &engine->terminals, &engine->strays,
                            &engine->orphans};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        list_init(lists[n]);
    gate_init(engine);
    entity_init(engine);
    receipt_init(engine);
    engine->loading = true;
    engine->key_next = 1;
    *ret_engine = engine;
    return STATUS_OK;
}

void engine_destroy(struct engine *engine)
{
    if (!engine)
        return;
    /* ORDER: calls before the instances on whose lists they are; streams after the work that they hold. */
    void *item;
    for (size_t at = 0; (item = map_drain(&engine->calls, &at));)
        call_cancel(engine, (struct call *)item);
    receipt_fini(engine);
    entity_fini(engine); /* before the instances, which hold some of them */
    for (size_t at = 0; (item = map_drain(&engine->instances, &at));)
        instance_destroy(engine, (struct instance *)item);
    for (size_t at = 0; (item = map_drain(&engine->streams, &at));)
        stream_destroy(engine, (struct stream *)item);
    for (size_t at = 0; (item = map_next(&engine->hubs, &at));) {
        struct hub *hub = (struct hub *)item;
        alarm_clear(&hub->unserved_alarm);
        queue_hub_fini(hub);
        owned_bytes_fini(&hub->name);
        free(hub);
    }
    gate_fini(engine);
    watch_fini(&engine->changes);
    watch_fini(&engine->entity_changes);
    heap_fini(&engine->alarms);
    heap_fini(&engine->unix_alarms);
    struct map *maps[] = {&engine->instances, &engine->keys,   &engine->hubs, &engine->streams,
                          &engine->calls,     &engine->tokens, &engine->lost};
    for (size_t n = 0; n < ARRAY_SIZE(maps); n++)
        map_fini(maps[n]);
    arena_fini(&engine->scratch);
    arena_fini(&engine->inbound);
    free(engine);
}

/* --- inputs --- */

static const struct call_method methods[] = {
    [ENGINE_START_INSTANCE] = {"StartInstance", start_instance, false},
    [ENGINE_GET_INSTANCE] = {"GetInstance", read_instance, false},
    [ENGINE_WAIT_FOR_START] = {"WaitForInstanceStart", read_wait, true},
    [ENGINE_WAIT_FOR_COMPLETION] = {"WaitForInstanceCompletion", read_wait, false},
    [ENGINE_RAISE_EVENT] = {"RaiseEvent", control_raise, false},
    [ENGINE_TERMINATE] = {"TerminateInstance", control_terminate_call, false},
    [ENGINE_SUSPEND] = {"SuspendInstance", control_suspend, false},
    [ENGINE_RESUME] = {"ResumeInstance", control_resume, false},
    [ENGINE_REWIND] = {"RewindInstance", rewind_instance, false},
    [ENGINE_RESTART] = {"RestartInstance", start_again, false},
    [ENGINE_PURGE] = {"PurgeInstances", purge_instances, false},
    [ENGINE_ERASE] = {"EraseInstances", purge_erase, false},
    [ENGINE_CLEAR_HUB] = {"CreateTaskHub", purge_hub_entities, false},
    [ENGINE_RETAIN_HUB] = {"RetainHub", purge_hub_rules, false},
    [ENGINE_DELETE_HUB] = {"DeleteTaskHub", purge_hub, false},
    [ENGINE_COMPLETE_ORCHESTRATOR] = {"CompleteOrchestratorTask", turn_complete, false},
    [ENGINE_COMPLETE_ACTIVITY] = {"CompleteActivityTask", activity_complete, false},
    [ENGINE_ABANDON_ORCHESTRATOR] = {"AbandonTaskOrchestratorWorkItem", turn_abandon, false},
    [ENGINE_ABANDON_ACTIVITY] = {"AbandonTaskActivityWorkItem", activity_abandon, false},
    [ENGINE_SKIP_GRACEFUL_TERMINATIONS] = {"SkipGracefulOrchestrationTerminations", control_skip_graceful,
                                           false},
    [ENGINE_SIGNAL_ENTITY] = {"SignalEntity", entity_signal, false},
    [ENGINE_GET_ENTITY] = {"GetEntity", entity_get, false},
    [ENGINE_COMPLETE_ENTITY] = {"CompleteEntityTask", entity_complete, false},
    [ENGINE_COMPLETE_ENTITY_HOST] = {"CompleteEntityWorkItem", entity_complete_host, false},
    [ENGINE_ABANDON_ENTITY] = {"AbandonTaskEntityWorkItem", entity_abandon, false},
    [ENGINE_STREAM_HISTORY] = {"StreamInstanceHistory", read_history, false},
};

static void begin(struct engine *engine, struct engine_time now, struct engine_actions *actions)
{
    ASSERT(!engine->loading && !engine->actions);

    /* The steady clock never goes back for the engine. The other one may: people set it. */
    engine->now_ns = MAX(engine->now_ns, now.steady_ns);
    engine->unix_ns = now.unix_ns;
    engine->inputs++;
    engine->actions = actions;
}

static void finish(struct engine *engine)
{
    /* ORDER: calls first, since what they change may be work; then entities, which may begin a batch; then what there is to
     * do goes out. Freeing comes last: until here every pointer of this input is good. */
    call_run_ready(engine);
    entity_run(engine);
    do
        dispatch_run(engine);
    while (entity_run(engine)); /* what became of a batch may let another begin */
    residence_trim(engine, instance_destroy);
    arena_reset(&engine->scratch);
    arena_reset(&engine->inbound);
    engine->actions = NULL;
}

void engine_call(struct engine *engine, enum engine_method method, uint32_t hub, uint64_t call,
                 struct bytes message, struct engine_time now, struct engine_actions *actions)
{
    begin(engine, now, actions);
    ASSERT(engine_hub(engine, hub));
    ASSERT((size_t)method < ARRAY_SIZE(methods));
    call_start(engine, &methods[method], hub, call, message);
    finish(engine);
}

void engine_call_cancelled(struct engine *engine, uint64_t call)
{
    struct call *c = (struct call *)map_get(&engine->calls, map_u64_key(&call));
    if (!c)
        return;
    /* No actions are given: nothing is asked of the store, and nobody is told. */
    call_cancel(engine, c);
    entity_run(engine);
    residence_trim(engine, instance_destroy);
}

void engine_stream_open(struct engine *engine, uint32_t hub, uint64_t stream, struct bytes message,
                        const struct engine_worker *worker, struct engine_time now,
                        struct engine_actions *actions)
{
    begin(engine, now, actions);
    struct hub *h = engine_hub(engine, hub);
    ASSERT(h);
    stream_open(engine, h, stream, message, worker);
    finish(engine);
}

/* Of a stream that is unknown by now nothing is left to close: the engine may have ended it itself. */
void engine_stream_closed(struct engine *engine, uint64_t stream, struct engine_time now,
                          struct engine_actions *actions)
{
    begin(engine, now, actions);
    struct stream *s = (struct stream *)map_get(&engine->streams, map_u64_key(&stream));
    if (s)
        stream_closed(engine, s);
    finish(engine);
}

void engine_stream_pause(struct engine *engine, uint64_t stream, bool paused, struct engine_time now,
                         struct engine_actions *actions)
{
    begin(engine, now, actions);
    struct stream *s = (struct stream *)map_get(&engine->streams, map_u64_key(&stream));
    if (s)
        stream_pause(engine, s, paused);
    finish(engine);
}

void engine_fetched(struct engine *engine, uint32_t hub, struct bytes instance_id,
                    const struct instance_row *row, const struct payload *payloads, struct engine_time now,
                    struct engine_actions *actions)
{
    begin(engine, now, actions);
    struct instance *instance = instance_find(engine, hub, instance_id);

    /* The first answer fills the object, whoever asked for it; a later one can only be for payloads that had left
     * memory. An object that went meanwhile had nobody who waited. */
    if (instance && !instance->known) {
        instance_fill(engine, instance, row, payloads);
        call_fetched(engine, instance);
        residence_place(engine, instance);
    } else if (instance) {
        instance_payloads_fetched(engine, instance, row ? payloads : NULL);
    }
    finish(engine);
}

void engine_history_fetched(struct engine *engine, int64_t key, struct bytes events, struct engine_time now,
                            struct engine_actions *actions)
{
    begin(engine, now, actions);
    struct instance *instance = instance_find_by_key(engine, key);
    if (instance)
        instance_history_fetched(engine, instance, events);
    finish(engine);
}

void engine_entity_fetched(struct engine *engine, uint32_t hub, struct bytes entity_id,
                           const struct entity_row *row, struct engine_time now,
                           struct engine_actions *actions)
{
    begin(engine, now, actions);
    entity_fetched(engine, hub, entity_id, row);
    finish(engine);
}

void engine_tick(struct engine *engine, struct engine_time now, struct engine_actions *actions)
{
    begin(engine, now, actions);
    alarms_fire(engine, &engine->alarms, engine->now_ns);
    alarms_fire(engine, &engine->unix_alarms, engine->unix_ns);
    finish(engine);
}

/* INVARIANT: all that happens by time alone is an alarm in one of two heaps, so the nearest of them is how long
 * the loop may sleep. */
static int64_t wait_of(const struct heap *alarms, int64_t now_ns)
{
    const struct heap_node *node = heap_peek(alarms);
    if (!node)
        return INT64_MAX;
    return node->key > now_ns ? node->key - now_ns : 0;
}

int64_t engine_wait(const struct engine *engine, struct engine_time now, bool *ret_steppable)
{
    *ret_steppable = heap_peek(&engine->unix_alarms) != NULL;
    return MIN(wait_of(&engine->alarms, now.steady_ns), wait_of(&engine->unix_alarms, now.unix_ns));
}

void engine_watch(struct engine *engine, uint32_t hub, bool on)
{
    struct hub *h = engine_hub(engine, hub);
    if (h) /* it may have been deleted */
        h->watched = on;
}

void engine_flush(struct engine *engine, struct engine_actions *actions)
{
    /* No begin and no finish: closing a set is not an input, no time passes and no work goes out. */
    engine->actions = actions;
    gate_flush(engine);
    engine->actions = NULL;
}

void engine_committed(struct engine *engine, uint64_t sequence, struct engine_time now,
                      struct engine_actions *actions)
{
    begin(engine, now, actions);
    gate_commit(engine, sequence);
    finish(engine);
}

_Static_assert(WORK_KIND_COUNT <= TALLY_KINDS_MAX, "each kind of work is counted");

/* Items of a queue that are looked at for the oldest: the line is in order of arrival but for the few in front that
 * were put back there. */
#define FRONT_SIZE 8

static int64_t oldest_wait_ns(const struct hub *hub, int kind, int64_t now_ns)
{
    int64_t since_ns = now_ns;
    list_each (it, &hub->busy[kind]) {
        const struct queue *queue = CONTAINER_OF(it, struct queue, link);
        int looked_at = 0;
        list_each (item, &queue->items) {
            since_ns = MIN(since_ns, CONTAINER_OF(item, struct work, link)->queued_ns);
            if (++looked_at == FRONT_SIZE)
                break;
        }
    }
    return now_ns - since_ns;
}

void engine_tallies(const struct engine *engine, int64_t now_ns,
                    void (*on_hub)(void *context, struct bytes name, const struct tally_hub *tally),
                    void *context)
{
    const struct hub *hub;
    for (size_t at = 0; (hub = (const struct hub *)map_next(&engine->hubs, &at));) {
        if (hub->deleted)
            continue;
        struct tally_hub tally = hub->tally;
        for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
            tally.work[kind].oldest_wait_ns = oldest_wait_ns(hub, kind, now_ns);
        on_hub(context, owned_bytes_peek(&hub->name), &tally);
    }
}

void engine_workers(const struct engine *engine, uint32_t hub,
                    void (*on_worker)(void *context, const struct engine_worker_load *worker), void *context)
{
    _Static_assert(WORK_KIND_COUNT <= ENGINE_WORK_KINDS, "a kind of work that nobody is told of");
    const struct hub *h = engine_hub(engine, hub);
    if (!h)
        return;
    list_each (it, &h->streams) {
        const struct stream *stream = CONTAINER_OF(it, struct stream, link);
        struct engine_worker_load load = {.id = stream->worker_id, .filtered = stream->filtered};
        for (size_t kind = 0; kind < WORK_KIND_COUNT; kind++) {
            load.active[kind] = stream->kinds[kind].out;
            load.most[kind] = stream->kinds[kind].limit;
            load.filters[kind] = stream->kinds[kind].filters;
            load.filter_counts[kind] = stream->kinds[kind].filter_count;
        }
        if (!stream->retired)
            on_worker(context, &load);
    }
}

void engine_stats(const struct engine *engine, struct engine_stats *ret_stats)
{
    size_t misfits = 0;
    const struct hub *hub;
    for (size_t at = 0; (hub = (const struct hub *)map_next(&engine->hubs, &at));)
        misfits += hub->misfit_count;
    *ret_stats = (struct engine_stats){
        .resident = engine->instances.count,
        .payloads_resident_size = engine->large_payload_size,
        .histories_resident_size = engine->idle_history_size,
        .streams = engine->streams.count,
        .calls_waiting = engine->calls.count,
        .orchestrators_ready =
            engine->work_counts[WORK_TURN][WORK_QUEUED] + engine->work_counts[WORK_TURN][WORK_LOADING],
        .orchestrators_leased = engine->work_counts[WORK_TURN][WORK_OUT],
        .activities_ready = engine->work_counts[WORK_ACTIVITY][WORK_QUEUED],
        .activities_leased =
            engine->work_counts[WORK_ACTIVITY][WORK_OUT] + engine->work_counts[WORK_ACTIVITY][WORK_GRACE],
        .orchestrators_too_large = misfits,
        .duplicates_dropped = engine->duplicates_dropped,
        .events_dropped = engine->events_dropped,
        .turns_committed = engine->turns_committed,
        .entities_resident = engine->entities.count,
        .entities_ready =
            engine->work_counts[WORK_ENTITY][WORK_QUEUED] + engine->work_counts[WORK_ENTITY][WORK_LOADING],
        .entities_leased = engine->work_counts[WORK_ENTITY][WORK_OUT],
        .entity_operations = engine->entity_operations,
    };
}
