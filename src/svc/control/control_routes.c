/* SPDX-License-Identifier: MIT */
/* control_routes.c — the rows, and from a path to what is asked for. The rows know methods and permissions only: what a path
 * below a subscription means is read from its id, since a pattern cannot hold a resource of any depth. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/template/relaxed.h"
#include "svc/control/control_internal.h"
#include "wire/http1/uri.h"

#define VERSION_SIZE_MAX 32

static void on_request(void *context, struct http_request *request);

#define VERSION "api-version!"
#define LIST    VERSION " $top $filter $skipToken"
#define BODY    .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_COMMON

/* ORDER: what everybody who is known may see comes before what needs a role. */
const struct http_route control_routes[] = {
    {"GET", "/subscriptions", VERSION, ACCESS_SIGNED_IN, .handle = on_request,
     .summary = "Subscriptions: there is one"},
    {"GET", "/tenants", VERSION, ACCESS_SIGNED_IN, .handle = on_request, .summary = "Tenants: there is one"},
    {"GET", "/subscriptions/{id}/locations", VERSION, ACCESS_SIGNED_IN, .handle = on_request,
     .summary = "Names of regions, which all mean this server"},
    {"GET", "/subscriptions/{id}/providers", VERSION, ACCESS_SIGNED_IN, .handle = on_request,
     .summary = "Types of resources"},
    {"GET", "/subscriptions/{id}/providers/{namespace}", VERSION, ACCESS_SIGNED_IN, .handle = on_request,
     .summary = "Types of resources of a namespace"},
    {"GET", "/subscriptions/{id}/resourceGroups", LIST, ACCESS_SIGNED_IN, .handle = on_request,
     .summary = "List resource groups that the caller may see"},
    {"GET", "/subscriptions/{id}/resources", LIST, ACCESS_SIGNED_IN, .handle = on_request,
     .summary = "List resources that the caller may see"},
    /* What an app writes may hold what only those who run it should read. */
    {"GET", "/subscriptions/{resource*}/logstream", "api-version follow output tailLines",
     ACCESS_CONTROL_WRITE, .handle = control_log_request,
     .summary = "What a container app writes, also as it goes on"},
    {"GET", "/subscriptions/{resource*}", LIST, ACCESS_CONTROL_READ, .handle = on_request,
     .summary = "A resource, or a list of them"},
    {"PUT", "/subscriptions/{resource*}", VERSION, ACCESS_CONTROL_WRITE, BODY, .handle = on_request,
     .summary = "Make or replace a resource"},
    {"PATCH", "/subscriptions/{resource*}", VERSION, ACCESS_CONTROL_WRITE, BODY, .handle = on_request,
     .summary = "Change a resource"},
    {"DELETE", "/subscriptions/{resource*}", VERSION, ACCESS_CONTROL_WRITE, .handle = on_request,
     .summary = "Delete a resource and what is in it"},
    /* checkAccess is a question; all others want CONTROL_WRITE: may_act. */
    {"POST", "/subscriptions/{resource*}", VERSION, ACCESS_CONTROL_READ, .handle = on_request,
     .summary = "An action of a resource, such as listSecrets: control-write, but for checkAccess"},
    {"GET", "/providers/{resource*}", LIST, ACCESS_CONTROL_READ, .handle = on_request,
     .summary = "What belongs to no subscription, such as role definitions"},
};
const size_t control_route_count = ARRAY_SIZE(control_routes);

void control_resource(void *context, struct http_request *request, struct buf *out)
{
    CLEANUP(arena_fini) struct arena arena;
    struct resource_id id;
    (void)context;
    arena_init(&arena, 0);
    if (resource_id_parse(&arena, http_request_path(request), &id, NULL) == STATUS_OK)
        buf_append_bytes(out, id.text);
}

const struct principal *control_caller(const struct control_call *call)
{
    const struct http_request *request =
        call->deployment ? deployment_request(call->deployment) : call->request;
    return request ? http_request_principal((struct http_request *)request) : NULL;
}

bool control_may(const struct control_call *call, enum access_permission permission, struct bytes resource)
{
    const struct principal *caller = control_caller(call);
    return caller &&
           access_decide_at(caller, permission, BYTES_LITERAL("/control"), resource) == ACCESS_GRANTED;
}

/* --- before anything is looked for --- */

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

/* `since`: the first date that is taken; "" for what is no resource. */
static bool check_version(struct control_call *call, const char *since, struct control_fault *ret_fault)
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

/* What `versions` begins with. */
static const char *first_version(struct control_call *call, const struct control_type *type)
{
    struct bytes rest = bytes_of_cstr(type ? type->versions : "");
    const char *first = arena_cstr(&call->arena, bytes_split(&rest, ' '));
    return text_or(first, "");
}

/* Templates come with comments and names without quotes; the cloud's az sends one itself. */
static bool is_template(const struct resource_id *id)
{
    return id->provider + 2 < id->count &&
           bytes_equal_nocase(id->segments[id->provider + 1], BYTES_LITERAL("Microsoft.Resources")) &&
           bytes_equal_nocase(id->segments[id->provider + 2], BYTES_LITERAL("deployments"));
}

static bool take_body(struct control_call *call, struct control_fault *ret_fault)
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

/* --- what a path means --- */

static bool is_segment(const struct resource_id *id, size_t index, const char *word)
{
    return index < id->count && bytes_equal_nocase(id->segments[index], bytes_of_cstr(word));
}

static bool is_method(const struct control_call *call, const char *method)
{
    return strcmp(call->method, method) == 0;
}

static bool is_reading(const struct control_call *call)
{
    return is_method(call, "GET") || is_method(call, "HEAD");
}

/* Cuts the id behind `count` segments: what followed was a collection or an action. */
static bool cut(struct control_call *call, size_t count)
{
    struct bytes text = resource_id_prefix(&call->id, count);
    return resource_id_parse(&call->arena, text, &call->id, NULL) == STATUS_OK;
}

/* "schedulers/taskHubs" of the `pairs` pairs behind the namespace; NULL without memory. */
static struct bytes type_text(struct control_call *call, size_t first, size_t types)
{
    struct buf text = {.limit = RESOURCE_ID_SIZE_MAX};
    for (size_t i = 0; i < types; i++) {
        if (i)
            buf_append_byte(&text, '/');
        buf_append_bytes(&text, call->id.segments[first + 2 * i]);
    }
    struct bytes copy = arena_copy(&call->arena, buf_peek(&text));
    buf_fini(&text);
    return copy;
}

static void fail(struct control_call *call, const struct control_fault *fault)
{
    control_answer_fault(call, fault);
    control_call_destroy(call);
}

static void fail_path(struct control_call *call)
{
    struct control_fault fault = {0};
    control_fault_set(&fault, 404, "InvalidResourceType",
                      "This path names no resource, list or action that is known.");
    fail(call, &fault);
}

static void done(struct control_call *call)
{
    control_call_destroy(call);
}

static bool find_type(struct control_call *call, struct bytes space, struct bytes type,
                      struct control_fault *ret_fault)
{
    bool space_known = false;
    call->type = control_type_find(space, type, &space_known);
    if (call->type)
        return true;
    if (space_known)
        control_fault_set(ret_fault, 404, "InvalidResourceType",
                          "The resource type '%.*s' could not be found in the namespace '%.*s'.",
                          BYTES_FMT(type), BYTES_FMT(space));
    else
        control_fault_set(ret_fault, 404, "InvalidResourceNamespace",
                          "The resource namespace '%.*s' is invalid.", BYTES_FMT(space));
    return false;
}

static void change_or_get(struct control_call *call)
{
    if (is_reading(call)) {
        control_get(call);
        done(call);
        return;
    }
    call->merge = is_method(call, "PATCH");
    call->erase = is_method(call, "DELETE");
    if (!call->erase && !call->body) {
        struct control_fault fault = {0};
        control_fault_set(&fault, 400, "InvalidRequestContent",
                          "The request has no content: send a JSON object.");
        fail(call, &fault);
        return;
    }
    control_enqueue(call);
}

/* POST {scope}/providers/Microsoft.Authorization/checkAccess: what somebody may, which whoever may read may ask. */
static bool asks_for_access(const struct control_call *call)
{
    const struct resource_id *id = &call->id;
    return is_method(call, "POST") && id->count == id->provider + 3 &&
           is_segment(id, id->provider + 1, "Microsoft.Authorization") &&
           is_segment(id, id->provider + 2, "checkAccess");
}

static void refuse_access(const struct control_call *call, struct control_fault *ret_fault)
{
    CLEANUP(buf_fini) struct buf words = {.limit = sizeof ret_fault->message};
    const struct principal *caller = control_caller(call);
    if (caller)
        access_explain(caller, ACCESS_CONTROL_WRITE, call->id.text, &words);
    else
        buf_append_cstr(&words, "whoever asked for this has left");
    control_fault_set(ret_fault, 403, "AuthorizationFailed", "%.*s", BYTES_FMT(buf_peek(&words)));
}

/* The row of POST lets in whoever may read. */
static bool may_act(const struct control_call *call, struct control_fault *ret_fault)
{
    if (!is_method(call, "POST") || asks_for_access(call) ||
        control_may(call, ACCESS_CONTROL_WRITE, call->id.text))
        return true;
    refuse_access(call, ret_fault);
    return false;
}

/* What is behind "providers": a list of namespaces, one, or a type with what is asked of it. */
static void route_provider(struct control_call *call)
{
    struct resource_id *id = &call->id;
    struct control_fault fault = {0};
    size_t behind = id->count - id->provider - 1;
    struct bytes space = behind ? id->segments[id->provider + 1] : (struct bytes){0};
    size_t first = id->provider + 2; /* the first type */
    bool registers = behind == 2 && is_method(call, "POST") &&
                     (is_segment(id, first, "register") || is_segment(id, first, "unregister"));

    if (behind < 2 || registers) {
        if (!registers && !is_reading(call))
            fail_path(call);
        else if (!check_version(call, "", &fault))
            fail(call, &fault);
        else {
            if (behind == 0)
                control_show_providers(call);
            else
                control_show_provider(call, space);
            done(call);
        }
        return;
    }

    if (asks_for_access(call)) {
        if (check_version(call, "", &fault)) {
            control_check_access(call);
            done(call);
        } else {
            fail(call, &fault);
        }
        return;
    }

    size_t segments = behind - 1; /* type, name, type, … */
    bool whole = segments % 2 == 0;
    size_t types = whole || is_reading(call) ? (segments + 1) / 2 : segments / 2;
    bool acts = !whole && is_method(call, "POST");
    if ((!whole && !acts && !is_reading(call)) || types == 0) {
        fail_path(call);
        return;
    }
    struct bytes action = acts ? arena_copy(&call->arena, id->segments[id->count - 1]) : (struct bytes){0};
    if (!find_type(call, space, type_text(call, first, types), &fault) ||
        !check_version(call, first_version(call, call->type), &fault)) {
        fail(call, &fault);
        return;
    }
    if (!whole && !cut(call, id->count - 1)) {
        fail_path(call);
        return;
    }
    if (call->type->serve && !acts) {
        call->erase = is_method(call, "DELETE");
        call->type->serve(call, whole ? control_name_of(&call->id) : BYTES_LITERAL(""));
        return;
    }
    if (acts) {
        enum control_act became = call->type->act ? call->type->act(call, action) : CONTROL_ACT_NONE;
        if (became == CONTROL_ACT_NONE)
            fail_path(call);
        else if (became == CONTROL_ACT_CHANGES)
            control_enqueue(call);
        else
            done(call);
    } else if (!whole) {
        control_list(call, call->type);
        done(call);
    } else {
        change_or_get(call);
    }
}

/* The cloud's SDKs leave the namespace out in front of a deployment's operations. */
static bool completes_deployment(struct control_call *call)
{
    struct resource_id *id = &call->id;
    if (id->count != 7 || !is_segment(id, 4, "deployments") || !is_segment(id, 6, "operations"))
        return false;
    struct bytes group = resource_id_prefix(id, 4);
    char *whole = arena_fmt(&call->arena, "%.*s/providers/Microsoft.Resources/deployments/%.*s/operations",
                            BYTES_FMT(group), BYTES_FMT(id->segments[5]));
    return whole && resource_id_parse(&call->arena, bytes_of_cstr(whole), id, NULL) == STATUS_OK;
}

static void route_group(struct control_call *call)
{
    struct control_fault fault = {0};
    if (is_reading(call) && completes_deployment(call)) {
        route_provider(call);
        return;
    }
    bool listed = call->id.count == 5 && is_segment(&call->id, 4, "resources") && is_reading(call);
    call->type =
        control_type_find(BYTES_LITERAL("Microsoft.Resources"), BYTES_LITERAL("resourceGroups"), &(bool){0});
    if (!check_version(call, first_version(call, call->type), &fault)) {
        fail(call, &fault);
    } else if (listed && cut(call, 4)) {
        control_list(call, NULL);
        done(call);
    } else if (call->id.count == 4 && !is_method(call, "POST")) {
        change_or_get(call);
    } else {
        fail_path(call);
    }
}

static void route_subscription(struct control_call *call)
{
    static const struct {
        const char *word;
        void (*show)(struct control_call *call);
    } words[] = {{"locations", control_show_locations}};
    struct control_fault fault = {0};
    const struct resource_id *id = &call->id;
    if (!check_version(call, "", &fault)) {
        fail(call, &fault);
        return;
    }
    if (is_reading(call) && id->count == 2) {
        control_show_subscription(call);
        done(call);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (is_reading(call) && id->count == 3 && is_segment(id, 2, words[i].word)) {
            words[i].show(call);
            done(call);
            return;
        }
    }
    bool groups = is_segment(id, 2, "resourceGroups");
    if (!is_reading(call) || id->count != 3 || (!groups && !is_segment(id, 2, "resources"))) {
        fail_path(call);
        return;
    }
    if (groups)
        call->type = control_type_find(BYTES_LITERAL("Microsoft.Resources"), BYTES_LITERAL("resourceGroups"),
                                       &(bool){0});
    if (!cut(call, 2)) {
        fail_path(call);
        return;
    }
    control_list(call, call->type);
    done(call);
}

static void route_root(struct control_call *call)
{
    struct control_fault fault = {0};
    if (!check_version(call, "", &fault)) {
        fail(call, &fault);
        return;
    }
    if (is_segment(&call->id, 0, "subscriptions") && call->id.count == 1)
        control_show_subscriptions(call);
    else if (is_segment(&call->id, 0, "tenants") && call->id.count == 1)
        control_show_tenants(call);
    else {
        fail_path(call);
        return;
    }
    done(call);
}

/* The group of whatever is in one; not of the group itself. */
static bool group_is_there(struct control_call *call, struct control_fault *ret_fault)
{
    const struct resource_id *id = &call->id;
    if (!id->group.data || id->count == 4 ||
        resource_store_get(call->control->store, resource_id_prefix_key(id, 4)))
        return true;
    control_fault_set(ret_fault, 404, "ResourceGroupNotFound", "Resource group '%.*s' could not be found.",
                      BYTES_FMT(id->group));
    return false;
}

static bool subscription_is_ours(struct control_call *call, struct control_fault *ret_fault)
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

static void route(struct control_call *call)
{
    struct control_fault fault = {0};
    const struct resource_id *id = &call->id;
    if (!may_act(call, &fault) || !subscription_is_ours(call, &fault) || !group_is_there(call, &fault) ||
        !take_body(call, &fault))
        fail(call, &fault);
    else if (id->provider < id->count)
        route_provider(call);
    else if (id->group.data)
        route_group(call);
    else if (id->subscription.data)
        route_subscription(call);
    else
        route_root(call);
}

/* --- a part of a deployment --- */

/* ORDER: as for a request: whether the place is there, whether the caller may, what it is. */
void control_route_part(struct control_call *call)
{
    struct control_fault fault = {0};
    call->type = control_type_of(&call->id);
    if (!subscription_is_ours(call, &fault) || !group_is_there(call, &fault)) {
        fail(call, &fault);
        return;
    }
    if (!control_may(call, ACCESS_CONTROL_WRITE, call->id.text)) {
        refuse_access(call, &fault);
        fail(call, &fault);
    } else if (!call->type) {
        fail_path(call);
    } else if (call->type->serve == control_serve_assignments) {
        call->type->serve(call, control_name_of(&call->id));
    } else if (call->type->serve && !call->verbatim) {
        control_fault_set(&fault, 400, "InvalidResourceType", "'%s/%s' cannot be part of a deployment.",
                          call->type->space, call->type->type);
        fail(call, &fault);
    } else {
        control_enqueue(call);
    }
}

/* --- a request --- */

static void on_gone(void *context)
{
    struct control_call *call = context;
    call->request = NULL; /* a change goes on: it may be on disk already */
}

/* One of the rows'. */
static const char *method_of(struct http_request *request)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"};
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (bytes_equal_cstr(http_request_method(request), methods[i]))
            return methods[i];
    return "";
}

static void on_request(void *context, struct http_request *request)
{
    struct control_call *call = calloc(1, sizeof *call);
    struct control_fault fault = {0};
    struct err error = {0};
    control_add_headers(request);
    if (!call) {
        http_respond(request, 503, NULL, (struct bytes){0});
        return;
    }
    call->control = context;
    call->request = request;
    call->method = method_of(request);
    list_init(&call->link);
    arena_init(&call->arena, (size_t)4 << 20);
    http_request_on_gone(request, on_gone, call);
    const struct principal *caller = http_request_principal(request);
    call->author = directory_author(caller->id, caller->name);

    enum status status = resource_id_parse(&call->arena, http_request_path(request), &call->id, &error);
    if (status == STATUS_OK) {
        route(call);
        return;
    }
    control_fault_set(&fault, status == STATUS_NO_MEMORY ? 503 : 400, "InvalidResourceId", "%s", error.text);
    fail(call, &fault);
}
