/* SPDX-License-Identifier: MIT */
/* executions.c — running code over HTTP: both contracts, synchronous and asynchronous, and polling. */
#include "base/encode.h"
#include "os/clock.h"
#include "svc/pool/http/execute_answer.h"
#include "svc/pool/http/execute_request.h"
#include "svc/pool/http/pool_service_internal.h"

#define ANSWER_SIZE_MAX ((size_t)128 << 20) /* bytes; control characters grow sixfold in JSON */

/* The shape of the answer; requests are read alike. */
enum contract { FIRST_PREVIEW, LEGACY, CURRENT };

/* A synchronous call that waits; in the request's arena. */
struct waiting {
    struct pool_call *call;
    struct execution *execution;
    enum contract contract;
};

static double ms(int64_t span_ns)
{
    return (double)MAX(span_ns, (int64_t)0) / NS_PER_MS;
}

static void add_timing_headers(struct pool_call *c, const struct execution *x)
{
    int64_t now = clock_monotonic_ns();
    pool_call_header(c, "x-ms-session-guid", "%s", x->session_guid);
    if (x->template_identity[0])
        pool_call_header(c, "Sallyport-Template", "%s", x->template_identity);
    pool_call_header(c, "x-ms-new-allocation", "%s", x->new_allocation ? "true" : "false");
    pool_call_header(c, "x-ms-allocation-time", "%.4f",
                     x->new_allocation ? ms(x->times.allocated_ns - x->times.asked_ns) : 0);
    pool_call_header(c, "x-ms-allocation-retries", "0");
    pool_call_header(c, "x-ms-preparation-time", "%.4f", ms(x->times.started_ns - x->times.allocated_ns));
    pool_call_header(c, "x-ms-execution-request-time", "%.4f", ms(x->times.done_ns - x->times.started_ns));
    pool_call_header(c, "x-ms-execution-read-response-time", "%.4f", ms(now - x->times.done_ns));
    pool_call_header(c, "x-ms-container-execution-duration", "%lld",
                     (long long)(x->outcome.duration_ns / NS_PER_MS));
    pool_call_header(c, "x-ms-overall-execution-time", "%.4f", ms(now - x->times.started_ns));
    pool_call_header(c, "x-ms-total-execution-service-time", "%.4f", ms(now - x->times.asked_ns));
}

static void add_operation_headers(struct pool_call *c, const struct execution *x)
{
    CLEANUP(buf_fini) struct buf url = {0};
    struct bytes host = http_request_header(c->request, "host");
    struct bytes scheme = http_request_header(c->request, "x-forwarded-proto"); /* of a proxy that ends TLS */
    bool secure = bytes_equal_nocase(scheme, BYTES_LITERAL("https"));
    if (host.size)
        buf_append_fmt(&url, "%s://%.*s", secure ? "https" : "http", BYTES_FMT(host));
    buf_append_fmt(&url, "%.*s/executions/", BYTES_FMT(http_request_prefix(c->request)));
    percent_encode(&url, bytes_of_cstr(x->id), NULL);
    buf_append_cstr(&url, "?api-version=");
    percent_encode(&url, c->version, NULL);
    buf_append_cstr(&url, "&identifier=");
    percent_encode(&url, c->identifier, NULL);
    pool_call_header(c, "operation-id", "%s", x->id);
    if (buf_status(&url) != STATUS_OK ||
        http_response_header(c->request, "Operation-Location", buf_peek(&url)) != STATUS_OK)
        return; /* a host or prefix too long to be repeated; the id is enough to poll */
}

/* SK .NET throws on a number. */
static bool reads_only_strings(struct pool_call *c)
{
    struct bytes agent = http_request_header(c->request, "user-agent");
    return !c->service->options.plain_numbers &&
           bytes_find(agent, BYTES_LITERAL("Semantic-Kernel")) < agent.size &&
           bytes_find(agent, BYTES_LITERAL("Language=dotnet")) < agent.size;
}

static void reply(struct pool_call *c, int http_status, const struct execution *x, enum contract contract)
{
    CLEANUP(buf_fini) struct buf body = {.limit = ANSWER_SIZE_MAX};
    if (contract == FIRST_PREVIEW)
        execute_answer_first_preview(x, &body);
    else if (contract == LEGACY)
        execute_answer_legacy(x, &body);
    else
        execute_answer_current(x, c->identifier, reads_only_strings(c), &body);
    pool_call_reply(c, http_status, &body);
}

static void on_done(void *context, struct execution *x)
{
    struct waiting *w = context;
    struct pool_call *c = w->call;
    http_request_on_gone(c->request, NULL, NULL);
    if (x->outcome.fault == EXECUTION_FAULT_UNAVAILABLE) {
        pool_call_header(c, "Retry-After", "1");
        pool_call_fail(c, 503, "SessionUnavailable", "%s", x->outcome.fault_text);
        return;
    }
    if (x->session_guid[0])
        add_timing_headers(c, x);
    bool legacy = w->contract != CURRENT;
    if (!legacy && c->generation == API_CURRENT_2025)
        add_operation_headers(c, x);
    reply(c, legacy || c->generation == API_CURRENT_2025 ? 200 : 202, x, w->contract);
}

static void on_gone(void *context)
{
    struct waiting *w = context;
    execution_abandon(w->execution);
}

static bool parse_body(struct pool_call *c, enum contract contract, struct execute_request *ret_request)
{
    struct err e = {0};
    enum status s =
        execute_request_parse(http_request_arena(c->request), http_request_body(c->request), ret_request, &e);
    /* AutoGen sends "" after a restart, LlamaIndex a line end for a blank input: nothing to do, and well
     * done. */
    if (s == STATUS_OK && contract == CURRENT && bytes_trim(ret_request->code).size == 0)
        s = err_set(&e, STATUS_INVALID_ARGUMENT, "'code' is required and must not be empty");
    if (s == STATUS_OK)
        return true;
    if (s == STATUS_NO_MEMORY)
        pool_call_fail_status(c, s, &e);
    else
        pool_call_fail(c, s == STATUS_TOO_LARGE ? 413 : 400, "InvalidRequestBody",
                       "The body is not valid: %s.", e.text);
    return false;
}

/* The caller's own id, if it sent one that can be one. */
static bool take_operation_id(struct pool_call *c, struct execution *x)
{
    struct bytes id = http_request_header(c->request, "operation-id");
    if (!id.size)
        return true;
    bool valid = id.size <= EXECUTION_ID_SIZE_MAX;
    for (size_t i = 0; i < id.size && valid; i++)
        valid = id.data[i] > ' ' && id.data[i] < 0x7f && id.data[i] != '/';
    if (!valid) {
        pool_call_fail(
            c, 400, "InvalidOperationId",
            "The header 'operation-id' must have 1 to %d printable ASCII characters, no space or '/'.",
            EXECUTION_ID_SIZE_MAX);
        return false;
    }
    memcpy(x->id, id.data, id.size);
    x->id[id.size] = 0;
    return true;
}

static int64_t limit_of(const struct pool_service_options *o, int64_t timeout_s)
{
    if (!timeout_s)
        return o->execution_default_ns;
    return timeout_s > o->execution_max_ns / NS_PER_S ? o->execution_max_ns : timeout_s * NS_PER_S;
}

static struct execution *make_execution(struct pool_call *c, const struct execute_request *r)
{
    struct execution *x = execution_create(loop_now(c->service->loop));
    if (!x)
        return NULL;
    buf_init(&x->asked.code, r->code.size + 1);
    buf_append_bytes(&x->asked.code, r->code);
    if (buf_status(&x->asked.code) != STATUS_OK) {
        execution_destroy(x);
        return NULL;
    }
    memcpy(x->asked.execution_type, r->execution_type.data,
           MIN(r->execution_type.size, sizeof x->asked.execution_type - 1));
    x->asked.asynchronous = r->asynchronous;
    x->asked.empty_kernel = r->empty_kernel;
    x->asked.limit_ns = limit_of(&c->service->options, r->timeout_s);
    x->asked.output_size_max = (size_t)r->output_size_max;
    return x;
}

/* Gives `x` to the tenant; from then on it is the pool's. */
static void submit(struct pool_call *c, struct execution *x, enum contract contract)
{
    struct err e = {0};
    struct waiting *w = arena_alloc(http_request_arena(c->request), sizeof *w);
    struct tenant *t = w ? pool_call_enter(c) : NULL;
    if (!t) {
        execution_destroy(x);
        if (!w)
            pool_call_fail_status(c, STATUS_NO_MEMORY, &e);
        return;
    }
    *w = (struct waiting){c, x, contract};
    if (!x->asked.asynchronous) {
        x->on_done = on_done;
        x->context = w;
    }
    if (tenant_execute(t, x, &e) != STATUS_OK) {
        execution_destroy(x);
        pool_call_fail_busy(c, "TooManyExecutions", e.text);
        return;
    }
    if (!x->asked.asynchronous) {
        http_request_on_gone(c->request, on_gone, w);
        return;
    }
    add_operation_headers(c, x);
    pool_call_header(c, "Retry-After", "1");
    reply(c, 202, x, contract);
}

static void execute(struct pool_call *c, enum contract contract)
{
    struct execute_request r;
    if (!parse_body(c, contract, &r))
        return;
    struct execution *x = make_execution(c, &r);
    if (!x)
        pool_call_fail_status(c, STATUS_NO_MEMORY, &(struct err){0});
    else if (!take_operation_id(c, x))
        execution_destroy(x);
    else
        submit(c, x, contract);
}

void pool_handle_code_execute(struct pool_call *c)
{
    execute(c, LEGACY);
}

/* LlamaIndexTS still calls it. */
void pool_handle_python_execute(struct pool_call *c)
{
    execute(c, FIRST_PREVIEW);
}

void pool_handle_executions(struct pool_call *c)
{
    execute(c, CURRENT);
}

void pool_handle_execution(struct pool_call *c)
{
    struct tenant *t = pool_find(c->service->pool, c->identifier);
    struct execution *x = t ? tenant_find_execution(t, c->name) : NULL;
    if (!x) {
        pool_call_fail(c, 404, "ExecutionNotFound", "No execution available for operation Id: %.*s",
                       BYTES_FMT(bytes_slice(c->name, 0, EXECUTION_ID_SIZE_MAX)));
        return;
    }
    if (execution_final(x) && x->session_guid[0])
        add_timing_headers(c, x);
    if (!execution_final(x))
        pool_call_header(c, "Retry-After", "1");
    reply(c, 200, x, CURRENT);
}
