/* SPDX-License-Identifier: MIT */
/* retention.c — the policy of a hub for what is over: shown, set, and given up for that of the settings (spec 3.26). */
#include "svc/scheduler/http/api_internal.h"
#include "svc/scheduler/http/retention_body.h"

static void show(struct api_call *call)
{
    struct retention_period periods[INSTANCE_NONE];
    size_t count = 0;
    bool own = false;
    for (int status = 0; status < INSTANCE_NONE; status++) {
        struct retention_period period = {.status = (enum instance_status)status};
        if (!instance_status_terminal(period.status))
            continue;
        period.kept = !scheduler_ask_retention(call->http->scheduler, call->hub, call->hub_name,
                                               period.status, &period.age_ns, &own);
        periods[count++] = period;
    }
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_key(&json, "retentionPolicies");
    retention_body_write(&json, periods, count);
    json_write_member_cstr(&json, "source", own ? "hub" : "setting");
    json_write_end_object(&json);
    api_call_answer_json(call, 200, &json);
}

void api_retention_get(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, 0);
    if (call)
        show(call);
}

static void on_set(struct api_call *call, struct bytes message)
{
    api_call_answer_nothing(call);
}

void api_retention_set(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    CLEANUP(buf_fini) struct buf rules = {0};
    struct err err = {0};
    if (!body)
        return;
    enum status status = retention_body_read(body, &rules, &err);
    if (status == STATUS_OK)
        api_call_retain(call, buf_peek(&rules), on_set);
    else
        api_call_answer_status(call, status, err.text);
}

void api_retention_delete(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, 0);
    if (call)
        api_call_retain(call, (struct bytes){0}, on_set);
}
