/* SPDX-License-Identifier: MIT */
/* review_decision.c — a decision as the request shows it and as the log has it; by people, by another client, or by a rule. */
#include "base/text.h"
#include "store/review/review_rule.h"
#include "wire/json/json.h"

json_t *review_decision_json(const struct review_record *record, bool approved,
                             const struct review_decider *decider, int64_t now_ns)
{
    return json_pack("{s:b, s:o, s:s*, s:s*, s:s*, s:s*, s:s, s:s*, s:s*}", "approved", approved, "at",
                     review_time_json(now_ns), "by", decider->by, "comment", decider->comment, "sha256",
                     review_record_text(record, "sha256"), "manifestSha256",
                     review_record_text(record, "manifestSha256"), "via", decider->via, "rule", decider->rule,
                     "standing", decider->standing);
}

/* The version that ruled, beside what was decided. */
static void add_policy(const struct review_record *record, json_t *details)
{
    const json_t *policy = json_object_get(record->doc, "policy");
    if (policy)
        json_object_set(details, "policy", json_object_get(policy, "version"));
}

/* What was approved before the run is what was there then. */
static void name_earlier(const struct review_record *record, json_t *decision)
{
    const json_t *earlier = json_object_get(record->doc, "_clearedBy");
    json_object_set(decision, "manifestSha256", json_object_get(earlier, "manifestSha256"));
    json_object_del(decision, "sha256");
}

enum status review_record_decide(struct review_book *book, struct review_record *record, bool approved,
                                 const struct review_decider *decider, int64_t now_ns, struct err *err)
{
    json_t *decision = review_decision_json(record, approved, decider, now_ns);
    if (!decision)
        return err_no_memory(err);
    json_object_set_new(decision, "outcome", json_string(approved ? "approved" : "rejected"));
    add_policy(record, decision);
    if (decider->of_before)
        name_earlier(record, decision);
    json_t *details = json_copy(decision);
    if (json_is_true(json_object_get(record->doc, "released")))
        json_object_set_new(decision, "released", json_true());
    json_object_set_new(record->doc, "decision", decision);

    bool by_people = approved && decider->by;
    enum status status = by_people ? review_approval_note(book, record, now_ns, err) : STATUS_OK;
    if (status == STATUS_OK && decider->tells)
        status =
            review_record_duty(book, record, approved ? REVIEW_DUTY_APPROVED : REVIEW_DUTY_REJECTED, err);
    if (status != STATUS_OK) {
        json_decref(details);
        return status;
    }
    return review_record_audit(book, record, AUDIT_REQUEST_DECIDED, decider->actor, details, now_ns, err);
}

/* What they get is what the request shows now: with `then.code` what the step came to, and not what was approved. */
enum status review_release_note(struct review_book *book, const struct review_record *record,
                                unsigned actions, int64_t now_ns, struct err *err)
{
    if (!(actions & REVIEW_ACTION_RELEASE))
        return STATUS_OK;
    json_t *details = json_pack(
        "{s:I, s:I, s:s*, s:s*}", "revision", (json_int_t)review_record_number(record, "revision"), "run",
        (json_int_t)review_record_number(record, "run"), "sha256", review_record_text(record, "sha256"),
        "manifestSha256", review_record_text(record, "manifestSha256"));
    return review_record_audit(book, record, AUDIT_REQUEST_RELEASED, &review_server, details, now_ns, err);
}

/* Who had approved it before it ran, where nobody else is asked. */
static void take_earlier(const struct review_record *record, struct review_decider *decider)
{
    const json_t *earlier = json_object_get(record->doc, "_clearedBy");
    decider->by = json_member_text(earlier, "by");
    decider->comment = json_member_text(earlier, "comment");
    decider->via = text_or(json_member_text(earlier, "via"), "policy");
    decider->rule = NULL;
    decider->of_before = earlier != NULL;
}

enum status review_decide_by_rule(struct review_book *book, struct review_record *record, bool approved,
                                  int64_t now_ns, struct err *err)
{
    const json_t *policy = json_object_get(record->doc, "policy");
    const char *settled = json_member_text(policy, "settled");
    bool asked = !settled || strcmp(settled, "ask") == 0;
    struct review_decider decider = {
        .actor = &review_server,
        .via = "policy",
        .comment = json_member_text(policy, "message"),
        .rule = json_member_text(policy, "settledBy"),
        .standing = json_member_text(policy, "standing"),
    };
    if (approved && asked)
        take_earlier(record, &decider);
    return review_record_decide(book, record, approved, &decider, now_ns, err);
}
