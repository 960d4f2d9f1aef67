/* SPDX-License-Identifier: MIT */
/* scheduler_pump.c — what the partition wants of the service: answers and work items to the network, calls that a failure
 * took from the engine failed or asked again, pings while it lasts, memory given back after a storm. */
#include <stdio.h>

#include "base/log.h"
#include "core/task/instance_status.h"
#include "core/task/worker_note.h"
#include "os/clock.h"
#include "os/memory.h"
#include "svc/scheduler/scheduler_service_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

#define QUIET_NS         (2 * NS_PER_S)  /* between looks whether the storm is over */
#define QUIET_TURNS_MIN  100             /* turns between looks that make a storm, or its end */
#define PING_INTERVAL_NS (30 * NS_PER_S) /* while writing has stopped (spec 2.9, duty 3) */

/* A timer that is not set would hang everything, so there is no going on without it. */
static void timer_set(struct scheduler *scheduler, struct loop_timer *timer, int64_t delay_ns)
{
    enum status status = loop_timer_set(scheduler->loop, timer, clock_monotonic_ns() + delay_ns);
    ASSERT(status == STATUS_OK);
}

/* --- actions --- */

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
    if (call)
        scheduler_call_send(call, action->message);
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
    partition_stream_pause(scheduler->partition, call->number, true);
}

static void act_end_stream(struct scheduler *scheduler, const struct engine_action *action)
{
    struct scheduler_call *call = scheduler_call_find(scheduler, action->stream);
    if (!call)
        return;
    call->in_engine = false;
    scheduler_call_finish(call, action->status, action->text);
}

/* Whoever may name a hub or an instance must not write lines of their own: names are shown printable. */
void scheduler_pump_tell(const struct scheduler *scheduler, enum log_level level, uint32_t hub,
                         struct bytes instance_id, const char *text)
{
    CLEANUP(buf_fini) struct buf who = {0};
    buf_append_cstr(&who, "hub=");
    worker_note_name(&who, scheduler_hubs_name(scheduler, hub));
    if (instance_id.size) {
        buf_append_cstr(&who, " instance=");
        worker_note_name(&who, instance_id);
    }
    log_write(level, "svc/scheduler", "%s %.*s", text, BYTES_FMT(buf_peek(&who)));
}

static void act_changed(const struct scheduler *scheduler, const struct engine_action *action)
{
    list_each_safe (it, &scheduler->watchers) {
        struct scheduler_watcher *watcher = CONTAINER_OF(it, struct scheduler_watcher, link);
        watcher->on_change(watcher, action->row, action->gone);
    }
}

static void act_entity(const struct scheduler *scheduler, const struct engine_action *action)
{
    list_each_safe (it, &scheduler->watchers) {
        struct scheduler_watcher *watcher = CONTAINER_OF(it, struct scheduler_watcher, link);
        if (watcher->on_entity)
            watcher->on_entity(watcher, action->hub, action->entity);
    }
}

/* Another engine knows nobody who watches, and what the last one had not told is lost. */
static void watch_again(struct scheduler *scheduler)
{
    scheduler_hubs_watch_again(scheduler);
    list_each_safe (it, &scheduler->watchers) {
        struct scheduler_watcher *watcher = CONTAINER_OF(it, struct scheduler_watcher, link);
        watcher->on_reset(watcher);
    }
}

static void on_action(void *context, const struct engine_action *action)
{
    struct scheduler *scheduler = context;
    switch (action->kind) {
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
    case ENGINE_CHANGED:
        act_changed(scheduler, action);
        return;
    case ENGINE_CHANGED_ENTITY:
        act_entity(scheduler, action);
        return;
    case ENGINE_TRACE:
        if (scheduler->options.on_trace)
            scheduler->options.on_trace(scheduler->options.trace_context, action->message,
                                        action->span_count);
        return;
    case ENGINE_NOTE:
        scheduler_pump_tell(scheduler, action->level, action->hub, action->instance_id, action->text);
        return;
    case ENGINE_COMMIT:
    case ENGINE_FETCH:
    case ENGINE_FETCH_ENTITY:
    case ENGINE_FETCH_HISTORY:
        break; /* the partition's */
    }
    ASSERT(!"unknown engine action");
}

/* What a storm has freed is the allocator's until somebody asks for it, which costs milliseconds: so when it is
 * over, and not on a beat of pings and timers. */
static void on_turn(void *context)
{
    struct scheduler *scheduler = context;
    scheduler->turns++;
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

void scheduler_pump_call(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    if (call->method->keeps && partition_loading(scheduler->partition))
        return; /* on_reading asks again */
    call->in_engine = true;
    enum status status =
        partition_call(scheduler->partition, call->method->engine_method, call->hub, call->number, message);
    if (status != STATUS_OK) { /* else the call may be over, and gone */
        call->in_engine = false;
        scheduler_call_finish(call, status, "the store cannot be read");
    }
}

void scheduler_pump_stream(struct scheduler *scheduler, struct scheduler_call *call)
{
    call->in_engine = true;
    struct engine_worker worker = {.id = buf_peek(&call->worker_id),
                                   .connection = call->connection,
                                   .message_size_max =
                                       call->large_messages ? scheduler->options.large_message_size_max : 0,
                                   .entities_flat = call->entities_flat,
                                   .entities_none = call->entities_none};
    partition_stream_open(scheduler->partition, call->hub, call->number, buf_peek(&call->message), &worker,
                          call->paused);
}

static enum status on_hub(void *context, uint32_t hub, struct bytes name)
{
    return scheduler_hubs_add(context, hub, name);
}

static enum status on_retention(void *context, uint32_t hub, struct bytes rules)
{
    return scheduler_hubs_retain(context, hub, rules);
}

static void on_instance(void *context, const struct instance_row *row, bool at_start)
{
    if (at_start && !instance_status_terminal(row->status))
        scheduler_hubs_count(context, row->hub);
}

/* --- failure --- */

enum status scheduler_pump_refusal(const struct scheduler *scheduler, bool worker)
{
    /* A worker tries again only after UNAVAILABLE (spec 2.9). */
    bool full = partition_failure(scheduler->partition)->status == STATUS_RESOURCE_EXHAUSTED;
    return full && !worker ? STATUS_RESOURCE_EXHAUSTED : STATUS_UNAVAILABLE;
}

/* What the engine held. Reads and waits will be asked again of the next engine; writes may or may not have
 * happened, and say so. */
static void on_failed(void *context)
{
    struct scheduler *scheduler = context;
    char text[320];
    snprintf(text, sizeof text, "not written: %s", partition_failure(scheduler->partition)->text);
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
    timer_set(scheduler, &scheduler->ping_timer, PING_INTERVAL_NS);
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
        if (call->in_engine || call->gone || call->waits_for_hub || !call->method->keeps ||
            call->is_stream != streams)
            continue;
        if (call->begun) /* half a history went out already */
            scheduler_call_finish(call, STATUS_UNAVAILABLE, "interrupted by a failure of the store");
        else if (!streams)
            scheduler_pump_call(scheduler, call, buf_peek(&call->message));
        else if (partition_failure(scheduler->partition)->status == STATUS_OK)
            scheduler_pump_stream(scheduler, call);
    }
}

static void on_reading(void *context)
{
    watch_again(context);
    ask_again(context, false);
}

static void on_writing(void *context)
{
    struct scheduler *scheduler = context;
    loop_timer_cancel(&scheduler->ping_timer);
    watch_again(scheduler); /* there may be another engine again, if the last one could not be built */
    ask_again(scheduler, false);
    ask_again(scheduler, true);
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

const struct partition_owner scheduler_partition_owner = {
    .on_hub = on_hub,
    .on_retention = on_retention,
    .on_instance = on_instance,
    .on_action = on_action,
    .on_turn = on_turn,
    .on_failed = on_failed,
    .on_reading = on_reading,
    .on_writing = on_writing,
};

void scheduler_pump_init(struct scheduler *scheduler)
{
    scheduler->ping_timer.on_fire = on_ping;
    scheduler->quiet_timer.on_fire = on_quiet;
}

void scheduler_pump_fini(struct scheduler *scheduler)
{
    loop_timer_cancel(&scheduler->ping_timer);
    loop_timer_cancel(&scheduler->quiet_timer);
}
