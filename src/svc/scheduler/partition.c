/* SPDX-License-Identifier: MIT */
/* partition.c — the pump between engine and store: time, actions, commits; then loading, failure and recovery. */
#include "svc/scheduler/partition.h"

#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"

#define HISTORY_SIZE_MAX  ((size_t)1 << 30)   /* bytes of one stored history that is read at once */
#define FETCH_ARENA_MAX   ((size_t)512 << 20) /* bytes of one stored instance */
#define TICK_DELAY_MAX_NS NS_PER_S /* a step of the wall clock is noticed after this at the latest */
#define RECOVER_MIN_NS    (100LL * NS_PER_MS)
#define RECOVER_MAX_NS    (5 * NS_PER_S)

struct partition {
    struct loop *loop;
    struct partition_options options;
    const struct partition_owner *owner;
    void *context;

    struct engine *engine; /* NULL: the store could not be read */
    struct engine_actions actions;
    bool turning; /* actions are being carried out */
    struct loop_task flush_task;
    struct loop_timer tick_timer;

    struct err failure;      /* status OK: writing works */
    struct err read_failure; /* of a fetch in this turn */
    uint64_t failures;
    struct loop_timer recover_timer;
    int64_t recover_delay_ns;
};

/* --- time --- */

static struct engine_time now_of(const struct partition *partition)
{
    return (struct engine_time){.steady_ns = clock_monotonic_ns(), .unix_ns = partition->options.unix_ns()};
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
        return;                      /* a read failed meanwhile, and the engine that made the set is gone */
    partition->recover_delay_ns = 0; /* a real set, not a probe: the disk is well */
    engine_committed(partition->engine, sequence, now_of(partition), &partition->actions);
    engine_flush(partition->engine, &partition->actions);
    partition_run(partition);
}

static void act_fetch(struct partition *partition, const struct engine_action *action)
{
    CLEANUP(arena_fini) struct arena arena;
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    arena_init(&arena, FETCH_ARENA_MAX);
    enum status status = task_store_read_instance(partition->options.store, action->hub, action->instance_id,
                                                  &arena, &row, payloads, &partition->read_failure);
    if (status == STATUS_NOT_FOUND)
        partition->read_failure = (struct err){0};
    else if (status != STATUS_OK)
        return; /* to say "there is none" would be a lie: the turn ends in fail() */
    engine_fetched(partition->engine, action->hub, action->instance_id, status == STATUS_OK ? &row : NULL,
                   payloads, now_of(partition), &partition->actions);
}

static void act_fetch_history(struct partition *partition, const struct engine_action *action)
{
    CLEANUP(buf_fini) struct buf events = {.limit = HISTORY_SIZE_MAX};
    if (task_store_read_history(partition->options.store, action->key, &events, &partition->read_failure) ==
        STATUS_OK)
        engine_history_fetched(partition->engine, action->key, buf_peek(&events), now_of(partition),
                               &partition->actions);
}

static void act(struct partition *partition, struct engine_action *action)
{
    struct write_set *set = action->write_set;
    switch (action->kind) {
    case ENGINE_COMMIT:
        action->write_set = NULL;
        task_store_submit(partition->options.store, set, on_committed, partition);
        return;
    case ENGINE_FETCH:
        act_fetch(partition, action);
        return;
    case ENGINE_FETCH_HISTORY:
        act_fetch_history(partition, action);
        return;
    case ENGINE_REPLY:
    case ENGINE_HISTORY:
    case ENGINE_SEND_WORK:
    case ENGINE_END_STREAM:
    case ENGINE_CHANGED:
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
    for (struct list *it = partition->actions.items.next;
         it != &partition->actions.items && partition->read_failure.status == STATUS_OK; it = it->next)
        act(partition, CONTAINER_OF(it, struct engine_action, link));
    engine_actions_clear(&partition->actions);
    partition->turning = false;

    if (partition->read_failure.status != STATUS_OK) {
        struct err err = partition->read_failure;
        partition->read_failure = (struct err){0};
        fail(partition, err.status, err.text);
        return;
    }
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
    if (!partition->engine)
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

STATUS_RESULT partition_hub(struct partition *partition, uint32_t hub, struct bytes name)
{
    return partition->engine ? engine_load_hub(partition->engine, hub, name) : STATUS_OK;
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
    return status == STATUS_OK ? engine_load_hub(partition->engine, hub, name) : status;
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

static void engine_drop(struct partition *partition)
{
    engine_actions_clear(&partition->actions);
    engine_destroy(partition->engine);
    partition->engine = NULL;
}

STATUS_RESULT partition_load(struct partition *partition, struct err *err)
{
    struct task_store_loader loader = {load_hub, load_instance, load_inbox, load_activity, partition};
    struct engine_options options = partition->options.engine;
    int64_t key_next = 0;
    entropy_fill(options.seed, sizeof options.seed);
    enum status status = engine_create(&options, &partition->engine);
    if (status != STATUS_OK)
        return err_set(err, status, "starting the engine");
    status = task_store_load(partition->options.store, &loader, &key_next, err);
    if (status != STATUS_OK) {
        engine_drop(partition);
        return err_wrap(err, "loading the store");
    }
    engine_load_done(partition->engine, key_next, now_of(partition));
    tick_arm(partition);
    return STATUS_OK;
}

/* --- failure and recovery --- */

static void fail(struct partition *partition, enum status status, const char *text)
{
    bool again = partition->failure.status != STATUS_OK;
    struct err err = {0};
    (void)err_set(&partition->failure, status, "%s", text);
    if (!again) {
        partition->failures++;
        partition->recover_delay_ns = MAX(partition->recover_delay_ns, RECOVER_MIN_NS);
        log_error("svc/scheduler", "writing stopped error=\"%s\"", partition->failure.text);
    }
    loop_defer_cancel(&partition->flush_task);
    loop_timer_cancel(&partition->tick_timer);
    engine_drop(partition);
    partition->owner->on_failed(partition->context);
    timer_set(partition, &partition->recover_timer, partition->recover_delay_ns);
    /* A commit may still be running if it was a read that failed; on_recover waits for it. */
    if (!again && !task_store_busy(partition->options.store)) {
        if (partition_load(partition, &err) != STATUS_OK)
            log_error("svc/scheduler", "reading stopped error=\"%s\"", err.text);
    }
    partition->owner->on_reading(partition->context);
}

static enum status recover(struct partition *partition, struct err *err)
{
    if (task_store_busy(partition->options.store))
        return err_set(err, STATUS_UNAVAILABLE, "a commit is still running");
    enum status status = task_store_recover(partition->options.store, err);
    if (status != STATUS_OK)
        return status;
    /* The engine that serves reads was built from the store after the failure, and nothing was written since:
     * it goes on. To build another one would hold up everybody for as long again. */
    return partition->engine ? STATUS_OK : partition_load(partition, err);
}

static void on_recover(struct loop_timer *timer)
{
    struct partition *partition = CONTAINER_OF(timer, struct partition, recover_timer);
    struct err err = {0};
    enum status status = recover(partition, &err);
    /* Also after a success: for when it fails at once again. */
    partition->recover_delay_ns = MIN(partition->recover_delay_ns * 2, RECOVER_MAX_NS);
    if (status != STATUS_OK) {
        log_debug("svc/scheduler", "still not writing error=\"%s\"", err.text);
        timer_set(partition, &partition->recover_timer, partition->recover_delay_ns);
        return;
    }
    partition->failure = (struct err){0};
    if (task_store_low(partition->options.store))
        log_warn("svc/scheduler",
                 "writing again, with the reserve: the disk is nearly full, and nothing new is taken");
    else
        log_info("svc/scheduler", "writing again");
    partition->owner->on_writing(partition->context);
    tick_arm(partition);
}

/* --- state --- */

const struct err *partition_failure(const struct partition *partition)
{
    return &partition->failure;
}

bool partition_writable(const struct partition *partition)
{
    return partition->engine && partition->failure.status == STATUS_OK;
}

uint64_t partition_failures(const struct partition *partition)
{
    return partition->failures;
}

void partition_stats(const struct partition *partition, struct engine_stats *ret_stats)
{
    *ret_stats = (struct engine_stats){0};
    if (partition->engine)
        engine_stats(partition->engine, ret_stats);
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
