/* SPDX-License-Identifier: MIT */
/* functions_place.c — functions that know where the deployment takes place: ids, its parameters and variables, other resources. */
#include <stdio.h>

#include "core/template/functions.h"

#define ANY EXPRESSION_ARGUMENTS_MAX

/* --- what the template says --- */

static json_t *parameters(const struct template_call *call)
{
    struct bytes name;
    if (!template_take_text(call, 0, &name))
        return NULL;
    json_t *value = template_member(call->scope->parameters, name);
    if (value)
        return json_incref(value);
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "there is no parameter '%.*s'",
                         BYTES_FMT(bytes_slice(name, 0, 80)));
}

static json_t *variables(const struct template_call *call)
{
    struct bytes name;
    return template_take_text(call, 0, &name) ? template_variable(call->scope, name) : NULL;
}

/* copyIndex(), copyIndex(offset), copyIndex('loop'), copyIndex('loop', offset). */
static json_t *copy_index(const struct template_call *call)
{
    const struct template_scope *scope = call->scope;
    struct bytes name = call->count > 0 ? json_bytes(call->values[0]) : (struct bytes){0};
    int64_t offset = 0;
    size_t number = name.data ? 1 : 0;
    if (call->count > number && !template_take_number(call, number, &offset))
        return NULL;
    for (size_t i = scope->loop_count; i > 0; i--) {
        const struct template_loop *loop = &scope->loops[i - 1];
        int64_t index;
        if (name.data && !bytes_equal_nocase(name, bytes_of_cstr(loop->name)))
            continue;
        if (!__builtin_add_overflow(loop->index, offset, &index))
            return json_integer(index);
    }
    return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "is in no loop of that name");
}

/* --- ids --- */

/* Appends "/providers/NAMESPACE/TYPE/NAME/TYPE/NAME" of a type and the arguments from `first` on. */
static bool append_path(const struct template_call *call, struct bytes type, size_t first, struct buf *out)
{
    struct bytes space = bytes_split(&type, '/');
    size_t at = first;
    buf_append_fmt(out, "/providers/%.*s", BYTES_FMT(space));
    while (type.size > 0 && at < call->count) {
        struct bytes kind = bytes_split(&type, '/');
        struct bytes name;
        if (!template_take_text(call, at++, &name))
            return false;
        buf_append_fmt(out, "/%.*s/%.*s", BYTES_FMT(kind), BYTES_FMT(name));
    }
    if (type.size == 0 && at == call->count && space.size > 0)
        return true;
    (void)template_fail(call->scope, STATUS_INVALID_ARGUMENT,
                        "the type has another number of parts than there are names");
    return false;
}

/* The argument that is a type: the first with a '/'. Those in front name subscription and group. */
static size_t find_type(const struct template_call *call, struct bytes *ret_type)
{
    for (size_t i = 0; i < call->count; i++) {
        *ret_type = json_bytes(call->values[i]);
        if (bytes_find(*ret_type, BYTES_LITERAL("/")) < ret_type->size)
            return i;
    }
    return SIZE_MAX;
}

/* In a group where there is one or one is named. */
static json_t *id_of(const struct template_call *call, bool in_group)
{
    const struct template_place *place = call->scope->place;
    struct bytes subscription = bytes_of_cstr(place->subscription);
    struct bytes group = bytes_of_cstr(place->group);
    struct bytes type;
    size_t first = find_type(call, &type);
    if (first > (in_group ? 2u : 1u))
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT,
                             "there is no type, such as Microsoft.App/sessionPools");
    if (in_group && first > 0)
        group = json_bytes(call->values[first - 1]);
    if (first == (in_group ? 2u : 1u))
        subscription = json_bytes(call->values[0]);
    struct buf out = {0};
    buf_append_fmt(&out, "/subscriptions/%.*s", BYTES_FMT(subscription));
    if (in_group && group.size > 0)
        buf_append_fmt(&out, "/resourceGroups/%.*s", BYTES_FMT(group));
    json_t *id = NULL;
    if (append_path(call, type, first + 1, &out) && buf_status(&out) == STATUS_OK)
        id = template_text(call->scope, buf_peek(&out));
    buf_fini(&out);
    return id;
}

static json_t *resource_id(const struct template_call *call)
{
    return id_of(call, true);
}

static json_t *subscription_resource_id(const struct template_call *call)
{
    return id_of(call, false);
}

/* Behind `scope`, of the type at place `at`. */
static json_t *id_behind(const struct template_call *call, struct bytes scope, size_t at)
{
    struct bytes type;
    struct buf out = {0};
    json_t *id = NULL;
    buf_append_bytes(&out, scope);
    if (template_take_text(call, at, &type) && append_path(call, type, at + 1, &out) &&
        buf_status(&out) == STATUS_OK)
        id = template_text(call->scope, buf_peek(&out));
    buf_fini(&out);
    return id;
}

static json_t *tenant_resource_id(const struct template_call *call)
{
    return id_behind(call, BYTES_LITERAL(""), 0);
}

static json_t *extension_resource_id(const struct template_call *call)
{
    struct bytes scope;
    return template_take_text(call, 0, &scope) ? id_behind(call, scope, 1) : NULL;
}

/* --- where it takes place --- */

static json_t *subscription(const struct template_call *call)
{
    const struct template_place *place = call->scope->place;
    return json_pack("{s:s+, s:s, s:s, s:s}", "id", "/subscriptions/", place->subscription, "subscriptionId",
                     place->subscription, "tenantId", place->tenant, "displayName", "Sallyport");
}

static json_t *resource_group(const struct template_call *call)
{
    const struct template_place *place = call->scope->place;
    if (!place->group)
        return template_fail(call->scope, STATUS_INVALID_ARGUMENT, "the deployment is not one of a group");
    return json_pack("{s:s+++, s:s, s:s, s:s, s:{}, s:{s:s}}", "id", "/subscriptions/", place->subscription,
                     "/resourceGroups/", place->group, "name", place->group, "type",
                     "Microsoft.Resources/resourceGroups", "location", place->group_location, "tags",
                     "properties", "provisioningState", "Succeeded");
}

static json_t *tenant(const struct template_call *call)
{
    return json_pack("{s:s, s:s}", "tenantId", call->scope->place->tenant, "displayName", "Sallyport");
}

static json_t *deployment(const struct template_call *call)
{
    const struct template_place *place = call->scope->place;
    return json_pack("{s:s, s:s*, s:{}}", "name", place->name, "location", place->location, "properties");
}

static json_t *environment(const struct template_call *call)
{
    const char *url = call->scope->place->url;
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:{}}", "name", "Sallyport", "portal", url,
                     "resourceManager", url, "authentication", "loginEndpoint", url, "tenant",
                     call->scope->place->tenant, "suffixes");
}

/* --- other resources --- */

/* reference(id or name [, api-version [, 'Full']]). */
static json_t *reference(const struct template_call *call)
{
    const struct template_world *world = call->scope->world;
    struct bytes id;
    struct bytes full = {0};
    json_t *value = NULL;
    if (!template_take_text(call, 0, &id) || (call->count > 2 && !template_take_text(call, 2, &full)))
        return NULL;
    enum status status = world->refer(world->context, id, bytes_equal_nocase(full, BYTES_LITERAL("Full")),
                                      &value, call->scope->err);
    if (status != STATUS_OK && !call->scope->err->text[0])
        (void)err_set(call->scope->err, status, "%s", status_name(status));
    return status == STATUS_OK ? value : NULL;
}

const struct template_function template_place_functions[] = {
    {"parameters", 1, 1, parameters},
    {"variables", 1, 1, variables},
    {"copyIndex", 0, 2, copy_index},
    {"resourceId", 2, ANY, resource_id},
    {"subscriptionResourceId", 2, ANY, subscription_resource_id},
    {"tenantResourceId", 2, ANY, tenant_resource_id},
    {"extensionResourceId", 3, ANY, extension_resource_id},
    {"subscription", 0, 0, subscription},
    {"resourceGroup", 0, 0, resource_group},
    {"tenant", 0, 0, tenant},
    {"deployment", 0, 0, deployment},
    {"environment", 0, 0, environment},
    {"reference", 1, 3, reference},
    {.name = NULL},
};
