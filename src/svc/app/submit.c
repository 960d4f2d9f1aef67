/* SPDX-License-Identifier: MIT */
/* submit.c — checks code and starts its orchestration. ORDER: the audit log has the submission before the scheduler has it. */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "svc/app/notice.h"
#include "wire/json/json.h"

struct submit_exchange {
    struct exchange base;
    json_t *code;
    int64_t approval_timeout_ms;
    char submitted_by[APP_NAME_SIZE_MAX + 1]; /* "": not said */
    json_t *warnings;
    void (*on_submitted)(struct exchange *exchange, json_t *warnings);
};

const char *code_refusal(const struct app_service *service, const json_t *code, int *ret_http_status)
{
    *ret_http_status = 400;
    if (!json_is_string(code))
        return "The body is not a JSON string of code.";
    struct bytes text = bytes_of(json_string_value(code), json_string_length(code));
    if (bytes_utf8_blank(text))
        return "Code cannot be null or empty.";
    if (text.size > service->code_size_max) {
        *ret_http_status = 413;
        return "The code is longer than this server accepts (setting code-size-max).";
    }
    return NULL;
}

static void submit_free(struct exchange *exchange)
{
    struct submit_exchange *submit = CONTAINER_OF(exchange, struct submit_exchange, base);
    json_decref(submit->code);
    json_decref(submit->warnings);
}

static const char *submitter(const struct submit_exchange *submit)
{
    return submit->submitted_by[0] ? submit->submitted_by : NULL;
}

/* The audit log has it as handed in, and is not to leave it at that; nobody waits for the correction. */
static void answer_not_started(struct exchange *exchange)
{
    exchange_note(exchange, AUDIT_REQUEST_NOT_STARTED, json_pack("{s:s}", "cause", exchange->text));
    exchange_answer_failure(exchange);
}

/* A submission that is on disk is noticed although its peer may be gone. */
static void on_started(struct exchange *exchange)
{
    struct submit_exchange *submit = CONTAINER_OF(exchange, struct submit_exchange, base);
    exchange->carries_on = false;
    if (exchange->status != DT_OK) {
        answer_not_started(exchange);
        return;
    }
    notice_submitted(exchange->id, submitter(submit), json_string_length(submit->code));
    submit->on_submitted(exchange, submit->warnings);
}

static void start(struct submit_exchange *submit)
{
    struct exchange *exchange = &submit->base;
    struct steering steering = exchange->service->activity.steering;
    steering.approval_timeout_ms = submit->approval_timeout_ms;
    struct steering_tags tags;
    steering_write(&steering, submitter(submit), &tags);
    char *input = json_dumps(submit->code, JSON_ENCODE_ANY | JSON_COMPACT);
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.instance_id = exchange->id;
    options.version = ORCHESTRATOR_VERSION;
    options.input = input;
    options.tags = tags.tags;
    options.tag_count = tags.count;
    exchange_call(exchange, on_started);
    enum dt_status started = DT_NO_MEMORY;
    if (input)
        started = dt_client_start_async(exchange->service->client, ORCHESTRATOR_NAME, &options,
                                        exchange_on_reply, exchange);
    exchange_started(exchange, started);
    free(input);
}

static void on_recorded(struct exchange *exchange)
{
    struct submit_exchange *submit = CONTAINER_OF(exchange, struct submit_exchange, base);
    if (exchange->status == DT_OK) {
        start(submit);
        return;
    }
    exchange->carries_on = false;
    exchange_answer_failure(exchange);
}

/* What an auditor needs to know it again: not the code, but its hash. */
static json_t *submission_details(const struct submit_exchange *submit)
{
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(json_bytes(submit->code), hash);
    return json_pack("{s:s, s:I, s:I, s:s*}", "codeSha256", hash, "codeBytes",
                     (json_int_t)json_string_length(submit->code), "approvalTimeoutMs",
                     (json_int_t)submit->approval_timeout_ms, "submittedBy", submitter(submit));
}

void submit_code(struct app_service *service, struct http_request *request,
                 const struct submission *submission)
{
    /* Under --compat sample only its own routes are an orchestration and nothing else, as the sample's are. */
    if (service->review && (submission->body || !service->compat_sample)) {
        submit_to_book(service, request, submission);
        return;
    }
    struct exchange *exchange =
        exchange_create(service, request, sizeof(struct submit_exchange), submit_free);
    if (!exchange) {
        json_decref(submission->warnings);
        return;
    }
    struct submit_exchange *submit = CONTAINER_OF(exchange, struct submit_exchange, base);
    submit->on_submitted = submission->on_submitted;
    submit->warnings = submission->warnings;
    submit->code = json_incref(submission->code);
    submit->approval_timeout_ms = submission->approval_timeout_ms;
    if (submission->submitted_by)
        snprintf(submit->submitted_by, sizeof submit->submitted_by, "%s", submission->submitted_by);
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, exchange->id);
    exchange->carries_on = true;
    exchange_record(exchange, AUDIT_REQUEST_SUBMITTED, submission_details(submit), on_recorded);
}
