/* SPDX-License-Identifier: MIT */
/* body.c — a body that is there and is JSON; each fault with an answer of its own. */
#include "svc/app/body.h"

#include <stdio.h>

#include "wire/json/json.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

static json_t *refuse(struct body_fault *ret_fault, int http_status, const char *text)
{
    *ret_fault = (struct body_fault){.http_status = http_status};
    snprintf(ret_fault->text, sizeof ret_fault->text, "%s", text);
    return NULL;
}

/* A byte order mark may be ignored (RFC 8259 section 8.1), and is no part of source (PEP 263). */
struct bytes body_text(struct http_request *request)
{
    struct bytes body = http_request_body(request);
    bool marked = bytes_starts_with(body, BYTES_LITERAL(BYTE_ORDER_MARK));
    return marked ? bytes_slice(body, strlen(BYTE_ORDER_MARK), body.size) : body;
}

json_t *body_read(struct http_request *request, struct body_fault *ret_fault)
{
    struct bytes body = body_text(request);
    if (bytes_trim(body).size == 0) {
        (void)refuse(ret_fault, 400, "A non-empty request body is required.");
        ret_fault->absent = true;
        return NULL;
    }
    struct err fault = {0};
    json_t *value = NULL;
    if (json_parse(body, NULL, &value, &fault) == STATUS_OK)
        return value;
    char text[sizeof ret_fault->text];
    snprintf(text, sizeof text, "The body cannot be read: %.250s.", fault.text);
    return refuse(ret_fault, 400, text);
}

void body_refuse(struct http_request *request, const struct body_fault *fault)
{
    http_respond_failure(request, fault->http_status, fault->text);
}

json_t *body_read_object(struct http_request *request)
{
    struct body_fault fault = {.http_status = 400};
    json_t *root = body_read(request, &fault);
    if (root && !json_is_object(root)) {
        json_decref(root);
        root = refuse(&fault, 400, "The body is not a JSON object.");
    }
    if (!root)
        body_refuse(request, &fault);
    return root;
}

const char *body_who(const struct principal *principal, const char *claimed)
{
    bool signed_in = strcmp(principal->id, access_local.id) != 0;
    return signed_in ? principal->name : claimed;
}
