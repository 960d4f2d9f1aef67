/* SPDX-License-Identifier: MIT */
/* sample.c — ProblemDetails and ValidationProblemDetails, member by member. */
#include "svc/app/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "os/clock.h"
#include "wire/http1/mediatype.h"

#define PROBLEM_TYPE    "application/problem+json; charset=utf-8"
#define STATUS_DOCUMENT "https://tools.ietf.org/html/rfc9110#section-15.5."

/* A W3C trace id, as the framework puts one into every problem. */
static json_t *trace_id(void)
{
    uint64_t random[3];
    char text[60];
    entropy_fill(random, sizeof random);
    snprintf(text, sizeof text, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-00", random[0], random[1],
             random[2]);
    return json_string(text);
}

/* Takes `errors`, which may be NULL; the result is the caller's, NULL without memory. */
static char *problem_text(int http_status, const char *type, const char *title, json_t *errors)
{
    json_t *root = json_pack("{s:s, s:s, s:i, s:o*, s:o*}", "type", type, "title", title, "status",
                             http_status, "errors", errors, "traceId", trace_id());
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

void sample_refuse_fields(struct http_request *request, const struct sample_error *errors, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, errors[i].field, json_pack("[s]", errors[i].text));
    char *text = problem_text(400, STATUS_DOCUMENT "1", "One or more validation errors occurred.", object);
    if (text)
        http_respond(request, 400, PROBLEM_TYPE, bytes_of_cstr(text));
    else
        http_respond_failure(request, 400, NULL);
    free(text);
}

void sample_refuse_body(struct http_request *request, const struct body_fault *fault)
{
    const struct sample_error errors[] = {{fault->absent ? "" : "$", fault->text},
                                          {"code", "The code field is required."}};
    sample_refuse_fields(request, errors, ARRAY_SIZE(errors));
}

/* The framework looks at Accept only if it does not take everything, and prefers text for text. */
static bool asks_for_json(struct http_request *request)
{
    struct bytes left = http_request_header(request, "accept");
    bool json = false;
    while (left.data) {
        struct bytes kind = bytes_trim(bytes_split(&left, ','));
        if (mediatype_is(kind, "*/*") || mediatype_is(kind, "text/plain") || mediatype_is(kind, "text/*"))
            return false;
        json = json || mediatype_is(kind, "application/json") || mediatype_is(kind, "text/json") ||
               mediatype_is(kind, "application/*");
    }
    return json;
}

void sample_refuse_blank(struct http_request *request, const char *text)
{
    if (!asks_for_json(request)) {
        http_respond(request, 400, "text/plain; charset=utf-8", bytes_of_cstr(text));
        return;
    }
    json_t *value = json_string(text);
    char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    json_decref(value);
    http_respond(request, 400, "application/json; charset=utf-8", bytes_of_cstr(text_or(quoted, "null")));
    free(quoted);
}

bool sample_write_error(int http_status, struct buf *ret_body, const char **ret_content_type)
{
    if (http_status == 405) { /* an empty body */
        *ret_content_type = NULL;
        return true;
    }
    char *text =
        http_status == 415 ? problem_text(415, STATUS_DOCUMENT "16", "Unsupported Media Type", NULL) : NULL;
    if (!text)
        return false;
    buf_append_cstr(ret_body, text);
    free(text);
    *ret_content_type = PROBLEM_TYPE;
    return true;
}
