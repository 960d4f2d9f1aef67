/* SPDX-License-Identifier: MIT */
/* rules.c — the built-in demands; a policy will stand in front of them. */
#include "core/review/rules.h"

#include "base/bytes.h"
#include "base/text.h"

#define APPROVALS_DEMANDED 1

/* True if a later vote of the same person stands in the array. */
static bool voted_again(json_t *votes, size_t index)
{
    const json_t *id = json_object_get(json_object_get(json_array_get(votes, index), "by"), "id");
    for (size_t i = index + 1; i < json_array_size(votes); i++) {
        const json_t *vote = json_array_get(votes, i);
        if (json_is_true(json_object_get(vote, "counts")) &&
            json_equal(json_object_get(json_object_get(vote, "by"), "id"), id))
            return true;
    }
    return false;
}

bool review_rules_tally(json_t *votes, enum review_event *ret_event)
{
    size_t approvals = 0, index;
    bool rejected = false, changes = false;
    json_t *vote;
    json_array_foreach(votes, index, vote)
    {
        if (!json_is_true(json_object_get(vote, "counts")) || voted_again(votes, index))
            continue;
        const char *answer = json_string_value(json_object_get(vote, "answer"));
        if (!answer)
            continue;
        approvals += strcmp(answer, "approve") == 0;
        rejected = rejected || strcmp(answer, "reject") == 0;
        changes = changes || strcmp(answer, "changes") == 0;
    }
    if (rejected)
        *ret_event = REVIEW_EVENT_REJECT;
    else if (changes)
        *ret_event = REVIEW_EVENT_ASK_CHANGES;
    else if (approvals >= APPROVALS_DEMANDED)
        *ret_event = REVIEW_EVENT_APPROVE;
    else
        return false;
    return true;
}

bool review_rules_may_vote(const char *voter_id, const char *voter_name, const char *submitter_id,
                           const char *on_behalf_of, bool known)
{
    if (!known)
        return true;
    bool own = strcmp(voter_id, submitter_id) == 0;
    struct bytes behind = bytes_of_cstr(text_or(on_behalf_of, ""));
    bool own_agent = bytes_equal_nocase(behind, bytes_of_cstr(voter_id)) ||
                     bytes_equal_nocase(behind, bytes_of_cstr(voter_name));
    return !own && !(behind.size > 0 && own_agent);
}

bool review_rules_allow_outside(void)
{
    return true;
}
