/* SPDX-License-Identifier: MIT */
/* engine.c — the entry points of engine.h but for loading. Each input runs the same way: set the time, do it,
 * run the calls it made ready, hand out work, tidy up. */
#include "core/task/engine.h"

#include "base/duration.h"
#include "core/task/call.h"
#include "core/task/dispatch.h"
#include "core/task/gate.h"
#include "core/task/instance.h"
#include "core/task/methods.h"
#include "core/task/queue.h"
#include "core/task/residence.h"
#include "core/task/stream.h"

/* --- life --- */

#define DEFAULT(field, value) e->options.field = e->options.field ? e->options.field : (value)

static void set_options(struct engine *e, const struct engine_options *o)
{
    e->options = *o;
    DEFAULT(message_size_max, ((size_t)4 << 20) - ((size_t)64 << 10));
    DEFAULT(payload_size_max, (size_t)1 << 20);
    DEFAULT(terminal_resident_max, 1000);
    DEFAULT(history_resident_size_max, (size_t)64 << 20);
    DEFAULT(payload_resident_size_max, (size_t)64 << 20);
    DEFAULT(payload_small_size, 1024);
    DEFAULT(stream_items_default, 100);
    DEFAULT(poison_deliveries_max, 50);
    DEFAULT(ping_interval_ns, 30 * NS_PER_S);
    DEFAULT(activity_grace_ns, 5 * NS_PER_S);
    DEFAULT(orchestrator_lease_ns, 300 * NS_PER_S);
    DEFAULT(activity_lease_ns, 24 * 3600 * NS_PER_S);
    DEFAULT(unserved_wait_ns, 10 * NS_PER_S);
    DEFAULT(terminate_wait_ns, 5 * NS_PER_S);
    DEFAULT(abandon_delay_min_ns, NS_PER_S);
    DEFAULT(abandon_delay_max_ns, 60 * NS_PER_S);
}

enum status engine_create(const struct engine_options *o, struct engine **ret_engine)
{
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return STATUS_NO_MEMORY;
    set_options(e, o);
    prng_seed(&e->prng, o->seed);
    arena_init(&e->scratch, ARENA_NO_CAP);
    arena_init(&e->inbound, ARENA_LIMIT_DEFAULT);
    struct map *maps[] = {&e->instances, &e->keys, &e->hubs, &e->streams, &e->calls, &e->tokens, &e->lost};
    for (size_t n = 0; n < ARRAY_SIZE(maps); n++) {
        uint64_t seed = prng_next(&e->prng);
        map_init(maps[n], seed, prng_next(&e->prng));
    }
    struct list *lists[] = {&e->stirred,   &e->runnable, &e->idle_histories, &e->large_payloads,
                            &e->terminals, &e->strays,   &e->orphans};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        list_init(lists[n]);
    gate_init(e);
    e->loading = true;
    e->key_next = 1;
    *ret_engine = e;
    return STATUS_OK;
}

void engine_destroy(struct engine *e)
{
    if (!e)
        return;
    void *item;
    for (size_t at = 0; (item = map_drain(&e->calls, &at));)
        call_cancel(e, (struct call *)item);
    for (size_t at = 0; (item = map_drain(&e->instances, &at));)
        instance_destroy(e, (struct instance *)item);
    for (size_t at = 0; (item = map_drain(&e->streams, &at));)
        stream_destroy(e, (struct stream *)item);
    for (size_t at = 0; (item = map_next(&e->hubs, &at));) {
        struct hub *h = (struct hub *)item;
        alarm_clear(&h->unserved_alarm);
        queue_hub_fini(h);
        memory_free_bytes(&h->name);
        free(h);
    }
    gate_fini(e);
    heap_fini(&e->alarms);
    heap_fini(&e->unix_alarms);
    struct map *maps[] = {&e->instances, &e->keys, &e->hubs, &e->streams, &e->calls, &e->tokens, &e->lost};
    for (size_t n = 0; n < ARRAY_SIZE(maps); n++)
        map_fini(maps[n]);
    arena_fini(&e->scratch);
    arena_fini(&e->inbound);
    free(e);
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
    [ENGINE_RESTART] = {"RestartInstance", start_again, false},
    [ENGINE_PURGE] = {"PurgeInstances", purge_instances, false},
    [ENGINE_COMPLETE_ORCHESTRATOR] = {"CompleteOrchestratorTask", turn_complete, false},
    [ENGINE_COMPLETE_ACTIVITY] = {"CompleteActivityTask", activity_complete, false},
    [ENGINE_ABANDON_ORCHESTRATOR] = {"AbandonTaskOrchestratorWorkItem", turn_abandon, false},
    [ENGINE_ABANDON_ACTIVITY] = {"AbandonTaskActivityWorkItem", activity_abandon, false},
    [ENGINE_SKIP_GRACEFUL_TERMINATIONS] = {"SkipGracefulOrchestrationTerminations", control_skip_graceful,
                                           false},
    [ENGINE_STREAM_HISTORY] = {"StreamInstanceHistory", read_history, false},
};

static void begin(struct engine *e, struct engine_time now, struct engine_actions *actions)
{
    ASSERT(!e->loading && !e->actions);
    e->now_ns = MAX(e->now_ns, now.steady_ns);
    e->unix_ns = now.unix_ns;
    e->inputs++;
    e->actions = actions;
}

static void finish(struct engine *e)
{
    call_run_ready(e);
    dispatch_run(e);
    residence_trim(e);
    arena_reset(&e->scratch);
    arena_reset(&e->inbound);
    e->actions = NULL;
}

void engine_call(struct engine *e, enum engine_method method, uint32_t hub, uint64_t call,
                 struct bytes message, struct engine_time now, struct engine_actions *actions)
{
    begin(e, now, actions);
    ASSERT(engine_hub(e, hub));
    ASSERT((size_t)method < ARRAY_SIZE(methods));
    call_start(e, &methods[method], hub, call, message);
    finish(e);
}

void engine_call_cancelled(struct engine *e, uint64_t call)
{
    struct call *c = (struct call *)map_get(&e->calls, map_u64_key(&call));
    if (!c)
        return;
    call_cancel(e, c);
    residence_trim(e);
}

void engine_stream_open(struct engine *e, uint32_t hub, uint64_t stream, struct bytes message,
                        const struct engine_worker *worker, struct engine_time now,
                        struct engine_actions *actions)
{
    begin(e, now, actions);
    struct hub *h = engine_hub(e, hub);
    ASSERT(h);
    stream_open(e, h, stream, message, worker);
    finish(e);
}

void engine_stream_closed(struct engine *e, uint64_t stream, struct engine_time now,
                          struct engine_actions *actions)
{
    begin(e, now, actions);
    struct stream *s = (struct stream *)map_get(&e->streams, map_u64_key(&stream));
    if (s)
        stream_closed(e, s);
    finish(e);
}

void engine_stream_pause(struct engine *e, uint64_t stream, bool paused, struct engine_time now,
                         struct engine_actions *actions)
{
    begin(e, now, actions);
    struct stream *s = (struct stream *)map_get(&e->streams, map_u64_key(&stream));
    if (s)
        stream_pause(e, s, paused);
    finish(e);
}

void engine_fetched(struct engine *e, uint32_t hub, struct bytes instance_id, const struct instance_row *row,
                    const struct payload *payloads, struct engine_time now, struct engine_actions *actions)
{
    begin(e, now, actions);
    struct instance *i = instance_find(e, hub, instance_id);
    if (i && !i->known) {
        instance_fill(e, i, row, payloads);
        call_fetched(e, i);
        instance_settle(e, i);
    } else if (i && row) {
        instance_payloads_fetched(e, i, payloads);
    }
    finish(e);
}

void engine_history_fetched(struct engine *e, int64_t key, struct bytes events, struct engine_time now,
                            struct engine_actions *actions)
{
    begin(e, now, actions);
    struct instance *i = instance_find_by_key(e, key);
    if (i)
        instance_history_fetched(e, i, events);
    finish(e);
}

void engine_tick(struct engine *e, struct engine_time now, struct engine_actions *actions)
{
    begin(e, now, actions);
    alarms_fire(e, &e->alarms, e->now_ns);
    alarms_fire(e, &e->unix_alarms, e->unix_ns);
    finish(e);
}

static int64_t wait_of(const struct heap *alarms, int64_t now_ns)
{
    const struct heap_node *node = heap_peek(alarms);
    if (!node)
        return INT64_MAX;
    return node->key > now_ns ? node->key - now_ns : 0;
}

int64_t engine_wait(const struct engine *e, struct engine_time now, bool *ret_steppable)
{
    *ret_steppable = heap_peek(&e->unix_alarms) != NULL;
    return MIN(wait_of(&e->alarms, now.steady_ns), wait_of(&e->unix_alarms, now.unix_ns));
}

void engine_flush(struct engine *e, struct engine_actions *actions)
{
    e->actions = actions;
    gate_flush(e);
    e->actions = NULL;
}

void engine_committed(struct engine *e, uint64_t sequence, struct engine_time now,
                      struct engine_actions *actions)
{
    begin(e, now, actions);
    gate_commit(e, sequence);
    finish(e);
}

void engine_stats(const struct engine *e, struct engine_stats *ret_stats)
{
    size_t misfits = 0;
    const struct hub *h;
    for (size_t at = 0; (h = (const struct hub *)map_next(&e->hubs, &at));)
        misfits += h->misfit_count;
    *ret_stats = (struct engine_stats){
        .resident = e->instances.count,
        .payloads_resident_size = e->large_payload_size,
        .histories_resident_size = e->idle_history_size,
        .streams = e->streams.count,
        .calls_waiting = e->calls.count,
        .orchestrators_ready =
            e->work_counts[WORK_TURN][WORK_QUEUED] + e->work_counts[WORK_TURN][WORK_LOADING],
        .orchestrators_leased = e->work_counts[WORK_TURN][WORK_OUT],
        .activities_ready = e->work_counts[WORK_ACTIVITY][WORK_QUEUED],
        .activities_leased =
            e->work_counts[WORK_ACTIVITY][WORK_OUT] + e->work_counts[WORK_ACTIVITY][WORK_GRACE],
        .orchestrators_too_large = misfits,
        .duplicates_dropped = e->duplicates_dropped,
        .turns_committed = e->turns_committed,
    };
}
