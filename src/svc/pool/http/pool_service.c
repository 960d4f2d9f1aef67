/* SPDX-License-Identifier: MIT */
/* pool_service.c — from a request to its handler: route, method, api-version, identifier, in that order. */
#include "svc/pool/http/pool_service_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"
#include "wire/json/json.h"

#define SUPPORTED_VERSIONS                                                                                   \
    "2024-02-02-preview, 2024-08-02-preview, 2024-10-02-preview, 2025-02-02-preview, 2025-10-02-preview"
#define UPLOAD_ROOM ((size_t)1 << 20) /* bytes that the form around an upload may add */

static const struct {
    const char *version;
    enum api_generation generation;
} versions[] = {
    {"2023-08-01-preview", API_LEGACY},       {"2024-02-02-preview", API_LEGACY},
    {"2024-08-02-preview", API_LEGACY},       {"2024-09-01", API_LEGACY},
    {"2024-10-02-preview", API_CURRENT_2024}, {"2025-02-02-preview", API_CURRENT_2025},
    {"2025-10-02-preview", API_CURRENT_2025},
};

static const struct operation {
    enum pool_route_kind kind;
    const char *method;
    bool needs_identifier;
    void (*handle)(struct pool_call *c);
} operations[] = {
    {POOL_ROUTE_CODE_EXECUTE, "POST", true, pool_handle_code_execute},
    {POOL_ROUTE_PYTHON_EXECUTE, "POST", true, pool_handle_python_execute},
    {POOL_ROUTE_EXECUTIONS, "POST", true, pool_handle_executions},
    {POOL_ROUTE_EXECUTION, "GET", true, pool_handle_execution},
    {POOL_ROUTE_FILES, "GET", true, pool_handle_files_get},
    {POOL_ROUTE_FILES, "POST", true, pool_handle_files_post},
    {POOL_ROUTE_FILE, "GET", true, pool_handle_file_get},
    {POOL_ROUTE_FILE, "POST", true, pool_handle_file_post},
    {POOL_ROUTE_FILE, "DELETE", true, pool_handle_file_delete},
    {POOL_ROUTE_FILE_CONTENT, "GET", true, pool_handle_file_content},
    {POOL_ROUTE_SESSION, "GET", true, pool_handle_session_get},
    {POOL_ROUTE_SESSION, "DELETE", true, pool_handle_session_delete},
    {POOL_ROUTE_LIST_SESSIONS, "GET", false, pool_handle_list_sessions},
    {POOL_ROUTE_METADATA, "GET", false, pool_handle_metadata},
    {POOL_ROUTE_STOP_SESSION, "POST", true, pool_handle_stop_session},
};

/* --- from request to handler --- */

static bool looks_like_date(struct bytes v)
{
    static const char shape[] = "dddd-dd-dd";
    if (v.size < strlen(shape) || v.size > 32)
        return false;
    for (size_t i = 0; i < strlen(shape); i++)
        if (shape[i] == 'd' ? v.data[i] < '0' || v.data[i] > '9' : v.data[i] != '-')
            return false;
    return true;
}

static bool find_version(struct pool_call *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        if (bytes_equal_nocase(c->version, bytes_of_cstr(versions[i].version))) {
            c->generation = versions[i].generation;
            return true;
        }
    }
    if (!c->service->options.lenient_versions || !looks_like_date(c->version))
        return false;
    /* An unknown date behaves as the latest known one before it. */
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        if (bytes_compare(bytes_slice(c->version, 0, 10),
                          bytes_slice(bytes_of_cstr(versions[i].version), 0, 10)) >= 0)
            c->generation = versions[i].generation;
    return true;
}

static const struct operation *find_operation(struct pool_call *c, struct buf *allowed)
{
    struct bytes method = http_request_method(c->request);
    if (bytes_equal_cstr(method, "HEAD")) /* answered as GET; the server leaves the body out */
        method = BYTES_LITERAL("GET");
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        if (operations[i].kind != c->route.kind)
            continue;
        if (bytes_equal_cstr(method, operations[i].method))
            return &operations[i];
        buf_append_fmt(allowed, "%s%s", allowed->size ? ", " : "", operations[i].method);
    }
    return NULL;
}

static void refuse_operation(struct pool_call *c, const struct buf *allowed)
{
    if (!allowed->size) {
        pool_call_fail(c, 404, "ResourceNotFound",
                       "There is no such route. A session pool has: POST /code/execute, POST /executions, "
                       "GET /executions/{id}, GET and POST /files, /files/upload, /files/{name}, "
                       "/files/{name}/content, GET and DELETE /session, GET /listSessions, GET /metadata, "
                       "POST /.management/stopSession.");
        return;
    }
    pool_call_header(c, "Allow", "%.*s", BYTES_FMT(buf_peek(allowed)));
    pool_call_fail(c, 405, "MethodNotAllowed", "This route takes: %.*s.", BYTES_FMT(buf_peek(allowed)));
}

static bool check_version(struct pool_call *c)
{
    c->version = pool_call_query(c, "api-version");
    if (c->version.size && find_version(c))
        return true;
    pool_call_fail(c, 400, "InvalidApiVersion", "%s Supported: %s.",
                   c->version.size
                       ? "The query parameter 'api-version' is not a version that this pool knows."
                       : "The query parameter 'api-version' is required.",
                   SUPPORTED_VERSIONS);
    return false;
}

/* Any request that names a session postpones its end, also one that is refused for another reason. */
static bool enter_identifier(struct pool_call *c)
{
    c->identifier = pool_call_query(c, "identifier");
    if (session_identifier_valid(c->identifier)) {
        struct tenant *t = pool_find(c->service->pool, c->identifier);
        if (t)
            tenant_touch(t);
        return true;
    }
    pool_call_fail(
        c, 400, "InvalidLengthOfSessionIdentifier",
        "The query parameter 'identifier' must have %d to %d printable ASCII characters and no space.",
        SESSION_IDENTIFIER_SIZE_MIN, SESSION_IDENTIFIER_SIZE_MAX);
    return false;
}

static void on_request(void *context, struct http_request *r)
{
    struct pool_call *c = arena_alloc(http_request_arena(r), sizeof *c);
    struct pool_call spare = {.service = context, .request = r};
    if (!c) {
        pool_call_fail(&spare, 500, "InternalServerError", "out of memory");
        return;
    }
    *c = spare;
    pool_call_header(c, "api-supported-versions", "%s", SUPPORTED_VERSIONS);
    if (pool_route_parse(http_request_arena(r), http_request_path(r), &c->route) != STATUS_OK) {
        pool_call_fail(c, 500, "InternalServerError", "out of memory");
        return;
    }
    CLEANUP(buf_fini) struct buf allowed = {0};
    const struct operation *o = find_operation(c, &allowed);
    if (!o)
        refuse_operation(c, &allowed);
    else if (check_version(c) && (!o->needs_identifier || enter_identifier(c)))
        o->handle(c);
}

static size_t body_limit(void *context, struct http_request *r)
{
    const struct pool_service *s = context;
    struct pool_route route;
    if (pool_route_parse(http_request_arena(r), http_request_path(r), &route) != STATUS_OK)
        return 0;
    bool upload = route.kind == POOL_ROUTE_FILES || route.kind == POOL_ROUTE_FILE;
    return upload ? s->options.upload_size_max + UPLOAD_ROOM : s->options.body_size_max;
}

/* The server's own refusals in the contract's shape. */
static void write_error(void *context, struct http_request *r, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    static const struct {
        int http_status;
        const char *code;
    } codes[] = {{400, "BadRequest"},           {403, "CrossSiteRequest"},       {408, "RequestTimeout"},
                 {411, "LengthRequired"},       {413, "RequestTooLarge"},        {414, "UriTooLong"},
                 {415, "UnsupportedMediaType"}, {417, "ExpectationFailed"},      {421, "MisdirectedRequest"},
                 {431, "HeadersTooLarge"},      {500, "InternalServerError"},    {501, "NotImplemented"},
                 {503, "ServiceUnavailable"},   {505, "HttpVersionNotSupported"}};
    const char *code = "BadRequest";
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].http_status == http_status)
            code = codes[i].code;
    struct pool_call c = {.service = context, .request = r};
    pool_call_header(&c, "api-supported-versions", "%s", SUPPORTED_VERSIONS);
    pool_call_header(&c, "x-ms-error-code", "%s", code);
    pool_write_error(ret_body, code, detail ? detail : code, false);
    *ret_content_type = JSON_TYPE;
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
    s->handler = (struct http_handler){on_request, body_limit, write_error, s};
    enum status st = pool_create(l,
                                 &(struct pool_options){
                                     .sessions_max = s->options.sessions_max,
                                     .sessions_ready = s->options.sessions_ready,
                                     .cooldown_ns = s->options.cooldown_ns,
                                     .output_size_max = s->options.output_size_max,
                                     .result_size_max = s->options.result_size_max,
                                     .memory_size_max = s->options.memory_size_max,
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

const struct http_handler *pool_service_handler(struct pool_service *s)
{
    return &s->handler;
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
    json_write_end_object(&w);
    json_write_key(&w, "memory");
    json_write_begin_object(&w);
    json_write_member_int(&w, "heldBytes", (int64_t)r.memory_size);
    json_write_member_int(&w, "maxBytes", (int64_t)r.memory_size_max);
    json_write_end_object(&w);
    json_write_key(&w, "isolation");
    if (r.isolation[0])
        json_write_raw(&w, bytes_of_cstr(r.isolation));
    else
        json_write_null(&w);
    json_write_end_object(&w);
}
