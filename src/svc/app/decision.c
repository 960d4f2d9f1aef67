/* SPDX-License-Identifier: MIT */
/* decision.c — the first decision wins; every other is told why it does not. */
#include "svc/app/decision.h"

#include "base/encode.h"
#include "svc/app/problem.h"

json_t *decision_record(bool approved, int64_t at_ns, const char *by)
{
    char at[TIME_TEXT_SIZE_MAX];
    time_format(at_ns, 7, at);
    return json_pack("{s:b, s:s, s:s}", "approved", approved, "at", at, "by", by);
}

/* The hash of code and result as it shows, a new reference, or NULL: there is no result yet. */
static json_t *hash_shown(const struct request_facts *facts)
{
    json_t *request = request_to_json(facts, true);
    json_t *hash = json_incref(json_object_get(request, "sha256"));
    json_decref(request);
    return hash;
}

enum decision_verdict decision_admit(const struct request_facts *facts, json_t *record, json_t *remembered,
                                     json_t **ret_first)
{
    *ret_first = request_decision(facts);
    if (!*ret_first)
        *ret_first = json_incref(remembered);
    if (*ret_first)
        return DECISION_LOST;
    if (request_state_over(request_state_of(facts)))
        return DECISION_LATE;
    json_t *hash = hash_shown(facts);
    const json_t *seen = json_object_get(record, "sha256");
    bool fits = !seen || json_equal(seen, hash);
    if (fits && hash)
        json_object_set(record, "sha256", hash);
    json_decref(hash);
    return fits ? DECISION_ADMITTED : DECISION_MISFIT;
}

/* Two decisions are the same if they say the same and were made at the same instant (100 ns). */
static bool same_decision(const json_t *left, const json_t *right)
{
    return json_is_true(json_object_get(left, "approved")) ==
               json_is_true(json_object_get(right, "approved")) &&
           json_equal(json_object_get(left, "at"), json_object_get(right, "at"));
}

enum decision_verdict decision_follow(const struct request_facts *facts, const json_t *record, bool patient,
                                      json_t **ret_first)
{
    enum request_state state = request_state_of(facts);
    json_t *shown = request_decision(facts);
    *ret_first = NULL;
    if (shown && !same_decision(shown, record)) {
        *ret_first = shown;
        return DECISION_LOST;
    }
    bool kept = shown && (request_state_over(state) || state == REQUEST_RUNNING);
    bool over_without = !shown && request_state_over(state);
    json_decref(shown);
    if (over_without)
        return DECISION_LATE;
    return kept || !patient ? DECISION_STANDS : DECISION_HIDDEN;
}

json_t *decision_conflict(enum decision_verdict verdict, const struct request_facts *facts, json_t *first)
{
    static const struct {
        enum app_problem problem;
        const char *detail;
    } conflicts[] = {
        [DECISION_LOST] = {APP_ALREADY_DECIDED, "The request has already been decided."},
        [DECISION_LATE] = {APP_REQUEST_OVER, "The request was over before the decision."},
        [DECISION_MISFIT] = {APP_RESULT_DIFFERS, "The result is not the one with this sha256."},
    };
    ASSERT((size_t)verdict < ARRAY_SIZE(conflicts) && conflicts[verdict].detail);
    json_t *body = app_problem_json(conflicts[verdict].problem, conflicts[verdict].detail);
    json_object_set_new(body, "state", json_string(request_state_name(request_state_of(facts))));
    if (first)
        json_object_set(body, "decision", first);
    return body;
}
