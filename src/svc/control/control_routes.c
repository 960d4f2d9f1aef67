/* SPDX-License-Identifier: MIT */
/* control_routes.c — the rows, who asks and what they may, and how a request becomes a call. The rows know methods and
 * permissions only: what a path below a subscription means is read from its id (control_path.c), since a pattern cannot
 * hold a resource of any depth. */
#include <stdlib.h>

#include "svc/control/control_internal.h"

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
    /* checkAccess is a question; all others want CONTROL_WRITE: control_check_act. */
    {"POST", "/subscriptions/{resource*}", VERSION, ACCESS_CONTROL_READ, .handle = on_request,
     .summary = "An action of a resource, such as listSecrets: control-write, but for checkAccess"},
    {"GET", "/providers/{resource*}", LIST, ACCESS_CONTROL_READ, .handle = on_request,
     .summary = "What belongs to no subscription, such as role definitions"},
    /* Of these, only grants at the root can be made and deleted: control_check_place. */
    {"PUT", "/providers/{resource*}", VERSION, ACCESS_GRANT, BODY, .handle = on_request,
     .summary = "Grant a role everywhere"},
    {"DELETE", "/providers/{resource*}", VERSION, ACCESS_GRANT, .handle = on_request,
     .summary = "Take a role away that was granted everywhere"},
    {"POST", "/providers/{resource*}", VERSION, ACCESS_CONTROL_READ, .handle = on_request,
     .summary = "Ask what somebody may everywhere: checkAccess"},
};
const size_t control_route_count = ARRAY_SIZE(control_routes);

void control_resource(void *context, struct http_request *request, struct buf *out)
{
    CLEANUP(arena_fini) struct arena arena;
    struct resource_id id;
    arena_init(&arena, 0);
    if (resource_id_parse(&arena, http_request_path(request), &id, NULL) != STATUS_OK)
        return;
    /* Of grants and roles it is their scope that is asked for: nobody is granted anything at a grant. */
    struct bytes scope = resource_id_prefix(&id, id.provider);
    if (!control_is_segment(&id, id.provider + 1, "Microsoft.Authorization"))
        buf_append_bytes(out, id.text);
    else if (scope.size)
        buf_append_bytes(out, scope);
    else
        buf_append_byte(out, '/');
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
        control_route(call);
        return;
    }
    control_fault_set(&fault, status == STATUS_NO_MEMORY ? 503 : 400, "InvalidResourceId", "%s", error.text);
    control_fail(call, &fault);
}
