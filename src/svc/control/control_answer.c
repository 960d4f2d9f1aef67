/* SPDX-License-Identifier: MIT */
/* control_answer.c — faults and answers in the shape that clients of a resource manager parse. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/no_memory.h"
#include "os/clock.h"
#include "svc/control/control_internal.h"

#define CLIENT_ID_SIZE_MAX 128 /* bytes of an x-ms-client-request-id that are echoed */

void control_fault_set(struct control_fault *fault, int http_status, const char *code, const char *fmt, ...)
{
    va_list args;
    fault->http_status = http_status;
    snprintf(fault->code, sizeof fault->code, "%s", code);
    va_start(args, fmt);
    vsnprintf(fault->message, sizeof fault->message, fmt, args);
    va_end(args);
}

void control_fault_status(struct control_fault *fault, enum status status, const char *text)
{
    /* The codes of the contract, and where its HTTP status is another than that of base/status.h. */
    static const struct {
        enum status status;
        const char *code;
        int http_status; /* 0: the general one */
    } rows[] = {
        {STATUS_INVALID_ARGUMENT, "InvalidRequestContent", 0},
        {STATUS_MALFORMED, "InvalidRequestContent", 0},
        {STATUS_NOT_FOUND, "ResourceNotFound", 0},
        {STATUS_ALREADY_EXISTS, "Conflict", 0},
        {STATUS_FAILED_PRECONDITION, "Conflict", 0},
        {STATUS_UNIMPLEMENTED, "Conflict", 409},
        {STATUS_RESOURCE_EXHAUSTED, "QuotaExceeded", 409},
        {STATUS_TOO_LARGE, "RequestContentTooLarge", 0},
    };
    const char *why = text && text[0] ? text : status_name(status);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].status == status) {
            int http_status = rows[i].http_status ? rows[i].http_status : status_http(status);
            control_fault_set(fault, http_status, rows[i].code, "%s", why);
            return;
        }
    }
    control_fault_set(fault, 503, "ServiceUnavailable", "%s", why);
}

void control_fault_no_memory(struct control_fault *fault)
{
    control_fault_status(fault, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

void control_write_fault(struct buf *out, const struct control_fault *fault)
{
    struct json_writer json = {.out = out, .replace_invalid = true};
    json_write_begin_object(&json);
    json_write_key(&json, "error");
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "code", fault->code);
    json_write_member_cstr(&json, "message", fault->message);
    if (fault->target[0])
        json_write_member_cstr(&json, "target", fault->target);
    json_write_end_object(&json);
    json_write_end_object(&json);
}

static void add_header(struct http_request *request, const char *name, struct bytes value)
{
    if (http_response_header(request, name, value) != STATUS_OK)
        log_debug("svc/control", "a response header was left out name=%s", name);
}

void control_add_headers(struct http_request *request)
{
    uint8_t random[16];
    char guid[GUID_TEXT_SIZE + 1];
    entropy_fill(random, sizeof random);
    guid_format(random, guid);
    add_header(request, "x-ms-request-id", bytes_of_cstr(guid));
    add_header(request, "x-ms-correlation-request-id", bytes_of_cstr(guid));
    struct bytes client = http_request_header(request, "x-ms-client-request-id");
    if (client.size > 0 && client.size <= CLIENT_ID_SIZE_MAX)
        add_header(request, "x-ms-client-request-id", client);
}

void control_answer_fault(struct control_call *call, const struct control_fault *fault)
{
    call->outcome = *fault;
    if (!call->request)
        return;
    CLEANUP(buf_fini) struct buf body = {0};
    control_write_fault(&body, fault);
    add_header(call->request, "x-ms-error-code", bytes_of_cstr(fault->code));
    if (fault->http_status == 429 || fault->http_status == 503)
        add_header(call->request, "Retry-After", BYTES_LITERAL("1"));
    http_respond(call->request, fault->http_status, CONTROL_JSON_TYPE, buf_peek(&body));
    call->request = NULL;
}

void control_answer(struct control_call *call, int http_status, json_t *value)
{
    if (!call->request) {
        json_decref(value);
        return;
    }
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (text) {
        http_respond(call->request, http_status, CONTROL_JSON_TYPE, bytes_of_cstr(text));
        call->request = NULL;
    } else {
        struct control_fault fault = {0};
        control_fault_no_memory(&fault);
        control_answer_fault(call, &fault);
    }
    free(text);
}

void control_answer_list(struct control_call *call, json_t *items)
{
    control_answer(call, 200, json_pack("{s:o}", "value", items));
}

void control_answer_empty(struct control_call *call, int http_status)
{
    if (call->request)
        http_respond(call->request, http_status, NULL, (struct bytes){0});
    call->request = NULL;
}

void control_answer_resource(struct control_call *call, int http_status, const struct resource *resource)
{
    char tag[40];
    snprintf(tag, sizeof tag, "\"%llu\"", (unsigned long long)resource->version);
    if (call->request)
        add_header(call->request, "ETag", bytes_of_cstr(tag));
    control_answer(call, http_status, control_shown(call->control, resource));
}

void control_answer_missing(struct control_call *call)
{
    struct control_fault fault = {0};
    const struct resource_id *id = &call->id;
    struct bytes name = control_name_of(id);
    bool is_group = id->group.data && id->count == 4;
    if (is_group)
        control_fault_set(&fault, 404, "ResourceGroupNotFound", "Resource group '%.*s' could not be found.",
                          BYTES_FMT(name));
    else
        control_fault_set(&fault, 404, "ResourceNotFound",
                          "The Resource '%s/%s/%.*s' under resource group '%.*s' was not found.",
                          call->type ? call->type->space : "", call->type ? call->type->type : "",
                          BYTES_FMT(name), BYTES_FMT(id->group));
    control_answer_fault(call, &fault);
}

void control_write_error(void *context, struct http_request *request, int http_status, const char *detail,
                         struct buf *ret_body, const char **ret_content_type)
{
    static const struct {
        int http_status;
        const char *code;
    } codes[] = {
        {400, "InvalidRequestContent"}, {401, "InvalidAuthenticationToken"}, {403, "AuthorizationFailed"},
        {404, "ResourceNotFound"},      {405, "MethodNotAllowed"},           {413, "RequestContentTooLarge"},
        {415, "UnsupportedMediaType"},  {503, "ServiceUnavailable"},
    };
    struct control_fault fault = {0};
    const char *code = "BadRequest";
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].http_status == http_status)
            code = codes[i].code;
    control_add_headers(request);
    control_fault_set(&fault, http_status, code, "%s", detail ? detail : code);
    add_header(request, "x-ms-error-code", bytes_of_cstr(code));
    control_write_fault(ret_body, &fault);
    *ret_content_type = CONTROL_JSON_TYPE;
}
