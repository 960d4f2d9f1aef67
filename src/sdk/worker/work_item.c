/* SPDX-License-Identifier: MIT */
/* work_item.c — a table says how turns, activities and batches differ; then giving an item back, and answering it. Both
 * run on the channel's thread. */
#include "sdk/worker/work_item.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "sdk/convert.h"
#include "sdk/entity/batch.h"
#include "sdk/worker/worker_state.h"

#define COMPLETION_TRIES        10
#define COMPLETION_PAUSE_NS     (200 * NS_PER_MS)
#define COMPLETION_PAUSE_MAX_NS (15 * NS_PER_S)
#define COMPLETION_TRY_NS       (30 * NS_PER_S)
#define COMPLETION_TIMEOUT_NS   (300 * NS_PER_S)
#define METHOD(name)            PB_TASK_HUB_SIDECAR_SERVICE_##name
#define COMPLETION_RETRY                                                                                     \
    (1u << STATUS_UNAVAILABLE | 1u << STATUS_UNKNOWN | 1u << STATUS_DEADLINE_EXCEEDED | 1u << STATUS_INTERNAL)

enum status sdk_work_item_create(struct dt_worker *worker, struct bytes message,
                                 struct sdk_work_item **ret_item)
{
    struct sdk_work_item *item = calloc(1, sizeof *item);
    if (!item)
        return STATUS_NO_MEMORY;
    item->worker = worker;
    list_init(&item->link);
    list_init(&item->in_pool);
    arena_init(&item->arena, worker->options.turn_memory_max);
    struct bytes kept = arena_copy(&item->arena, message);
    enum status status = kept.data ? pb_work_item_decode(&item->arena, kept, &item->work) : STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        sdk_work_item_destroy(item);
    else
        *ret_item = item;
    return status;
}

void sdk_work_item_destroy(struct sdk_work_item *item)
{
    list_remove(&item->link);
    buf_fini(&item->history);
    buf_fini(&item->answer);
    arena_fini(&item->arena);
    free(item);
}

void sdk_work_item_end(struct sdk_work_item *item)
{
    struct dt_worker *worker = item->worker;
    sdk_work_item_destroy(item);
    if (worker->stop_begun)
        sdk_channel_wake(worker->channel); /* it may have been the last one: the next round looks */
}

/* --- how kinds of items differ --- */

static void encode_failed_activity(struct sdk_work_item *item, struct pb_task_failure_details *failure)
{
    const struct pb_activity_request *request = item->work.activity_request;
    struct pb_activity_response response = {.task_id = request->task_id,
                                            .failure_details = failure,
                                            .completion_token = item->work.completion_token};
    if (request->orchestration_instance)
        response.instance_id = request->orchestration_instance->instance_id;
    pb_activity_response_encode(&response, &item->answer);
}

static void encode_failed_turn(struct sdk_work_item *item, struct pb_task_failure_details *failure)
{
    struct pb_complete_orchestration_action complete = {
        .orchestration_status = PB_ORCHESTRATION_STATUS_FAILED, .failure_details = failure};
    struct pb_orchestrator_action action = {.id = -1, /* no action of the code */
                                            .orchestrator_action_type_case =
                                                PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION,
                                            .complete_orchestration = &complete};
    struct pb_orchestrator_response response = {.instance_id = item->work.orchestrator_request->instance_id,
                                                .actions = &action,
                                                .actions_count = 1,
                                                .completion_token = item->work.completion_token};
    pb_orchestrator_response_encode(&response, &item->answer);
}

/* Each operation fails, and the state stays as it was. */
static void encode_failed_batch(struct sdk_work_item *item, struct pb_task_failure_details *failure)
{
    if (sdk_entity_batch_refuse(&item->arena, &item->work, failure, &item->answer) != STATUS_OK)
        buf_clear(&item->answer);
}

/* How the kinds of items differ when they are answered or given back. */
static const struct sdk_work_kind {
    enum pb_task_hub_sidecar_service_method complete;
    enum pb_task_hub_sidecar_service_method abandon;
    void (*encode_failed)(struct sdk_work_item *item, struct pb_task_failure_details *failure);
} kinds[] = {
    [PB_WORK_ITEM_ORCHESTRATOR_REQUEST] = {METHOD(COMPLETE_ORCHESTRATOR_TASK),
                                           METHOD(ABANDON_TASK_ORCHESTRATOR_WORK_ITEM), encode_failed_turn},
    [PB_WORK_ITEM_ACTIVITY_REQUEST] = {METHOD(COMPLETE_ACTIVITY_TASK),
                                       METHOD(ABANDON_TASK_ACTIVITY_WORK_ITEM), encode_failed_activity},
    [PB_WORK_ITEM_ENTITY_REQUEST] = {METHOD(COMPLETE_ENTITY_TASK), METHOD(ABANDON_TASK_ENTITY_WORK_ITEM),
                                     encode_failed_batch},
    [PB_WORK_ITEM_ENTITY_REQUEST_V2] = {METHOD(COMPLETE_ENTITY_TASK), METHOD(ABANDON_TASK_ENTITY_WORK_ITEM),
                                        encode_failed_batch},
};

enum status sdk_work_item_encode_failure(struct sdk_work_item *item, const char *type, const char *message)
{
    struct pb_task_failure_details *failure = sdk_failure_make(&item->arena, type, message, true, NULL);
    if (!failure)
        return STATUS_NO_MEMORY;
    buf_clear(&item->answer);
    item->parts = (struct sdk_turn_parts){0};
    kinds[item->work.request_case].encode_failed(item, failure);
    return item->answer.size ? buf_status(&item->answer) : STATUS_NO_MEMORY;
}

/* --- giving back --- */

static void on_abandoned(void *context, const struct sdk_result *result)
{
    sdk_work_item_end(context);
}

enum status sdk_work_item_send_abandon(const struct sdk_work_item *item,
                                       void (*on_done)(void *context, const struct sdk_result *result),
                                       void *context)
{
    struct pb_abandon_activity_task_request request = {.completion_token = item->work.completion_token};
    struct buf message = {0};
    pb_abandon_activity_task_request_encode(&request, &message);
    if (buf_status(&message) != STATUS_OK) {
        buf_fini(&message);
        return STATUS_NO_MEMORY;
    }
    struct sdk_call_options call = {.method = kinds[item->work.request_case].abandon,
                                    .safe_twice = true,
                                    .retry = 1u << STATUS_UNAVAILABLE,
                                    .tries_max = COMPLETION_TRIES,
                                    .timeout_ns = COMPLETION_TIMEOUT_NS,
                                    .attempt_timeout_ns = COMPLETION_TRY_NS,
                                    .on_done = on_done,
                                    .context = context};
    return sdk_channel_call(item->worker->channel, &call, &message, NULL);
}

static void drop_connection(struct sdk_work_item *item)
{
    sdk_channel_drop(item->worker->channel, "no memory to answer a work item");
    sdk_work_item_end(item);
}

static void drop_connection_job(void *context)
{
    drop_connection(context);
}

void sdk_work_item_abandon(struct sdk_work_item *item, const char *why)
{
    sdk_log(&item->worker->target, DT_LOG_WARN, "work item given back: %s", why);
    if (sdk_work_item_send_abandon(item, on_abandoned, item) == STATUS_OK)
        return;
    item->done.run = drop_connection_job;
    item->done.context = item;
    sdk_channel_post(item->worker->channel, &item->done);
}

/* --- answering --- */

/* The service refuses what we answered and would refuse it again: the cause becomes the answer. */
static enum status answer_refusal(struct sdk_work_item *item, const char *text)
{
    char message[512];
    snprintf(message, sizeof message, "the service refused the result: %s", text);
    return sdk_work_item_encode_failure(item, "ResultRefusedError", message);
}

static void on_completed(void *context, const struct sdk_result *result)
{
    struct sdk_work_item *item = context;
    bool more = item->part + 1 < item->parts.count;
    if (result->status == STATUS_OK && more) {
        item->part++;
        sdk_work_item_send_answer(item);
        return;
    }
    if (result->status == STATUS_OK || result->status == STATUS_CANCELLED) {
        sdk_work_item_end(item);
        return;
    }
    bool refused = result->status == STATUS_INVALID_ARGUMENT || result->status == STATUS_RESOURCE_EXHAUSTED;
    if (refused && !item->refused && answer_refusal(item, result->text) == STATUS_OK) {
        item->refused = true;
        sdk_log(&item->worker->target, DT_LOG_ERROR, "answer refused: %s", result->text);
        sdk_work_item_send_answer(item);
        return;
    }
    sdk_work_item_abandon(item, result->text);
}

/* What is sent next: the answer, or a copy of one part of it. The service keeps the parts under the item's token until
 * the last has come. */
static STATUS_RESULT take_message(struct sdk_work_item *item, struct buf *ret_message)
{
    if (!item->parts.count) {
        *ret_message = item->answer;
        item->answer = (struct buf){0};
        return STATUS_OK;
    }
    size_t from = item->part ? item->parts.ends[item->part - 1] : 0;
    size_t to = item->parts.ends[item->part];
    buf_append_bytes(ret_message, bytes_slice(buf_peek(&item->answer), from, to - from));
    return buf_status(ret_message);
}

void sdk_work_item_send_answer(struct sdk_work_item *item)
{
    struct sdk_call_options call = {.method = kinds[item->work.request_case].complete,
                                    .safe_twice = true,
                                    .retry = COMPLETION_RETRY,
                                    .tries_max = COMPLETION_TRIES,
                                    .pause_first_ns = COMPLETION_PAUSE_NS,
                                    .pause_max_ns = COMPLETION_PAUSE_MAX_NS,
                                    .timeout_ns = COMPLETION_TIMEOUT_NS,
                                    .attempt_timeout_ns = COMPLETION_TRY_NS,
                                    .on_done = on_completed,
                                    .context = item};
    struct buf message = {0};
    enum status status = take_message(item, &message);
    if (status == STATUS_OK)
        status = sdk_channel_call(item->worker->channel, &call, &message, NULL);
    else
        buf_fini(&message);
    if (status == STATUS_OK)
        return;
    item->done.run = drop_connection_job;
    item->done.context = item;
    sdk_channel_post(item->worker->channel, &item->done);
}
