/* SPDX-License-Identifier: MIT */
/* template_resources.c — from what is written to a list: loops are walked, children found in their parents, ids put together. */
#include "core/template/template_resources.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "wire/json/json.h"

#define CHILDREN_DEEP 4

/* One entry of "resources", with what is known of it from around it. */
struct written_resource {
    const json_t *written;
    const char *symbol;
    const char *parent_type, *parent_name, *parent_id; /* NULL: it stands by itself */
    int depth;
};

static enum status add_entry(struct deployment_plan *plan, struct template_scope *scope,
                             const struct written_resource *entry);

struct template_scope template_scope_of(struct deployment_plan *plan, struct err *err)
{
    return (struct template_scope){.functions = plan->functions,
                                   .place = plan->place,
                                   .world = plan->world,
                                   .budget = &plan->budget,
                                   .parameters = plan->parameters,
                                   .variables = json_object_get(plan->written, "variables"),
                                   .values = plan->variables,
                                   .err = err};
}

/* --- texts --- */

/* A member that is a text once it is evaluated, without NUL, kept with the template; NULL with the error. */
static const char *take_text(struct deployment_plan *plan, struct template_scope *scope,
                             const json_t *written, const char *name)
{
    CLEANUP(json_release) json_t *value = NULL;
    const char *text;
    if (!json_object_get(written, name))
        return (const char *)template_fail(scope, STATUS_INVALID_ARGUMENT, "a resource has no '%s'", name);
    value = template_value(scope, json_object_get(written, name));
    if (!value || !template_cstr(scope, value, name, &text))
        return NULL;
    const char *kept = arena_fmt(&plan->arena, "%s", text);
    return kept ? kept : (const char *)template_no_memory(scope);
}

/* --- ids --- */

/* "/subscriptions/…", where the resource lies: what it says by `scope`, or the place of the deployment. */
static bool append_scope(struct deployment_plan *plan, struct template_scope *scope, const json_t *written,
                         struct buf *out)
{
    const struct template_place *place = plan->place;
    if (json_object_get(written, "scope")) {
        const char *said = take_text(plan, scope, written, "scope");
        if (!said)
            return false;
        if (said[0] == '/') {
            buf_append_cstr(out, strcmp(said, "/") == 0 ? "" : said);
            return true;
        }
        /* "Microsoft.App/sessionPools/name": in the same place. */
        buf_append_fmt(out, "/subscriptions/%s", place->subscription);
        if (place->group)
            buf_append_fmt(out, "/resourceGroups/%s", place->group);
        struct bytes rest = bytes_of_cstr(said);
        struct bytes space = bytes_split(&rest, '/');
        buf_append_fmt(out, "/providers/%.*s/%.*s", BYTES_FMT(space), BYTES_FMT(rest));
        return true;
    }
    buf_append_fmt(out, "/subscriptions/%s", place->subscription);
    if (json_object_get(written, "resourceGroup")) {
        const char *group = take_text(plan, scope, written, "resourceGroup");
        if (!group)
            return false;
        buf_append_fmt(out, "/resourceGroups/%s", group);
    } else if (place->group) {
        buf_append_fmt(out, "/resourceGroups/%s", place->group);
    }
    return true;
}

/* The type and the name in turn: "Ns/a/b" and "x/y" are "/providers/Ns/a/x/b/y"; a part of the type that is "providers" begins
 * another id behind the first. */
static bool append_path(const char *type, const char *name, struct buf *out)
{
    struct bytes types = bytes_of_cstr(type);
    struct bytes names = bytes_of_cstr(name);
    struct bytes space = bytes_split(&types, '/');
    buf_append_fmt(out, "/providers/%.*s", BYTES_FMT(space));
    while (types.size > 0 && names.size > 0) {
        struct bytes kind = bytes_split(&types, '/');
        struct bytes one = bytes_split(&names, '/');
        buf_append_fmt(out, "/%.*s/%.*s", BYTES_FMT(kind), BYTES_FMT(one));
    }
    return types.size == 0 && names.size == 0;
}

static const char *make_id(struct deployment_plan *plan, struct template_scope *scope, const json_t *written,
                           const struct template_resource *resource)
{
    struct buf out = {0};
    const char *id = NULL;
    bool group = bytes_equal_nocase(bytes_of_cstr(resource->type),
                                    BYTES_LITERAL("Microsoft.Resources/resourceGroups"));
    if (group) {
        buf_append_fmt(&out, "/subscriptions/%s/resourceGroups/%s", plan->place->subscription,
                       resource->name);
        id = arena_cstr(&plan->arena, buf_peek(&out));
    } else if (append_scope(plan, scope, written, &out)) {
        if (append_path(resource->type, resource->name, &out))
            id = buf_status(&out) == STATUS_OK ? arena_cstr(&plan->arena, buf_peek(&out)) : NULL;
        else
            (void)template_fail(scope, STATUS_INVALID_ARGUMENT,
                                "the type '%.80s' has another number of parts than the name '%.80s'",
                                resource->type, resource->name);
    }
    buf_fini(&out);
    if (!id && !scope->err->text[0])
        (void)template_no_memory(scope);
    return id;
}

/* --- one resource --- */

static bool take_needs(struct deployment_plan *plan, struct template_scope *scope,
                       const struct written_resource *entry, struct template_resource *resource)
{
    const json_t *written = json_object_get(entry->written, "dependsOn");
    CLEANUP(json_release) json_t *needs = written ? template_value(scope, written) : json_array();
    size_t count = json_array_size(needs) + (entry->parent_id ? 1 : 0);
    if (!needs)
        return false;
    plan->need_count += count;
    if (!json_is_array(needs) || plan->need_count > TEMPLATE_NEEDS_MAX)
        return template_fail(scope, STATUS_INVALID_ARGUMENT,
                             "dependsOn is an array, and all have at most %d items", TEMPLATE_NEEDS_MAX);
    resource->needs = arena_alloc_array(&plan->arena, count + 1, sizeof *resource->needs);
    bool memory = resource->needs != NULL;
    for (size_t i = 0; i < json_array_size(needs) && memory; i++) {
        const char *one;
        if (!template_cstr(scope, json_array_get(needs, i), "an item of dependsOn", &one))
            return false;
        const char *kept = arena_fmt(&plan->arena, "%s", one);
        resource->needs[resource->need_count++] = (struct template_need){.name = kept};
        memory = kept != NULL;
    }
    if (memory && entry->parent_id)
        resource->needs[resource->need_count++] = (struct template_need){.name = entry->parent_id};
    return memory || template_no_memory(scope);
}

static bool take_condition(struct template_scope *scope, const json_t *written, bool *ret_made)
{
    const json_t *asked = json_object_get(written, "condition");
    CLEANUP(json_release) json_t *value = asked ? template_value(scope, asked) : json_true();
    *ret_made = json_is_true(value) && !json_is_true(json_object_get(written, "existing"));
    if (value && !json_is_boolean(value))
        return template_fail(scope, STATUS_INVALID_ARGUMENT, "a condition must be true or false");
    return value != NULL;
}

static bool take_name(struct deployment_plan *plan, struct template_scope *scope,
                      const struct written_resource *entry, struct template_resource *resource)
{
    const char *type = take_text(plan, scope, entry->written, "type");
    const char *name = type ? take_text(plan, scope, entry->written, "name") : NULL;
    if (!name)
        return false;
    if (entry->parent_type) {
        type = arena_fmt(&plan->arena, "%s/%s", entry->parent_type, type);
        name = arena_fmt(&plan->arena, "%s/%s", entry->parent_name, name);
    }
    resource->type = type;
    resource->name = name;
    resource->version = take_text(plan, scope, entry->written, "apiVersion");
    return type && name && resource->version;
}

static struct template_resource *room(struct deployment_plan *plan, struct template_scope *scope)
{
    if (plan->resource_count == TEMPLATE_RESOURCES_MAX)
        return (struct template_resource *)template_fail(
            scope, STATUS_TOO_LARGE, "a template makes at most %d resources", TEMPLATE_RESOURCES_MAX);
    if (plan->resource_count == plan->resource_room) {
        size_t wanted = plan->resource_room ? 2 * plan->resource_room : 16;
        struct template_resource *more = realloc(plan->resources, wanted * sizeof *more);
        if (!more)
            return (struct template_resource *)template_no_memory(scope);
        plan->resources = more;
        plan->resource_room = wanted;
    }
    plan->resources[plan->resource_count] = (struct template_resource){0};
    return &plan->resources[plan->resource_count++];
}

static enum status add_children(struct deployment_plan *plan, struct template_scope *scope,
                                const struct written_resource *parent,
                                const struct template_resource *resource)
{
    const json_t *children = json_object_get(parent->written, "resources");
    if (json_array_size(children) > 0 && parent->depth == CHILDREN_DEEP)
        return err_set(scope->err, STATUS_TOO_LARGE, "resources lie within each other more than %d deep",
                       CHILDREN_DEEP);
    /* The place of the parent moves when the list grows. */
    struct written_resource child = {.parent_type = resource->type,
                                     .parent_name = resource->name,
                                     .parent_id = resource->id,
                                     .depth = parent->depth + 1};
    for (size_t i = 0; i < json_array_size(children); i++) {
        child.written = json_array_get(children, i);
        enum status status = add_entry(plan, scope, &child);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status add_one(struct deployment_plan *plan, struct template_scope *scope,
                           const struct written_resource *entry, const char *loop)
{
    struct template_resource *resource = room(plan, scope);
    bool made = false;
    bool good = resource && take_condition(scope, entry->written, &made);
    if (good) {
        resource->written = entry->written;
        resource->symbol = entry->symbol;
        resource->phase = made ? TEMPLATE_WAITS : TEMPLATE_LEFT_OUT;
        resource->loop = loop;
        memcpy(resource->rounds, scope->loops, sizeof resource->rounds);
        resource->round_count = scope->loop_count;
        good = take_name(plan, scope, entry, resource);
    }
    if (good)
        resource->id = make_id(plan, scope, entry->written, resource);
    if (!good || !resource->id || (made && !take_needs(plan, scope, entry, resource)))
        return err_wrap(scope->err, "resource %zu", plan->resource_count);
    return made ? add_children(plan, scope, entry, resource) : STATUS_OK;
}

static enum status add_rounds(struct deployment_plan *plan, struct template_scope *scope,
                              const struct written_resource *entry, const json_t *copy)
{
    CLEANUP(json_release) json_t *count = template_value(scope, json_object_get(copy, "count"));
    const char *name = count ? take_text(plan, scope, copy, "name") : NULL;
    if (!name)
        return scope->err->status;
    if (!json_is_integer(count) || json_integer_value(count) < 0 ||
        json_integer_value(count) > TEMPLATE_COPIES_MAX || scope->loop_count == TEMPLATE_LOOPS_MAX)
        return err_set(scope->err, STATUS_INVALID_ARGUMENT, "a loop has 0 to %d rounds", TEMPLATE_COPIES_MAX);
    enum status status = STATUS_OK;
    size_t place = scope->loop_count++;
    for (json_int_t i = 0; i < json_integer_value(count) && status == STATUS_OK; i++) {
        scope->loops[place] = (struct template_loop){name, i};
        status = add_one(plan, scope, entry, name);
    }
    scope->loop_count--;
    return status;
}

static enum status add_entry(struct deployment_plan *plan, struct template_scope *scope,
                             const struct written_resource *entry)
{
    const json_t *copy = json_object_get(entry->written, "copy");
    if (!json_is_object(entry->written))
        return err_set(scope->err, STATUS_INVALID_ARGUMENT, "a resource must be an object");
    if (copy)
        return add_rounds(plan, scope, entry, copy);
    return add_one(plan, scope, entry, NULL);
}

/* --- all --- */

/* Of the same loop; children of its rounds as well. */
static bool is_round_of(const struct template_resource *resource, const struct template_resource *first)
{
    size_t place = first->round_count - 1;
    return resource->round_count > place && resource->rounds[place].name == first->rounds[place].name;
}

/* A need must be met by the template: a typing error would be seen by nobody. The rounds of a loop stand behind each other. */
static enum status find_needs(struct deployment_plan *plan, struct err *err)
{
    for (size_t i = 0; i < plan->resource_count; i++) {
        const struct template_resource *resource = &plan->resources[i];
        for (size_t k = 0; k < resource->need_count; k++) {
            struct template_need *need = &resource->needs[k];
            const struct template_resource *found = template_find(plan, bytes_of_cstr(need->name));
            if (!found)
                return err_set(err, STATUS_INVALID_ARGUMENT,
                               "the resource '%.80s' depends on '%.120s', which the template does not have",
                               resource->name, need->name);
            need->first = (size_t)(found - plan->resources);
            need->end = need->first + 1;
            bool loops =
                found->loop && bytes_equal_nocase(bytes_of_cstr(need->name), bytes_of_cstr(found->loop));
            while (loops && need->end < plan->resource_count &&
                   is_round_of(&plan->resources[need->end], found))
                need->end++;
        }
    }
    return STATUS_OK;
}

enum status template_read_resources(struct deployment_plan *plan, struct err *err)
{
    const json_t *all = json_object_get(plan->written, "resources");
    struct template_scope scope = template_scope_of(plan, err);
    enum status status = STATUS_OK;
    const char *symbol;
    json_t *one;
    for (size_t i = 0; i < json_array_size(all) && status == STATUS_OK; i++)
        status = add_entry(plan, &scope, &(struct written_resource){.written = json_array_get(all, i)});
    json_object_foreach((json_t *)(json_is_object(all) ? all : NULL), symbol, one)
    {
        if (status == STATUS_OK)
            status = add_entry(plan, &scope, &(struct written_resource){.written = one, .symbol = symbol});
    }
    if (status == STATUS_OK && all && !json_is_array(all) && !json_is_object(all))
        status = err_set(err, STATUS_INVALID_ARGUMENT, "'resources' must be an array or an object");
    if (status != STATUS_OK)
        return status;
    return find_needs(plan, err);
}

/* A group of a subscription's deployment is also written as a resource of its namespace. */
static bool is_group_id(struct bytes id, const struct template_resource *resource)
{
    static const struct bytes space = BYTES_LITERAL("/providers/Microsoft.Resources/resourceGroups/");
    size_t at = 0;
    while (at < id.size && !bytes_starts_with_nocase(bytes_slice(id, at, SIZE_MAX), space))
        at++;
    return at < id.size &&
           bytes_equal_nocase(bytes_of_cstr(resource->type),
                              BYTES_LITERAL("Microsoft.Resources/resourceGroups")) &&
           bytes_equal_nocase(bytes_slice(id, at + space.size, SIZE_MAX), bytes_of_cstr(resource->name));
}

static bool is_meant(const struct template_resource *resource, struct bytes name)
{
    const char *const names[] = {resource->id, resource->name, resource->symbol, resource->loop};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i] && bytes_equal_nocase(name, bytes_of_cstr(names[i])))
            return true;
    return is_group_id(name, resource);
}

struct template_resource *template_find(struct deployment_plan *plan, struct bytes name)
{
    for (size_t i = 0; i < plan->resource_count; i++)
        if (is_meant(&plan->resources[i], name))
            return &plan->resources[i];
    return NULL;
}

bool template_is_due(struct deployment_plan *plan, struct template_resource *resource)
{
    for (size_t k = 0; k < resource->need_count; k++) {
        struct template_need *need = &resource->needs[k];
        while (need->first < need->end && plan->resources[need->first].phase != TEMPLATE_WAITS)
            need->first++;
        bool itself = need->first < need->end && &plan->resources[need->first] == resource;
        if (need->first < need->end && !itself)
            return false;
    }
    return true;
}

/* A deployment within one, whose template does not see what is around it. */
static bool has_own_scope(const struct template_resource *resource)
{
    const json_t *properties = json_object_get(resource->written, "properties");
    const json_t *options = json_object_get(properties, "expressionEvaluationOptions");
    return bytes_equal_nocase(bytes_of_cstr(resource->type),
                              BYTES_LITERAL("Microsoft.Resources/deployments")) &&
           bytes_equal_nocase(json_member_bytes(options, "scope"), BYTES_LITERAL("inner"));
}

enum status template_body(struct deployment_plan *plan, const struct template_resource *resource,
                          json_t **ret_body, struct err *err)
{
    static const char *const words[] = {"type",      "name",     "apiVersion", "dependsOn",
                                        "condition", "copy",     "scope",      "resourceGroup",
                                        "resources", "existing", "comments",   "metadata"};
    bool nested = has_own_scope(resource);
    struct template_scope scope = template_scope_of(plan, err);
    memcpy(scope.loops, resource->rounds, sizeof scope.loops);
    scope.loop_count = resource->round_count;
    CLEANUP(json_release) json_t *rest = json_copy((json_t *)resource->written);
    for (size_t i = 0; i < ARRAY_SIZE(words) && rest; i++)
        (void)json_object_del(rest, words[i]);
    if (!rest)
        return err_no_memory(err);
    /* The template within a deployment has a scope of its own. */
    CLEANUP(json_release) json_t *inner = NULL;
    if (nested) {
        json_t *properties = json_copy(json_object_get(rest, "properties"));
        inner = json_incref(json_object_get(properties, "template"));
        (void)json_object_del(properties, "template");
        (void)json_object_set_new(rest, "properties", properties);
    }
    json_t *body = template_value(&scope, rest);
    if (!body)
        return err->status == STATUS_UNAVAILABLE ? STATUS_UNAVAILABLE
                                                 : err_wrap(err, "the resource '%.80s'", resource->name);
    if (inner)
        (void)json_object_set(json_object_get(body, "properties"), "template", inner);
    *ret_body = body;
    return STATUS_OK;
}
