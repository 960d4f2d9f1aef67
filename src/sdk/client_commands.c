/* SPDX-License-Identifier: MIT */
/* Telling an instance something: an event, terminate, suspend, resume. Contracts: include/durabletask.h. */
#include "sdk/operation.h"
#include "sdk/waiter.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

static enum status raise_event(struct dt_client *client, const char *instance_id, const char *name,
                               const char *data, dt_on_reply *on_reply, void *context, struct err *e)
{
    struct sdk_draft d;
    sdk_draft_begin(&d, 0);
    struct pb_raise_event_request request = {.instance_id =
                                                 sdk_draft_required(&d, "instance id", instance_id),
                                             .name = sdk_draft_required(&d, "name", name),
                                             .input = sdk_draft_optional(&d, "data", data)};
    /* Twice would be two events. */
    struct sdk_call_options call = {.method = METHOD(RAISE_EVENT), .safe_twice = false};
    return sdk_draft_submit(client, &d, &call, &pb_raise_event_request_message, &request, on_reply, context,
                            e);
}

enum dt_status dt_client_raise_event(struct dt_client *client, const char *instance_id, const char *name,
                                     const char *data, struct dt_error *e)
{
    BLOCK(client, raise_event(client, instance_id, name, data, sdk_waiter_on_reply, &w, &own_error));
    return ended;
}

enum dt_status dt_client_raise_event_async(struct dt_client *client, const char *instance_id,
                                           const char *name, const char *data, dt_on_reply *on_reply,
                                           void *context)
{
    ASYNC(client, raise_event(client, instance_id, name, data, on_reply, context, NULL));
}

static enum status terminate(struct dt_client *client, const char *instance_id, const char *output,
                             bool recursive, dt_on_reply *on_reply, void *context, struct err *e)
{
    struct sdk_draft d;
    sdk_draft_begin(&d, 0);
    struct pb_terminate_request request = {.instance_id = sdk_draft_required(&d, "instance id", instance_id),
                                           .output = sdk_draft_optional(&d, "output", output),
                                           .recursive = recursive};
    struct sdk_call_options call = {.method = METHOD(TERMINATE_INSTANCE), .safe_twice = true};
    return sdk_draft_submit(client, &d, &call, &pb_terminate_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_terminate(struct dt_client *client, const char *instance_id, const char *output,
                                   bool recursive, struct dt_error *e)
{
    BLOCK(client, terminate(client, instance_id, output, recursive, sdk_waiter_on_reply, &w, &own_error));
    return ended;
}

enum dt_status dt_client_terminate_async(struct dt_client *client, const char *instance_id,
                                         const char *output, bool recursive, dt_on_reply *on_reply,
                                         void *context)
{
    ASYNC(client, terminate(client, instance_id, output, recursive, on_reply, context, NULL));
}

static enum status suspend(struct dt_client *client, const char *instance_id, const char *reason,
                           dt_on_reply *on_reply, void *context, struct err *e)
{
    struct sdk_draft d;
    sdk_draft_begin(&d, 0);
    struct pb_suspend_request request = {.instance_id = sdk_draft_required(&d, "instance id", instance_id),
                                         .reason = sdk_draft_optional(&d, "reason", reason)};
    struct sdk_call_options call = {.method = METHOD(SUSPEND_INSTANCE), .safe_twice = true};
    return sdk_draft_submit(client, &d, &call, &pb_suspend_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_suspend(struct dt_client *client, const char *instance_id, const char *reason,
                                 struct dt_error *e)
{
    BLOCK(client, suspend(client, instance_id, reason, sdk_waiter_on_reply, &w, &own_error));
    return ended;
}

enum dt_status dt_client_suspend_async(struct dt_client *client, const char *instance_id, const char *reason,
                                       dt_on_reply *on_reply, void *context)
{
    ASYNC(client, suspend(client, instance_id, reason, on_reply, context, NULL));
}

static enum status resume(struct dt_client *client, const char *instance_id, const char *reason,
                          dt_on_reply *on_reply, void *context, struct err *e)
{
    struct sdk_draft d;
    sdk_draft_begin(&d, 0);
    struct pb_resume_request request = {.instance_id = sdk_draft_required(&d, "instance id", instance_id),
                                        .reason = sdk_draft_optional(&d, "reason", reason)};
    struct sdk_call_options call = {.method = METHOD(RESUME_INSTANCE), .safe_twice = true};
    return sdk_draft_submit(client, &d, &call, &pb_resume_request_message, &request, on_reply, context, e);
}

enum dt_status dt_client_resume(struct dt_client *client, const char *instance_id, const char *reason,
                                struct dt_error *e)
{
    BLOCK(client, resume(client, instance_id, reason, sdk_waiter_on_reply, &w, &own_error));
    return ended;
}

enum dt_status dt_client_resume_async(struct dt_client *client, const char *instance_id, const char *reason,
                                      dt_on_reply *on_reply, void *context)
{
    ASYNC(client, resume(client, instance_id, reason, on_reply, context, NULL));
}
