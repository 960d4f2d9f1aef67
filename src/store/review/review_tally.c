/* SPDX-License-Identifier: MIT */
/* review_tally.c — votes out of the record into core/policy/tally.h, and what they weigh back into it. */
#include "base/no_memory.h"
#include "base/text.h"
#include "core/review/sight.h"
#include "store/review/review_rule.h"
#include "wire/json/json.h"

static const char *const weights[] = {
    [POLICY_COUNTS] = "counts",
    [POLICY_OTHER_MANIFEST] = "other-manifest",
    [POLICY_OWN] = "own",
    [POLICY_REPLACED] = "replaced",
    [POLICY_NOT_ASKED] = "not-asked",
    [POLICY_TOO_EARLY] = "too-early",
};

/* --- out of the record --- */

static STATUS_RESULT read_texts(const json_t *array, struct arena *arena, const struct bytes **ret_items,
                                size_t *ret_count)
{
    size_t count = json_array_size(array);
    struct bytes *items = arena_alloc_array(arena, count, sizeof *items);
    if (!items)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        items[i] = json_bytes(json_array_get(array, i));
    *ret_items = items;
    *ret_count = count;
    return STATUS_OK;
}

/* One of an earlier revision is about other bytes, whatever its manifest was. */
static struct bytes manifest_of(const struct review_record *record, const json_t *vote)
{
    const json_t *revision = json_object_get(vote, "revision"),
                 *now = json_object_get(record->doc, "revision");
    bool of_before = revision ? !json_equal(revision, now) : json_is_false(json_object_get(vote, "counts"));
    return of_before ? BYTES_LITERAL("of another revision") : json_member_bytes(vote, "manifestSha256");
}

/* The groups and roles of `facts`. */
static STATUS_RESULT read_person(const json_t *facts, struct arena *arena, struct policy_vote *person)
{
    enum status status =
        read_texts(json_object_get(facts, "groups"), arena, &person->groups, &person->group_count);
    if (status == STATUS_OK)
        return read_texts(json_object_get(facts, "roles"), arena, &person->roles, &person->role_count);
    return status;
}

/* Who was away, and had the voter stand in. */
static STATUS_RESULT read_absent(const json_t *array, struct arena *arena, struct policy_vote *vote)
{
    size_t count = json_array_size(array);
    struct policy_vote *absent = arena_alloc_array(arena, count, sizeof *absent);
    enum status status = absent ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const json_t *facts = json_array_get(array, i);
        absent[i] = (struct policy_vote){.principal = json_member_bytes(facts, "id"),
                                         .name = json_member_bytes(facts, "name")};
        status = read_person(facts, arena, &absent[i]);
    }
    vote->absent = absent;
    vote->absent_count = count;
    return status;
}

static STATUS_RESULT read_vote(const struct review_record *record, size_t index, struct arena *arena,
                               struct policy_vote *ret_vote)
{
    const json_t *vote = json_array_get(json_object_get(record->doc, "votes"), index);
    const json_t *facts = json_array_get(json_object_get(record->doc, REVIEW_VOTER_FACTS), index);
    const json_t *by = json_object_get(vote, "by");
    const char *answer = json_member_text(vote, "answer");
    /* Where nobody signs in the name beside the id is what somebody claims. */
    const json_t *name = json_object_get(facts, "name");
    *ret_vote = (struct policy_vote){
        .principal = json_member_bytes(by, "id"),
        .name = json_bytes(json_is_object(facts) ? name : json_object_get(by, "name")),
        .answer = (enum policy_answer)policy_word_index(policy_terms[POLICY_COMMENT].words,
                                                        bytes_of_cstr(text_or(answer, "reject"))),
        .at = (int64_t)index,
        .manifest = manifest_of(record, vote),
    };
    enum status status = read_person(facts, arena, ret_vote);
    if (status != STATUS_OK)
        return status;
    return read_absent(json_object_get(facts, "absent"), arena, ret_vote);
}

static struct policy_matter matter_of(const struct review_record *record, bool people_known)
{
    const json_t *submitter = json_object_get(record->doc, "submitter");
    struct policy_matter matter = {
        .manifest = json_member_bytes(record->doc, "manifestSha256"),
        .on_behalf_of = json_member_bytes(record->doc, "onBehalfOf"),
        .people_known = people_known,
        .escalated = json_is_true(json_object_get(record->doc, REVIEW_ESCALATED)),
    };

    /* Where people sign in now, what came while nobody did is nobody's own. */
    if (people_known && review_is_anybodys(record->doc))
        return matter;
    matter.submitter = json_member_bytes(submitter, "id");
    matter.submitter_name = json_member_bytes(submitter, "name");
    return matter;
}

/* --- and back --- */

static void note_weights(struct review_record *record, const struct policy_vote *votes,
                         const struct policy_tally *tally, size_t count)
{
    static const char *const answers[] = {"approve", "changes", "reject"};
    json_int_t counts[ARRAY_SIZE(answers)] = {0};
    for (size_t i = 0; i < count; i++) {
        json_t *vote = json_array_get(json_object_get(record->doc, "votes"), i);
        bool counted = tally->weights[i] == POLICY_COUNTS;
        json_object_set_new(vote, "counts", json_boolean(counted));
        json_object_set_new(vote, "weight", json_string(weights[tally->weights[i]]));
        counts[votes[i].answer] += counted;
    }
    json_t *sums = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        json_object_set_new(sums, answers[i], json_integer(counts[i]));
    json_object_set_new(record->doc, "voteCounts", sums);
}

static json_t *people_json(const struct policy_stage *stage)
{
    json_t *people = json_array();
    for (size_t i = 0; i < stage->reviewer_count; i++)
        json_array_append_new(people, json_stringn((const char *)stage->reviewers[i].shown.data,
                                                   stage->reviewers[i].shown.size));
    return people;
}

/* {"rule"?,"stage","stages","name"?,"approvals","needed","reviewers","complete"}: how far one track is. */
static json_t *track_json(const struct policy_track *track, const struct policy_progress *progress)
{
    bool complete = progress->stage == track->stage_count;
    size_t index = complete ? track->stage_count - 1 : progress->stage;
    const struct policy_stage *stage = &track->stages[index];
    int64_t approvals = complete ? stage->approvals : progress->approvals;
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:I, s:o, s:b}", "stage", (json_int_t)index + 1, "stages",
                  (json_int_t)track->stage_count, "approvals", (json_int_t)approvals, "needed",
                  (json_int_t)stage->approvals, "reviewers", people_json(stage), "complete", complete);
    if (object && track->rule.size > 0)
        json_object_set_new(object, "rule", json_stringn((const char *)track->rule.data, track->rule.size));
    if (object && stage->name.size > 0)
        json_object_set_new(object, "name", json_stringn((const char *)stage->name.data, stage->name.size));
    return object;
}

static void note_progress(struct review_record *record, const struct policy_outcome *outcome,
                          const struct policy_tally *tally)
{
    json_t *progress = json_array();
    for (size_t i = 0; i < outcome->track_count; i++)
        if (outcome->tracks[i].stage_count > 0)
            json_array_append_new(progress, track_json(&outcome->tracks[i], &tally->progress[i]));
    json_object_set_new(record->doc, "progress", progress);
}

static STATUS_RESULT count_votes(struct review_record *record, const struct policy_outcome *outcome,
                                 const struct policy_matter *matter, struct arena *arena,
                                 enum policy_verdict *ret_verdict)
{
    size_t count = json_array_size(json_object_get(record->doc, "votes"));
    struct policy_vote *votes = arena_alloc_array(arena, count, sizeof *votes);
    struct policy_tally tally;
    if (!votes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        enum status status = read_vote(record, i, arena, &votes[i]);
        if (status != STATUS_OK)
            return status;
    }
    enum status status = policy_tally(outcome, matter, votes, count, arena, &tally);
    if (status != STATUS_OK)
        return status;
    note_weights(record, votes, &tally, count);
    if (json_object_get(record->doc, "policy"))
        note_progress(record, outcome, &tally);
    *ret_verdict = tally.verdict;
    return STATUS_OK;
}

enum status review_tally(struct review_record *record, const struct policy_outcome *outcome,
                         bool people_known, enum policy_verdict *ret_verdict, struct err *err)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    const struct policy_matter matter = matter_of(record, people_known);
    enum status status = count_votes(record, outcome, &matter, &arena, ret_verdict);
    return status == STATUS_OK ? STATUS_OK : err_set(err, status, ERR_NO_MEMORY);
}

bool review_may_approve(const struct review_record *record, const struct policy_outcome *outcome,
                        const struct review_person *person)
{
    const struct policy_matter matter = matter_of(record, strcmp(person->kind, "local") != 0);
    const struct policy_vote voter = {.principal = bytes_of_cstr(person->id),
                                      .name = bytes_of_cstr(person->name)};
    return policy_may_approve(outcome, &matter, &voter);
}
