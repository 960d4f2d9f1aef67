/* SPDX-License-Identifier: MIT */
/* app_routes.c — the rows of the web API, and how a request comes from its row to its handler. */
#include "net/http_router.h"
#include "svc/app/app_internal.h"
#include "svc/app/app_schemas.h"
#include "svc/app/app_service.h"
#include "svc/app/limit_values.h"
#include "svc/app/problem.h"
#include "svc/app/sample.h"
#include "wire/http1/uri.h"
#include "wire/yaml/yaml_tree.h"

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
    {"GET", "/v1/requests", "state limit after order submitter reviewer label rule q since until",
     ACCESS_READ, CALL(route_requests_list), .summary = "List requests"},
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
    {"GET", "/v1/requests/{id}/revisions/{number}/step", "", ACCESS_READ, CALL(route_review_step),
     .summary = "The code of a revision's step behind the approval"},
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
     .summary = "What differs between two revisions: code, input files and step, by their hashes"},
    {"GET", "/v1/events", "object type after", ACCESS_READ, CALL(route_review_events),
     .summary = "What happens to requests, as it happens"},
    {"GET", "/v1/policy", "", ACCESS_POLICY_READ, CALL(route_policy_get),
     .summary = "The policy in force, its text and what it means"},
    {"PUT", "/v1/policy", "comment", ACCESS_POLICY_WRITE, POLICY_BODY, CALL(route_policy_apply),
     .summary = "Apply another policy; If-Match says which version it replaces"},
    {"GET", "/v1/policy/versions", "after limit order", ACCESS_POLICY_READ, CALL(route_policy_versions),
     .summary = "The versions of the policy, newest first"},
    {"GET", "/v1/policy/versions/{number}", "", ACCESS_POLICY_READ, CALL(route_policy_version),
     .summary = "One version of the policy"},
    {"GET", "/v1/policy/rules", "", ACCESS_POLICY_READ, CALL(route_policy_rules),
     .summary = "The rules in force, and in how many requests each matched in the last 30 days"},
    {"POST", "/v1/policy/rehearse", "last", ACCESS_POLICY_READ, POLICY_BODY, CALL(route_policy_rehearse),
     .summary = "What a draft would have done to past requests; changes nothing"},
    {"GET", "/v1/policy/standing", "after limit order", ACCESS_POLICY_READ, CALL(route_standing_list),
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
        .rated = true,
        .tagged = !service->compat_sample,
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
