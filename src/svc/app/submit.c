/* SPDX-License-Identifier: MIT */
/* submit.c — checks code and starts its orchestration. */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "os/clock.h"
#include "svc/app/notice.h"

const char *code_refusal(const struct app_service *s, const json_t *code, int *ret_http_status)
{
    *ret_http_status = 400;
    if (!json_is_string(code))
        return "The body is not a JSON string of code.";
    struct bytes text = bytes_of(json_string_value(code), json_string_length(code));
    if (bytes_utf8_blank(text))
        return "Code cannot be null or empty.";
    if (text.size > s->code_size_max) {
        *ret_http_status = 413;
        return "The code is longer than this server accepts (setting code-size-max).";
    }
    return NULL;
}

static void on_started(struct exchange *x)
{
    x->submitting = false;
    if (x->status == DT_OK)
        notice_submitted(x->id, x->submitted_by[0] ? x->submitted_by : NULL, x->code_bytes);
    x->on_submitted(x);
}

void submit_code(struct exchange *x, json_t *code, const char *submitted_by, int64_t approval_timeout_ms,
                 void (*on_submitted)(struct exchange *x))
{
    x->submitting = true;
    x->on_submitted = on_submitted;
    x->code_bytes = json_string_length(code);
    snprintf(x->submitted_by, sizeof x->submitted_by, "%s", submitted_by ? submitted_by : "");

    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, x->id);
    struct steering steering = x->service->activity.steering;
    steering.approval_timeout_ms = approval_timeout_ms;
    struct steering_tags tags;
    steering_write(&steering, submitted_by, &tags);
    char *input = json_dumps(code, JSON_ENCODE_ANY | JSON_COMPACT);
    struct dt_start_options o = DT_INIT(struct dt_start_options);
    o.instance_id = x->id;
    o.version = ORCHESTRATOR_VERSION;
    o.input = input;
    o.tags = tags.tags;
    o.tag_count = tags.count;
    exchange_call(x, on_started);
    exchange_started(
        x, input ? dt_client_start_async(x->service->client, ORCHESTRATOR_NAME, &o, exchange_on_reply, x)
                 : DT_NO_MEMORY);
    free(input);
}
