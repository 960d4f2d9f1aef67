/* SPDX-License-Identifier: MIT */
/* api_call.c — the life of a call: made, asked, answered, or left by its peer. */
#include <stdlib.h>

#include "base/log.h"
#include "svc/scheduler/http/api_internal.h"
#include "svc/scheduler/limit_values.h"

#define RETRY_AFTER "2" /* seconds */

/* --- life --- */

void api_call_destroy(struct api_call *call)
{
    if (call->on_free)
        call->on_free(call);
    list_remove(&call->link);
    arena_fini(&call->arena);
    free(call);
}

static void on_gone(void *context)
{
    struct api_call *call = context;
    call->request = NULL;
    if (call->asking)
        scheduler_ask_cancel(call->http->scheduler, call->number);
    if (!call->reading)
        api_call_destroy(call);
}

void api_call_leave(struct api_call *call)
{
    http_request_on_gone(call->request, NULL, NULL);
    call->request = NULL;
    api_call_destroy(call);
}

/* By the header as the vendor's clients send it, or by the query, for a browser's EventSource, which sends none. */
struct bytes api_hub_name(struct http_request *request)
{
    struct bytes name = http_request_query(request, "taskhub");
    return name.size ? name : http_request_header(request, "x-taskhub");
}

static enum api_problem hub_problem(enum status status)
{
    return status == STATUS_UNAVAILABLE ? API_STOPPING : API_UNKNOWN_HUB;
}

struct api_call *api_call_create(struct scheduler_http *http, struct http_request *request, size_t size)
{
    return api_call_create_for(http, request, api_hub_name(request), false, size);
}

struct api_call *api_call_create_for(struct scheduler_http *http, struct http_request *request,
                                     struct bytes name, bool make, size_t size)
{
    struct err err = {0};
    uint32_t hub = 0;
    enum status status = scheduler_ask_hub(http->scheduler, name, make, &hub, &err);
    if (status == STATUS_NOT_FOUND || status == STATUS_UNAVAILABLE) {
        http_respond_problem(request, &api_problems[hub_problem(status)], err.text);
        return NULL;
    }
    if (status == STATUS_INVALID_ARGUMENT) {
        http_respond_failure(
            request, 400, "There are several task hubs: name one by the header x-taskhub, or by ?taskhub=.");
        return NULL;
    }
    if (status != STATUS_OK) {
        http_respond_problem(request, api_problem_of(status, API_UNKNOWN_HUB), err.text);
        return NULL;
    }
    struct bytes id = http_request_value(request);
    if (id.size > API_ID_SIZE_MAX || !bytes_utf8_valid(id)) {
        http_respond_failure(request, 400, "The id in the path is too long, or no UTF-8.");
        return NULL;
    }
    struct api_call *call = calloc(1, sizeof *call);
    if (!call) {
        http_respond_failure(request, 503, "There is no memory left.");
        return NULL;
    }
    *call = (struct api_call){.http = http,
                              .request = request,
                              .hub = hub,
                              .hub_name = name,
                              .id = id,
                              .unknown = API_UNKNOWN_INSTANCE};
    arena_init(&call->arena, 0);
    list_push_back(&http->calls, &call->link);
    http_request_on_gone(request, on_gone, call);
    call->own = size ? arena_alloc(&call->arena, size) : NULL;
    if (size && !call->own) {
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
        return NULL;
    }
    return call;
}

/* --- questions --- */

static void on_ask_message(void *context, struct bytes message)
{
    struct api_call *call = context;
    if (call->on_message)
        call->on_message(call, message);
}

static void on_ask_done(void *context, enum status status, const char *text, struct bytes message)
{
    struct api_call *call = context;
    call->asking = false;
    if (status == STATUS_OK)
        call->on_answer(call, message);
    else if (!call->on_refusal || !call->on_refusal(call, status, text))
        api_call_answer_status(call, status, text);
}

static struct scheduler_asker asker_of(struct api_call *call,
                                       void (*on_answer)(struct api_call *call, struct bytes message))
{
    call->asking = true;
    call->on_answer = on_answer;
    return (struct scheduler_asker){
        .on_message = on_ask_message, .on_done = on_ask_done, .context = call, .hub_name = call->hub_name};
}

void api_call_ask(struct api_call *call, enum pb_task_hub_sidecar_service_method method,
                  const struct pb_message *table, const void *message,
                  void (*on_answer)(struct api_call *call, struct bytes message))
{
    CLEANUP(buf_fini) struct buf encoded = {.limit = API_MESSAGE_SIZE_MAX};
    pb_encode(table, message, &encoded);
    if (buf_status(&encoded) != STATUS_OK) {
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
        return;
    }
    const struct scheduler_asker asker = asker_of(call, on_answer);
    scheduler_ask(call->http->scheduler, method, call->hub, buf_peek(&encoded), &asker, &call->number);
}

void api_call_retain(struct api_call *call, struct bytes rules,
                     void (*on_answer)(struct api_call *call, struct bytes message))
{
    const struct scheduler_asker asker = asker_of(call, on_answer);
    scheduler_ask_retain(call->http->scheduler, call->hub, rules, &asker, &call->number);
}

/* --- answers --- */

void api_add_header(struct http_request *request, const char *name, struct bytes value)
{
    enum status status = http_response_header(request, name, value);
    if (status != STATUS_OK)
        log_debug("svc/scheduler", "a header was left out name=%s cause=%s", name, status_name(status));
}

void api_call_answer(struct api_call *call, int http_status, const char *content_type, struct bytes body)
{
    struct http_request *request = call->request;
    call->request = NULL;
    http_respond(request, http_status, content_type, body);
    api_call_destroy(call);
}

void api_call_answer_json(struct api_call *call, int http_status, const struct json_writer *json)
{
    bool whole = json_write_status(json) == STATUS_OK;
    buf_append_byte(json->out, '\n');
    if (whole && buf_status(json->out) == STATUS_OK)
        api_call_answer(call, http_status, "application/json; charset=utf-8", buf_peek(json->out));
    else
        api_call_answer_status(call, STATUS_RESOURCE_EXHAUSTED, "The answer does not fit into memory.");
}

void api_call_answer_nothing(struct api_call *call)
{
    api_call_answer(call, 204, NULL, (struct bytes){0});
}

void api_call_answer_problem(struct api_call *call, const struct http_problem *problem, const char *detail)
{
    struct http_request *request = call->request;
    call->request = NULL;
    if (problem->http_status == 503)
        api_add_header(request, "Retry-After", BYTES_LITERAL(RETRY_AFTER));
    http_respond_problem(request, problem, detail);
    api_call_destroy(call);
}

void api_call_answer_status(struct api_call *call, enum status status, const char *text)
{
    api_call_answer_problem(call, api_problem_of(status, call->unknown), text);
}
