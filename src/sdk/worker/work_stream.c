/* SPDX-License-Identifier: MIT */
/* work_stream.c — parts: the stream of work items, and noticing that it has gone silent; opening it (Hello
 * first); what the worker asks of it. Whatever ends the stream plans the next one, unless the worker
 * stops. */
#include "sdk/worker/work_stream.h"

#include <stdio.h>

#include "base/duration.h"
#include "sdk/clock.h"
#include "sdk/worker/filters.h"
#include "sdk/worker/work_item.h"
#include "sdk/worker/work_pools.h"
#include "sdk/worker/worker_state.h"

#define HELLO_TIMEOUT_NS    (30 * NS_PER_S)
#define STREAM_FAILURES_MAX 5 /* streams in a row that brought nothing: the connection may be to blame */
#define METHOD(name)        PB_TASK_HUB_SIDECAR_SERVICE_##name

static void open_stream(void *context);

/* For those who wait for a connection. */
static void note(struct dt_worker *worker, bool connected, const char *why)
{
    pthread_mutex_lock(&worker->lock);
    worker->connected = connected;
    worker->hopeless &= !connected;
    snprintf(worker->why, sizeof worker->why, "%s", why);
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    if (worker->options.on_connection)
        worker->options.on_connection(connected, worker->options.on_connection_context);
}

/* The stream, or the Hello before it, has ended. */
static void plan_stream(struct dt_worker *worker, const char *why)
{
    worker->stream_id = 0;
    sdk_timer_clear(worker->channel, &worker->silence);
    note(worker, false, why);
    if (worker->stop_begun) {
        sdk_channel_wake(worker->channel); /* the stop may be over with it: the next round looks */
        return;
    }
    const struct sdk_target *target = &worker->target;
    int64_t pause =
        sdk_channel_pause_ns(worker->channel, worker->failures++,
                             target->retry_first_ns ? target->retry_first_ns : SDK_WORKER_PAUSE_FIRST_NS,
                             target->retry_max_ns ? target->retry_max_ns : SDK_WORKER_PAUSE_MAX_NS);
    sdk_log(target, DT_LOG_WARN, "work item stream ended: %s; again in %lld ms", why,
            (long long)(pause / NS_PER_MS));
    /* Not dropped here: this runs within a callback of the connection. */
    worker->renew |= worker->failures % STREAM_FAILURES_MAX == 0;
    if (sdk_timer_set(worker->channel, &worker->again, sdk_now_ns() + pause) != STATUS_OK)
        open_stream(worker);
}

static void on_stream_done(void *context, const struct sdk_result *result)
{
    plan_stream(context, result->status == STATUS_OK ? "the service ended it" : result->text);
}

static void on_work_item(void *context, struct bytes message)
{
    struct dt_worker *worker = context;
    worker->heard_ns = sdk_now_ns();
    worker->failures = 0; /* whatever comes, a ping too, shows that the stream works */
    struct sdk_work_item *item;
    enum status status = sdk_work_item_create(worker, message, &item);
    if (status != STATUS_OK) {
        sdk_log(&worker->target, DT_LOG_ERROR, "unreadable work item: %s", status_name(status));
        worker->item_lost |= status == STATUS_NO_MEMORY;
    } else if (item->work.request_case == PB_WORK_ITEM_NOT_SET ||
               item->work.request_case == PB_WORK_ITEM_HEALTH_PING) {
        sdk_work_item_destroy(item);
    } else {
        sdk_work_pools_admit(worker, item);
    }
}

static void look_for_silence(void *context)
{
    struct dt_worker *worker = context;
    int64_t limit = worker->options.silence_max_ms * NS_PER_MS;
    if (sdk_now_ns() - worker->heard_ns >= limit)
        sdk_channel_drop(worker->channel, "nothing was heard from the service for too long");
    else if (sdk_timer_set(worker->channel, &worker->silence, worker->heard_ns + limit) != STATUS_OK)
        sdk_channel_drop(worker->channel, "no memory for a timer");
}

/* --- opening --- */

static STATUS_RESULT encode_get_work_items(const struct dt_worker *worker, struct buf *out)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct pb_work_item_filters filters = {0};
    int32_t capabilities[] = {PB_WORKER_CAPABILITY_HISTORY_STREAMING, PB_WORKER_CAPABILITY_SCHEDULED_TASKS};
    bool schedules =
        sdk_registry_find(&worker->entities, BYTES_LITERAL("schedule"), false, (struct bytes){0});
    struct pb_get_work_items_request request = {
        .max_concurrent_orchestration_work_items = worker->options.orchestrations_max,
        .max_concurrent_activity_work_items = worker->options.activities_max,
        .max_concurrent_entity_work_items = worker->options.entities_max,
        .capabilities = capabilities,
        .capabilities_count = schedules ? 2 : 1,
        .work_item_filters = worker->options.filter ? &filters : NULL};
    enum status status = worker->options.filter ? sdk_filters_make(worker, &arena, &filters) : STATUS_OK;
    if (status == STATUS_OK) {
        pb_get_work_items_request_encode(&request, out);
        status = buf_status(out);
    }
    arena_fini(&arena);
    return status;
}

static void on_hello_done(void *context, const struct sdk_result *result)
{
    struct dt_worker *worker = context;
    if (result->status != STATUS_OK || worker->stop_begun) {
        plan_stream(worker, result->text);
        return;
    }
    struct buf request = {0};
    enum status status = encode_get_work_items(worker, &request);
    worker->heard_ns = sdk_now_ns();
    if (status == STATUS_OK)
        status = sdk_timer_set(worker->channel, &worker->silence,
                               worker->heard_ns + worker->options.silence_max_ms * NS_PER_MS);
    if (status != STATUS_OK) {
        buf_fini(&request);
        plan_stream(worker, "no memory to open the stream");
        return;
    }
    struct sdk_call_options call = {.method = METHOD(GET_WORK_ITEMS),
                                    .streaming = true,
                                    .safe_twice = true,
                                    .timeout_ns = -1,
                                    .on_message = on_work_item,
                                    .on_done = on_stream_done,
                                    .context = worker};
    if (sdk_channel_call(worker->channel, &call, &request, &worker->stream_id) != STATUS_OK) {
        plan_stream(worker, "no memory to open the stream");
        return;
    }
    note(worker, true, "");
    sdk_log(&worker->target, DT_LOG_INFO, "connected to task hub %s at %s", worker->target.task_hub,
            worker->target.authority);
}

/* Hello first: a hub that is unknown, or a token that is refused, is told there in words. */
static void open_stream(void *context)
{
    struct dt_worker *worker = context;
    struct buf empty = {0};
    struct sdk_call_options call = {.method = METHOD(HELLO),
                                    .safe_twice = true,
                                    .timeout_ns = -1,
                                    .attempt_timeout_ns = HELLO_TIMEOUT_NS,
                                    .on_done = on_hello_done,
                                    .context = worker};
    if (worker->stop_begun)
        return;
    if (sdk_channel_call(worker->channel, &call, &empty, &worker->stream_id) != STATUS_OK) {
        worker->stream_id = 0;
        if (sdk_timer_set(worker->channel, &worker->again, sdk_now_ns() + SDK_WORKER_PAUSE_FIRST_NS) !=
            STATUS_OK)
            note(worker, false, "no memory to connect");
    }
}

/* --- for the worker --- */

void sdk_work_stream_init(struct dt_worker *worker)
{
    worker->begin = (struct sdk_job){.run = open_stream, .context = worker};
    worker->again = (struct sdk_timer){.on_fire = open_stream, .context = worker};
    worker->silence = (struct sdk_timer){.on_fire = look_for_silence, .context = worker};
}

void sdk_work_stream_end(struct dt_worker *worker)
{
    sdk_timer_clear(worker->channel, &worker->again);
    sdk_timer_clear(worker->channel, &worker->silence);
    if (worker->stream_id)
        sdk_channel_cancel(worker->channel, worker->stream_id);
}

void sdk_work_stream_recover(struct dt_worker *worker)
{
    bool lost = worker->item_lost;
    bool renew = worker->renew;
    worker->item_lost = worker->renew = false;
    if (lost || renew)
        sdk_channel_drop(worker->channel,
                         lost ? "no memory to take a work item" : "it brought no work item stream");
}

void sdk_work_stream_on_lost(void *context, enum status status, const char *why)
{
    struct dt_worker *worker = context;
    pthread_mutex_lock(&worker->lock);
    worker->hopeless = status == STATUS_FAILED_PRECONDITION;
    pthread_mutex_unlock(&worker->lock);
    note(worker, false, why);
}
