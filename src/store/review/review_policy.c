/* SPDX-License-Identifier: MIT */
/* review_policy.c — versions of the policy, and the one in force as it was read: kept from job to job under its number and hash, so
 * that a transaction that was undone leaves no other behind. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy/describe.h"
#include "core/policy/policy_read.h"
#include "store/review/policy_book.h"
#include "store/review/review_store_internal.h"
#include "wire/json/json.h"

/* What is in force before the first version, as a text to begin with. */
static const char built_in[] =
    "# The built-in policy: each request waits for one approval by anybody who has the right to decide.\n"
    "defaults: {}\n";

/* --- rows --- */

/* The row that the statement is at: what is known of a version, a new reference. */
static enum status take_version(struct review_book *book, enum review_statement statement,
                                json_t **ret_version, struct err *err)
{
    struct bytes doc = sqlite_column_bytes(book->db, review_at(book, statement), 1);
    *ret_version = json_loadb((const char *)doc.data, doc.size, 0, NULL);
    return *ret_version ? STATUS_OK
                        : err_set(err, STATUS_DATA_LOSS, "what is known of a policy cannot be read");
}

static json_t *version_json(int64_t version, struct bytes text, size_t rule_count)
{
    char sha256[SECRET_HASH_SIZE + 1];
    secret_hash(text, sha256);
    return json_pack("{s:I, s:s, s:I, s:I}", "version", (json_int_t)version, "sha256", sha256, "bytes",
                     (json_int_t)text.size, "rules", (json_int_t)rule_count);
}

/* `version` POLICY_ANY_VERSION: the newest; 0, or any where there is none: the built-in one. */
static enum status read_row(struct review_book *book, int64_t version, json_t **ret_version,
                            struct buf *ret_text, struct err *err)
{
    bool there = false, newest = version == POLICY_ANY_VERSION;
    enum review_statement statement = newest ? POLICY_LAST : POLICY_GET;
    enum status status = STATUS_OK;
    if (!newest)
        sqlite_bind_i64(book->db, review_at(book, statement), 1, version);
    if (version != 0)
        status = sqlite_next(book->db, review_at(book, statement), &there, err);
    if (status == STATUS_OK && there) {
        buf_append_bytes(ret_text, sqlite_column_bytes(book->db, review_at(book, statement), 2));
        status = take_version(book, statement, ret_version, err);
    }
    if (version != 0)
        sqlite_done(book->db, review_at(book, statement));
    if (status != STATUS_OK || there)
        return status;
    if (!newest && version != 0)
        return err_set(err, STATUS_NOT_FOUND, "there is no such version of the policy");
    buf_append_cstr(ret_text, built_in);
    *ret_version = version_json(0, bytes_of_cstr(built_in), 0);
    return *ret_version ? STATUS_OK : err_no_memory(err);
}

/* --- the one in force --- */

/* Its number and hash; 0 and "" for the built-in one. */
static enum status look_at_newest(struct review_book *book, int64_t *ret_version,
                                  char ret_sha256[SECRET_HASH_SIZE + 1], struct err *err)
{
    bool there = false;
    size_t newest = review_at(book, POLICY_NEWEST);
    enum status status = sqlite_next(book->db, newest, &there, err);
    *ret_version = there ? sqlite_column_i64(book->db, newest, 0) : 0;
    (void)snprintf(ret_sha256, SECRET_HASH_SIZE + 1, "%.*s",
                   BYTES_FMT(there ? sqlite_column_bytes(book->db, newest, 1) : (struct bytes){0}));
    sqlite_done(book->db, newest);
    return status;
}

static enum status read_policy(struct bytes text, int64_t version, struct policy **ret_policy,
                               struct err *err)
{
    struct yaml_tree_fault fault = {0};
    enum status status = policy_read(text, ret_policy, &fault);
    if (status == STATUS_NO_MEMORY)
        return err_no_memory(err);
    if (status != STATUS_OK)
        return err_set(err, STATUS_FAILED_PRECONDITION,
                       "version %" PRId64 " of the policy, which is in force, cannot be read: %d:%d: %s",
                       version, fault.line, fault.column, fault.text);
    return STATUS_OK;
}

enum status review_policy_in_force(struct review_book *book, const struct policy_in_force **ret_policy,
                                   struct err *err)
{
    struct policy_in_force *kept = &book->store->policy;
    char sha256[SECRET_HASH_SIZE + 1];
    int64_t version;
    enum status status = look_at_newest(book, &version, sha256, err);
    *ret_policy = kept;
    if (status != STATUS_OK || (version == kept->version && strcmp(sha256, kept->sha256) == 0))
        return status;

    CLEANUP(buf_fini) struct buf text = {0};
    json_t *row = NULL;
    struct policy *policy = NULL;
    if (version != 0)
        status = read_row(book, version, &row, &text, err);
    json_decref(row);
    if (status == STATUS_OK && version != 0)
        status = read_policy(buf_peek(&text), version, &policy, err);
    if (status != STATUS_OK)
        return status;
    review_policy_forget(kept);
    *kept = (struct policy_in_force){.policy = policy, .version = version};
    memcpy(kept->sha256, sha256, sizeof kept->sha256);
    return STATUS_OK;
}

void review_policy_forget(struct policy_in_force *kept)
{
    policy_destroy(kept->policy);
    *kept = (struct policy_in_force){0};
}

/* --- applying --- */

static enum status put_row(struct review_book *book, int64_t version, const json_t *row,
                           const struct policy_draft *draft, struct err *err)
{
    size_t put = review_at(book, POLICY_PUT);
    char *doc = json_dumps(row, JSON_COMPACT);
    if (!doc)
        return err_no_memory(err);
    sqlite_bind_i64(book->db, put, 1, version);
    sqlite_bind_bytes(book->db, put, 2, json_member_bytes(row, "sha256"));
    sqlite_bind_bytes(book->db, put, 3, bytes_of_cstr(doc));
    sqlite_bind_bytes(book->db, put, 4, draft->text.data ? draft->text : BYTES_LITERAL(""));
    enum status status = sqlite_run(book->db, put, err);
    free(doc);
    return status;
}

static enum status write_version(struct review_book *book, const struct policy_draft *draft, int64_t version,
                                 size_t rule_count, int64_t now_ns, json_t **ret_row, struct err *err)
{
    char object[32];
    (void)snprintf(object, sizeof object, "policy/%" PRId64, version);
    json_t *row = version_json(version, draft->text, rule_count);
    json_t *applied = json_pack("{s:o, s:o, s:s, s:s*}", "appliedAt", review_time_json(now_ns), "by",
                                review_person_json(&draft->by), "via", draft->via, "comment", draft->comment);
    bool whole = row && applied && json_object_update(row, applied) == 0;
    json_decref(applied);
    enum status status = whole ? put_row(book, version, row, draft, err) : err_no_memory(err);
    if (status == STATUS_OK) {
        json_t *details = json_copy(row);
        json_object_del(details, "appliedAt");
        json_object_del(details, "by");
        status = review_audit(book, object, AUDIT_POLICY_APPLIED, &draft->by, details, now_ns, err);
    }
    if (status != STATUS_OK)
        json_decref(row);
    else
        *ret_row = row;
    return status;
}

/* The draft as it is read; REFUSED with its fault, which is no failure of the job. */
static enum status read_draft(const struct policy_draft *draft, struct policy_applied *applied,
                              size_t *ret_rule_count, struct err *err)
{
    struct policy *policy = NULL;
    enum status status = policy_read(draft->text, &policy, &applied->fault);
    if (status == STATUS_MALFORMED || status == STATUS_TOO_LARGE) {
        applied->outcome = POLICY_APPLY_REFUSED;
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return err_no_memory(err);
    *ret_rule_count = policy->rule_count;
    policy_destroy(policy);
    return STATUS_OK;
}

static bool has_text(const json_t *version, struct bytes text)
{
    char sha256[SECRET_HASH_SIZE + 1];
    secret_hash(text, sha256);
    return bytes_equal_cstr(json_member_bytes(version, "sha256"), sha256);
}

enum status policy_book_apply(struct review_book *book, const struct policy_draft *draft, int64_t now_ns,
                              struct policy_applied *ret_applied, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    size_t rule_count = 0;
    *ret_applied = (struct policy_applied){.outcome = POLICY_APPLY_DONE};
    enum status status = read_row(book, POLICY_ANY_VERSION, &ret_applied->version, &text, err);
    if (status != STATUS_OK)
        return status;
    int64_t present = json_integer_value(json_object_get(ret_applied->version, "version"));
    if (draft->replaces != POLICY_ANY_VERSION && draft->replaces != present)
        ret_applied->outcome = POLICY_APPLY_OUTDATED;
    else
        status = read_draft(draft, ret_applied, &rule_count, err);
    if (status == STATUS_OK && ret_applied->outcome == POLICY_APPLY_DONE &&
        has_text(ret_applied->version, draft->text))
        ret_applied->outcome = POLICY_APPLY_UNCHANGED;
    if (status != STATUS_OK || ret_applied->outcome != POLICY_APPLY_DONE)
        return status;

    json_t *former = ret_applied->version;
    ret_applied->version = NULL;
    status = write_version(book, draft, present + 1, rule_count, now_ns, &ret_applied->version, err);
    json_decref(former);
    return status;
}

/* --- looking --- */

static enum status add_policy(json_t *version, struct bytes text, struct err *err)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out};
    struct policy *policy = NULL;
    json_t *value = NULL;
    /* One that another release could read and this one cannot is shown all the same, as its text. */
    struct yaml_tree_fault fault = {0};
    if (policy_read(text, &policy, &fault) == STATUS_OK)
        policy_write_json(policy, &json);
    policy_destroy(policy);
    if (out.size > 0 && json_write_status(&json) == STATUS_OK)
        value = json_loadb((const char *)out.data, out.size, 0, NULL);
    json_object_set_new(version, "text", json_stringn((const char *)text.data, text.size));
    if (value)
        json_object_set_new(version, "policy", value);
    return json_object_get(version, "text") ? STATUS_OK : err_no_memory(err);
}

enum status policy_book_read(struct review_book *book, int64_t version, json_t **ret_version, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    json_t *row = NULL;
    enum status status = read_row(book, version, &row, &text, err);
    if (status == STATUS_OK && buf_status(&text) != STATUS_OK)
        status = err_no_memory(err);
    if (status == STATUS_OK)
        status = add_policy(row, buf_peek(&text), err);
    if (status != STATUS_OK)
        json_decref(row);
    else
        *ret_version = row;
    return status;
}

static enum status take_listed(struct review_book *book, enum review_statement statement, int64_t now_ns,
                               json_t **ret_version, struct err *err)
{
    return take_version(book, statement, ret_version, err);
}

enum status policy_book_list(struct review_book *book, const struct review_page *page, json_t **ret_versions,
                             int64_t *ret_next, struct err *err)
{
    static const struct review_page_rows rows = {
        .newest = POLICY_PAGE, .oldest = POLICY_PAGE_OLDEST, .take = take_listed};
    return review_page_read(book, page, &rows, ret_versions, ret_next, err);
}
