/* SPDX-License-Identifier: MIT */
/* review_rule.c — the ruling: asked of the policy in force, kept in the record, read back when somebody votes. */
#include "store/review/review_rule.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/duration.h"
#include "base/no_memory.h"
#include "core/policy/describe.h"
#include "core/policy/outcome_read.h"

enum status review_rule(struct review_book *book, struct review_record *record, enum policy_phase phase,
                        const json_t *effects, int64_t now_ns, struct review_ruling *ret_ruling,
                        struct err *err)
{
    *ret_ruling = (struct review_ruling){0};
    enum status status = review_policy_in_force(book, &ret_ruling->in_force, err);
    if (status != STATUS_OK)
        return status;
    const struct policy *policy = ret_ruling->in_force->policy;
    status = review_facts_read(book, record, phase, effects, policy, &ret_ruling->facts, err);
    if (status == STATUS_OK)
        status = review_standing_find(book, record, &ret_ruling->facts.facts, now_ns, err);
    if (status == STATUS_OK)
        status = review_standing_fact(record, &ret_ruling->facts.arena, &ret_ruling->facts.facts, err);
    if (status != STATUS_OK)
        return status;
    status = policy_decide(policy, &ret_ruling->facts.facts, &ret_ruling->facts.arena, &ret_ruling->outcome);
    return status == STATUS_OK ? STATUS_OK : err_set(err, status, ERR_NO_MEMORY);
}

void review_ruling_fini(struct review_ruling *ruling)
{
    review_facts_fini(&ruling->facts);
}

/* --- keeping it --- */

static void add_distinct(json_t *array, struct bytes text)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (bytes_equal_nocase(json_bytes(json_array_get(array, i)), text))
            return;
    json_array_append_new(array, json_stringn((const char *)text.data, text.size));
}

/* Everybody whom some stage of some track asks; nobody where people are not asked. */
static json_t *asked_json(const struct policy_outcome *outcome)
{
    json_t *asked = json_array();
    for (size_t i = 0; i < outcome->track_count; i++) {
        const struct policy_track *track = &outcome->tracks[i];
        for (size_t j = 0; j < track->stage_count; j++)
            for (size_t k = 0; k < track->stages[j].reviewer_count; k++)
                add_distinct(asked, track->stages[j].reviewers[k].shown);
    }
    return asked;
}

static int64_t approvals_of(const struct policy_outcome *outcome)
{
    int64_t approvals = 0;
    for (size_t i = 0; i < outcome->track_count; i++)
        for (size_t j = 0; j < outcome->tracks[i].stage_count; j++)
            approvals += outcome->tracks[i].stages[j].approvals;
    return approvals;
}

/* The outcome with the version that it is of; NULL without memory. */
static json_t *policy_json(const struct review_ruling *ruling)
{
    CLEANUP(buf_fini) struct buf text = {0};
    struct json_writer json = {.out = &text, .replace_invalid = true};
    policy_outcome_write_json(&ruling->outcome, &json);
    json_t *policy = json_write_status(&json) == STATUS_OK
                         ? json_loadb((const char *)text.data, text.size, 0, NULL)
                         : NULL;
    bool before = ruling->facts.facts.phase == POLICY_BEFORE_RUN;
    const char *sha256 = ruling->in_force->version ? ruling->in_force->sha256 : NULL;
    json_t *more = json_pack("{s:I, s:s*, s:s, s:I}", "version", (json_int_t)ruling->in_force->version,
                             "sha256", sha256, "phase", before ? "before" : "after", "approvals",
                             (json_int_t)approvals_of(&ruling->outcome));
    bool whole = policy && more && json_object_update(policy, more) == 0;
    json_decref(more);
    if (whole)
        return policy;
    json_decref(policy);
    return NULL;
}

/* How the policy and the submitter's wish come together: all that either says; where both are silent, after the run. */
static enum review_gate gate_of(const struct review_record *record, const struct policy_outcome *outcome)
{
    static const enum review_gate gates[] = {
        [0] = REVIEW_GATE_AFTER,
        [POLICY_GATE_AFTER] = REVIEW_GATE_AFTER,
        [POLICY_GATE_BEFORE] = REVIEW_GATE_BEFORE,
        [POLICY_GATE_BOTH] = REVIEW_GATE_BOTH,
    };
    const char *wish = review_record_text(record, "_gateAsked");
    int64_t bits = outcome->said[POLICY_GATE] ? outcome->terms[POLICY_GATE] : 0;
    int index = wish ? policy_word_index(policy_terms[POLICY_GATE].words, bytes_of_cstr(wish)) : -1;
    if (index >= 0)
        bits |= index + 1;
    return gates[bits];
}

/* A submitter may want less time than the policy gives, and not more. */
static int64_t wait_ms_of(const struct review_record *record, const struct policy_outcome *outcome)
{
    int64_t asked_ms = review_record_number(record, "_approvalTimeoutMs");
    bool was_asked = json_is_true(json_object_get(record->doc, "_timeoutAsked"));
    if (!outcome->said[POLICY_TIMEOUT])
        return asked_ms;
    int64_t most_ms = MAX(outcome->terms[POLICY_TIMEOUT] / NS_PER_MS, 1);
    return was_asked ? MIN(asked_ms, most_ms) : most_ms;
}

static void keep_flag(struct review_record *record, const char *member, bool value)
{
    if (value)
        json_object_set_new(record->doc, member, json_true());
    else
        json_object_del(record->doc, member);
}

/* NULL without memory. */
static json_t *reminders_json(const struct policy_outcome *outcome)
{
    json_t *reminders = json_array();
    for (size_t i = 0; reminders && i < outcome->reminder_count; i++)
        json_array_append_new(reminders, json_integer((json_int_t)outcome->reminders[i]));
    return reminders;
}

enum status review_escalate(struct review_record *record, const struct policy_outcome *outcome,
                            json_t **ret_also, struct err *err)
{
    json_t *asked = json_object_get(record->doc, "asked");
    size_t before = json_array_size(asked);
    *ret_also = NULL;
    if (outcome->escalate_count == 0 || json_object_get(record->doc, REVIEW_ESCALATED))
        return STATUS_OK;
    for (size_t i = 0; i < outcome->escalate_count; i++)
        add_distinct(asked, outcome->escalate[i].shown);
    *ret_also = json_array();
    for (size_t i = before; *ret_also && i < json_array_size(asked); i++)
        json_array_append(*ret_also, json_array_get(asked, i));
    bool whole = *ret_also && json_object_set_new(record->doc, REVIEW_ESCALATED, json_true()) == 0;
    return whole ? STATUS_OK : err_no_memory(err);
}

void review_ruling_forget(struct review_record *record)
{
    static const char *const members[] = {
        "policy", "asked", "blind", "liveOutput", "progress", REVIEW_ESCALATED, REVIEW_REMIND_BEFORE};
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        json_object_del(record->doc, members[i]);
}

enum status review_ruling_keep(struct review_book *book, struct review_record *record,
                               const struct review_ruling *ruling, int64_t now_ns, struct err *err)
{
    const struct policy_outcome *outcome = &ruling->outcome;
    int64_t wait_ms = wait_ms_of(record, outcome);
    record->gate = gate_of(record, outcome);
    json_object_set_new(record->doc, "gate", json_string(review_gate_name(record->gate)));
    json_object_set_new(record->doc, "_waitMs", json_integer((json_int_t)wait_ms));
    json_object_set_new(record->doc, "approvalTimeoutSeconds", review_seconds_json(wait_ms));
    review_ruling_forget(record);
    if (ruling->in_force->version == 0 && outcome->settled == POLICY_ASK)
        return STATUS_OK; /* the built-in one: it asks anyone, and needs no words */
    keep_flag(record, "blind", outcome->terms[POLICY_BLIND] != 0);
    keep_flag(record, "liveOutput", outcome->terms[POLICY_LIVE_OUTPUT] != 0);
    bool whole = json_object_set_new(record->doc, "policy", policy_json(ruling)) == 0 &&
                 json_object_set_new(record->doc, REVIEW_REMIND_BEFORE, reminders_json(outcome)) == 0 &&
                 json_object_set_new(record->doc, "asked", asked_json(outcome)) == 0;
    if (whole)
        return review_standing_use(book, record, outcome, now_ns, err);
    return err_no_memory(err);
}

/* --- what follows --- */

enum review_entry review_ruling_entry(const struct review_record *record, const struct review_ruling *ruling)
{
    const struct policy_outcome *outcome = &ruling->outcome;
    if (outcome->settled == POLICY_DENY)
        return REVIEW_ENTRY_DENIED;
    if (outcome->settled == POLICY_ALLOW || record->gate == REVIEW_GATE_AFTER)
        return REVIEW_ENTRY_RUN;
    /* What rules will look at after the run is not decided by an approval before it. */
    bool last = record->gate == REVIEW_GATE_BEFORE && outcome->waiting_count == 0;
    return last ? REVIEW_ENTRY_ASK : REVIEW_ENTRY_ASK_FIRST;
}

/* Code that raised: what the policy says of that, else what the request was promised. */
static bool failure_fails(const struct review_record *record, const struct policy_outcome *outcome)
{
    if (outcome->said[POLICY_ON_FAILURE])
        return outcome->terms[POLICY_ON_FAILURE] == POLICY_ON_FAILURE_FAIL;
    return !json_is_true(json_object_get(record->doc, "_reviewFailures"));
}

enum review_event review_ruling_event(const struct review_record *record, const struct review_ruling *ruling,
                                      bool succeeded)
{
    const struct policy_outcome *outcome = &ruling->outcome;
    bool was_approved = json_object_get(record->doc, "_clearedBy") != NULL;
    if (outcome->settled == POLICY_DENY)
        return REVIEW_EVENT_RUN_DENIED;
    if (!succeeded && failure_fails(record, outcome))
        return REVIEW_EVENT_RUN_FAILED;
    if (outcome->settled == POLICY_ALLOW || (record->gate == REVIEW_GATE_BEFORE && was_approved))
        return REVIEW_EVENT_RUN_ALLOWED;
    return REVIEW_EVENT_RUN_SHOWN;
}

/* --- reading it back --- */

enum status review_outcome_of(const struct review_record *record, struct arena *arena,
                              struct policy_outcome *ret_outcome, struct err *err)
{
    static const struct policy_facts nothing = {.phase = POLICY_BEFORE_RUN};
    json_t *kept = json_object_get(record->doc, "policy");
    enum status status = kept ? policy_outcome_read(kept, arena, ret_outcome)
                              : policy_decide(NULL, &nothing, arena, ret_outcome);
    if (status == STATUS_MALFORMED)
        return err_set(err, STATUS_DATA_LOSS, "what the policy has demanded of a request cannot be read");
    return status == STATUS_OK ? STATUS_OK : err_set(err, status, ERR_NO_MEMORY);
}
