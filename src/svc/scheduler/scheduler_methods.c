/* SPDX-License-Identifier: MIT */
/* scheduler_methods.c — the table of the service's methods: what each does with a call, and which rules hold for it. */
#include "svc/scheduler/scheduler_service_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

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

const struct method *scheduler_method_find(struct bytes path)
{
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (bytes_equal_cstr(path, pb_task_hub_sidecar_service_methods[i].path))
            return &methods[i];
    return NULL;
}

const struct method *scheduler_method(enum pb_task_hub_sidecar_service_method method)
{
    ASSERT((size_t)method < ARRAY_SIZE(methods));
    return &methods[method];
}
