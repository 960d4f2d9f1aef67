/* SPDX-License-Identifier: MIT */
/* review_standing_list.c — approvals that stand as people see them: page by page, and revoked. What is revoked or over
 * stays in the list. */
#include <string.h>

#include "base/text.h"
#include "base/time_parse.h"
#include "store/review/policy_book.h"
#include "store/review/review_standing_row.h"
#include "wire/json/json.h"

/* With what has become of it. False without memory. */
static bool add_state(json_t *doc, int64_t now_ns)
{
    int64_t expires_ns = 0;
    const char *state = "active";
    if (json_object_get(doc, "revokedAt"))
        state = "revoked";
    else if (review_standing_number(doc, "usesLeft") <= 0)
        state = "used-up";
    else if (time_parse(json_member_bytes(doc, "expiresAt"), &expires_ns) != STATUS_OK ||
             expires_ns <= now_ns)
        state = "expired";
    return json_object_set_new(doc, "state", json_string(state)) == 0;
}

static enum status take_listed(struct review_book *book, enum review_statement statement, int64_t now_ns,
                               json_t **ret_standing, struct err *err)
{
    struct review_standing_row row;
    enum status status = review_standing_read(book, statement, &row, err);
    if (status != STATUS_OK)
        return status;
    *ret_standing = row.doc;
    return add_state(row.doc, now_ns) ? STATUS_OK : err_no_memory(err);
}

enum status policy_book_standing(struct review_book *book, const struct review_page *page, int64_t now_ns,
                                 json_t **ret_standing, int64_t *ret_next, struct err *err)
{
    const struct review_page_rows rows = {
        .newest = STANDING_PAGE, .oldest = STANDING_PAGE_OLDEST, .now_ns = now_ns, .take = take_listed};
    return review_page_read(book, page, &rows, ret_standing, ret_next, err);
}

static bool is_of(const json_t *doc, const char *person_id)
{
    const json_t *by = json_object_get(doc, "by");
    for (size_t i = 0; i < json_array_size(by); i++)
        if (strcmp(text_or(json_member_text(json_array_get(by, i), "id"), ""), person_id) == 0)
            return true;
    return false;
}

static enum status write_revoked(struct review_book *book, struct review_standing_row *row,
                                 const struct review_person *by, int64_t now_ns, struct err *err)
{
    bool whole = json_object_set_new(row->doc, "revokedAt", review_time_json(now_ns)) == 0 &&
                 json_object_set_new(row->doc, "revokedBy", review_person_json(by)) == 0;
    enum status status = whole ? review_standing_save(book, row, err) : err_no_memory(err);
    if (status != STATUS_OK)
        return status;
    return review_standing_audit(book, json_member_text(row->doc, "id"), AUDIT_STANDING_REVOKED, by,
                                 json_pack("{s:O, s:O}", "sha256", json_object_get(row->doc, "sha256"),
                                           "usesLeft", json_object_get(row->doc, "usesLeft")),
                                 now_ns, err);
}

enum status policy_book_revoke(struct review_book *book, const char *id, const struct review_person *by,
                               bool anybodys, int64_t now_ns, enum policy_revoke_outcome *ret_outcome,
                               json_t **ret_standing, struct err *err)
{
    struct review_standing_row row;
    enum status status = review_standing_load(book, id, &row, err);
    if (status != STATUS_OK)
        return status;
    *ret_outcome = POLICY_REVOKED;
    if (!anybodys && !is_of(row.doc, by->id))
        *ret_outcome = POLICY_REVOKE_NOT_THEIRS;
    else if (!json_object_get(row.doc, "revokedAt"))
        status = write_revoked(book, &row, by, now_ns, err);
    if (status == STATUS_OK && !add_state(row.doc, now_ns))
        status = err_no_memory(err);
    if (status == STATUS_OK)
        *ret_standing = row.doc;
    else
        json_decref(row.doc);
    return status;
}
