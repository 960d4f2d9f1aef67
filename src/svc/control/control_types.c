/* SPDX-License-Identifier: MIT */
/* control_types.c — the rows of all types, and what is asked of names and ids. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "svc/control/control_internal.h"

/* --- names --- */

/* `low` to `high` letters, digits and `marks`. */
static bool consists_of(struct bytes name, size_t low, size_t high, const char *marks)
{
    for (size_t i = 0; i < name.size; i++)
        if (!ascii_alnum(name.data[i]) && !strchr(marks, name.data[i]))
            return false;
    return name.size >= low && name.size <= high;
}

static bool fits_group(struct bytes name)
{
    return consists_of(name, 1, 90, "-_.()") && name.data[name.size - 1] != '.';
}

static bool fits_pool(struct bytes name)
{
    return consists_of(name, 2, 60, "-") && ascii_alpha(name.data[0]);
}

static bool fits_identity(struct bytes name)
{
    return consists_of(name, 3, 128, "-_") && ascii_alnum(name.data[0]);
}

static bool fits_scheduler(struct bytes name)
{
    return consists_of(name, 3, 64, "-");
}

static bool fits_default(struct bytes name)
{
    return bytes_equal_nocase(name, BYTES_LITERAL("default"));
}

static bool fits_deployment(struct bytes name)
{
    return consists_of(name, 1, 64, "-_.()");
}

#define DEPLOYMENT_RULE "1 to 64 letters, digits, '-', '_', '.', '(' and ')'"
#define GROUP_RULE      "1 to 90 letters, digits, '-', '_', '.', '(' and ')', no '.' at its end"
#define POOL_RULE       "2 to 60 letters, digits and '-', a letter first"
#define IDENTITY_RULE   "3 to 128 letters, digits, '-' and '_', a letter or digit first"
#define SCHEDULER_RULE  "3 to 64 letters, digits and '-'"

/* --- rows --- */

const struct control_type control_types[] = {
    {.space = "Microsoft.Resources",
     .type = "resourceGroups",
     .place = CONTROL_NOWHERE,
     .versions = "2021-04-01 2022-09-01 2023-07-01 2024-03-01 2024-11-01 2025-04-01",
     .tracked = true,
     .name_fits = fits_group,
     .name_rule = GROUP_RULE},
    {.space = "Microsoft.Resources",
     .type = "deployments",
     .place = CONTROL_IN_SUBSCRIPTION,
     .versions = "2021-04-01 2022-09-01 2023-07-01 2024-03-01 2024-11-01 2025-04-01",
     .name_fits = fits_deployment,
     .name_rule = DEPLOYMENT_RULE,
     .serve = control_serve_deployments,
     .act = control_act_deployment,
     .show = control_show_deployment},
    {.space = "Microsoft.Resources",
     .type = "deployments/operations",
     .place = CONTROL_IN_SUBSCRIPTION,
     .versions = "2021-04-01 2022-09-01 2023-07-01 2024-03-01 2024-11-01 2025-04-01",
     .serve = control_serve_operations},
    {.space = "Microsoft.App",
     .type = "sessionPools",
     .versions =
         "2024-02-02-preview 2024-08-02-preview 2024-10-02-preview 2025-01-01 2025-02-02-preview 2025-07-01",
     .tracked = true,
     .created_status = 200,
     .name_fits = fits_pool,
     .name_rule = POOL_RULE,
     .check = control_check_pool,
     .apply = control_apply_pool,
     .remove = control_remove_pool,
     .show = control_show_pool},
    {.space = "Microsoft.App",
     .type = "managedEnvironments",
     .versions = "2023-05-01 2024-03-01 2025-01-01 2025-07-01",
     .tracked = true,
     .created_status = 200,
     .name_fits = fits_pool,
     .name_rule = POOL_RULE,
     .show = control_show_environment},
    {.space = "Microsoft.App",
     .type = "containerApps",
     .versions = "2023-05-01 2024-03-01 2025-01-01 2025-07-01",
     .tracked = true,
     .created_status = 200,
     .name_fits = fits_pool,
     .name_rule = POOL_RULE,
     .check = control_check_app,
     .apply = control_apply_app,
     .remove = control_remove_app,
     .show = control_show_app,
     .act = control_act_app},
    {.space = "Microsoft.App",
     .type = "containerApps/revisions",
     .versions = "2023-05-01 2024-03-01 2025-01-01 2025-07-01",
     .serve = control_serve_revisions},
    {.space = "Microsoft.App",
     .type = "containerApps/revisions/replicas",
     .versions = "2023-05-01 2024-03-01 2025-01-01 2025-07-01",
     .serve = control_serve_replicas},
    {.space = "Microsoft.ManagedIdentity",
     .type = "userAssignedIdentities",
     .versions = "2023-01-31 2024-11-30",
     .tracked = true,
     .keeps_itself = true,
     .name_fits = fits_identity,
     .name_rule = IDENTITY_RULE,
     .apply = control_apply_identity,
     .remove = control_remove_identity,
     .show = control_show_identity},
    {.space = "Microsoft.Authorization",
     .type = "roleAssignments",
     .place = CONTROL_ANYWHERE,
     .versions = "2015-07-01 2018-07-01 2020-04-01-preview 2022-04-01",
     .serve = control_serve_assignments},
    {.space = "Microsoft.Authorization",
     .type = "roleDefinitions",
     .place = CONTROL_ANYWHERE,
     .versions = "2015-07-01 2018-07-01 2022-04-01 2022-05-01-preview",
     .serve = control_serve_definitions},
    {.space = "Microsoft.DurableTask",
     .type = "schedulers",
     .versions = "2024-10-01-preview 2025-11-01 2026-02-01",
     .tracked = true,
     .deleted_status = 204,
     .name_fits = fits_scheduler,
     .name_rule = SCHEDULER_RULE,
     .check = control_check_scheduler,
     .apply = control_apply_scheduler,
     .remove = control_remove_scheduler,
     .show = control_show_scheduler},
    {.space = "Microsoft.DurableTask",
     .type = "schedulers/taskHubs",
     .versions = "2024-10-01-preview 2025-11-01 2026-02-01",
     .keeps_itself = true,
     .deleted_status = 204,
     .name_fits = fits_scheduler,
     .name_rule = SCHEDULER_RULE,
     .apply = control_apply_hub,
     .remove = control_remove_hub,
     .show = control_show_hub},
    {.space = "Microsoft.DurableTask",
     .type = "schedulers/retentionPolicies",
     .versions = "2025-04-01-preview 2025-11-01 2026-02-01",
     .deleted_status = 204,
     .name_fits = fits_default,
     .name_rule = "there is one, named default",
     .check = control_check_retention,
     .apply = control_apply_retention,
     .remove = control_remove_retention},
};
const size_t control_type_count = ARRAY_SIZE(control_types);

const struct control_type *control_type_find(struct bytes space, struct bytes type, bool *ret_space_known)
{
    for (size_t i = 0; i < control_type_count; i++) {
        if (!bytes_equal_nocase(bytes_of_cstr(control_types[i].space), space))
            continue;
        *ret_space_known = true;
        if (bytes_equal_nocase(bytes_of_cstr(control_types[i].type), type))
            return &control_types[i];
    }
    return NULL;
}

const struct control_type *control_type_of(const struct resource_id *id)
{
    bool known;
    if (id->provider == id->count) {
        bool group = id->group.data && id->count == 4;
        return group ? control_type_find(BYTES_LITERAL("Microsoft.Resources"),
                                         BYTES_LITERAL("resourceGroups"), &known)
                     : NULL;
    }
    char type[2 * RESOURCE_ID_SEGMENT_MAX];
    size_t size = 0;
    for (size_t i = id->provider + 2; i + 1 < id->count; i += 2) {
        int written =
            snprintf(type + size, sizeof type - size, "%s%.*s", size ? "/" : "", BYTES_FMT(id->segments[i]));
        if (written < 0 || (size += (size_t)written) >= sizeof type)
            return NULL;
    }
    return control_type_find(id->segments[id->provider + 1], bytes_of(type, size), &known);
}

struct bytes control_name_of(const struct resource_id *id)
{
    return id->count ? id->segments[id->count - 1] : (struct bytes){0};
}

/* The id of an ancestor that is there is as that one was first written; the rest in the letters of the contract. */
void control_canonical_id(struct control *control, const struct resource_id *id,
                          const struct control_type *type, struct buf *out)
{
    size_t known = id->count - 1;
    const struct resource *ancestor = NULL;
    while (known > 2 && !(ancestor = resource_store_get(control->store, resource_id_prefix_key(id, known))))
        known--;
    if (ancestor)
        buf_append_bytes(out, ancestor->id);
    else
        buf_append_fmt(out, "/subscriptions/%s", control->subscription);

    struct bytes types = bytes_of_cstr(type->type);
    for (size_t i = id->provider + 2; i < known; i += 2) /* those of the ancestor */
        (void)bytes_split(&types, '/');
    for (size_t i = MAX(known, (size_t)2); i < id->count; i++) {
        buf_append_byte(out, '/');
        if (i == 2 && id->group.data)
            buf_append_cstr(out, "resourceGroups");
        else if (i == id->provider)
            buf_append_cstr(out, "providers");
        else if (i == id->provider + 1)
            buf_append_cstr(out, type->space);
        else if (i > id->provider && (i - id->provider) % 2 == 0)
            buf_append_bytes(out, bytes_split(&types, '/'));
        else
            buf_append_bytes(out, id->segments[i]);
    }
}

/* --- members of records --- */

json_t *control_properties(json_t *record)
{
    json_t *properties = json_object_get(record, "properties");
    if (!properties && json_object_set_new(record, "properties", json_object()) == 0)
        properties = json_object_get(record, "properties");
    return json_is_object(properties) ? properties : NULL;
}

static bool refuse(struct control_fault *fault, const char *target, const char *what)
{
    control_fault_set(fault, 400, "InvalidRequestContent", "'%s' must be %s.", target, what);
    snprintf(fault->target, sizeof fault->target, "%s", target);
    return false;
}

bool control_take_int(json_t *object, const char *name, const char *target, int64_t low, int64_t high,
                      int64_t otherwise, struct control_fault *ret_fault)
{
    json_t *value = json_object_get(object, name);
    char range[80];
    if (!value || json_is_null(value))
        return json_object_set_new(object, name, json_integer(otherwise)) == 0;
    if (json_is_integer(value) && json_integer_value(value) >= low && json_integer_value(value) <= high)
        return true;
    snprintf(range, sizeof range, "a whole number from %lld to %lld", (long long)low, (long long)high);
    return refuse(ret_fault, target, range);
}

bool control_take_word(json_t *object, const char *name, const char *target, const char *words,
                       const char *otherwise, struct control_fault *ret_fault)
{
    json_t *value = json_object_get(object, name);
    struct bytes given = json_bytes(value), rest = bytes_of_cstr(words), word;
    char choice[200];
    if ((!value || json_is_null(value)) && otherwise)
        return json_object_set_new(object, name, json_string(otherwise)) == 0;
    while ((word = bytes_split(&rest, ' ')).size > 0)
        if (given.size > 0 && bytes_equal_nocase(word, given))
            return json_object_set_new(object, name, json_stringn((const char *)word.data, word.size)) == 0;
    snprintf(choice, sizeof choice, "one of: %s", words);
    return refuse(ret_fault, target, choice);
}

json_t *control_take_object(json_t *object, const char *name, const char *target,
                            struct control_fault *ret_fault)
{
    json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value)) {
        if (json_object_set_new(object, name, json_object()) == 0)
            return json_object_get(object, name);
        control_fault_no_memory(ret_fault);
        return NULL;
    }
    if (json_is_object(value))
        return value;
    (void)refuse(ret_fault, target, "an object");
    return NULL;
}
