/* SPDX-License-Identifier: MIT */
/* api.c — the table of routes, and the life of the service. */
#include <stdlib.h>

#include "svc/scheduler/http/api_internal.h"
#include "svc/scheduler/limit_values.h"
#include "svc/scheduler/scheduler_access.h"

#define BODY_COMMON                                                                                          \
    ((size_t)4 << 20) /* bytes: an input, lists of ids; the scheduler has limits of its own behind it */

#define SMALL_BODY  .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_SMALL
#define COMMON_BODY .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_COMMON
#define ONE         "/v1/taskhubs/orchestrations/{id}"
#define ENTITY      "/v1/taskhubs/entities/{id}"
#define SCHEDULE    "/v1/taskhubs/schedules/{id}"
#define RETENTION   "/v1/taskhubs/retentionPolicies/default"

/* Rows whose value in the path is the hub's name; others name it by the query or a header. */
static const char value_is_hub;

/* Of two rows for one path the first has it: words stand in front of values. */
static const struct http_route routes[] = {
    {"GET", "/v1/taskhubs/ping", "taskhub", ACCESS_HUB_READ, .handle = api_ping,
     .summary = "Whether the task hub is there"},
    {"GET", "/v1/taskhubs/changes", "taskhub lastEventId instanceId", ACCESS_HUB_READ, .handle = api_changes,
     .summary = "Follow the instances and entities of a task hub, or one of them (server-sent events)"},
    {"POST", "/v1/taskhubs/orchestrations/query", "taskhub", ACCESS_HUB_READ, SMALL_BODY,
     .handle = api_instances_query, .summary = "Search instances: filter, page, order"},
    {"POST", "/v1/taskhubs/orchestrations", "taskhub", ACCESS_HUB_WRITE, COMMON_BODY,
     .handle = api_instance_start, .summary = "Start an instance"},
    {"POST", "/v1/taskhubs/orchestrations/addhistoryevents", "taskhub", ACCESS_HUB_WRITE, COMMON_BODY,
     .handle = api_instances_events,
     .summary = "Suspend, resume, terminate, rewind, or raise events on many"},
    {"POST", "/v1/taskhubs/orchestrations/forceterminate", "taskhub", ACCESS_HUB_WRITE, COMMON_BODY,
     .handle = api_instances_terminate, .summary = "Terminate many without asking their workers"},
    {"DELETE", "/v1/taskhubs/orchestrations/purge", "taskhub", ACCESS_HUB_WRITE, COMMON_BODY,
     .handle = api_instances_purge, .summary = "Purge many that are over"},
    {"GET", ONE, "taskhub", ACCESS_HUB_READ, .handle = api_instance_get, .summary = "Look at an instance"},
    {"DELETE", ONE, "taskhub recursive", ACCESS_HUB_WRITE, .handle = api_instance_purge,
     .summary = "Purge an instance that is over"},
    {"GET", ONE "/payloads", "taskhub", ACCESS_HUB_READ, .handle = api_instance_payloads,
     .summary = "Its input, output, custom status and failure"},
    {"GET", ONE "/executions/{executionId}/history", "taskhub shape", ACCESS_HUB_READ,
     .handle = api_instance_history, .summary = "What happened to it, event by event"},
    {"POST", ONE "/history", "taskhub", ACCESS_HUB_WRITE, COMMON_BODY, .handle = api_instance_event,
     .summary = "Suspend, resume, terminate, rewind, or raise an event"},
    {"POST", ONE "/restart", "taskhub", ACCESS_HUB_WRITE, SMALL_BODY, .handle = api_instance_restart,
     .summary = "Run it again with the same input"},
    {"POST", "/v1/taskhubs/entities/query", "taskhub", ACCESS_HUB_READ, SMALL_BODY,
     .handle = api_entities_query, .summary = "Search entities: filter, page, order"},
    {"DELETE", "/v1/taskhubs/entities/delete", "taskhub", ACCESS_HUB_WRITE, COMMON_BODY,
     .handle = api_entities_delete, .summary = "Delete many entities"},
    {"GET", ENTITY, "taskhub", ACCESS_HUB_READ, .handle = api_entity_get, .summary = "Look at an entity"},
    {"DELETE", ENTITY, "taskhub", ACCESS_HUB_WRITE, .handle = api_entity_delete,
     .summary = "Delete an entity"},
    {"GET", ENTITY "/state", "taskhub", ACCESS_HUB_READ, .handle = api_entity_state,
     .summary = "Its state as text"},
    {"POST", ENTITY "/signal", "taskhub", ACCESS_HUB_WRITE, COMMON_BODY, .handle = api_entity_signal,
     .summary = "Have an entity run an operation"},
    {"GET", "/v1/taskhubs/schedules", "taskhub continuationToken", ACCESS_HUB_READ,
     .handle = api_schedules_list, .summary = "List schedules"},
    {"POST", "/v1/taskhubs/schedules", "taskhub", ACCESS_HUB_WRITE, COMMON_BODY,
     .handle = api_schedule_create, .summary = "Make a schedule"},
    {"DELETE", SCHEDULE, "taskhub", ACCESS_HUB_WRITE, .handle = api_schedule_delete,
     .summary = "Delete a schedule"},
    {"POST", SCHEDULE "/pause", "taskhub", ACCESS_HUB_WRITE, .handle = api_schedule_pause,
     .summary = "Pause a schedule"},
    {"POST", SCHEDULE "/resume", "taskhub", ACCESS_HUB_WRITE, .handle = api_schedule_resume,
     .summary = "Resume a schedule"},
    {"GET", "/v1/taskhubs/workers", "taskhub", ACCESS_HUB_READ, .handle = api_workers,
     .summary = "Who works for a task hub, and how much of what"},
    {"GET", RETENTION, "taskhub", ACCESS_HUB_READ, .handle = api_retention_get,
     .summary = "How long what is over is kept"},
    {"PUT", RETENTION, "taskhub", ACCESS_HUB_ADMIN, SMALL_BODY, .handle = api_retention_set,
     .summary = "Set how long what is over is kept, by state"},
    {"DELETE", RETENTION, "taskhub", ACCESS_HUB_ADMIN, .handle = api_retention_delete,
     .summary = "Keep what is over for as long as the server's settings say"},
    {"GET", "/v1/hubs", "", ACCESS_HUB_READ, .handle = api_hubs_list, .summary = "List task hubs"},
    {"PUT", "/v1/hubs/{name}", "", ACCESS_HUB_ADMIN, SMALL_BODY, .handle = api_hub_create,
     .own = &value_is_hub, .summary = "Make a task hub"},
    {"DELETE", "/v1/hubs/{name}", "", ACCESS_HUB_ADMIN, .handle = api_hub_delete, .own = &value_is_hub,
     .summary = "Delete a task hub and all that is in it"},
};

/* Where a request goes, for access: a grant may be for one hub. */
static void place(void *context, struct http_request *request, struct buf *scope)
{
    bool in_path = http_request_route(request)->own == &value_is_hub;
    scheduler_access_place(in_path ? http_request_value(request) : api_hub_name(request), scope);
}

static void resource(void *context, struct http_request *request, struct buf *out)
{
    const struct scheduler_http *http = context;
    bool in_path = http_request_route(request)->own == &value_is_hub;
    scheduler_access_resource(scheduler_resource(http->scheduler),
                              in_path ? http_request_value(request) : api_hub_name(request), out);
}

void api_ping(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, 0);
    if (call)
        api_call_answer(call, 200, "application/json; charset=utf-8", BYTES_LITERAL("{}\n"));
}

static void follow(struct api_call *call)
{
    struct http_request *request = call->request;
    struct feeds *feeds = call->http->feeds;
    uint32_t hub = call->hub;
    if (bytes_equal_cstr(http_request_method(request),
                         "HEAD")) { /* a stream without events would have no end */
        api_call_answer(call, 200, "text/event-stream; charset=utf-8", (struct bytes){0});
        return;
    }
    api_call_leave(call);
    feeds_open(feeds, request, hub);
}

static void on_hub_made(struct api_call *call, struct bytes message)
{
    struct err err = {0};
    enum status status = scheduler_ask_hub(call->http->scheduler, call->hub_name, false, &call->hub, &err);
    if (status == STATUS_OK && call->hub)
        follow(call);
    else
        api_call_answer_problem(call, &api_problems[API_UNKNOWN_HUB], "This task hub is not there any more.");
}

void api_changes(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, 0);
    if (!call)
        return;
    if (call->hub) {
        follow(call);
        return;
    }
    /* Of its name in a scheduler that makes hubs when they are used: the first question makes it. */
    struct pb_get_instance_request ask = {.instance_id = BYTES_LITERAL("-")};
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_GET_INSTANCE, &pb_get_instance_request_message, &ask,
                 on_hub_made);
}

enum status scheduler_http_create(struct loop *loop, struct scheduler *scheduler,
                                  struct scheduler_http **ret_http, struct err *err)
{
    struct scheduler_http *http = calloc(1, sizeof *http);
    if (!http)
        return err_set(err, STATUS_NO_MEMORY, "the scheduler's HTTP API: out of memory");
    http->loop = loop;
    http->scheduler = scheduler;
    list_init(&http->calls);
    enum status status = feeds_create(loop, scheduler, &http->feeds, err);
    if (status != STATUS_OK) {
        free(http);
        return status;
    }
    *ret_http = http;
    return STATUS_OK;
}

void scheduler_http_stop(struct scheduler_http *http)
{
    feeds_stop(http->feeds);
}

void scheduler_http_destroy(struct scheduler_http *http)
{
    if (!http)
        return;
    list_each_safe (it, &http->calls) /* whose query the store dropped */
        api_call_destroy(CONTAINER_OF(it, struct api_call, link));
    feeds_destroy(http->feeds);
    free(http);
}

struct http_part scheduler_http_part(struct scheduler_http *http)
{
    return (struct http_part){
        .name = "scheduler",
        .prefix = "",
        .claims = "/v1/taskhubs",
        .routes = routes,
        .route_count = ARRAY_SIZE(routes),
        .body_limits = {[HTTP_BODY_SMALL] = API_BODY_SIZE_MAX, [HTTP_BODY_COMMON] = BODY_COMMON},
        .problems = api_problems,
        .problem_count = API_PROBLEM_COUNT,
        .place = place,
        .resource = resource,
        .context = http};
}
