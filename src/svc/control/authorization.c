/* SPDX-License-Identifier: MIT */
/* authorization.c — Microsoft.Authorization: role assignments over the directory, role definitions from the table of
 * core/access, and what somebody may (CS-26, CS-27, CS-28). */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "svc/control/control_internal.h"

#define DEFINITIONS "/providers/Microsoft.Authorization/roleDefinitions/"

/* --- the directory --- */

static void on_written(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    struct control_write write = *CONTAINER_OF(waiter, struct control_write, waiter);
    free(CONTAINER_OF(waiter, struct control_write, waiter));
    if (!write.control)
        return;
    write.control->write = NULL;
    write.on_done(write.context, status, status == STATUS_OK ? NULL : err->text);
}

void control_write_directory(struct control *control, const struct directory_write *writes, size_t count,
                             control_done *on_done, void *context)
{
    ASSERT(!control->write);
    struct control_write *write = malloc(sizeof *write);
    if (!write) {
        on_done(context, STATUS_NO_MEMORY, "out of memory");
        return;
    }
    *write = (struct control_write){
        .waiter = {.on_done = on_written}, .control = control, .on_done = on_done, .context = context};
    control->write = write;
    const struct directory_author *author = control->current ? &control->current->author : NULL;
    directory_write_by(control->options.directory, author, writes, count, &write->waiter);
}

/* True if `scope`, as it is kept, is `key` or lies below it. */
static bool is_below(const char *scope, struct bytes key)
{
    struct bytes bytes = bytes_of_cstr(scope);
    while (bytes.size > 0 && bytes.data[bytes.size - 1] == '/')
        bytes.size--;
    return bytes.size >= key.size && bytes_equal_nocase(bytes_slice(bytes, 0, key.size), key) &&
           (bytes.size == key.size || bytes.data[key.size] == '/');
}

struct forgetting {
    struct control *control;
    struct bytes scope;
    struct bytes place; /* what is served there, as grants of ours name it; "": nothing has such a name */
    control_done *on_done;
    void *context;
};

/* ORDER: a set of writes at a time, each begun when the last one is done. */
static void forget_some(void *context, enum status status, const char *text)
{
    struct forgetting *forgetting = context;
    struct directory *directory = forgetting->control->options.directory;
    struct directory_write writes[DIRECTORY_WRITES_MAX];
    size_t count = 0;
    const struct directory_assignment *assignment = NULL;
    while (status == STATUS_OK && count < ARRAY_SIZE(writes) &&
           (assignment = directory_next(directory, DIRECTORY_ASSIGNMENT, assignment)))
        if (is_below(assignment->scope, forgetting->scope) ||
            (forgetting->place.size > 0 && is_below(assignment->scope, forgetting->place)))
            writes[count++] = (struct directory_write){DIRECTORY_DELETE, DIRECTORY_ASSIGNMENT, assignment};
    if (count > 0)
        control_write_directory(forgetting->control, writes, count, forget_some, forgetting);
    else
        forgetting->on_done(forgetting->context, status, text);
}

/* A task hub of the server's own scheduler has two names, and grants may be at either. */
static struct bytes place_of(struct control *control, const struct control_call *call)
{
    bool hub = call->type && strcmp(call->type->type, "schedulers/taskHubs") == 0;
    if (!hub || !control_is_fixed(control, resource_id_prefix_key(&call->id, call->id.count - 2)))
        return (struct bytes){0};
    struct bytes name = control_name_of(&call->id);
    return bytes_of_cstr(
        text_or(arena_fmt(&control->current->arena, "/scheduler/%.*s", BYTES_FMT(name)), ""));
}

void control_forget_assignments(struct control *control, struct bytes scope, control_done *on_done,
                                void *context)
{
    struct forgetting *forgetting = arena_alloc(&control->current->arena, sizeof *forgetting);
    if (!forgetting) {
        on_done(context, STATUS_NO_MEMORY, "out of memory");
        return;
    }
    *forgetting = (struct forgetting){.control = control,
                                      .scope = scope,
                                      .place = place_of(control, control->current),
                                      .on_done = on_done,
                                      .context = context};
    forget_some(forgetting, STATUS_OK, NULL);
}

/* --- role definitions --- */

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
                     control->subscription, DEFINITIONS, access_role_id(role), "name", access_role_id(role),
                     "type", "Microsoft.Authorization/roleDefinitions", "properties", "roleName",
                     access_role_name(role), "type", "BuiltInRole", "description", access_role_name(role),
                     "assignableScopes", "/", "permissions", actions_of(role));
}

static void fail(struct control_call *call, const struct control_fault *fault)
{
    control_answer_fault(call, fault);
    control_call_destroy(call);
}

/* The text between the quotes behind `word`; data NULL if the filter does not have it. */
static struct bytes quoted_behind(struct bytes filter, const char *word)
{
    struct bytes wanted = bytes_of_cstr(word);
    for (size_t at = 0; at + wanted.size <= filter.size; at++) {
        if (!bytes_equal_nocase(bytes_slice(filter, at, wanted.size), wanted))
            continue;
        struct bytes rest = bytes_slice(filter, at + wanted.size, SIZE_MAX);
        return bytes_split(&rest, '\'');
    }
    return (struct bytes){0};
}

void control_serve_definitions(struct control_call *call, struct bytes name)
{
    struct control_fault fault = {0};
    enum access_role role;
    bool reads = strcmp(call->method, "GET") == 0;
    if (!reads) {
        control_fault_set(&fault, 405, "MethodNotAllowed", "Roles are built in: they can be read, not made.");
        fail(call, &fault);
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
        fail(call, &fault);
        return;
    }
    struct bytes wanted = quoted_behind(http_request_query(call->request, "$filter"), "roleName eq '");
    json_t *values = json_array();
    for (role = 0; role < ROLE_LOCAL; role++)
        if (!wanted.data || bytes_equal_nocase(wanted, bytes_of_cstr(access_role_name(role))))
            (void)json_array_append_new(values, definition(call->control, role));
    control_answer(call, 200, json_pack("{s:o}", "value", values));
    control_call_destroy(call);
}

/* --- role assignments --- */

static json_t *shown(const struct control *control, const struct directory_assignment *assignment)
{
    char created[TIME_TEXT_SIZE_MAX], updated[TIME_TEXT_SIZE_MAX];
    bool top = strcmp(assignment->scope, "/") == 0;
    time_format(assignment->created_ns, 7, created);
    time_format(assignment->updated_ns, 7, updated);
    return json_pack(
        "{s:s++,s:s,s:s,s:{s:s+++,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}}", "id", top ? "" : assignment->scope,
        "/providers/Microsoft.Authorization/roleAssignments/", assignment->id, "name", assignment->id, "type",
        "Microsoft.Authorization/roleAssignments", "properties", "roleDefinitionId", "/subscriptions/",
        control->subscription, DEFINITIONS, assignment->role_id, "principalId", assignment->principal_id,
        "principalType", assignment->principal_type, "scope", assignment->scope, "description",
        assignment->description, "createdOn", created, "updatedOn", updated, "createdBy",
        assignment->created_by, "updatedBy", assignment->created_by);
}

static struct bytes scope_of(const struct control_call *call)
{
    struct bytes scope = resource_id_prefix(&call->id, call->id.provider);
    return scope.size ? scope : BYTES_LITERAL("/");
}

/* With atScope() those above count, too; without it also those below. */
static bool is_listed(const struct directory_assignment *assignment, struct bytes scope, bool at_scope)
{
    struct bytes own = bytes_of_cstr(assignment->scope);
    bool top = bytes_equal_cstr(own, "/");
    char copy[RESOURCE_ID_SIZE_MAX + 1];
    snprintf(copy, sizeof copy, "%.*s", BYTES_FMT(bytes_equal_cstr(scope, "/") ? BYTES_LITERAL("") : scope));
    bool above = top || is_below(copy, own);
    return above || (!at_scope && is_below(assignment->scope, bytes_of_cstr(copy)));
}

static void list(struct control_call *call)
{
    struct control *control = call->control;
    struct bytes filter = http_request_query(call->request, "$filter");
    struct bytes principal = quoted_behind(filter, "principalId eq '");
    struct bytes scope = scope_of(call);
    bool at_scope = bytes_find(filter, BYTES_LITERAL("atScope()")) < filter.size;
    if (!principal.data)
        principal = quoted_behind(filter, "assignedTo('");
    json_t *values = json_array();
    const struct directory_assignment *assignment = NULL;
    while ((assignment = directory_next(control->options.directory, DIRECTORY_ASSIGNMENT, assignment))) {
        bool whose =
            !principal.data || bytes_equal_nocase(principal, bytes_of_cstr(assignment->principal_id));
        if (whose && is_listed(assignment, scope, at_scope))
            (void)json_array_append_new(values, shown(control, assignment));
    }
    control_answer(call, 200, json_pack("{s:o}", "value", values));
    control_call_destroy(call);
}

static const struct directory_assignment *find(const struct control_call *call, struct bytes name)
{
    const struct directory_assignment *assignment =
        directory_find(call->control->options.directory, DIRECTORY_ASSIGNMENT, "id", name);
    return assignment && bytes_equal_nocase(bytes_of_cstr(assignment->scope), scope_of(call)) ? assignment
                                                                                              : NULL;
}

static void answer_missing(struct control_call *call, struct bytes name)
{
    struct control_fault fault = {0};
    control_fault_set(&fault, 404, "RoleAssignmentNotFound", "The role assignment '%.*s' is not found.",
                      BYTES_FMT(name));
    fail(call, &fault);
}

static void on_made(void *context, enum status status, const char *text)
{
    struct control_call *call = context;
    struct control_fault fault = {0};
    const struct directory_assignment *assignment = status == STATUS_OK ? find(call, call->assignment) : NULL;
    if (assignment)
        control_answer(call, 201, shown(call->control, assignment));
    else if (status == STATUS_ALREADY_EXISTS)
        control_fault_set(&fault, 409, "RoleAssignmentExists", "The role assignment already exists.");
    else
        control_fault_status(&fault, status, text);
    if (!assignment)
        control_answer_fault(call, &fault);
    control_finished(call);
}

static bool is_guid(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool mark = i == 8 || i == 13 || i == 18 || i == 23;
        if (mark ? text.data[i] != '-' : ascii_hex_value(text.data[i]) < 0)
            return false;
    }
    return text.size == GUID_TEXT_SIZE;
}

/* The kind of an object of the directory; NULL: there is none. */
static const char *principal_type(const struct control *control, struct bytes id)
{
    static const struct {
        enum directory_kind kind;
        const char *type;
    } kinds[] = {
        {DIRECTORY_PERSON, "User"}, {DIRECTORY_GROUP, "Group"}, {DIRECTORY_APPLICATION, "ServicePrincipal"}};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (directory_find(control->options.directory, kinds[i].kind, "id", id))
            return kinds[i].type;
    return NULL;
}

/* Of the body, into `ret` with texts in the call's arena. False with a fault. */
static bool read_wish(struct control_call *call, struct bytes name, struct directory_assignment *ret,
                      struct control_fault *ret_fault)
{
    const json_t *properties = json_object_get(call->body, "properties");
    struct bytes role_id = json_member_bytes(properties, "roleDefinitionId"), last = {0}, rest = role_id;
    struct bytes principal = json_member_bytes(properties, "principalId");
    enum access_role role;
    while (rest.data)
        last = bytes_split(&rest, '/');
    if (!is_guid(name)) {
        control_fault_set(ret_fault, 400, "InvalidRoleAssignmentId",
                          "The name of a role assignment is a GUID.");
        return false;
    }
    if (!is_guid(last) || !access_role_find(last, &role)) {
        control_fault_set(
            ret_fault, 400, "RoleDefinitionDoesNotExist",
            "properties.roleDefinitionId names no role that is known: GET .../roleDefinitions lists them.");
        return false;
    }
    const char *type = is_guid(principal) ? principal_type(call->control, principal) : NULL;
    if (!type) {
        control_fault_set(
            ret_fault, 400, "PrincipalNotFound",
            "Principal %.*s does not exist in the directory %s. Make people and applications with: sallyport "
            "user create, sallyport sp create.",
            BYTES_FMT(bytes_slice(principal, 0, 64)), call->control->tenant);
        return false;
    }
    struct bytes description = json_member_bytes(properties, "description");
    struct bytes scope = scope_of(call);
    const struct principal *caller = control_caller(call);
    *ret = (struct directory_assignment){.id = arena_cstr(&call->arena, name),
                                         .principal_id = arena_cstr(&call->arena, principal),
                                         .principal_type = type,
                                         .role_id = access_role_id(role),
                                         .scope = arena_cstr(&call->arena, scope),
                                         .description = arena_cstr(&call->arena, description),
                                         .created_by = caller && caller->id ? caller->id : "",
                                         .created_ns = call->control->options.unix_ns()};
    ret->updated_ns = ret->created_ns;
    if (ret->id && ret->principal_id && ret->scope && ret->description)
        return true;
    control_fault_status(ret_fault, STATUS_NO_MEMORY, "out of memory");
    return false;
}

/* One at a time with all other changes: there is one waiter. */
static void make(struct control_call *call, struct bytes name)
{
    struct control_fault fault = {0};
    struct directory_assignment wish;
    const struct directory_assignment *former = find(call, name);
    if (!read_wish(call, name, &wish, &fault)) {
        fail(call, &fault);
        return;
    }
    bool same = former && strcasecmp(former->principal_id, wish.principal_id) == 0 &&
                strcasecmp(former->role_id, wish.role_id) == 0;
    if (same) {
        control_answer(call, 200, shown(call->control, former));
        control_call_destroy(call);
        return;
    }
    if (former) {
        control_fault_set(
            &fault, 409, "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.");
        fail(call, &fault);
        return;
    }
    call->assignment = bytes_of_cstr(wish.id);
    call->wish = wish;
    control_enqueue(call);
}

static void on_erased(void *context, enum status status, const char *text)
{
    struct control_call *call = context;
    if (status == STATUS_OK) {
        control_answer(call, 200, call->record);
        call->record = NULL;
    } else if (status == STATUS_NOT_FOUND) {
        control_answer_empty(call, 204);
    } else {
        struct control_fault fault = {0};
        control_fault_status(&fault, status, text);
        control_answer_fault(call, &fault);
    }
    control_finished(call);
}

void control_begin_assignment(struct control_call *call)
{
    struct control *control = call->control;
    if (!call->erase) {
        control_write_directory(
            control, &(struct directory_write){DIRECTORY_CREATE, DIRECTORY_ASSIGNMENT, &call->wish}, 1,
            on_made, call);
        return;
    }
    const struct directory_assignment *assignment = find(call, call->assignment);
    if (!assignment) {
        control_answer_empty(call, 204);
        control_finished(call);
        return;
    }
    call->record = shown(control, assignment); /* clients parse what they have deleted */
    control_write_directory(control,
                            &(struct directory_write){DIRECTORY_DELETE, DIRECTORY_ASSIGNMENT, assignment}, 1,
                            on_erased, call);
}

/* Who may change resources may not by that say who else may. */
static bool may_grant(struct control_call *call, struct control_fault *ret_fault)
{
    const struct principal *caller = control_caller(call);
    if (caller && access_may_grant(caller, scope_of(call), call->control->subscription))
        return true;
    control_fault_set(
        ret_fault, 403, "AuthorizationFailed",
        "The client '%s' does not have authorization to perform action "
        "'Microsoft.Authorization/roleAssignments/write' over scope '%.*s'. The role Owner there permits it.",
        caller && caller->name ? caller->name : "", BYTES_FMT(scope_of(call)));
    return false;
}

void control_serve_assignments(struct control_call *call, struct bytes name)
{
    struct control_fault fault = {0};
    bool reads = strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;
    bool makes = strcmp(call->method, "PUT") == 0;
    const struct directory_assignment *assignment = name.size ? find(call, name) : NULL;
    if (reads && name.size == 0) {
        list(call);
    } else if (reads && assignment) {
        control_answer(call, 200, shown(call->control, assignment));
        control_call_destroy(call);
    } else if (reads) {
        answer_missing(call, name);
    } else if (!makes && !call->erase) {
        control_fault_set(&fault, 405, "MethodNotAllowed",
                          "A role assignment is made and deleted, not changed.");
        fail(call, &fault);
    } else if (!may_grant(call, &fault)) {
        fail(call, &fault);
    } else if (makes) {
        make(call, name);
    } else {
        call->assignment = arena_copy(&call->arena, name);
        control_enqueue(call);
    }
}

/* --- what somebody may --- */

static bool ends_with(struct bytes text, const char *ending)
{
    struct bytes end = bytes_of_cstr(ending);
    return text.size >= end.size &&
           bytes_equal_nocase(bytes_slice(text, text.size - end.size, end.size), end);
}

static enum access_permission permission_of(struct bytes action)
{
    if (ends_with(action, "/read"))
        return ACCESS_CONTROL_READ;
    return bytes_starts_with_nocase(action, BYTES_LITERAL("Microsoft.Authorization/")) ? ACCESS_GRANT
                                                                                       : ACCESS_CONTROL_WRITE;
}

static bool is_member(const struct control *control, const char *group, struct bytes member)
{
    const struct directory_member *it = NULL;
    while ((it = directory_next(control->options.directory, DIRECTORY_MEMBER, it)))
        if (strcasecmp(it->group_id, group) == 0 && bytes_equal_nocase(bytes_of_cstr(it->member_id), member))
            return true;
    return false;
}

#define GRANTS_MAX 200

static size_t collect_grants(const struct control *control, struct bytes who,
                             struct access_grant grants[GRANTS_MAX])
{
    size_t count = 0;
    const struct directory_assignment *assignment = NULL;
    while (count < GRANTS_MAX &&
           (assignment = directory_next(control->options.directory, DIRECTORY_ASSIGNMENT, assignment))) {
        bool direct = bytes_equal_nocase(who, bytes_of_cstr(assignment->principal_id));
        if ((direct || is_member(control, assignment->principal_id, who)) &&
            access_role_find(bytes_of_cstr(assignment->role_id), &grants[count].role))
            grants[count++].scope = bytes_of_cstr(assignment->scope);
    }
    return count;
}

void control_check_access(struct control_call *call)
{
    const json_t *subject = json_get_nocase(call->body, "Subject");
    struct bytes who = json_bytes(json_get_nocase(subject, "ObjectId"));
    const json_t *actions = json_get_nocase(call->body, "Actions");
    struct access_grant grants[GRANTS_MAX];
    const char *id = arena_cstr(&call->arena, who);
    if (who.size == 0 || !json_is_array(actions) || !id) {
        struct control_fault fault = {0};
        control_fault_set(&fault, 400, "InvalidRequestContent",
                          "Say who and what: {\"Subject\":{\"ObjectId\"},\"Actions\":[{\"Id\"}]}.");
        control_answer_fault(call, &fault);
        return;
    }
    const struct principal principal = {
        .id = id, .name = id, .grants = grants, .grant_count = collect_grants(call->control, who, grants)};
    json_t *answer = json_array();
    for (size_t i = 0; i < json_array_size(actions); i++) {
        struct bytes action = json_bytes(json_get_nocase(json_array_get(actions, i), "Id"));
        bool may = access_decide_at(&principal, permission_of(action), BYTES_LITERAL("/control"),
                                    scope_of(call)) == ACCESS_GRANTED;
        (void)json_array_append_new(answer,
                                    json_pack("{s:s%,s:s}", "actionId", (const char *)action.data,
                                              action.size, "accessDecision", may ? "Allowed" : "NotAllowed"));
    }
    control_answer(call, 200, answer);
}
