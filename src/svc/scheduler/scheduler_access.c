/* SPDX-License-Identifier: MIT */
/* scheduler_access.c — one row a method of the service, in the order of its description. */
#include "svc/scheduler/scheduler_access.h"

#include "base/arena.h"
#include "wire/pb/backend_service.pb.h"
#include "wire/pb/orchestrator_service.pb.h"

#define HUB_NAME_MAX   256 /* bytes of a name that is looked at; no hub has a longer one */
#define HEALTH_SERVICE BYTES_LITERAL("/grpc.health.v1.Health/")

#define METHOD(name) [PB_TASK_HUB_SIDECAR_SERVICE_##name]
static const enum access_permission rows[PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT] = {
    METHOD(HELLO) = ACCESS_HUB_HELLO,
    METHOD(START_INSTANCE) = ACCESS_HUB_WRITE,
    METHOD(GET_INSTANCE) = ACCESS_HUB_READ,
    METHOD(REWIND_INSTANCE) = ACCESS_HUB_WRITE,
    METHOD(RESTART_INSTANCE) = ACCESS_HUB_WRITE,
    METHOD(WAIT_FOR_INSTANCE_START) = ACCESS_HUB_READ,
    METHOD(WAIT_FOR_INSTANCE_COMPLETION) = ACCESS_HUB_READ,
    METHOD(RAISE_EVENT) = ACCESS_HUB_WRITE,
    METHOD(TERMINATE_INSTANCE) = ACCESS_HUB_WRITE,
    METHOD(SUSPEND_INSTANCE) = ACCESS_HUB_WRITE,
    METHOD(RESUME_INSTANCE) = ACCESS_HUB_WRITE,
    METHOD(QUERY_INSTANCES) = ACCESS_HUB_READ,
    METHOD(LIST_INSTANCE_IDS) = ACCESS_HUB_READ,
    METHOD(PURGE_INSTANCES) = ACCESS_HUB_WRITE,
    METHOD(GET_WORK_ITEMS) = ACCESS_HUB_WORK,
    METHOD(COMPLETE_ACTIVITY_TASK) = ACCESS_HUB_WORK,
    METHOD(COMPLETE_ORCHESTRATOR_TASK) = ACCESS_HUB_WORK,
    METHOD(COMPLETE_ENTITY_TASK) = ACCESS_HUB_WORK,
    METHOD(STREAM_INSTANCE_HISTORY) = ACCESS_HUB_READ,
    METHOD(CREATE_TASK_HUB) = ACCESS_HUB_ADMIN,
    METHOD(DELETE_TASK_HUB) = ACCESS_HUB_ADMIN,
    METHOD(SIGNAL_ENTITY) = ACCESS_HUB_WRITE,
    METHOD(GET_ENTITY) = ACCESS_HUB_READ,
    METHOD(QUERY_ENTITIES) = ACCESS_HUB_READ,
    METHOD(CLEAN_ENTITY_STORAGE) = ACCESS_HUB_WRITE,
    METHOD(ABANDON_TASK_ACTIVITY_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(ABANDON_TASK_ORCHESTRATOR_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(ABANDON_TASK_ENTITY_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS) = ACCESS_HUB_WRITE,
};

#undef METHOD
#define METHOD(name) [PB_BACKEND_SERVICE_##name]
static const enum access_permission backend_rows[PB_BACKEND_SERVICE_METHOD_COUNT] = {
    METHOD(CREATE_INSTANCE) = ACCESS_HUB_WRITE,
    METHOD(ADD_EVENT) = ACCESS_HUB_WRITE,
    METHOD(ADD_EVENTS) = ACCESS_HUB_WRITE,
    METHOD(GET_INSTANCE) = ACCESS_HUB_READ,
    METHOD(GET_ENTITY) = ACCESS_HUB_READ,
    METHOD(QUERY_INSTANCES) = ACCESS_HUB_READ,
    METHOD(QUERY_ENTITIES) = ACCESS_HUB_READ,
    METHOD(WAIT_FOR_INSTANCE) = ACCESS_HUB_READ,
    METHOD(PURGE_INSTANCES) = ACCESS_HUB_WRITE,
    METHOD(RESTART_INSTANCE) = ACCESS_HUB_WRITE,
    METHOD(CLEAN_ENTITY_STORAGE) = ACCESS_HUB_WRITE,
    METHOD(GET_WORK_ITEMS) = ACCESS_HUB_WORK,
    METHOD(GET_ORCHESTRATION_RUNTIME_STATE) = ACCESS_HUB_READ,
    METHOD(STREAM_INSTANCE_HISTORY) = ACCESS_HUB_READ,
    METHOD(COMPLETE_ACTIVITY_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(ABANDON_ACTIVITY_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(COMPLETE_ORCHESTRATION_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(COMPLETE_ORCHESTRATION_WORK_ITEM_WITH_EXTENDED_SESSION) = ACCESS_HUB_WORK,
    METHOD(ABANDON_ORCHESTRATION_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(RELEASE_ORCHESTRATION_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(COMPLETE_ENTITY_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(COMPLETE_ENTITY_WORK_ITEM_WITH_EXTENDED_SESSION) = ACCESS_HUB_WORK,
    METHOD(ABANDON_ENTITY_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(RELEASE_ENTITY_WORK_ITEM) = ACCESS_HUB_WORK,
    METHOD(PING) = ACCESS_HUB_HELLO,
    METHOD(GET_METRICS) = ACCESS_HUB_READ,
    METHOD(SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS) = ACCESS_HUB_WRITE,
    METHOD(BEGIN_WORKER_DRAIN) = ACCESS_HUB_WORK,
};

enum access_permission scheduler_access_of(struct bytes path)
{
    if (bytes_starts_with(path, HEALTH_SERVICE))
        return ACCESS_ANYONE;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (bytes_equal_cstr(path, pb_task_hub_sidecar_service_methods[i].path))
            return rows[i];
    for (size_t i = 0; i < ARRAY_SIZE(backend_rows); i++)
        if (bytes_equal_cstr(path, pb_backend_service_methods[i].path))
            return backend_rows[i];
    return ACCESS_UNSET;
}

/* A name with a slash is no hub's, and must not reach another's grant. */
void scheduler_access_place(struct bytes hub, struct buf *scope)
{
    if (hub.size == 0 || hub.size > HUB_NAME_MAX || memchr(hub.data, '/', hub.size))
        return;
    buf_append_byte(scope, '/');
    buf_append_bytes(scope, hub);
}

void scheduler_access_resource(const char *scheduler, struct bytes hub, struct buf *resource)
{
    if (!scheduler)
        return;
    buf_append_cstr(resource, scheduler);
    if (hub.size == 0 || hub.size > HUB_NAME_MAX || memchr(hub.data, '/', hub.size))
        return;
    buf_append_cstr(resource, "/taskHubs/");
    buf_append_bytes(resource, hub);
}

enum status scheduler_access_check(const struct principal *principal, struct bytes path, struct bytes hub,
                                   struct bytes resource, struct err *err)
{
    enum access_permission permission = scheduler_access_of(path);
    CLEANUP(buf_fini) struct buf place = {0};
    buf_append_cstr(&place, SCHEDULER_ACCESS_PLACE);
    scheduler_access_place(hub, &place);
    if (buf_status(&place) != STATUS_OK)
        return err_no_memory(err);
    enum access_verdict verdict = access_decide_at(principal, permission, buf_peek(&place), resource);
    if (verdict == ACCESS_GRANTED)
        return STATUS_OK;
    if (verdict == ACCESS_UNKNOWN)
        return err_set(err, STATUS_UNAUTHENTICATED, "sign in: %s", access_refusal(principal));
    CLEANUP(buf_fini) struct buf words = {0};
    access_explain(principal, permission, buf_peek(&place), &words);
    return err_set(err, STATUS_PERMISSION_DENIED, "%.*s", BYTES_FMT(buf_peek(&words)));
}
