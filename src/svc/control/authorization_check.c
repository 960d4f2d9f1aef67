/* SPDX-License-Identifier: MIT */
/* authorization_check.c — what somebody may: their assignments and those of their groups, judged by core/access as a call of
 * theirs would be. */
#include <strings.h>

#include "svc/control/control_internal.h"

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
                                    control_scope_of(call)) == ACCESS_GRANTED;
        (void)json_array_append_new(answer,
                                    json_pack("{s:s%,s:s}", "actionId", (const char *)action.data,
                                              action.size, "accessDecision", may ? "Allowed" : "NotAllowed"));
    }
    control_answer(call, 200, answer);
}
