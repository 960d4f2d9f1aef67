/* SPDX-License-Identifier: MIT */
/* methods.c — one row a method that a client calls. */
#include "sdk/client/methods.h"

#include "sdk/client/client_answer.h"
#include "sdk/client/start_fate.h"

#define METHOD(name) PB_TASK_HUB_SIDECAR_SERVICE_##name

static const struct sdk_operation_rule rules[PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT] = {
    [METHOD(START_INSTANCE)] = {.on_answer = sdk_answer_started,
                                .once = true,
                                .keep = sdk_start_keep,
                                .on_unknown = sdk_start_look},
    [METHOD(GET_INSTANCE)] = {.on_answer = sdk_answer_instance},
    [METHOD(WAIT_FOR_INSTANCE_START)] = {.on_answer = sdk_answer_instance},
    [METHOD(WAIT_FOR_INSTANCE_COMPLETION)] = {.on_answer = sdk_answer_instance},
    [METHOD(RAISE_EVENT)] = {.once = true},
    [METHOD(TERMINATE_INSTANCE)] = {0},
    [METHOD(SUSPEND_INSTANCE)] = {0},
    [METHOD(RESUME_INSTANCE)] = {0},
    [METHOD(PURGE_INSTANCES)] = {.on_answer = sdk_answer_purged},
    [METHOD(QUERY_INSTANCES)] = {.on_answer = sdk_answer_page},
    [METHOD(STREAM_INSTANCE_HISTORY)] = {0}, /* comes in chunks */
    [METHOD(REWIND_INSTANCE)] = {.once = true},
    [METHOD(RESTART_INSTANCE)] = {.on_answer = sdk_answer_restarted, .once = true},
    [METHOD(LIST_INSTANCE_IDS)] = {.on_answer = sdk_answer_ids},
    [METHOD(SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS)] = {.on_answer = sdk_answer_unterminated},
    [METHOD(CREATE_TASK_HUB)] = {.once = true},
    [METHOD(DELETE_TASK_HUB)] = {.once = true}, /* somebody may have made it anew meanwhile */
    [METHOD(SIGNAL_ENTITY)] = {.once = true},
    [METHOD(GET_ENTITY)] = {.on_answer = sdk_answer_entity},
    [METHOD(QUERY_ENTITIES)] = {.on_answer = sdk_answer_entities},
    [METHOD(CLEAN_ENTITY_STORAGE)] = {.on_answer = sdk_answer_cleaned},
};

enum status sdk_draft_submit(struct dt_client *client, struct sdk_draft *draft,
                             enum pb_task_hub_sidecar_service_method method, const void *request,
                             int64_t timeout_ns, dt_on_reply *on_reply, void *context, struct err *err)
{
    return sdk_operation_submit(client, draft, method, &rules[method], request, timeout_ns, on_reply, context,
                                err);
}
