/* SPDX-License-Identifier: MIT */
/* authorization_roles.c — role definitions, from the table of core/access: built in, to be read (CS-27). */
#include <string.h>

#include "svc/control/control_internal.h"

static json_t *actions_of(enum access_role role)
{
    json_t *actions = json_array(), *exceptions = json_array(), *data = json_array();
    if (role == ROLE_OWNER || role == ROLE_CONTRIBUTOR)
        (void)json_array_append_new(actions, json_string("*"));
    if (role == ROLE_READER)
        (void)json_array_append_new(actions, json_string("*/read"));
    if (role == ROLE_CONTRIBUTOR) {
        (void)json_array_append_new(exceptions, json_string("Microsoft.Authorization/*/Write"));
        (void)json_array_append_new(exceptions, json_string("Microsoft.Authorization/*/Delete"));
    }
    for (enum access_permission permission = ACCESS_ANYONE + 1; permission < ACCESS_PERMISSIONS; permission++)
        if (access_role_permits(role, permission))
            (void)json_array_append_new(
                data, json_pack("s++", "Sallyport/", access_permission_name(permission), "/action"));
    return json_pack("[{s:o,s:o,s:o,s:[]}]", "actions", actions, "notActions", exceptions, "dataActions",
                     data, "notDataActions");
}

static json_t *definition(const struct control *control, enum access_role role)
{
    return json_pack("{s:s+++,s:s,s:s,s:{s:s,s:s,s:s,s:[s],s:o}}", "id", "/subscriptions/",
                     control->subscription, CONTROL_DEFINITIONS, access_role_id(role), "name",
                     access_role_id(role), "type", "Microsoft.Authorization/roleDefinitions", "properties",
                     "roleName", access_role_name(role), "type", "BuiltInRole", "description",
                     access_role_name(role), "assignableScopes", "/", "permissions", actions_of(role));
}

/* All of them can be given at every scope. */
static void list(struct control_call *call)
{
    struct control_fault fault = {0};
    struct odata_filter filter;
    if (!control_take_filter(call, "roleName type atScopeAndBelow() atScope()", &filter, &fault)) {
        control_fail(call, &fault);
        return;
    }
    const struct odata_term *name = control_filter_term(&filter, "roleName");
    const struct odata_term *type = control_filter_term(&filter, "type");
    bool built_in = !type || bytes_equal_nocase(type->text, BYTES_LITERAL("BuiltInRole"));
    json_t *values = json_array();
    for (enum access_role role = 0; role < ROLE_LOCAL && built_in; role++)
        if (!name || bytes_equal_nocase(name->text, bytes_of_cstr(access_role_name(role))))
            (void)json_array_append_new(values, definition(call->control, role));
    control_answer_list(call, values);
    control_call_destroy(call);
}

void control_serve_definitions(struct control_call *call, struct bytes name)
{
    struct control_fault fault = {0};
    enum access_role role;
    bool reads = strcmp(call->method, "GET") == 0;
    if (!reads) {
        control_fault_set(&fault, 405, "MethodNotAllowed", "Roles are built in: they can be read, not made.");
        control_fail(call, &fault);
        return;
    }
    if (name.size > 0) {
        if (access_role_find(name, &role)) {
            control_answer(call, 200, definition(call->control, role));
            control_call_destroy(call);
            return;
        }
        control_fault_set(&fault, 404, "RoleDefinitionDoesNotExist",
                          "The specified role definition with ID '%.*s' does not exist.", BYTES_FMT(name));
        control_fail(call, &fault);
        return;
    }
    list(call);
}
