/* SPDX-License-Identifier: MIT */
/* client_hub.c — making and deleting the task hub. Contracts: include/durabletask.h. */
#include "sdk/client/methods.h"
#include "sdk/client/waiter.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

static enum status create_hub(struct dt_client *client, bool recreate, dt_on_reply *on_reply, void *context,
                              struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_create_task_hub_request request = {.recreate_if_exists = recreate};
    return sdk_draft_submit(client, &draft, METHOD(CREATE_TASK_HUB), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_create_hub(struct dt_client *client, bool recreate, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = create_hub(client, recreate, sdk_waiter_on_reply, &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

enum dt_status dt_client_create_hub_async(struct dt_client *client, bool recreate, dt_on_reply *on_reply,
                                          void *context)
{
    if (client)
        return sdk_status(create_hub(client, recreate, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

static enum status delete_hub(struct dt_client *client, dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_delete_task_hub_request request = {0};
    return sdk_draft_submit(client, &draft, METHOD(DELETE_TASK_HUB), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_delete_hub(struct dt_client *client, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = delete_hub(client, sdk_waiter_on_reply, &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

enum dt_status dt_client_delete_hub_async(struct dt_client *client, dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(delete_hub(client, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}
