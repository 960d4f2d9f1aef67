/* SPDX-License-Identifier: MIT */
/* pool_service.c — the service as a whole: its options, its end, its refusals, and what it says of itself. */
#include "svc/pool/http/pool_service_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"
#include "svc/pool/limit_values.h"
#include "wire/json/json.h"

/* The limit that a body was over, and the setting that says it. */
static void explain_too_large(const struct pool_service *service, const struct http_request *request,
                              char *ret_text, size_t size)
{
    const struct http_route *route = http_request_route(request);
    bool upload = route && route->body_limit == HTTP_BODY_UPLOAD;
    snprintf(ret_text, size, "The body is larger than the %zu bytes that %s may have (setting %s).",
             upload ? service->options.upload_size_max : service->options.body_size_max,
             upload ? "an upload" : "a call", upload ? "upload-size-max" : "call-size-max");
}

/* The server's own refusals in the contract's shape: a path that is none, a size, a host that is not ours. */
static void write_error(void *context, struct http_request *request, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    const char *code = pool_error_code(http_status);
    char too_large[200];
    if (http_status == 413) {
        explain_too_large(context, request, too_large, sizeof too_large);
        detail = too_large;
    }
    struct pool_call call = {.service = context, .request = request};
    if (http_status == 405 || http_status == 413 || http_status == 415)
        pool_call_touch(&call);
    pool_call_header(&call, "api-supported-versions", "%s", call.service->versions);
    pool_call_header(&call, "x-ms-error-code", "%s", code);
    pool_write_error(ret_body, code, detail ? detail : code, false);
    *ret_content_type = JSON_TYPE;
}

struct http_part pool_service_part(struct pool_service *service, bool alone)
{
    const struct pool_service_options *options = &service->options;
    return (struct http_part){
        .name = "pool",
        .prefix = "/subscriptions/{subscription}/resourceGroups/{group}/sessionPools/{pool}",
        .anywhere = alone,
        .claims = alone ? "" : "/subscriptions/",
        .raw_values = true,
        .routes = pool_routes,
        .route_count = pool_route_count,
        .body_limits = {[HTTP_BODY_SMALL] = options->body_size_max,
                        [HTTP_BODY_COMMON] = options->body_size_max,
                        [HTTP_BODY_UPLOAD] = options->upload_size_max + POOL_UPLOAD_FORM_SIZE_MAX},
        .write_error = write_error,
        .context = service,
    };
}

/* --- the service --- */

static void on_pool_up(void *context)
{
    struct pool_service *service = context;
    if (service->on_up)
        service->on_up(service->on_up_context);
}

static void take_options(struct pool_service *service, const struct pool_service_options *options)
{
    service->options = *options;
    struct pool_service_options *own = &service->options;
    snprintf(service->name, sizeof service->name, "%s", options->name);
    own->name = service->name;
    own->tier_options = NULL;
}

enum status pool_service_create(struct loop *loop, const struct pool_service_options *options,
                                struct pool_service **ret_service, struct err *err)
{
    ASSERT(options->name && options->tier && options->execution_max_ns > 0);
    ASSERT(options->upload_size_max && options->body_size_max);
    struct pool_service *service = calloc(1, sizeof *service);
    if (!service)
        return err_no_memory(err);
    take_options(service, options);
    service->loop = loop;
    service->created_unix_ns = clock_unix_ns();
    list_init(&service->metadata_waiters);
    list_init(&service->streams);
    service->heartbeat.on_fire = output_stream_heartbeat;
    pool_versions_text(service->versions, sizeof service->versions);
    struct pool_options pool = pool_options_default();
    pool.sessions_max = options->sessions_max;
    pool.sessions_ready = options->sessions_ready;
    pool.cooldown_ns = options->cooldown_ns;
    pool.grace_ns = options->grace_ns;
    pool.output_size_max = options->output_size_max;
    pool.result_size_max = options->result_size_max;
    pool.memory_size_max = options->memory_size_max;
    pool.uploads_size_max = options->uploads_size_max;
    pool.isolation_wait_ns = options->isolation_wait_ns;
    pool.unproven = options->unproven;
    pool.tier = options->tier;
    pool.tier_options = options->tier_options;
    enum status st = pool_create(loop, &pool, &service->pool, err);
    if (st != STATUS_OK) {
        free(service);
        return st;
    }
    pool_on_up(service->pool, on_pool_up, service);
    *ret_service = service;
    return STATUS_OK;
}

void pool_service_destroy(struct pool_service *service)
{
    if (!service)
        return;
    loop_timer_cancel(&service->heartbeat);
    pool_destroy(service->pool);
    buf_fini(&service->metadata);
    free(service);
}

void pool_service_limit(struct pool_service *service, uint32_t sessions_max, uint32_t sessions_ready,
                        int64_t cooldown_ns)
{
    service->options.sessions_max = sessions_max;
    service->options.sessions_ready = sessions_ready;
    service->options.cooldown_ns = cooldown_ns;
    pool_limit(service->pool, sessions_max, sessions_ready, cooldown_ns);
}

void pool_service_shut(struct pool_service *service)
{
    pool_shut(service->pool, "the session pool was deleted");
}

bool pool_service_is_empty(const struct pool_service *service)
{
    return pool_is_empty(service->pool) && list_empty(&service->metadata_waiters);
}

void pool_service_on_up(struct pool_service *service, void (*on_up)(void *context), void *context)
{
    service->on_up = on_up;
    service->on_up_context = context;
}

struct pool_report pool_service_facts(const struct pool_service *service)
{
    return pool_report(service->pool);
}

static const char *state_name(const struct pool_report *report)
{
    if (report->lost)
        return "lost";
    return report->up ? "up" : "starting";
}

void pool_service_report(const struct pool_service *service, struct buf *json)
{
    struct pool_report report = pool_report(service->pool);
    struct json_writer w = {.out = json, .replace_invalid = true};
    json_write_begin_object(&w);
    json_write_member_cstr(&w, "name", service->name);
    json_write_member_cstr(&w, "state", state_name(&report));
    if (report.lost)
        json_write_member_cstr(&w, "cause", report.lost);
    json_write_member_cstr(&w, "tier", report.tier);
    json_write_key(&w, "sessions");
    json_write_begin_object(&w);
    json_write_member_int(&w, "max", report.sessions_max);
    json_write_member_int(&w, "identifiers", report.tenants);
    json_write_member_int(&w, "busy", report.busy);
    json_write_member_int(&w, "cooling", report.idle);
    json_write_member_int(&w, "ready", report.ready);
    json_write_member_int(&w, "starting", report.starting);
    json_write_member_int(&w, "ending", report.ending);
    json_write_end_object(&w);
    json_write_key(&w, "totals");
    json_write_begin_object(&w);
    json_write_member_int(&w, "claims", (int64_t)report.claims);
    json_write_member_int(&w, "crashes", (int64_t)report.crashes);
    json_write_member_int(&w, "timeouts", (int64_t)report.timeouts);
    json_write_member_int(&w, "buildFailures", (int64_t)report.spawn_failures);
    json_write_member_int(&w, "isolationLosses", (int64_t)report.losses);
    json_write_end_object(&w);
    json_write_key(&w, "memory");
    json_write_begin_object(&w);
    json_write_member_int(&w, "heldBytes", (int64_t)report.memory_size);
    json_write_member_int(&w, "maxBytes", (int64_t)report.memory_size_max);
    json_write_member_int(&w, "uploadedBytes", (int64_t)report.uploads_size);
    json_write_member_int(&w, "uploadedMaxBytes", (int64_t)report.uploads_size_max);
    json_write_end_object(&w);
    if (report.template_identity[0])
        json_write_member_cstr(&w, "template", report.template_identity);
    json_write_key(&w, "isolation");
    if (report.isolation[0])
        json_write_raw(&w, bytes_of_cstr(report.isolation));
    else
        json_write_null(&w);
    json_write_end_object(&w);
}
