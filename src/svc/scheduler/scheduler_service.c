/* SPDX-License-Identifier: MIT */
/* scheduler_service.c — creating and stopping the service, and what the gRPC server reports to it. The method table stands
 * in scheduler_methods.c, the life of a call in scheduler_call.c, calls from inside in scheduler_ask.c. */
#include "svc/scheduler/scheduler_service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/no_memory.h"
#include "os/clock.h"
#include "svc/scheduler/limit_values.h"
#include "svc/scheduler/scheduler_access.h"
#include "svc/scheduler/scheduler_health.h"
#include "svc/scheduler/scheduler_service_internal.h"

#define FLAT_ENTITY_AGENTS                                                                                   \
    "durabletask-dotnet/1.0.,durabletask-dotnet/1.1.,durabletask-dotnet/1.2.,durabletask-dotnet/1.3.,"       \
    "durabletask-dotnet/1.4.,durabletask-dotnet/1.5." /* of before 2025 (spec 3.23.2) */
#define NO_ENTITY_AGENTS "grpc-go/"                   /* the same */

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

/* A client of .NET that has a credential leaves its whole metadata away in clear text, and says nothing of it. */
static enum status say_what_is_missing(const struct grpc_request *request, enum status status,
                                       struct err *err)
{
    bool bare = request->principal == &access_nobody && request->metadata(request, "taskhub").size == 0;
    if (status != STATUS_UNAUTHENTICATED || !bare)
        return status;
    return err_set(
        err, STATUS_UNAUTHENTICATED,
        "sign in: no credentials were sent, and no task hub was named. A client of .NET sends neither in "
        "clear text: give it an https endpoint (sallyport dev --tls)");
}

/* ORDER: the right before the hub: a stranger does not learn which hubs there are, and makes none. */
static enum status admit_request(struct scheduler *scheduler, const struct grpc_request *request,
                                 const struct method *method, uint32_t *ret_hub, struct err *err)
{
    if (!method)
        return err_set(err, STATUS_UNIMPLEMENTED, "unknown method %.*s", (int)MIN(request->path.size, 100u),
                       (const char *)request->path.data);
    if (scheduler->stopping)
        return err_set(err, STATUS_UNAVAILABLE, "the scheduler is stopping");
    CLEANUP(buf_fini) struct buf resource = {0};
    struct bytes hub = request->metadata(request, "taskhub");
    scheduler_access_resource(scheduler->options.resource, hub, &resource);
    if (buf_status(&resource) != STATUS_OK)
        return err_no_memory(err);
    enum status status = scheduler_access_check(request->principal, request->path,
                                                scheduler->options.hubs_apart ? (struct bytes){0} : hub,
                                                buf_peek(&resource), err);
    status = say_what_is_missing(request, status, err);
    if (status == STATUS_OK)
        status = find_hub(scheduler, request, method, ret_hub, err);
    if (status != STATUS_OK)
        return status;
    return scheduler_admit(scheduler, method, err);
}

/* A call may last: it is to end when the right to it does. Without sign-in no right ever ends. */
static bool let_in(struct scheduler *scheduler, const struct grpc_request *request)
{
    if (request->principal == &access_local)
        return true;
    CLEANUP(buf_fini) struct buf place = {0};
    CLEANUP(buf_fini) struct buf resource = {0};
    struct bytes hub = request->metadata(request, "taskhub");
    buf_append_cstr(&place, SCHEDULER_ACCESS_PLACE);
    if (!scheduler->options.hubs_apart)
        scheduler_access_place(hub, &place);
    scheduler_access_resource(scheduler->options.resource, hub, &resource);
    return buf_status(&place) == STATUS_OK && buf_status(&resource) == STATUS_OK &&
           grpc_call_let_in_for(scheduler->grpc, request->id, scheduler_access_of(request->path),
                                buf_peek(&place), buf_peek(&resource));
}

/* Of either service; NULL: there is none. */
static const struct method *method_of(struct bytes path)
{
    const struct method *method = scheduler_method_find(path);
    return method ? method : scheduler_backend_method(path);
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
    const struct method *method = method_of(request->path);
    const struct scheduler_call_origin origin = {.number = request->id.value,
                                                 .connection = request->connection,
                                                 .message = request->message,
                                                 .request = request};
    enum status status = admit_request(scheduler, request, method, &hub, &err);
    if (status == STATUS_OK && !let_in(scheduler, request))
        status = err_no_memory(&err);
    struct scheduler_call *call =
        status == STATUS_OK ? scheduler_call_create(scheduler, &origin, method, hub) : NULL;
    if (call && hub == 0)
        scheduler_hubs_make(scheduler, request->metadata(request, "taskhub"), call);
    else if (call)
        method->handle(scheduler, call, request->message);
    else if (status == STATUS_OK)
        (void)grpc_finish(scheduler->grpc, request->id, STATUS_NO_MEMORY, ERR_NO_MEMORY);
    else
        (void)grpc_finish(scheduler->grpc, request->id, status, err.text);
}

/* What a worker has done is taken to the limit of the server: refused, it would be done again and again. All
 * else fits into what clients send by default, and names its payload limit when it is read. */
static size_t message_limit(void *context, struct bytes path)
{
    const struct method *method = method_of(path);
    return method && method->worker ? 0 : SCHEDULER_CLIENT_MESSAGE_SIZE_MAX;
}

static void on_cancelled(void *context, struct grpc_call_id id)
{
    struct scheduler *scheduler = context;
    struct scheduler_call *call = scheduler_call_find(scheduler, id.value);
    if (call)
        scheduler_call_cancel(scheduler, call);
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
                                        .steady_ns = scheduler->options.steady_ns,
                                        .unix_ns = scheduler->options.unix_ns};
    enum status status = partition_create(scheduler->loop, &options, &scheduler_partition_owner, scheduler,
                                          &scheduler->partition, err);
    if (status != STATUS_OK)
        return status;
    return partition_load(scheduler->partition, err);
}

struct scheduler_options scheduler_options_default(void)
{
    return (struct scheduler_options){
        .store = sqlite_store_options_default(),
        .engine = engine_options_default(),
        .retention_interval_ns = RETENTION_INTERVAL_NS,
        .large_message_size_max = SCHEDULER_LARGE_MESSAGE_SIZE_MAX,
        .flat_entity_agents = FLAT_ENTITY_AGENTS,
        .no_entity_agents = NO_ENTITY_AGENTS,
        .stream_queue_max = SCHEDULER_STREAM_QUEUE_SIZE_MAX,
        .steady_ns = clock_monotonic_ns,
        .unix_ns = clock_unix_ns,
    };
}

static void check_options(const struct scheduler_options *options)
{
    ASSERT(options->retention_interval_ns > 0 && options->steady_ns && options->unix_ns);
    ASSERT(options->large_message_size_max && options->stream_queue_max);
    ASSERT(options->large_message_agents && options->flat_entity_agents && options->no_entity_agents);
}

enum status scheduler_create(struct loop *loop, const struct scheduler_options *options,
                             struct scheduler **ret_scheduler, struct err *err)
{
    check_options(options);
    struct scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (!scheduler)
        return err_set(err, STATUS_NO_MEMORY, "starting the scheduler: out of memory");
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    scheduler->loop = loop;
    scheduler->options = *options;
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

/* ORDER: the store first, whose thread has sets of the engine; calls before the maps in which they are. */
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

/* Calls that wait for ever are refused, all others come to their end: what they were promised is still committed. */
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

const char *scheduler_resource(const struct scheduler *scheduler)
{
    return scheduler->options.resource;
}

void scheduler_condition(const struct scheduler *scheduler, struct scheduler_condition *ret_condition)
{
    ret_condition->writable = partition_failure(scheduler->partition)->status == STATUS_OK;
    snprintf(ret_condition->text, sizeof ret_condition->text, "%s",
             partition_failure(scheduler->partition)->text);
}

void scheduler_stats(const struct scheduler *scheduler, struct scheduler_stats *ret_stats)
{
    *ret_stats = (struct scheduler_stats){.calls = scheduler->call_count,
                                          .failures = partition_failures(scheduler->partition),
                                          .calls_open = scheduler->calls.count};
    partition_stats(scheduler->partition, &ret_stats->engine);
    task_store_stats(scheduler->store, &ret_stats->store);
}
