/* SPDX-License-Identifier: MIT */
/* pool_service.c — the service as a whole: its options, its end, its refusals, and what it says of itself. */
#include "svc/pool/http/pool_service_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"
#include "wire/json/json.h"

#define UPLOAD_ROOM ((size_t)1 << 20) /* bytes that the form around an upload may add */

/* The limit that a body was over, and the setting that says it. */
static void explain_too_large(const struct pool_service *s, const struct http_request *r, char *ret_text,
                              size_t size)
{
    const struct http_route *route = http_request_route(r);
    bool upload = route && route->body_limit == HTTP_BODY_UPLOAD;
    snprintf(ret_text, size, "The body is larger than the %zu bytes that %s may have (setting %s).",
             upload ? s->options.upload_size_max : s->options.body_size_max, upload ? "an upload" : "a call",
             upload ? "upload-size-max" : "call-size-max");
}

/* The server's own refusals in the contract's shape: a path that is none, a size, a host that is not ours. */
static void write_error(void *context, struct http_request *r, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    const char *code = pool_error_code(http_status);
    char too_large[200];
    if (http_status == 413) {
        explain_too_large(context, r, too_large, sizeof too_large);
        detail = too_large;
    }
    struct pool_call c = {.service = context, .request = r};
    if (http_status == 405 || http_status == 413 || http_status == 415)
        pool_call_touch(&c);
    pool_call_header(&c, "api-supported-versions", "%s", c.service->versions);
    pool_call_header(&c, "x-ms-error-code", "%s", code);
    pool_write_error(ret_body, code, detail ? detail : code, false);
    *ret_content_type = JSON_TYPE;
}

struct http_part pool_service_part(struct pool_service *s, bool alone)
{
    const struct pool_service_options *o = &s->options;
    return (struct http_part){
        .name = "pool",
        .prefix = "/subscriptions/{subscription}/resourceGroups/{group}/sessionPools/{pool}",
        .anywhere = alone,
        .claims = alone ? "" : "/subscriptions/",
        .raw_values = true,
        .routes = pool_routes,
        .route_count = pool_route_count,
        .body_limits = {[HTTP_BODY_SMALL] = o->body_size_max,
                        [HTTP_BODY_COMMON] = o->body_size_max,
                        [HTTP_BODY_UPLOAD] = o->upload_size_max + UPLOAD_ROOM},
        .write_error = write_error,
        .context = s,
    };
}

/* --- the service --- */

static void on_pool_up(void *context)
{
    struct pool_service *s = context;
    if (s->on_up)
        s->on_up(s->on_up_context);
}

static void take_options(struct pool_service *s, const struct pool_service_options *o)
{
    s->options = *o;
    struct pool_service_options *own = &s->options;
    snprintf(s->name, sizeof s->name, "%s", o->name ? o->name : "default");
    own->name = s->name;
    own->execution_max_ns = o->execution_max_ns ? o->execution_max_ns : 220 * NS_PER_S;
    own->execution_default_ns = o->execution_default_ns ? o->execution_default_ns : own->execution_max_ns;
    own->upload_size_max = o->upload_size_max ? o->upload_size_max : (size_t)128 << 20;
    own->body_size_max = o->body_size_max ? o->body_size_max : (size_t)8 << 20;
    own->output_size_max = o->output_size_max ? o->output_size_max : (size_t)1 << 20;
    own->tier = o->tier ? o->tier : &session_tier_process;
    own->tier_options = NULL;
}

enum status pool_service_create(struct loop *l, const struct pool_service_options *o,
                                struct pool_service **ret_service, struct err *e)
{
    struct pool_service *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    take_options(s, o);
    s->loop = l;
    s->created_unix_ns = clock_unix_ns();
    list_init(&s->metadata_waiters);
    pool_versions_text(s->versions, sizeof s->versions);
    enum status st = pool_create(l,
                                 &(struct pool_options){
                                     .sessions_max = s->options.sessions_max,
                                     .sessions_ready = s->options.sessions_ready,
                                     .cooldown_ns = s->options.cooldown_ns,
                                     .output_size_max = s->options.output_size_max,
                                     .result_size_max = s->options.result_size_max,
                                     .memory_size_max = s->options.memory_size_max,
                                     .uploads_size_max = s->options.uploads_size_max,
                                     .isolation_wait_ns = s->options.isolation_wait_ns,
                                     .unproven = s->options.unproven,
                                     .tier = s->options.tier,
                                     .tier_options = o->tier_options,
                                 },
                                 &s->pool, e);
    if (st != STATUS_OK) {
        free(s);
        return st;
    }
    pool_on_up(s->pool, on_pool_up, s);
    *ret_service = s;
    return STATUS_OK;
}

void pool_service_destroy(struct pool_service *s)
{
    if (!s)
        return;
    pool_destroy(s->pool);
    buf_fini(&s->metadata);
    free(s);
}

void pool_service_on_up(struct pool_service *s, void (*on_up)(void *context), void *context)
{
    s->on_up = on_up;
    s->on_up_context = context;
}

const char *pool_service_lost(const struct pool_service *s)
{
    return pool_report(s->pool).lost;
}

struct pool_report pool_service_facts(const struct pool_service *s)
{
    return pool_report(s->pool);
}

void pool_service_report(const struct pool_service *s, struct buf *json)
{
    struct pool_report r = pool_report(s->pool);
    struct json_writer w = {.out = json, .replace_invalid = true};
    json_write_begin_object(&w);
    json_write_member_cstr(&w, "name", s->name);
    json_write_member_cstr(&w, "state", r.lost ? "lost" : r.up ? "up" : "starting");
    if (r.lost)
        json_write_member_cstr(&w, "cause", r.lost);
    json_write_member_cstr(&w, "tier", r.tier);
    json_write_key(&w, "sessions");
    json_write_begin_object(&w);
    json_write_member_int(&w, "max", r.sessions_max);
    json_write_member_int(&w, "identifiers", r.tenants);
    json_write_member_int(&w, "busy", r.busy);
    json_write_member_int(&w, "cooling", r.idle);
    json_write_member_int(&w, "ready", r.ready);
    json_write_member_int(&w, "starting", r.starting);
    json_write_member_int(&w, "ending", r.ending);
    json_write_end_object(&w);
    json_write_key(&w, "totals");
    json_write_begin_object(&w);
    json_write_member_int(&w, "claims", (int64_t)r.claims);
    json_write_member_int(&w, "crashes", (int64_t)r.crashes);
    json_write_member_int(&w, "timeouts", (int64_t)r.timeouts);
    json_write_member_int(&w, "buildFailures", (int64_t)r.spawn_failures);
    json_write_member_int(&w, "isolationLosses", (int64_t)r.losses);
    json_write_end_object(&w);
    json_write_key(&w, "memory");
    json_write_begin_object(&w);
    json_write_member_int(&w, "heldBytes", (int64_t)r.memory_size);
    json_write_member_int(&w, "maxBytes", (int64_t)r.memory_size_max);
    json_write_member_int(&w, "uploadedBytes", (int64_t)r.uploads_size);
    json_write_member_int(&w, "uploadedMaxBytes", (int64_t)r.uploads_size_max);
    json_write_end_object(&w);
    if (r.template_identity[0])
        json_write_member_cstr(&w, "template", r.template_identity);
    json_write_key(&w, "isolation");
    if (r.isolation[0])
        json_write_raw(&w, bytes_of_cstr(r.isolation));
    else
        json_write_null(&w);
    json_write_end_object(&w);
}
