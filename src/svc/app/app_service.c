/* SPDX-License-Identifier: MIT */
/* app_service.c — the life of the service: what it is told, what it makes of that, how it follows the book, how it stops. */
#include "svc/app/app_service.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/log.h"
#include "os/clock.h"
#include "svc/app/app_internal.h"
#include "svc/app/duties.h"
#include "svc/app/limit_values.h"
#include "svc/app/pool_client.h"
#include "svc/app/pool_kind.h"
#include "svc/app/pool_lines.h"
#include "svc/app/review_events.h"
#include "svc/app/review_orchestrator.h"
#include "svc/app/run_outputs.h"
#include "svc/app/running.h"
#include "svc/app/session_turns.h"

/* ORDER: duties before readers: whoever hears of an event may ask at once what has become of it. */
static void on_events(void *context, const struct review_news *news)
{
    struct app_service *service = context;
    if (service->stopping)
        return;
    if (news->has_duties)
        duties_look(service->duties);
    if (news->last_event == 0)
        return;
    review_feed_tell(service->feed, news->last_event);
    exchange_wake(service, news->request);
}

/* ORDER: the worker first, whose threads use the rest. */
static void release(struct app_service *service)
{
    dt_worker_destroy(service->worker);
    run_outputs_destroy(service->activity.outputs);
    running_destroy(service->activity.running);
    pool_kind_destroy(service->activity.kind);
    session_turns_destroy(service->activity.turns);
    pool_lines_destroy(service->activity.pool.lines);
    dt_client_destroy(service->client);
    dt_azure_credential_destroy(service->credential);
    dt_azure_credential_destroy(service->pool_credential);
    app_release_note(service->connection);
    rehearsals_fini(&service->rehearsals);
    absences_destroy(service->absences);
    free(service->task_hub);
    free(service->connection_string);
    free(service->pool_url);
    free(service->pool_token);
    free(service->scheduler_token);
    free(service->ca_file);
    free(service);
}

/* Names everything that is missing at once. */
static enum status check_present(const struct app_options *options, struct err *error)
{
    bool scheduler = options->connection_string && *options->connection_string;
    bool pool = options->pool_url && *options->pool_url;
    if (scheduler && pool)
        return STATUS_OK;
    return err_set(error, STATUS_INVALID_ARGUMENT, "Missing required configuration %s%s%s",
                   scheduler ? "" : "'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'",
                   scheduler || pool ? "" : " and ", pool ? "" : "'SESSION_POOL_URL'");
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

/* What the options say; texts are copied. What is missing afterwards is missing for want of memory. */
static void configure(struct app_service *service, const struct app_options *options)
{
    service->code_size_max = options->code_size_max;
    service->input_size_max = options->input_size_max;
    service->compat_sample = options->compat_sample;
    service->audit = options->audit;
    service->review = options->review;
    service->book_name = options->review ? review_store_name(options->review) : NULL;
    service->scheduler_resource = options->scheduler_resource;
    service->connection_string = copy(options->connection_string);
    service->pool_url = copy(options->pool_url);
    service->pool_token = copy(options->pool_token);
    service->scheduler_token = copy(options->scheduler_token);
    service->ca_file = copy(options->ca_file);
    service->az_helper = options->az_helper;
    service->activity = (struct activity_settings){
        .pool = {.lines = pool_lines_create(),
                 .url = service->pool_url,
                 .token = service->pool_token,
                 .ca_file = service->ca_file,
                 .response_size_max = APP_POOL_RESPONSE_SIZE_MAX},
        .steering =
            {
                .review_failures = options->compat_sample,
                .approval_timeout_ms = options->approval_timeout_ns / NS_PER_MS,
                .run_timeout_ms = options->run_timeout_ns / NS_PER_MS,
            },
        .audit = options->audit,
        .review = options->review,
        .files_size_max = options->files_size_max,
        .book_name = service->book_name,
        .code_size_max = options->code_size_max,
        .compat_sample = options->compat_sample,
        .running = running_create(),
        .kind = pool_kind_create(),
        .turns = session_turns_create(),
        .stop_grace_ms = options->stop_grace_ns / NS_PER_MS,
        .pool_away = &service->pool_away,
        .isolation_wait_ms = options->isolation_wait_ns / NS_PER_MS,
    };
    if (service->review)
        review_activity_name(service->book_name, service->activity.review_activity);
}

static enum status read_absences(struct review_job *job, struct review_book *book, struct err *err)
{
    struct app_service *service = CONTAINER_OF(job, struct app_service, absences_job);
    json_decref(service->absences_read); /* of the try before */
    service->absences_read = NULL;
    return absence_book_list(book, clock_unix_ns(), &service->absences_read, err);
}

/* Without the list nobody stands in for anybody: fewer may decide, never more. */
static void on_absences(struct review_job *job, enum status status, const struct err *err)
{
    struct app_service *service = CONTAINER_OF(job, struct app_service, absences_job);
    if (status != STATUS_OK || !absences_set(service->absences, service->absences_read))
        log_warn("svc/app", "it is not known who is away, and nobody stands in for them cause=\"%s\"",
                 err->text);
    json_decref(service->absences_read);
    service->absences_read = NULL;
}

/* From here on the scheduler is told what the book has written, and readers are told of events. */
static enum status follow_book(struct app_service *service, struct err *error)
{
    if (!service->review)
        return STATUS_OK;
    enum status status =
        duties_start(service->loop, service->review, service->client, &service->duties, error);
    if (status == STATUS_OK)
        status = review_feed_create(service->loop, service->review, service->absences, &service->feed, error);
    review_store_on_events(service->review, on_events, service);
    if (status != STATUS_OK)
        return status;
    service->absences_job =
        (struct review_job){.perform = read_absences, .on_done = on_absences, .reads_only = true};
    review_store_run(service->review, &service->absences_job);
    return STATUS_OK;
}

enum status app_service_create(struct loop *loop, const struct app_options *options,
                               struct app_service **ret_service, struct err *error)
{
    enum status status = check_present(options, error);
    if (status != STATUS_OK)
        return status;
    if (!pool_client_url_usable(options->pool_url))
        return err_set(error, STATUS_INVALID_ARGUMENT,
                       "SESSION_POOL_URL: \"%.100s\" is not an http or https URL", options->pool_url);
    status = pool_client_global_init(error);
    if (status != STATUS_OK)
        return status;
    struct app_service *service = calloc(1, sizeof *service);
    if (!service) {
        pool_client_global_fini();
        return err_no_memory(error);
    }

    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    service->loop = loop;
    list_init(&service->exchanges);
    decide_init(service, seed[0], seed[1]);
    rehearsals_init(&service->rehearsals);
    service->absences = absences_create();
    configure(service, options);
    service->connection = app_make_note(service, options);
    bool whole = service->connection_string && service->pool_url && service->connection &&
                 service->absences && service->activity.running && service->activity.kind &&
                 service->activity.turns && service->activity.pool.lines;
    status = whole ? app_make_credentials(service, options, error) : err_no_memory(error);
    if (status == STATUS_OK &&
        service->review) /* ORDER: before the worker, whose runs tell it of themselves */
        status = run_outputs_create(loop, service->review, service->absences, service->activity.running,
                                    &service->activity.outputs, error);
    service->activity.pool.credential = service->pool_credential;
    if (status == STATUS_OK)
        status = app_make_sdk(service, error);
    if (status != STATUS_OK) {
        release(service);
        pool_client_global_fini();
        return status;
    }

    status = follow_book(service, error);
    if (status != STATUS_OK) {
        app_service_destroy(service);
        return status;
    }
    *ret_service = service;
    return STATUS_OK;
}

bool app_service_connected(struct app_service *service, struct err *why)
{
    struct dt_error fault = {.status = DT_OK};
    if (!service->stopping && dt_worker_wait_connected(service->worker, 0, &fault) == DT_OK)
        return true;
    (void)err_set(why, STATUS_UNAVAILABLE, "%s", service->stopping ? "the server is stopping" : fault.text);
    return false;
}

bool app_service_pool_answers(const struct app_service *service)
{
    return !service->pool_away;
}

/* Joining the SDK's threads may take seconds, and they may need the loop meanwhile: so a thread waits for
 * them. */
static void *stop_sdk(void *context)
{
    struct app_service *service = context;
    rehearsals_stop(&service->rehearsals);
    dt_worker_destroy(service->worker);
    dt_client_destroy(service->client); /* posts a last reply for every open exchange */
    service->worker = NULL;
    service->client = NULL;
    loop_post(service->loop, &service->stopped);
    return NULL;
}

static enum status do_nothing(struct review_job *job, struct review_book *book, struct err *err)
{
    return STATUS_OK;
}

static void on_last_job(struct review_job *job, enum status status, const struct err *err)
{
    struct app_service *service = CONTAINER_OF(job, struct app_service, last_job);
    service->on_stopped(service->on_stopped_context);
}

static void on_last_read(struct review_job *job, enum status status, const struct err *err)
{
    struct app_service *service = CONTAINER_OF(job, struct app_service, last_job);
    *job = (struct review_job){.perform = do_nothing, .on_done = on_last_job, .reads_only = true};
    review_store_run(service->review, job);
}

static void on_last_beside(struct review_job *job, enum status status, const struct err *err)
{
    struct app_service *service = CONTAINER_OF(job, struct app_service, last_job);
    *job = (struct review_job){.perform = do_nothing, .on_done = on_last_read};
    review_store_read(service->review, job);
}

static void on_sdk_stopped(struct loop_message *message)
{
    struct app_service *service = CONTAINER_OF(message, struct app_service, stopped);
    if (service->stopper_started)
        pthread_join(service->stopper, NULL);
    if (!service->review) {
        service->on_stopped(service->on_stopped_context);
        return;
    }
    /* Jobs come back in order: when these do, nothing of ours is under way beside the book, reading it, and in it. */
    review_store_on_events(service->review, NULL, service);
    service->last_job = (struct review_job){.perform = do_nothing, .on_done = on_last_beside};
    review_store_run_beside(service->review, &service->last_job);
}

void app_service_stop(struct app_service *service, void (*on_stopped)(void *context), void *context)
{
    service->stopping = true;
    service->on_stopped = on_stopped;
    service->on_stopped_context = context;
    service->stopped.on_run = on_sdk_stopped;
    dt_worker_request_stop(service->worker);
    duties_halt(service->duties);
    review_feed_stop(service->feed);
    run_outputs_stop(service->activity.outputs);
    list_each_safe (link, &service->exchanges) {
        struct exchange *exchange = CONTAINER_OF(link, struct exchange, link);
        if (!exchange->calling) /* between two looks; the others end with their call */
            exchange_abandon(exchange);
    }
    service->stopper_started = pthread_create(&service->stopper, NULL, stop_sdk, service) == 0;
    if (!service->stopper_started)
        stop_sdk(service); /* no thread to be had: stand still instead */
}

void app_service_destroy(struct app_service *service)
{
    if (!service)
        return;
    if (service->review) { /* also after a start that failed, which is followed by no stop */
        service->stopping = true;
        review_store_on_events(service->review, NULL, service);
        duties_halt(service->duties);
        review_feed_stop(service->feed);
        run_outputs_stop(service->activity.outputs);
        review_store_settle(service->review);
    }
    decide_fini(service);
    duties_free(service->duties);
    review_feed_destroy(service->feed);
    release(service);
    pool_client_global_fini(); /* ORDER: behind the last handle of libcurl */
}
