/* SPDX-License-Identifier: MIT */
/* hubs.c — task hubs: which there are, made, deleted; and who works for one. */
#include "svc/scheduler/http/api_internal.h"

/* --- hubs --- */

static void write_hub(void *context, struct bytes name, const struct tally_hub *tally)
{
    struct json_writer *json = context;
    uint64_t waiting = 0, active = 0;
    for (size_t i = 0; i < TALLY_KINDS_MAX; i++) {
        waiting += tally->work[i].waiting;
        active += tally->work[i].out;
    }
    json_write_begin_object(json);
    json_write_member_string(json, "name", name);
    json_write_member_int(json, "startedCount", (int64_t)tally->started);
    json_write_member_int(json, "completedCount", (int64_t)tally->completed);
    json_write_member_int(json, "failedCount", (int64_t)tally->failed);
    json_write_member_int(json, "terminatedCount", (int64_t)tally->terminated);
    json_write_member_int(json, "waitingCount", (int64_t)waiting);
    json_write_member_int(json, "activeCount", (int64_t)active);
    json_write_end_object(json);
}

static void respond_json(struct http_request *request, struct json_writer *json)
{
    bool whole = json_write_status(json) == STATUS_OK;
    buf_append_byte(json->out, '\n');
    if (whole && buf_status(json->out) == STATUS_OK)
        http_respond(request, 200, "application/json; charset=utf-8", buf_peek(json->out));
    else
        http_respond_failure(request, 503, "There is no memory left.");
}

void api_hubs_list(void *context, struct http_request *request)
{
    const struct scheduler_http *http = context;
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_key(&json, "hubs");
    json_write_begin_array(&json);
    scheduler_ask_tallies(http->scheduler, write_hub, &json);
    json_write_end_array(&json);
    json_write_end_object(&json);
    respond_json(request, &json);
}

static void on_done(struct api_call *call, struct bytes message)
{
    api_call_answer_nothing(call);
}

/* The name is the path's; a hub that is there already is as good as a new one. */
void api_hub_create(void *context, struct http_request *http_request)
{
    struct api_call *call =
        api_call_create_for(context, http_request, http_request_value(http_request), true, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    struct pb_create_task_hub_request request = {0};
    if (body && api_body_flag(call, body, "recreateIfExists", &request.recreate_if_exists))
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_CREATE_TASK_HUB, &pb_create_task_hub_request_message,
                     &request, on_done);
}

void api_hub_delete(void *context, struct http_request *http_request)
{
    struct api_call *call =
        api_call_create_for(context, http_request, http_request_value(http_request), false, 0);
    static const struct pb_delete_task_hub_request request;
    if (call)
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_DELETE_TASK_HUB, &pb_delete_task_hub_request_message,
                     &request, on_done);
}

/* --- workers --- */

static const struct {
    const char *active, *most, *filters;
} kinds[ENGINE_WORK_KINDS] = {
    {"activeOrchestrationsCount", "maxOrchestrationsCount", "orchestrations"},
    {"activeActivitiesCount", "maxActivitiesCount", "activities"},
    {"activeEntitiesCount", "maxEntitiesCount", "entities"},
};

static void write_filter(struct json_writer *json, const struct engine_filter *filter)
{
    json_write_begin_object(json);
    json_write_member_string(json, "name", filter->name);
    json_write_key(json, "versions");
    json_write_begin_array(json);
    for (size_t n = 0; n < filter->version_count; n++)
        json_write_string(json, filter->versions[n]);
    json_write_end_array(json);
    json_write_end_object(json);
}

/* By the names of the filters that the worker sent; a kind without an entry is one of which it takes nothing. */
static void write_filters(struct json_writer *json, const struct engine_worker_load *worker)
{
    json_write_key(json, "workItemFilters");
    json_write_begin_object(json);
    for (size_t kind = 0; kind < ENGINE_WORK_KINDS; kind++) {
        json_write_key(json, kinds[kind].filters);
        json_write_begin_array(json);
        for (size_t n = 0; n < worker->filter_counts[kind]; n++)
            write_filter(json, &worker->filters[kind][n]);
        json_write_end_array(json);
    }
    json_write_end_object(json);
}

static void write_worker(void *context, const struct engine_worker_load *worker)
{
    struct json_writer *json = context;
    json_write_begin_object(json);
    json_write_member_string(json, "workerId", worker->id);
    for (size_t kind = 0; kind < ENGINE_WORK_KINDS; kind++) {
        json_write_member_int(json, kinds[kind].active, worker->active[kind]);
        json_write_member_int(json, kinds[kind].most, worker->most[kind]);
    }
    json_write_member_bool(json, "filtered", worker->filtered);
    if (worker->filtered)
        write_filters(json, worker);
    json_write_end_object(json);
}

void api_workers(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, 0);
    if (!call)
        return;
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_key(&json, "workers");
    json_write_begin_array(&json);
    scheduler_ask_workers(call->http->scheduler, call->hub, write_worker, &json);
    json_write_end_array(&json);
    json_write_end_object(&json);
    api_call_answer_json(call, 200, &json);
}
