/* SPDX-License-Identifier: MIT */
/* authorization.c — Microsoft.Authorization: role assignments over the directory (CS-26, CS-28). Role definitions are
 * authorization_roles.c's, what somebody may is authorization_check.c's. */
#include <stdio.h>
#include <stdlib.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "store/directory/assignments.h"
#include "svc/control/control_internal.h"

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
        on_done(context, STATUS_NO_MEMORY, ERR_NO_MEMORY);
        return;
    }
    *write = (struct control_write){
        .waiter = {.on_done = on_written}, .control = control, .on_done = on_done, .context = context};
    control->write = write;
    const struct directory_author *author = control->current ? &control->current->author : NULL;
    directory_write_by(control->options.directory, author, writes, count, &write->waiter);
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
    const struct bytes places[] = {forgetting->scope, forgetting->place};
    struct directory_write writes[DIRECTORY_WRITES_MAX];
    size_t count = status != STATUS_OK ? 0
                                       : assignments_below(forgetting->control->options.directory, places,
                                                           ARRAY_SIZE(places), writes);
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
        on_done(context, STATUS_NO_MEMORY, ERR_NO_MEMORY);
        return;
    }
    *forgetting = (struct forgetting){.control = control,
                                      .scope = scope,
                                      .place = place_of(control, control->current),
                                      .on_done = on_done,
                                      .context = context};
    forget_some(forgetting, STATUS_OK, NULL);
}

/* --- what its parts share --- */

struct bytes control_scope_of(const struct control_call *call)
{
    struct bytes scope = resource_id_prefix(&call->id, call->id.provider);
    return scope.size ? scope : BYTES_LITERAL("/");
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
        control->subscription, CONTROL_DEFINITIONS, assignment->role_id, "principalId",
        assignment->principal_id, "principalType", assignment->principal_type, "scope", assignment->scope,
        "description", assignment->description, "createdOn", created, "updatedOn", updated, "createdBy",
        assignment->created_by, "updatedBy", assignment->created_by);
}

/* With atScope() those above count, too; without it also those below. */
static bool is_listed(const struct directory_assignment *assignment, struct bytes scope, bool at_scope)
{
    struct bytes own = bytes_of_cstr(assignment->scope);
    bool top = bytes_equal_cstr(own, "/");
    char copy[RESOURCE_ID_SIZE_MAX + 1];
    snprintf(copy, sizeof copy, "%.*s", BYTES_FMT(bytes_equal_cstr(scope, "/") ? BYTES_LITERAL("") : scope));
    bool above = top || assignment_is_below(copy, own);
    return above || (!at_scope && assignment_is_below(assignment->scope, bytes_of_cstr(copy)));
}

/* Whose: principalId means their own, assignedTo() also those of their groups. */
static void list(struct control_call *call)
{
    struct control *control = call->control;
    struct control_fault fault = {0};
    struct odata_filter filter;
    struct subjects subjects = {0};
    if (!control_take_filter(call, "principalId assignedTo() atScope()", &filter, &fault)) {
        control_fail(call, &fault);
        return;
    }
    const struct odata_term *own = control_filter_term(&filter, "principalId");
    const struct odata_term *assigned = control_filter_term(&filter, "assignedTo()");
    struct bytes scope = control_scope_of(call);
    bool at_scope = control_filter_term(&filter, "atScope()") != NULL;
    if (assigned)
        subjects_find(control->options.directory, assigned->text, &subjects);

    json_t *values = json_array();
    const struct directory_assignment *assignment = NULL;
    while ((assignment = directory_next(control->options.directory, DIRECTORY_ASSIGNMENT, assignment))) {
        struct bytes whose = bytes_of_cstr(assignment->principal_id);
        bool wanted = (!own || bytes_equal_nocase(own->text, whose)) &&
                      (!assigned || subjects_have(&subjects, assignment->principal_id));
        if (wanted && is_listed(assignment, scope, at_scope))
            (void)json_array_append_new(values, shown(control, assignment));
    }
    control_answer_list(call, values);
    control_call_destroy(call);
}

static const struct directory_assignment *find(const struct control_call *call, struct bytes name)
{
    const struct directory_assignment *assignment =
        directory_find(call->control->options.directory, DIRECTORY_ASSIGNMENT, "id", name);
    return assignment && bytes_equal_nocase(bytes_of_cstr(assignment->scope), control_scope_of(call))
               ? assignment
               : NULL;
}

static void answer_missing(struct control_call *call, struct bytes name)
{
    struct control_fault fault = {0};
    control_fault_set(&fault, 404, "RoleAssignmentNotFound", "The role assignment '%.*s' is not found.",
                      BYTES_FMT(name));
    control_fail(call, &fault);
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
    if (principal.size == 0) {
        control_fault_set(
            ret_fault, 400, "InvalidRequestContent",
            "properties.principalId is required: the id of a person, a group or an application.");
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
    struct bytes scope = control_scope_of(call);
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
    control_fault_no_memory(ret_fault);
    return false;
}

/* One at a time with all other changes: there is one waiter. */
static void make(struct control_call *call, struct bytes name)
{
    struct control_fault fault = {0};
    struct directory_assignment wish;
    const struct directory_assignment *former = find(call, name);
    if (!read_wish(call, name, &wish, &fault)) {
        control_fail(call, &fault);
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
        control_fail(call, &fault);
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
    if (caller && access_may_grant(caller, control_scope_of(call), call->control->subscription))
        return true;
    const char *name = caller && caller->name ? caller->name : "";
    CLEANUP(buf_fini) struct buf grant = {.limit = sizeof ret_fault->message};
    access_write_grant(ROLE_OWNER, name, control_scope_of(call), &grant);
    control_fault_set(
        ret_fault, 403, "AuthorizationFailed",
        "The client '%s' does not have authorization to perform action "
        "'Microsoft.Authorization/roleAssignments/write' over scope '%.*s'. The role Owner there "
        "permits it: %.*s",
        name, BYTES_FMT(control_scope_of(call)), BYTES_FMT(buf_peek(&grant)));
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
        control_fail(call, &fault);
    } else if (!may_grant(call, &fault)) {
        control_fail(call, &fault);
    } else if (makes) {
        make(call, name);
    } else {
        call->assignment = arena_copy(&call->arena, name);
        control_enqueue(call);
    }
}
