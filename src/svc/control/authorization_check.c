/* SPDX-License-Identifier: MIT */
/* authorization_check.c — what somebody may: their assignments and those of their groups, judged by core/access as a call of
 * theirs would be. */
#include <string.h>

#include "store/directory/assignments.h"
#include "svc/control/control_internal.h"

static bool ends_with(struct bytes text, const char *ending)
{
    struct bytes end = bytes_of_cstr(ending);
    return text.size >= end.size &&
           bytes_equal_nocase(bytes_slice(text, text.size - end.size, end.size), end);
}

/* However many actions are asked for, each is one of these. */
enum asked { ASKED_READ, ASKED_WRITE, ASKED_GRANT };

static const enum access_permission asked[] = {
    [ASKED_READ] = ACCESS_CONTROL_READ,
    [ASKED_WRITE] = ACCESS_CONTROL_WRITE,
    [ASKED_GRANT] = ACCESS_GRANT,
};

/* One that stands for many is asked for as the one of them that fewest may. */
static enum asked asked_by(struct bytes action)
{
    bool for_many = action.size > 0 && memchr(action.data, '*', action.size);
    if (for_many && !ends_with(action, "/read"))
        return ASKED_GRANT;
    if (ends_with(action, "/read"))
        return ASKED_READ;
    return bytes_starts_with_nocase(action, BYTES_LITERAL("Microsoft.Authorization/")) ? ASKED_GRANT
                                                                                       : ASKED_WRITE;
}

static size_t collect_grants(const struct control *control, struct bytes who,
                             struct access_grant grants[SUBJECT_GRANTS_MAX])
{
    const struct directory *directory = control->options.directory;
    const struct directory_assignment *assignment = NULL;
    struct subjects subjects;
    size_t count = 0;
    if (!subject_counts(directory, who))
        return 0;
    subjects_find(directory, who, &subjects);
    while (count < SUBJECT_GRANTS_MAX &&
           (assignment = directory_next(directory, DIRECTORY_ASSIGNMENT, assignment))) {
        if (subjects_have(&subjects, assignment->principal_id) &&
            access_role_find(bytes_of_cstr(assignment->role_id), &grants[count].role))
            grants[count++].scope = access_scope(bytes_of_cstr(assignment->scope), control->subscription);
    }
    return count;
}

void control_check_access(struct control_call *call)
{
    const json_t *subject = json_get_nocase(call->body, "Subject");
    struct bytes who = json_bytes(json_get_nocase(subject, "ObjectId"));
    const json_t *actions = json_get_nocase(call->body, "Actions");
    struct access_grant grants[SUBJECT_GRANTS_MAX];
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
    bool granted[ARRAY_SIZE(asked)] = {false};
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
        granted[i] = access_decide_at(&principal, asked[i], BYTES_LITERAL("/control"),
                                      control_scope_of(call)) == ACCESS_GRANTED;
    json_t *answer = json_array();
    for (size_t i = 0; i < json_array_size(actions); i++) {
        struct bytes action = json_bytes(json_get_nocase(json_array_get(actions, i), "Id"));
        bool may = granted[asked_by(action)];
        (void)json_array_append_new(answer,
                                    json_pack("{s:s%,s:s}", "actionId", (const char *)action.data,
                                              action.size, "accessDecision", may ? "Allowed" : "NotAllowed"));
    }
    control_answer(call, 200, answer);
}
