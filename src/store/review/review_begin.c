/* SPDX-License-Identifier: MIT */
/* review_begin.c — how a revision begins. A policy that looks at what code says has to wait until a session has taken it apart: until then
 * the request is queued, nobody is asked, and events from outside are kept.
 *
 *   submitted, revised ──► ruled ──► runs, waits for people, denied
 *                      └─► unread ──► a session reads ──► ruled, …
 */
#include "store/review/review_rule.h"
#include "wire/json/canonical.h"

#define UNREAD "_unread"

bool review_is_unread(const struct review_record *record)
{
    return json_is_true(json_object_get(record->doc, UNREAD));
}

/* A rule denies it, whatever the code says. */
static bool is_denied_anyway(const struct policy_outcome *outcome)
{
    for (size_t i = 0; i < outcome->match_count; i++)
        if (outcome->matches[i].rule->action == POLICY_DENY && !outcome->matches[i].unknown)
            return true;
    return false;
}

/* The policy looks at what nobody has found out yet. */
static bool wants_reading(const struct review_record *record, const struct review_ruling *ruling)
{
    return policy_reads_code(ruling->in_force->policy) &&
           !json_object_get(review_record_revision(record), "syntaxSha256") &&
           !is_denied_anyway(&ruling->outcome);
}

/* Nothing was demanded yet, and nobody is asked. */
static enum status keep_unread(struct review_record *record, struct err *err)
{
    review_ruling_forget(record);
    record->entry = REVIEW_ENTRY_RUN;
    bool whole = json_object_set_new(record->doc, UNREAD, json_true()) == 0 &&
                 json_object_set_new(record->doc, "asked", json_array()) == 0;
    return whole ? STATUS_OK : err_no_memory(err);
}

static enum status keep_ruled(struct review_book *book, struct review_record *record,
                              const struct review_ruling *ruling, int64_t now_ns, struct err *err)
{
    json_object_del(record->doc, UNREAD);
    enum status status = review_ruling_keep(book, record, ruling, now_ns, err);
    if (status != STATUS_OK)
        return status;
    record->entry = review_ruling_entry(record, ruling);
    bool takes_effect = record->entry != REVIEW_ENTRY_RUN;
    status = review_rules_count(book, record, &ruling->outcome, takes_effect, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return record->entry != REVIEW_ENTRY_RUN ? review_record_manifest(book, record, err) : STATUS_OK;
}

enum status review_rule_revision(struct review_book *book, struct review_record *record, int64_t now_ns,
                                 struct err *err)
{
    struct review_ruling ruling;
    enum status status = review_rule(book, record, POLICY_BEFORE_RUN, NULL, now_ns, &ruling, err);
    if (status == STATUS_OK)
        status = wants_reading(record, &ruling) ? keep_unread(record, err)
                                                : keep_ruled(book, record, &ruling, now_ns, err);
    review_ruling_fini(&ruling);
    return status;
}

/* --- what it is told as --- */

enum status review_write_denial(struct review_book *book, struct review_record *record, int64_t now_ns,
                                struct err *err)
{
    if (record->state != REVIEW_REJECTED)
        return STATUS_OK;
    enum status status = review_decide_by_rule(book, record, false, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_record_save(book, record, now_ns, err);
}

enum status review_tell_beginning(struct review_book *book, const struct review_record *record,
                                  int64_t now_ns, struct err *err)
{
    if (review_waits(record->state))
        return review_record_tell(book, record, "waiting", now_ns, err);
    if (record->state == REVIEW_REJECTED)
        return review_record_tell(book, record, "rejected", now_ns, err);
    return STATUS_OK;
}

/* --- the code was read --- */

/* Into the present revision: what was found, by its hash, and the hash of the syntax tree. */
static enum status keep_syntax(struct review_book *book, struct review_record *record, json_t *syntax,
                               struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    char sha256[SECRET_HASH_SIZE + 1];
    json_t *revision = review_record_revision(record), *tree = json_object_get(syntax, "treeSha256");
    enum status status = canonical_append(&text, syntax, err);
    if (status == STATUS_OK)
        status = review_blob_put(book, record->row, buf_peek(&text), sha256, err);
    if (status != STATUS_OK)
        return status;
    bool whole = json_object_set_new(revision, "syntaxSha256", json_string(sha256)) == 0 &&
                 (!tree || json_object_set(revision, "treeSha256", tree) == 0);
    return whole ? STATUS_OK : err_no_memory(err);
}

/* What was found, and by which version it was ruled then. */
static json_t *read_details(const struct review_record *record, const json_t *syntax)
{
    const json_t *revision = review_record_revision(record);
    return json_pack("{s:I, s:O, s:O, s:O*, s:O*, s:O*}", "revision",
                     (json_int_t)review_record_number(record, "revision"), "codeSha256",
                     json_object_get(revision, "codeSha256"), "syntaxSha256",
                     json_object_get(revision, "syntaxSha256"), "treeSha256",
                     json_object_get(revision, "treeSha256"), "error", json_object_get(syntax, "error"),
                     "policy", json_object_get(json_object_get(record->doc, "policy"), "version"));
}

static enum status write_read(struct review_book *book, struct review_record *record, json_t *syntax,
                              int64_t now_ns, struct err *err)
{
    unsigned actions;
    enum status status = keep_syntax(book, record, syntax, err);
    if (status == STATUS_OK)
        status = review_rule_revision(book, record, now_ns, err);
    if (status != STATUS_OK)
        return status;
    (void)review_record_move(record, REVIEW_EVENT_READ, now_ns, &actions);
    status = review_record_save(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = review_record_audit(book, record, AUDIT_CODE_READ, &review_server,
                                     read_details(record, syntax), now_ns, err);
    if (status == STATUS_OK)
        status = review_write_denial(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = review_tell_beginning(book, record, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_take_early(book, record, now_ns, err);
}

enum status review_book_code_read(struct review_book *book, const char *id, int64_t revision, json_t *syntax,
                                  int64_t now_ns, struct review_step *ret_step, struct err *err)
{
    struct review_record record;
    review_step_fini(ret_step);
    *ret_step = (struct review_step){0};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    bool wanted = record.state == REVIEW_QUEUED && review_is_unread(&record) &&
                  revision == review_record_number(&record, "revision");
    if (wanted)
        status = write_read(book, &record, syntax, now_ns, err);
    review_record_due(&record, ret_step);
    review_record_fini(&record);
    return status;
}
