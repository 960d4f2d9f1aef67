/* SPDX-License-Identifier: MIT */
/* review_vote.c — a vote, and the decision that it completes: one transaction, the first wins. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/review/manifest.h"
#include "core/review/rules.h"
#include "store/review/review_store_internal.h"

static const char *const answers[REVIEW_VOTE_ANSWERS] = {"approve", "changes", "reject"};

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

static bool people_are_known(const struct review_person *person)
{
    return strcmp(person->kind, "local") != 0;
}

static bool is_own(const struct review_record *record, const struct review_vote *vote)
{
    const char *submitter =
        json_string_value(json_object_get(json_object_get(record->doc, "submitter"), "id"));
    return !review_rules_may_vote(vote->by.id, vote->by.name, text_or(submitter, ""),
                                  review_record_text(record, "onBehalfOf"), people_are_known(&vote->by));
}

static enum review_outcome check_vote(struct review_book *book, const struct review_record *record,
                                      const struct review_vote *vote, enum review_event event,
                                      struct review_answer *ret_answer)
{
    struct review_move move = review_apply(record->state, event, record->gate);
    if (move.verdict == REVIEW_DECIDED)
        return REVIEW_DECIDED_BEFORE;
    if (move.verdict == REVIEW_OVER)
        return REVIEW_OVER_BEFORE;
    if (is_own(record, vote))
        return REVIEW_REFUSED_OWN;
    if (!hash_fits(vote->sha256, review_record_text(record, "sha256")))
        return REVIEW_RESULT_DIFFERS;
    if (!hash_fits(vote->manifest_sha256, review_record_text(record, "manifestSha256"))) {
        tell_difference(book, record, vote->manifest_sha256, ret_answer);
        return REVIEW_MANIFEST_DIFFERS;
    }
    return move.verdict == REVIEW_MOVED ? REVIEW_DONE : REVIEW_TOO_EARLY;
}

/* --- writing it --- */

static const char *voter_name(const struct review_vote *vote)
{
    return vote->by_said ? vote->by_said : vote->by.name;
}

static bool from_scheduler(const struct review_vote *vote)
{
    return strcmp(vote->via, "scheduler") == 0;
}

static json_t *voter_json(const struct review_vote *vote)
{
    return from_scheduler(vote) ? NULL : json_pack("{s:s, s:s}", "id", vote->by.id, "name", voter_name(vote));
}

static void count(struct review_record *record)
{
    json_t *counts = json_pack("{s:i, s:i, s:i}", "approve", 0, "changes", 0, "reject", 0), *vote;
    size_t index;
    json_array_foreach(json_object_get(record->doc, "votes"), index, vote)
    {
        const char *answer = json_string_value(json_object_get(vote, "answer"));
        if (answer && json_is_true(json_object_get(vote, "counts")))
            json_object_set_new(counts, answer,
                                json_integer(json_integer_value(json_object_get(counts, answer)) + 1));
    }
    json_object_set_new(record->doc, "voteCounts", counts);
}

static void add_vote(struct review_record *record, const struct review_vote *vote, int64_t now_ns)
{
    json_t *votes = json_object_get(record->doc, "votes");
    json_array_append_new(votes, json_pack("{s:I, s:o, s:o*, s:s, s:s*, s:s*, s:b, s:s}", "number",
                                           (json_int_t)json_array_size(votes) + 1, "at",
                                           review_time_json(now_ns), "by", voter_json(vote), "answer",
                                           answers[vote->answer], "comment", vote->comment, "manifestSha256",
                                           review_record_text(record, "manifestSha256"), "counts", 1, "via",
                                           vote->via));
    count(record);
}

/* As the log has it, and as the request shows a decision. */
static json_t *decision_json(const struct review_record *record, const struct review_vote *vote,
                             int64_t now_ns)
{
    json_t *decision =
        json_pack("{s:b, s:o, s:s*, s:s*, s:s*, s:s*, s:s}", "approved", vote->answer == REVIEW_VOTE_APPROVE,
                  "at", review_time_json(now_ns), "by", from_scheduler(vote) ? NULL : voter_name(vote),
                  "comment", vote->comment, "sha256", review_record_text(record, "sha256"), "manifestSha256",
                  review_record_text(record, "manifestSha256"), "via", vote->via);
    return decision;
}

static json_t *vote_details(const struct review_record *record, const struct review_vote *vote,
                            int64_t now_ns)
{
    json_t *details = decision_json(record, vote, now_ns);
    json_object_set_new(details, "answer", json_string(answers[vote->answer]));
    if (vote->answer == REVIEW_VOTE_CHANGES)
        json_object_del(details, "approved");
    return details;
}

static enum status write_decision(struct review_book *book, struct review_record *record,
                                  const struct review_vote *vote, int64_t now_ns, struct err *err)
{
    bool approved = vote->answer == REVIEW_VOTE_APPROVE;
    json_t *decision = decision_json(record, vote, now_ns);
    json_object_set_new(decision, "outcome", json_string(approved ? "approved" : "rejected"));
    json_object_set(record->doc, "decision", decision);
    if (json_is_true(json_object_get(record->doc, "released")))
        json_object_set_new(decision, "released", json_true());
    json_t *details = json_copy(decision);
    json_object_del(decision, "released");
    json_decref(decision);
    enum status status =
        review_record_duty(book, record, approved ? REVIEW_DUTY_APPROVED : REVIEW_DUTY_REJECTED, err);
    if (status != STATUS_OK) {
        json_decref(details);
        return status;
    }
    return review_record_audit(book, record, AUDIT_REQUEST_DECIDED, &vote->by, details, now_ns, err);
}

static const char *event_of(const struct review_record *record, enum review_event event)
{
    if (event == REVIEW_EVENT_ASK_CHANGES)
        return "changes_requested";
    if (event == REVIEW_EVENT_REJECT)
        return "rejected";
    return record->state == REVIEW_QUEUED ? "cleared" : "approved";
}

/* What the votes come to now, if anything. */
static enum status settle(struct review_book *book, struct review_record *record,
                          const struct review_vote *vote, int64_t now_ns, const char **ret_told,
                          struct err *err)
{
    enum review_event event;
    unsigned actions = 0;
    *ret_told = NULL;
    if (!review_rules_tally(json_object_get(record->doc, "votes"), &event) ||
        review_record_move(record, event, now_ns, &actions) != REVIEW_MOVED)
        return STATUS_OK;
    *ret_told = event_of(record, event);
    if (actions & REVIEW_ACTION_DECIDE)
        return write_decision(book, record, vote, now_ns, err);
    return actions & REVIEW_ACTION_WAKE ? review_record_duty(book, record, REVIEW_DUTY_WAKE, err) : STATUS_OK;
}

static enum status write_vote(struct review_book *book, struct review_record *record,
                              const struct review_vote *vote, int64_t now_ns, struct err *err)
{
    const char *told = NULL;
    add_vote(record, vote, now_ns);
    enum status status = review_record_audit(book, record, AUDIT_REQUEST_VOTED, &vote->by,
                                             vote_details(record, vote, now_ns), now_ns, err);
    if (status == STATUS_OK)
        status = settle(book, record, vote, now_ns, &told, err);
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

enum status review_book_vote(struct review_book *book, const char *id, const struct review_vote *vote,
                             int64_t now_ns, struct review_answer *ret_answer, struct err *err)
{
    static const enum review_event events[REVIEW_VOTE_ANSWERS] = {
        REVIEW_EVENT_APPROVE, REVIEW_EVENT_ASK_CHANGES, REVIEW_EVENT_REJECT};
    struct review_record record;
    *ret_answer = (struct review_answer){.outcome = REVIEW_UNKNOWN};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    ret_answer->outcome = check_vote(book, &record, vote, events[vote->answer], ret_answer);
    if (ret_answer->outcome == REVIEW_DONE)
        status = write_vote(book, &record, vote, now_ns, err);
    ret_answer->request = review_record_brief(&record);
    review_record_fini(&record);
    return status;
}
