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

struct engine_time scheduler_pump_now(const struct scheduler *s)
{
    return (struct engine_time){.steady_ns = clock_monotonic_ns(), .unix_ns = s->options.unix_ns()};
}

/* A timer that is not set would hang everything, so there is no going on without it. */
static void timer_set(struct scheduler *s, struct loop_timer *t, int64_t delay_ns)
{
    enum status status = loop_timer_set(s->loop, t, clock_monotonic_ns() + delay_ns);
    ASSERT(status == STATUS_OK);
}

static void tick_arm(struct scheduler *s)
{
    loop_timer_cancel(&s->tick_timer);
    if (!s->engine || s->failure.status != STATUS_OK)
        return;
    bool steppable;
    int64_t delay = engine_wait(s->engine, scheduler_pump_now(s), &steppable);
    if (steppable)
        delay = MIN(delay, TICK_DELAY_MAX_NS);
    if (delay != INT64_MAX)
        timer_set(s, &s->tick_timer, delay);
}

static void on_tick(struct loop_timer *t)
{
    struct scheduler *s = CONTAINER_OF(t, struct scheduler, tick_timer);
    if (s->engine && s->failure.status == STATUS_OK)
        engine_tick(s->engine, scheduler_pump_now(s), &s->actions);
    scheduler_pump_run(s);
}

/* --- actions --- */

static void on_committed(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct scheduler *s = context;
    if (status != STATUS_OK) {
        scheduler_pump_fail(s, status, text);
        return;
    }
    if (s->failure.status != STATUS_OK)
        return;              /* a read failed meanwhile, and the engine that made the set is gone */
    s->recover_delay_ns = 0; /* a real set, not a probe: the disk is well */
    engine_committed(s->engine, sequence, scheduler_pump_now(s), &s->actions);
    engine_flush(s->engine, &s->actions);
    scheduler_pump_run(s);
}

static void act_reply(struct scheduler *s, const struct engine_action *a)
{
    struct purge *p = map_get(&s->purges, map_u64_key(&a->call));
    if (p) {
        scheduler_purge_answered(p, a->status, a->text, a->message);
        return;
    }
    struct call *c = scheduler_call_find(s, a->call);
    if (!c)
        return;
    if (a->status != STATUS_OK || c->method->engine_method == ENGINE_STREAM_HISTORY)
        scheduler_call_finish(c, a->status, a->text);
    else
        scheduler_call_reply(c, a->message);
}

static void act_history(struct scheduler *s, const struct engine_action *a)
{
    struct call *c = scheduler_call_find(s, a->call);
    if (!c)
        return;
    struct grpc_call_id id = {c->number};
    if (!c->begun)
        c->begun = grpc_stream_begin(s->grpc, id);
    (void)grpc_stream_send(s->grpc, id, a->message, NULL);
}

static void act_send_work(struct scheduler *s, const struct engine_action *a)
{
    struct call *c = scheduler_call_find(s, a->stream);
    size_t queued = 0;
    if (!c || !grpc_stream_send(s->grpc, (struct grpc_call_id){c->number}, a->message, &queued))
        return; /* on_cancelled tells the engine */
    if (queued <= s->options.stream_queue_max || c->paused)
        return;
    c->paused = true;
    engine_stream_pause(s->engine, c->number, true, scheduler_pump_now(s), &s->actions);
}

static void act_end_stream(struct scheduler *s, const struct engine_action *a)
{
    struct call *c = scheduler_call_find(s, a->stream);
    if (!c)
        return;
    c->in_engine = false;
    scheduler_call_finish(c, a->status, a->text);
}

static void act_fetch(struct scheduler *s, const struct engine_action *a)
{
    CLEANUP(arena_fini) struct arena arena;
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    arena_init(&arena, FETCH_ARENA_MAX);
    enum status status =
        task_store_read_instance(s->store, a->hub, a->instance_id, &arena, &row, payloads, &s->read_failure);
    if (status == STATUS_NOT_FOUND)
        s->read_failure = (struct err){0};
    else if (status != STATUS_OK)
        return; /* to say "there is none" would be a lie: the turn ends in scheduler_pump_fail */
    engine_fetched(s->engine, a->hub, a->instance_id, status == STATUS_OK ? &row : NULL, payloads,
                   scheduler_pump_now(s), &s->actions);
}

static void act_fetch_history(struct scheduler *s, const struct engine_action *a)
{
    CLEANUP(buf_fini) struct buf events = {.limit = HISTORY_SIZE_MAX};
    if (task_store_read_history(s->store, a->key, &events, &s->read_failure) == STATUS_OK)
        engine_history_fetched(s->engine, a->key, buf_peek(&events), scheduler_pump_now(s), &s->actions);
}

static void act_note(const struct scheduler *s, const struct engine_action *a)
{
    struct bytes hub = scheduler_hubs_name(s, a->hub);
    if (a->instance_id.size)
        log_write(a->level, "svc/scheduler", "%s hub=\"%.*s\" instance=\"%.*s\"", a->text, BYTES_FMT(hub),
                  BYTES_FMT(a->instance_id));
    else
        log_write(a->level, "svc/scheduler", "%s hub=\"%.*s\"", a->text, BYTES_FMT(hub));
}

static void act(struct scheduler *s, struct engine_action *a)
{
    switch (a->kind) {
    case ENGINE_COMMIT: {
        struct write_set *w = a->write_set;
        a->write_set = NULL;
        task_store_submit(s->store, w, on_committed, s);
        return;
    }
    case ENGINE_REPLY:
        act_reply(s, a);
        return;
    case ENGINE_HISTORY:
        act_history(s, a);
        return;
    case ENGINE_SEND_WORK:
        act_send_work(s, a);
        return;
    case ENGINE_END_STREAM:
        act_end_stream(s, a);
        return;
    case ENGINE_FETCH:
        act_fetch(s, a);
        return;
    case ENGINE_FETCH_HISTORY:
        act_fetch_history(s, a);
        return;
    case ENGINE_NOTE:
        act_note(s, a);
        return;
    }
    ASSERT(!"unknown engine action");
}

/* What a storm has freed is the allocator's until somebody asks for it, which costs milliseconds: so when it is
 * over, and not on a beat of pings and timers. */
static void quiet_watch(struct scheduler *s)
{
    if (s->quiet_turns + QUIET_TURNS_MIN > s->turns)
        return;
    if (!s->quiet_set)
        timer_set(s, &s->quiet_timer, QUIET_NS);
    s->quiet_set = true;
}

static void on_quiet(struct loop_timer *t)
{
    struct scheduler *s = CONTAINER_OF(t, struct scheduler, quiet_timer);
    bool busy = s->turns - s->quiet_seen > QUIET_TURNS_MIN;
    s->quiet_seen = s->turns;
    s->quiet_set = busy;
    if (busy) {
        timer_set(s, &s->quiet_timer, QUIET_NS);
        return;
    }
    s->quiet_turns = s->turns;
    memory_give_back();
}

/* Carrying an action out may add further ones behind it; the list is worked off to its end. */
void scheduler_pump_run(struct scheduler *s)
{
    if (s->turning)
        return;
    s->turning = true;
    s->turns += !list_empty(&s->actions.items);
    for (struct list *it = s->actions.items.next;
         it != &s->actions.items && s->read_failure.status == STATUS_OK; it = it->next)
        act(s, CONTAINER_OF(it, struct engine_action, link));
    engine_actions_clear(&s->actions);
    s->turning = false;
    if (s->read_failure.status != STATUS_OK) {
        struct err e = s->read_failure;
        s->read_failure = (struct err){0};
        scheduler_pump_fail(s, e.status, e.text);
        return;
    }
    if (s->engine && s->failure.status == STATUS_OK && !task_store_busy(s->store))
        loop_defer(s->loop, &s->flush_task);
    tick_arm(s);
    quiet_watch(s);
}

static void on_flush(struct loop_task *t)
{
    struct scheduler *s = CONTAINER_OF(t, struct scheduler, flush_task);
    if (!s->engine || s->failure.status != STATUS_OK || task_store_busy(s->store))
        return;
    engine_flush(s->engine, &s->actions);
    if (!list_empty(&s->actions.items))
        scheduler_pump_run(s);
}

void scheduler_pump_call(struct scheduler *s, struct call *c, struct bytes message)
{
    if (!s->engine) {
        scheduler_call_finish(c, STATUS_UNAVAILABLE, "the store cannot be read");
        return;
    }
    c->in_engine = true;
    engine_call(s->engine, c->method->engine_method, c->hub, c->number, message, scheduler_pump_now(s),
                &s->actions);
    scheduler_pump_run(s);
}

void scheduler_pump_stream(struct scheduler *s, struct call *c)
{
    c->in_engine = true;
    struct engine_worker worker = {.id = buf_peek(&c->worker_id),
                                   .connection = c->connection,
                                   .message_size_max =
                                       c->large_messages ? s->options.large_message_size_max : 0};
    engine_stream_open(s->engine, c->hub, c->number, buf_peek(&c->message), &worker, scheduler_pump_now(s),
                       &s->actions);
    if (c->paused)
        engine_stream_pause(s->engine, c->number, true, scheduler_pump_now(s), &s->actions);
    scheduler_pump_run(s);
}

/* --- loading --- */

static enum status load_hub(void *context, uint32_t hub, struct bytes name)
{
    struct scheduler *s = context;
    enum status status = scheduler_hubs_add(s, hub, name);
    return status == STATUS_OK ? engine_load_hub(s->engine, hub, name) : status;
}

static enum status load_instance(void *context, const struct instance_row *row,
                                 const struct payload *payloads)
{
    struct scheduler *s = context;
    bool at_start = s->failures == 0; /* else the engine is built anew */
    if (at_start && !instance_status_terminal(row->status))
        scheduler_hubs_count(s, row->hub);
    return engine_load_instance(s->engine, row, payloads);
}

static enum status load_inbox(void *context, const struct inbox_row *row)
{
    return engine_load_inbox(((struct scheduler *)context)->engine, row);
}

static enum status load_activity(void *context, const struct activity_row *row)
{
    return engine_load_activity(((struct scheduler *)context)->engine, row);
}

static void engine_drop(struct scheduler *s)
{
    engine_actions_clear(&s->actions);
    engine_destroy(s->engine);
    s->engine = NULL;
}

STATUS_RESULT scheduler_pump_load(struct scheduler *s, struct err *e)
{
    struct task_store_loader loader = {load_hub, load_instance, load_inbox, load_activity, s};
    struct engine_options options = s->options.engine;
    int64_t key_next = 0;
    entropy_fill(options.seed, sizeof options.seed);
    enum status status = engine_create(&options, &s->engine);
    if (status != STATUS_OK)
        return err_set(e, status, "starting the engine");
    status = task_store_load(s->store, &loader, &key_next, e);
    if (status != STATUS_OK) {
        engine_drop(s);
        return err_wrap(e, "loading the store");
    }
    engine_load_done(s->engine, key_next, scheduler_pump_now(s));
    tick_arm(s);
    return STATUS_OK;
}

/* --- failure and recovery --- */

enum status scheduler_pump_refusal(const struct scheduler *s, bool worker)
{
    /* A worker tries again only after UNAVAILABLE (spec 2.9). */
    return s->failure.status == STATUS_RESOURCE_EXHAUSTED && !worker ? STATUS_RESOURCE_EXHAUSTED
                                                                     : STATUS_UNAVAILABLE;
}

/* What the engine held. Reads and waits will be asked again of the next engine; writes may or may not have
 * happened, and say so. */
static void fail_writes(struct scheduler *s)
{
    char text[320];
    snprintf(text, sizeof text, "not written: %s", s->failure.text);
    list_each_safe (it, &s->calls_all) {
        struct call *c = CONTAINER_OF(it, struct call, link);
        bool held = c->in_engine;
        c->in_engine = false;
        if (held && !c->is_stream && !c->method->keeps)
            scheduler_call_finish(c, scheduler_pump_refusal(s, c->method->worker), text);
    }
    size_t position = 0;
    struct purge *p;
    while ((p = map_drain(&s->purges, &position)))
        scheduler_purge_answered(p, scheduler_pump_refusal(s, false), text, (struct bytes){0});
}

/* Gives kept calls to an engine that has just been loaded. Each is taken off a list of its own, since asking
 * may end any of them, or fail and come here again. */
static void ask_again(struct scheduler *s, bool streams)
{
    struct list todo;
    struct list *it;
    list_init(&todo);
    list_splice(&todo, &s->calls_all);
    while ((it = list_pop_front(&todo))) {
        struct call *c = CONTAINER_OF(it, struct call, link);
        list_push_back(&s->calls_all, it);
        if (c->in_engine || c->gone || !c->method->keeps || c->is_stream != streams)
            continue;
        if (c->begun) /* half a history went out already */
            scheduler_call_finish(c, STATUS_UNAVAILABLE, "interrupted by a failure of the store");
        else if (!streams)
            scheduler_pump_call(s, c, buf_peek(&c->message));
        else if (s->failure.status == STATUS_OK)
            scheduler_pump_stream(s, c);
    }
}

void scheduler_pump_fail(struct scheduler *s, enum status status, const char *text)
{
    bool again = s->failure.status != STATUS_OK;
    struct err e = {0};
    (void)err_set(&s->failure, status, "%s", text);
    if (!again) {
        s->failures++;
        s->recover_delay_ns = MAX(s->recover_delay_ns, RECOVER_MIN_NS);
        log_error("svc/scheduler", "writing stopped error=\"%s\"", s->failure.text);
    }
    loop_defer_cancel(&s->flush_task);
    loop_timer_cancel(&s->tick_timer);
    engine_drop(s);
    fail_writes(s);
    timer_set(s, &s->recover_timer, s->recover_delay_ns);
    timer_set(s, &s->ping_timer, PING_INTERVAL_NS);
    /* A commit may still be running if it was a read that failed; on_recover waits for it. */
    if (!again && !task_store_busy(s->store)) {
        if (scheduler_pump_load(s, &e) != STATUS_OK)
            log_error("svc/scheduler", "reading stopped error=\"%s\"", e.text);
    }
    ask_again(s, false);
}

static enum status recover(struct scheduler *s, struct err *e)
{
    if (task_store_busy(s->store))
        return err_set(e, STATUS_UNAVAILABLE, "a commit is still running");
    enum status status = task_store_recover(s->store, e);
    if (status != STATUS_OK)
        return status;
    /* The engine that serves reads was built from the store after the failure, and nothing was written since:
     * it goes on. To build another one would hold up everybody for as long again. */
    return s->engine ? STATUS_OK : scheduler_pump_load(s, e);
}

static void on_recover(struct loop_timer *t)
{
    struct scheduler *s = CONTAINER_OF(t, struct scheduler, recover_timer);
    struct err e = {0};
    if (recover(s, &e) != STATUS_OK) {
        log_debug("svc/scheduler", "still not writing error=\"%s\"", e.text);
        s->recover_delay_ns = MIN(s->recover_delay_ns * 2, RECOVER_MAX_NS);
        timer_set(s, &s->recover_timer, s->recover_delay_ns);
        return;
    }
    s->failure = (struct err){0};
    s->recover_delay_ns = MIN(s->recover_delay_ns * 2, RECOVER_MAX_NS); /* for when it fails at once again */
    loop_timer_cancel(&s->ping_timer);
    if (task_store_low(s->store))
        log_warn("svc/scheduler", "writing again, with the reserve: the disk is nearly full, and nothing new is taken");
    else
        log_info("svc/scheduler", "writing again");
    ask_again(s, false);
    ask_again(s, true);
    tick_arm(s);
}

/* Silent streams are given up by their workers after two minutes. */
static void on_ping(struct loop_timer *t)
{
    struct scheduler *s = CONTAINER_OF(t, struct scheduler, ping_timer);
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_health_ping ping = {0};
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_HEALTH_PING, .health_ping = &ping};
    pb_work_item_encode(&item, &message);
    list_each (it, &s->calls_all) {
        struct call *c = CONTAINER_OF(it, struct call, link);
        if (c->is_stream && !c->gone && buf_status(&message) == STATUS_OK)
            (void)grpc_stream_send(s->grpc, (struct grpc_call_id){c->number}, buf_peek(&message), NULL);
    }
    timer_set(s, &s->ping_timer, PING_INTERVAL_NS);
}

/* --- life --- */

void scheduler_pump_init(struct scheduler *s)
{
    engine_actions_init(&s->actions);
    s->flush_task.on_run = on_flush;
    s->tick_timer.on_fire = on_tick;
    s->recover_timer.on_fire = on_recover;
    s->ping_timer.on_fire = on_ping;
    s->quiet_timer.on_fire = on_quiet;
}

void scheduler_pump_fini(struct scheduler *s)
{
    loop_defer_cancel(&s->flush_task);
    loop_timer_cancel(&s->tick_timer);
    loop_timer_cancel(&s->recover_timer);
    loop_timer_cancel(&s->ping_timer);
    loop_timer_cancel(&s->quiet_timer);
    engine_actions_fini(&s->actions);
    engine_destroy(s->engine);
    s->engine = NULL;
}
