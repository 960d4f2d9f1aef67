/* SPDX-License-Identifier: MIT */
/* scheduler_pump.c — engine actions carried out, commits and their failure, and the engine's clock. */
#include <stdio.h>

#include "base/log.h"
#include "core/task/instance_status.h"
#include "os/clock.h"
#include "os/memory.h"
#include "svc/scheduler/scheduler_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

#define HISTORY_SIZE_MAX  ((size_t)1 << 30)   /* bytes of one stored history that is read at once */
#define FETCH_ARENA_MAX   ((size_t)512 << 20) /* bytes of one stored instance */
#define TICK_DELAY_MAX_NS NS_PER_S /* a step of the wall clock is noticed after this at the latest */
#define RECOVER_MIN_NS    (100LL * NS_PER_MS)
#define RECOVER_MAX_NS    (5 * NS_PER_S)
#define QUIET_NS          (2 * NS_PER_S)  /* between looks whether the storm is over */
#define QUIET_TURNS_MIN   100             /* turns between looks that make a storm, or its end */
#define PING_INTERVAL_NS  (30 * NS_PER_S) /* while writing has stopped (spec 2.9, duty 3) */

/* --- time --- */

struct engine_time scheduler_pump_now(const struct scheduler *scheduler)
{
    return (struct engine_time){.steady_ns = clock_monotonic_ns(), .unix_ns = scheduler->options.unix_ns()};
}

/* A timer that is not set would hang everything, so there is no going on without it. */
static void timer_set(struct scheduler *scheduler, struct loop_timer *timer, int64_t delay_ns)
{
    enum status status = loop_timer_set(scheduler->loop, timer, clock_monotonic_ns() + delay_ns);
    ASSERT(status == STATUS_OK);
}

static void tick_arm(struct scheduler *scheduler)
{
    loop_timer_cancel(&scheduler->tick_timer);
    if (!scheduler->engine || scheduler->failure.status != STATUS_OK)
        return;
    bool steppable;
    int64_t delay = engine_wait(scheduler->engine, scheduler_pump_now(scheduler), &steppable);
    if (steppable)
        delay = MIN(delay, TICK_DELAY_MAX_NS);
    if (delay != INT64_MAX)
        timer_set(scheduler, &scheduler->tick_timer, delay);
}

static void on_tick(struct loop_timer *timer)
{
    struct scheduler *scheduler = CONTAINER_OF(timer, struct scheduler, tick_timer);
    if (scheduler->engine && scheduler->failure.status == STATUS_OK)
        engine_tick(scheduler->engine, scheduler_pump_now(scheduler), &scheduler->actions);
    scheduler_pump_run(scheduler);
}

/* --- actions --- */

static void on_committed(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct scheduler *scheduler = context;
    if (status != STATUS_OK) {
        scheduler_pump_fail(scheduler, status, text);
        return;
    }
    if (scheduler->failure.status != STATUS_OK)
        return;                      /* a read failed meanwhile, and the engine that made the set is gone */
    scheduler->recover_delay_ns = 0; /* a real set, not a probe: the disk is well */
    engine_committed(scheduler->engine, sequence, scheduler_pump_now(scheduler), &scheduler->actions);
    engine_flush(scheduler->engine, &scheduler->actions);
    scheduler_pump_run(scheduler);
}

static void act_reply(struct scheduler *scheduler, const struct engine_action *action)
{
    struct scheduler_purge *purge = map_get(&scheduler->purges, map_u64_key(&action->call));
    if (purge) {
        scheduler_purge_answered(purge, action->status, action->text, action->message);
        return;
    }
    struct scheduler_call *call = scheduler_call_find(scheduler, action->call);
    if (!call)
        return;
    if (action->status != STATUS_OK || call->method->engine_method == ENGINE_STREAM_HISTORY)
        scheduler_call_finish(call, action->status, action->text);
    else
        scheduler_call_reply(call, action->message);
}

static void act_history(struct scheduler *scheduler, const struct engine_action *action)
{
    struct scheduler_call *call = scheduler_call_find(scheduler, action->call);
    if (!call)
        return;
    struct grpc_call_id id = {call->number};
    if (!call->begun)
        call->begun = grpc_stream_begin(scheduler->grpc, id);
    (void)grpc_stream_send(scheduler->grpc, id, action->message, NULL);
}

static void act_send_work(struct scheduler *scheduler, const struct engine_action *action)
{
    struct scheduler_call *call = scheduler_call_find(scheduler, action->stream);
    size_t queued = 0;
    if (!call ||
        !grpc_stream_send(scheduler->grpc, (struct grpc_call_id){call->number}, action->message, &queued))
        return; /* on_cancelled tells the engine */
    if (queued <= scheduler->options.stream_queue_max || call->paused)
        return;
    call->paused = true;
    engine_stream_pause(scheduler->engine, call->number, true, scheduler_pump_now(scheduler),
                        &scheduler->actions);
}

static void act_end_stream(struct scheduler *scheduler, const struct engine_action *action)
{
    struct scheduler_call *call = scheduler_call_find(scheduler, action->stream);
    if (!call)
        return;
    call->in_engine = false;
    scheduler_call_finish(call, action->status, action->text);
}

static void act_fetch(struct scheduler *scheduler, const struct engine_action *action)
{
    CLEANUP(arena_fini) struct arena arena;
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    arena_init(&arena, FETCH_ARENA_MAX);
    enum status status = task_store_read_instance(scheduler->store, action->hub, action->instance_id, &arena,
                                                  &row, payloads, &scheduler->read_failure);
    if (status == STATUS_NOT_FOUND)
        scheduler->read_failure = (struct err){0};
    else if (status != STATUS_OK)
        return; /* to say "there is none" would be a lie: the turn ends in scheduler_pump_fail */
    engine_fetched(scheduler->engine, action->hub, action->instance_id, status == STATUS_OK ? &row : NULL,
                   payloads, scheduler_pump_now(scheduler), &scheduler->actions);
}

static void act_fetch_history(struct scheduler *scheduler, const struct engine_action *action)
{
    CLEANUP(buf_fini) struct buf events = {.limit = HISTORY_SIZE_MAX};
    if (task_store_read_history(scheduler->store, action->key, &events, &scheduler->read_failure) ==
        STATUS_OK)
        engine_history_fetched(scheduler->engine, action->key, buf_peek(&events),
                               scheduler_pump_now(scheduler), &scheduler->actions);
}

static void act_note(const struct scheduler *scheduler, const struct engine_action *action)
{
    struct bytes hub = scheduler_hubs_name(scheduler, action->hub);
    if (action->instance_id.size)
        log_write(action->level, "svc/scheduler", "%s hub=\"%.*s\" instance=\"%.*s\"", action->text,
                  BYTES_FMT(hub), BYTES_FMT(action->instance_id));
    else
        log_write(action->level, "svc/scheduler", "%s hub=\"%.*s\"", action->text, BYTES_FMT(hub));
}

static void act(struct scheduler *scheduler, struct engine_action *action)
{
    switch (action->kind) {
    case ENGINE_COMMIT: {
        struct write_set *set = action->write_set;
        action->write_set = NULL;
        task_store_submit(scheduler->store, set, on_committed, scheduler);
        return;
    }
    case ENGINE_REPLY:
        act_reply(scheduler, action);
        return;
    case ENGINE_HISTORY:
        act_history(scheduler, action);
        return;
    case ENGINE_SEND_WORK:
        act_send_work(scheduler, action);
        return;
    case ENGINE_END_STREAM:
        act_end_stream(scheduler, action);
        return;
    case ENGINE_FETCH:
        act_fetch(scheduler, action);
        return;
    case ENGINE_FETCH_HISTORY:
        act_fetch_history(scheduler, action);
        return;
    case ENGINE_NOTE:
        act_note(scheduler, action);
        return;
    }
    ASSERT(!"unknown engine action");
}

/* What a storm has freed is the allocator's until somebody asks for it, which costs milliseconds: so when it is
 * over, and not on a beat of pings and timers. */
static void quiet_watch(struct scheduler *scheduler)
{
    if (scheduler->quiet_turns + QUIET_TURNS_MIN > scheduler->turns)
        return;
    if (!scheduler->quiet_set)
        timer_set(scheduler, &scheduler->quiet_timer, QUIET_NS);
    scheduler->quiet_set = true;
}

static void on_quiet(struct loop_timer *timer)
{
    struct scheduler *scheduler = CONTAINER_OF(timer, struct scheduler, quiet_timer);
    bool busy = scheduler->turns - scheduler->quiet_seen > QUIET_TURNS_MIN;
    scheduler->quiet_seen = scheduler->turns;
    scheduler->quiet_set = busy;
    if (busy) {
        timer_set(scheduler, &scheduler->quiet_timer, QUIET_NS);
        return;
    }
    scheduler->quiet_turns = scheduler->turns;
    memory_give_back();
}

/* Carrying an action out may add further ones behind it; the list is worked off to its end. */
void scheduler_pump_run(struct scheduler *scheduler)
{
    if (scheduler->turning)
        return;
    scheduler->turning = true;
    scheduler->turns += !list_empty(&scheduler->actions.items);
    for (struct list *it = scheduler->actions.items.next;
         it != &scheduler->actions.items && scheduler->read_failure.status == STATUS_OK; it = it->next)
        act(scheduler, CONTAINER_OF(it, struct engine_action, link));
    engine_actions_clear(&scheduler->actions);
    scheduler->turning = false;
    if (scheduler->read_failure.status != STATUS_OK) {
        struct err err = scheduler->read_failure;
        scheduler->read_failure = (struct err){0};
        scheduler_pump_fail(scheduler, err.status, err.text);
        return;
    }
    if (scheduler->engine && scheduler->failure.status == STATUS_OK && !task_store_busy(scheduler->store))
        loop_defer(scheduler->loop, &scheduler->flush_task);
    tick_arm(scheduler);
    quiet_watch(scheduler);
}

static void on_flush(struct loop_task *task)
{
    struct scheduler *scheduler = CONTAINER_OF(task, struct scheduler, flush_task);
    if (!scheduler->engine || scheduler->failure.status != STATUS_OK || task_store_busy(scheduler->store))
        return;
    engine_flush(scheduler->engine, &scheduler->actions);
    if (!list_empty(&scheduler->actions.items))
        scheduler_pump_run(scheduler);
}

void scheduler_pump_call(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    if (!scheduler->engine) {
        scheduler_call_finish(call, STATUS_UNAVAILABLE, "the store cannot be read");
        return;
    }
    call->in_engine = true;
    engine_call(scheduler->engine, call->method->engine_method, call->hub, call->number, message,
                scheduler_pump_now(scheduler), &scheduler->actions);
    scheduler_pump_run(scheduler);
}

void scheduler_pump_stream(struct scheduler *scheduler, struct scheduler_call *call)
{
    call->in_engine = true;
    struct engine_worker worker = {.id = buf_peek(&call->worker_id),
                                   .connection = call->connection,
                                   .message_size_max =
                                       call->large_messages ? scheduler->options.large_message_size_max : 0};
    engine_stream_open(scheduler->engine, call->hub, call->number, buf_peek(&call->message), &worker,
                       scheduler_pump_now(scheduler), &scheduler->actions);
    if (call->paused)
        engine_stream_pause(scheduler->engine, call->number, true, scheduler_pump_now(scheduler),
                            &scheduler->actions);
    scheduler_pump_run(scheduler);
}

/* --- loading --- */

static enum status load_hub(void *context, uint32_t hub, struct bytes name)
{
    struct scheduler *scheduler = context;
    enum status status = scheduler_hubs_add(scheduler, hub, name);
    return status == STATUS_OK ? engine_load_hub(scheduler->engine, hub, name) : status;
}

static enum status load_instance(void *context, const struct instance_row *row,
                                 const struct payload *payloads)
{
    struct scheduler *scheduler = context;
    bool at_start = scheduler->failures == 0; /* else the engine is built anew */
    if (at_start && !instance_status_terminal(row->status))
        scheduler_hubs_count(scheduler, row->hub);
    return engine_load_instance(scheduler->engine, row, payloads);
}

static enum status load_inbox(void *context, const struct inbox_row *row)
{
    return engine_load_inbox(((struct scheduler *)context)->engine, row);
}

static enum status load_activity(void *context, const struct activity_row *row)
{
    return engine_load_activity(((struct scheduler *)context)->engine, row);
}

static void engine_drop(struct scheduler *scheduler)
{
    engine_actions_clear(&scheduler->actions);
    engine_destroy(scheduler->engine);
    scheduler->engine = NULL;
}

STATUS_RESULT scheduler_pump_load(struct scheduler *scheduler, struct err *err)
{
    struct task_store_loader loader = {load_hub, load_instance, load_inbox, load_activity, scheduler};
    struct engine_options options = scheduler->options.engine;
    int64_t key_next = 0;
    entropy_fill(options.seed, sizeof options.seed);
    enum status status = engine_create(&options, &scheduler->engine);
    if (status != STATUS_OK)
        return err_set(err, status, "starting the engine");
    status = task_store_load(scheduler->store, &loader, &key_next, err);
    if (status != STATUS_OK) {
        engine_drop(scheduler);
        return err_wrap(err, "loading the store");
    }
    engine_load_done(scheduler->engine, key_next, scheduler_pump_now(scheduler));
    tick_arm(scheduler);
    return STATUS_OK;
}

/* --- failure and recovery --- */

enum status scheduler_pump_refusal(const struct scheduler *scheduler, bool worker)
{
    /* A worker tries again only after UNAVAILABLE (spec 2.9). */
    return scheduler->failure.status == STATUS_RESOURCE_EXHAUSTED && !worker ? STATUS_RESOURCE_EXHAUSTED
                                                                             : STATUS_UNAVAILABLE;
}

/* What the engine held. Reads and waits will be asked again of the next engine; writes may or may not have
 * happened, and say so. */
static void fail_writes(struct scheduler *scheduler)
{
    char text[320];
    snprintf(text, sizeof text, "not written: %s", scheduler->failure.text);
    list_each_safe (it, &scheduler->calls_all) {
        struct scheduler_call *call = CONTAINER_OF(it, struct scheduler_call, link);
        bool held = call->in_engine;
        call->in_engine = false;
        if (held && !call->is_stream && !call->method->keeps)
            scheduler_call_finish(call, scheduler_pump_refusal(scheduler, call->method->worker), text);
    }
    size_t position = 0;
    struct scheduler_purge *purge;
    while ((purge = map_drain(&scheduler->purges, &position)))
        scheduler_purge_answered(purge, scheduler_pump_refusal(scheduler, false), text, (struct bytes){0});
}

/* Gives kept calls to an engine that has just been loaded. Each is taken off a list of its own, since asking
 * may end any of them, or fail and come here again. */
static void ask_again(struct scheduler *scheduler, bool streams)
{
    struct list todo;
    struct list *it;
    list_init(&todo);
    list_splice(&todo, &scheduler->calls_all);
    while ((it = list_pop_front(&todo))) {
        struct scheduler_call *call = CONTAINER_OF(it, struct scheduler_call, link);
        list_push_back(&scheduler->calls_all, it);
        if (call->in_engine || call->gone || !call->method->keeps || call->is_stream != streams)
            continue;
        if (call->begun) /* half a history went out already */
            scheduler_call_finish(call, STATUS_UNAVAILABLE, "interrupted by a failure of the store");
        else if (!streams)
            scheduler_pump_call(scheduler, call, buf_peek(&call->message));
        else if (scheduler->failure.status == STATUS_OK)
            scheduler_pump_stream(scheduler, call);
    }
}

void scheduler_pump_fail(struct scheduler *scheduler, enum status status, const char *text)
{
    bool again = scheduler->failure.status != STATUS_OK;
    struct err err = {0};
    (void)err_set(&scheduler->failure, status, "%s", text);
    if (!again) {
        scheduler->failures++;
        scheduler->recover_delay_ns = MAX(scheduler->recover_delay_ns, RECOVER_MIN_NS);
        log_error("svc/scheduler", "writing stopped error=\"%s\"", scheduler->failure.text);
    }
    loop_defer_cancel(&scheduler->flush_task);
    loop_timer_cancel(&scheduler->tick_timer);
    engine_drop(scheduler);
    fail_writes(scheduler);
    timer_set(scheduler, &scheduler->recover_timer, scheduler->recover_delay_ns);
    timer_set(scheduler, &scheduler->ping_timer, PING_INTERVAL_NS);
    /* A commit may still be running if it was a read that failed; on_recover waits for it. */
    if (!again && !task_store_busy(scheduler->store)) {
        if (scheduler_pump_load(scheduler, &err) != STATUS_OK)
            log_error("svc/scheduler", "reading stopped error=\"%s\"", err.text);
    }
    ask_again(scheduler, false);
}

static enum status recover(struct scheduler *scheduler, struct err *err)
{
    if (task_store_busy(scheduler->store))
        return err_set(err, STATUS_UNAVAILABLE, "a commit is still running");
    enum status status = task_store_recover(scheduler->store, err);
    if (status != STATUS_OK)
        return status;
    /* The engine that serves reads was built from the store after the failure, and nothing was written since:
     * it goes on. To build another one would hold up everybody for as long again. */
    return scheduler->engine ? STATUS_OK : scheduler_pump_load(scheduler, err);
}

static void on_recover(struct loop_timer *timer)
{
    struct scheduler *scheduler = CONTAINER_OF(timer, struct scheduler, recover_timer);
    struct err err = {0};
    if (recover(scheduler, &err) != STATUS_OK) {
        log_debug("svc/scheduler", "still not writing error=\"%s\"", err.text);
        scheduler->recover_delay_ns = MIN(scheduler->recover_delay_ns * 2, RECOVER_MAX_NS);
        timer_set(scheduler, &scheduler->recover_timer, scheduler->recover_delay_ns);
        return;
    }
    scheduler->failure = (struct err){0};
    scheduler->recover_delay_ns =
        MIN(scheduler->recover_delay_ns * 2, RECOVER_MAX_NS); /* for when it fails at once again */
    loop_timer_cancel(&scheduler->ping_timer);
    if (task_store_low(scheduler->store))
        log_warn("svc/scheduler",
                 "writing again, with the reserve: the disk is nearly full, and nothing new is taken");
    else
        log_info("svc/scheduler", "writing again");
    ask_again(scheduler, false);
    ask_again(scheduler, true);
    tick_arm(scheduler);
}

/* Silent streams are given up by their workers after two minutes. */
static void on_ping(struct loop_timer *timer)
{
    struct scheduler *scheduler = CONTAINER_OF(timer, struct scheduler, ping_timer);
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_health_ping ping = {0};
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_HEALTH_PING, .health_ping = &ping};
    pb_work_item_encode(&item, &message);
    list_each (it, &scheduler->calls_all) {
        struct scheduler_call *call = CONTAINER_OF(it, struct scheduler_call, link);
        if (call->is_stream && !call->gone && buf_status(&message) == STATUS_OK)
            (void)grpc_stream_send(scheduler->grpc, (struct grpc_call_id){call->number}, buf_peek(&message),
                                   NULL);
    }
    timer_set(scheduler, &scheduler->ping_timer, PING_INTERVAL_NS);
}

/* --- life --- */

void scheduler_pump_init(struct scheduler *scheduler)
{
    engine_actions_init(&scheduler->actions);
    scheduler->flush_task.on_run = on_flush;
    scheduler->tick_timer.on_fire = on_tick;
    scheduler->recover_timer.on_fire = on_recover;
    scheduler->ping_timer.on_fire = on_ping;
    scheduler->quiet_timer.on_fire = on_quiet;
}

void scheduler_pump_fini(struct scheduler *scheduler)
{
    loop_defer_cancel(&scheduler->flush_task);
    loop_timer_cancel(&scheduler->tick_timer);
    loop_timer_cancel(&scheduler->recover_timer);
    loop_timer_cancel(&scheduler->ping_timer);
    loop_timer_cancel(&scheduler->quiet_timer);
    engine_actions_fini(&scheduler->actions);
    engine_destroy(scheduler->engine);
    scheduler->engine = NULL;
}
