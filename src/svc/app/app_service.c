/* SPDX-License-Identifier: MIT */
/* app_service.c — the route table, and the life of the client and the worker. */
#include "svc/app/app_internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/log.h"
#include "credential/credential.h"
#include "os/clock.h"
#include "svc/app/app_schemas.h"
#include "svc/app/duties.h"
#include "svc/app/limit_values.h"
#include "svc/app/pool_client.h"
#include "svc/app/pool_kind.h"
#include "svc/app/pool_lines.h"
#include "svc/app/problem.h"
#include "svc/app/review_events.h"
#include "svc/app/review_orchestrator.h"
#include "svc/app/run_outputs.h"
#include "svc/app/running.h"
#include "svc/app/sample.h"
#include "svc/app/session_turns.h"
#include "wire/connection_string.h"
#include "wire/http1/uri.h"
#include "wire/yaml/yaml_tree.h"

#define AREA "svc/app"

/* --- routes --- */

struct app_operation {
    void (*handle)(struct app_service *service, struct http_request *request, struct bytes id);
};

static void begin_call(void *context, struct http_request *request);

// clang-format off
#define CALL(h) .handle = begin_call, .own = &(const struct app_operation){h}
// clang-format on
#define CODE_BODY   .types = HTTP_TYPE_JSON | HTTP_TYPE_FORM | HTTP_TYPE_TEXT, .body_limit = HTTP_BODY_FILES
#define JSON_BODY   .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_COMMON
#define FORM_BODY   .types = HTTP_TYPE_JSON | HTTP_TYPE_FORM, .body_limit = HTTP_BODY_FILES
#define POLICY_BODY .types = HTTP_TYPE_YAML, .body_limit = HTTP_BODY_UPLOAD

static const struct http_route routes[] = {
    {"POST", "/code/execute", "", ACCESS_SUBMIT, JSON_BODY, CALL(route_code_execute),
     .summary = "Submit code as one JSON string, as the cloud sample does"},
    {"POST", "/code/review", "requestId! approve!", ACCESS_DECIDE, CALL(route_code_review),
     .summary = "Approve or reject, as the cloud sample does"},
    {"POST", "/v1/requests", "submittedBy approvalTimeoutSeconds wait until mode", ACCESS_SUBMIT, CODE_BODY,
     CALL(route_requests_create), .summary = "Submit code"},
    {"GET", "/v1/requests", "state limit after order submitter label rule q since until", ACCESS_READ,
     CALL(route_requests_list), .summary = "List requests"},
    {"GET", "/v1/requests/{id}", "wait until", ACCESS_READ, CALL(route_requests_get),
     .summary = "Look at a request, and wait for its result"},
    {"GET", "/v1/requests/{id}/receipt", "", ACCESS_READ, CALL(route_requests_receipt),
     .summary = "What proves later what was decided"},
    {"POST", "/v1/requests/{id}/decision", "", ACCESS_DECIDE, JSON_BODY, CALL(route_requests_decide),
     .summary = "Approve or reject"},
    {"POST", "/v1/requests/{id}/votes", "", ACCESS_DECIDE, JSON_BODY, CALL(route_review_vote),
     .summary = "Approve, ask for changes, or reject what a manifest names"},
    {"POST", "/v1/requests/{id}/revisions", "", ACCESS_SUBMIT, FORM_BODY, CALL(route_review_revise),
     .summary = "Hand in the next revision"},
    {"POST", "/v1/requests/{id}/cancel", "", ACCESS_CANCEL, JSON_BODY, CALL(route_review_cancel),
     .summary = "Give a request up"},
    {"GET", "/v1/requests/{id}/export", "", ACCESS_READ, CALL(route_review_export),
     .summary = "An archive with everything, and a receipt"},
    {"GET", "/v1/requests/{id}/manifest", "sha256", ACCESS_READ, CALL(route_review_manifest),
     .summary = "The canonical text that a vote names by its hash"},
    {"GET", "/v1/requests/{id}/result", "", ACCESS_READ, CALL(route_review_result),
     .summary = "The result; for its submitter once it is released"},
    {"GET", "/v1/requests/{id}/revisions/{number}/code", "", ACCESS_READ, CALL(route_review_code),
     .summary = "The code of a revision"},
    {"GET", "/v1/requests/{id}/runs/{n}/output", "from", ACCESS_READ, CALL(route_run_output),
     .summary = "What a run prints, as it prints it; for its submitter where that is allowed"},
    {"GET", "/v1/requests/{id}/files", "", ACCESS_READ, CALL(route_files_list),
     .summary = "The files that the run made; for its submitter once it is released"},
    {"GET", "/v1/requests/{id}/files/{path*}", "", ACCESS_READ, CALL(route_files_get),
     .summary = "A file that the run made; for its submitter once it is released"},
    {"GET", "/v1/requests/{id}/inputs", "revision", ACCESS_READ, CALL(route_inputs_list),
     .summary = "The input files of a revision"},
    {"GET", "/v1/requests/{id}/inputs/{path*}", "revision", ACCESS_READ, CALL(route_inputs_get),
     .summary = "An input file of a revision"},
    {"GET", "/v1/requests/{id}/diff", "from to", ACCESS_READ, CALL(route_review_difference),
     .summary = "What differs between two revisions: code and input files, by their hashes"},
    {"GET", "/v1/events", "object type after", ACCESS_READ, CALL(route_review_events),
     .summary = "What happens to requests, as it happens"},
    {"GET", "/v1/policy", "", ACCESS_POLICY_READ, CALL(route_policy_get),
     .summary = "The policy in force, its text and what it means"},
    {"PUT", "/v1/policy", "comment", ACCESS_POLICY_WRITE, POLICY_BODY, CALL(route_policy_apply),
     .summary = "Apply another policy; If-Match says which version it replaces"},
    {"GET", "/v1/policy/versions", "after limit", ACCESS_POLICY_READ, CALL(route_policy_versions),
     .summary = "The versions of the policy, newest first"},
    {"GET", "/v1/policy/versions/{number}", "", ACCESS_POLICY_READ, CALL(route_policy_version),
     .summary = "One version of the policy"},
    {"POST", "/v1/policy/rehearse", "last", ACCESS_POLICY_READ, POLICY_BODY, CALL(route_policy_rehearse),
     .summary = "What a draft would have done to past requests; changes nothing"},
    {"GET", "/v1/policy/standing", "after limit", ACCESS_POLICY_READ, CALL(route_standing_list),
     .summary = "The standing approvals, newest first"},
    {"DELETE", "/v1/policy/standing/{id}", "", ACCESS_POLICY_READ, CALL(route_standing_revoke),
     .summary = "Revoke a standing approval; who made it may, and who may apply policies"},
    {"GET", "/v1/absences", "", ACCESS_POLICY_READ, CALL(route_absences),
     .summary = "Who is away until when, and who stands in for them"},
    {"POST", "/v1/absences", "", ACCESS_POLICY_READ, JSON_BODY, CALL(route_absence_add),
     .summary = "Have somebody stand in, for oneself or, who may apply policies, for others"},
    {"DELETE", "/v1/absences/{id}", "", ACCESS_POLICY_READ, CALL(route_absence_end),
     .summary = "End an absence before its time"},
    {"GET", "/v1/me", "", ACCESS_SIGNED_IN, CALL(route_me), .summary = "Who asks, and what they may"},
};

static void begin_call(void *context, struct http_request *request)
{
    struct app_service *service = context;
    const struct app_operation *operation = http_request_route(request)->own;
    if (service->stopping)
        http_respond_problem(request, &app_problems[APP_STOPPING], "the server is stopping");
    else
        operation->handle(service, request, http_request_value(request));
}

/* As problem+json; under --compat sample, on the sample's two routes, in the words of its framework. */
static void write_error(void *context, struct http_request *request, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    const struct app_service *service = context;
    bool code_route = uri_path_has_prefix(http_request_path(request), BYTES_LITERAL("/code/"));
    bool as_sample = service->compat_sample && code_route;
    if (!as_sample || !sample_write_error(http_status, ret_body, ret_content_type))
        *ret_content_type = http_problem_write(ret_body, http_request_cause(request, http_status), detail);
}

struct http_part app_service_part(struct app_service *service)
{
    /* JSON may write each byte of code as six ("\u0000"). */
    size_t code_limit = 6 * service->code_size_max + APP_BODY_SIZE_SLACK;
    /* Base64, or parts with their heads. */
    size_t upload_limit = code_limit + service->input_size_max / 3 * 4 + APP_BODY_SIZE_SLACK;
    return (struct http_part){
        .name = "app",
        .prefix = "",
        .claims = "",
        .no_options = service->compat_sample,
        .routes = routes,
        .route_count = ARRAY_SIZE(routes),
        .body_limits = {[HTTP_BODY_SMALL] = APP_BODY_SIZE_SLACK,
                        [HTTP_BODY_COMMON] = code_limit,
                        [HTTP_BODY_UPLOAD] = YAML_TREE_SIZE_MAX,
                        [HTTP_BODY_FILES] = upload_limit},
        .schemas = app_schemas,
        .problems = app_problems,
        .problem_count = ARRAY_SIZE(app_problems),
        .write_error = write_error,
        .context = service,
    };
}

/* --- the client and the worker --- */

static enum dt_status give_token(const char *resource, char *ret_token, size_t capacity,
                                 int64_t *ret_expires_ns, void *context)
{
    (void)resource;
    (void)ret_expires_ns;
    const struct app_service *service = context;
    int n = snprintf(ret_token, capacity, "%s", service->scheduler_token);
    return n >= 0 && (size_t)n < capacity ? DT_OK : DT_INVALID_ARGUMENT;
}

static void on_sdk_log(enum dt_log_level level, const char *line, void *context)
{
    (void)context;
    static const enum log_level levels[] = {LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR};
    log_write(levels[level], "sdk", "%s", line);
}

static void on_connection_message(struct loop_message *message)
{
    struct connection_note *note = CONTAINER_OF(message, struct connection_note, message);
    atomic_store(&note->posted, false);
    if (!note->service)
        free(note);
    else if (note->on_connection && !note->service->stopping)
        note->on_connection(note->context);
}

/* On the worker's thread. A message that is under way tells of this change, too. */
static void on_worker_connection(bool connected, void *context)
{
    (void)connected;
    struct app_service *service = context;
    if (!atomic_exchange(&service->connection->posted, true))
        loop_post(service->loop, &service->connection->message);
}

/* After the worker's end. */
static void release_note(struct connection_note *note)
{
    if (!note)
        return;
    note->service = NULL;
    if (!atomic_load(&note->posted))
        free(note);
}

static struct connection_note *make_note(struct app_service *service, const struct app_options *options)
{
    struct connection_note *note = calloc(1, sizeof *note);
    if (!note)
        return NULL;
    note->message.on_run = on_connection_message;
    note->service = service;
    note->on_connection = options->on_connection;
    note->context = options->on_connection_context;
    return note;
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static enum status refuse_setting(const char *setting, enum dt_status status, const struct dt_error *fault,
                                  struct err *error)
{
    return err_set(error, status == DT_INVALID_ARGUMENT ? STATUS_INVALID_ARGUMENT : STATUS_INTERNAL, "%s: %s",
                   setting, fault->text);
}

/* The credential that a connection string speaks of; NULL for none. A token must not be readable on its way to `target`. */
static enum status make_credential(const struct app_service *service, const char *setting,
                                   const char *connection_string, struct bytes target,
                                   const char *target_setting, struct dt_azure_credential **ret_credential,
                                   struct err *error)
{
    struct dt_azure_options options = DT_INIT(struct dt_azure_options);
    options.connection_string = connection_string;
    options.ca_file = service->ca_file;
    struct dt_error fault = {.status = DT_OK};
    struct dt_azure_credential *credential = NULL;
    enum dt_status status = dt_azure_credential_create(&options, &credential, &fault);
    if (status != DT_OK)
        return refuse_setting(setting, status, &fault, error);
    if (credential && credential_check_endpoint(target, target_setting, error) != STATUS_OK) {
        dt_azure_credential_destroy(credential);
        return error->status = STATUS_INVALID_ARGUMENT;
    }
    *ret_credential = credential;
    return STATUS_OK;
}

/* A token that is given counts before a credential. */
static enum status make_credentials(struct app_service *service, const struct app_options *options,
                                    struct err *error)
{
    static const char string_setting[] = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING";
    struct connection_string parts = {0};
    enum status status = connection_string_parse(bytes_of_cstr(service->connection_string), &parts, error);
    if (status != STATUS_OK)
        return err_wrap(error, "%s", string_setting);
    service->task_hub =
        strndup(parts.task_hub.data ? (const char *)parts.task_hub.data : "", parts.task_hub.size);
    if (!service->task_hub)
        return err_set(error, STATUS_NO_MEMORY, "out of memory");
    if (!service->scheduler_token) {
        status = make_credential(service, string_setting, service->connection_string, parts.endpoint,
                                 "the endpoint of the scheduler", &service->credential, error);
        if (status != STATUS_OK)
            return status;
    }
    if (service->pool_token)
        return STATUS_OK;

    CLEANUP(buf_fini) struct buf string = {0};
    if (options->pool_authentication)
        buf_append_fmt(&string, "Authentication=%s", options->pool_authentication);
    else
        buf_append_cstr(&string, service->scheduler_token ? "" : service->connection_string);
    buf_append_byte(&string, '\0');
    if (buf_status(&string) != STATUS_OK)
        return err_set(error, STATUS_NO_MEMORY, "out of memory");
    return make_credential(service, "SESSION_POOL_AUTHENTICATION", (const char *)string.data,
                           bytes_of_cstr(service->pool_url), "SESSION_POOL_URL", &service->pool_credential,
                           error);
}

static enum status make_sdk(struct app_service *service, struct err *error)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.connection_string = service->connection_string;
    connect.ca_file = service->ca_file;
    connect.log = on_sdk_log;
    connect.log_level = DT_LOG_INFO;
    connect.call_timeout_ms = APP_CALL_TIMEOUT_MS;
    if (service->scheduler_token) {
        connect.token = give_token;
        connect.token_context = service;
    }
    connect.token_provider = dt_azure_token_provider(service->credential);
    struct dt_worker_options options = DT_INIT(struct dt_worker_options);
    options.stop_timeout_ms = MAX(service->activity.stop_grace_ms, 1); /* 0 would be its default */
    options.version = ORCHESTRATOR_VERSION_BOOK;
    options.version_match = DT_VERSION_MATCH_CURRENT_OR_OLDER; /* a later release's are for its own worker */
    options.on_connection = on_worker_connection;
    options.on_connection_context = service;
    options.filter = true; /* other people's orchestrations in the hub are for their workers */
    struct dt_error fault = {.status = DT_OK};
    enum dt_status status = dt_client_create(&connect, &service->client, &fault);
    service->activity.client = service->client;
    if (status == DT_OK)
        status = dt_worker_create(&connect, &options, &service->worker, &fault);
    if (status == DT_OK)
        status = dt_worker_register_orchestrator(service->worker, ORCHESTRATOR_NAME, NULL,
                                                 orchestrate_code_execution, &service->activity, &fault);
    if (status == DT_OK)
        status = dt_worker_register_orchestrator(service->worker, ORCHESTRATOR_NAME,
                                                 ORCHESTRATOR_VERSION_BOOK, orchestrate_review, NULL, &fault);
    if (status == DT_OK)
        status = dt_worker_register_activity(service->worker, ACTIVITY_NAME, NULL, run_code_in_session,
                                             &service->activity, &fault);
    if (status == DT_OK && service->review)
        status = dt_worker_register_activity(service->worker, service->activity.review_activity, NULL,
                                             run_review_step, &service->activity, &fault);
    if (status == DT_OK)
        status = dt_worker_start(service->worker, &fault);
    if (status == DT_OK)
        return STATUS_OK;
    return refuse_setting("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", status, &fault, error);
}

static void on_events(void *context, int64_t last)
{
    struct app_service *service = context;
    if (service->stopping)
        return;
    duties_look(service->duties);
    review_feed_tell(service->feed, last);
    exchange_wake_all(service);
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
    release_note(service->connection);
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
        return err_set(error, STATUS_NO_MEMORY, "out of memory");
    }

    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    service->loop = loop;
    list_init(&service->exchanges);
    decide_init(service, seed[0], seed[1]);
    rehearsals_init(&service->rehearsals);
    service->absences = absences_create();
    configure(service, options);
    service->connection = make_note(service, options);
    bool whole = service->connection_string && service->pool_url && service->connection &&
                 service->absences && service->activity.running && service->activity.kind &&
                 service->activity.turns && service->activity.pool.lines;
    status =
        whole ? make_credentials(service, options, error) : err_set(error, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK &&
        service->review) /* ORDER: before the worker, whose runs tell it of themselves */
        status = run_outputs_create(loop, service->review, service->absences, service->activity.running,
                                    &service->activity.outputs, error);
    service->activity.pool.credential = service->pool_credential;
    if (status == STATUS_OK)
        status = make_sdk(service, error);
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
    (void)job;
    (void)book;
    (void)err;
    return STATUS_OK;
}

static void on_last_job(struct review_job *job, enum status status, const struct err *err)
{
    (void)status;
    (void)err;
    struct app_service *service = CONTAINER_OF(job, struct app_service, last_job);
    service->on_stopped(service->on_stopped_context);
}

static void on_last_beside(struct review_job *job, enum status status, const struct err *err)
{
    (void)status;
    (void)err;
    struct app_service *service = CONTAINER_OF(job, struct app_service, last_job);
    *job = (struct review_job){.perform = do_nothing, .on_done = on_last_job, .reads_only = true};
    review_store_run(service->review, job);
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
    /* Jobs come back in order: when these do, nothing of ours is under way beside the book, and then in it. */
    review_store_on_events(service->review, NULL, NULL);
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
        review_store_on_events(service->review, NULL, NULL);
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
