/* SPDX-License-Identifier: MIT */
/* start.c — StartInstance and RestartInstance (spec 3.2, 3.15). */
#include "core/task/call.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/start_policy.h"

/* The action enum of the 2023 form of the policy, or -1 (spec 1.5 rule 3). */
static int old_action(const struct pb_orchestration_id_reuse_policy *policy)
{
    enum { OLD_ACTION_FIELD = 2 };
    int action = -1;
    struct pb_reader reader = pb_reader_of(policy->unknown);
    while (pb_reader_next(&reader))
        if (reader.number == OLD_ACTION_FIELD && reader.wire == PB_WIRE_VARINT)
            action = reader.value <= 2 ? (int)reader.value : -1;
    return action;
}

static enum status read_policy(const struct pb_create_instance_request *request,
                               struct start_policy *ret_policy, const char **ret_text)
{
    const struct pb_orchestration_id_reuse_policy *policy = request->orchestration_id_reuse_policy;
    if (!policy) {
        *ret_policy = (struct start_policy){.form = START_POLICY_ABSENT};
        return STATUS_OK;
    }
    return start_policy_read(policy->replaceable_status, policy->replaceable_status_count, old_action(policy),
                             ret_policy, ret_text);
}

static enum status validate(struct engine *engine, const struct pb_create_instance_request *request,
                            struct start_policy *ret_policy, const char **ret_text)
{
    if (request->instance_id.size && start_policy_check_id(request->instance_id, ret_text) != STATUS_OK)
        return STATUS_INVALID_ARGUMENT;
    *ret_text = NULL;
    if (request->name.size == 0)
        *ret_text = "the orchestration name must not be empty";
    else if (request->input.value.size > engine->options.payload_size_max)
        *ret_text = limits_text(&engine->scratch, "the input", request->input.value.size,
                                engine->options.payload_size_max);
    else if (request->raw.size > engine->options.payload_size_max * 2)
        *ret_text = "name, version and tags are too large";
    else if (request->execution_id.value.size > INSTANCE_ID_SIZE_MAX)
        *ret_text = "execution id length must be at most 100 characters";
    if (*ret_text)
        return STATUS_INVALID_ARGUMENT;
    return read_policy(request, ret_policy, ret_text);
}

static void reply_id(struct engine *engine, struct call *call, const struct instance *instance)
{
    struct pb_create_instance_response response = {.instance_id = instance->row.instance_id};
    call_reply(engine, call,
               message_encode(&engine->scratch, &pb_create_instance_response_message, &response),
               instance->changed_sequence);
}

static void create(struct engine *engine, struct instance *instance,
                   const struct pb_create_instance_request *request)
{
    bool id_given = request->execution_id.value.size > 0;
    struct pb_orchestration_instance self = {
        .instance_id = instance->row.instance_id,
        .execution_id = id_given ? request->execution_id : pb_some(engine_new_id(engine, &engine->scratch))};
    struct pb_execution_started_event started = {.name = request->name,
                                                 .version = request->version,
                                                 .input = request->input,
                                                 .orchestration_instance = &self,
                                                 .parent_trace_context = request->parent_trace_context,
                                                 .tags = request->tags,
                                                 .tags_count = request->tags_count};
    /* A start in the past, such as the epoch that some SDKs always send, is a start now. */
    if (pb_time_to_ns(request->scheduled_start_timestamp) > engine->unix_ns)
        started.scheduled_start_timestamp = request->scheduled_start_timestamp;
    instance_create(engine, instance, &started, NULL);
}

void start_instance(struct engine *engine, struct call *call)
{
    struct pb_create_instance_request request;
    struct start_policy policy = {.form = START_POLICY_ABSENT};
    const char *text = "the request is not a CreateInstanceRequest";
    if (pb_create_instance_request_decode(&engine->inbound, call->message, &request) != STATUS_OK ||
        validate(engine, &request, &policy, &text) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, text, 0);
        return;
    }
    struct instance *instance =
        request.instance_id.size
            ? call_need(engine, call, request.instance_id)
            : instance_obtain_fresh(engine, call->hub, engine_new_id(engine, &engine->scratch));
    if (!instance)
        return;
    /* A start that was sent once more, since its answer was lost: the caller's mark says whose work this is. */
    bool again = instance_exists(instance) && request.execution_id.value.size > 0 &&
                 bytes_equal(instance->row.execution_id, request.execution_id.value);
    if (again) {
        reply_id(engine, call, instance);
        return;
    }
    switch (start_policy_decide(&policy, instance->row.status)) {
    case START_KEEP:
        reply_id(engine, call, instance);
        return;
    case START_REFUSE:
        text = memory_must(arena_fmt(&engine->scratch, "orchestration instance already exists: '%.*s' is %s",
                                     BYTES_FMT(instance->row.instance_id),
                                     instance_status_name(instance->row.status)));
        call_fail(engine, call, STATUS_ALREADY_EXISTS, text, instance->changed_sequence);
        return;
    case START_REPLACE:
        instance_delete(engine, instance);
        break;
    case START_CREATE:
        break;
    }
    create(engine, instance, &request);
    reply_id(engine, call, instance);
}

/* --- RestartInstance --- */

void start_again(struct engine *engine, struct call *call)
{
    struct pb_restart_instance_request request;
    if (pb_restart_instance_request_decode(&engine->inbound, call->message, &request) != STATUS_OK ||
        request.instance_id.size == 0 || request.instance_id.size > INSTANCE_ID_SIZE_MAX) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "instance id length must be 1 to 100 characters", 0);
        return;
    }
    struct instance *instance = call_need(engine, call, request.instance_id);
    if (!instance)
        return;
    if (!instance_exists(instance)) {
        const char *text = memory_must(
            arena_fmt(&engine->scratch, "no orchestration instance '%.*s'", BYTES_FMT(request.instance_id)));
        call_fail(engine, call, STATUS_NOT_FOUND, text, instance->changed_sequence);
        return;
    }
    if (!call_need_payloads(engine, call, instance))
        return;
    if (!request.restart_with_new_instance_id && instance_live(instance)) {
        call_fail(engine, call, STATUS_FAILED_PRECONDITION,
                  "the instance has not ended: only an ended instance can be restarted under its own id",
                  instance->changed_sequence);
        return;
    }
    /* Its views end with the instance it was read from. */
    const struct pb_execution_started_event *old = instance_started(engine, instance);
    struct pb_create_instance_request like = {
        .name = memory_arena_copy(&engine->scratch, old->name),
        .version = {old->version.present, memory_arena_copy(&engine->scratch, old->version.value)},
        .input = {instance->payloads[PAYLOAD_INPUT].present,
                  memory_arena_copy(&engine->scratch, instance->payloads[PAYLOAD_INPUT].value)},
        .tags = memory_must(arena_alloc_array(&engine->scratch, old->tags_count, sizeof *old->tags)),
        .tags_count = old->tags_count};
    for (size_t n = 0; n < old->tags_count; n++)
        like.tags[n] = (struct pb_string_entry){memory_arena_copy(&engine->scratch, old->tags[n].key),
                                                memory_arena_copy(&engine->scratch, old->tags[n].value)};
    if (request.restart_with_new_instance_id)
        instance = instance_obtain_fresh(engine, call->hub, engine_new_id(engine, &engine->scratch));
    else
        instance_delete(engine, instance);
    create(engine, instance, &like);
    struct pb_restart_instance_response response = {.instance_id = instance->row.instance_id};
    call_reply(engine, call,
               message_encode(&engine->scratch, &pb_restart_instance_response_message, &response),
               instance->changed_sequence);
}
