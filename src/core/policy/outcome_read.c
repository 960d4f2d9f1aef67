/* SPDX-License-Identifier: MIT */
/* outcome_read.c — the mirror of describe.c: one reader for each group of members. */
#include "core/policy/outcome_read.h"

#include "base/duration.h"
#include "core/policy/keys.h"
#include "wire/json/json.h"

static json_t *member(json_t *object, enum policy_key key)
{
    return json_object_get(object, policy_keys[key].name);
}

static STATUS_RESULT read_people(json_t *array, struct arena *arena, const struct policy_who **ret_people,
                                 size_t *ret_count)
{
    size_t count = json_array_size(array);
    struct policy_who *people = arena_alloc_array(arena, count, sizeof *people);
    if (!people)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        if (!policy_who_read(json_bytes(json_array_get(array, i)), &people[i]))
            return STATUS_MALFORMED;
    *ret_people = people;
    *ret_count = count;
    return STATUS_OK;
}

static STATUS_RESULT read_stage(json_t *object, struct arena *arena, struct policy_stage *ret_stage)
{
    *ret_stage = (struct policy_stage){
        .name = json_bytes(member(object, POLICY_KEY_NAME)),
        .approvals = json_integer_value(member(object, POLICY_KEY_APPROVALS)),
    };
    if (ret_stage->approvals < 1)
        return STATUS_MALFORMED;
    return read_people(member(object, POLICY_KEY_REVIEWERS), arena, &ret_stage->reviewers,
                       &ret_stage->reviewer_count);
}

static STATUS_RESULT read_track(json_t *object, struct arena *arena, struct policy_track *ret_track)
{
    json_t *array = member(object, POLICY_KEY_STAGES);
    size_t count = json_array_size(array);
    struct policy_stage *stages = arena_alloc_array(arena, count, sizeof *stages);
    if (!stages)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        enum status status = read_stage(json_array_get(array, i), arena, &stages[i]);
        if (status != STATUS_OK)
            return status;
    }
    *ret_track = (struct policy_track){json_member_bytes(object, "rule"), stages, count};
    return STATUS_OK;
}

static STATUS_RESULT read_tracks(json_t *array, struct arena *arena, struct policy_outcome *outcome)
{
    size_t count = json_array_size(array);
    struct policy_track *tracks = arena_alloc_array(arena, count, sizeof *tracks);
    if (!tracks)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        enum status status = read_track(json_array_get(array, i), arena, &tracks[i]);
        if (status != STATUS_OK)
            return status;
    }
    outcome->tracks = tracks;
    outcome->track_count = count;
    return STATUS_OK;
}

static STATUS_RESULT read_reminders(json_t *array, struct arena *arena, struct policy_outcome *outcome)
{
    size_t count = json_array_size(array);
    int64_t *reminders = arena_alloc_array(arena, count, sizeof *reminders);
    if (!reminders)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        if (duration_parse(json_bytes(json_array_get(array, i)), &reminders[i]) != STATUS_OK)
            return STATUS_MALFORMED;
    outcome->reminders = reminders;
    outcome->reminder_count = count;
    return STATUS_OK;
}

/* One that has no text was not written: a duration that nobody said, a list of words without a word. A term that is younger
 * than the text is what it is where nobody says it. */
static STATUS_RESULT read_terms(json_t *demands, int64_t *terms)
{
    for (enum policy_term term = 0; term < POLICY_TERMS; term++) {
        json_t *value = json_object_get(demands, policy_terms[term].name);
        terms[term] = policy_terms[term].initial;
        if (value && policy_term_parse(term, json_bytes(value), &terms[term]) != STATUS_OK)
            return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

enum status policy_outcome_read(json_t *object, struct arena *arena, struct policy_outcome *ret_outcome)
{
    json_t *demands = json_object_get(object, "demands");
    struct policy_outcome outcome = {
        .standing = json_member_bytes(object, "standing"),
        .message = json_bytes(member(object, POLICY_KEY_MESSAGE)),
        .waiting_count = (size_t)json_integer_value(json_object_get(object, "waiting")),
    };
    if (!json_is_object(demands) || !policy_do_find(json_member_bytes(object, "settled"), &outcome.settled))
        return STATUS_MALFORMED;

    enum status status = read_terms(demands, outcome.terms);
    if (status == STATUS_OK)
        status = read_tracks(json_object_get(demands, "tracks"), arena, &outcome);
    if (status == STATUS_OK)
        status = read_reminders(member(demands, POLICY_KEY_REMINDERS), arena, &outcome);
    if (status == STATUS_OK)
        status = read_people(member(demands, POLICY_KEY_ESCALATE), arena, &outcome.escalate,
                             &outcome.escalate_count);
    if (status == STATUS_OK)
        *ret_outcome = outcome;
    return status;
}
