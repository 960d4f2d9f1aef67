/* SPDX-License-Identifier: MIT */
/* review_retention.c — after its time what a request was about goes: code, inputs, result, files, effects, and the words by which they
 * are searched. What proves it stays: the manifests, every hash, votes, the decision, and the entries of the audit log.
 *
 * How long is said by the policy that ruled the request, else by the setting. A request that is over stands in request_over. */
#include <stdio.h>

#include "base/duration.h"
#include "base/text.h"
#include "store/review/review_store_internal.h"
#include "wire/json/json.h"

/* --- a request is over --- */

/* What its policy demands; false: it says nothing of it. */
static bool policy_keeps(const struct review_record *record, int64_t *ret_keep_ns)
{
    const json_t *demands = json_object_get(json_object_get(record->doc, "policy"), "demands");
    struct bytes text = json_member_bytes(demands, "retention");
    return text.size > 0 && duration_parse(text, ret_keep_ns) == STATUS_OK;
}

enum status review_over_note(struct review_book *book, const struct review_record *record, int64_t now_ns,
                             struct err *err)
{
    int64_t keep_ns;
    size_t put = review_at(book, OVER_PUT);
    if (!review_over(record->state) || json_object_get(record->doc, "contentRemovedAt"))
        return STATUS_OK;
    sqlite_bind_i64(book->db, put, 1, record->row);
    sqlite_bind_i64(book->db, put, 2, now_ns);
    if (policy_keeps(record, &keep_ns))
        sqlite_bind_i64(book->db, put, 3, keep_ns);
    else
        sqlite_bind_null(book->db, put, 3);
    return sqlite_run(book->db, put, err);
}

/* --- its words --- */

static enum status change_text(struct review_book *book, enum review_statement way, int64_t text_row,
                               const char *purpose, struct bytes code, struct err *err)
{
    size_t statement = review_at(book, way);
    sqlite_bind_i64(book->db, statement, 1, text_row);
    sqlite_bind_bytes(book->db, statement, 2, bytes_of_cstr(purpose));
    sqlite_bind_bytes(book->db, statement, 3, code.data ? code : BYTES_LITERAL(""));
    return sqlite_run(book->db, statement, err);
}

/* The index has no text of its own: what is taken out is told once more, exactly as it was put in. */
static enum status forget_words(struct review_book *book, const struct review_record *record,
                                const json_t *revision, struct err *err)
{
    CLEANUP(buf_fini) struct buf code = {0};
    const char *purpose = text_or(review_record_text(record, "purpose"), "");
    const char *sha256 = json_member_text(revision, "codeSha256");
    int64_t row = review_text_row(record, json_integer_value(json_object_get(revision, "number")));
    enum status status = sha256 ? review_book_blob(book, sha256, &code, err) : STATUS_NOT_FOUND;
    if (status == STATUS_NOT_FOUND) /* somebody took it away; of its words nothing can be said */
        return STATUS_OK;
    if (status == STATUS_OK)
        status = change_text(book, TEXT_FORGET, row, purpose, review_text_searched(buf_peek(&code)), err);
    if (status == STATUS_OK && *purpose)
        status = change_text(book, TEXT_PUT, row, purpose, (struct bytes){0}, err);
    return status;
}

/* --- its bytes --- */

static void add_manifest(json_t *kept, const json_t *object)
{
    const json_t *sha256 = json_object_get(object, "manifestSha256");
    if (sha256)
        json_array_append(kept, (json_t *)sha256);
}

/* The hashes of every manifest that anything names, as a JSON text; NULL without memory. */
static char *manifests_of(const struct review_record *record)
{
    static const char *const named_by[] = {"runs", "votes"};
    json_t *kept = json_array(), *item;
    size_t index;
    add_manifest(kept, record->doc);
    add_manifest(kept, json_object_get(record->doc, "decision"));
    for (size_t i = 0; i < ARRAY_SIZE(named_by); i++)
        json_array_foreach(json_object_get(record->doc, named_by[i]), index, item)
        {
            add_manifest(kept, item);
        }
    char *text = json_dumps(kept, JSON_COMPACT);
    json_decref(kept);
    return text;
}

static enum status count_uses(struct review_book *book, const struct review_record *record, struct bytes kept,
                              json_t *details, struct err *err)
{
    bool there = false;
    sqlite_bind_i64(book->db, review_at(book, USES_COUNT), 1, record->row);
    sqlite_bind_bytes(book->db, review_at(book, USES_COUNT), 2, kept);
    enum status status = sqlite_next(book->db, review_at(book, USES_COUNT), &there, err);
    if (status == STATUS_OK && there) {
        json_object_set_new(
            details, "blobs",
            json_integer((json_int_t)sqlite_column_i64(book->db, review_at(book, USES_COUNT), 0)));
        json_object_set_new(
            details, "bytes",
            json_integer((json_int_t)sqlite_column_i64(book->db, review_at(book, USES_COUNT), 1)));
    }
    sqlite_done(book->db, review_at(book, USES_COUNT));
    return status;
}

static enum status let_go(struct review_book *book, const struct review_record *record, json_t *details,
                          struct err *err)
{
    char *text = manifests_of(record);
    if (!text)
        return err_no_memory(err);
    struct bytes kept = bytes_of_cstr(text);
    enum status status = count_uses(book, record, kept, details, err);
    if (status == STATUS_OK) {
        sqlite_bind_i64(book->db, review_at(book, USES_END), 1, record->row);
        sqlite_bind_bytes(book->db, review_at(book, USES_END), 2, kept);
        status = sqlite_run(book->db, review_at(book, USES_END), err);
    }
    free(text);
    return status;
}

/* --- the removal --- */

static enum status strike_out(struct review_book *book, const struct review_record *record, struct err *err)
{
    sqlite_bind_i64(book->db, review_at(book, OVER_DONE), 1, record->row);
    return sqlite_run(book->db, review_at(book, OVER_DONE), err);
}

/* Takes `details`. */
static enum status write_removal(struct review_book *book, struct review_record *record, json_t *details,
                                 int64_t now_ns, struct err *err)
{
    json_object_set_new(record->doc, "contentRemovedAt", review_time_json(now_ns));
    enum status status = review_record_save(book, record, now_ns, err);
    if (status == STATUS_OK)
        status = strike_out(book, record, err);
    if (status == STATUS_OK)
        return review_record_audit(book, record, AUDIT_REQUEST_EMPTIED, &review_server, details, now_ns, err);
    json_decref(details);
    return status;
}

static enum status empty(struct review_book *book, struct review_record *record, int64_t now_ns,
                         struct err *err)
{
    json_t *details = json_pack("{s:O*}", "manifestSha256", json_object_get(record->doc, "manifestSha256"));
    json_t *revision;
    size_t index;
    enum status status = details ? STATUS_OK : err_no_memory(err);
    json_array_foreach(json_object_get(record->doc, "revisions"), index, revision)
    {
        if (status == STATUS_OK)
            status = forget_words(book, record, revision, err);
    }
    if (status == STATUS_OK)
        status = let_go(book, record, details, err);
    if (status == STATUS_OK)
        return write_removal(book, record, details, now_ns, err);
    json_decref(details);
    return status;
}

/* What is to follow its release is still to be told the result: its time begins anew. */
static bool is_awaited(const struct review_record *record)
{
    const json_t *start = json_object_get(json_object_get(record->doc, "then"), "start");
    return bytes_equal_cstr(json_member_bytes(start, "state"), "due");
}

static enum status expire(struct review_book *book, const char *id, int64_t now_ns, struct err *err)
{
    struct review_record record;
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    if (!is_awaited(&record)) {
        status = empty(book, &record, now_ns, err);
    } else {
        status = strike_out(book, &record, err);
        if (status == STATUS_OK)
            status = review_over_note(book, &record, now_ns, err);
    }
    review_record_fini(&record);
    return status;
}

/* Of those whose time the statement finds. */
static enum status find_due(struct review_book *book, enum review_statement way, int64_t until_ns,
                            char (*ids)[REVIEW_ID_SIZE], size_t *count, struct err *err)
{
    bool more = true;
    enum status status = STATUS_OK;
    sqlite_bind_i64(book->db, review_at(book, way), 1, until_ns);
    while (*count < REVIEW_EMPTIED_AT_ONCE) {
        status = sqlite_next(book->db, review_at(book, way), &more, err);
        if (status != STATUS_OK || !more)
            break;
        (void)snprintf(ids[(*count)++], REVIEW_ID_SIZE, "%.*s",
                       BYTES_FMT(sqlite_column_bytes(book->db, review_at(book, way), 0)));
    }
    sqlite_done(book->db, review_at(book, way));
    return status;
}

enum status review_book_expire(struct review_book *book, int64_t now_ns, size_t *ret_count, struct err *err)
{
    char ids[REVIEW_EMPTIED_AT_ONCE][REVIEW_ID_SIZE];
    int64_t keep_ns = book->store->keep_ns;
    *ret_count = 0;
    enum status status = find_due(book, OVER_BY_POLICY, now_ns, ids, ret_count, err);
    if (status == STATUS_OK && keep_ns > 0)
        status = find_due(book, OVER_BY_SETTING, now_ns - keep_ns, ids, ret_count, err);
    for (size_t i = 0; status == STATUS_OK && i < *ret_count; i++)
        status = expire(book, ids[i], now_ns, err);
    return status;
}
