/* SPDX-License-Identifier: MIT */
/* act_role.c — names become ids first (people, programs, roles, scopes), then one request; lists are narrowed here, as the
 * cloud's CLI does it. */
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/az/acts.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define ASSIGNMENTS         "/providers/Microsoft.Authorization/roleAssignments"
#define DEFINITIONS         "/providers/Microsoft.Authorization/roleDefinitions"
#define VERSION_ASSIGNMENTS "2022-04-01"
#define VERSION_DEFINITIONS "2022-04-01"

struct subject {
    char id[64];
    char type[32]; /* "User", "" if nobody said */
};

static bool is_guid(const char *text)
{
    for (size_t i = 0; i < GUID_TEXT_SIZE; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text[i] != '-' : ascii_hex_value((uint8_t)text[i]) < 0)
            return false; /* also at the end of a shorter text */
    }
    return text[GUID_TEXT_SIZE] == '\0';
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_member_text(object, name);
    return text_or(text, "");
}

/* A member of the assignment's own properties. */
static const char *property(const json_t *assignment, const char *name)
{
    return member(json_object_get(assignment, "properties"), name);
}

static bool same(const char *one, const char *other)
{
    return bytes_equal_nocase(bytes_of_cstr(one), bytes_of_cstr(other));
}

static void set_subject(struct subject *subject, const char *id, const char *type)
{
    (void)snprintf(subject->id, sizeof subject->id, "%s", id);
    (void)snprintf(subject->type, sizeof subject->type, "%s", type);
}

/* --- people and programs --- */

static void append_quoted(struct buf *out, const char *text)
{
    CLEANUP(buf_fini) struct buf doubled = {0};
    for (; *text; text++)
        buf_append_fmt(&doubled, *text == '\'' ? "''" : "%c", *text);
    percent_encode(out, buf_peek(&doubled), NULL);
}

/* Looks for somebody; leaves the subject alone if there is nobody. */
static int look_for(struct az_call *call, const char *before, const char *assignee, const char *after,
                    const char *type, struct subject *subject)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *items = NULL;
    buf_append_cstr(&path, before);
    append_quoted(&path, assignee);
    buf_append_fmt(&path, "%s", after);
    buf_append_byte(&path, '\0');
    int code = path.failed ? az_no_memory() : az_ask_graph_list(call, (const char *)path.data, &items);
    if (code == EXIT_GOOD && json_array_size(items) > 0)
        set_subject(subject, member(json_array_get(items, 0), "id"), type);
    return code;
}

/* The objects of some ids; "@odata.type" says what each is. */
static int objects_of(struct az_call *call, json_t *ids, json_t **ret_objects)
{
    CLEANUP(json_release)
    json_t *body = json_pack("{s:O, s:[s, s, s]}", "ids", ids, "types", "user", "group", "servicePrincipal");
    CLEANUP(json_release) json_t *answer = NULL;
    int code = az_ask_graph(call, "POST", "/v1.0/directoryObjects/getByIds", body, &answer);
    if (code == EXIT_GOOD)
        *ret_objects = json_incref(json_object_get(answer, "value"));
    return code;
}

static const char *type_of(const json_t *object)
{
    const char *type = member(object, "@odata.type");
    if (strstr(type, ".servicePrincipal"))
        return "ServicePrincipal";
    if (strstr(type, ".group"))
        return "Group";
    return "User";
}

static int resolve_assignee(struct az_call *call, const char *assignee, struct subject *subject)
{
    int code = EXIT_GOOD;
    if (strchr(assignee, '@'))
        code = look_for(call, "/v1.0/users?$filter=userPrincipalName%20eq%20%27", assignee, "%27", "User",
                        subject);
    if (code == EXIT_GOOD && !subject->id[0])
        code =
            look_for(call, "/v1.0/servicePrincipals?$filter=servicePrincipalNames%2Fany%28c%3Ac%20eq%20%27",
                     assignee, "%27%29", "ServicePrincipal", subject);
    if (code != EXIT_GOOD || subject->id[0])
        return code;
    if (is_guid(assignee)) {
        CLEANUP(json_release) json_t *ids = json_pack("[s]", assignee);
        CLEANUP(json_release) json_t *objects = NULL;
        code = objects_of(call, ids, &objects);
        if (code == EXIT_GOOD && json_array_size(objects) > 0)
            set_subject(subject, member(json_array_get(objects, 0), "id"),
                        type_of(json_array_get(objects, 0)));
    }
    if (code == EXIT_GOOD && !subject->id[0])
        code = az_fail(
            EXIT_FAILED,
            "Cannot find user or service principal in graph database for '%s'. Make a person with: sallyport "
            "user create, a program with: sallyport az ad sp create-for-rbac",
            assignee);
    return code;
}

/* --- roles --- */

/* The id of a role: an id stays one, a GUID becomes one, a name is looked for. */
static int resolve_role(struct az_call *call, const char *role, struct buf *out)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *items = NULL;
    const char *subscription = az_subscription_id(call);
    if (role[0] == '/')
        buf_append_cstr(out, role);
    else if (is_guid(role))
        buf_append_fmt(out, "/subscriptions/%s" DEFINITIONS "/%s", subscription, role);
    if (!out->size) {
        buf_append_fmt(&path, "/subscriptions/%s" DEFINITIONS "?$filter=roleName%%20eq%%20%%27",
                       subscription);
        append_quoted(&path, role);
        buf_append_cstr(&path, "%27");
        buf_append_byte(&path, '\0');
        int code = path.failed ? EXIT_FAILED
                               : az_ask_list(call, (const char *)path.data, VERSION_DEFINITIONS, &items);
        if (code != EXIT_GOOD)
            return code;
        if (json_array_size(items) == 0)
            return az_fail(EXIT_FAILED, "Role '%s' doesn't exist.", role);
        buf_append_cstr(out, member(json_array_get(items, 0), "id"));
    }
    buf_append_byte(out, '\0');
    if (out->failed)
        return az_no_memory();
    return EXIT_GOOD;
}

int az_act_role_definitions(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *items = NULL;
    const char *name = az_text_of(&call->values, "name");
    int code = az_call_subscription(call);
    if (code != EXIT_GOOD)
        return code;
    buf_append_fmt(&path, "/subscriptions/%s" DEFINITIONS, az_subscription_id(call));
    if (name && !is_guid(name)) {
        buf_append_cstr(&path, "?$filter=roleName%20eq%20%27");
        append_quoted(&path, name);
        buf_append_cstr(&path, "%27");
    }
    buf_append_byte(&path, '\0');
    code =
        path.failed ? EXIT_FAILED : az_ask_list(call, (const char *)path.data, VERSION_DEFINITIONS, &items);
    for (size_t i = json_array_size(items); code == EXIT_GOOD && i-- > 0;) {
        json_t *item = json_array_get(items, i);
        json_t *properties = json_object_get(item, "properties");
        json_t *kind = json_object_get(properties, "type");
        bool custom = same(member(properties, "type"), "CustomRole");
        bool unwanted = (name && is_guid(name) && !same(member(item, "name"), name)) ||
                        (az_flag_of(&call->values, "custom-role-only") && !custom);
        if (kind)
            (void)json_object_set(properties, "roleType", kind);
        if (unwanted)
            (void)json_array_remove(items, i);
    }
    if (code != EXIT_GOOD)
        return code;
    return az_print_shaped(call, items);
}

/* --- granting --- */

int az_role_grant(struct az_call *call, const char *role, const char *scope, const char *principal,
                  const char *principal_type, json_t **ret_grant)
{
    CLEANUP(buf_fini) struct buf definition = {0};
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *body = NULL;
    const char *name = az_text_of(&call->values, "name");
    const char *description = az_text_of(&call->values, "description");
    uint8_t random[16];
    char guid[GUID_TEXT_SIZE + 1];
    int code = az_call_subscription(call);
    if (code == EXIT_GOOD)
        code = resolve_role(call, role, &definition);
    if (code != EXIT_GOOD)
        return code;
    entropy_fill(random, sizeof random);
    guid_format(random, guid);
    bool named = name && strcmp(call->command->name, "role assignment create") == 0;
    body = json_pack(
        "{s:{s:s, s:s, s:s*, s:s*}}", "properties", "roleDefinitionId", definition.data, "principalId",
        principal, "principalType", *principal_type ? principal_type : NULL, "description",
        named || strcmp(call->command->name, "role assignment create") == 0 ? description : NULL);
    buf_append_cstr(&path, strcmp(scope, "/") == 0 ? "" : scope);
    buf_append_fmt(&path, ASSIGNMENTS "/%s", named ? name : guid);
    buf_append_byte(&path, '\0');
    if (!body || path.failed)
        return az_no_memory();
    return az_ask_manager(call, "PUT", (const char *)path.data, VERSION_ASSIGNMENTS, body, ret_grant);
}

int az_act_role_create(struct az_call *call)
{
    CLEANUP(json_release) json_t *grant = NULL;
    struct subject subject = {0};
    const char *assignee = az_text_of(&call->values, "assignee");
    const char *object = az_text_of(&call->values, "assignee-object-id");
    const char *type = az_text_of(&call->values, "assignee-principal-type");
    const char *scope = az_text_of(&call->values, "scope");
    if (!assignee == !object)
        return az_fail(EXIT_FAILED, "usage error: --assignee STRING | --assignee-object-id GUID");
    if (scope[0] != '/')
        return az_fail(EXIT_USAGE, "argument --scope: '%s' is no id; ids begin with /subscriptions/", scope);
    int code = az_call_subscription(call);
    if (code == EXIT_GOOD && object)
        set_subject(&subject, object, text_or(type, ""));
    else if (code == EXIT_GOOD)
        code = resolve_assignee(call, assignee, &subject);
    if (code == EXIT_GOOD)
        code =
            az_role_grant(call, az_text_of(&call->values, "role"), scope, subject.id, subject.type, &grant);
    if (code != EXIT_GOOD)
        return code;
    return az_print_shaped(call, grant);
}

/* --- listing --- */

/* The scope that was typed, that of a group, or the subscription. */
static void scope_of(const struct az_call *call, struct buf *out)
{
    const char *scope = az_text_of(&call->values, "scope");
    const char *group = az_text_of(&call->values, "resource-group");
    if (scope)
        buf_append_cstr(out, strcmp(scope, "/") == 0 ? "" : scope);
    else if (group)
        buf_append_fmt(out, "/subscriptions/%s/resourceGroups/%s", az_subscription_id(call), group);
    else
        buf_append_fmt(out, "/subscriptions/%s", az_subscription_id(call));
    buf_append_byte(out, '\0');
}

/* Assignments at the scope; with --all those below, with --include-inherited those above. */
static bool is_wanted(const struct az_call *call, const json_t *assignment, const char *scope,
                      const char *role, const struct subject *subject)
{
    const char *at = property(assignment, "scope");
    bool exact = same(at, *scope ? scope : "/");
    if (subject->id[0] && !same(property(assignment, "principalId"), subject->id))
        return false;
    if (role) {
        /* Ids of a role differ in what stands before its GUID. */
        const char *own = strrchr(property(assignment, "roleDefinitionId"), '/');
        const char *wanted = strrchr(role, '/');
        if (!own || !wanted || !same(own, wanted))
            return false;
    }
    if (exact || az_flag_of(&call->values, "all"))
        return true;
    return az_flag_of(&call->values, "include-inherited") &&
           (same(at, "/") || bytes_starts_with_nocase(bytes_of_cstr(scope), bytes_of_cstr(at)));
}

/* All that are wanted. */
static int list_wanted(struct az_call *call, json_t **ret_items)
{
    CLEANUP(buf_fini) struct buf scope = {0};
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(buf_fini) struct buf role = {0};
    struct subject subject = {0};
    const char *assignee = az_text_of(&call->values, "assignee");
    const char *object = az_text_of(&call->values, "assignee-object-id");
    const char *typed_role = az_text_of(&call->values, "role");
    int code = az_call_subscription(call);
    if (code != EXIT_GOOD)
        return code;
    scope_of(call, &scope);
    buf_append_fmt(&path, "%s" ASSIGNMENTS, (const char *)scope.data);
    if (!az_flag_of(&call->values, "all"))
        buf_append_cstr(&path, "?$filter=atScope%28%29");
    buf_append_byte(&path, '\0');
    if (path.failed || scope.failed)
        return az_no_memory();
    if (object)
        set_subject(&subject, object, "");
    else if (assignee)
        code = resolve_assignee(call, assignee, &subject);
    if (code == EXIT_GOOD && typed_role)
        code = resolve_role(call, typed_role, &role);
    if (code == EXIT_GOOD)
        code = az_ask_list(call, (const char *)path.data, VERSION_ASSIGNMENTS, ret_items);
    for (size_t i = json_array_size(*ret_items); code == EXIT_GOOD && i-- > 0;) {
        if (!is_wanted(call, json_array_get(*ret_items, i), (const char *)scope.data,
                       typed_role ? (const char *)role.data : NULL, &subject))
            (void)json_array_remove(*ret_items, i);
    }
    return code;
}

/* Names beside the ids of roles. */
static int name_roles(struct az_call *call, json_t *items)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *roles = NULL;
    buf_append_fmt(&path, "/subscriptions/%s" DEFINITIONS, az_subscription_id(call));
    buf_append_byte(&path, '\0');
    int code = az_ask_list(call, (const char *)path.data, VERSION_DEFINITIONS, &roles);
    for (size_t i = 0; code == EXIT_GOOD && i < json_array_size(items); i++) {
        json_t *properties = json_object_get(json_array_get(items, i), "properties");
        const char *own = strrchr(member(properties, "roleDefinitionId"), '/');
        for (size_t n = 0; own && n < json_array_size(roles); n++) {
            const json_t *role = json_array_get(roles, n);
            if (same(member(role, "name"), own + 1))
                (void)json_object_set(properties, "roleDefinitionName",
                                      json_object_get(json_object_get(role, "properties"), "roleName"));
        }
    }
    return code;
}

/* Names beside the ids of people and programs. Who has gone has none. */
static int name_principals(struct az_call *call, json_t *items)
{
    CLEANUP(json_release) json_t *ids = json_array();
    CLEANUP(json_release) json_t *objects = NULL;
    for (size_t i = 0; i < json_array_size(items); i++)
        (void)json_array_append_new(ids, json_string(property(json_array_get(items, i), "principalId")));
    int code = json_array_size(ids) ? objects_of(call, ids, &objects) : EXIT_GOOD;
    for (size_t i = 0; code == EXIT_GOOD && i < json_array_size(items); i++) {
        json_t *properties = json_object_get(json_array_get(items, i), "properties");
        for (size_t n = 0; n < json_array_size(objects); n++) {
            const json_t *object = json_array_get(objects, n);
            if (!same(member(object, "id"), member(properties, "principalId")))
                continue;
            bool person = json_object_get(object, "userPrincipalName") != NULL;
            json_t *name = json_object_get(object, person ? "userPrincipalName" : "displayName");
            if (name)
                (void)json_object_set(properties, "principalName", name);
        }
    }
    return code;
}

/* In a list the members that are null are not shown. */
static void drop_nulls(json_t *items)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *properties = json_object_get(json_array_get(items, i), "properties");
        const char *key;
        json_t *value;
        void *next;
        json_object_foreach_safe(properties, next, key, value)
        {
            if (json_is_null(value))
                (void)json_object_del(properties, key);
        }
    }
}

int az_act_role_list(struct az_call *call)
{
    CLEANUP(json_release) json_t *items = NULL;
    int code = list_wanted(call, &items);
    if (code == EXIT_GOOD)
        code = name_roles(call, items);
    if (code == EXIT_GOOD)
        code = name_principals(call, items);
    if (code != EXIT_GOOD)
        return code;
    drop_nulls(items);
    return az_print_shaped(call, items);
}

static int delete_one(struct az_call *call, const char *id)
{
    if (id[0] == '/')
        return az_ask_manager(call, "DELETE", id, VERSION_ASSIGNMENTS, NULL, NULL);
    return az_fail(EXIT_USAGE, "argument --ids: '%s' is no id", id);
}

int az_act_role_delete(struct az_call *call)
{
    const struct az_value *ids = az_value_of(&call->values, "ids");
    CLEANUP(json_release) json_t *items = NULL;
    int code = EXIT_GOOD;
    for (size_t i = 0; ids && code == EXIT_GOOD && i < ids->count; i++)
        code = delete_one(call, call->values.texts[ids->first + i]);
    if (ids)
        return code;
    /* Without any of these everything would go. */
    static const char *const narrowing[] = {"assignee", "assignee-object-id", "role", "scope",
                                            "resource-group"};
    bool narrowed = false;
    for (size_t i = 0; i < ARRAY_SIZE(narrowing); i++)
        narrowed |= az_text_of(&call->values, narrowing[i]) != NULL;
    if (!narrowed)
        return az_fail(EXIT_FAILED, "Please provide at least one of these arguments: --ids, --assignee, "
                                    "--assignee-object-id, --role, --resource-group, --scope");
    code = list_wanted(call, &items);
    if (code == EXIT_GOOD && json_array_size(items) == 0)
        return az_fail(EXIT_FAILED, "No matched assignments were found to delete");
    for (size_t i = 0; code == EXIT_GOOD && i < json_array_size(items); i++)
        code = delete_one(call, member(json_array_get(items, i), "id"));
    return code;
}
