/* SPDX-License-Identifier: MIT */
/* work_pools.c — a turn that came without its history goes to the pool twice: the first time it asks for
 * the history, whose arrival on the channel's thread sends it there again. When an item has run, a job
 * brings it back to the channel's thread, which sends the answer. */
#include "sdk/worker/work_pools.h"

#include "base/duration.h"
#include "sdk/convert.h"
#include "sdk/entity/batch.h"
#include "sdk/turn/version.h"
#include "sdk/worker/activity.h"
#include "sdk/worker/work_item.h"
#include "sdk/worker/worker_state.h"

#define HISTORY_TIMEOUT_NS (300 * NS_PER_S)

/* --- history by itself --- */

static void on_history_chunk(void *context, struct bytes message)
{
    struct sdk_work_item *item = context;
    buf_append_bytes(&item->history, message); /* messages of one repeated field join by standing in a row */
}

/* The item is still counted as the pool's, so that a stop that comes meanwhile gives it back. */
static void on_history_done(void *context, const struct sdk_result *result)
{
    struct sdk_work_item *item = context;
    enum status status = result->status == STATUS_OK ? buf_status(&item->history) : result->status;
    item->has_history = true;
    if (item->given_up) {
        sdk_work_item_end(item);
        return;
    }
    if (status == STATUS_OK)
        status =
            item->worker->stop_begun ? STATUS_CANCELLED : sdk_pool_add(&item->worker->turns, &item->in_pool);
    if (status == STATUS_OK)
        return;
    item->with_pool = false;
    sdk_work_item_abandon(item, result->status == STATUS_OK ? "no memory for the history" : result->text);
}

static STATUS_RESULT fetch_history(struct sdk_work_item *item)
{
    const struct pb_orchestrator_request *request = item->work.orchestrator_request;
    struct pb_stream_instance_history_request message = {.instance_id = request->instance_id,
                                                         .execution_id = request->execution_id,
                                                         .for_work_item_processing = true};
    struct buf encoded = {0};
    buf_init(&item->history, item->worker->options.turn_memory_max);
    pb_stream_instance_history_request_encode(&message, &encoded);
    if (buf_status(&encoded) != STATUS_OK) {
        buf_fini(&encoded);
        return STATUS_NO_MEMORY;
    }
    struct sdk_call_options call = {.method = PB_TASK_HUB_SIDECAR_SERVICE_STREAM_INSTANCE_HISTORY,
                                    .streaming = true,
                                    .safe_twice = true,
                                    .retry = 1u << STATUS_UNAVAILABLE,
                                    .timeout_ns = HISTORY_TIMEOUT_NS,
                                    .on_message = on_history_chunk,
                                    .on_done = on_history_done,
                                    .context = item};
    return sdk_channel_call(item->worker->channel, &call, &encoded, NULL);
}

static STATUS_RESULT join_history(struct sdk_work_item *item)
{
    struct pb_history_chunk chunk;
    enum status status = pb_history_chunk_decode(&item->arena, buf_peek(&item->history), &chunk);
    if (status != STATUS_OK)
        return status;
    item->work.orchestrator_request->past_events = chunk.events;
    item->work.orchestrator_request->past_events_count = chunk.events_count;
    return STATUS_OK;
}

/* --- in the pools --- */

/* Back on the channel's thread. */
static void finish_item(void *context)
{
    struct sdk_work_item *item = context;
    item->with_pool = false;
    /* A stop has given it back: another worker may have it by now, and its result would be the second. */
    if (item->given_up) {
        sdk_work_item_end(item);
        return;
    }
    if (item->fault != STATUS_OK)
        sdk_work_item_abandon(item, status_name(item->fault));
    else if (item->end == SDK_TURN_ABANDON)
        sdk_work_item_abandon(item, "its version is not for this worker");
    else
        sdk_work_item_send_answer(item);
}

/* The pool's last word about the item. */
static void return_item(struct sdk_work_item *item, enum status fault)
{
    item->fault = fault;
    item->done.run = finish_item;
    item->done.context = item;
    /* From here on the item is the channel's: it may be freed before this returns. */
    sdk_channel_post(item->worker->channel, &item->done);
}

static void run_turn(void *context, struct list *link)
{
    struct dt_worker *worker = context;
    struct sdk_work_item *item = CONTAINER_OF(link, struct sdk_work_item, in_pool);
    const struct pb_orchestrator_request *request = item->work.orchestrator_request;
    if (request->requires_history_streaming && !item->has_history) {
        enum status status = fetch_history(item);
        if (status != STATUS_OK)
            return_item(item, status);
        return;
    }
    enum status status = item->has_history ? join_history(item) : STATUS_OK;
    struct err err = {0};
    if (status == STATUS_OK)
        status = sdk_turn_run(&worker->turn_options, &item->arena, request, item->work.completion_token,
                              &item->answer, &item->parts, &item->end, &err);
    return_item(item, status);
}

/* True: the activity is for another worker, or has failed for that; the item is answered accordingly. */
static bool refuse_version(struct dt_worker *worker, struct sdk_work_item *item)
{
    struct pb_opt_bytes wire = item->work.activity_request->version;
    const char *version;
    enum status status = sdk_text_of_opt(&item->arena, wire, &version);
    if (status == STATUS_OK && sdk_version_accepts(&worker->turn_options, version))
        return false;
    if (status == STATUS_OK && worker->options.version_failure == DT_VERSION_REJECT)
        item->end = SDK_TURN_ABANDON;
    else if (status == STATUS_OK)
        status = sdk_work_item_encode_failure(item, "VersionMismatch",
                                              "the activity's version is not the worker's");
    return_item(item, status);
    return true;
}

static void run_activity(void *context, struct list *link)
{
    struct dt_worker *worker = context;
    struct sdk_work_item *item = CONTAINER_OF(link, struct sdk_work_item, in_pool);
    if (worker->options.match_activities && refuse_version(worker, item))
        return;
    return_item(item, sdk_activity_run(&worker->activities, &item->arena, item->work.activity_request,
                                       item->work.completion_token, &worker->stopping, &item->answer));
}

static void run_batch(void *context, struct list *link)
{
    struct dt_worker *worker = context;
    struct sdk_work_item *item = CONTAINER_OF(link, struct sdk_work_item, in_pool);
    struct sdk_entity_batch batch;
    enum status status = sdk_entity_batch_of(&item->arena, &item->work, &batch);
    if (status == STATUS_OK)
        status = sdk_entity_batch_run(&worker->entities, &item->arena, &batch, item->work.completion_token,
                                      &worker->stopping, &item->answer);
    return_item(item, status);
}

/* --- on the channel's thread --- */

enum status sdk_work_pools_init(struct dt_worker *worker)
{
    enum status status =
        sdk_pool_init(&worker->turns, (size_t)worker->options.orchestrator_threads, run_turn, worker);
    if (status == STATUS_OK)
        status = sdk_pool_init(&worker->runs, (size_t)worker->options.activities_max, run_activity, worker);
    if (status == STATUS_OK)
        status = sdk_pool_init(&worker->batches, (size_t)worker->options.entities_max, run_batch, worker);
    return status;
}

void sdk_work_pools_fini(struct dt_worker *worker)
{
    sdk_pool_fini(&worker->turns);
    sdk_pool_fini(&worker->runs);
    sdk_pool_fini(&worker->batches);
}

/* The pool for items of this kind; NULL: this worker does none of them, but another may. */
static struct sdk_pool *pool_of(struct dt_worker *worker, const struct sdk_work_item *item)
{
    switch (item->work.request_case) {
    case PB_WORK_ITEM_ORCHESTRATOR_REQUEST:
        return &worker->turns;
    case PB_WORK_ITEM_ACTIVITY_REQUEST:
        return &worker->runs;
    case PB_WORK_ITEM_ENTITY_REQUEST:
    case PB_WORK_ITEM_ENTITY_REQUEST_V2:
        return worker->entities.count ? &worker->batches : NULL;
    case PB_WORK_ITEM_HEALTH_PING:
    case PB_WORK_ITEM_NOT_SET:
        break;
    }
    return NULL;
}

void sdk_work_pools_admit(struct dt_worker *worker, struct sdk_work_item *item)
{
    enum status status = STATUS_UNIMPLEMENTED;
    struct sdk_pool *pool = pool_of(worker, item);
    list_push_back(&worker->items, &item->link);
    item->with_pool = true; /* said before the pool has it */
    if (worker->stop_begun)
        status = STATUS_CANCELLED;
    else if (pool)
        status = sdk_pool_add(pool, &item->in_pool);
    if (status == STATUS_OK)
        return;
    item->with_pool = false;
    sdk_work_item_abandon(item, status_name(status));
}

void sdk_work_pools_abandon_queued(struct dt_worker *worker)
{
    struct list queued;
    list_init(&queued);
    sdk_pool_take_queued(&worker->turns, &queued);
    sdk_pool_take_queued(&worker->runs, &queued);
    sdk_pool_take_queued(&worker->batches, &queued);
    struct list *link;
    while ((link = list_pop_front(&queued))) {
        struct sdk_work_item *item = CONTAINER_OF(link, struct sdk_work_item, in_pool);
        item->with_pool = false;
        sdk_work_item_abandon(item, "the worker stops");
    }
}
