/* SPDX-License-Identifier: MIT */
/* decide.c — which rules match, what that settles, and then the demands of those that ask, term by term. */
#include "core/policy/decide.h"

/* --- matching --- */

static bool looks_at_run(const struct policy_alternative *alternative)
{
    for (size_t i = 0; i < alternative->condition_count; i++) {
        if (alternative->conditions[i].fact->known_from == POLICY_AFTER_RUN)
            return true;
    }
    return false;
}

/* The conditions that are patterns, or the others. `unknown` is the first of which it is not known. */
static enum policy_truth conditions_hold(const struct policy_alternative *alternative,
                                         const struct policy_facts *facts, bool patterns,
                                         const struct policy_condition **unknown)
{
    for (size_t i = 0; i < alternative->condition_count; i++) {
        const struct policy_condition *condition = &alternative->conditions[i];
        if ((condition->fact->kind == POLICY_FACT_PATTERN) != patterns)
            continue;
        enum policy_truth truth = policy_condition_holds(condition, facts);
        if (truth == POLICY_NO)
            return POLICY_NO;
        if (truth == POLICY_UNKNOWN && !*unknown)
            *unknown = condition;
    }
    return *unknown ? POLICY_UNKNOWN : POLICY_YES;
}

/* All must hold: one that does not settles it, whatever is not known of the others. Code is searched last, which may take its time. */
static enum policy_truth alternative_holds(const struct policy_alternative *alternative,
                                           const struct policy_facts *facts,
                                           const struct policy_condition **ret_unknown)
{
    const struct policy_condition *unknown = NULL;
    if (conditions_hold(alternative, facts, false, &unknown) == POLICY_NO ||
        conditions_hold(alternative, facts, true, &unknown) == POLICY_NO)
        return POLICY_NO;
    *ret_unknown = unknown;
    return unknown ? POLICY_UNKNOWN : POLICY_YES;
}

struct look {
    bool matches;
    bool waits;         /* it may match after the run */
    bool looked_at_run; /* it matches by what is known after the run only */
    const struct policy_condition *unknown;
};

static struct look look_at(const struct policy_rule *rule, const struct policy_facts *facts)
{
    struct look look = {0};
    bool by_submission = false;
    for (size_t i = 0; i < rule->alternative_count; i++) {
        const struct policy_alternative *alternative = &rule->alternatives[i];
        const struct policy_condition *unknown = NULL;
        bool run = looks_at_run(alternative);
        if (run && facts->phase == POLICY_BEFORE_RUN) {
            look.waits = true;
            continue;
        }
        enum policy_truth truth = alternative_holds(alternative, facts, &unknown);
        if (truth == POLICY_NO || (truth == POLICY_UNKNOWN && rule->action == POLICY_ALLOW))
            continue;
        look.unknown = look.matches && !look.unknown ? NULL : unknown;
        look.matches = true;
        by_submission = by_submission || !run;
    }
    look.waits = look.waits && !look.matches;
    look.looked_at_run = look.matches && !by_submission;
    return look;
}

/* --- adding up --- */

static void begin_terms(const struct policy *policy, int64_t *terms)
{
    for (enum policy_term term = 0; term < POLICY_TERMS; term++) {
        bool given = policy && policy->defaults.given[term];
        terms[term] = given ? policy->defaults.terms[term] : policy_terms[term].initial;
    }
}

static void add_terms(const struct policy_demands *demands, struct policy_outcome *outcome)
{
    for (enum policy_term term = 0; term < POLICY_TERMS; term++) {
        if (!demands->given[term])
            continue;
        outcome->terms[term] = policy_stricter_of(term, outcome->terms[term], demands->terms[term]);
        outcome->said[term] = true;
    }
}

/* Where the lists of an outcome are filled in. */
struct lists {
    struct policy_match *matches;
    struct policy_track *tracks;
    int64_t *reminders;
    struct policy_who *escalate;
};

static STATUS_RESULT make_lists(const struct policy *policy, struct arena *arena, struct lists *ret_lists)
{
    size_t rules = policy ? policy->rule_count : 0;
    size_t reminders = policy ? policy->defaults.reminder_count : 0;
    size_t escalate = policy ? policy->defaults.escalate_count : 0;
    for (size_t i = 0; i < rules; i++) {
        reminders += policy->rules[i].demands.reminder_count;
        escalate += policy->rules[i].demands.escalate_count;
    }
    *ret_lists = (struct lists){
        arena_alloc_array(arena, rules, sizeof(struct policy_match)),
        arena_alloc_array(arena, rules + 1, sizeof(struct policy_track)),
        arena_alloc_array(arena, reminders, sizeof(int64_t)),
        arena_alloc_array(arena, escalate, sizeof(struct policy_who)),
    };
    bool made = ret_lists->matches && ret_lists->tracks && ret_lists->reminders && ret_lists->escalate;
    return made ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Keeps them sorted, the longest before the deadline first. */
static void add_reminder(struct lists *lists, struct policy_outcome *outcome, int64_t reminder)
{
    size_t at = 0;
    while (at < outcome->reminder_count && lists->reminders[at] > reminder)
        at++;
    if (at < outcome->reminder_count && lists->reminders[at] == reminder)
        return;
    memmove(&lists->reminders[at + 1], &lists->reminders[at],
            (outcome->reminder_count - at) * sizeof lists->reminders[0]);
    lists->reminders[at] = reminder;
    outcome->reminder_count++;
}

static void add_demands(const struct policy_demands *demands, struct lists *lists,
                        struct policy_outcome *outcome)
{
    add_terms(demands, outcome);
    if (demands->track.stage_count)
        lists->tracks[outcome->track_count++] = demands->track;
    for (size_t i = 0; i < demands->reminder_count; i++)
        add_reminder(lists, outcome, demands->reminders[i]);
    for (size_t i = 0; i < demands->escalate_count; i++)
        lists->escalate[outcome->escalate_count++] = demands->escalate[i];
}

/* --- deciding --- */

static const struct policy_who anyone = {POLICY_ANYONE, {0}, BYTES_LITERAL("anyone")};
static const struct policy_stage built_in_stage = {.approvals = 1, .reviewers = &anyone, .reviewer_count = 1};
static const struct policy_demands built_in = {.track = {.stages = &built_in_stage, .stage_count = 1}};

/* What weighs more settles; of the same, what is known before what is not, and then the first in the file. */
static bool settles_over(const struct policy_match *match, const struct policy_match *other)
{
    if (!other || match->rule->action != other->rule->action)
        return !other || match->rule->action > other->rule->action;
    return other->unknown && !match->unknown;
}

static void settle(struct policy_outcome *outcome, const struct policy_facts *facts)
{
    const struct policy_match *settles = NULL;
    for (size_t i = 0; i < outcome->match_count; i++)
        if (settles_over(&outcome->matches[i], settles))
            settles = &outcome->matches[i];
    if (settles) {
        outcome->settled_by = settles->rule;
        outcome->settled = outcome->settled_by->action;
        outcome->message = outcome->settled_by->message;
        return;
    }
    bool standing = facts->standing.known && facts->standing.count;
    outcome->settled = standing ? POLICY_ALLOW : POLICY_ASK;
    outcome->standing = standing ? facts->standing.items[0] : (struct bytes){0};
}

enum status policy_decide(const struct policy *policy, const struct policy_facts *facts, struct arena *arena,
                          struct policy_outcome *ret_outcome)
{
    struct policy_outcome outcome = {0};
    struct lists lists;
    if (make_lists(policy, arena, &lists) != STATUS_OK)
        return STATUS_NO_MEMORY;

    begin_terms(policy, outcome.terms);
    add_demands(policy ? &policy->defaults : &built_in, &lists, &outcome);
    for (size_t i = 0; policy && i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        struct look look = look_at(rule, facts);
        outcome.waiting_count += look.waits;
        if (!look.matches)
            continue;
        lists.matches[outcome.match_count++] = (struct policy_match){rule, look.unknown};
        if (rule->action != POLICY_ASK)
            continue;
        add_demands(&rule->demands, &lists, &outcome);
        /* Who is asked because of what the run did is asked after it. */
        if (look.looked_at_run) {
            outcome.terms[POLICY_GATE] |= POLICY_GATE_AFTER;
            outcome.said[POLICY_GATE] = true;
        }
    }

    outcome.matches = lists.matches;
    outcome.tracks = lists.tracks;
    outcome.reminders = lists.reminders;
    outcome.escalate = lists.escalate;
    settle(&outcome, facts);
    if (outcome.settled != POLICY_ASK)
        outcome.track_count = 0;
    *ret_outcome = outcome;
    return STATUS_OK;
}
