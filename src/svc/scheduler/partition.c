/* SPDX-License-Identifier: MIT */
/* partition.c — the pump between engine and store: time, commits, reads, actions, inputs. How an engine is loaded stands in
 * partition_load.c, what happens after a failure in partition_recover.c. */
#include "svc/scheduler/partition_internal.h"

#include <stdlib.h>

#include "os/clock.h"

#define TICK_DELAY_MAX_NS NS_PER_S /* a step of the wall clock is noticed after this at the latest */

/* --- time --- */

struct engine_time partition_now(const struct partition *partition)
{
    return (struct engine_time){.steady_ns = partition->options.steady_ns(),
                                .unix_ns = partition->options.unix_ns()};
}

void partition_set_timer(struct partition *partition, struct loop_timer *timer, int64_t delay_ns)
{
    enum status status = loop_timer_set(partition->loop, timer, clock_monotonic_ns() + delay_ns);
    ASSERT(status == STATUS_OK);
}

void partition_arm_tick(struct partition *partition)
{
    loop_timer_cancel(&partition->tick_timer);
    if (!partition_writable(partition))
        return;
    bool steppable;
    int64_t delay = engine_wait(partition->engine, partition_now(partition), &steppable);
    if (steppable)
        delay = MIN(delay, TICK_DELAY_MAX_NS);
    if (delay != INT64_MAX)
        partition_set_timer(partition, &partition->tick_timer, delay);
}

/* --- actions --- */

static void on_tick(struct loop_timer *timer)
{
    struct partition *partition = CONTAINER_OF(timer, struct partition, tick_timer);
    if (partition_writable(partition))
        engine_tick(partition->engine, partition_now(partition), &partition->actions);
    partition_run(partition);
}

static void on_committed(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct partition *partition = context;
    if (status != STATUS_OK) {
        partition_fail(partition, status, text);
        return;
    }
    if (partition->failure.status != STATUS_OK)
        return; /* a read failed meanwhile, and the engine that made the set is gone */
    retry_delay_committed(&partition->retry_delay); /* a real set, not a probe: the disk is well */
    engine_committed(partition->engine, sequence, partition_now(partition), &partition->actions);
    engine_flush(partition->engine, &partition->actions);
    partition_run(partition);
}

/* --- reads --- */

/* To say "there is none" after a failure would be a lie: the engine goes. False: the answer is nobody's. */
static bool read_good(struct partition *partition, uint64_t epoch, enum status status, const char *text)
{
    if (epoch != partition->epoch)
        return false;
    if (status != STATUS_OK)
        partition_fail(partition, status, text);
    return status == STATUS_OK;
}

static void on_instance(void *context, enum status status, const char *text,
                        const struct task_store_instance *found)
{
    struct partition *partition = context;
    if (!read_good(partition, found->tag, status, text))
        return;
    engine_fetched(partition->engine, found->hub, found->instance_id, found->row, found->payloads,
                   partition_now(partition), &partition->actions);
    partition_run(partition);
}

static void on_history(void *context, enum status status, const char *text,
                       const struct task_store_history *history)
{
    struct partition *partition = context;
    if (!read_good(partition, history->tag, status, text))
        return;
    engine_history_fetched(partition->engine, history->key, history->events, partition_now(partition),
                           &partition->actions);
    partition_run(partition);
}

static void on_entity(void *context, enum status status, const char *text,
                      const struct task_store_entity_state *found)
{
    struct partition *partition = context;
    if (!read_good(partition, found->tag, status, text))
        return;
    engine_entity_fetched(partition->engine, found->hub, found->entity_id, found->row,
                          partition_now(partition), &partition->actions);
    partition_run(partition);
}

/* --- carrying out --- */

static void act(struct partition *partition, struct engine_action *action)
{
    struct write_set *set = action->write_set;
    switch (action->kind) {
    case ENGINE_COMMIT:
        action->write_set = NULL;
        task_store_submit(partition->options.store, set, on_committed, partition);
        return;
    case ENGINE_FETCH:
        task_store_read_instance(partition->options.store, partition->epoch, action->hub, action->instance_id,
                                 on_instance, partition);
        return;
    case ENGINE_FETCH_ENTITY:
        task_store_read_entity(partition->options.store, partition->epoch, action->hub, action->instance_id,
                               on_entity, partition);
        return;
    case ENGINE_FETCH_HISTORY:
        task_store_read_history(partition->options.store, partition->epoch, action->key, on_history,
                                partition);
        return;
    case ENGINE_REPLY:
    case ENGINE_HISTORY:
    case ENGINE_SEND_WORK:
    case ENGINE_END_STREAM:
    case ENGINE_CHANGED:
    case ENGINE_CHANGED_ENTITY:
    case ENGINE_TRACE:
    case ENGINE_NOTE:
        partition->owner->on_action(partition->context, action);
        return;
    }
    ASSERT(!"unknown engine action");
}

/* Carrying an action out may add further ones behind it; the list is worked off to its end. */
void partition_run(struct partition *partition)
{
    if (partition->turning)
        return;
    partition->turning = true;
    /* `turning` bounds it: an action that leads back here adds to the list, which this loop has not left. */
    bool busy = !list_empty(&partition->actions.items);
    for (struct list *it = partition->actions.items.next; it != &partition->actions.items; it = it->next)
        act(partition, CONTAINER_OF(it, struct engine_action, link));
    engine_actions_clear(&partition->actions);
    partition->turning = false;

    if (partition_writable(partition) && !task_store_busy(partition->options.store))
        loop_defer(partition->loop, &partition->flush_task);
    partition_arm_tick(partition);
    if (busy)
        partition->owner->on_turn(partition->context);
}

static void on_flush(struct loop_task *task)
{
    struct partition *partition = CONTAINER_OF(task, struct partition, flush_task);
    if (!partition_writable(partition) || task_store_busy(partition->options.store))
        return;
    engine_flush(partition->engine, &partition->actions);
    if (!list_empty(&partition->actions.items))
        partition_run(partition);
}

/* --- inputs --- */

enum status partition_call(struct partition *partition, enum engine_method method, uint32_t hub,
                           uint64_t call, struct bytes message)
{
    if (!partition->engine || partition->loading)
        return STATUS_UNAVAILABLE;
    engine_call(partition->engine, method, hub, call, message, partition_now(partition), &partition->actions);
    partition_run(partition);
    return STATUS_OK;
}

void partition_call_cancelled(struct partition *partition, uint64_t call)
{
    engine_call_cancelled(partition->engine, call);
}

void partition_stream_open(struct partition *partition, uint32_t hub, uint64_t stream, struct bytes message,
                           const struct engine_worker *worker, bool paused)
{
    engine_stream_open(partition->engine, hub, stream, message, worker, partition_now(partition),
                       &partition->actions);
    if (paused)
        engine_stream_pause(partition->engine, stream, true, partition_now(partition), &partition->actions);
    partition_run(partition);
}

void partition_stream_closed(struct partition *partition, uint64_t stream)
{
    engine_stream_closed(partition->engine, stream, partition_now(partition), &partition->actions);
}

void partition_stream_pause(struct partition *partition, uint64_t stream, bool paused)
{
    engine_stream_pause(partition->engine, stream, paused, partition_now(partition), &partition->actions);
    partition_run(partition);
}

void partition_flush(struct partition *partition)
{
    if (!partition_writable(partition))
        return;
    engine_flush(partition->engine, &partition->actions);
    partition_run(partition);
}

enum status partition_hub(struct partition *partition, uint32_t hub, struct bytes name)
{
    if (!partition->engine)
        return STATUS_OK; /* the next one is loaded with it */
    enum status status = engine_load_hub(partition->engine, hub, name);
    return status == STATUS_ALREADY_EXISTS ? STATUS_OK : status;
}

void partition_watch(struct partition *partition, uint32_t hub, bool on)
{
    if (partition->engine)
        engine_watch(partition->engine, hub, on);
}

/* --- state --- */

const struct err *partition_failure(const struct partition *partition)
{
    return &partition->failure;
}

bool partition_loading(const struct partition *partition)
{
    return partition->loading;
}

bool partition_writable(const struct partition *partition)
{
    return partition->engine && !partition->loading && partition->failure.status == STATUS_OK;
}

uint64_t partition_failures(const struct partition *partition)
{
    return partition->failures;
}

void partition_workers(const struct partition *partition, uint32_t hub,
                       void (*on_worker)(void *context, const struct engine_worker_load *worker),
                       void *context)
{
    if (partition->engine)
        engine_workers(partition->engine, hub, on_worker, context);
}

bool partition_standing(const struct partition *partition, uint32_t hub, struct bytes instance_id,
                        struct buf *out)
{
    return partition->engine && engine_standing(partition->engine, hub, instance_id, out);
}

void partition_stats(const struct partition *partition, struct engine_stats *ret_stats)
{
    *ret_stats = (struct engine_stats){0};
    if (partition->engine && !partition->loading)
        engine_stats(partition->engine, ret_stats);
}

void partition_tallies(const struct partition *partition,
                       void (*on_hub)(void *context, struct bytes name, const struct tally_hub *tally),
                       void *context)
{
    if (partition->engine)
        engine_tallies(partition->engine, partition->options.steady_ns(), on_hub, context);
}

/* --- life --- */

enum status partition_create(struct loop *loop, const struct partition_options *options,
                             const struct partition_owner *owner, void *context,
                             struct partition **ret_partition, struct err *err)
{
    struct partition *partition = calloc(1, sizeof *partition);
    if (!partition)
        return err_set(err, STATUS_NO_MEMORY, "starting the scheduler: out of memory");
    *partition = (struct partition){.loop = loop, .options = *options, .owner = owner, .context = context};
    engine_actions_init(&partition->actions);
    partition->flush_task.on_run = on_flush;
    partition->tick_timer.on_fire = on_tick;
    partition->recover_timer.on_fire = partition_on_recover;
    *ret_partition = partition;
    return STATUS_OK;
}

void partition_destroy(struct partition *partition)
{
    if (!partition)
        return;
    loop_defer_cancel(&partition->flush_task);
    loop_timer_cancel(&partition->tick_timer);
    loop_timer_cancel(&partition->recover_timer);
    partition_drop_engine(partition);
    engine_actions_fini(&partition->actions);
    free(partition);
}
