/* SPDX-License-Identifier: MIT */
/* client_instances.c — reading an instance, waiting for it. Contracts: include/durabletask.h. */
#include "base/duration.h"
#include "sdk/client/methods.h"
#include "sdk/client/waiter.h"
#include "sdk/convert.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

/* --- get and wait --- */

static enum status get(struct dt_client *client, const char *instance_id, bool payloads,
                       dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_get_instance_request request = {.instance_id =
                                                  sdk_draft_required(&draft, "instance id", instance_id),
                                              .get_inputs_and_outputs = payloads};
    return sdk_draft_submit(client, &draft, METHOD(GET_INSTANCE), &request, 0, on_reply, context, err);
}

/* A wait without time is a look. */
static enum status wait_for(struct dt_client *client, bool completion, const char *instance_id,
                            int64_t timeout_ms, dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    if (draft.op) {
        draft.op->must_have_started = !completion;
        draft.op->must_have_ended = completion;
    }
    struct pb_get_instance_request request = {.instance_id =
                                                  sdk_draft_required(&draft, "instance id", instance_id),
                                              .get_inputs_and_outputs = true};
    enum pb_task_hub_sidecar_service_method method =
        completion ? METHOD(WAIT_FOR_INSTANCE_COMPLETION) : METHOD(WAIT_FOR_INSTANCE_START);
    if (timeout_ms == 0)
        method = METHOD(GET_INSTANCE);
    int64_t timeout_ns = timeout_ms < 0 ? -1 : MIN(timeout_ms, INT64_MAX / NS_PER_MS) * NS_PER_MS;
    return sdk_draft_submit(client, &draft, method, &request, timeout_ns, on_reply, context, err);
}

static enum dt_status give_instance(struct sdk_waiter *waiter, enum dt_status ended,
                                    struct dt_instance **ret_instance)
{
    if (ended != DT_OK)
        return ended;
    if (ret_instance)
        *ret_instance = waiter->taken.instance;
    else
        dt_instance_destroy(waiter->taken.instance);
    return DT_OK;
}

enum dt_status dt_client_get(struct dt_client *client, const char *instance_id, bool payloads,
                             struct dt_instance **ret_instance, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = get(client, instance_id, payloads, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    return give_instance(&waiter, ended, ret_instance);
}

enum dt_status dt_client_get_async(struct dt_client *client, const char *instance_id, bool payloads,
                                   dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(get(client, instance_id, payloads, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

enum dt_status dt_client_wait_start(struct dt_client *client, const char *instance_id, int64_t timeout_ms,
                                    struct dt_instance **ret_instance, struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started =
            wait_for(client, false, instance_id, timeout_ms, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    return give_instance(&waiter, ended, ret_instance);
}

enum dt_status dt_client_wait_start_async(struct dt_client *client, const char *instance_id,
                                          int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(wait_for(client, false, instance_id, timeout_ms, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}

enum dt_status dt_client_wait_completion(struct dt_client *client, const char *instance_id,
                                         int64_t timeout_ms, struct dt_instance **ret_instance,
                                         struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started =
            wait_for(client, true, instance_id, timeout_ms, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    return give_instance(&waiter, ended, ret_instance);
}

enum dt_status dt_client_wait_completion_async(struct dt_client *client, const char *instance_id,
                                               int64_t timeout_ms, dt_on_reply *on_reply, void *context)
{
    if (client)
        return sdk_status(wait_for(client, true, instance_id, timeout_ms, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}
