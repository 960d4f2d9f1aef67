/* SPDX-License-Identifier: MIT */
/* pool_call.c — what all handlers of a call share: its query, its tenant, and the answers. */
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/pool/http/pool_service_internal.h"
#include "wire/http1/uri.h"
#include "wire/json/json.h"

void pool_call_header(struct pool_call *call, const char *name, const char *fmt, ...)
{
    char value[1024];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(value, sizeof value, fmt, args);
    va_end(args);
    if (n < 0 || n >= (int)sizeof value ||
        http_response_header(call->request, name, bytes_of(value, (size_t)n)) != STATUS_OK)
        log_debug("svc/pool", "a response header was left out name=%s", name);
}

void pool_write_error(struct buf *out, const char *code, const char *message, bool bare)
{
    uint8_t random[16];
    char trace[GUID_DIGITS_SIZE + 1];
    entropy_fill(random, sizeof random);
    guid_format_digits(random, trace);
    struct json_writer json = {.out = out, .replace_invalid = true};
    json_write_begin_object(&json);
    if (bare) {
        json_write_member_cstr(&json, "code", code);
        json_write_member_cstr(&json, "message", message);
    }
    json_write_key(&json, "error");
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "code", code);
    json_write_member_cstr(&json, "message", message);
    json_write_member_cstr(&json, "traceId", trace);
    json_write_end_object(&json);
    json_write_end_object(&json);
}

static void fail_with(struct pool_call *call, int http_status, const char *code, const char *message,
                      bool bare)
{
    CLEANUP(buf_fini) struct buf body = {0};
    pool_write_error(&body, code, message, bare);
    pool_call_header(call, "x-ms-error-code", "%s", code);
    http_respond(call->request, http_status, JSON_TYPE, body.failed ? (struct bytes){0} : buf_peek(&body));
}

void pool_call_fail(struct pool_call *call, int http_status, const char *code, const char *fmt, ...)
{
    char message[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    fail_with(call, http_status, code, message, false);
}

void pool_call_fail_busy(struct pool_call *call, const char *code, const char *message)
{
    pool_call_header(call, "Retry-After", "1");
    fail_with(call, 429, code, message, true);
}

const char *pool_error_code(int http_status)
{
    static const struct {
        int http_status;
        const char *code;
    } codes[] = {
        {400, "BadRequest"},         {403, "CrossSiteRequest"},        {404, "ResourceNotFound"},
        {405, "MethodNotAllowed"},   {408, "RequestTimeout"},          {413, "RequestTooLarge"},
        {414, "UriTooLong"},         {415, "UnsupportedMediaType"},    {417, "ExpectationFailed"},
        {421, "MisdirectedRequest"}, {431, "HeadersTooLarge"},         {501, "NotImplemented"},
        {503, "ServiceUnavailable"}, {505, "HttpVersionNotSupported"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].http_status == http_status)
            return codes[i].code;
    return "InternalServerError";
}

/* Where the contract has another code than its general one for the status (base/status.h). */
static const struct {
    enum status status;
    const char *code;
} deviations[] = {
    {STATUS_UNAVAILABLE, "SessionUnavailable"},
};

void pool_call_fail_status(struct pool_call *call, enum status status, const struct err *err)
{
    int http_status = status_http(status);
    if (status == STATUS_RESOURCE_EXHAUSTED) {
        pool_call_fail_busy(call, "SessionsCountExceedsLimit", err->text);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(deviations); i++) {
        if (deviations[i].status == status) {
            fail_with(call, http_status, deviations[i].code, err->text, false);
            return;
        }
    }
    log_error("svc/pool", "a call failed status=%s cause=\"%s\"", status_name(status), err->text);
    fail_with(call, http_status, pool_error_code(http_status), "the server could not handle the call", false);
}

void pool_call_reply(struct pool_call *call, int http_status, const struct buf *body)
{
    if (buf_status(body) != STATUS_OK) {
        pool_call_fail(call, 500, "InternalServerError", "the answer could not be written");
        return;
    }
    http_respond(call->request, http_status, JSON_TYPE, buf_peek(body));
}

struct bytes pool_call_query(struct pool_call *call, const char *name)
{
    struct bytes raw = uri_query_find(http_request_query_string(call->request), bytes_of_cstr(name));
    return raw.data ? uri_decode(http_request_arena(call->request), raw, false) : (struct bytes){0};
}

struct tenant *pool_call_enter(struct pool_call *call)
{
    struct err err = {0};
    struct tenant *tenant;
    enum status status = pool_enter(call->service->pool, call->identifier, &tenant, &err);
    if (status == STATUS_OK)
        return tenant;
    if (status == STATUS_RESOURCE_EXHAUSTED) /* in the words that clients of the cloud know */
        err_set(&err, status,
                "The request sessions count is '1'. There are already '%u' active sessions and the "
                "maximum active sessions count is '%u'.",
                pool_tenant_count(call->service->pool), pool_report(call->service->pool).sessions_max);
    pool_call_fail_status(call, status, &err);
    return NULL;
}

void pool_write_time(char ret_text[TIME_TEXT_SIZE_MAX], int64_t unix_ns)
{
    time_format(unix_ns, 7, ret_text);
}

bool pool_call_touch(struct pool_call *call)
{
    call->identifier = pool_call_query(call, "identifier");
    if (!session_identifier_valid(call->identifier))
        return false;
    struct tenant *tenant = pool_find(call->service->pool, call->identifier);
    if (tenant)
        tenant_touch(tenant);
    return true;
}
