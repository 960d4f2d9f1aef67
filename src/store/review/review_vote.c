/* SPDX-License-Identifier: MIT */
/* review_vote.c — a vote, and the decision that it completes: one transaction, the first wins. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/review/manifest.h"
#include "store/review/review_rule.h"
#include "wire/json/json.h"

#define EARLY "_early" /* an event from outside that is kept: what it said */

static const char *const answers[REVIEW_VOTE_ANSWERS] = {"approve", "changes", "reject"};
static const enum review_event events[REVIEW_VOTE_ANSWERS] = {REVIEW_EVENT_APPROVE, REVIEW_EVENT_ASK_CHANGES,
                                                              REVIEW_EVENT_REJECT};

/* --- may this vote be taken? --- */

/* What differs between what the voter saw and what is there, in words. */
static void tell_difference(struct review_book *book, const struct review_record *record, const char *seen,
                            struct review_answer *ret_answer)
{
    CLEANUP(buf_fini) struct buf one = {0};
    CLEANUP(buf_fini) struct buf other = {0};
    CLEANUP(buf_fini) struct buf words = {0};
    struct err ignored = {0};
    const char *there = review_record_text(record, "manifestSha256");
    if (there && review_book_blob(book, seen, &one, &ignored) == STATUS_OK &&
        review_book_blob(book, there, &other, &ignored) == STATUS_OK)
        manifest_difference(buf_peek(&one), buf_peek(&other), &words);
    (void)snprintf(ret_answer->differs, sizeof ret_answer->differs, "%.*s", BYTES_FMT(buf_peek(&words)));
}

/* A hash that was given must be the one that is there. */
static bool hash_fits(const char *seen, const char *there)
{
    return !seen || (there && strcmp(seen, there) == 0);
}

static bool from_scheduler(const struct review_vote *vote)
{
    return strcmp(vote->via, "scheduler") == 0;
}

/* The policy wants a comment with this answer, and there is none. */
static bool lacks_comment(const struct policy_outcome *outcome, const struct review_vote *vote)
{
    bool wanted = outcome->terms[POLICY_COMMENT] >> vote->answer & 1;
    return wanted && !from_scheduler(vote) &&
           (!vote->comment || bytes_utf8_blank(bytes_of_cstr(vote->comment)));
}

/* What whoever votes may see: who is not asked knows of nothing. */
static bool is_theirs(const struct review_record *record, const struct review_vote *vote)
{
    return !vote->viewer || review_sight(record->doc, vote->viewer) != REVIEW_HIDDEN;
}

/* On what there is now. */
static bool has_voted(const struct review_record *record, const char *person_id)
{
    const json_t *votes = json_object_get(record->doc, "votes"),
                 *manifest = json_object_get(record->doc, "manifestSha256"),
                 *revision = json_object_get(record->doc, "revision");
    for (size_t i = 0; i < json_array_size(votes); i++) {
        const json_t *vote = json_array_get(votes, i);
        const char *by = json_member_text(json_object_get(vote, "by"), "id");
        if (by && strcmp(by, person_id) == 0 && json_equal(json_object_get(vote, "revision"), revision) &&
            json_equal(json_object_get(vote, "manifestSha256"), manifest))
            return true;
    }
    return false;
}

static enum review_outcome check_vote(struct review_book *book, const struct review_record *record,
                                      const struct policy_outcome *outcome, const struct review_vote *vote,
                                      struct review_answer *ret_answer)
{
    struct review_move move = review_apply(record->state, events[vote->answer], record->entry, false);
    if (!is_theirs(record, vote))
        return REVIEW_NOT_THEIRS;
    if (move.verdict == REVIEW_DECIDED)
        return REVIEW_DECIDED_BEFORE;
    if (move.verdict == REVIEW_OVER)
        return REVIEW_OVER_BEFORE;
    if (!from_scheduler(vote) && !review_may_approve(record, outcome, &vote->by))
        return REVIEW_REFUSED_OWN;
    if (!hash_fits(vote->sha256, review_record_text(record, "sha256")))
        return REVIEW_RESULT_DIFFERS;
    if (!hash_fits(vote->manifest_sha256, review_record_text(record, "manifestSha256"))) {
        tell_difference(book, record, vote->manifest_sha256, ret_answer);
        return REVIEW_MANIFEST_DIFFERS;
    }
    if (vote->once && has_voted(record, vote->by.id))
        return REVIEW_VOTED_BEFORE;
    if (move.verdict != REVIEW_MOVED)
        return REVIEW_TOO_EARLY;
    return lacks_comment(outcome, vote) ? REVIEW_NO_COMMENT : REVIEW_DONE;
}

/* --- writing it --- */

static const char *voter_name(const struct review_vote *vote)
{
    return vote->by_said ? vote->by_said : vote->by.name;
}

static json_t *voter_json(const struct review_vote *vote)
{
    return from_scheduler(vote) ? NULL : json_pack("{s:s, s:s}", "id", vote->by.id, "name", voter_name(vote));
}

/* An array of the record, made if it is not there. */
static json_t *array_of(struct review_record *record, const char *member)
{
    if (!json_object_get(record->doc, member))
        json_object_set_new(record->doc, member, json_array());
    return json_object_get(record->doc, member);
}

/* Whom they stand in for, as they are to a policy; NULL: nobody. */
static json_t *absent_json(const struct review_viewer *viewer)
{
    json_t *absent = viewer && viewer->absent_count > 0 ? json_array() : NULL;
    for (size_t i = 0; absent && i < viewer->absent_count; i++) {
        const struct review_viewer *who = viewer->absent[i];
        const struct review_person person = {.name = who->name,
                                             .groups = who->groups,
                                             .group_count = who->group_count,
                                             .roles = who->roles,
                                             .role_count = who->role_count};
        json_t *facts = review_person_facts(&person);
        if (who->id)
            json_object_set_new(facts, "id", json_string(who->id));
        json_array_append_new(absent, facts);
    }
    return absent;
}

static json_t *voter_facts(const struct review_vote *vote)
{
    json_t *facts = review_person_facts(&vote->by), *absent = absent_json(vote->viewer);
    if (absent)
        json_object_set_new(facts, "absent", absent);
    return facts;
}

/* Their names, beside the vote. */
static void add_absent_names(json_t *vote, const struct review_viewer *viewer)
{
    json_t *names = viewer && viewer->absent_count > 0 ? json_array() : NULL;
    for (size_t i = 0; names && i < viewer->absent_count; i++)
        json_array_append_new(names, json_string(viewer->absent[i]->name));
    if (names)
        json_object_set_new(vote, "standsInFor", names);
}

/* Who they are to a policy, beside the vote of the same number; what is missing is of an older release. */
static void add_voter(struct review_record *record, const struct review_vote *vote, size_t index)
{
    json_t *facts = array_of(record, REVIEW_VOTER_FACTS), *voted = array_of(record, REVIEW_VOTED_BY);
    while (json_array_size(facts) < index)
        json_array_append_new(facts, json_null());
    json_array_append_new(facts, from_scheduler(vote) ? json_null() : voter_facts(vote));
    if (!from_scheduler(vote))
        json_array_append_new(voted, json_string(vote->by.id));
}

static void add_vote(struct review_record *record, const struct policy_outcome *outcome,
                     const struct review_vote *vote, int64_t now_ns)
{
    json_t *votes = json_object_get(record->doc, "votes");
    size_t index = json_array_size(votes);
    json_array_append_new(votes, json_pack("{s:I, s:o, s:o*, s:s, s:s*, s:s*, s:I, s:b, s:s}", "number",
                                           (json_int_t)index + 1, "at", review_time_json(now_ns), "by",
                                           voter_json(vote), "answer", answers[vote->answer], "comment",
                                           vote->comment, "manifestSha256",
                                           review_record_text(record, "manifestSha256"), "revision",
                                           (json_int_t)review_record_number(record, "revision"), "counts", 1,
                                           "via", vote->via));
    if (vote->remember)
        json_object_set_new(json_array_get(votes, index), "remember",
                            review_remember_json(outcome, vote->remember));
    add_absent_names(json_array_get(votes, index), vote->viewer);
    add_voter(record, vote, index);
}

static struct review_decider decider_of(const struct review_vote *vote)
{
    return (struct review_decider){.actor = &vote->by,
                                   .by = from_scheduler(vote) ? NULL : voter_name(vote),
                                   .via = vote->via,
                                   .comment = vote->comment,
                                   .tells = true};
}

static json_t *vote_details(const struct review_record *record, const struct review_vote *vote,
                            int64_t now_ns)
{
    const struct review_decider decider = decider_of(vote);
    json_t *details = review_decision_json(record, vote->answer == REVIEW_VOTE_APPROVE, &decider, now_ns);
    json_object_set_new(details, "answer", json_string(answers[vote->answer]));
    if (vote->answer == REVIEW_VOTE_CHANGES)
        json_object_del(details, "approved");
    return details;
}

static const char *event_of(const struct review_record *record, enum review_event event)
{
    if (event == REVIEW_EVENT_ASK_CHANGES)
        return "changes_requested";
    if (event == REVIEW_EVENT_REJECT)
        return "rejected";
    return record->state == REVIEW_QUEUED ? "cleared" : "approved";
}

/* --- what the votes come to --- */

/* False: nothing yet. An event from outside decides by itself, for it has no name that a policy could ask for. */
static bool event_of_verdict(enum policy_verdict verdict, const struct review_vote *vote,
                             enum review_event *ret_event)
{
    static const enum review_event by_verdict[] = {[POLICY_APPROVED] = REVIEW_EVENT_APPROVE,
                                                   [POLICY_CHANGES_ASKED] = REVIEW_EVENT_ASK_CHANGES,
                                                   [POLICY_REJECTED] = REVIEW_EVENT_REJECT};
    if (from_scheduler(vote)) {
        *ret_event = events[vote->answer];
        return true;
    }
    if (verdict == POLICY_OPEN)
        return false;
    *ret_event = by_verdict[verdict];
    return true;
}

/* What an approval decides by itself is the decision; one before the run is remembered until the run is over. */
static enum status follow_move(struct review_book *book, struct review_record *record, unsigned actions,
                               const struct review_vote *vote, int64_t now_ns, struct err *err)
{
    const struct review_decider decider = decider_of(vote);
    bool approved = vote->answer == REVIEW_VOTE_APPROVE;
    if (actions & REVIEW_ACTION_DECIDE) {
        enum status status = approved && !from_scheduler(vote)
                                 ? review_standing_make(book, record, &vote->by, now_ns, err)
                                 : STATUS_OK;
        if (status != STATUS_OK)
            return status;
        return review_record_decide(book, record, approved, &decider, now_ns, err);
    }
    if (record->state == REVIEW_QUEUED)
        json_object_set_new(record->doc, "_clearedBy",
                            review_decision_json(record, approved, &decider, now_ns));
    return actions & REVIEW_ACTION_WAKE ? review_record_duty(book, record, REVIEW_DUTY_WAKE, err) : STATUS_OK;
}

static enum status settle(struct review_book *book, struct review_record *record, enum policy_verdict verdict,
                          const struct review_vote *vote, int64_t now_ns, const char **ret_told,
                          struct err *err)
{
    enum review_event event;
    unsigned actions = 0;
    *ret_told = NULL;
    if (!event_of_verdict(verdict, vote, &event) ||
        review_record_move(record, event, now_ns, &actions) != REVIEW_MOVED)
        return STATUS_OK;
    *ret_told = event_of(record, event);
    enum status status = follow_move(book, record, actions, vote, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_release_note(book, record, actions, now_ns, err);
}

/* ORDER: the entry of the audit log stands before what the vote leads to, as it happened; the record is saved with
 * both in it; events come last. One transaction: a crash leaves all of it or nothing. */
static enum status write_vote(struct review_book *book, struct review_record *record,
                              enum policy_verdict verdict, const struct review_vote *vote, int64_t now_ns,
                              struct err *err)
{
    const char *told = NULL;
    enum status status = review_record_audit(book, record, AUDIT_REQUEST_VOTED, &vote->by,
                                             vote_details(record, vote, now_ns), now_ns, err);
    if (status == STATUS_OK)
        status = settle(book, record, verdict, vote, now_ns, &told, err);
    if (status == STATUS_OK)
        status = review_record_save(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = review_record_tell(book, record, "vote", now_ns, err);
    if (status == STATUS_OK && told)
        status = review_record_tell(book, record, told, now_ns, err);
    if (status == STATUS_OK && json_is_true(json_object_get(record->doc, "released")))
        status = review_record_tell(book, record, "released", now_ns, err);
    return status;
}

/* Before there is a result a vote is taken only if it decides at once: there is nothing yet that it could wait with. An approval does
 * not where rules look at the run. */
static bool comes_too_early(const struct review_record *record, const struct policy_outcome *outcome,
                            enum policy_verdict verdict, const struct review_vote *vote)
{
    if (!review_to_run(record->state) || from_scheduler(vote))
        return false;
    bool approves = vote->answer == REVIEW_VOTE_APPROVE;
    return verdict == POLICY_OPEN || review_is_unread(record) ||
           (approves && (outcome->waiting_count > 0 || outcome->settled != POLICY_ASK));
}

/* May it be remembered? The outcome says so if not. */
static enum status check_remember(struct review_book *book, const struct review_record *record,
                                  const struct policy_outcome *outcome, const struct review_vote *vote,
                                  int64_t now_ns, struct review_answer *ret_answer, struct err *err)
{
    const char *refusal = NULL;
    enum status status =
        vote->remember ? review_standing_check(book, record, outcome, vote->remember, now_ns, &refusal, err)
                       : STATUS_OK;
    if (status != STATUS_OK || !refusal)
        return status;
    ret_answer->outcome = REVIEW_NOT_REMEMBERED;
    (void)snprintf(ret_answer->differs, sizeof ret_answer->differs, "%s", refusal);
    return STATUS_OK;
}

/* The vote into the record in hand, and what follows; the outcome says whether it was taken. */
static enum status take_vote(struct review_book *book, struct review_record *record,
                             const struct policy_outcome *outcome, const struct review_vote *vote,
                             int64_t now_ns, struct review_answer *ret_answer, struct err *err)
{
    enum policy_verdict verdict = POLICY_OPEN;
    bool known = strcmp(vote->by.kind, "local") != 0;
    ret_answer->outcome = check_vote(book, record, outcome, vote, ret_answer);
    enum status status = STATUS_OK;
    if (ret_answer->outcome == REVIEW_DONE)
        status = check_remember(book, record, outcome, vote, now_ns, ret_answer, err);
    if (status != STATUS_OK || ret_answer->outcome != REVIEW_DONE)
        return status;

    /* ORDER: into the record first, and counted with it: a vote that turns out to come too early goes with the
     * record in hand, which is loaded anew. */
    add_vote(record, outcome, vote, now_ns);
    status = review_tally(record, outcome, known, &verdict, err);
    if (status != STATUS_OK)
        return status;
    if (!comes_too_early(record, outcome, verdict, vote))
        return write_vote(book, record, verdict, vote, now_ns, err);
    ret_answer->outcome = REVIEW_TOO_EARLY;
    return STATUS_OK;
}

enum status review_book_vote(struct review_book *book, const char *id, const struct review_vote *vote,
                             int64_t now_ns, struct review_answer *ret_answer, struct err *err)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct policy_outcome outcome;
    struct review_record record;
    *ret_answer = (struct review_answer){.outcome = REVIEW_UNKNOWN};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    status = review_outcome_of(&record, &arena, &outcome, err);
    if (status == STATUS_OK)
        status = take_vote(book, &record, &outcome, vote, now_ns, ret_answer, err);
    if (status == STATUS_OK && ret_answer->outcome == REVIEW_TOO_EARLY) {
        review_record_fini(&record); /* without the vote that was not taken */
        status = review_record_load(book, id, &record, err);
        if (status != STATUS_OK)
            return status;
    }
    ret_answer->request = review_record_brief(&record);
    review_record_fini(&record);
    return status;
}

/* --- HumanApproval --- */

static const struct review_person outside = {.id = "scheduler", .name = "scheduler", .kind = "local"};

static enum status refuse_outside(struct review_book *book, const struct review_record *record, bool approved,
                                  int64_t now_ns, struct err *err)
{
    json_t *details = json_pack("{s:b, s:O*}", "approved", approved, "manifestSha256",
                                json_object_get(record->doc, "manifestSha256"));
    return review_record_audit(book, record, AUDIT_OUTSIDE_REFUSED, &outside, details, now_ns, err);
}

/* Rules will look at the code or at the run: it is kept, and counts then. The first one does. */
static enum status keep_for_later(struct review_book *book, struct review_record *record, bool approved,
                                  int64_t now_ns, struct err *err)
{
    if (!json_object_get(record->doc, EARLY))
        json_object_set_new(record->doc, EARLY, json_boolean(approved));
    return review_record_save(book, record, now_ns, err);
}

static enum status take_outside(struct review_book *book, struct review_record *record, bool approved,
                                int64_t now_ns, struct err *err)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct policy_outcome outcome;
    struct review_answer answer = {0};
    const struct review_vote vote = {
        .by = outside, .answer = approved ? REVIEW_VOTE_APPROVE : REVIEW_VOTE_REJECT, .via = "scheduler"};
    if (review_is_unread(record))
        return keep_for_later(book, record, approved, now_ns, err);
    enum status status = review_outcome_of(record, &arena, &outcome, err);
    if (status != STATUS_OK)
        return status;

    /* INVARIANT: an event from outside decides only where the policy in force for this request says so; otherwise
     * it is written down, and changes nothing. */
    if (!outcome.terms[POLICY_OUTSIDE_EVENTS])
        return refuse_outside(book, record, approved, now_ns, err);
    bool looks_later = outcome.waiting_count > 0 || outcome.settled != POLICY_ASK;
    if (approved && review_to_run(record->state) && looks_later)
        return keep_for_later(book, record, true, now_ns, err);
    return take_vote(book, record, &outcome, &vote, now_ns, &answer, err);
}

enum status review_book_outside(struct review_book *book, const char *id, bool approved, int64_t now_ns,
                                struct err *err)
{
    struct review_record record;
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    enum review_event event = approved ? REVIEW_EVENT_APPROVE : REVIEW_EVENT_REJECT;
    /* What is decided or over already is what our own event says. */
    if (review_apply(record.state, event, record.entry, false).verdict == REVIEW_MOVED)
        status = take_outside(book, &record, approved, now_ns, err);
    review_record_fini(&record);
    return status;
}

enum status review_take_early(struct review_book *book, struct review_record *record, int64_t now_ns,
                              struct err *err)
{
    const json_t *early = json_object_get(record->doc, EARLY);
    if (!early || review_is_unread(record) || review_over(record->state))
        return STATUS_OK;
    bool approved = json_is_true(early);
    json_object_del(record->doc, EARLY);
    return take_outside(book, record, approved, now_ns, err);
}
