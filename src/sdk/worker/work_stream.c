/* SPDX-License-Identifier: MIT */
#include "sdk/worker/work_stream.h"

#include <stdio.h>

#include "base/duration.h"
#include "sdk/clock.h"
#include "sdk/worker/stopping.h"
#include "sdk/worker/work_item.h"
#include "sdk/worker/work_pools.h"
#include "sdk/worker/worker_state.h"

#define HELLO_TIMEOUT_NS    (30 * NS_PER_S)
#define STREAM_FAILURES_MAX 5 /* streams in a row that brought nothing: the connection may be to blame */
#define METHOD(name)        PB_TASK_HUB_SIDECAR_SERVICE_##name

static void open_stream(void *context);

/* For those who wait for a connection. */
static void note(struct dt_worker *w, bool connected, const char *why)
{
    pthread_mutex_lock(&w->lock);
    w->connected = connected;
    w->hopeless &= !connected;
    snprintf(w->why, sizeof w->why, "%s", why);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* The stream, or the Hello before it, has ended. */
static void plan_stream(struct dt_worker *w, const char *why)
{
    w->stream_id = 0;
    sdk_timer_clear(w->channel, &w->silence);
    note(w, false, why);
    if (w->stop_begun) {
        sdk_stopping_check(w);
        return;
    }
    const struct sdk_target *t = &w->target;
    int64_t pause = sdk_channel_pause_ns(w->channel, w->failures++,
                                         t->retry_first_ns ? t->retry_first_ns : SDK_WORKER_PAUSE_FIRST_NS,
                                         t->retry_max_ns ? t->retry_max_ns : SDK_WORKER_PAUSE_MAX_NS);
    sdk_log(t, DT_LOG_WARN, "work item stream ended: %s; again in %lld ms", why,
            (long long)(pause / NS_PER_MS));
    w->renew |= w->failures % STREAM_FAILURES_MAX == 0;
    if (sdk_timer_set(w->channel, &w->again, sdk_now_ns() + pause) != STATUS_OK)
        open_stream(w);
}

static void on_stream_done(void *context, const struct sdk_result *result)
{
    plan_stream(context, result->status == STATUS_OK ? "the service ended it" : result->text);
}

static void on_work_item(void *context, struct bytes message)
{
    struct dt_worker *w = context;
    w->heard_ns = sdk_now_ns();
    w->failures = 0;
    struct sdk_work_item *item;
    enum status s = sdk_work_item_create(w, message, &item);
    if (s != STATUS_OK) {
        sdk_log(&w->target, DT_LOG_ERROR, "unreadable work item: %s", status_name(s));
        w->item_lost |= s == STATUS_NO_MEMORY;
    } else if (item->work.request_case == PB_WORK_ITEM_NOT_SET ||
               item->work.request_case == PB_WORK_ITEM_HEALTH_PING) {
        sdk_work_item_destroy(item);
    } else {
        sdk_work_pools_admit(w, item);
    }
}

static void look_for_silence(void *context)
{
    struct dt_worker *w = context;
    int64_t limit = w->options.silence_max_ms * NS_PER_MS;
    if (sdk_now_ns() - w->heard_ns >= limit)
        sdk_channel_drop(w->channel, "nothing was heard from the service for too long");
    else if (sdk_timer_set(w->channel, &w->silence, w->heard_ns + limit) != STATUS_OK)
        sdk_channel_drop(w->channel, "no memory for a timer");
}

/* ---- opening ---- */

/* The registered names as filters: an entry for each name and version, or for a name with any version. */
static STATUS_RESULT encode_filters(const struct dt_worker *w, struct arena *a,
                                    struct pb_work_item_filters *f)
{
    f->orchestrations = arena_alloc_array(a, w->orchestrators.count, sizeof *f->orchestrations);
    f->activities = arena_alloc_array(a, w->activities.count, sizeof *f->activities);
    struct bytes *versions =
        arena_alloc_array(a, w->orchestrators.count + w->activities.count, sizeof *versions);
    if (!f->orchestrations || !f->activities || !versions)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < w->orchestrators.count; i++, versions++) {
        const struct sdk_entry *entry = &w->orchestrators.entries[i];
        *versions = bytes_of_cstr(entry->version);
        f->orchestrations[f->orchestrations_count++] =
            (struct pb_orchestration_filter){.name = bytes_of_cstr(entry->name),
                                             .versions = entry->version ? versions : NULL,
                                             .versions_count = entry->version != NULL};
    }
    for (size_t i = 0; i < w->activities.count; i++, versions++) {
        const struct sdk_entry *entry = &w->activities.entries[i];
        *versions = bytes_of_cstr(entry->version);
        f->activities[f->activities_count++] =
            (struct pb_activity_filter){.name = bytes_of_cstr(entry->name),
                                        .versions = entry->version ? versions : NULL,
                                        .versions_count = entry->version != NULL};
    }
    return STATUS_OK;
}

static STATUS_RESULT encode_get_work_items(const struct dt_worker *w, struct buf *out)
{
    struct arena a;
    arena_init(&a, 0);
    struct pb_work_item_filters filters = {0};
    int32_t capability = PB_WORKER_CAPABILITY_HISTORY_STREAMING;
    struct pb_get_work_items_request request = {
        .max_concurrent_orchestration_work_items = w->options.orchestrations_max,
        .max_concurrent_activity_work_items = w->options.activities_max,
        .capabilities = &capability,
        .capabilities_count = 1,
        .work_item_filters = w->options.filter ? &filters : NULL};
    enum status s = w->options.filter ? encode_filters(w, &a, &filters) : STATUS_OK;
    if (s == STATUS_OK) {
        pb_get_work_items_request_encode(&request, out);
        s = buf_status(out);
    }
    arena_fini(&a);
    return s;
}

static void on_hello_done(void *context, const struct sdk_result *result)
{
    struct dt_worker *w = context;
    if (result->status != STATUS_OK || w->stop_begun) {
        plan_stream(w, result->text);
        return;
    }
    struct buf request = {0};
    enum status s = encode_get_work_items(w, &request);
    w->heard_ns = sdk_now_ns();
    if (s == STATUS_OK)
        s = sdk_timer_set(w->channel, &w->silence, w->heard_ns + w->options.silence_max_ms * NS_PER_MS);
    if (s != STATUS_OK) {
        buf_fini(&request);
        plan_stream(w, "no memory to open the stream");
        return;
    }
    struct sdk_call_options call = {.method = METHOD(GET_WORK_ITEMS),
                                    .streaming = true,
                                    .safe_twice = true,
                                    .timeout_ns = -1,
                                    .on_message = on_work_item,
                                    .on_done = on_stream_done,
                                    .context = w};
    if (sdk_channel_call(w->channel, &call, &request, &w->stream_id) != STATUS_OK) {
        plan_stream(w, "no memory to open the stream");
        return;
    }
    note(w, true, "");
    sdk_log(&w->target, DT_LOG_INFO, "connected to task hub %s at %s", w->target.task_hub,
            w->target.authority);
}

static void open_stream(void *context)
{
    struct dt_worker *w = context;
    struct buf empty = {0};
    struct sdk_call_options call = {.method = METHOD(HELLO),
                                    .safe_twice = true,
                                    .timeout_ns = -1,
                                    .attempt_timeout_ns = HELLO_TIMEOUT_NS,
                                    .on_done = on_hello_done,
                                    .context = w};
    if (w->stop_begun)
        return;
    if (sdk_channel_call(w->channel, &call, &empty, &w->stream_id) != STATUS_OK) {
        w->stream_id = 0;
        if (sdk_timer_set(w->channel, &w->again, sdk_now_ns() + SDK_WORKER_PAUSE_FIRST_NS) != STATUS_OK)
            note(w, false, "no memory to connect");
    }
}

/* ---- for the worker ---- */

void sdk_work_stream_init(struct dt_worker *w)
{
    w->begin = (struct sdk_job){.run = open_stream, .context = w};
    w->again = (struct sdk_timer){.on_fire = open_stream, .context = w};
    w->silence = (struct sdk_timer){.on_fire = look_for_silence, .context = w};
}

void sdk_work_stream_end(struct dt_worker *w)
{
    sdk_timer_clear(w->channel, &w->again);
    sdk_timer_clear(w->channel, &w->silence);
    if (w->stream_id)
        sdk_channel_cancel(w->channel, w->stream_id);
}

void sdk_work_stream_recover(struct dt_worker *w)
{
    bool lost = w->item_lost;
    bool renew = w->renew;
    w->item_lost = w->renew = false;
    if (lost || renew)
        sdk_channel_drop(w->channel,
                         lost ? "no memory to take a work item" : "it brought no work item stream");
}

void sdk_work_stream_on_lost(void *context, enum status status, const char *why)
{
    struct dt_worker *w = context;
    pthread_mutex_lock(&w->lock);
    w->hopeless = status == STATUS_FAILED_PRECONDITION;
    pthread_mutex_unlock(&w->lock);
    note(w, false, why);
}
