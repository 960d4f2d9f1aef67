/* SPDX-License-Identifier: MIT */
/* client_repair.c — what an operator does with instances that went wrong: rewind, restart, end without a worker.
 * Contracts: include/durabletask.h. */
#include "sdk/client/methods.h"
#include "sdk/client/waiter.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

/* --- rewind --- */

static enum status rewind_instance(struct dt_client *client, const char *instance_id, const char *reason,
                                   dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_rewind_instance_request request = {.instance_id =
                                                     sdk_draft_required(&draft, "instance id", instance_id),
                                                 .reason = sdk_draft_optional(&draft, "reason", reason)};
    return sdk_draft_submit(client, &draft, METHOD(REWIND_INSTANCE), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_rewind(struct dt_client *client, const char *instance_id, const char *reason,
                                struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started =
            rewind_instance(client, instance_id, reason, sdk_waiter_on_reply, &waiter, &waiter.fault);
    return sdk_waiter_await(&waiter, error);
}

enum dt_status dt_client_rewind_async(struct dt_client *client, const char *instance_id, const char *reason,
                                      dt_on_reply *on_reply, void *context)
{
    if (!client)
        return DT_INVALID_ARGUMENT;
    return sdk_status(rewind_instance(client, instance_id, reason, on_reply, context, NULL));
}

/* --- restart --- */

static enum status restart(struct dt_client *client, const char *instance_id, bool new_id,
                           dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, DT_INSTANCE_ID_SIZE);
    struct pb_restart_instance_request request = {.instance_id =
                                                      sdk_draft_required(&draft, "instance id", instance_id),
                                                  .restart_with_new_instance_id = new_id};
    return sdk_draft_submit(client, &draft, METHOD(RESTART_INSTANCE), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_restart(struct dt_client *client, const char *instance_id, bool new_id,
                                 char ret_instance_id[DT_INSTANCE_ID_SIZE], struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = restart(client, instance_id, new_id, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK && ret_instance_id)
        memcpy(ret_instance_id, waiter.instance_id, DT_INSTANCE_ID_SIZE);
    return ended;
}

enum dt_status dt_client_restart_async(struct dt_client *client, const char *instance_id, bool new_id,
                                       dt_on_reply *on_reply, void *context)
{
    if (!client)
        return DT_INVALID_ARGUMENT;
    return sdk_status(restart(client, instance_id, new_id, on_reply, context, NULL));
}

/* --- skip the graceful termination --- */

static enum status skip_termination(struct dt_client *client, const char *const *instance_ids, size_t count,
                                    const char *reason, dt_on_reply *on_reply, void *context, struct err *err)
{
    struct sdk_draft draft;
    sdk_draft_begin(&draft, 0);
    struct pb_instance_batch batch = {.instance_ids = sdk_draft_ids(&draft, instance_ids, count),
                                      .instance_ids_count = count};
    struct pb_skip_graceful_orchestration_terminations_request request = {
        .instance_batch = &batch, .reason = sdk_draft_optional(&draft, "reason", reason)};
    return sdk_draft_submit(client, &draft, METHOD(SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS), &request, 0,
                            on_reply, context, err);
}

enum dt_status dt_client_skip_termination(struct dt_client *client, const char *const *instance_ids,
                                          size_t count, const char *reason, struct dt_ids **ret_ids,
                                          struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = skip_termination(client, instance_ids, count, reason, sdk_waiter_on_reply, &waiter,
                                          &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended != DT_OK)
        return ended;
    if (ret_ids)
        *ret_ids = waiter.taken.ids;
    else
        dt_ids_destroy(waiter.taken.ids);
    return DT_OK;
}

enum dt_status dt_client_skip_termination_async(struct dt_client *client, const char *const *instance_ids,
                                                size_t count, const char *reason, dt_on_reply *on_reply,
                                                void *context)
{
    if (!client)
        return DT_INVALID_ARGUMENT;
    return sdk_status(skip_termination(client, instance_ids, count, reason, on_reply, context, NULL));
}
