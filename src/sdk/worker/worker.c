/* SPDX-License-Identifier: MIT */
/* worker.c — the public calls of a worker: its options, start, stop, and waiting for either; its registrations are in
 * registration.c. What it does in between is its parts' (worker_state.h). Contracts: include/durabletask.h. */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/encode.h"
#include "sdk/worker/stopping.h"
#include "sdk/worker/work_item.h"
#include "sdk/worker/work_pools.h"
#include "sdk/worker/work_stream.h"
#include "sdk/worker/worker_state.h"

#define SILENCE_MAX_MS_DEFAULT  120000
#define STOP_TIMEOUT_MS_DEFAULT 30000
#define ORCHESTRATIONS_PER_CPU  100
#define ACTIVITIES_PER_CPU      16
#define THREADS_MAX             4096
#define ANSWER_SIZE_MAX         ((size_t)3900 << 10) /* bytes: services take 4 MiB, as .NET's SDK assumes */
#define USER_AGENT              "durabletask-c/" SALLYPORT_VERSION " (DurableTaskWorker)"

/* --- making and unmaking --- */

static int32_t cpu_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 && count < THREADS_MAX ? (int32_t)count : 1;
}

static STATUS_RESULT take_options(struct dt_worker *worker, const struct dt_worker_options *given,
                                  struct err *err)
{
    struct dt_worker_options *options = &worker->options;
    if (given && !sdk_options_copy(options, sizeof *options, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "`size` of the worker options is not set");
    if (options->orchestrations_max < 0 || options->activities_max < 0 ||
        options->activities_max > THREADS_MAX || options->entities_max < 0 ||
        options->entities_max > THREADS_MAX || options->orchestrator_threads < 0 ||
        options->orchestrator_threads > THREADS_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "a number of items or threads is below 0 or over %d",
                       THREADS_MAX);
    if ((unsigned)options->version_match > DT_VERSION_MATCH_CURRENT_OR_OLDER ||
        (unsigned)options->version_failure > DT_VERSION_FAIL)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "version_match or version_failure is none of its values");
    int32_t cpus = cpu_count();
    if (!options->orchestrations_max)
        options->orchestrations_max = ORCHESTRATIONS_PER_CPU * cpus;
    if (!options->activities_max)
        options->activities_max = MIN(ACTIVITIES_PER_CPU * cpus, THREADS_MAX);
    if (!options->entities_max)
        options->entities_max = MIN(ACTIVITIES_PER_CPU * cpus, THREADS_MAX);
    if (!options->orchestrator_threads)
        options->orchestrator_threads = MAX(cpus, 2);
    if (!options->turn_memory_max)
        options->turn_memory_max = ARENA_LIMIT_DEFAULT;
    if (options->silence_max_ms <= 0 || options->silence_max_ms > INT64_MAX / NS_PER_MS / 2)
        options->silence_max_ms = SILENCE_MAX_MS_DEFAULT;
    if (options->stop_timeout_ms <= 0 || options->stop_timeout_ms > INT64_MAX / NS_PER_MS / 2)
        options->stop_timeout_ms = STOP_TIMEOUT_MS_DEFAULT;
    worker->version = options->version ? strdup(options->version) : NULL;
    worker->default_child_version =
        options->default_child_version ? strdup(options->default_child_version) : NULL;
    if ((options->version && !worker->version) ||
        (options->default_child_version && !worker->default_child_version))
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    options->version = worker->version;
    options->default_child_version = worker->default_child_version;
    worker->turn_options = (struct sdk_turn_options){.orchestrators = &worker->orchestrators,
                                                     .target = &worker->target,
                                                     .version = options->version,
                                                     .version_match = options->version_match,
                                                     .version_failure = options->version_failure,
                                                     .default_child_version = options->default_child_version,
                                                     .answer_size_max = ANSWER_SIZE_MAX};
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

static void on_loop(void *context)
{
    struct dt_worker *worker = context;
    sdk_work_stream_recover(worker);
    if (!worker->stop_begun && atomic_load(&worker->stop_requested))
        sdk_stopping_begin(worker);
    sdk_stopping_check(worker);
}

static STATUS_RESULT build(struct dt_worker *worker, const struct dt_connect_options *connect,
                           const struct dt_worker_options *given, struct err *err)
{
    enum status status = sdk_target_init(&worker->target, connect, err);
    if (status == STATUS_OK)
        status = take_options(worker, given, err);
    if (status == STATUS_OK)
        status = sdk_work_pools_init(worker);
    char id[256];
    if (status == STATUS_OK)
        status = make_id(id, sizeof id);
    if (status != STATUS_OK)
        return status;
    struct sdk_channel_options options = {.target = &worker->target,
                                          .user_agent = USER_AGENT,
                                          .worker_id = id,
                                          .pause_first_ns = SDK_WORKER_PAUSE_FIRST_NS,
                                          .pause_max_ns = SDK_WORKER_PAUSE_MAX_NS,
                                          .on_loop = on_loop,
                                          .on_lost = sdk_work_stream_on_lost,
                                          .context = worker};
    return sdk_channel_create(&options, &worker->channel, err);
}

/* In this order: the pools' threads post to the channel, and the channel's thread touches items until it has ended. */
static void free_worker(struct dt_worker *worker)
{
    sdk_work_pools_fini(worker);
    sdk_channel_destroy(worker->channel);
    while (!list_empty(&worker->items))
        sdk_work_item_destroy(CONTAINER_OF(worker->items.next, struct sdk_work_item, link));
    sdk_registry_fini(&worker->orchestrators);
    sdk_registry_fini(&worker->activities);
    sdk_registry_fini(&worker->entities);
    sdk_target_fini(&worker->target);
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    free(worker->version);
    free(worker->default_child_version);
    free(worker);
}

enum dt_status dt_worker_create(const struct dt_connect_options *connect,
                                const struct dt_worker_options *options, struct dt_worker **ret_worker,
                                struct dt_error *error)
{
    struct err own_error = {0};
    if (!ret_worker)
        return sdk_report(err_set(&own_error, STATUS_INVALID_ARGUMENT, "ret_worker is NULL"), &own_error,
                          error);
    struct dt_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return sdk_report(STATUS_NO_MEMORY, NULL, error);
    list_init(&worker->items);
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
#ifndef __APPLE__ /* has no such clock for conditions; waits there follow the wall clock */
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
#endif
    pthread_cond_init(&worker->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* The channel's thread, which build starts, may use the timers at once. */
    sdk_work_stream_init(worker);
    sdk_stopping_init(worker);
    enum status status = build(worker, connect, options, &own_error);
    if (status != STATUS_OK) {
        free_worker(worker);
        return sdk_report(status, &own_error, error);
    }
    *ret_worker = worker;
    return DT_OK;
}

void dt_worker_destroy(struct dt_worker *worker)
{
    if (!worker)
        return;
    dt_worker_stop(worker);
    free_worker(worker);
}

static enum dt_status refuse_null(struct dt_error *error)
{
    struct err own_error = {0};
    return sdk_report(err_set(&own_error, STATUS_INVALID_ARGUMENT, "worker is NULL"), &own_error, error);
}

/* --- starting, waiting, stopping --- */

/* Only the first call starts; registries are not locked from here on, for nothing changes them any more. */
enum dt_status dt_worker_start(struct dt_worker *worker, struct dt_error *error)
{
    struct err own_error = {0};
    if (!worker)
        return refuse_null(error);
    pthread_mutex_lock(&worker->lock);
    bool before = worker->started;
    worker->started = true;
    pthread_mutex_unlock(&worker->lock);
    if (before)
        return sdk_report(err_set(&own_error, STATUS_FAILED_PRECONDITION, "the worker has been started"),
                          &own_error, error);
    sdk_channel_post(worker->channel, &worker->begin);
    return DT_OK;
}

static void wait_stopped(struct dt_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (!worker->stopped)
        pthread_cond_wait(&worker->changed, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
}

enum dt_status dt_worker_run(struct dt_worker *worker, struct dt_error *error)
{
    enum dt_status s = dt_worker_start(worker, error);
    if (s != DT_OK)
        return s;
    wait_stopped(worker);
    dt_worker_stop(worker);
    return DT_OK;
}

enum dt_status dt_worker_wait_connected(struct dt_worker *worker, int64_t timeout_ms, struct dt_error *error)
{
    struct err own_error = {0};
    if (!worker)
        return refuse_null(error);
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
    enum status status = STATUS_OK;
    int waited = 0;
    pthread_mutex_lock(&worker->lock);
    if (!worker->started)
        status = err_set(&own_error, STATUS_FAILED_PRECONDITION, "the worker has not been started");
    while (status == STATUS_OK && !worker->connected && !worker->stopped && !worker->hopeless && !waited)
        waited = timeout_ms < 0 ? pthread_cond_wait(&worker->changed, &worker->lock)
                                : pthread_cond_timedwait(&worker->changed, &worker->lock, &until);
    if (status == STATUS_OK && !worker->connected) {
        enum status why = STATUS_DEADLINE_EXCEEDED;
        if (worker->stopped)
            why = STATUS_CANCELLED;
        else if (worker->hopeless)
            why = STATUS_FAILED_PRECONDITION;
        status =
            err_set(&own_error, why, "not connected: %s", worker->why[0] ? worker->why : "no answer yet");
    }
    pthread_mutex_unlock(&worker->lock);
    return sdk_report(status, &own_error, error);
}

void dt_worker_request_stop(struct dt_worker *worker)
{
    atomic_store(&worker->stop_requested, true);
    sdk_channel_wake(worker->channel);
}

/* Of several threads that stop a worker one joins the pools, and all come back when that is done. */
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
    sdk_work_pools_fini(worker);
    pthread_mutex_lock(&worker->lock);
    worker->joined = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}
