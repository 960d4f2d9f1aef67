/* SPDX-License-Identifier: MIT */
/* The worker: keeps a GetWorkItems stream open, hands items to the pools, sends answers.
 *
 *   channel thread: Hello → GetWorkItems ──item──► turn pool ──response──► CompleteOrchestratorTask
 *                                         └─item──► activity pool ──────► CompleteActivityTask
 *
 * An item belongs to the channel's thread, except while a pool has it. Each item ends with a completion, or
 * with an abandonment; if there is no memory for either, the connection is closed so that the service takes
 * the item back. Connection life: spec/durable-task-protocol.md 2.9, the row of .NET. Contracts:
 * include/durabletask.h. */
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/encode.h"
#include "sdk/activity.h"
#include "sdk/channel.h"
#include "sdk/clock.h"
#include "sdk/pool.h"
#include "sdk/turn.h"

#define NS_PER_MS               ((int64_t)1000000)
#define NS_PER_S                ((int64_t)1000000000)
#define PAUSE_FIRST_NS          (1 * NS_PER_S) /* between streams */
#define PAUSE_MAX_NS            (30 * NS_PER_S)
#define HELLO_TIMEOUT_NS        (30 * NS_PER_S)
#define SILENCE_MAX_MS_DEFAULT  120000
#define STOP_TIMEOUT_MS_DEFAULT 30000
#define ABANDON_TIMEOUT_NS      (5 * NS_PER_S) /* for the abandonments of a stop */
#define COMPLETION_TRIES        10
#define COMPLETION_PAUSE_NS     (200 * NS_PER_MS)
#define COMPLETION_PAUSE_MAX_NS (15 * NS_PER_S)
#define COMPLETION_TRY_NS       (30 * NS_PER_S)
#define COMPLETION_TIMEOUT_NS   (300 * NS_PER_S)
#define ORCHESTRATIONS_PER_CPU  100
#define ACTIVITIES_PER_CPU      16
#define THREADS_MAX             4096
#define WHY_SIZE                256 /* bytes */
#define USER_AGENT              "durabletask-c/" SALLYPORT_VERSION " (DurableTaskWorker)"
#define METHOD(name)            PB_TASK_HUB_SIDECAR_SERVICE_##name
#define COMPLETION_RETRY                                                                                     \
    (1u << STATUS_UNAVAILABLE | 1u << STATUS_UNKNOWN | 1u << STATUS_DEADLINE_EXCEEDED | 1u << STATUS_INTERNAL)

/* A work item from its arrival to the service's answer to our answer. */
struct item {
    struct list in_pool; /* link of the pool's queue */
    struct list link;    /* of worker->items; channel's thread */
    struct dt_worker *worker;
    struct arena arena; /* the message, decoded, and all the turn needs */
    struct pb_work_item work;
    struct buf history; /* past events fetched by themselves: joined HistoryChunks */
    bool has_history;
    bool refused;          /* the service did not accept the first answer */
    enum status fault;     /* why there is no answer */
    bool with_pool;        /* a pool or the fetch of its history has it */
    bool given_up;         /* its token has been abandoned: drop the result */
    struct buf answer;     /* encoded, on the way from the pool */
    struct sdk_job done;   /* back to the channel's thread */
    enum sdk_turn_end end; /* of a turn */
};

struct dt_worker {
    struct sdk_target target;
    struct dt_worker_options options;
    char *version;
    char *default_child_version;
    struct sdk_registry orchestrators;
    struct sdk_registry activities;
    struct sdk_turn_options turn_options;
    struct sdk_channel *channel;
    struct sdk_pool turns;
    struct sdk_pool runs;
    atomic_bool stop_requested;
    atomic_bool stopping; /* for dt_activity_stopping */

    /* The channel's thread. */
    struct sdk_job begin;
    struct sdk_timer again;   /* opens the next stream */
    struct sdk_timer silence; /* looks whether the stream is alive */
    struct sdk_timer stop_limit;
    struct list items;
    uint64_t stream_id; /* call number of Hello or GetWorkItems; 0: none */
    int failures;
    int64_t heard_ns;
    bool item_lost; /* one could not be taken: the stream must be opened anew, so that it comes again */
    bool stop_begun;
    bool stop_late;       /* the stop's time is over: only abandonments are waited for */
    size_t late_abandons; /* of items that are still with a pool */

    /* Shared with those who wait. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started;
    bool connected;
    bool stopped; /* all items are gone */
    bool joining;
    bool joined; /* the pools' threads have ended */
    char why[WHY_SIZE];
};

static void open_stream(void *context);

static void note(struct dt_worker *w, bool connected, const char *why)
{
    pthread_mutex_lock(&w->lock);
    w->connected = connected;
    snprintf(w->why, sizeof w->why, "%s", why);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* -------------------------------------------------------------------------------------------------- the end
 * of items */

/* A stop is over when every item is answered or given back. */
static void check_stopped(struct dt_worker *w)
{
    if (!w->stop_begun || w->stream_id || w->late_abandons)
        return;
    list_each (link, &w->items) {
        if (!CONTAINER_OF(link, struct item, link)->given_up)
            return;
    }
    pthread_mutex_lock(&w->lock);
    w->stopped = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void free_item(struct item *item)
{
    list_remove(&item->link);
    buf_fini(&item->history);
    buf_fini(&item->answer);
    arena_fini(&item->arena);
    free(item);
}

static void end_item(struct item *item)
{
    struct dt_worker *w = item->worker;
    free_item(item);
    check_stopped(w);
}

static void on_abandoned(void *context, const struct sdk_result *result)
{
    end_item(context);
}

/* All three requests are the token as field 1. NO_MEMORY. */
static STATUS_RESULT send_abandon(const struct item *item,
                                  void (*on_done)(void *context, const struct sdk_result *result),
                                  void *context)
{
    static const enum pb_task_hub_sidecar_service_method methods[] = {
        [PB_WORK_ITEM_ORCHESTRATOR_REQUEST] = METHOD(ABANDON_TASK_ORCHESTRATOR_WORK_ITEM),
        [PB_WORK_ITEM_ACTIVITY_REQUEST] = METHOD(ABANDON_TASK_ACTIVITY_WORK_ITEM),
        [PB_WORK_ITEM_ENTITY_REQUEST] = METHOD(ABANDON_TASK_ENTITY_WORK_ITEM),
        [PB_WORK_ITEM_ENTITY_REQUEST_V2] = METHOD(ABANDON_TASK_ENTITY_WORK_ITEM),
    };
    struct pb_abandon_activity_task_request request = {.completion_token = item->work.completion_token};
    struct buf message = {0};
    pb_abandon_activity_task_request_encode(&request, &message);
    if (buf_status(&message) != STATUS_OK) {
        buf_fini(&message);
        return STATUS_NO_MEMORY;
    }
    struct sdk_call_options call = {.method = methods[item->work.request_case],
                                    .safe_twice = true,
                                    .retry = 1u << STATUS_UNAVAILABLE,
                                    .tries_max = COMPLETION_TRIES,
                                    .timeout_ns = COMPLETION_TIMEOUT_NS,
                                    .attempt_timeout_ns = COMPLETION_TRY_NS,
                                    .on_done = on_done,
                                    .context = context};
    return sdk_channel_call(item->worker->channel, &call, &message, NULL);
}

static void drop_connection(struct item *item)
{
    sdk_channel_drop(item->worker->channel, "no memory to answer a work item");
    end_item(item);
}

static void drop_connection_job(void *context)
{
    drop_connection(context);
}

/* Channel's thread, also within a round. */
static void abandon(struct item *item, const char *why)
{
    sdk_log(&item->worker->target, DT_LOG_WARN, "work item given back: %s", why);
    if (send_abandon(item, on_abandoned, item) == STATUS_OK)
        return;
    item->done.run = drop_connection_job;
    item->done.context = item;
    sdk_channel_post(item->worker->channel, &item->done);
}

/* ---------------------------------------------------------------------------------------------------------
 * answering */

static void send_answer(struct item *item);

/* The service refuses what we answered and would refuse it again: the cause becomes the answer. */
static enum status answer_refusal(struct item *item, const char *text)
{
    struct arena *a = &item->arena;
    char message[512];
    snprintf(message, sizeof message, "the service refused the result: %s", text);
    struct pb_task_failure_details failure = {.error_type = BYTES_LITERAL("ResultRefusedError"),
                                              .error_message =
                                                  bytes_of_cstr(arena_cstr(a, bytes_of_cstr(message))),
                                              .is_non_retriable = true};
    if (!bytes_utf8_valid(failure.error_message))
        failure.error_message = BYTES_LITERAL("the service refused the result");
    buf_clear(&item->answer);
    if (item->work.request_case == PB_WORK_ITEM_ACTIVITY_REQUEST) {
        const struct pb_activity_request *request = item->work.activity_request;
        struct pb_activity_response response = {.task_id = request->task_id,
                                                .failure_details = &failure,
                                                .completion_token = item->work.completion_token};
        if (request->orchestration_instance)
            response.instance_id = request->orchestration_instance->instance_id;
        pb_activity_response_encode(&response, &item->answer);
    } else {
        struct pb_complete_orchestration_action complete = {
            .orchestration_status = PB_ORCHESTRATION_STATUS_FAILED, .failure_details = &failure};
        struct pb_orchestrator_action action = {.id = -1, /* no action of the code */
                                                .orchestrator_action_type_case =
                                                    PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION,
                                                .complete_orchestration = &complete};
        struct pb_orchestrator_response response = {.instance_id =
                                                        item->work.orchestrator_request->instance_id,
                                                    .actions = &action,
                                                    .actions_count = 1,
                                                    .completion_token = item->work.completion_token};
        pb_orchestrator_response_encode(&response, &item->answer);
    }
    return buf_status(&item->answer);
}

static void on_completed(void *context, const struct sdk_result *result)
{
    struct item *item = context;
    if (result->status == STATUS_OK || result->status == STATUS_CANCELLED) {
        end_item(item);
        return;
    }
    bool refused = result->status == STATUS_INVALID_ARGUMENT || result->status == STATUS_RESOURCE_EXHAUSTED;
    if (refused && !item->refused && answer_refusal(item, result->text) == STATUS_OK) {
        item->refused = true;
        sdk_log(&item->worker->target, DT_LOG_ERROR, "answer refused: %s", result->text);
        send_answer(item);
        return;
    }
    abandon(item, result->text);
}

static void send_answer(struct item *item)
{
    bool turn = item->work.request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST;
    struct sdk_call_options call = {.method = turn ? METHOD(COMPLETE_ORCHESTRATOR_TASK)
                                                   : METHOD(COMPLETE_ACTIVITY_TASK),
                                    .safe_twice = true,
                                    .retry = COMPLETION_RETRY,
                                    .tries_max = COMPLETION_TRIES,
                                    .pause_first_ns = COMPLETION_PAUSE_NS,
                                    .pause_max_ns = COMPLETION_PAUSE_MAX_NS,
                                    .timeout_ns = COMPLETION_TIMEOUT_NS,
                                    .attempt_timeout_ns = COMPLETION_TRY_NS,
                                    .on_done = on_completed,
                                    .context = item};
    if (sdk_channel_call(item->worker->channel, &call, &item->answer, NULL) == STATUS_OK)
        return;
    item->done.run = drop_connection_job;
    item->done.context = item;
    sdk_channel_post(item->worker->channel, &item->done);
}

/* ------------------------------------------------------------------------------------------------- history
 * by itself */

static void run_turn_item(void *context, struct list *link);

static void on_history_chunk(void *context, struct bytes message)
{
    struct item *item = context;
    buf_append_bytes(&item->history, message); /* messages of one repeated field join by standing in a row */
}

static void on_history_done(void *context, const struct sdk_result *result)
{
    struct item *item = context;
    enum status s = result->status == STATUS_OK ? buf_status(&item->history) : result->status;
    item->has_history = true;
    if (item->given_up) {
        end_item(item);
        return;
    }
    if (s == STATUS_OK)
        s = item->worker->stop_begun ? STATUS_CANCELLED : sdk_pool_add(&item->worker->turns, &item->in_pool);
    if (s == STATUS_OK)
        return;
    item->with_pool = false;
    abandon(item, result->status == STATUS_OK ? "no memory for the history" : result->text);
}

static STATUS_RESULT fetch_history(struct item *item)
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
    struct sdk_call_options call = {.method = METHOD(STREAM_INSTANCE_HISTORY),
                                    .streaming = true,
                                    .safe_twice = true,
                                    .retry = 1u << STATUS_UNAVAILABLE,
                                    .timeout_ns = COMPLETION_TIMEOUT_NS,
                                    .on_message = on_history_chunk,
                                    .on_done = on_history_done,
                                    .context = item};
    return sdk_channel_call(item->worker->channel, &call, &encoded, NULL);
}

static STATUS_RESULT join_history(struct item *item)
{
    struct pb_history_chunk chunk;
    enum status s = pb_history_chunk_decode(&item->arena, buf_peek(&item->history), &chunk);
    if (s != STATUS_OK)
        return s;
    item->work.orchestrator_request->past_events = chunk.events;
    item->work.orchestrator_request->past_events_count = chunk.events_count;
    return STATUS_OK;
}

/* ----------------------------------------------------------------------------------------------------- in
 * the pools */

/* Back on the channel's thread. */
static void finish_item(void *context)
{
    struct item *item = context;
    item->with_pool = false;
    if (item->given_up) {
        end_item(item);
        return;
    }
    if (item->fault != STATUS_OK)
        abandon(item, status_name(item->fault));
    else if (item->work.request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST && item->end == SDK_TURN_ABANDON)
        abandon(item, "its version is not for this worker");
    else
        send_answer(item);
}

/* The pool's last word about the item. */
static void return_item(struct item *item, enum status fault)
{
    item->fault = fault;
    item->done.run = finish_item;
    item->done.context = item;
    sdk_channel_post(item->worker->channel, &item->done);
}

static void run_turn_item(void *context, struct list *link)
{
    struct dt_worker *w = context;
    struct item *item = CONTAINER_OF(link, struct item, in_pool);
    const struct pb_orchestrator_request *request = item->work.orchestrator_request;
    if (request->requires_history_streaming && !item->has_history) {
        enum status s = fetch_history(item);
        if (s != STATUS_OK)
            return_item(item, s);
        return;
    }
    enum status s = item->has_history ? join_history(item) : STATUS_OK;
    struct err e = {0};
    if (s == STATUS_OK)
        s = sdk_turn_run(&w->turn_options, &item->arena, request, item->work.completion_token, &item->answer,
                         &item->end, &e);
    return_item(item, s);
}

static void run_activity_item(void *context, struct list *link)
{
    struct dt_worker *w = context;
    struct item *item = CONTAINER_OF(link, struct item, in_pool);
    return_item(item, sdk_activity_run(&w->activities, &item->arena, item->work.activity_request,
                                       item->work.completion_token, &w->stopping, &item->answer));
}

/* ------------------------------------------------------------------------------------------------------- the
 * stream */

static void admit(struct dt_worker *w, struct item *item)
{
    enum status s = STATUS_UNIMPLEMENTED;
    list_push_back(&w->items, &item->link);
    item->with_pool = true; /* said before the pool has it */
    if (w->stop_begun)
        s = STATUS_CANCELLED;
    else if (item->work.request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST)
        s = sdk_pool_add(&w->turns, &item->in_pool);
    else if (item->work.request_case == PB_WORK_ITEM_ACTIVITY_REQUEST)
        s = sdk_pool_add(&w->runs, &item->in_pool);
    if (s == STATUS_OK)
        return;
    item->with_pool = false;
    abandon(item, status_name(s));
}

static void on_work_item(void *context, struct bytes message)
{
    struct dt_worker *w = context;
    w->heard_ns = sdk_now_ns();
    w->failures = 0;
    struct item *item = calloc(1, sizeof *item);
    if (!item) {
        w->item_lost = true;
        return;
    }
    item->worker = w;
    list_init(&item->link);
    list_init(&item->in_pool);
    arena_init(&item->arena, w->options.turn_memory_max);
    struct bytes kept = arena_copy(&item->arena, message);
    enum status s = kept.data ? pb_work_item_decode(&item->arena, kept, &item->work) : STATUS_NO_MEMORY;
    bool work = s == STATUS_OK && item->work.request_case != PB_WORK_ITEM_NOT_SET &&
                item->work.request_case != PB_WORK_ITEM_HEALTH_PING;
    if (work) {
        admit(w, item);
        return;
    }
    if (s != STATUS_OK)
        sdk_log(&w->target, DT_LOG_ERROR, "unreadable work item: %s", status_name(s));
    w->item_lost |= s == STATUS_NO_MEMORY;
    free_item(item);
}

/* The stream, or the Hello before it, has ended. */
static void plan_stream(struct dt_worker *w, const char *why)
{
    w->stream_id = 0;
    sdk_timer_clear(w->channel, &w->silence);
    note(w, false, why);
    if (w->stop_begun) {
        check_stopped(w);
        return;
    }
    const struct sdk_target *t = &w->target;
    int64_t pause = sdk_channel_pause_ns(w->channel, w->failures++,
                                         t->retry_first_ns ? t->retry_first_ns : PAUSE_FIRST_NS,
                                         t->retry_max_ns ? t->retry_max_ns : PAUSE_MAX_NS);
    sdk_log(t, DT_LOG_INFO, "work item stream ended: %s; again in %lld ms", why,
            (long long)(pause / NS_PER_MS));
    if (sdk_timer_set(w->channel, &w->again, sdk_now_ns() + pause) != STATUS_OK)
        open_stream(w);
}

static void on_stream_done(void *context, const struct sdk_result *result)
{
    plan_stream(context, result->status == STATUS_OK ? "the service ended it" : result->text);
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
        if (sdk_timer_set(w->channel, &w->again, sdk_now_ns() + PAUSE_FIRST_NS) != STATUS_OK)
            note(w, false, "no memory to connect");
    }
}

static void on_lost(void *context, const char *why)
{
    struct dt_worker *w = context;
    note(w, false, why);
}

/* ---------------------------------------------------------------------------------------------------------
 * stopping */

static void on_late_abandoned(void *context, const struct sdk_result *result)
{
    struct dt_worker *w = context;
    w->late_abandons--;
    check_stopped(w);
}

/* Time is up: what still runs is given back, and its result will be dropped. The second time nothing is
 * waited for. */
static void stop_late(void *context)
{
    struct dt_worker *w = context;
    list_each (link, &w->items) {
        struct item *item = CONTAINER_OF(link, struct item, link);
        if (!w->stop_late && item->with_pool && send_abandon(item, on_late_abandoned, w) == STATUS_OK)
            w->late_abandons++;
        item->given_up |= item->with_pool || w->stop_late;
    }
    if (w->stop_late ||
        sdk_timer_set(w->channel, &w->stop_limit, sdk_now_ns() + ABANDON_TIMEOUT_NS) != STATUS_OK)
        w->late_abandons = 0;
    w->stop_late = true;
    check_stopped(w);
}

static void begin_stop(struct dt_worker *w)
{
    w->stop_begun = true;
    atomic_store(&w->stopping, true);
    sdk_timer_clear(w->channel, &w->again);
    sdk_timer_clear(w->channel, &w->silence);
    struct list queued;
    list_init(&queued);
    sdk_pool_take_queued(&w->turns, &queued);
    sdk_pool_take_queued(&w->runs, &queued);
    struct list *link;
    while ((link = list_pop_front(&queued))) {
        struct item *item = CONTAINER_OF(link, struct item, in_pool);
        item->with_pool = false;
        abandon(item, "the worker stops");
    }
    if (w->stream_id)
        sdk_channel_cancel(w->channel, w->stream_id);
    if (sdk_timer_set(w->channel, &w->stop_limit, sdk_now_ns() + w->options.stop_timeout_ms * NS_PER_MS) !=
        STATUS_OK)
        stop_late(w);
    check_stopped(w);
}

static void on_loop(void *context)
{
    struct dt_worker *w = context;
    if (w->item_lost) {
        w->item_lost = false;
        sdk_channel_drop(w->channel, "no memory to take a work item");
    }
    if (!w->stop_begun && atomic_load(&w->stop_requested))
        begin_stop(w);
}

/* ------------------------------------------------------------------------------------------------ making and
 * unmaking */

static int32_t cpu_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 && count < THREADS_MAX ? (int32_t)count : 1;
}

static STATUS_RESULT take_options(struct dt_worker *w, const struct dt_worker_options *given, struct err *e)
{
    struct dt_worker_options *o = &w->options;
    if (given && !sdk_options_copy(o, sizeof *o, given))
        return err_set(e, STATUS_INVALID_ARGUMENT, "`size` of the worker options is not set");
    if (o->orchestrations_max < 0 || o->activities_max < 0 || o->activities_max > THREADS_MAX ||
        o->orchestrator_threads < 0 || o->orchestrator_threads > THREADS_MAX)
        return err_set(e, STATUS_INVALID_ARGUMENT, "a number of items or threads is below 0 or over %d",
                       THREADS_MAX);
    if ((unsigned)o->version_match > DT_VERSION_MATCH_CURRENT_OR_OLDER ||
        (unsigned)o->version_failure > DT_VERSION_FAIL)
        return err_set(e, STATUS_INVALID_ARGUMENT, "version_match or version_failure is none of its values");
    int32_t cpus = cpu_count();
    if (!o->orchestrations_max)
        o->orchestrations_max = ORCHESTRATIONS_PER_CPU * cpus;
    if (!o->activities_max)
        o->activities_max = MIN(ACTIVITIES_PER_CPU * cpus, THREADS_MAX);
    if (!o->orchestrator_threads)
        o->orchestrator_threads = MAX(cpus, 2);
    if (!o->turn_memory_max)
        o->turn_memory_max = ARENA_LIMIT_DEFAULT;
    if (o->silence_max_ms <= 0 || o->silence_max_ms > INT64_MAX / NS_PER_MS / 2)
        o->silence_max_ms = SILENCE_MAX_MS_DEFAULT;
    if (o->stop_timeout_ms <= 0 || o->stop_timeout_ms > INT64_MAX / NS_PER_MS / 2)
        o->stop_timeout_ms = STOP_TIMEOUT_MS_DEFAULT;
    w->version = o->version ? strdup(o->version) : NULL;
    w->default_child_version = o->default_child_version ? strdup(o->default_child_version) : NULL;
    if ((o->version && !w->version) || (o->default_child_version && !w->default_child_version))
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    o->version = w->version;
    o->default_child_version = w->default_child_version;
    w->turn_options = (struct sdk_turn_options){.orchestrators = &w->orchestrators,
                                                .target = &w->target,
                                                .version = o->version,
                                                .version_match = o->version_match,
                                                .version_failure = o->version_failure,
                                                .default_child_version = o->default_child_version};
    return STATUS_OK;
}

/* host,pid,guid: the same on every reconnect of this worker, spec 2.3. */
static STATUS_RESULT make_id(char *ret_id, size_t size)
{
    char host[128] = "host";
    uint8_t random[16];
    char guid[GUID_TEXT_SIZE + 1];
    if (gethostname(host, sizeof host - 1) != 0 || RAND_bytes(random, sizeof random) != 1)
        return STATUS_INTERNAL;
    for (char *c = host; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f || *c == ',')
            *c = '-';
    guid_format(random, guid);
    snprintf(ret_id, size, "%s,%ld,%s", host, (long)getpid(), guid);
    return STATUS_OK;
}

static STATUS_RESULT build(struct dt_worker *w, const struct dt_connect_options *c,
                           const struct dt_worker_options *o, struct err *e)
{
    enum status s = sdk_target_init(&w->target, c, e);
    if (s == STATUS_OK)
        s = take_options(w, o, e);
    if (s == STATUS_OK && (s = sdk_pool_init(&w->turns, (size_t)w->options.orchestrator_threads,
                                             run_turn_item, w)) == STATUS_OK)
        s = sdk_pool_init(&w->runs, (size_t)w->options.activities_max, run_activity_item, w);
    char id[256];
    if (s == STATUS_OK)
        s = make_id(id, sizeof id);
    if (s != STATUS_OK)
        return s;
    struct sdk_channel_options options = {.target = &w->target,
                                          .user_agent = USER_AGENT,
                                          .worker_id = id,
                                          .pause_first_ns = PAUSE_FIRST_NS,
                                          .pause_max_ns = PAUSE_MAX_NS,
                                          .on_loop = on_loop,
                                          .on_lost = on_lost,
                                          .context = w};
    return sdk_channel_create(&options, &w->channel, e);
}

static void free_worker(struct dt_worker *w)
{
    sdk_pool_fini(&w->turns);
    sdk_pool_fini(&w->runs);
    sdk_channel_destroy(w->channel);
    while (!list_empty(&w->items))
        free_item(CONTAINER_OF(w->items.next, struct item, link));
    sdk_registry_fini(&w->orchestrators);
    sdk_registry_fini(&w->activities);
    sdk_target_fini(&w->target);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w->version);
    free(w->default_child_version);
    free(w);
}

enum dt_status dt_worker_create(const struct dt_connect_options *c, const struct dt_worker_options *o,
                                struct dt_worker **ret_worker, struct dt_error *e)
{
    struct err own_error = {0};
    struct dt_worker *w = calloc(1, sizeof *w);
    if (!w)
        return sdk_report(STATUS_NO_MEMORY, NULL, e);
    list_init(&w->items);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
#ifndef __APPLE__ /* has no such clock for conditions; waits there follow the wall clock */
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
#endif
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->again = (struct sdk_timer){.on_fire = open_stream, .context = w};
    w->silence = (struct sdk_timer){.on_fire = look_for_silence, .context = w};
    w->stop_limit = (struct sdk_timer){.on_fire = stop_late, .context = w};
    w->begin = (struct sdk_job){.run = open_stream, .context = w};
    enum status s = build(w, c, o, &own_error);
    if (s != STATUS_OK) {
        free_worker(w);
        return sdk_report(s, &own_error, e);
    }
    *ret_worker = w;
    return DT_OK;
}

static enum dt_status add(struct dt_worker *w, struct sdk_registry *registry, const struct sdk_entry *entry,
                          struct dt_error *e)
{
    struct err own_error = {0};
    enum status s = STATUS_OK;
    pthread_mutex_lock(&w->lock);
    if (w->started)
        s = err_set(&own_error, STATUS_FAILED_PRECONDITION, "the worker has been started");
    else if (!entry->orchestrator && !entry->activity)
        s = err_set(&own_error, STATUS_INVALID_ARGUMENT, "the function is NULL");
    else
        s = sdk_registry_add(registry, entry, &own_error);
    pthread_mutex_unlock(&w->lock);
    return sdk_report(s, &own_error, e);
}

enum dt_status dt_worker_register_orchestrator(struct dt_worker *worker, const char *name,
                                               const char *version, dt_orchestrator_fn *fn, void *user,
                                               struct dt_error *e)
{
    const struct sdk_entry entry = {
        .name = (char *)name, .version = (char *)version, .orchestrator = fn, .user = user};
    return add(worker, &worker->orchestrators, &entry, e);
}

enum dt_status dt_worker_register_activity(struct dt_worker *worker, const char *name, const char *version,
                                           dt_activity_fn *fn, void *user, struct dt_error *e)
{
    const struct sdk_entry entry = {
        .name = (char *)name, .version = (char *)version, .activity = fn, .user = user};
    return add(worker, &worker->activities, &entry, e);
}

enum dt_status dt_worker_start(struct dt_worker *worker, struct dt_error *e)
{
    struct err own_error = {0};
    pthread_mutex_lock(&worker->lock);
    bool before = worker->started;
    worker->started = true;
    pthread_mutex_unlock(&worker->lock);
    if (before)
        return sdk_report(err_set(&own_error, STATUS_FAILED_PRECONDITION, "the worker has been started"),
                          &own_error, e);
    sdk_channel_post(worker->channel, &worker->begin);
    return DT_OK;
}

static void wait_stopped(struct dt_worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->stopped)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

enum dt_status dt_worker_run(struct dt_worker *worker, struct dt_error *e)
{
    enum dt_status s = dt_worker_start(worker, e);
    if (s != DT_OK)
        return s;
    wait_stopped(worker);
    dt_worker_stop(worker);
    return DT_OK;
}

enum dt_status dt_worker_wait_connected(struct dt_worker *worker, int64_t timeout_ms, struct dt_error *e)
{
    struct err own_error = {0};
    struct timespec until;
#ifdef __APPLE__
    clock_gettime(CLOCK_REALTIME, &until);
#else
    clock_gettime(CLOCK_MONOTONIC, &until);
#endif
    if (timeout_ms >= 0) {
        until.tv_sec += (time_t)MIN(timeout_ms / 1000, INT32_MAX);
        until.tv_nsec += (long)(timeout_ms % 1000 * NS_PER_MS);
        until.tv_sec += until.tv_nsec / NS_PER_S;
        until.tv_nsec %= NS_PER_S;
    }
    enum status s = STATUS_OK;
    int waited = 0;
    pthread_mutex_lock(&worker->lock);
    if (!worker->started)
        s = err_set(&own_error, STATUS_FAILED_PRECONDITION, "the worker has not been started");
    while (s == STATUS_OK && !worker->connected && !worker->stopped && !waited)
        waited = timeout_ms < 0 ? pthread_cond_wait(&worker->changed, &worker->lock)
                                : pthread_cond_timedwait(&worker->changed, &worker->lock, &until);
    if (s == STATUS_OK && !worker->connected)
        s = err_set(&own_error, worker->stopped ? STATUS_CANCELLED : STATUS_DEADLINE_EXCEEDED,
                    "not connected: %s", worker->why[0] ? worker->why : "no answer yet");
    pthread_mutex_unlock(&worker->lock);
    return sdk_report(s, &own_error, e);
}

void dt_worker_request_stop(struct dt_worker *worker)
{
    atomic_store(&worker->stop_requested, true);
    sdk_channel_wake(worker->channel);
}

void dt_worker_stop(struct dt_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool mine = worker->started && !worker->joining;
    worker->joining |= mine;
    while (!mine && worker->joining && !worker->joined)
        pthread_cond_wait(&worker->changed, &worker->lock); /* another thread is at it */
    pthread_mutex_unlock(&worker->lock);
    if (!mine)
        return;
    dt_worker_request_stop(worker);
    wait_stopped(worker);
    sdk_pool_fini(&worker->turns);
    sdk_pool_fini(&worker->runs);
    pthread_mutex_lock(&worker->lock);
    worker->joined = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

void dt_worker_destroy(struct dt_worker *worker)
{
    if (!worker)
        return;
    dt_worker_stop(worker);
    free_worker(worker);
}
