/* SPDX-License-Identifier: MIT */
/* routes_code.c — the two routes of the sample (product.md 1.2), with the errors of design.md section 2, or,
 * under
 * `--compat sample`, exactly the sample's answers. */
#include "svc/app/app_internal.h"

#include <stdio.h>

#include "base/encode.h"
#include "os/clock.h"
#include "wire/http1/mediatype.h"
#include "wire/json/json.h"

static bool is_json_type(struct bytes content_type)
{
    struct bytes type = mediatype_essence(content_type);
    return mediatype_is(content_type, "application/json") || mediatype_is(content_type, "text/json") ||
           (type.size > 5 && bytes_starts_with_nocase(type, BYTES_LITERAL("application/")) &&
            bytes_equal_nocase(bytes_slice(type, type.size - 5, 5), BYTES_LITERAL("+json")));
}

/* The body as a JSON value; NULL if it was refused, which is then already answered. */
static json_t *read_body(struct http_request *r)
{
    if (!is_json_type(http_request_header(r, "content-type"))) {
        http_respond_problem(r, 415, "Unsupported Media Type",
                             "Send the code as Content-Type: application/json.");
        return NULL;
    }
    struct bytes body = http_request_body(r);
    if (bytes_trim(body).size == 0) {
        http_respond_problem(r, 400, "Bad Request", "A non-empty request body is required.");
        return NULL;
    }
    struct err fault = {0};
    json_t *value = NULL;
    if (json_parse(body, NULL, &value, &fault) != STATUS_OK) {
        char detail[300];
        snprintf(detail, sizeof detail, "The body is not JSON: %s.", fault.text);
        http_respond_problem(r, 400, "Bad Request", detail);
    }
    return value;
}

static void on_started(struct exchange *x)
{
    if (x->status != DT_OK) {
        exchange_answer_failure(x);
        return;
    }
    const char *name = x->service->compat_sample ? "requestId" : "RequestId";
    exchange_answer_json(x, 200, json_pack("{s:s}", name, x->id));
}

void route_code_execute(struct app_service *s, struct http_request *r, struct bytes id)
{
    (void)id;
    json_t *code = read_body(r);
    if (!code)
        return;
    int http_status;
    const char *refusal = code_refusal(s, code, &http_status);
    if (refusal && json_is_string(code) && http_status == 400 && s->compat_sample) {
        http_respond(r, 400, "text/plain; charset=utf-8", bytes_of_cstr(refusal));
    } else if (refusal) {
        if (!json_is_string(code) && s->compat_sample)
            refusal = "The code field is required.";
        http_respond_problem(r, http_status, http_status == 413 ? "Content Too Large" : "Bad Request",
                             refusal);
    } else {
        struct exchange *x = exchange_create(s, r);
        if (x)
            submit_code(x, code, NULL, s->settings.approval_timeout_ms, on_started);
    }
    json_decref(code);
}

/* As ASP.NET binds a boolean: "true" or "false" in any case. */
static bool parse_approve(struct bytes text, bool *ret_approve)
{
    *ret_approve = bytes_equal_nocase(text, BYTES_LITERAL("true"));
    return *ret_approve || bytes_equal_nocase(text, BYTES_LITERAL("false"));
}

static void on_sample_raised(struct exchange *x)
{
    /* Unknown, decided and finished requests get the same 200: the sample's event is dropped in silence. */
    if (x->status != DT_OK && x->status != DT_NOT_FOUND) {
        exchange_answer_failure(x);
        return;
    }
    exchange_answer_json(x, 200, decision_message(x->approve));
}

static void review_as_sample(struct app_service *s, struct http_request *r, struct bytes id, bool approve)
{
    struct exchange *x = exchange_create(s, r);
    if (!x)
        return;
    x->approve = approve;
    char text[DT_INSTANCE_ID_SIZE];
    snprintf(text, sizeof text, "%.*s", BYTES_FMT(id));
    exchange_call(x, on_sample_raised);
    exchange_started(x, dt_client_raise_event_async(s->client, text, EVENT_DECISION,
                                                    approve ? "true" : "false", exchange_on_reply, x));
}

void route_code_review(struct app_service *s, struct http_request *r, struct bytes path_id)
{
    (void)path_id;
    struct bytes id = bytes_trim(http_request_query(r, "requestId"));
    struct bytes text = http_request_query(r, "approve");
    bool approve = false;
    if (id.size == 0) {
        http_respond_problem(r, 400, "Bad Request", "The requestId field is required.");
        return;
    }
    bool absent_means_no = s->compat_sample && !text.data;
    if (!absent_means_no && !parse_approve(text, &approve)) {
        http_respond_problem(r, 400, "Bad Request",
                             text.data ? "The value of approve must be true or false."
                                       : "The approve field is required: true or false.");
        return;
    }
    if (s->compat_sample) {
        review_as_sample(s, r, id, approve);
        return;
    }
    struct exchange *x = exchange_create(s, r);
    if (!x)
        return;
    char at[TIME_TEXT_SIZE_MAX];
    time_format(clock_unix_ns(), 7, at);
    decide(x, id, approve, json_pack("{s:b, s:s, s:s}", "approved", approve, "at", at, "by", "anonymous"));
}
