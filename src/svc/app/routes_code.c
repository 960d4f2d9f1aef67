/* SPDX-License-Identifier: MIT */
/* routes_code.c — the two routes of the sample, with errors of our own or, under `--compat sample`, exactly
 * the sample's answers (sample.h). */
#include "svc/app/app_internal.h"

#include "svc/app/decision.h"
#include <stdio.h>

#include "os/clock.h"
#include "svc/app/notice.h"
#include "svc/app/sample.h"

/* A decision as the sample takes it: an event, whatever becomes of it. */
struct review_exchange {
    struct exchange base;
    bool approve;
};

static void on_submitted(struct exchange *exchange, json_t *warnings)
{
    const char *name = exchange->service->compat_sample ? "requestId" : "RequestId";
    exchange_answer_json(exchange, 200, json_pack("{s:s}", name, exchange->id));
}

/* Why the body of /code/execute is refused, in the error shape of the mode. */
static void refuse_code(struct app_service *service, struct http_request *request, const json_t *code,
                        const char *refusal, int http_status)
{
    struct body_fault fault = {.http_status = 400, .absent = json_is_null(code)};
    if (!service->compat_sample || http_status != 400) {
        http_respond_failure(request, http_status, refusal);
    } else if (json_is_string(code)) {
        sample_refuse_blank(request, refusal);
    } else {
        snprintf(fault.text, sizeof fault.text, "%s",
                 fault.absent ? "A non-empty request body is required."
                              : "The JSON value could not be converted to System.String. Path: $");
        sample_refuse_body(request, &fault);
    }
}

void route_code_execute(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct body_fault fault = {.http_status = 400};
    json_t *code = body_read(request, &fault);
    if (!code) {
        if (service->compat_sample)
            sample_refuse_body(request, &fault);
        else
            body_refuse(request, &fault);
        return;
    }
    int http_status;
    const char *refusal = code_refusal(service, code, &http_status);
    const struct submission submission = {.code = code,
                                          .submitted_by = body_who(http_request_principal(request), NULL),
                                          .approval_timeout_ms =
                                              service->activity.steering.approval_timeout_ms,
                                          .on_submitted = on_submitted};
    if (refusal)
        refuse_code(service, request, code, refusal, http_status);
    else
        submit_code(service, request, &submission);
    json_decref(code);
}

/* As ASP.NET binds a boolean: "true" or "false" in any case. */
static bool parse_approve(struct bytes text, bool *ret_approve)
{
    *ret_approve = bytes_equal_nocase(text, BYTES_LITERAL("true"));
    return *ret_approve || bytes_equal_nocase(text, BYTES_LITERAL("false"));
}

static void raise_as_sample(struct exchange *exchange);

static void on_sample_raised(struct exchange *exchange)
{
    bool approve = CONTAINER_OF(exchange, struct review_exchange, base)->approve;
    if (exchange->status == DT_NOT_FOUND && exchange_take_other_spelling(exchange)) {
        raise_as_sample(exchange);
        return;
    }
    /* Unknown, decided and finished requests get the same 200: the sample's event is dropped in silence. */
    if (exchange->status != DT_OK && exchange->status != DT_NOT_FOUND) {
        exchange_answer_failure(exchange);
        return;
    }
    if (exchange->status == DT_OK)
        notice_decided(exchange->id, NULL, approve, -1);
    exchange_answer_json(exchange, 200, decide_message(approve));
}

static void raise_as_sample(struct exchange *exchange)
{
    const char *data = CONTAINER_OF(exchange, struct review_exchange, base)->approve ? "true" : "false";
    exchange_call(exchange, on_sample_raised);
    exchange_started(exchange,
                     dt_client_raise_event_async(exchange->service->client, exchange->id, EVENT_DECISION,
                                                 data, exchange_on_reply, exchange));
}

static void on_sample_recorded(struct exchange *exchange)
{
    if (exchange->status == DT_OK)
        raise_as_sample(exchange);
    else
        exchange_answer_failure(exchange);
}

/* The complaints that the framework's binding of the two parameters makes; nothing is answered without one.
 */
static bool refuse_as_sample(struct http_request *request, struct bytes id, struct bytes text,
                             bool approve_fits)
{
    struct sample_error errors[2];
    size_t count = 0;
    char value[200];
    if (!approve_fits) {
        struct bytes shown = bytes_utf8_prefix(text, 100);
        snprintf(value, sizeof value,
                 text.size ? "The value '%.*s' is not valid." : "The value '%.*s' is invalid.",
                 BYTES_FMT(shown));
        errors[count++] = (struct sample_error){"approve", value};
    }
    if (bytes_utf8_blank(id))
        errors[count++] = (struct sample_error){"requestId", "The requestId field is required."};
    if (count)
        sample_refuse_fields(request, errors, count);
    return count > 0;
}

static void review_as_sample(struct app_service *service, struct http_request *request, struct bytes id,
                             struct bytes text)
{
    bool approve = false; /* absent: no */
    bool fits = !text.data || parse_approve(bytes_trim(text), &approve);
    if (refuse_as_sample(request, id, text, fits))
        return;
    struct exchange *exchange = exchange_create(service, request, sizeof(struct review_exchange), NULL);
    if (!exchange)
        return;
    CONTAINER_OF(exchange, struct review_exchange, base)->approve = approve;
    if (exchange_take_id(exchange, id))
        exchange_record(exchange, AUDIT_REQUEST_VOTED, json_pack("{s:b}", "approved", approve),
                        on_sample_recorded);
    else /* no instance has it: as for an unknown one */
        exchange_answer_json(exchange, 200, decide_message(approve));
}

void route_code_review(struct app_service *service, struct http_request *request, struct bytes path_id)
{
    struct bytes id = http_request_query(request, "requestId");
    struct bytes text = http_request_query(request, "approve");
    bool approve;
    if (service->compat_sample) {
        review_as_sample(service, request, id, text);
        return;
    }
    if (bytes_utf8_blank(id)) {
        http_respond_failure(request, 400, "The requestId field is required.");
        return;
    }
    if (!parse_approve(text, &approve)) {
        http_respond_failure(request, 400,
                             text.data ? "The value of approve must be true or false."
                                       : "The approve field is required: true or false.");
        return;
    }
    json_t *record = decision_record(approve, clock_unix_ns(), http_request_principal(request)->name);
    const struct book_vote vote = {.answer = approve ? REVIEW_VOTE_APPROVE : REVIEW_VOTE_REJECT,
                                   .record = record};
    if (service->review)
        decide_in_book(service, request, bytes_trim(id), &vote);
    else
        decide(service, request, bytes_trim(id), record, false, NULL);
}
