/* SPDX-License-Identifier: MIT */
/* client_start.c — drafting a start: an id for the instance if the user gives none, and one for the execution, by which
 * the client knows its own work again (start_fate.h). Contracts: include/durabletask.h. */
#include <openssl/rand.h>

#include "sdk/client/methods.h"
#include "sdk/client/waiter.h"
#include "sdk/clock.h"
#include "sdk/convert.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

static void draw(struct sdk_draft *draft, uint8_t ret_random[16])
{
    if (RAND_bytes(ret_random, 16) != 1 && draft->status == STATUS_OK)
        draft->status = STATUS_INTERNAL;
}

static const char *choose_id(struct sdk_draft *draft, const char *given, char ret_guid[GUID_TEXT_SIZE + 1])
{
    if (given && *given)
        return given;
    uint8_t random[16];
    draw(draft, random);
    guid_format(random, ret_guid);
    return ret_guid;
}

static struct pb_opt_bytes choose_execution_id(struct sdk_draft *draft)
{
    if (!draft->op)
        return pb_none();
    uint8_t random[16];
    draw(draft, random);
    guid_format_digits(random, draft->op->start.execution_id);
    return pb_some(bytes_of(draft->op->start.execution_id, GUID_DIGITS_SIZE));
}

static struct pb_orchestration_id_reuse_policy *policy_of(struct sdk_draft *draft,
                                                          const struct dt_start_options *options)
{
    if (options->reuse != DT_REUSE_LISTED)
        return NULL;
    struct pb_orchestration_id_reuse_policy *policy = arena_alloc(&draft->arena, sizeof *policy);
    if (!policy) {
        draft->status = STATUS_NO_MEMORY;
        return NULL;
    }
    policy->replaceable_status =
        sdk_draft_statuses(draft, options->replaceable, &policy->replaceable_status_count);
    return policy;
}

static void take_hub(struct sdk_draft *draft, const char *task_hub)
{
    if (!task_hub || draft->status != STATUS_OK)
        return;
    struct bytes name = bytes_of_cstr(task_hub);
    if (sdk_task_hub_usable(name)) {
        memcpy(draft->op->start.task_hub, task_hub, name.size + 1);
        return;
    }
    draft->status = STATUS_INVALID_ARGUMENT;
    draft->fault = "task hub";
}

static enum status start(struct dt_client *client, const char *name, const struct dt_start_options *given,
                         dt_on_reply *on_reply, void *context, struct err *err)
{
    struct dt_start_options options = {0};
    if (given && !sdk_options_copy(&options, sizeof options, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "`size` of the start options is not set");
    struct sdk_draft draft;
    char guid[GUID_TEXT_SIZE + 1];
    size_t id_size =
        options.instance_id && *options.instance_id ? strlen(options.instance_id) : GUID_TEXT_SIZE;
    sdk_draft_begin(&draft, id_size + 1);
    const char *id = choose_id(&draft, options.instance_id, guid);
    struct pb_trace_context trace;
    struct pb_create_instance_request request = {
        .instance_id = sdk_draft_required(&draft, "instance id", id),
        .name = sdk_draft_required(&draft, "name", name),
        .version = sdk_draft_optional(&draft, "version", options.version),
        .input = sdk_draft_optional(&draft, "input", options.input),
        .tags_count = options.tag_count,
        .execution_id = choose_execution_id(&draft),
        .parent_trace_context = sdk_draft_trace(&draft, options.trace_parent, options.trace_state, &trace),
        .request_time = pb_time_from_ns(sdk_wall_ns()),
    };
    if (options.start_at_ns)
        request.scheduled_start_timestamp = pb_time_from_ns(options.start_at_ns);
    if (draft.status == STATUS_OK) {
        draft.fault = "tags";
        draft.status = sdk_tags_to_wire(&draft.arena, options.tags, options.tag_count, &request.tags);
        request.orchestration_id_reuse_policy = policy_of(&draft, &options);
        take_hub(&draft, options.task_hub);
    }
    if (draft.op) {
        draft.op->start.own_id = id == guid;
        memcpy(draft.op->instance_id, id, id_size + 1);
    }
    return sdk_draft_submit(client, &draft, METHOD(START_INSTANCE), &request, 0, on_reply, context, err);
}

enum dt_status dt_client_start(struct dt_client *client, const char *name,
                               const struct dt_start_options *options,
                               char ret_instance_id[DT_INSTANCE_ID_SIZE], struct dt_error *error)
{
    struct sdk_waiter waiter;
    if (sdk_waiter_init(&waiter, client))
        waiter.started = start(client, name, options, sdk_waiter_on_reply, &waiter, &waiter.fault);
    enum dt_status ended = sdk_waiter_await(&waiter, error);
    if (ended == DT_OK && ret_instance_id)
        memcpy(ret_instance_id, waiter.instance_id, DT_INSTANCE_ID_SIZE);
    return ended;
}

enum dt_status dt_client_start_async(struct dt_client *client, const char *name,
                                     const struct dt_start_options *options, dt_on_reply *on_reply,
                                     void *context)
{
    if (client)
        return sdk_status(start(client, name, options, on_reply, context, NULL));
    return DT_INVALID_ARGUMENT;
}
