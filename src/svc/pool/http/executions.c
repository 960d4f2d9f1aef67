/* SPDX-License-Identifier: MIT */
/* executions.c — running code over HTTP: both contracts, synchronous and asynchronous, and polling. */
#include "base/encode.h"
#include "os/clock.h"
#include "svc/pool/execution_end.h"
#include "svc/pool/http/execute_answer.h"
#include "svc/pool/http/execute_request.h"
#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/limit_values.h"
#include "wire/json/json.h"

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

static void add_timing_headers(struct pool_call *call, const struct execution *execution)
{
    int64_t now = clock_monotonic_ns();
    pool_call_header(call, "x-ms-session-guid", "%s", execution->session_guid);
    if (execution->template_identity[0])
        pool_call_header(call, "Sallyport-Template", "%s", execution->template_identity);
    pool_call_header(call, "x-ms-new-allocation", "%s", execution->new_allocation ? "true" : "false");
    pool_call_header(call, "x-ms-allocation-time", "%.4f",
                     execution->new_allocation ? ms(execution->times.allocated_ns - execution->times.asked_ns)
                                               : 0);
    pool_call_header(call, "x-ms-allocation-retries", "0");
    pool_call_header(call, "x-ms-preparation-time", "%.4f",
                     ms(execution->times.started_ns - execution->times.allocated_ns));
    pool_call_header(call, "x-ms-execution-request-time", "%.4f",
                     ms(execution->times.done_ns - execution->times.started_ns));
    pool_call_header(call, "x-ms-execution-read-response-time", "%.4f", ms(now - execution->times.done_ns));
    pool_call_header(call, "x-ms-container-execution-duration", "%lld",
                     (long long)(execution->outcome.duration_ns / NS_PER_MS));
    pool_call_header(call, "x-ms-overall-execution-time", "%.4f", ms(now - execution->times.started_ns));
    pool_call_header(call, "x-ms-total-execution-service-time", "%.4f", ms(now - execution->times.asked_ns));
}

static void add_operation_headers(struct pool_call *call, const struct execution *execution)
{
    CLEANUP(buf_fini) struct buf url = {0};
    struct bytes host = http_request_header(call->request, "host");
    /* of a proxy that ends TLS */
    struct bytes scheme = http_request_header(call->request, "x-forwarded-proto");
    bool secure = bytes_equal_nocase(scheme, BYTES_LITERAL("https"));
    if (host.size)
        buf_append_fmt(&url, "%s://%.*s", secure ? "https" : "http", BYTES_FMT(host));
    buf_append_fmt(&url, "%.*s/executions/", BYTES_FMT(http_request_prefix(call->request)));
    percent_encode(&url, bytes_of_cstr(execution->id), NULL);
    buf_append_cstr(&url, "?api-version=");
    percent_encode(&url, call->version, NULL);
    buf_append_cstr(&url, "&identifier=");
    percent_encode(&url, call->identifier, NULL);
    pool_call_header(call, "operation-id", "%s", execution->id);
    if (buf_status(&url) != STATUS_OK ||
        http_response_header(call->request, "Operation-Location", buf_peek(&url)) != STATUS_OK)
        return; /* a host or prefix too long to be repeated; the id is enough to poll */
}

/* SK .NET throws on a number. */
static bool reads_only_strings(struct pool_call *call)
{
    struct bytes agent = http_request_header(call->request, "user-agent");
    return !call->service->options.plain_numbers &&
           bytes_find(agent, BYTES_LITERAL("Semantic-Kernel")) < agent.size &&
           bytes_find(agent, BYTES_LITERAL("Language=dotnet")) < agent.size;
}

static void reply(struct pool_call *call, int http_status, const struct execution *execution,
                  enum contract contract)
{
    CLEANUP(buf_fini) struct buf body = {.limit = POOL_ANSWER_SIZE_MAX};
    if (contract == FIRST_PREVIEW)
        execute_answer_first_preview(execution, &body);
    else if (contract == LEGACY)
        execute_answer_legacy(execution, pool_call_wants_report(call), &body);
    else
        execute_answer_current(execution, call->identifier, reads_only_strings(call),
                               pool_call_wants_report(call), &body);
    pool_call_reply(call, http_status, &body);
}

/* ORDER: the request's on_gone is taken off first; the answer may end the request, and that must not abandon what
 * is done. */
static void on_done(void *context, struct execution *execution)
{
    struct waiting *waiting = context;
    struct pool_call *call = waiting->call;
    http_request_on_gone(call->request, NULL, NULL);
    if (execution->outcome.fault == EXECUTION_FAULT_UNAVAILABLE) {
        pool_call_header(call, "Retry-After", "1");
        pool_call_fail(call, 503, "SessionUnavailable", "%s", execution->outcome.fault_text);
        return;
    }
    if (execution->session_guid[0])
        add_timing_headers(call, execution);
    bool legacy = waiting->contract != CURRENT;
    if (!legacy && call->generation == API_CURRENT_2025)
        add_operation_headers(call, execution);
    reply(call, legacy || call->generation == API_CURRENT_2025 ? 200 : 202, execution, waiting->contract);
}

static void on_gone(void *context)
{
    struct waiting *waiting = context;
    tenant_abandon_execution(waiting->execution);
}

static bool parse_body(struct pool_call *call, enum contract contract, struct execute_request *ret_request)
{
    struct err err = {0};
    enum status status = execute_request_parse(http_request_arena(call->request),
                                               http_request_body(call->request), ret_request, &err);
    /* AutoGen sends "" after a restart, LlamaIndex a line end for a blank input: nothing to do, and well
     * done. */
    if (status == STATUS_OK && contract == CURRENT && bytes_trim(ret_request->code).size == 0)
        status = err_set(&err, STATUS_INVALID_ARGUMENT, "'code' is required and must not be empty");
    if (status == STATUS_OK)
        return true;
    if (status == STATUS_NO_MEMORY)
        pool_call_fail_status(call, status, &err);
    else
        pool_call_fail(call, status == STATUS_TOO_LARGE ? 413 : 400, "InvalidRequestBody",
                       "The body is not valid: %s.", err.text);
    return false;
}

/* The caller's own id, if it sent one that can be one. */
static bool take_operation_id(struct pool_call *call, struct execution *execution)
{
    struct bytes id = http_request_header(call->request, "operation-id");
    if (!id.size)
        return true;
    bool valid = id.size <= EXECUTION_ID_SIZE_MAX;
    for (size_t i = 0; i < id.size && valid; i++)
        valid = id.data[i] > ' ' && id.data[i] < 0x7f && id.data[i] != '/';
    if (!valid) {
        pool_call_fail(
            call, 400, "InvalidOperationId",
            "The header 'operation-id' must have 1 to %d printable ASCII characters, no space or '/'.",
            EXECUTION_ID_SIZE_MAX);
        return false;
    }
    memcpy(execution->id, id.data, id.size);
    execution->id[id.size] = 0;
    return true;
}

/* The session that it is to run in and in no other, if the caller says so. False: it is not there, which is answered. */
static bool take_session(struct pool_call *call, struct execution *execution)
{
    struct bytes guid = http_request_header(call->request, "sallyport-session");
    const struct tenant *tenant = pool_find(call->service->pool, call->identifier);
    if (!guid.size)
        return true;
    if (!tenant || !tenant->session || !bytes_equal_cstr(guid, tenant->session->guid)) {
        pool_call_fail(call, 409, "SessionGone", "The session %.*s of this identifier is gone.",
                       BYTES_FMT(bytes_utf8_prefix(guid, GUID_TEXT_SIZE)));
        return false;
    }
    (void)snprintf(execution->asked.session_guid, sizeof execution->asked.session_guid, "%s",
                   tenant->session->guid);
    return true;
}

static int64_t limit_of(const struct pool_service_options *options, int64_t timeout_s)
{
    if (!timeout_s)
        return options->execution_max_ns;
    return timeout_s > options->execution_max_ns / NS_PER_S ? options->execution_max_ns
                                                            : timeout_s * NS_PER_S;
}

static struct execution *make_execution(struct pool_call *call, const struct execute_request *request)
{
    struct execution *execution = execution_create(loop_now(call->service->loop));
    if (!execution)
        return NULL;
    buf_init(&execution->asked.code, request->code.size + 1);
    buf_append_bytes(&execution->asked.code, request->code);
    if (buf_status(&execution->asked.code) != STATUS_OK) {
        execution_destroy(execution);
        return NULL;
    }
    memcpy(execution->asked.execution_type, request->execution_type.data,
           MIN(request->execution_type.size, sizeof execution->asked.execution_type - 1));
    execution->asked.asynchronous = request->asynchronous;
    execution->asked.empty_kernel = request->empty_kernel;
    execution->asked.measured = pool_call_wants_report(call);
    execution->asked.limit_ns = limit_of(&call->service->options, request->timeout_s);
    execution->asked.output_size_max = (size_t)request->output_size_max;
    return execution;
}

/* Gives `execution` to the tenant; from then on it is the pool's. */
static void submit(struct pool_call *call, struct execution *execution, enum contract contract)
{
    struct err err = {0};
    struct waiting *waiting = arena_alloc(http_request_arena(call->request), sizeof *waiting);
    struct tenant *tenant = waiting ? pool_call_enter(call) : NULL;
    if (!tenant) {
        execution_destroy(execution);
        if (!waiting)
            pool_call_fail_status(call, STATUS_NO_MEMORY, &err);
        return;
    }
    *waiting = (struct waiting){call, execution, contract};
    if (!execution->asked.asynchronous) {
        execution->on_done = on_done;
        execution->context = waiting;
    }
    /* The ledger reports in a later turn of the loop: on_done is never called from within. */
    if (tenant_execute(tenant, execution, &err) != STATUS_OK) {
        execution_destroy(execution);
        pool_call_fail_busy(call, "TooManyExecutions", err.text);
        return;
    }
    if (!execution->asked.asynchronous) {
        http_request_on_gone(call->request, on_gone, waiting);
        return;
    }
    add_operation_headers(call, execution);
    pool_call_header(call, "Retry-After", "1");
    reply(call, 202, execution, contract);
}

static void execute(struct pool_call *call, enum contract contract)
{
    struct execute_request request;
    if (!parse_body(call, contract, &request))
        return;
    struct execution *execution = make_execution(call, &request);
    if (!execution)
        pool_call_fail_status(call, STATUS_NO_MEMORY, &(struct err){0});
    else if (!take_operation_id(call, execution) || !take_session(call, execution))
        execution_destroy(execution);
    else
        submit(call, execution, contract);
}

void pool_handle_code_execute(struct pool_call *call)
{
    execute(call, LEGACY);
}

/* LlamaIndexTS still calls it. */
void pool_handle_python_execute(struct pool_call *call)
{
    execute(call, FIRST_PREVIEW);
}

void pool_handle_executions(struct pool_call *call)
{
    execute(call, CURRENT);
}

struct execution *pool_call_find_execution(struct pool_call *call)
{
    struct tenant *tenant = pool_find(call->service->pool, call->identifier);
    struct execution *execution = tenant ? tenant_find_execution(tenant, call->name) : NULL;
    if (!execution)
        pool_call_fail(call, 404, "ExecutionNotFound", "No execution available for operation Id: %.*s",
                       BYTES_FMT(bytes_slice(call->name, 0, EXECUTION_ID_SIZE_MAX)));
    return execution;
}

bool pool_call_wants_report(struct pool_call *call)
{
    return bytes_equal_nocase(pool_call_query(call, "report"), BYTES_LITERAL("sallyport"));
}

/* Ours. The answer to who waits for the execution comes on its own way. */
void pool_handle_cancel(struct pool_call *call)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct execution *execution = pool_call_find_execution(call);
    if (!execution)
        return;
    if (!tenant_cancel_execution(execution) && execution_final(execution)) {
        pool_call_fail(call, 409, "ExecutionIsOver", "The execution is over: %s.",
                       execution_end_name(execution_end_of(execution)));
        return;
    }
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "id", execution->id);
    json_write_member_cstr(&json, "status", execute_status_word(execution));
    json_write_end_object(&json);
    pool_call_reply(call, 202, &body);
}

void pool_handle_execution(struct pool_call *call)
{
    struct execution *execution = pool_call_find_execution(call);
    if (!execution)
        return;
    if (execution_final(execution) && execution->session_guid[0])
        add_timing_headers(call, execution);
    if (!execution_final(execution))
        pool_call_header(call, "Retry-After", "1");
    reply(call, 200, execution, CURRENT);
}
