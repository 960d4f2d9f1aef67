/* SPDX-License-Identifier: MIT */
/* control_path.c — what a path means. First what all paths need; then, from the innermost of a path outwards, what is behind
 * "providers", in a group, in a subscription, at the root; last the two who ask: a request, and a part of a deployment. */
#include <string.h>

#include "base/text.h"
#include "svc/control/control_internal.h"

static bool is_reading(const struct control_call *call)
{
    return control_is_method(call, "GET") || control_is_method(call, "HEAD");
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

void control_fail(struct control_call *call, const struct control_fault *fault)
{
    control_answer_fault(call, fault);
    control_call_destroy(call);
}

static void fail_path(struct control_call *call)
{
    struct control_fault fault = {0};
    control_fault_set(&fault, 404, "InvalidResourceType",
                      "This path names no resource, list or action that is known.");
    control_fail(call, &fault);
}

static void done(struct control_call *call)
{
    control_call_destroy(call);
}

/* What `versions` begins with. */
static const char *first_version(struct control_call *call, const struct control_type *type)
{
    struct bytes rest = bytes_of_cstr(type ? type->versions : "");
    const char *first = arena_cstr(&call->arena, bytes_split(&rest, ' '));
    return text_or(first, "");
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
    call->merge = control_is_method(call, "PATCH");
    call->erase = control_is_method(call, "DELETE");
    if (!call->erase && !call->body) {
        struct control_fault fault = {0};
        control_fault_set(&fault, 400, "InvalidRequestContent",
                          "The request has no content: send a JSON object.");
        control_fail(call, &fault);
        return;
    }
    control_enqueue(call);
}

/* A list of namespaces, or one; registering one is answered by showing it, since all are there. */
static void route_namespace(struct control_call *call, struct bytes space)
{
    struct control_fault fault = {0};
    if (!control_check_version(call, "", &fault)) {
        control_fail(call, &fault);
        return;
    }
    if (space.data)
        control_show_provider(call, space);
    else
        control_show_providers(call);
    done(call);
}

static void route_access(struct control_call *call)
{
    struct control_fault fault = {0};
    if (!control_check_version(call, "", &fault)) {
        control_fail(call, &fault);
        return;
    }
    control_check_access(call);
    done(call);
}

static void act(struct control_call *call, struct bytes action)
{
    enum control_act became = call->type->act ? call->type->act(call, action) : CONTROL_ACT_NONE;
    switch (became) {
    case CONTROL_ACT_NONE:
        fail_path(call);
        return;
    case CONTROL_ACT_CHANGES:
        control_enqueue(call);
        return;
    case CONTROL_ACT_DONE:
        done(call);
        return;
    }
}

/* A resource, a list or an action of the type that `segments` say: type, name, type, … An odd number of them is a list, or,
 * under POST, the last one is an action. */
static void route_type(struct control_call *call, struct bytes space, size_t segments)
{
    struct resource_id *id = &call->id;
    struct control_fault fault = {0};
    size_t first = id->provider + 2; /* the first type */
    bool whole = segments % 2 == 0;
    bool acts = !whole && control_is_method(call, "POST");
    /* What is at a place where it cannot be made is not there: it may be asked for, and deleted. */
    bool makes = !is_reading(call) && !control_is_method(call, "DELETE");
    size_t types = acts ? segments / 2 : (segments + 1) / 2;
    if ((!whole && !acts && !is_reading(call)) || types == 0) {
        fail_path(call);
        return;
    }

    /* ORDER: the action is copied before `cut` takes it from the id. */
    struct bytes action = {0};
    if (acts)
        action = arena_copy(&call->arena, id->segments[id->count - 1]);
    if (!find_type(call, space, type_text(call, first, types), &fault) ||
        !control_check_version(call, first_version(call, call->type), &fault) ||
        (makes && !control_check_place(call, &fault))) {
        control_fail(call, &fault);
        return;
    }
    if (!whole && !cut(call, id->count - 1)) {
        fail_path(call);
        return;
    }

    if (acts) {
        act(call, action);
    } else if (call->type->serve) {
        call->erase = control_is_method(call, "DELETE");
        call->type->serve(call, whole ? control_name_of(&call->id) : BYTES_LITERAL(""));
    } else if (whole) {
        change_or_get(call);
    } else {
        control_list(call, call->type);
        done(call);
    }
}

/* What is behind "providers": a list of namespaces, one, or a type with what is asked of it. */
static void route_provider(struct control_call *call)
{
    const struct resource_id *id = &call->id;
    size_t behind = id->count - id->provider - 1;
    struct bytes space = behind ? id->segments[id->provider + 1] : (struct bytes){0};
    size_t first = id->provider + 2;
    bool registers =
        behind == 2 && control_is_method(call, "POST") &&
        (control_is_segment(id, first, "register") || control_is_segment(id, first, "unregister"));

    if (registers || (behind < 2 && is_reading(call)))
        route_namespace(call, space);
    else if (behind < 2)
        fail_path(call);
    else if (control_asks_for_access(call))
        route_access(call);
    else
        route_type(call, space, behind - 1);
}

/* The cloud's SDKs leave the namespace out in front of a deployment's operations. */
static bool completes_deployment(struct control_call *call)
{
    struct resource_id *id = &call->id;
    if (id->count != 7 || !control_is_segment(id, 4, "deployments") ||
        !control_is_segment(id, 6, "operations"))
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
    bool listed = call->id.count == 5 && control_is_segment(&call->id, 4, "resources") && is_reading(call);
    call->type =
        control_type_find(BYTES_LITERAL("Microsoft.Resources"), BYTES_LITERAL("resourceGroups"), &(bool){0});
    if (!control_check_version(call, first_version(call, call->type), &fault)) {
        control_fail(call, &fault);
    } else if (listed && cut(call, 4)) {
        control_list(call, NULL);
        done(call);
    } else if (call->id.count == 4 && !control_is_method(call, "POST")) {
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
    if (!control_check_version(call, "", &fault)) {
        control_fail(call, &fault);
        return;
    }
    if (is_reading(call) && id->count == 2) {
        control_show_subscription(call);
        done(call);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (is_reading(call) && id->count == 3 && control_is_segment(id, 2, words[i].word)) {
            words[i].show(call);
            done(call);
            return;
        }
    }
    bool groups = control_is_segment(id, 2, "resourceGroups");
    if (!is_reading(call) || id->count != 3 || (!groups && !control_is_segment(id, 2, "resources"))) {
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
    if (!control_check_version(call, "", &fault)) {
        control_fail(call, &fault);
        return;
    }
    if (control_is_segment(&call->id, 0, "subscriptions") && call->id.count == 1)
        control_show_subscriptions(call);
    else if (control_is_segment(&call->id, 0, "tenants") && call->id.count == 1)
        control_show_tenants(call);
    else {
        fail_path(call);
        return;
    }
    done(call);
}

void control_route(struct control_call *call)
{
    struct control_fault fault = {0};
    const struct resource_id *id = &call->id;
    if (!control_check_act(call, &fault) || !control_check_subscription(call, &fault) ||
        !control_check_group(call, &fault) || !control_take_body(call, &fault))
        control_fail(call, &fault);
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
    if (!control_check_subscription(call, &fault) || !control_check_group(call, &fault)) {
        control_fail(call, &fault);
        return;
    }
    if (!control_may(call, ACCESS_CONTROL_WRITE, call->id.text)) {
        control_refuse_access(call, &fault);
        control_fail(call, &fault);
    } else if (!call->type) {
        fail_path(call);
    } else if (!control_check_place(call, &fault)) {
        control_fail(call, &fault);
    } else if (call->type->serve == control_serve_assignments) {
        call->type->serve(call, control_name_of(&call->id));
    } else if (call->type->serve && !call->verbatim) {
        control_fault_set(&fault, 400, "InvalidResourceType", "'%s/%s' cannot be part of a deployment.",
                          call->type->space, call->type->type);
        control_fail(call, &fault);
    } else {
        control_enqueue(call);
    }
}
