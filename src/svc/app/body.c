/* SPDX-License-Identifier: MIT */
/* body.c — media type, character set, JSON; in this order, each with an answer of its own. */
#include "svc/app/body.h"

#include <stdio.h>

#include "wire/http1/mediatype.h"
#include "wire/json/json.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

static bool is_json_type(struct bytes content_type)
{
    struct bytes type = mediatype_essence(content_type);
    return mediatype_is(content_type, "application/json") || mediatype_is(content_type, "text/json") ||
           (type.size > 5 && bytes_starts_with_nocase(type, BYTES_LITERAL("application/")) &&
            bytes_equal_nocase(bytes_slice(type, type.size - 5, 5), BYTES_LITERAL("+json")));
}

/* JSON between systems is UTF-8 (RFC 8259); another character set would be read as something else than was
 * meant. */
static bool is_utf8_type(struct http_request *r, struct bytes content_type)
{
    struct bytes set = mediatype_param(http_request_arena(r), content_type, "charset", MEDIATYPE_QUOTED_PAIR);
    return !set.data || bytes_equal_nocase(set, BYTES_LITERAL("utf-8")) ||
           bytes_equal_nocase(set, BYTES_LITERAL("utf8")) ||
           bytes_equal_nocase(set, BYTES_LITERAL("us-ascii"));
}

static json_t *refuse(struct body_fault *ret_fault, int http_status, const char *text)
{
    *ret_fault = (struct body_fault){.http_status = http_status};
    snprintf(ret_fault->text, sizeof ret_fault->text, "%s", text);
    return NULL;
}

json_t *body_read(struct http_request *r, struct body_fault *ret_fault)
{
    struct bytes content_type = http_request_header(r, "content-type");
    if (!is_json_type(content_type))
        return refuse(ret_fault, 415, "Send the body as Content-Type: application/json.");
    if (!is_utf8_type(r, content_type))
        return refuse(ret_fault, 415, "Send the body in the character set UTF-8.");
    struct bytes body = http_request_body(r);
    if (bytes_starts_with(body, BYTES_LITERAL(BYTE_ORDER_MARK))) /* may be ignored (RFC 8259 section 8.1) */
        body = bytes_slice(body, strlen(BYTE_ORDER_MARK), body.size);
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

void body_refuse(struct http_request *r, const struct body_fault *fault)
{
    http_respond_problem(r, fault->http_status, NULL, fault->text);
}

json_t *body_read_object(struct http_request *r)
{
    struct body_fault fault = {.http_status = 400};
    json_t *root = body_read(r, &fault);
    if (root && !json_is_object(root)) {
        json_decref(root);
        root = refuse(&fault, 400, "The body is not a JSON object.");
    }
    if (!root)
        body_refuse(r, &fault);
    return root;
}
