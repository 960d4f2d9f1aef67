/* SPDX-License-Identifier: MIT */
/* scheduler_service.c — creating and stopping the service, the method table, and the life of a call. */
#include "svc/scheduler/scheduler_service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/scheduler/scheduler_access.h"
#include "svc/scheduler/scheduler_health.h"
#include "svc/scheduler/scheduler_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

#define STREAM_QUEUE_MAX       ((size_t)8 << 20)  /* bytes */
#define CLIENT_MESSAGE_MAX     ((size_t)4 << 20)  /* bytes of a request that is no result of a worker */
#define LARGE_MESSAGE_SIZE_MAX ((size_t)64 << 20) /* bytes */
#define LARGE_MESSAGE_AGENTS   "durabletask-js"   /* its gRPC sets no limit (spec 2.6) */
#define FLAT_ENTITY_AGENTS                                                                                   \
    "durabletask-dotnet/1.0.,durabletask-dotnet/1.1.,durabletask-dotnet/1.2.,durabletask-dotnet/1.3.,"       \
    "durabletask-dotnet/1.4.,durabletask-dotnet/1.5." /* of before 2025 (spec 3.23.2) */
#define NO_ENTITY_AGENTS "grpc-go/"                   /* the same */

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
static bool is_of(const struct grpc_request *request, const char *names)
{
    return agent_listed(request->metadata(request, "x-user-agent"), names) ||
           agent_listed(request->metadata(request, "user-agent"), names);
}

struct scheduler_call *scheduler_call_find(const struct scheduler *scheduler, uint64_t number)
{
    return map_get(&scheduler->calls, map_u64_key(&number));
}

/* What begins a call, whoever begins it. */
struct call_origin {
    uint64_t number;
    uint64_t connection;
    struct bytes message;
    const struct grpc_request *request;  /* NULL: from inside */
    const struct scheduler_asker *asker; /* NULL: by gRPC */
};

/* What is needed to give the call to another engine. */
static void call_keep(struct scheduler_call *call, const struct call_origin *origin)
{
    call->message.limit = SIZE_MAX;
    call->worker_id.limit = SIZE_MAX;
    buf_append_bytes(&call->message, origin->message);
    if (!origin->request)
        return;
    buf_append_bytes(&call->worker_id, origin->request->metadata(origin->request, "workerid"));
    const struct scheduler_options *options = &call->scheduler->options;
    call->large_messages = is_of(origin->request, options->large_message_agents);
    call->entities_flat = is_of(origin->request, options->flat_entity_agents);
    call->entities_none = is_of(origin->request, options->no_entity_agents);
}

/* Hub 0: the call will wait for its hub, with its message. */
static struct scheduler_call *call_create(struct scheduler *scheduler, const struct call_origin *origin,
                                          const struct method *method, uint32_t hub)
{
    struct scheduler_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    *call = (struct scheduler_call){.number = origin->number,
                                    .method = method,
                                    .scheduler = scheduler,
                                    .hub = hub,
                                    .connection = origin->connection};
    if (origin->asker)
        call->asker = *origin->asker;
    call->message.limit = SIZE_MAX;
    if (method->keeps)
        call_keep(call, origin);
    else if (hub == 0)
        buf_append_bytes(&call->message, origin->message);
    if (buf_status(&call->message) != STATUS_OK || buf_status(&call->worker_id) != STATUS_OK ||
        map_put(&scheduler->calls, map_u64_key(&call->number), call) != STATUS_OK) {
        buf_fini(&call->message);
        buf_fini(&call->worker_id);
        free(call);
        return NULL;
    }
    list_push_back(&scheduler->calls_all, &call->link);
    scheduler->call_count++;
    return call;
}

/* The number is free from here on; the object may stay until the store or engine is done with it. */
static void call_unlist(struct scheduler_call *call)
{
    if (scheduler_call_find(call->scheduler, call->number) == call)
        (void)map_take(&call->scheduler->calls, map_u64_key(&call->number));
}

void scheduler_call_destroy(struct scheduler_call *call)
{
    call_unlist(call);
    list_remove(&call->link);
    if (call->on_destroy)
        call->on_destroy(call);
    buf_fini(&call->hub_name);
    buf_fini(&call->message);
    buf_fini(&call->worker_id);
    free(call);
}

void scheduler_call_send(struct scheduler_call *call, struct bytes message)
{
    struct grpc_call_id id = {call->number};
    if (call->asker.on_done) {
        call->begun = true;
        call->asker.on_message(call->asker.context, message);
        return;
    }
    if (!call->begun)
        call->begun = grpc_stream_begin(call->scheduler->grpc, id);
    (void)grpc_stream_send(call->scheduler->grpc, id, message, NULL);
}

/* The asker hears of it when the call is no more: it may ask again at once, or end itself. */
static void call_tell_asker(struct scheduler_call *call, enum status status, const char *text,
                            struct bytes message)
{
    struct scheduler_asker asker = call->asker;
    bool gone = call->gone;
    scheduler_call_destroy(call);
    if (!gone)
        asker.on_done(asker.context, status, text, message);
}

void scheduler_call_reply(struct scheduler_call *call, struct bytes message)
{
    if (call->asker.on_done) {
        call_tell_asker(call, STATUS_OK, NULL, message);
        return;
    }
    if (call->method->session)
        message =
            BYTES_LITERAL("\x0a\x00"); /* CompleteInstanceWorkItemResponse.orchestratorResponse, empty */
    if (!call->gone)
        (void)grpc_reply(call->scheduler->grpc, (struct grpc_call_id){call->number}, message);
    scheduler_call_destroy(call);
}

void scheduler_call_finish(struct scheduler_call *call, enum status status, const char *text)
{
    if (call->asker.on_done) {
        call_tell_asker(call, status, text, (struct bytes){0});
        return;
    }
    if (!call->gone)
        (void)grpc_finish(call->scheduler->grpc, (struct grpc_call_id){call->number}, status, text);
    scheduler_call_destroy(call);
}

/* Whether the service takes such a call now. */
static enum status admit(struct scheduler *scheduler, const struct method *method, struct err *err)
{
    const struct err *failure = partition_failure(scheduler->partition);
    if (scheduler->stopping)
        return err_set(err, STATUS_UNAVAILABLE, "the scheduler is stopping");
    if (method->adds && task_store_low(scheduler->store))
        return err_set(err, STATUS_RESOURCE_EXHAUSTED,
                       "the disk is nearly full: what is there goes on, nothing new is taken; "
                       "purge what is over, or make room on the disk");
    if (method->write && failure->status != STATUS_OK)
        return err_set(err, scheduler_pump_refusal(scheduler, method->worker), "writes are refused: %.200s",
                       failure->text);
    return STATUS_OK;
}

/* What may have changed while it waited is asked again. */
void scheduler_call_admitted(struct scheduler_call *call, uint32_t hub)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct err err = {0};
    struct scheduler *scheduler = call->scheduler;
    call->hub = hub;
    enum status status = call->gone ? STATUS_CANCELLED : admit(scheduler, call->method, &err);
    if (status != STATUS_OK) {
        scheduler_call_finish(call, status, err.text);
        return;
    }
    if (!call->method->keeps) {
        message = call->message; /* the call may be over before its method returns */
        call->message = (struct buf){0};
    }
    call->method->handle(scheduler, call, buf_peek(call->method->keeps ? &call->message : &message));
}

/* --- methods --- */

static void handle_hello(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    scheduler_call_reply(call, (struct bytes){0});
}

static void handle_engine(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    scheduler_pump_call(scheduler, call, message);
}

static void handle_work_items(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    call->is_stream = true;
    if (!grpc_stream_begin(scheduler->grpc, (struct grpc_call_id){call->number})) {
        scheduler_call_destroy(call);
        return;
    }
    if (partition_failure(scheduler->partition)->status == STATUS_OK)
        scheduler_pump_stream(scheduler, call);
}

// clang-format off
#define WRITE(m)    {.handle = handle_engine, .engine_method = (m), .write = true}
#define ADD(m)      {.handle = handle_engine, .engine_method = (m), .write = true, .adds = true}
#define READ(m)     {.handle = handle_engine, .engine_method = (m), .keeps = true}
#define WAIT(m)     {.handle = handle_engine, .engine_method = (m), .keeps = true, .held_forever = true}
#define COMPLETE(m) {.handle = handle_engine, .engine_method = (m), .write = true, .worker = true}
// clang-format on

#define METHOD(name) [PB_TASK_HUB_SIDECAR_SERVICE_##name]
static const struct method methods[PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT] = {
    METHOD(HELLO) = {.handle = handle_hello},
    METHOD(START_INSTANCE) = ADD(ENGINE_START_INSTANCE),
    METHOD(GET_INSTANCE) = READ(ENGINE_GET_INSTANCE),
    METHOD(REWIND_INSTANCE) = ADD(ENGINE_REWIND),
    METHOD(RESTART_INSTANCE) = ADD(ENGINE_RESTART),
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
    METHOD(COMPLETE_ENTITY_TASK) = COMPLETE(ENGINE_COMPLETE_ENTITY),
    METHOD(STREAM_INSTANCE_HISTORY) = READ(ENGINE_STREAM_HISTORY),
    METHOD(CREATE_TASK_HUB) = {.handle = scheduler_hub_create,
                               .engine_method = ENGINE_CLEAR_HUB,
                               .write = true,
                               .adds = true,
                               .makes_hub = true},
    METHOD(DELETE_TASK_HUB) = {.handle = scheduler_hub_delete,
                               .engine_method = ENGINE_DELETE_HUB,
                               .write = true},
    METHOD(SIGNAL_ENTITY) = ADD(ENGINE_SIGNAL_ENTITY),
    METHOD(GET_ENTITY) = READ(ENGINE_GET_ENTITY),
    METHOD(QUERY_ENTITIES) = {.handle = scheduler_query_entities},
    METHOD(CLEAN_ENTITY_STORAGE) = {.handle = scheduler_clean_entities},
    METHOD(ABANDON_TASK_ACTIVITY_WORK_ITEM) = COMPLETE(ENGINE_ABANDON_ACTIVITY),
    METHOD(ABANDON_TASK_ORCHESTRATOR_WORK_ITEM) = COMPLETE(ENGINE_ABANDON_ORCHESTRATOR),
    METHOD(ABANDON_TASK_ENTITY_WORK_ITEM) = COMPLETE(ENGINE_ABANDON_ENTITY),
    METHOD(SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS) = WRITE(ENGINE_SKIP_GRACEFUL_TERMINATIONS),
};

static const struct method *method_find(struct bytes path)
{
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (bytes_equal_cstr(path, pb_task_hub_sidecar_service_methods[i].path))
            return &methods[i];
    return scheduler_backend_method(path);
}

const struct method *scheduler_method(enum pb_task_hub_sidecar_service_method method)
{
    return &methods[method];
}

/* --- what the gRPC server reports --- */

static enum status find_hub(struct scheduler *scheduler, const struct grpc_request *request,
                            const struct method *method, uint32_t *ret_hub, struct err *err)
{
    bool make = scheduler->options.hubs_dynamic || (method->makes_hub && scheduler->options.hubs_managed);
    enum status status =
        scheduler_hubs_resolve(scheduler, request->metadata(request, "taskhub"), make, ret_hub, err);
    /* The words to the cloud's SDKs are fixed (spec 2.3); our own may say more. */
    if (status == STATUS_NOT_FOUND &&
        bytes_starts_with(request->metadata(request, "x-user-agent"), BYTES_LITERAL("durabletask-c/")))
        scheduler_hubs_tell(scheduler, err);
    return status;
}

static enum status admit_request(struct scheduler *scheduler, const struct grpc_request *request,
                                 const struct method *method, uint32_t *ret_hub, struct err *err)
{
    if (!method)
        return err_set(err, STATUS_UNIMPLEMENTED, "unknown method %.*s", (int)MIN(request->path.size, 100u),
                       (const char *)request->path.data);
    if (scheduler->stopping)
        return err_set(err, STATUS_UNAVAILABLE, "the scheduler is stopping");
    enum status status =
        scheduler_access_check(request->principal, request->path, request->metadata(request, "taskhub"), err);
    if (status == STATUS_OK)
        status = find_hub(scheduler, request, method, ret_hub, err);
    return status == STATUS_OK ? admit(scheduler, method, err) : status;
}

static void on_call(void *context, const struct grpc_request *request)
{
    struct scheduler *scheduler = context;
    struct err err = {0};
    uint32_t hub = 0;
    if (scheduler_health_answer(scheduler->grpc, request,
                                !scheduler->stopping &&
                                    partition_failure(scheduler->partition)->status == STATUS_OK))
        return;
    const struct method *method = method_find(request->path);
    const struct call_origin origin = {.number = request->id.value,
                                       .connection = request->connection,
                                       .message = request->message,
                                       .request = request};
    enum status status = admit_request(scheduler, request, method, &hub, &err);
    struct scheduler_call *call = status == STATUS_OK ? call_create(scheduler, &origin, method, hub) : NULL;
    if (call && hub == 0)
        scheduler_hubs_make(scheduler, request->metadata(request, "taskhub"), call);
    else if (call)
        method->handle(scheduler, call, request->message);
    else if (status == STATUS_OK)
        (void)grpc_finish(scheduler->grpc, request->id, STATUS_NO_MEMORY, "out of memory");
    else
        (void)grpc_finish(scheduler->grpc, request->id, status, err.text);
}

/* What a worker has done is taken to the limit of the server: refused, it would be done again and again. All
 * else fits into what clients send by default, and names its payload limit when it is read. */
static size_t message_limit(void *context, struct bytes path)
{
    const struct method *method = method_find(path);
    return method && method->worker ? 0 : CLIENT_MESSAGE_MAX;
}

static void call_cancelled(struct scheduler *scheduler, struct scheduler_call *call)
{
    if (call->is_stream) {
        if (call->in_engine)
            partition_stream_closed(scheduler->partition, call->number);
        scheduler_call_destroy(call);
        partition_run(scheduler->partition);
    } else if (call->in_engine) {
        partition_call_cancelled(scheduler->partition, call->number);
        scheduler_call_destroy(call);
    } else if (call->method->keeps &&
               !call->waits_for_hub) { /* it waits for the next engine: nobody has it */
        scheduler_call_destroy(call);
    } else { /* the store or a purge has it, and will find that nobody listens */
        call->gone = true;
        call_unlist(call);
    }
}

static void on_cancelled(void *context, struct grpc_call_id id)
{
    struct scheduler *scheduler = context;
    struct scheduler_call *call = scheduler_call_find(scheduler, id.value);
    if (call)
        call_cancelled(scheduler, call);
}

static void on_writable(void *context, struct grpc_call_id id)
{
    struct scheduler *scheduler = context;
    struct scheduler_call *call = scheduler_call_find(scheduler, id.value);
    if (!call || !call->is_stream || !call->paused || call->draining)
        return;
    call->paused = false;
    if (call->in_engine)
        partition_stream_pause(scheduler->partition, call->number, false);
}

struct grpc_handler scheduler_handler(struct scheduler *scheduler)
{
    return (struct grpc_handler){.on_call = on_call,
                                 .message_limit = message_limit,
                                 .on_cancelled = on_cancelled,
                                 .on_writable = on_writable,
                                 .context = scheduler};
}

void scheduler_attach(struct scheduler *scheduler, struct grpc_server *server)
{
    scheduler->grpc = server;
}

/* --- from inside --- */

STATUS_RESULT scheduler_ask_hub(struct scheduler *scheduler, struct bytes name, bool make, uint32_t *ret_hub,
                                struct err *err)
{
    if (scheduler->stopping)
        return err_set(err, STATUS_UNAVAILABLE, "the scheduler is stopping");
    bool makes = scheduler->options.hubs_dynamic || (make && scheduler->options.hubs_managed);
    enum status status = scheduler_hubs_resolve(scheduler, name, makes, ret_hub, err);
    if (status == STATUS_NOT_FOUND)
        scheduler_hubs_tell(scheduler, err);
    return status;
}

void scheduler_ask(struct scheduler *scheduler, enum pb_task_hub_sidecar_service_method method, uint32_t hub,
                   struct bytes message, const struct scheduler_asker *asker, uint64_t *ret_number)
{
    ASSERT((size_t)method < ARRAY_SIZE(methods) && !methods[method].worker && asker->on_done);
    struct err err = {0};
    const struct call_origin origin = {
        .number = scheduler->ask_next++ | ASK_NUMBER, .message = message, .asker = asker};
    *ret_number = origin.number;
    enum status status = admit(scheduler, &methods[method], &err);
    struct scheduler_call *call =
        status == STATUS_OK ? call_create(scheduler, &origin, &methods[method], hub) : NULL;
    if (call && hub == 0)
        scheduler_hubs_make(scheduler, asker->hub_name, call);
    else if (call)
        call->method->handle(scheduler, call, message);
    else if (status == STATUS_OK)
        asker->on_done(asker->context, STATUS_NO_MEMORY, "out of memory", (struct bytes){0});
    else
        asker->on_done(asker->context, status, err.text, (struct bytes){0});
}

void scheduler_ask_cancel(struct scheduler *scheduler, uint64_t number)
{
    struct scheduler_call *call = scheduler_call_find(scheduler, number);
    if (call)
        call_cancelled(scheduler, call);
}

void scheduler_watcher_add(struct scheduler *scheduler, struct scheduler_watcher *watcher)
{
    list_push_back(&scheduler->watchers, &watcher->link);
}

void scheduler_watch_hub(struct scheduler *scheduler, uint32_t hub, bool on)
{
    scheduler_hubs_set_watched(scheduler, hub, on);
    partition_watch(scheduler->partition, hub, on);
}

bool scheduler_ask_standing(const struct scheduler *scheduler, uint32_t hub, struct bytes instance_id,
                            struct buf *out)
{
    return partition_standing(scheduler->partition, hub, instance_id, out);
}

void scheduler_ask_workers(const struct scheduler *scheduler, uint32_t hub,
                           void (*on_worker)(void *context, const struct engine_worker_load *worker),
                           void *context)
{
    partition_workers(scheduler->partition, hub, on_worker, context);
}

void scheduler_ask_tallies(const struct scheduler *scheduler,
                           void (*on_hub)(void *context, struct bytes name, const struct tally_hub *tally),
                           void *context)
{
    partition_tallies(scheduler->partition, on_hub, context);
}

void scheduler_ask_page(struct scheduler *scheduler, const struct task_store_query *query,
                        void (*on_done)(void *context, enum status status, const char *text,
                                        const struct task_store_page *page),
                        void *context)
{
    task_store_query(scheduler->store, query, on_done, context);
}

/* --- the service --- */

static void say_compacted(const struct scheduler *scheduler)
{
    struct task_store_stats stats;
    task_store_stats(scheduler->store, &stats);
    if (stats.compacted_from)
        log_info("scheduler", "the store was made small bytes_before=%lld bytes_now=%lld",
                 (long long)stats.compacted_from, (long long)stats.compacted_to);
}

static enum status create_partition(struct scheduler *scheduler, struct err *err)
{
    struct partition_options options = {.store = scheduler->store,
                                        .engine = scheduler->options.engine,
                                        .unix_ns = scheduler->options.unix_ns};
    enum status status = partition_create(scheduler->loop, &options, &scheduler_partition_owner, scheduler,
                                          &scheduler->partition, err);
    return status == STATUS_OK ? partition_load(scheduler->partition, err) : status;
}

STATUS_RESULT scheduler_create(struct loop *loop, const struct scheduler_options *options,
                               struct scheduler **ret_scheduler, struct err *err)
{
    struct scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (!scheduler)
        return err_set(err, STATUS_NO_MEMORY, "starting the scheduler: out of memory");
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    scheduler->loop = loop;
    scheduler->options = *options;
    if (scheduler->options.stream_queue_max == 0)
        scheduler->options.stream_queue_max = STREAM_QUEUE_MAX;
    if (!scheduler->options.large_message_agents)
        scheduler->options.large_message_agents = LARGE_MESSAGE_AGENTS;
    if (!scheduler->options.flat_entity_agents)
        scheduler->options.flat_entity_agents = FLAT_ENTITY_AGENTS;
    if (!scheduler->options.no_entity_agents)
        scheduler->options.no_entity_agents = NO_ENTITY_AGENTS;
    if (!scheduler->options.large_message_size_max)
        scheduler->options.large_message_size_max = LARGE_MESSAGE_SIZE_MAX;
    if (!scheduler->options.unix_ns)
        scheduler->options.unix_ns = clock_unix_ns;
    map_init(&scheduler->hubs, seed[0], seed[1]);
    map_init(&scheduler->calls, 0, 0);
    map_init(&scheduler->purges, 0, 0);
    list_init(&scheduler->calls_all);
    list_init(&scheduler->purges_all);
    list_init(&scheduler->watchers);
    scheduler_pump_init(scheduler);
    enum status status = sqlite_store_open(&scheduler->options.store, loop, &scheduler->store, err);
    if (status == STATUS_OK)
        say_compacted(scheduler);
    if (status == STATUS_OK)
        status = scheduler_hubs_make_all(scheduler, err);
    if (status == STATUS_OK)
        status = create_partition(scheduler, err);
    if (status == STATUS_OK)
        status = scheduler_retention_begin(scheduler, err);
    scheduler->options.hubs = NULL; /* the caller's, and not needed any more */
    scheduler->options.hub_count = 0;
    if (status != STATUS_OK) {
        scheduler_destroy(scheduler);
        return status;
    }
    *ret_scheduler = scheduler;
    return STATUS_OK;
}

void scheduler_destroy(struct scheduler *scheduler)
{
    if (!scheduler)
        return;
    task_store_close(scheduler->store);
    partition_destroy(scheduler->partition);
    scheduler_pump_fini(scheduler);
    list_each_safe (it, &scheduler->calls_all) {
        struct scheduler_call *call = CONTAINER_OF(it, struct scheduler_call, link);
        scheduler_call_destroy(call);
    }
    scheduler_purge_fini(scheduler);
    scheduler_retention_end(scheduler);
    map_fini(&scheduler->purges);
    map_fini(&scheduler->calls);
    scheduler_hubs_fini(scheduler);
    free(scheduler);
}

void scheduler_stop(struct scheduler *scheduler, void (*on_stopped)(void *context), void *context)
{
    scheduler->stopping = true;
    list_each_safe (it, &scheduler->calls_all) {
        struct scheduler_call *call = CONTAINER_OF(it, struct scheduler_call, link);
        if (!call->method->held_forever || call->waits_for_hub) /* refused when the hub is there */
            continue;
        if (call->in_engine && call->is_stream)
            partition_stream_closed(scheduler->partition, call->number);
        else if (call->in_engine)
            partition_call_cancelled(scheduler->partition, call->number);
        scheduler_call_finish(call, STATUS_UNAVAILABLE, "the scheduler is stopping");
    }
    partition_run(scheduler->partition);
    grpc_server_drain(scheduler->grpc, on_stopped, context);
}

void scheduler_health(const struct scheduler *scheduler, struct scheduler_health *ret_health)
{
    ret_health->writable = partition_failure(scheduler->partition)->status == STATUS_OK;
    snprintf(ret_health->text, sizeof ret_health->text, "%s", partition_failure(scheduler->partition)->text);
}

void scheduler_stats(const struct scheduler *scheduler, struct scheduler_stats *ret_stats)
{
    *ret_stats = (struct scheduler_stats){.calls = scheduler->call_count,
                                          .failures = partition_failures(scheduler->partition),
                                          .calls_open = scheduler->calls.count};
    partition_stats(scheduler->partition, &ret_stats->engine);
    task_store_stats(scheduler->store, &ret_stats->store);
}
