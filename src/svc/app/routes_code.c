/* SPDX-License-Identifier: MIT */
/* routes_code.c — the two routes of the sample, with errors of our own or, under `--compat sample`, exactly
 * the sample's answers (sample.h). */
#include "svc/app/app_internal.h"

#include <stdio.h>

#include "base/encode.h"
#include "os/clock.h"
#include "svc/app/notice.h"
#include "svc/app/sample.h"

/* A decision as the sample takes it: an event, whatever becomes of it. */
struct review_exchange {
    struct exchange base;
    bool approve;
};

static void on_submitted(struct exchange *x, json_t *warnings)
{
    (void)warnings;
    const char *name = x->service->compat_sample ? "requestId" : "RequestId";
    exchange_answer_json(x, 200, json_pack("{s:s}", name, x->id));
}

/* Why the body of /code/execute is refused, in the error shape of the mode. */
static void refuse_code(struct app_service *s, struct http_request *r, const json_t *code,
                        const char *refusal, int http_status)
{
    struct body_fault fault = {.http_status = 400, .absent = json_is_null(code)};
    if (!s->compat_sample || http_status != 400) {
        http_respond_failure(r, http_status, refusal);
    } else if (json_is_string(code)) {
        sample_refuse_blank(r, refusal);
    } else {
        snprintf(fault.text, sizeof fault.text, "%s",
                 fault.absent ? "A non-empty request body is required."
                              : "The JSON value could not be converted to System.String. Path: $");
        sample_refuse_body(r, &fault);
    }
}

void route_code_execute(struct app_service *s, struct http_request *r, struct bytes id)
{
    (void)id;
    struct body_fault fault = {.http_status = 400};
    json_t *code = body_read(r, &fault);
    if (!code) {
        if (s->compat_sample)
            sample_refuse_body(r, &fault);
        else
            body_refuse(r, &fault);
        return;
    }
    int http_status;
    const char *refusal = code_refusal(s, code, &http_status);
    const struct submission submission = {.code = code,
                                          .approval_timeout_ms = s->activity.steering.approval_timeout_ms,
                                          .on_submitted = on_submitted};
    if (refusal)
        refuse_code(s, r, code, refusal, http_status);
    else
        submit_code(s, r, &submission);
    json_decref(code);
}

/* As ASP.NET binds a boolean: "true" or "false" in any case. */
static bool parse_approve(struct bytes text, bool *ret_approve)
{
    *ret_approve = bytes_equal_nocase(text, BYTES_LITERAL("true"));
    return *ret_approve || bytes_equal_nocase(text, BYTES_LITERAL("false"));
}

static void raise_as_sample(struct exchange *x);

static void on_sample_raised(struct exchange *x)
{
    bool approve = CONTAINER_OF(x, struct review_exchange, base)->approve;
    if (x->status == DT_NOT_FOUND && exchange_take_other_spelling(x)) {
        raise_as_sample(x);
        return;
    }
    /* Unknown, decided and finished requests get the same 200: the sample's event is dropped in silence. */
    if (x->status != DT_OK && x->status != DT_NOT_FOUND) {
        exchange_answer_failure(x);
        return;
    }
    if (x->status == DT_OK)
        notice_decided(x->id, NULL, approve, -1);
    exchange_answer_json(x, 200, decision_message(approve));
}

static void raise_as_sample(struct exchange *x)
{
    const char *data = CONTAINER_OF(x, struct review_exchange, base)->approve ? "true" : "false";
    exchange_call(x, on_sample_raised);
    exchange_started(x, dt_client_raise_event_async(x->service->client, x->id, EVENT_DECISION, data,
                                                    exchange_on_reply, x));
}

/* The complaints that the framework's binding of the two parameters makes; nothing is answered without one.
 */
static bool refuse_as_sample(struct http_request *r, struct bytes id, struct bytes text, bool approve_fits)
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
        sample_refuse_fields(r, errors, count);
    return count > 0;
}

static void review_as_sample(struct app_service *s, struct http_request *r, struct bytes id,
                             struct bytes text)
{
    bool approve = false; /* absent: no */
    bool fits = !text.data || parse_approve(bytes_trim(text), &approve);
    if (refuse_as_sample(r, id, text, fits))
        return;
    struct exchange *x = exchange_create(s, r, sizeof(struct review_exchange), NULL);
    if (!x)
        return;
    CONTAINER_OF(x, struct review_exchange, base)->approve = approve;
    if (exchange_take_id(x, id))
        raise_as_sample(x);
    else /* no instance has it: as for an unknown one */
        exchange_answer_json(x, 200, decision_message(approve));
}

void route_code_review(struct app_service *s, struct http_request *r, struct bytes path_id)
{
    (void)path_id;
    struct bytes id = http_request_query(r, "requestId");
    struct bytes text = http_request_query(r, "approve");
    bool approve;
    if (s->compat_sample) {
        review_as_sample(s, r, id, text);
        return;
    }
    if (bytes_utf8_blank(id)) {
        http_respond_failure(r, 400, "The requestId field is required.");
        return;
    }
    if (!parse_approve(text, &approve)) {
        http_respond_failure(r, 400,
                             text.data ? "The value of approve must be true or false."
                                       : "The approve field is required: true or false.");
        return;
    }
    char at[TIME_TEXT_SIZE_MAX];
    time_format(clock_unix_ns(), 7, at);
    json_t *record = json_pack("{s:b, s:s, s:s}", "approved", approve, "at", at, "by", "anonymous");
    decide(s, r, bytes_trim(id), record, false, NULL);
}
