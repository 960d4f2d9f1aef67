/* SPDX-License-Identifier: MIT */
/* submission_body.c — a function a shape; each takes the files out of the object before anything else looks at it, for they are large. */
#include "svc/app/submission_body.h"

#include <stdio.h>

#include "base/no_memory.h"
#include "net/http_router.h"
#include "svc/app/body.h"
#include "wire/json/json.h"

static bool refuse(struct http_request *request, const char *detail)
{
    http_respond_failure(request, 400, detail);
    return false;
}

static bool refuse_inputs(struct http_request *request, const struct inputs *inputs)
{
    http_respond_failure(request, inputs->http_status, inputs->refusal);
    return false;
}

/* --- JSON --- */

static bool take_member(struct submission_body *body, const struct input_rules *rules)
{
    const json_t *files = json_object_get(body->root, "files");
    body->files_said = files && !json_is_null(files);
    bool taken = !body->files_said || inputs_take_json(&body->inputs, files, rules);
    json_object_del(body->root, "files"); /* it may be large */
    return taken;
}

static bool read_json(struct http_request *request, const struct input_rules *rules,
                      struct submission_body *body)
{
    body->root = body_read_object(request);
    if (!body->root)
        return false;
    return take_member(body, rules) || refuse_inputs(request, &body->inputs);
}

/* --- a form --- */

static json_t *read_request_part(struct http_request *request, const struct multipart_part *part)
{
    /* A form of any page on any site could send a part without a type, and with it code: in browsers too old to say where a
     * request comes from. None can give a part this type without being asked first, or being one of ours. */
    unsigned type =
        part ? http_type_of(http_request_arena(request), part->content_type) : (unsigned)HTTP_TYPE_JSON;
    struct err err = {0};
    json_t *root = NULL;
    char detail[300];
    if (!part)
        (void)snprintf(detail, sizeof detail, "The form has no part \"" INPUTS_REQUEST_PART "\".");
    else if (type != HTTP_TYPE_JSON)
        (void)snprintf(detail, sizeof detail,
                       "The part \"" INPUTS_REQUEST_PART "\" must have the Content-Type application/json.");
    else if (json_parse(part->data, NULL, &root, &err) != STATUS_OK)
        (void)snprintf(detail, sizeof detail, "The part \"" INPUTS_REQUEST_PART "\" cannot be read: %.200s.",
                       err.text);
    else if (!json_is_object(root))
        (void)snprintf(detail, sizeof detail, "The part \"" INPUTS_REQUEST_PART "\" is not a JSON object.");
    else
        return root;
    json_decref(root);
    http_respond_failure(request, 400, detail);
    return NULL;
}

/* False: it is answered. */
static bool add_code_part(struct http_request *request, const struct multipart_part *part, json_t *root)
{
    if (!part)
        return true;
    if (json_object_get(root, "code"))
        return refuse(request, "The code stands twice: in the part \"" INPUTS_CODE_PART
                               "\" and in the part \"" INPUTS_REQUEST_PART "\".");
    json_t *code = json_stringn(part->data.size ? (const char *)part->data.data : "", part->data.size);
    if (json_object_set_new(root, "code", code) == 0)
        return true;
    return refuse(request, "The part \"" INPUTS_CODE_PART "\" is not in UTF-8.");
}

static bool read_form(struct http_request *request, const struct input_rules *rules,
                      struct submission_body *body)
{
    static const struct multipart_limits limits = {.parts_max = 256};
    struct arena *arena = http_request_arena(request);
    struct bytes text = http_request_body(request), boundary;
    struct multipart_part *parts;
    size_t count;
    struct err err = {0};
    enum status status =
        multipart_boundary(arena, http_request_header(request, "content-type"), text, &boundary, &err);
    if (status == STATUS_OK)
        status = multipart_parse(arena, boundary, text, &limits, &parts, &count, &err);
    if (status != STATUS_OK) {
        char detail[300];
        (void)snprintf(detail, sizeof detail, "The form cannot be read: %.250s.", err.text);
        http_respond_failure(request, status == STATUS_NO_MEMORY ? 503 : 400, detail);
        return false;
    }

    body->root = read_request_part(request, multipart_find(parts, count, INPUTS_REQUEST_PART));
    if (!body->root)
        return false;
    if (!add_code_part(request, multipart_find(parts, count, INPUTS_CODE_PART), body->root))
        return false;
    bool taken = take_member(body, rules) && inputs_take_form(&body->inputs, parts, count, rules);
    body->files_said = body->files_said || body->inputs.count > 0;
    return taken || refuse_inputs(request, &body->inputs);
}

/* --- source --- */

/* Source text has its other members in the query: the same object as if it had been sent as JSON. */
static bool read_source(struct http_request *request, struct submission_body *body)
{
    struct bytes text = body_text(request);
    struct bytes by = http_request_query(request, "submittedBy");
    struct bytes wait = http_request_query(request, "approvalTimeoutSeconds");
    json_t *root = json_pack("{s:o*}", "code", json_stringn((const char *)text.data, text.size));
    if (by.data) { /* what is not in UTF-8 is refused as any other that is no text */
        json_t *name = json_stringn((const char *)by.data, by.size);
        json_object_set_new(root, "submittedBy", name ? name : json_false());
    }
    if (wait.data) { /* what is no number is refused as in JSON */
        json_t *number = json_loadb((const char *)wait.data, wait.size, JSON_DECODE_ANY, NULL);
        json_object_set_new(root, "approvalTimeoutSeconds", number ? number : json_false());
    }
    body->root = root;
    return root || refuse(request, ERR_NO_MEMORY);
}

bool submission_body_read(struct http_request *request, const struct input_rules *rules,
                          struct submission_body *ret_body)
{
    *ret_body = (struct submission_body){0};
    switch (http_request_type(request)) {
    case HTTP_TYPE_FORM:
        return read_form(request, rules, ret_body);
    case HTTP_TYPE_TEXT:
        return read_source(request, ret_body);
    default:
        return read_json(request, rules, ret_body);
    }
}

void submission_body_fini(struct submission_body *body)
{
    json_decref(body->root);
    inputs_fini(&body->inputs);
    *body = (struct submission_body){0};
}
