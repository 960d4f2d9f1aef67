/* SPDX-License-Identifier: MIT */
/* review_submit.c — a request and its revisions. */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "core/review/sight.h"
#include "store/review/review_rule.h"

#define KEY_KEPT_NS    (24 * 3600 * NS_PER_S)
#define TEXT_SEARCHED  ((size_t)64 << 10) /* bytes of code that words are looked for in */
#define REVISIONS_KEPT 1000               /* of a request; the number of a text's row has ten bits for it */

/* --- the same submission again --- */

/* `ret_answer` DONE_BEFORE or KEY_DIFFERS if the key was used; DONE: it is new. */
static enum status look_up_key(struct review_book *book, const struct review_submission *submission,
                               int64_t now_ns, struct review_answer *ret_answer, struct err *err)
{
    struct review_record record;
    char id[64] = "";
    bool there = false;
    sqlite_bind_i64(book->db, review_at(book, KEY_SWEEP), 1, now_ns - KEY_KEPT_NS);
    enum status status = sqlite_run(book->db, review_at(book, KEY_SWEEP), err);
    if (status != STATUS_OK)
        return status;
    sqlite_bind_bytes(book->db, review_at(book, KEY_GET), 1, bytes_of_cstr(submission->by.id));
    sqlite_bind_bytes(book->db, review_at(book, KEY_GET), 2, bytes_of_cstr(submission->key));
    status = sqlite_next(book->db, review_at(book, KEY_GET), &there, err);
    if (status != STATUS_OK || !there)
        return status;
    bool same =
        bytes_equal_cstr(sqlite_column_bytes(book->db, review_at(book, KEY_GET), 0), submission->key_body);
    (void)snprintf(id, sizeof id, "%.*s",
                   BYTES_FMT(sqlite_column_bytes(book->db, review_at(book, KEY_GET), 1)));
    sqlite_done(book->db, review_at(book, KEY_GET));
    status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    ret_answer->outcome = same ? REVIEW_DONE_BEFORE : REVIEW_KEY_DIFFERS;
    ret_answer->request = review_record_brief(&record);
    review_record_fini(&record);
    return STATUS_OK;
}

static enum status keep_key(struct review_book *book, const struct review_submission *submission,
                            int64_t now_ns, struct err *err)
{
    struct db *db = book->db;
    size_t put = review_at(book, KEY_PUT);
    sqlite_bind_bytes(db, put, 1, bytes_of_cstr(submission->by.id));
    sqlite_bind_bytes(db, put, 2, bytes_of_cstr(submission->key));
    sqlite_bind_bytes(db, put, 3, bytes_of_cstr(submission->key_body));
    sqlite_bind_bytes(db, put, 4, bytes_of_cstr(submission->id));
    sqlite_bind_i64(db, put, 5, now_ns);
    return sqlite_run(db, put, err);
}

/* --- a revision --- */

int64_t review_text_row(const struct review_record *record, int64_t revision)
{
    return record->row << 10 | revision;
}

struct bytes review_text_searched(struct bytes code)
{
    return bytes_utf8_prefix(code, TEXT_SEARCHED);
}

static enum status put_text(struct review_book *book, const struct review_record *record, struct bytes code,
                            struct err *err)
{
    const char *purpose = review_record_text(record, "purpose");
    int64_t number = review_record_number(record, "revision");
    struct db *db = book->db;
    size_t put = review_at(book, TEXT_PUT);
    sqlite_bind_i64(db, put, 1, review_text_row(record, number));
    sqlite_bind_bytes(db, put, 2, bytes_of_cstr(text_or(purpose, "")));
    sqlite_bind_bytes(db, put, 3, review_text_searched(code));
    return sqlite_run(db, put, err);
}

/* The record's next revision, and what of the one before does not hold for it. */
static enum status add_revision(struct review_book *book, struct review_record *record,
                                const struct review_revision *revision, int64_t now_ns, struct err *err)
{
    static const char *const of_a_run[] = {"run",        "_result",      "result",    "_files",
                                           "sha256",     "sha256Covers", "template",  "manifestSha256",
                                           "_clearedBy", "_early",       "_standing", "_standingUsed",
                                           "standing"};
    char sha256[SECRET_HASH_SIZE + 1];
    json_t *files = json_array();
    enum status status = review_blob_put(book, record->row, revision->code, sha256, err);
    if (status == STATUS_OK)
        status = review_files_put(book, record, revision, files, err);
    for (size_t i = 0; i < ARRAY_SIZE(of_a_run); i++)
        json_object_del(record->doc, of_a_run[i]);

    int64_t number = review_record_number(record, "revision") + 1;
    json_object_set_new(record->doc, "revision", json_integer((json_int_t)number));
    json_object_set_new(record->doc, "attempts", json_integer(0));
    const json_t *code = review_then_code(record); /* a copy: what becomes of it is the request's */
    json_t *step = code ? json_pack("{s:o}", "code", json_copy((json_t *)code)) : NULL;
    json_array_append_new(json_object_get(record->doc, "revisions"),
                          json_pack("{s:I, s:o, s:o, s:s, s:I, s:o, s:s*, s:o*}", "number",
                                    (json_int_t)number, "createdAt", review_time_json(now_ns), "by",
                                    review_person_json(&revision->by), "codeSha256", sha256, "codeBytes",
                                    (json_int_t)revision->code.size, "files", files, "comment",
                                    revision->comment, "then", step));
    if (status != STATUS_OK)
        return status;
    return put_text(book, record, revision->code, err);
}

/* --- submit --- */

static json_t *new_doc(const struct review_submission *submission, int64_t now_ns)
{
    json_t *doc = json_pack(
        "{s:s, s:o, s:o, s:s*, s:s*, s:s*, s:s*, s:s, s:s, s:I, s:I, s:b, s:b, s:i, s:[], s:[], s:[]}", "id",
        submission->id, "createdAt", review_time_json(now_ns), "submitter",
        review_person_json(&submission->by), "submittedBy", submission->submitted_by, "onBehalfOf",
        submission->on_behalf_of, "purpose", submission->purpose, "session", submission->session, "language",
        submission->language, "gate", review_gate_name(submission->gate), "_approvalTimeoutMs",
        (json_int_t)submission->approval_timeout_ms, "_runTimeoutMs", (json_int_t)submission->run_timeout_ms,
        "_reviewFailures", submission->review_failures, "released", 0, "revision", 0, "revisions", "runs",
        "votes");
    json_object_set_new(doc, "approvalTimeoutSeconds", review_seconds_json(submission->approval_timeout_ms));
    if (submission->labels && json_object_size(submission->labels) > 0)
        json_object_set_new(doc, "labels", json_deep_copy(submission->labels));
    json_object_set_new(doc, REVIEW_SUBMITTER_FACTS, review_person_facts(&submission->by));
    if (submission->gate_said || submission->gate != REVIEW_GATE_AFTER)
        json_object_set_new(doc, "_gateAsked", json_string(review_gate_name(submission->gate)));
    if (submission->timeout_said)
        json_object_set_new(doc, "_timeoutAsked", json_true());
    if (submission->instance)
        json_object_set_new(doc, "instanceId", json_string(submission->instance));
    if (submission->parent)
        json_object_set_new(doc, "parentInstanceId", json_string(submission->parent));
    if (submission->gives_object)
        json_object_set_new(doc, "_givesObject", json_true());
    if (submission->then) {
        json_object_set_new(doc, "then", json_deep_copy(submission->then));
        json_object_del(json_object_get(doc, "then"), "code"); /* its blob needs the request's row */
    }
    return doc;
}

static enum status put_labels(struct review_book *book, const struct review_record *record, struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(record->doc, "labels"), key, value)
    {
        sqlite_bind_bytes(book->db, review_at(book, LABEL_PUT), 1, bytes_of_cstr(key));
        sqlite_bind_bytes(book->db, review_at(book, LABEL_PUT), 2, json_bytes(value));
        sqlite_bind_i64(book->db, review_at(book, LABEL_PUT), 3, record->row);
        enum status status = sqlite_run(book->db, review_at(book, LABEL_PUT), err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* What somebody did to a request: the same four writes each time. */
struct act {
    enum review_duty_kind duty; /* REVIEW_DUTY_KINDS: nobody is to be told */
    enum audit_action action;
    const char *told; /* the event */
    const struct review_person *by;
};

/* The record as it is now, what the scheduler is to be told, the audit entry and the events. Takes `details`. */
static enum status write_act(struct review_book *book, struct review_record *record, const struct act *act,
                             json_t *details, int64_t now_ns, struct err *err)
{
    enum status status = review_record_save(book, record, now_ns, err);
    if (status == STATUS_OK && act->duty != REVIEW_DUTY_KINDS)
        status = review_record_duty(book, record, act->duty, err);
    if (status != STATUS_OK) {
        json_decref(details);
        return status;
    }

    status = review_record_audit(book, record, act->action, act->by, details, now_ns, err);
    if (status == STATUS_OK)
        status = review_write_denial(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = review_record_tell(book, record, act->told, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_tell_beginning(book, record, now_ns, err);
}

/* What an auditor needs to know it again: not the code and the inputs, but their hashes. */
static json_t *revision_details(const struct review_record *record)
{
    const json_t *revision = review_record_revision(record);
    json_t *details = json_pack("{s:O, s:O, s:I}", "codeSha256", json_object_get(revision, "codeSha256"),
                                "codeBytes", json_object_get(revision, "codeBytes"), "revision",
                                (json_int_t)review_record_number(record, "revision"));
    const json_t *policy = json_object_get(record->doc, "policy");
    if (policy)
        json_object_set(details, "policy", json_object_get(policy, "version"));
    if (json_array_size(json_object_get(revision, "files")) > 0)
        json_object_set(details, "files", json_object_get(revision, "files"));
    if (json_object_get(revision, "then"))
        json_object_set(details, "then", json_object_get(revision, "then"));
    return details;
}

static json_t *submission_details(const struct review_record *record)
{
    json_t *details = revision_details(record);
    static const char *const said[] = {"submittedBy", "onBehalfOf", "purpose", "labels",
                                       "session",     "gate",       "then",    "instanceId"};
    json_object_set_new(details, "approvalTimeoutMs",
                        json_integer((json_int_t)review_record_number(record, "_approvalTimeoutMs")));
    for (size_t i = 0; i < ARRAY_SIZE(said); i++)
        if (json_object_get(record->doc, said[i]))
            json_object_set(details, said[i], json_object_get(record->doc, said[i]));
    return details;
}

static enum status put_instance(struct review_book *book, const struct review_record *record,
                                const char *instance, struct err *err)
{
    size_t put = review_at(book, INSTANCE_PUT);
    sqlite_bind_bytes(book->db, put, 1, bytes_of_cstr(instance));
    sqlite_bind_i64(book->db, put, 2, record->row);
    return sqlite_run(book->db, put, err);
}

static enum status write_request(struct review_book *book, const struct review_submission *submission,
                                 struct review_record *record, int64_t now_ns, struct err *err)
{
    const struct review_revision first = {.by = submission->by,
                                          .code = submission->code,
                                          .files = submission->files,
                                          .file_count = submission->file_count};
    /* ORDER: the row, then what hangs on its number; the policy looks when the revision is whole; the record is
     * saved once more, with all of that, by write_act. */
    enum status status = review_record_save(book, record, now_ns, err); /* for its row */
    if (status == STATUS_OK)
        status = review_then_put(book, record, submission->then, err);
    if (status == STATUS_OK)
        status = add_revision(book, record, &first, now_ns, err);
    if (status == STATUS_OK)
        status = review_rule_revision(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = put_labels(book, record, err);
    if (status == STATUS_OK && submission->instance)
        status = put_instance(book, record, submission->instance, err);
    if (status != STATUS_OK)
        return status;

    review_record_begin(record, now_ns);
    enum review_duty_kind duty = submission->instance ? REVIEW_DUTY_KINDS : REVIEW_DUTY_START;
    const struct act act = {duty, AUDIT_REQUEST_SUBMITTED, "submitted", &submission->by};
    return write_act(book, record, &act, submission_details(record), now_ns, err);
}

enum status review_book_submit(struct review_book *book, const struct review_submission *submission,
                               int64_t now_ns, struct review_answer *ret_answer, struct err *err)
{
    *ret_answer = (struct review_answer){.outcome = REVIEW_DONE};
    enum status status = submission->key ? look_up_key(book, submission, now_ns, ret_answer, err) : STATUS_OK;
    if (status != STATUS_OK || ret_answer->outcome != REVIEW_DONE)
        return status;
    struct review_record record = {.created_ns = now_ns,
                                   .state = REVIEW_QUEUED,
                                   .gate = submission->gate,
                                   .doc = new_doc(submission, now_ns)};
    status = record.doc ? write_request(book, submission, &record, now_ns, err)
                        : err_set(err, STATUS_INVALID_ARGUMENT, "a text is not UTF-8, or there is no memory");
    /* ORDER: the key stands in the same transaction as the request. Whoever sends the same again finds both, or
     * neither. */
    if (status == STATUS_OK && submission->key)
        status = keep_key(book, submission, now_ns, err);
    if (status == STATUS_OK)
        ret_answer->request = review_record_brief(&record);
    review_record_fini(&record);
    return status;
}

/* --- the next revision --- */

static enum status write_revision(struct review_book *book, struct review_record *record,
                                  const struct review_revision *revision, int64_t now_ns, struct err *err)
{
    unsigned actions;
    enum status status = review_then_revise(book, record, revision->then, err);
    if (status == STATUS_OK)
        status = add_revision(book, record, revision, now_ns, err);
    json_object_set_new(record->doc, REVIEW_SUBMITTER_FACTS, review_person_facts(&revision->by));
    if (status == STATUS_OK)
        status = review_rule_revision(book, record, now_ns, err);
    if (status != STATUS_OK)
        return status;
    (void)review_record_move(record, REVIEW_EVENT_REVISE, now_ns, &actions);
    const struct act act = {REVIEW_DUTY_WAKE, AUDIT_REQUEST_REVISED, "revised", &revision->by};
    return write_act(book, record, &act, revision_details(record), now_ns, err);
}

static enum review_outcome outcome_of(enum review_verdict verdict)
{
    static const enum review_outcome outcomes[] = {
        [REVIEW_MOVED] = REVIEW_DONE,
        [REVIEW_IGNORED] = REVIEW_TOO_EARLY,
        [REVIEW_NOTHING_YET] = REVIEW_TOO_EARLY,
        [REVIEW_DECIDED] = REVIEW_DECIDED_BEFORE,
        [REVIEW_OVER] = REVIEW_OVER_BEFORE,
        [REVIEW_IMPOSSIBLE] = REVIEW_TOO_EARLY,
    };
    return outcomes[verdict];
}

enum status review_book_revise(struct review_book *book, const char *id,
                               const struct review_revision *revision, int64_t now_ns,
                               struct review_answer *ret_answer, struct err *err)
{
    struct review_record record;
    *ret_answer = (struct review_answer){.outcome = REVIEW_UNKNOWN};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    if (!review_is_submitter(record.doc, revision->by.id))
        ret_answer->outcome = REVIEW_NOT_ALLOWED;
    else if (!review_files_there(&record, revision))
        ret_answer->outcome = REVIEW_NO_INPUT;
    else if (review_record_text(&record, "session") &&
             json_is_string(json_object_get(revision->then, "code")))
        ret_answer->outcome = REVIEW_NO_STEP;
    else if (review_record_number(&record, "revision") >= REVISIONS_KEPT)
        ret_answer->outcome = REVIEW_TOO_EARLY;
    else
        ret_answer->outcome =
            outcome_of(review_apply(record.state, REVIEW_EVENT_REVISE, REVIEW_ENTRY_RUN, false).verdict);
    if (ret_answer->outcome == REVIEW_DONE)
        status = write_revision(book, &record, revision, now_ns, err);
    ret_answer->request = review_record_brief(&record);
    review_record_fini(&record);
    return status;
}

/* --- cancel --- */

static enum status write_cancel(struct review_book *book, struct review_record *record,
                                const struct review_person *by, const char *reason, int64_t now_ns,
                                struct err *err)
{
    json_object_set_new(
        record->doc, "ended",
        json_pack("{s:s, s:s*, s:o}", "by", by->name, "reason", reason, "at", review_time_json(now_ns)));
    /* Who awaits it is told how it ended; an orchestration of our own is just ended. */
    bool awaited = review_record_text(record, "instanceId") != NULL;
    const struct act act = {awaited ? REVIEW_DUTY_WAKE : REVIEW_DUTY_CANCEL, AUDIT_REQUEST_CANCELLED,
                            "cancelled", by};
    return write_act(book, record, &act, json_pack("{s:s*}", "reason", reason), now_ns, err);
}

enum status review_book_cancel(struct review_book *book, const char *id, const struct review_person *by,
                               bool operator_too, const char *reason, int64_t now_ns,
                               struct review_answer *ret_answer, struct err *err)
{
    struct review_record record;
    unsigned actions;
    *ret_answer = (struct review_answer){.outcome = REVIEW_UNKNOWN};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    if (!operator_too && !review_is_submitter(record.doc, by->id))
        ret_answer->outcome = REVIEW_NOT_ALLOWED;
    else
        ret_answer->outcome = outcome_of(review_record_move(&record, REVIEW_EVENT_CANCEL, now_ns, &actions));
    if (ret_answer->outcome == REVIEW_DONE)
        status = write_cancel(book, &record, by, reason, now_ns, err);
    ret_answer->request = review_record_brief(&record);
    review_record_fini(&record);
    return status;
}
