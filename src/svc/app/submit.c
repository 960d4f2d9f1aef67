/* SPDX-License-Identifier: MIT */
/* submit.c — checks code and starts its orchestration. */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "os/clock.h"
#include "svc/app/limits.h"
#include "svc/app/notice.h"

struct submit_exchange {
    struct exchange base;
    char submitted_by[NAME_SIZE_MAX + 1];
    size_t code_bytes;
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
    json_decref(CONTAINER_OF(exchange, struct submit_exchange, base)->warnings);
}

/* A submission that is on disk is noticed although its peer may be gone. */
static void on_started(struct exchange *exchange)
{
    struct submit_exchange *submit = CONTAINER_OF(exchange, struct submit_exchange, base);
    exchange->carries_on = false;
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    notice_submitted(exchange->id, submit->submitted_by[0] ? submit->submitted_by : NULL, submit->code_bytes);
    submit->on_submitted(exchange, submit->warnings);
}

static void start(struct exchange *exchange, const struct submission *submission)
{
    struct steering steering = exchange->service->activity.steering;
    steering.approval_timeout_ms = submission->approval_timeout_ms;
    struct steering_tags tags;
    steering_write(&steering, submission->submitted_by, &tags);
    char *input = json_dumps(submission->code, JSON_ENCODE_ANY | JSON_COMPACT);
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

void submit_code(struct app_service *service, struct http_request *request,
                 const struct submission *submission)
{
    struct exchange *exchange =
        exchange_create(service, request, sizeof(struct submit_exchange), submit_free);
    if (!exchange) {
        json_decref(submission->warnings);
        return;
    }
    struct submit_exchange *submit = CONTAINER_OF(exchange, struct submit_exchange, base);
    submit->on_submitted = submission->on_submitted;
    submit->warnings = submission->warnings;
    submit->code_bytes = json_string_length(submission->code);
    if (submission->submitted_by)
        snprintf(submit->submitted_by, sizeof submit->submitted_by, "%s", submission->submitted_by);
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, exchange->id);
    exchange->carries_on = true;
    start(exchange, submission);
}
