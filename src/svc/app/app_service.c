/* SPDX-License-Identifier: MIT */
/* app_service.c — the route table, and the life of the client and the worker. */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/log.h"
#include "os/clock.h"
#include "svc/app/limits.h"
#include "svc/app/problem.h"
#include "svc/app/sample.h"
#include "wire/http1/uri.h"

#define AREA            "svc/app"
#define BODY_SIZE_SLACK ((size_t)64 << 10) /* bytes of a body besides its code */

/* --- routes --- */

struct app_operation {
    void (*handle)(struct app_service *s, struct http_request *r, struct bytes id);
};

static void begin_call(void *context, struct http_request *r);

// clang-format off
#define CALL(h) .handle = begin_call, .own = &(const struct app_operation){h}
// clang-format on
#define CODE_BODY .types = HTTP_TYPE_JSON | HTTP_TYPE_TEXT, .body_limit = HTTP_BODY_COMMON
#define JSON_BODY .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_COMMON

static const struct http_route routes[] = {
    {"POST", "/code/execute", "", HTTP_ACCESS_SUBMIT, JSON_BODY, CALL(route_code_execute),
     .summary = "Submit code as one JSON string, as the cloud sample does"},
    {"POST", "/code/review", "requestId! approve!", HTTP_ACCESS_DECIDE, CALL(route_code_review),
     .summary = "Approve or reject, as the cloud sample does"},
    {"POST", "/v1/requests", "submittedBy approvalTimeoutSeconds", HTTP_ACCESS_SUBMIT, CODE_BODY,
     CALL(route_requests_create), .summary = "Submit code"},
    {"GET", "/v1/requests", "state limit after order", HTTP_ACCESS_READ, CALL(route_requests_list),
     .summary = "List requests"},
    {"GET", "/v1/requests/{id}", "wait until", HTTP_ACCESS_READ, CALL(route_requests_get),
     .summary = "Look at a request, and wait for its result"},
    {"POST", "/v1/requests/{id}/decision", "", HTTP_ACCESS_DECIDE, JSON_BODY, CALL(route_requests_decide),
     .summary = "Approve or reject"},
};

static void begin_call(void *context, struct http_request *r)
{
    struct app_service *s = context;
    const struct app_operation *operation = http_request_route(r)->own;
    if (s->stopping)
        http_respond_problem(r, &app_problems[APP_STOPPING], "the server is stopping");
    else
        operation->handle(s, r, http_request_value(r));
}

/* As problem+json; under --compat sample, on the sample's two routes, in the words of its framework. */
static void write_error(void *context, struct http_request *r, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    const struct app_service *s = context;
    bool code_route = uri_path_has_prefix(http_request_path(r), BYTES_LITERAL("/code/"));
    bool as_sample = s->compat_sample && code_route;
    if (!as_sample || !sample_write_error(http_status, ret_body, ret_content_type))
        *ret_content_type = http_problem_write(ret_body, http_problem_of_status(http_status), detail);
}

struct http_part app_service_part(struct app_service *s)
{
    /* JSON may write each byte of code as six ("\u0000"). */
    size_t code_limit = 6 * s->code_size_max + BODY_SIZE_SLACK;
    return (struct http_part){
        .name = "app",
        .prefix = "",
        .claims = "",
        .no_options = s->compat_sample,
        .routes = routes,
        .route_count = ARRAY_SIZE(routes),
        .body_limits = {[HTTP_BODY_SMALL] = BODY_SIZE_SLACK, [HTTP_BODY_COMMON] = code_limit},
        .problems = app_problems,
        .problem_count = ARRAY_SIZE(app_problems),
        .write_error = write_error,
        .context = s,
    };
}

/* --- the client and the worker --- */

static enum dt_status give_token(const char *resource, char *ret_token, size_t capacity,
                                 int64_t *ret_expires_ns, void *context)
{
    (void)resource;
    (void)ret_expires_ns;
    const struct app_service *s = context;
    int n = snprintf(ret_token, capacity, "%s", s->scheduler_token);
    return n >= 0 && (size_t)n < capacity ? DT_OK : DT_INVALID_ARGUMENT;
}

static void on_sdk_log(enum dt_log_level level, const char *line, void *context)
{
    (void)context;
    static const enum log_level levels[] = {LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR};
    log_write(levels[level], "sdk", "%s", line);
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static enum status make_sdk(struct app_service *s, struct err *e)
{
    struct dt_connect_options c = DT_INIT(struct dt_connect_options);
    c.connection_string = s->connection_string;
    c.log = on_sdk_log;
    c.log_level = DT_LOG_INFO;
    c.call_timeout_ms = CALL_TIMEOUT_MS;
    if (s->scheduler_token) {
        c.token = give_token;
        c.token_context = s;
    }
    struct dt_worker_options w = DT_INIT(struct dt_worker_options);
    w.stop_timeout_ms = MAX(s->activity.stop_grace_ms, 1); /* 0 would be its default */
    w.version = ORCHESTRATOR_VERSION;
    w.version_match = DT_VERSION_MATCH_CURRENT_OR_OLDER; /* a later release's are for its own worker */
    w.filter = true; /* other people's orchestrations in the hub are for their workers */
    struct dt_error fault = {.status = DT_OK};
    enum dt_status d = dt_client_create(&c, &s->client, &fault);
    s->activity.client = s->client;
    if (d == DT_OK)
        d = dt_worker_create(&c, &w, &s->worker, &fault);
    if (d == DT_OK)
        d = dt_worker_register_orchestrator(s->worker, ORCHESTRATOR_NAME, NULL, orchestrate_code_execution,
                                            NULL, &fault);
    if (d == DT_OK)
        d = dt_worker_register_activity(s->worker, ACTIVITY_NAME, NULL, run_code_in_session, &s->activity,
                                        &fault);
    if (d == DT_OK)
        d = dt_worker_start(s->worker, &fault);
    if (d == DT_OK)
        return STATUS_OK;
    const char *hint = strstr(fault.text, "token") ? " (write Authentication=None for a Sallyport; for the "
                                                     "cloud's, DURABLE_TASK_SCHEDULER_TOKEN gives a token)"
                                                   : "";
    return err_set(e, d == DT_INVALID_ARGUMENT ? STATUS_INVALID_ARGUMENT : STATUS_INTERNAL,
                   "DURABLE_TASK_SCHEDULER_CONNECTION_STRING: %s%s", fault.text, hint);
}

static void release(struct app_service *s)
{
    dt_worker_destroy(s->worker);
    dt_client_destroy(s->client);
    free(s->connection_string);
    free(s->pool_url);
    free(s->pool_token);
    free(s->scheduler_token);
    free(s);
}

/* Names everything that is missing at once. */
static enum status check_present(const struct app_options *o, struct err *e)
{
    bool scheduler = o->connection_string && *o->connection_string;
    bool pool = o->pool_url && *o->pool_url;
    if (scheduler && pool)
        return STATUS_OK;
    return err_set(e, STATUS_INVALID_ARGUMENT, "Missing required configuration %s%s%s",
                   scheduler ? "" : "'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'",
                   scheduler || pool ? "" : " and ", pool ? "" : "'SESSION_POOL_URL'");
}

enum status app_service_create(struct loop *l, const struct app_options *o, struct app_service **ret_service,
                               struct err *e)
{
    enum status status = check_present(o, e);
    if (status != STATUS_OK)
        return status;
    if (!pool_client_url_usable(o->pool_url))
        return err_set(e, STATUS_INVALID_ARGUMENT, "SESSION_POOL_URL: \"%.100s\" is not an http or https URL",
                       o->pool_url);
    status = pool_client_global_init(e);
    if (status != STATUS_OK)
        return status;
    struct app_service *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    s->loop = l;
    s->code_size_max = o->code_size_max;
    s->compat_sample = o->compat_sample;
    s->connection_string = copy(o->connection_string);
    s->pool_url = copy(o->pool_url);
    s->pool_token = copy(o->pool_token);
    s->scheduler_token = copy(o->scheduler_token);
    list_init(&s->exchanges);
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    decide_init(s, seed[0], seed[1]);
    s->activity = (struct activity_settings){
        .pool = {.url = s->pool_url, .token = s->pool_token},
        .steering =
            {
                .review_failures = o->compat_sample,
                .approval_timeout_ms = o->approval_timeout_ns / NS_PER_MS,
                .run_timeout_ms = o->run_timeout_ns / NS_PER_MS,
            },
        .stop_grace_ms = o->stop_grace_ns / NS_PER_MS,
    };
    status =
        s->connection_string && s->pool_url ? make_sdk(s, e) : err_set(e, STATUS_NO_MEMORY, "out of memory");
    if (status != STATUS_OK) {
        release(s);
        return status;
    }
    *ret_service = s;
    return STATUS_OK;
}

bool app_service_connected(struct app_service *s, struct err *why)
{
    struct dt_error fault = {.status = DT_OK};
    if (!s->stopping && dt_worker_wait_connected(s->worker, 0, &fault) == DT_OK)
        return true;
    (void)err_set(why, STATUS_UNAVAILABLE, "%s", s->stopping ? "the server is stopping" : fault.text);
    return false;
}

/* Joining the SDK's threads may take seconds, and they may need the loop meanwhile: so a thread waits for
 * them. */
static void *stop_sdk(void *context)
{
    struct app_service *s = context;
    dt_worker_destroy(s->worker);
    dt_client_destroy(s->client); /* posts a last reply for every open exchange */
    s->worker = NULL;
    s->client = NULL;
    loop_post(s->loop, &s->stopped);
    return NULL;
}

static void on_sdk_stopped(struct loop_message *m)
{
    struct app_service *s = CONTAINER_OF(m, struct app_service, stopped);
    if (s->stopper_started)
        pthread_join(s->stopper, NULL);
    s->on_stopped(s->on_stopped_context);
}

void app_service_stop(struct app_service *s, void (*on_stopped)(void *context), void *context)
{
    s->stopping = true;
    s->on_stopped = on_stopped;
    s->on_stopped_context = context;
    s->stopped.on_run = on_sdk_stopped;
    dt_worker_request_stop(s->worker);
    list_each_safe (link, &s->exchanges) {
        struct exchange *x = CONTAINER_OF(link, struct exchange, link);
        if (!x->calling) /* between two looks; the others end with their call */
            exchange_abandon(x);
    }
    s->stopper_started = pthread_create(&s->stopper, NULL, stop_sdk, s) == 0;
    if (!s->stopper_started)
        stop_sdk(s); /* no thread to be had: stand still instead */
}

void app_service_destroy(struct app_service *s)
{
    if (!s)
        return;
    decide_fini(s);
    pool_client_global_fini();
    release(s);
}
