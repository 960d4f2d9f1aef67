/* SPDX-License-Identifier: MIT */
/* app_sdk.c — the service's own client and worker: news of the connection, from the worker's thread to the loop's; then
 * credentials; then both are made, and the worker knows its orchestrators and activities before it starts. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "credential/credential.h"
#include "svc/app/app_internal.h"
#include "svc/app/app_service.h"
#include "svc/app/limit_values.h"
#include "svc/app/review_orchestrator.h"
#include "wire/connection_string.h"

static enum dt_status give_token(const char *resource, char *ret_token, size_t capacity,
                                 int64_t *ret_expires_ns, void *context)
{
    const struct app_service *service = context;
    int n = snprintf(ret_token, capacity, "%s", service->scheduler_token);
    return n >= 0 && (size_t)n < capacity ? DT_OK : DT_INVALID_ARGUMENT;
}

static void on_sdk_log(enum dt_log_level level, const char *line, void *context)
{
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
    struct app_service *service = context;
    if (!atomic_exchange(&service->connection->posted, true))
        loop_post(service->loop, &service->connection->message);
}

/* After the worker's end. */
void app_release_note(struct connection_note *note)
{
    if (!note)
        return;
    note->service = NULL;
    if (!atomic_load(&note->posted))
        free(note);
}

struct connection_note *app_make_note(struct app_service *service, const struct app_options *options)
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
    enum dt_status status = azure_credential_create(&options, service->az_helper, &credential, &fault);
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
enum status app_make_credentials(struct app_service *service, const struct app_options *options,
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
        return err_no_memory(error);
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
        return err_no_memory(error);
    return make_credential(service, "SESSION_POOL_AUTHENTICATION", (const char *)string.data,
                           bytes_of_cstr(service->pool_url), "SESSION_POOL_URL", &service->pool_credential,
                           error);
}

enum status app_make_sdk(struct app_service *service, struct err *error)
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
