/* SPDX-License-Identifier: MIT */
/* control_checks.c — what must be right before anything is looked for: the version, the body, whether the place is there and
 * whether the caller may. Each says no by a fault, which its caller answers. */
#include <string.h>

#include "base/text.h"
#include "core/template/relaxed.h"
#include "svc/control/control_internal.h"

#define VERSION_SIZE_MAX 32

/* --- the path's words --- */

bool control_is_segment(const struct resource_id *id, size_t index, const char *word)
{
    return index < id->count && bytes_equal_nocase(id->segments[index], bytes_of_cstr(word));
}

bool control_is_method(const struct control_call *call, const char *method)
{
    return strcmp(call->method, method) == 0;
}

/* --- version and body --- */

static bool has_date_shape(struct bytes version)
{
    static const char shape[] = "dddd-dd-dd";
    if (version.size < strlen(shape) || version.size > VERSION_SIZE_MAX)
        return false;
    for (size_t i = 0; i < strlen(shape); i++) {
        uint8_t wanted = (uint8_t)shape[i];
        bool fits = wanted == 'd' ? ascii_digit(version.data[i]) : version.data[i] == wanted;
        if (!fits)
            return false;
    }
    return version.size == strlen(shape) || version.data[strlen(shape)] == '-';
}

bool control_check_version(struct control_call *call, const char *since, struct control_fault *ret_fault)
{
    struct bytes version = http_request_query(call->request, "api-version");
    if (version.size == 0) {
        control_fault_set(ret_fault, 400, "MissingApiVersionParameter",
                          "The api-version query parameter (?api-version=) is required for all requests.");
        return false;
    }
    if (!has_date_shape(version)) {
        control_fault_set(
            ret_fault, 400, "InvalidApiVersionParameter",
            "The api-version is invalid. It is a date such as '2025-07-01', perhaps with '-preview'.");
        return false;
    }
    if (since[0] &&
        bytes_compare(bytes_slice(version, 0, 10), bytes_slice(bytes_of_cstr(since), 0, 10)) < 0) {
        control_fault_set(ret_fault, 400, "InvalidApiVersionParameter",
                          "No api-version before '%.20s' is known for this type.", since);
        return false;
    }
    return true;
}

/* Templates come with comments and names without quotes; the cloud's az sends one itself. */
static bool is_template(const struct resource_id *id)
{
    return id->provider + 2 < id->count &&
           bytes_equal_nocase(id->segments[id->provider + 1], BYTES_LITERAL("Microsoft.Resources")) &&
           bytes_equal_nocase(id->segments[id->provider + 2], BYTES_LITERAL("deployments"));
}

bool control_take_body(struct control_call *call, struct control_fault *ret_fault)
{
    struct bytes body = http_request_body(call->request);
    struct err error = {0};
    const struct json_limits limits = {.size_max = CONTROL_BODY_MAX, .depth_max = 64, .values_max = 20000};
    if (bytes_trim(body).size == 0)
        return true;
    CLEANUP(buf_fini) struct buf strict = {.limit = 2 * CONTROL_BODY_MAX};
    if (is_template(&call->id)) {
        relaxed_to_json(body, &strict);
        body = buf_peek(&strict);
    }
    enum status status = json_parse(body, &limits, &call->body, &error);
    if (status == STATUS_OK && json_is_object(call->body))
        return true;
    control_fault_set(ret_fault, status == STATUS_TOO_LARGE ? 413 : 400, "InvalidRequestContent",
                      "The request content was invalid and could not be read: %s",
                      status == STATUS_OK ? "it is no JSON object" : error.text);
    return false;
}

/* --- who, and where --- */

bool control_asks_for_access(const struct control_call *call)
{
    const struct resource_id *id = &call->id;
    return control_is_method(call, "POST") && id->count == id->provider + 3 &&
           control_is_segment(id, id->provider + 1, "Microsoft.Authorization") &&
           control_is_segment(id, id->provider + 2, "checkAccess");
}

void control_refuse_access(const struct control_call *call, struct control_fault *ret_fault)
{
    CLEANUP(buf_fini) struct buf words = {.limit = sizeof ret_fault->message};
    const struct principal *caller = control_caller(call);
    if (caller)
        access_explain(caller, ACCESS_CONTROL_WRITE, call->id.text, &words);
    else
        buf_append_cstr(&words, "whoever asked for this has left");
    control_fault_set(ret_fault, 403, "AuthorizationFailed", "%.*s", BYTES_FMT(buf_peek(&words)));
}

bool control_check_act(const struct control_call *call, struct control_fault *ret_fault)
{
    if (!control_is_method(call, "POST") || control_asks_for_access(call) ||
        control_may(call, ACCESS_CONTROL_WRITE, call->id.text))
        return true;
    control_refuse_access(call, ret_fault);
    return false;
}

static bool is_named(const struct odata_term *term, struct bytes word)
{
    bool calls = word.size > 2 && word.data[word.size - 1] == ')';
    struct bytes name = bytes_slice(word, 0, word.size - (calls ? 2 : 0));
    return term->kind == (calls ? ODATA_CALL : ODATA_EQUAL) && bytes_equal_nocase(term->name, name);
}

const struct odata_term *control_filter_term(const struct odata_filter *filter, const char *word)
{
    for (size_t i = 0; i < filter->count; i++)
        if (is_named(&filter->terms[i], bytes_of_cstr(word)))
            return &filter->terms[i];
    return NULL;
}

/* How many terms are one of `words`, each counted once: a second term of a name narrows nothing. */
static size_t count_known(const struct odata_filter *filter, const char *words)
{
    struct bytes rest = bytes_of_cstr(words), word;
    size_t known = 0;
    while ((word = bytes_split(&rest, ' ')).size > 0) {
        bool found = false;
        for (size_t i = 0; i < filter->count; i++)
            found = found || is_named(&filter->terms[i], word);
        known += found;
    }
    return known;
}

bool control_take_filter(struct control_call *call, const char *words, struct odata_filter *ret_filter,
                         struct control_fault *ret_fault)
{
    struct err err = {0};
    struct bytes text = http_request_query(call->request, "$filter");
    enum status status = odata_filter_read(text, &call->arena, ret_filter, &err);
    if (status == STATUS_OK && (ret_filter->count <= 1 || ret_filter->all) &&
        count_known(ret_filter, words) == ret_filter->count)
        return true;
    if (status == STATUS_NO_MEMORY)
        control_fault_no_memory(ret_fault);
    else
        control_fault_set(
            ret_fault, 400, "InvalidFilterInQueryString",
            "The $filter is not understood. Here it is made of NAME eq 'TEXT' and NAME('TEXT'), "
            "each name once, joined by 'and', with these names: %s.",
            words);
    return false;
}

bool control_check_place(const struct control_call *call, struct control_fault *ret_fault)
{
    const struct resource_id *id = &call->id;
    const struct control_type *type = call->type;
    bool in_group = id->group.data && id->provider == 4;
    bool in_subscription = id->subscription.data && id->provider == 2;
    bool behind_provider = id->provider < id->count;
    if (!behind_provider || type->place == CONTROL_ANYWHERE ||
        (type->place == CONTROL_IN_SUBSCRIPTION && in_subscription) ||
        (type->place != CONTROL_NOWHERE && in_group))
        return true;
    if (type->place == CONTROL_NOWHERE)
        control_fault_set(ret_fault, 400, "InvalidResourceId",
                          "A resource group is made at /subscriptions/{id}/resourceGroups/{name}.");
    else
        control_fault_set(ret_fault, 400, "InvalidResourceId",
                          "'%s/%s' is made in a resource group: "
                          "/subscriptions/{id}/resourceGroups/{group}/providers/%s/….",
                          type->space, type->type, type->space);
    return false;
}

bool control_check_group(struct control_call *call, struct control_fault *ret_fault)
{
    const struct resource_id *id = &call->id;
    if (!id->group.data || id->count == 4 ||
        resource_store_get(call->control->store, resource_id_prefix_key(id, 4)))
        return true;
    control_fault_set(ret_fault, 404, "ResourceGroupNotFound", "Resource group '%.*s' could not be found.",
                      BYTES_FMT(id->group));
    return false;
}

bool control_check_subscription(struct control_call *call, struct control_fault *ret_fault)
{
    struct bytes asked = call->id.subscription;
    if (!asked.data || bytes_equal_nocase(asked, bytes_of_cstr(call->control->subscription)))
        return true;
    control_fault_set(
        ret_fault, 404, "SubscriptionNotFound",
        "The subscription '%.*s' could not be found. There is one: GET /subscriptions tells its id.",
        BYTES_FMT(bytes_slice(asked, 0, 64)));
    return false;
}
