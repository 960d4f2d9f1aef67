/* SPDX-License-Identifier: MIT */
/* client_commands.c — telling an instance something: an event, terminate, suspend, resume. Contracts:
 * include/durabletask.h. */
#include "sdk/client/methods.h"
#include "sdk/client/waiter.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

static enum status raise_event(struct dt_client *client, const char *instance_id, const char *name,
                               const char *data, dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_raise_event_request request = {.instance_id =
                                                 sdk_draft_required(&draft, "instance id", instance_id),
                                             .name = sdk_draft_required(&draft, "name", name),
                                             .input = sdk_draft_optional(&draft, "data", data)};
    return sdk_draft_submit(client, &draft, METHOD(RAISE_EVENT), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_raise_event(struct dt_client *client, const char *instance_id, const char *name,
                                     const char *data, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started =
            raise_event(client, instance_id, name, data, sdk_waiter_on_reply, &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

enum dt_status dt_client_raise_event_async(struct dt_client *client, const char *instance_id,
                                           const char *name, const char *data, dt_on_reply *on_reply,
                                           void *context)
{
    if (client)
        return sdk_status(raise_event(client, instance_id, name, data, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

static enum status terminate(struct dt_client *client, const char *instance_id, const char *output,
                             bool recursive, dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_terminate_request request = {.instance_id =
                                               sdk_draft_required(&draft, "instance id", instance_id),
                                           .output = sdk_draft_optional(&draft, "output", output),
                                           .recursive = recursive};
    return sdk_draft_submit(client, &draft, METHOD(TERMINATE_INSTANCE), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_terminate(struct dt_client *client, const char *instance_id, const char *output,
                                   bool recursive, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started =
            terminate(client, instance_id, output, recursive, sdk_waiter_on_reply, &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

enum dt_status dt_client_terminate_async(struct dt_client *client, const char *instance_id,
                                         const char *output, bool recursive, dt_on_reply *on_reply,
                                         void *context)
{
    if (client)
        return sdk_status(terminate(client, instance_id, output, recursive, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

static enum status suspend(struct dt_client *client, const char *instance_id, const char *reason,
                           dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_suspend_request request = {.instance_id =
                                             sdk_draft_required(&draft, "instance id", instance_id),
                                         .reason = sdk_draft_optional(&draft, "reason", reason)};
    return sdk_draft_submit(client, &draft, METHOD(SUSPEND_INSTANCE), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_suspend(struct dt_client *client, const char *instance_id, const char *reason,
                                 struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = suspend(client, instance_id, reason, sdk_waiter_on_reply, &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

enum dt_status dt_client_suspend_async(struct dt_client *client, const char *instance_id, const char *reason,
                                       dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(suspend(client, instance_id, reason, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

static enum status resume(struct dt_client *client, const char *instance_id, const char *reason,
                          dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_resume_request request = {.instance_id = sdk_draft_required(&draft, "instance id", instance_id),
                                        .reason = sdk_draft_optional(&draft, "reason", reason)};
    return sdk_draft_submit(client, &draft, METHOD(RESUME_INSTANCE), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_resume(struct dt_client *client, const char *instance_id, const char *reason,
                                struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = resume(client, instance_id, reason, sdk_waiter_on_reply, &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

enum dt_status dt_client_resume_async(struct dt_client *client, const char *instance_id, const char *reason,
                                      dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(resume(client, instance_id, reason, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}
