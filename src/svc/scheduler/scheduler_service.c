/* SPDX-License-Identifier: MIT */
/* scheduler_service.c — creating and stopping the service, the method table, and the life of a call. */
#include "svc/scheduler/scheduler_service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/scheduler/scheduler_health.h"
#include "svc/scheduler/scheduler_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

#define STREAM_QUEUE_MAX       ((size_t)8 << 20)  /* bytes */
#define CLIENT_MESSAGE_MAX     ((size_t)4 << 20)  /* bytes of a request that is no result of a worker */
#define LARGE_MESSAGE_SIZE_MAX ((size_t)64 << 20) /* bytes */
#define LARGE_MESSAGE_AGENTS   "durabletask-js"   /* its gRPC sets no limit (spec 2.6) */

/* --- calls --- */

/* True if the agent begins with one of the names, which commas separate. */
static bool agent_listed(struct bytes agent, const char *names)
{
    while (*names) {
        size_t size = strcspn(names, ",");
        struct bytes name = bytes_trim(bytes_of(names, size));
        if (name.size && bytes_starts_with(agent, name))
            return true;
        names += size + (names[size] == ',');
    }
    return false;
}

/* Azure's SDKs name themselves in a header of their own; the core SDK of JavaScript in the usual one. */
static bool takes_large_messages(const struct scheduler *s, const struct grpc_request *r)
{
    return agent_listed(r->metadata(r, "x-user-agent"), s->options.large_message_agents) ||
           agent_listed(r->metadata(r, "user-agent"), s->options.large_message_agents);
}

struct call *scheduler_call_find(const struct scheduler *s, uint64_t number)
{
    return map_get(&s->calls, map_u64_key(&number));
}

static struct call *call_create(struct scheduler *s, const struct grpc_request *r, const struct method *m,
                                uint32_t hub)
{
    struct call *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct call){
        .number = r->id.value, .method = m, .scheduler = s, .hub = hub, .connection = r->connection};
    if (m->keeps) {
        c->message.limit = SIZE_MAX;
        c->worker_id.limit = SIZE_MAX;
        buf_append_bytes(&c->message, r->message);
        buf_append_bytes(&c->worker_id, r->metadata(r, "workerid"));
        c->large_messages = takes_large_messages(s, r);
    }
    if (buf_status(&c->message) != STATUS_OK || buf_status(&c->worker_id) != STATUS_OK ||
        map_put(&s->calls, map_u64_key(&c->number), c) != STATUS_OK) {
        buf_fini(&c->message);
        buf_fini(&c->worker_id);
        free(c);
        return NULL;
    }
    list_push_back(&s->calls_all, &c->link);
    s->call_count++;
    return c;
}

/* The number is free from here on; the object may stay until the store or engine is done with it. */
static void call_unlist(struct call *c)
{
    if (scheduler_call_find(c->scheduler, c->number) == c)
        (void)map_take(&c->scheduler->calls, map_u64_key(&c->number));
}

void scheduler_call_destroy(struct call *c)
{
    call_unlist(c);
    list_remove(&c->link);
    buf_fini(&c->message);
    buf_fini(&c->worker_id);
    free(c);
}

void scheduler_call_reply(struct call *c, struct bytes message)
{
    if (!c->gone)
        (void)grpc_reply(c->scheduler->grpc, (struct grpc_call_id){c->number}, message);
    scheduler_call_destroy(c);
}

void scheduler_call_finish(struct call *c, enum status status, const char *text)
{
    if (!c->gone)
        (void)grpc_finish(c->scheduler->grpc, (struct grpc_call_id){c->number}, status, text);
    scheduler_call_destroy(c);
}

/* --- methods --- */

static void handle_hello(struct scheduler *s, struct call *c, struct bytes message)
{
    scheduler_call_reply(c, (struct bytes){0});
}

static void handle_engine(struct scheduler *s, struct call *c, struct bytes message)
{
    scheduler_pump_call(s, c, message);
}

static void handle_work_items(struct scheduler *s, struct call *c, struct bytes message)
{
    c->is_stream = true;
    if (!grpc_stream_begin(s->grpc, (struct grpc_call_id){c->number})) {
        scheduler_call_destroy(c);
        return;
    }
    if (s->failure.status == STATUS_OK)
        scheduler_pump_stream(s, c);
}

static void handle_refusal(struct scheduler *s, struct call *c, struct bytes message)
{
    scheduler_call_finish(c, STATUS_UNIMPLEMENTED, c->method->refusal);
}

#define WRITE(m)                                                                                             \
    {                                                                                                        \
        .handle = handle_engine, .engine_method = (m), .write = true                                         \
    }
#define READ(m)                                                                                              \
    {                                                                                                        \
        .handle = handle_engine, .engine_method = (m), .keeps = true                                         \
    }
#define WAIT(m)                                                                                              \
    {                                                                                                        \
        .handle = handle_engine, .engine_method = (m), .keeps = true, .held_forever = true                   \
    }
#define COMPLETE(m)                                                                                          \
    {                                                                                                        \
        .handle = handle_engine, .engine_method = (m), .write = true, .worker = true                         \
    }
#define REFUSE(t)                                                                                            \
    {                                                                                                        \
        .handle = handle_refusal, .refusal = (t)                                                             \
    }

#define ENTITIES "entities are not supported by this scheduler"
#define HUBS     "task hubs are created by the scheduler's settings, not by clients"

#define METHOD(name) [PB_TASK_HUB_SIDECAR_SERVICE_##name]
static const struct method methods[PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT] = {
    METHOD(HELLO) = {.handle = handle_hello},
    METHOD(START_INSTANCE) = WRITE(ENGINE_START_INSTANCE),
    METHOD(GET_INSTANCE) = READ(ENGINE_GET_INSTANCE),
    METHOD(REWIND_INSTANCE) = REFUSE("rewind is not supported by this scheduler"),
    METHOD(RESTART_INSTANCE) = WRITE(ENGINE_RESTART),
    METHOD(WAIT_FOR_INSTANCE_START) = WAIT(ENGINE_WAIT_FOR_START),
    METHOD(WAIT_FOR_INSTANCE_COMPLETION) = WAIT(ENGINE_WAIT_FOR_COMPLETION),
    METHOD(RAISE_EVENT) = WRITE(ENGINE_RAISE_EVENT),
    METHOD(TERMINATE_INSTANCE) = WRITE(ENGINE_TERMINATE),
    METHOD(SUSPEND_INSTANCE) = WRITE(ENGINE_SUSPEND),
    METHOD(RESUME_INSTANCE) = WRITE(ENGINE_RESUME),
    METHOD(QUERY_INSTANCES) = {.handle = scheduler_query_instances},
    METHOD(LIST_INSTANCE_IDS) = {.handle = scheduler_query_ids},
    METHOD(PURGE_INSTANCES) = {.handle = scheduler_purge, .engine_method = ENGINE_PURGE, .write = true},
    METHOD(GET_WORK_ITEMS) = {.handle = handle_work_items, .keeps = true, .held_forever = true},
    METHOD(COMPLETE_ACTIVITY_TASK) = COMPLETE(ENGINE_COMPLETE_ACTIVITY),
    METHOD(COMPLETE_ORCHESTRATOR_TASK) = COMPLETE(ENGINE_COMPLETE_ORCHESTRATOR),
    METHOD(COMPLETE_ENTITY_TASK) = REFUSE(ENTITIES),
    METHOD(STREAM_INSTANCE_HISTORY) = READ(ENGINE_STREAM_HISTORY),
    METHOD(CREATE_TASK_HUB) = REFUSE(HUBS),
    METHOD(DELETE_TASK_HUB) = REFUSE(HUBS),
    METHOD(SIGNAL_ENTITY) = REFUSE(ENTITIES),
    METHOD(GET_ENTITY) = REFUSE(ENTITIES),
    METHOD(QUERY_ENTITIES) = REFUSE(ENTITIES),
    METHOD(CLEAN_ENTITY_STORAGE) = REFUSE(ENTITIES),
    METHOD(ABANDON_TASK_ACTIVITY_WORK_ITEM) = COMPLETE(ENGINE_ABANDON_ACTIVITY),
    METHOD(ABANDON_TASK_ORCHESTRATOR_WORK_ITEM) = COMPLETE(ENGINE_ABANDON_ORCHESTRATOR),
    METHOD(ABANDON_TASK_ENTITY_WORK_ITEM) = REFUSE(ENTITIES),
    METHOD(SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS) = WRITE(ENGINE_SKIP_GRACEFUL_TERMINATIONS),
};

static const struct method *method_find(struct bytes path)
{
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (bytes_equal_cstr(path, pb_task_hub_sidecar_service_methods[i].path))
            return &methods[i];
    return NULL;
}

/* --- what the gRPC server reports --- */

static enum status admit(struct scheduler *s, const struct grpc_request *r, const struct method *m,
                         uint32_t *ret_hub, struct err *e)
{
    if (!m)
        return err_set(e, STATUS_UNIMPLEMENTED, "unknown method %.*s", (int)MIN(r->path.size, 100u),
                       (const char *)r->path.data);
    if (s->stopping)
        return err_set(e, STATUS_UNAVAILABLE, "the scheduler is stopping");
    enum status status = scheduler_hubs_resolve(s, r->metadata(r, "taskhub"), ret_hub, e);
    /* The words to the cloud's SDKs are fixed (spec 2.3); our own may say more. */
    if (status == STATUS_NOT_FOUND &&
        bytes_starts_with(r->metadata(r, "x-user-agent"), BYTES_LITERAL("durabletask-c/")))
        scheduler_hubs_tell(s, e);
    if (status != STATUS_OK)
        return status;
    bool adds = m->engine_method == ENGINE_START_INSTANCE || m->engine_method == ENGINE_RESTART;
    if (m->write && adds && task_store_low(s->store))
        return err_set(e, STATUS_RESOURCE_EXHAUSTED,
                       "the disk is nearly full: what is there goes on, nothing new is taken; purge what is "
                       "over, or make "
                       "room on the disk");
    if (m->write && s->failure.status != STATUS_OK)
        return err_set(e, scheduler_pump_refusal(s, m->worker), "writes are refused: %.200s",
                       s->failure.text);
    return STATUS_OK;
}

static void on_call(void *context, const struct grpc_request *r)
{
    struct scheduler *s = context;
    struct err e = {0};
    uint32_t hub = 0;
    if (scheduler_health_answer(s->grpc, r, !s->stopping && s->failure.status == STATUS_OK))
        return;
    const struct method *m = method_find(r->path);
    enum status status = admit(s, r, m, &hub, &e);
    struct call *c = status == STATUS_OK ? call_create(s, r, m, hub) : NULL;
    if (c)
        m->handle(s, c, r->message);
    else if (status == STATUS_OK)
        (void)grpc_finish(s->grpc, r->id, STATUS_NO_MEMORY, "out of memory");
    else
        (void)grpc_finish(s->grpc, r->id, status, e.text);
}

/* What a worker has done is taken to the limit of the server: refused, it would be done again and again. All
 * else fits into what clients send by default, and names its payload limit when it is read. */
static size_t message_limit(void *context, struct bytes path)
{
    const struct method *m = method_find(path);
    return m && m->worker ? 0 : CLIENT_MESSAGE_MAX;
}

static void on_cancelled(void *context, struct grpc_call_id id)
{
    struct scheduler *s = context;
    struct call *c = scheduler_call_find(s, id.value);
    if (!c)
        return;
    if (c->is_stream) {
        if (c->in_engine)
            engine_stream_closed(s->engine, c->number, scheduler_pump_now(s), &s->actions);
        scheduler_call_destroy(c);
        scheduler_pump_run(s);
    } else if (c->in_engine) {
        engine_call_cancelled(s->engine, c->number);
        scheduler_call_destroy(c);
    } else { /* the store's reader or a purge has it, and will find that nobody listens */
        c->gone = true;
        call_unlist(c);
    }
}

static void on_writable(void *context, struct grpc_call_id id)
{
    struct scheduler *s = context;
    struct call *c = scheduler_call_find(s, id.value);
    if (!c || !c->is_stream || !c->paused)
        return;
    c->paused = false;
    if (c->in_engine)
        engine_stream_pause(s->engine, c->number, false, scheduler_pump_now(s), &s->actions);
    scheduler_pump_run(s);
}

struct grpc_handler scheduler_handler(struct scheduler *s)
{
    return (struct grpc_handler){.on_call = on_call,
                                 .message_limit = message_limit,
                                 .on_cancelled = on_cancelled,
                                 .on_writable = on_writable,
                                 .context = s};
}

void scheduler_attach(struct scheduler *s, struct grpc_server *g)
{
    s->grpc = g;
}

/* --- the service --- */

static enum status create_hubs(struct scheduler *s, struct err *e)
{
    static const char *const one[] = {"default"};
    const char *const *names = s->options.hub_count ? s->options.hubs : one;
    size_t count = s->options.hub_count ? s->options.hub_count : 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t number = 0;
        enum status status = task_store_hub(s->store, bytes_of_cstr(names[i]), true, &number, e);
        if (status != STATUS_OK)
            return err_wrap(e, "task hub %s", names[i]);
    }
    return STATUS_OK;
}

static void say_compacted(const struct scheduler *s)
{
    struct task_store_stats stats;
    task_store_stats(s->store, &stats);
    if (stats.compacted_from)
        log_info("scheduler", "the store was made small bytes_before=%lld bytes_now=%lld",
                 (long long)stats.compacted_from, (long long)stats.compacted_to);
}

STATUS_RESULT scheduler_create(struct loop *l, const struct scheduler_options *o,
                               struct scheduler **ret_scheduler, struct err *e)
{
    struct scheduler *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, STATUS_NO_MEMORY, "starting the scheduler: out of memory");
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    s->loop = l;
    s->options = *o;
    if (s->options.stream_queue_max == 0)
        s->options.stream_queue_max = STREAM_QUEUE_MAX;
    if (!s->options.large_message_agents)
        s->options.large_message_agents = LARGE_MESSAGE_AGENTS;
    if (!s->options.large_message_size_max)
        s->options.large_message_size_max = LARGE_MESSAGE_SIZE_MAX;
    if (!s->options.unix_ns)
        s->options.unix_ns = clock_unix_ns;
    map_init(&s->hubs, seed[0], seed[1]);
    map_init(&s->calls, 0, 0);
    map_init(&s->purges, 0, 0);
    list_init(&s->calls_all);
    scheduler_pump_init(s);
    enum status status = task_store_open(&s->options.store, l, &s->store, e);
    if (status == STATUS_OK)
        say_compacted(s);
    if (status == STATUS_OK)
        status = create_hubs(s, e);
    if (status == STATUS_OK)
        status = scheduler_pump_load(s, e);
    s->options.hubs = NULL; /* the caller's, and not needed any more */
    s->options.hub_count = 0;
    if (status != STATUS_OK) {
        scheduler_destroy(s);
        return status;
    }
    *ret_scheduler = s;
    return STATUS_OK;
}

void scheduler_destroy(struct scheduler *s)
{
    if (!s)
        return;
    task_store_close(s->store);
    scheduler_pump_fini(s);
    list_each_safe (it, &s->calls_all) {
        struct call *c = CONTAINER_OF(it, struct call, link);
        if (c->purge)
            scheduler_purge_abandon(c->purge);
        scheduler_call_destroy(c);
    }
    map_fini(&s->purges);
    map_fini(&s->calls);
    scheduler_hubs_fini(s);
    free(s);
}

void scheduler_stop(struct scheduler *s, void (*on_stopped)(void *context), void *context)
{
    s->stopping = true;
    list_each_safe (it, &s->calls_all) {
        struct call *c = CONTAINER_OF(it, struct call, link);
        if (!c->method->held_forever)
            continue;
        if (c->in_engine && c->is_stream)
            engine_stream_closed(s->engine, c->number, scheduler_pump_now(s), &s->actions);
        else if (c->in_engine)
            engine_call_cancelled(s->engine, c->number);
        scheduler_call_finish(c, STATUS_UNAVAILABLE, "the scheduler is stopping");
    }
    scheduler_pump_run(s);
    grpc_server_drain(s->grpc, on_stopped, context);
}

void scheduler_health(const struct scheduler *s, struct scheduler_health *ret_health)
{
    ret_health->writable = s->failure.status == STATUS_OK;
    snprintf(ret_health->text, sizeof ret_health->text, "%s", s->failure.text);
}

void scheduler_stats(const struct scheduler *s, struct scheduler_stats *ret_stats)
{
    *ret_stats = (struct scheduler_stats){
        .calls = s->call_count, .failures = s->failures, .calls_open = s->calls.count};
    if (s->engine)
        engine_stats(s->engine, &ret_stats->engine);
    task_store_stats(s->store, &ret_stats->store);
}
