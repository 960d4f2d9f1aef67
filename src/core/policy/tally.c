/* SPDX-License-Identifier: MIT */
/* tally.c — first which votes are somebody's last word on these bytes, then no before yes, then track by track. */
#include "core/policy/tally.h"

/* --- people --- */

static bool called(const struct policy_vote *vote, struct bytes name)
{
    return name.size > 0 && (bytes_equal_nocase(name, vote->principal) ||
                             bytes_equal_nocase(name, vote->name) || bytes_equal_nocase(name, vote->mail));
}

static bool among(struct bytes name, const struct bytes *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_nocase(name, items[i]))
            return true;
    }
    return false;
}

static bool is_one_of(const struct policy_vote *vote, const struct policy_who *people, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct policy_who *who = &people[i];
        bool is = who->kind == POLICY_ANYONE || (who->kind == POLICY_USER && called(vote, who->name)) ||
                  (who->kind == POLICY_GROUP && among(who->name, vote->groups, vote->group_count)) ||
                  (who->kind == POLICY_ROLE && among(who->name, vote->roles, vote->role_count));
        if (is)
            return true;
    }
    return false;
}

bool policy_may_approve(const struct policy_outcome *outcome, const struct policy_matter *matter,
                        const struct policy_vote *voter)
{
    int64_t self = outcome->terms[POLICY_SELF_APPROVAL];
    /* Blanks around a name make nobody else of them. */
    bool own = bytes_equal(voter->principal, matter->submitter) || called(voter, matter->submitter_name) ||
               called(voter, bytes_trim(matter->on_behalf_of));
    if (self == POLICY_SELF_TRUE || (self == POLICY_SELF_ALONE && !matter->people_known))
        return true;
    return !own;
}

/* --- last words --- */

struct counting {
    const struct policy_outcome *outcome;
    const struct policy_matter *matter;
    const struct policy_vote *votes;
    size_t count;
    size_t *order;               /* of the votes by time */
    enum policy_weight *weights; /* COUNTS: a last word, so far */
    bool *fits_later;            /* of approvals: a later stage asks for this person */
    /* Of approvals, whose place they take: the voter's own, or that of somebody who is away; NULL: they take none. */
    const struct policy_vote **places;   /* in some track */
    const struct policy_vote **in_track; /* in the track in hand */
};

static void sort_by_time(const struct counting *counting)
{
    for (size_t i = 0; i < counting->count; i++) {
        size_t at = i;
        for (; at > 0 && counting->votes[counting->order[at - 1]].at > counting->votes[i].at; at--)
            counting->order[at] = counting->order[at - 1];
        counting->order[at] = i;
    }
}

/* Approvals of one person in a row all stay: in which stage one counts depends on its time. */
static bool replaced(const struct counting *counting, size_t place)
{
    const struct policy_vote *vote = &counting->votes[counting->order[place]];
    for (size_t i = place + 1; i < counting->count; i++) {
        const struct policy_vote *later = &counting->votes[counting->order[i]];
        bool same_person = counting->weights[counting->order[i]] == POLICY_COUNTS &&
                           bytes_equal(later->principal, vote->principal);
        if (same_person && (later->answer != vote->answer || vote->answer != POLICY_APPROVE))
            return true;
    }
    return false;
}

static void weigh(const struct counting *counting)
{
    for (size_t i = 0; i < counting->count; i++) {
        const struct policy_vote *vote = &counting->votes[i];
        if (!bytes_equal(vote->manifest, counting->matter->manifest))
            counting->weights[i] = POLICY_OTHER_MANIFEST;
        else if (!policy_may_approve(counting->outcome, counting->matter, vote))
            counting->weights[i] = POLICY_OWN;
    }
    /* From the first on: a later vote's weight must still say whether it is about these bytes. */
    for (size_t i = 0; i < counting->count; i++) {
        if (counting->weights[counting->order[i]] == POLICY_COUNTS && replaced(counting, i))
            counting->weights[counting->order[i]] = POLICY_REPLACED;
    }
}

static bool somebody_says(const struct counting *counting, enum policy_answer answer)
{
    for (size_t i = 0; i < counting->count; i++) {
        if (counting->weights[i] == POLICY_COUNTS && counting->votes[i].answer == answer)
            return true;
    }
    return false;
}

/* --- tracks --- */

/* Of who is away the name may be all that is known. */
static bool same_person(const struct policy_vote *one, const struct policy_vote *other)
{
    bool known = one->principal.size > 0 && other->principal.size > 0;
    return known ? bytes_equal(one->principal, other->principal) : bytes_equal_nocase(one->name, other->name);
}

/* They have voted for a place among these, or somebody else has for theirs. */
static bool has_place(const struct counting *counting, const struct policy_vote *const *places,
                      const struct policy_vote *person)
{
    for (size_t i = 0; i < counting->count; i++) {
        if (places[i] && (same_person(&counting->votes[i], person) || same_person(places[i], person)))
            return true;
    }
    return false;
}

static bool asks(const struct counting *counting, const struct policy_stage *stage,
                 const struct policy_vote *vote)
{
    return is_one_of(vote, stage->reviewers, stage->reviewer_count) ||
           (counting->matter->escalated &&
            is_one_of(vote, counting->outcome->escalate, counting->outcome->escalate_count));
}

/* Whose place in the stage the voter may take: their own before another's; NULL: nobody's. */
static const struct policy_vote *place_in(const struct counting *counting, const struct policy_stage *stage,
                                          const struct policy_vote *vote)
{
    if (asks(counting, stage, vote))
        return vote;
    for (size_t i = 0; i < vote->absent_count; i++) {
        const struct policy_vote *absent = &vote->absent[i];
        if (asks(counting, stage, absent) &&
            policy_may_approve(counting->outcome, counting->matter, absent) &&
            !has_place(counting, counting->in_track, absent))
            return absent;
    }
    return NULL;
}

static struct policy_progress walk_track(const struct counting *counting, const struct policy_track *track)
{
    struct policy_progress progress = {0};
    memset(counting->in_track, 0, counting->count * sizeof counting->in_track[0]);
    for (size_t i = 0; i < counting->count && progress.stage < track->stage_count; i++) {
        size_t index = counting->order[i];
        const struct policy_vote *vote = &counting->votes[index];
        const struct policy_stage *stage = &track->stages[progress.stage];
        if (counting->weights[index] != POLICY_COUNTS || vote->answer != POLICY_APPROVE ||
            has_place(counting, counting->in_track, vote))
            continue;
        for (size_t later = progress.stage + 1; later < track->stage_count; later++)
            counting->fits_later[index] =
                counting->fits_later[index] || place_in(counting, &track->stages[later], vote);
        const struct policy_vote *place = place_in(counting, stage, vote);
        if (!place)
            continue;

        counting->in_track[index] = place;
        counting->places[index] = place;
        if (++progress.approvals == stage->approvals)
            progress = (struct policy_progress){.stage = progress.stage + 1};
    }
    return progress;
}

/* Approvals that no track has counted say why. */
static void tell_uncounted(const struct counting *counting)
{
    for (size_t i = 0; i < counting->count; i++) {
        if (counting->weights[i] != POLICY_COUNTS || counting->votes[i].answer != POLICY_APPROVE ||
            counting->places[i])
            continue;
        if (has_place(counting, counting->places, &counting->votes[i]))
            counting->weights[i] = POLICY_REPLACED;
        else
            counting->weights[i] = counting->fits_later[i] ? POLICY_TOO_EARLY : POLICY_NOT_ASKED;
    }
}

static bool walk_tracks(const struct counting *counting, struct policy_progress *progress)
{
    bool complete = true;
    for (size_t i = 0; i < counting->outcome->track_count; i++) {
        progress[i] = walk_track(counting, &counting->outcome->tracks[i]);
        complete = complete && progress[i].stage == counting->outcome->tracks[i].stage_count;
    }
    tell_uncounted(counting);
    return complete;
}

/* --- the verdict --- */

enum status policy_tally(const struct policy_outcome *outcome, const struct policy_matter *matter,
                         const struct policy_vote *votes, size_t vote_count, struct arena *arena,
                         struct policy_tally *ret_tally)
{
    struct counting counting = {
        .outcome = outcome,
        .matter = matter,
        .votes = votes,
        .count = vote_count,
        .order = arena_alloc_array(arena, vote_count, sizeof(size_t)),
        .weights = arena_alloc_array(arena, vote_count, sizeof(enum policy_weight)),
        .fits_later = arena_alloc_array(arena, vote_count, sizeof(bool)),
        .places = arena_alloc_array(arena, vote_count, sizeof(struct policy_vote *)),
        .in_track = arena_alloc_array(arena, vote_count, sizeof(struct policy_vote *)),
    };
    struct policy_progress *progress = arena_alloc_array(arena, outcome->track_count, sizeof *progress);
    if (!counting.order || !counting.weights || !counting.fits_later || !counting.places ||
        !counting.in_track || !progress)
        return STATUS_NO_MEMORY;

    sort_by_time(&counting);
    weigh(&counting);
    bool complete = walk_tracks(&counting, progress);
    struct policy_tally tally = {.weights = counting.weights, .progress = progress};
    if (outcome->settled == POLICY_DENY || somebody_says(&counting, POLICY_REJECT))
        tally.verdict = POLICY_REJECTED;
    else if (somebody_says(&counting, POLICY_CHANGES))
        tally.verdict = POLICY_CHANGES_ASKED;
    else
        tally.verdict = complete ? POLICY_APPROVED : POLICY_OPEN;
    *ret_tally = tally;
    return STATUS_OK;
}
