/* SPDX-License-Identifier: MIT */
/* scheduler_backend.c — BackendService (spec 1.6), for hosts with an engine of their own. Most of its methods have the
 * messages of a method of the other service, field by field, and are that method; the rest says the same in other words,
 * which core/task/backend_words.h translates. An extended session ends with the answer that begins it: a host then gets
 * whole turns and batches, as without one. Entities it is given if it says how many it takes. */
#include <stdlib.h>

#include "base/duration.h"
#include "core/task/backend_words.h"
#include "core/task/message.h"
#include "svc/scheduler/limit_values.h"
#include "svc/scheduler/scheduler_ask.h"
#include "svc/scheduler/scheduler_service_internal.h"

/* --- completions --- */

static void complete_turn(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_orchestrator_response response;
    arena_init(&arena, SCHEDULER_BACKEND_MEMORY_MAX);
    if (backend_words_turn(&arena, message, &response) == STATUS_OK)
        scheduler_pump_call(scheduler, call,
                            message_encode(&arena, &pb_orchestrator_response_message, &response));
    else
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT,
                              "the request is not a CompleteOrchestrationWorkItemRequest");
}

static void complete_activity(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_activity_response response;
    arena_init(&arena, SCHEDULER_BACKEND_MEMORY_MAX);
    if (backend_words_activity(&arena, message, &response) == STATUS_OK)
        scheduler_pump_call(scheduler, call,
                            message_encode(&arena, &pb_activity_response_message, &response));
    else
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT,
                              "the request has no TaskCompleted or TaskFailed");
}

static void answer_nothing(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    scheduler_call_reply(call, (struct bytes){0});
}

static void work_items(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    call->entities_none = true;
    scheduler_method(PB_TASK_HUB_SIDECAR_SERVICE_GET_WORK_ITEMS)->handle(scheduler, call, message);
}

/* --- events --- */

static void add_event(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_add_event_request request;
    enum pb_task_hub_sidecar_service_method method;
    struct bytes raised;
    arena_init(&arena, SCHEDULER_BACKEND_MEMORY_MAX);
    if (pb_add_event_request_decode(&arena, message, &request) != STATUS_OK || !request.instance ||
        !request.event ||
        backend_words_event(&arena, request.instance->instance_id, request.event, &method, &raised) !=
            STATUS_OK) {
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT,
                              "the request has no event that clients may raise, or no instance");
        return;
    }
    call->method = scheduler_method(method);
    call->method->handle(scheduler, call, raised);
}

/* Many events, one after the other: their ids may repeat, and then their order counts. */
struct backend_events {
    struct scheduler_call *call;
    struct arena arena;
    struct pb_add_events_request request;
    size_t next;
    struct pb_add_events_response response;
};

static void batch_free(struct scheduler_call *call)
{
    struct backend_events *batch = call->own;
    arena_fini(&batch->arena);
    free(batch);
}

static void batch_next(struct backend_events *batch);

static void on_raised(void *context, enum status status, const char *text, struct bytes message)
{
    struct backend_events *batch = context;
    const struct pb_history_event_entry *entry = &batch->request.events[batch->next++];
    if (status != STATUS_OK)
        batch->response.unsuccessful_instance_ids[batch->response.unsuccessful_instance_ids_count++] =
            entry->key;
    batch_next(batch);
}

static void batch_next(struct backend_events *batch)
{
    struct scheduler_call *call = batch->call;
    const struct scheduler_asker asker = {.on_done = on_raised, .context = batch};
    if (batch->next == batch->request.events_count) {
        scheduler_call_reply(
            call, message_encode(&batch->arena, &pb_add_events_response_message, &batch->response));
        return;
    }
    const struct pb_history_event_entry *entry = &batch->request.events[batch->next];
    enum pb_task_hub_sidecar_service_method method;
    struct bytes raised;
    uint64_t number;
    if (entry->value &&
        backend_words_event(&batch->arena, entry->key, entry->value, &method, &raised) == STATUS_OK)
        scheduler_ask(call->scheduler, method, call->hub, raised, &asker, &number);
    else
        on_raised(batch, STATUS_INVALID_ARGUMENT, NULL, (struct bytes){0});
}

static void add_events(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    struct backend_events *batch = calloc(1, sizeof *batch);
    if (!batch) {
        scheduler_call_no_memory(call);
        return;
    }
    batch->call = call;
    arena_init(&batch->arena, SCHEDULER_BACKEND_MEMORY_MAX);
    call->own = batch;
    call->on_destroy = batch_free;
    struct bytes kept = arena_copy(&batch->arena, message); /* ids are views of it, and it is the caller's */
    if (!kept.data || pb_add_events_request_decode(&batch->arena, kept, &batch->request) != STATUS_OK ||
        batch->request.events_count > SCHEDULER_BACKEND_EVENTS_MAX) {
        scheduler_call_finish(
            call, STATUS_INVALID_ARGUMENT,
            "the request is not an AddEventsRequest of at most " DIGITS_OF(
                SCHEDULER_BACKEND_EVENTS_MAX) " events (limit scheduler-backend-events-max)");
        return;
    }
    batch->response.unsuccessful_instance_ids =
        memory_must(arena_alloc_array(&batch->arena, batch->request.events_count, sizeof(struct bytes)));
    batch_next(batch);
}

/* --- a history in one message --- */

/* Chunks and the answer have the events in a field of one number: what is joined is a message again. */
static void on_chunk(void *context, struct bytes message)
{
    struct scheduler_call *call = context;
    buf_append_bytes(&call->message, message);
}

static void on_state(void *context, enum status status, const char *text, struct bytes message)
{
    struct scheduler_call *call = context;
    if (status == STATUS_OK && buf_status(&call->message) != STATUS_OK) {
        status = STATUS_RESOURCE_EXHAUSTED;
        text = "the history is over the message limit: ask for it by StreamInstanceHistory";
    }
    if (status == STATUS_OK)
        scheduler_call_reply(call, buf_peek(&call->message));
    else
        scheduler_call_finish(call, status, text);
}

static void runtime_state(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_get_orchestration_runtime_state_request request;
    uint64_t number;
    arena_init(&arena, 0);
    if (pb_get_orchestration_runtime_state_request_decode(&arena, message, &request) != STATUS_OK ||
        !request.instance) {
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT, "the request names no instance");
        return;
    }
    struct pb_stream_instance_history_request ask = {.instance_id = request.instance->instance_id,
                                                     .execution_id = request.instance->execution_id,
                                                     .for_work_item_processing = true};
    const struct scheduler_asker asker = {.on_message = on_chunk, .on_done = on_state, .context = call};
    call->message.limit = SCHEDULER_BACKEND_STATE_SIZE_MAX;
    scheduler_ask(scheduler, PB_TASK_HUB_SIDECAR_SERVICE_STREAM_INSTANCE_HISTORY, call->hub,
                  message_encode(&arena, &pb_stream_instance_history_request_message, &ask), &asker, &number);
}

/* --- how much there is to do --- */

struct measured {
    struct bytes hub;
    struct tally_hub tally;
};

static void on_hub(void *context, struct bytes name, const struct tally_hub *tally)
{
    struct measured *measured = context;
    if (bytes_equal_nocase(name, measured->hub))
        measured->tally = *tally;
}

static int32_t clamp(uint64_t count)
{
    return (int32_t)MIN(count, (uint64_t)INT32_MAX);
}

static struct pb_work_item_metrics metrics_of(const struct measured *measured, const char *kind)
{
    for (size_t n = 0; n < TALLY_KINDS_MAX; n++) {
        const struct tally_work *work = &measured->tally.work[n];
        if (work->kind && strcmp(work->kind, kind) == 0)
            return (struct pb_work_item_metrics){.pending = clamp(work->waiting),
                                                 .active = clamp(work->out),
                                                 .oldest_age_in_seconds =
                                                     clamp((uint64_t)(work->oldest_wait_ns / NS_PER_S))};
    }
    return (struct pb_work_item_metrics){.pending = 0};
}

static void metrics(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct measured measured = {.hub = scheduler_hubs_name(scheduler, call->hub)};
    arena_init(&arena, 0);
    partition_tallies(scheduler->partition, on_hub, &measured);
    size_t streams = 0;
    list_each (it, &scheduler->calls_all) {
        const struct scheduler_call *stream = CONTAINER_OF(it, struct scheduler_call, link);
        streams += stream->is_stream && !stream->gone && stream->hub == call->hub;
    }
    struct pb_work_item_metrics activities = metrics_of(&measured, "activity");
    struct pb_work_item_metrics turns = metrics_of(&measured, "turn");
    struct pb_work_item_metrics entities = metrics_of(&measured, "entity");
    struct pb_connected_worker_metrics workers = {.count = clamp(streams)};
    struct pb_backend_metrics all = {.activity_work_items = &activities,
                                     .orchestrator_work_items = &turns,
                                     .entity_work_items = &entities,
                                     .connected_workers = &workers};
    struct pb_get_metrics_response response = {.metrics = &all};
    scheduler_call_reply(call, message_encode(&arena, &pb_get_metrics_response_message, &response));
}

/* The worker of that id gets nothing more; what it holds, it may finish. */
static void drain(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_begin_worker_drain_response response = {.worker_found = false};
    arena_init(&arena, 0);
    list_each (it, &scheduler->calls_all) {
        struct scheduler_call *stream = CONTAINER_OF(it, struct scheduler_call, link);
        if (!stream->is_stream || stream->gone || stream->hub != call->hub || call->worker_id.size == 0 ||
            !bytes_equal(buf_peek(&stream->worker_id), buf_peek(&call->worker_id)))
            continue;
        response.worker_found = true;
        stream->draining = true;
        stream->paused = true;
        if (stream->in_engine)
            partition_stream_pause(scheduler->partition, stream->number, true);
    }
    scheduler_call_reply(call, message_encode(&arena, &pb_begin_worker_drain_response_message, &response));
}

/* --- the table --- */

#define SAME(name, other)                                                                                    \
    [PB_BACKEND_SERVICE_##name] = {.same = true, .as = PB_TASK_HUB_SIDECAR_SERVICE_##other}
#define OWN(name, ...) [PB_BACKEND_SERVICE_##name] = {.own = {__VA_ARGS__}}
#define TURN(...)                                                                                            \
    .handle = complete_turn, .engine_method = ENGINE_COMPLETE_ORCHESTRATOR, .write = true, .worker = true,   \
    __VA_ARGS__

#define BATCH(...)                                                                                           \
    .handle = scheduler_pump_call, .engine_method = ENGINE_COMPLETE_ENTITY_HOST, .write = true,              \
    .worker = true, __VA_ARGS__

/* CompleteInstanceWorkItemResponse with an empty orchestratorResponse or entityResponse: the first message of a session,
 * and the last. */
#define TURN_SESSION   BYTES_LITERAL("\x0a\x00")
#define ENTITY_SESSION BYTES_LITERAL("\x12\x00")

static const struct {
    bool same; /* as the method `as` of the other service */
    enum pb_task_hub_sidecar_service_method as;
    struct method own;
} table[PB_BACKEND_SERVICE_METHOD_COUNT] = {
    SAME(CREATE_INSTANCE, START_INSTANCE),
    OWN(ADD_EVENT, .handle = add_event, .write = true),
    OWN(ADD_EVENTS, .handle = add_events, .write = true),
    SAME(GET_INSTANCE, GET_INSTANCE),
    SAME(GET_ENTITY, GET_ENTITY),
    SAME(QUERY_INSTANCES, QUERY_INSTANCES),
    SAME(QUERY_ENTITIES, QUERY_ENTITIES),
    SAME(WAIT_FOR_INSTANCE, WAIT_FOR_INSTANCE_COMPLETION),
    SAME(PURGE_INSTANCES, PURGE_INSTANCES),
    SAME(RESTART_INSTANCE, RESTART_INSTANCE),
    SAME(CLEAN_ENTITY_STORAGE, CLEAN_ENTITY_STORAGE),
    OWN(GET_WORK_ITEMS, .handle = work_items, .keeps = true, .held_forever = true),
    OWN(GET_ORCHESTRATION_RUNTIME_STATE, .handle = runtime_state),
    SAME(STREAM_INSTANCE_HISTORY, STREAM_INSTANCE_HISTORY),
    OWN(COMPLETE_ACTIVITY_WORK_ITEM, .handle = complete_activity, .engine_method = ENGINE_COMPLETE_ACTIVITY,
        .write = true, .worker = true),
    SAME(ABANDON_ACTIVITY_WORK_ITEM, ABANDON_TASK_ACTIVITY_WORK_ITEM),
    OWN(COMPLETE_ORCHESTRATION_WORK_ITEM, TURN()),
    OWN(COMPLETE_ORCHESTRATION_WORK_ITEM_WITH_EXTENDED_SESSION, TURN(.session = TURN_SESSION)),
    SAME(ABANDON_ORCHESTRATION_WORK_ITEM, ABANDON_TASK_ORCHESTRATOR_WORK_ITEM),
    OWN(RELEASE_ORCHESTRATION_WORK_ITEM, .handle = answer_nothing),
    OWN(COMPLETE_ENTITY_WORK_ITEM, BATCH()),
    OWN(COMPLETE_ENTITY_WORK_ITEM_WITH_EXTENDED_SESSION, BATCH(.session = ENTITY_SESSION)),
    SAME(ABANDON_ENTITY_WORK_ITEM, ABANDON_TASK_ENTITY_WORK_ITEM),
    OWN(RELEASE_ENTITY_WORK_ITEM, .handle = answer_nothing),
    OWN(PING, .handle = answer_nothing),
    OWN(GET_METRICS, .handle = metrics),
    SAME(SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS, SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS),
    OWN(BEGIN_WORKER_DRAIN, .handle = drain, .keeps = true),
};

const struct method *scheduler_backend_method(struct bytes path)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (bytes_equal_cstr(path, pb_backend_service_methods[i].path))
            return table[i].same ? scheduler_method(table[i].as) : &table[i].own;
    return NULL;
}
