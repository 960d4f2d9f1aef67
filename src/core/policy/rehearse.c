/* SPDX-License-Identifier: MIT */
/* rehearse.c — two decisions, and whether they differ in anything that somebody would notice. */
#include "core/policy/rehearse.h"

static bool same_people(const struct policy_who *one, size_t one_count, const struct policy_who *other,
                        size_t other_count)
{
    for (size_t i = 0; one_count == other_count && i < one_count; i++) {
        if (!bytes_equal(one[i].shown, other[i].shown))
            return false;
    }
    return one_count == other_count;
}

static bool same_track(const struct policy_track *one, const struct policy_track *other)
{
    for (size_t i = 0; one->stage_count == other->stage_count && i < one->stage_count; i++) {
        const struct policy_stage *mine = &one->stages[i], *theirs = &other->stages[i];
        if (mine->approvals != theirs->approvals ||
            !same_people(mine->reviewers, mine->reviewer_count, theirs->reviewers, theirs->reviewer_count))
            return false;
    }
    return one->stage_count == other->stage_count;
}

/* True if each track of `one` is in `other`: their order says nothing. */
static bool tracks_within(const struct policy_outcome *one, const struct policy_outcome *other)
{
    for (size_t i = 0; i < one->track_count; i++) {
        size_t at = 0;
        while (at < other->track_count && !same_track(&one->tracks[i], &other->tracks[at]))
            at++;
        if (at == other->track_count)
            return false;
    }
    return true;
}

bool policy_outcomes_differ(const struct policy_outcome *was, const struct policy_outcome *would)
{
    return was->settled != would->settled || memcmp(was->terms, would->terms, sizeof was->terms) != 0 ||
           !tracks_within(was, would) || !tracks_within(would, was);
}

enum status policy_rehearse(const struct policy *in_force, const struct policy *draft,
                            const struct policy_past *pasts, size_t count, struct arena *arena,
                            struct policy_rehearsal **ret_rows)
{
    struct policy_rehearsal *rows = arena_alloc_array(arena, count, sizeof *rows);
    if (!rows)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        rows[i].past = &pasts[i];
        enum status status = policy_decide(in_force, pasts[i].facts, arena, &rows[i].was);
        if (status == STATUS_OK)
            status = policy_decide(draft, pasts[i].facts, arena, &rows[i].would);
        if (status != STATUS_OK)
            return status;
        rows[i].changed = policy_outcomes_differ(&rows[i].was, &rows[i].would);
    }
    *ret_rows = rows;
    return STATUS_OK;
}
