/* SPDX-License-Identifier: MIT */
/* partition.c — the pump between engine and store: time, actions, commits, reads; then loading, failure and recovery.
 *
 *             fail                    loaded              recovered
 *   writing ───────► failed, loading ───────► reading ───────────────────────► writing
 *                        │ load failed                                ▲
 *                        └───────────► nothing ──recovered──► loading ┘ loaded
 */
#include "svc/scheduler/partition.h"

#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/scheduler/retry_delay.h"

#define TICK_DELAY_MAX_NS NS_PER_S /* a step of the wall clock is noticed after this at the latest */

struct partition {
    struct loop *loop;
    struct partition_options options;
    const struct partition_owner *owner;
    void *context;

    struct engine *engine; /* NULL: none could be built; while `loading`, not to be asked yet */
    uint64_t epoch;        /* engines dropped so far */
    struct engine_actions actions;
    bool turning; /* actions are being carried out */
    struct loop_task flush_task;
    struct loop_timer tick_timer;

    struct err failure; /* status OK: writing works */
    uint64_t failures;
    struct loop_timer recover_timer;
    bool loading;    /* the store is giving its rows */
    bool recovering; /* the store is trying a small write */
    bool recovered;  /* it succeeded: when the load is over, writing goes on */
    struct err load_failure;
    struct retry_delay retry_delay;
};

/* --- time --- */

static struct engine_time now_of(const struct partition *partition)
{
    return (struct engine_time){.steady_ns = partition->options.steady_ns(),
                                .unix_ns = partition->options.unix_ns()};
}

/* A timer that is not set would hang everything, so there is no going on without it. */
static void timer_set(struct partition *partition, struct loop_timer *timer, int64_t delay_ns)
{
    enum status status = loop_timer_set(partition->loop, timer, clock_monotonic_ns() + delay_ns);
    ASSERT(status == STATUS_OK);
}

static void tick_arm(struct partition *partition)
{
    loop_timer_cancel(&partition->tick_timer);
    if (!partition_writable(partition))
        return;
    bool steppable;
    int64_t delay = engine_wait(partition->engine, now_of(partition), &steppable);
    if (steppable)
        delay = MIN(delay, TICK_DELAY_MAX_NS);
    if (delay != INT64_MAX)
        timer_set(partition, &partition->tick_timer, delay);
}

/* --- actions --- */

static void fail(struct partition *partition, enum status status, const char *text);

static void on_tick(struct loop_timer *timer)
{
    struct partition *partition = CONTAINER_OF(timer, struct partition, tick_timer);
    if (partition_writable(partition))
        engine_tick(partition->engine, now_of(partition), &partition->actions);
    partition_run(partition);
}

static void on_committed(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct partition *partition = context;
    if (status != STATUS_OK) {
        fail(partition, status, text);
        return;
    }
    if (partition->failure.status != STATUS_OK)
        return; /* a read failed meanwhile, and the engine that made the set is gone */
    retry_delay_committed(&partition->retry_delay); /* a real set, not a probe: the disk is well */
    engine_committed(partition->engine, sequence, now_of(partition), &partition->actions);
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
        fail(partition, status, text);
    return status == STATUS_OK;
}

static void on_instance(void *context, enum status status, const char *text,
                        const struct task_store_instance *found)
{
    struct partition *partition = context;
    if (!read_good(partition, found->tag, status, text))
        return;
    engine_fetched(partition->engine, found->hub, found->instance_id, found->row, found->payloads,
                   now_of(partition), &partition->actions);
    partition_run(partition);
}

static void on_history(void *context, enum status status, const char *text,
                       const struct task_store_history *history)
{
    struct partition *partition = context;
    if (!read_good(partition, history->tag, status, text))
        return;
    engine_history_fetched(partition->engine, history->key, history->events, now_of(partition),
                           &partition->actions);
    partition_run(partition);
}

static void on_entity(void *context, enum status status, const char *text,
                      const struct task_store_entity_state *found)
{
    struct partition *partition = context;
    if (!read_good(partition, found->tag, status, text))
        return;
    engine_entity_fetched(partition->engine, found->hub, found->entity_id, found->row, now_of(partition),
                          &partition->actions);
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
    bool busy = !list_empty(&partition->actions.items);
    for (struct list *it = partition->actions.items.next; it != &partition->actions.items; it = it->next)
        act(partition, CONTAINER_OF(it, struct engine_action, link));
    engine_actions_clear(&partition->actions);
    partition->turning = false;

    if (partition_writable(partition) && !task_store_busy(partition->options.store))
        loop_defer(partition->loop, &partition->flush_task);
    tick_arm(partition);
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

STATUS_RESULT partition_call(struct partition *partition, enum engine_method method, uint32_t hub,
                             uint64_t call, struct bytes message)
{
    if (!partition->engine || partition->loading)
        return STATUS_UNAVAILABLE;
    engine_call(partition->engine, method, hub, call, message, now_of(partition), &partition->actions);
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
    engine_stream_open(partition->engine, hub, stream, message, worker, now_of(partition),
                       &partition->actions);
    if (paused)
        engine_stream_pause(partition->engine, stream, true, now_of(partition), &partition->actions);
    partition_run(partition);
}

void partition_stream_closed(struct partition *partition, uint64_t stream)
{
    engine_stream_closed(partition->engine, stream, now_of(partition), &partition->actions);
}

void partition_stream_pause(struct partition *partition, uint64_t stream, bool paused)
{
    engine_stream_pause(partition->engine, stream, paused, now_of(partition), &partition->actions);
    partition_run(partition);
}

void partition_flush(struct partition *partition)
{
    if (!partition_writable(partition))
        return;
    engine_flush(partition->engine, &partition->actions);
    partition_run(partition);
}

STATUS_RESULT partition_hub(struct partition *partition, uint32_t hub, struct bytes name)
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

/* --- loading --- */

static enum status load_hub(void *context, uint32_t hub, struct bytes name)
{
    struct partition *partition = context;
    enum status status = partition->owner->on_hub(partition->context, hub, name);
    return status == STATUS_OK ? partition_hub(partition, hub, name) : status;
}

static enum status load_retention(void *context, uint32_t hub, struct bytes rules)
{
    struct partition *partition = context;
    return partition->owner->on_retention(partition->context, hub, rules);
}

static enum status load_instance(void *context, const struct instance_row *row,
                                 const struct payload *payloads)
{
    struct partition *partition = context;
    bool at_start = partition->failures == 0; /* else the engine is built anew */
    partition->owner->on_instance(partition->context, row, at_start);
    return engine_load_instance(partition->engine, row, payloads);
}

static enum status load_inbox(void *context, const struct inbox_row *row)
{
    return engine_load_inbox(((struct partition *)context)->engine, row);
}

static enum status load_activity(void *context, const struct activity_row *row)
{
    return engine_load_activity(((struct partition *)context)->engine, row);
}

static enum status load_entity_lock(void *context, const struct entity_lock_row *row)
{
    return engine_load_entity_lock(((struct partition *)context)->engine, row);
}

static enum status load_entity_message(void *context, const struct entity_message_row *row)
{
    return engine_load_entity_message(((struct partition *)context)->engine, row);
}

static enum status load_receipt(void *context, const struct receipt_row *row)
{
    return engine_load_receipt(((struct partition *)context)->engine, row);
}

static void engine_drop(struct partition *partition)
{
    engine_actions_clear(&partition->actions);
    engine_destroy(partition->engine);
    partition->engine = NULL;
    partition->epoch++;
}

static void resume(struct partition *partition);

/* At a start partition_load looks what came; later it is a step of recovery. */
static void on_loaded(void *context, enum status status, const char *text, int64_t key_next)
{
    struct partition *partition = context;
    partition->loading = false;
    if (status == STATUS_OK) {
        engine_load_done(partition->engine, key_next, now_of(partition));
    } else {
        (void)err_set(&partition->load_failure, status, "loading the store: %s", text);
        engine_drop(partition);
    }
    if (partition->failures == 0) {
        tick_arm(partition);
        return;
    }
    if (status != STATUS_OK)
        log_error("svc/scheduler", "reading stopped error=\"%s\"", partition->load_failure.text);
    if (status == STATUS_OK && partition->recovered)
        resume(partition);
    else
        partition->owner->on_reading(partition->context);
}

static enum status load(struct partition *partition, struct err *err)
{
    const struct task_store_loader loader = {.on_hub = load_hub,
                                             .on_hub_retention = load_retention,
                                             .on_instance = load_instance,
                                             .on_inbox = load_inbox,
                                             .on_activity = load_activity,
                                             .on_entity_lock = load_entity_lock,
                                             .on_entity_message = load_entity_message,
                                             .on_receipt = load_receipt,
                                             .on_done = on_loaded,
                                             .context = partition};
    struct engine_options options = partition->options.engine;
    entropy_fill(options.seed, sizeof options.seed);
    enum status status = engine_create(&options, &partition->engine);
    if (status != STATUS_OK)
        return err_set(err, status, "starting the engine");
    partition->loading = true;
    partition->load_failure = (struct err){0};
    task_store_load(partition->options.store, &loader);
    return STATUS_OK;
}

STATUS_RESULT partition_load(struct partition *partition, struct err *err)
{
    enum status status = load(partition, err);
    if (status != STATUS_OK)
        return status;
    task_store_wait(partition->options.store);
    *err = partition->load_failure;
    return err->status;
}

/* --- failure and recovery --- */

static void retry_later(struct partition *partition)
{
    timer_set(partition, &partition->recover_timer, partition->retry_delay.ns);
}

static void fail(struct partition *partition, enum status status, const char *text)
{
    bool again = partition->failure.status != STATUS_OK;
    struct err err = {0};
    ASSERT(!partition->loading &&
           !partition->turning); /* an engine that is loaded has asked for nothing yet */
    (void)err_set(&partition->failure, status, "%s", text);
    if (!again) {
        partition->failures++;
        retry_delay_failed(&partition->retry_delay);
        log_error("svc/scheduler", "writing stopped error=\"%s\"", partition->failure.text);
    }
    loop_defer_cancel(&partition->flush_task);
    loop_timer_cancel(&partition->tick_timer);
    engine_drop(partition);
    partition->owner->on_failed(partition->context);
    retry_later(partition);
    /* A commit may still be running if it was a read that failed; on_recover waits for it. */
    if (again || task_store_busy(partition->options.store))
        partition->owner->on_reading(partition->context);
    else if (load(partition, &err) != STATUS_OK)
        log_error("svc/scheduler", "reading stopped error=\"%s\"", err.text);
}

static void resume(struct partition *partition)
{
    partition->recovered = false;
    partition->failure = (struct err){0};
    loop_timer_cancel(&partition->recover_timer);
    if (task_store_low(partition->options.store))
        log_warn("svc/scheduler",
                 "writing again, with the reserve: the disk is nearly full, and nothing new is taken");
    else
        log_info("svc/scheduler", "writing again");
    partition->owner->on_writing(partition->context);
    tick_arm(partition);
}

static void on_recovered(void *context, enum status status, const char *text)
{
    struct partition *partition = context;
    struct err err = {0};
    partition->recovering = false;
    retry_delay_tried(&partition->retry_delay);
    if (status != STATUS_OK) {
        log_debug("svc/scheduler", "still not writing error=\"%s\"", text);
        retry_later(partition);
        return;
    }
    /* The engine that serves reads was built from the store after the failure, and nothing was written since:
     * it goes on. To build another one would hold up everybody for as long again. */
    if (partition->engine) {
        resume(partition);
        return;
    }
    partition->recovered = true;
    retry_later(partition);
    if (load(partition, &err) != STATUS_OK)
        log_error("svc/scheduler", "reading stopped error=\"%s\"", err.text);
}

static void on_recover(struct loop_timer *timer)
{
    struct partition *partition = CONTAINER_OF(timer, struct partition, recover_timer);
    bool busy = task_store_busy(partition->options.store);
    if (partition->recovering || partition->loading || busy) {
        if (busy)
            retry_delay_tried(&partition->retry_delay);
        retry_later(partition);
        return;
    }
    partition->recovered = false;
    partition->recovering = true;
    task_store_recover(partition->options.store, on_recovered, partition);
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

STATUS_RESULT partition_create(struct loop *loop, const struct partition_options *options,
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
    partition->recover_timer.on_fire = on_recover;
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
    engine_drop(partition);
    engine_actions_fini(&partition->actions);
    free(partition);
}
