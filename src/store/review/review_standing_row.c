/* SPDX-License-Identifier: MIT */
/* review_standing_row.c — a statement a function. INVARIANT: the columns beside the object say what it says, since only these
 * functions write them, and from it. */
#include "store/review/review_standing_row.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/json/json.h"

int64_t review_standing_number(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

enum status review_standing_read(struct review_book *book, enum review_statement statement,
                                 struct review_standing_row *ret_row, struct err *err)
{
    struct bytes doc = sqlite_column_bytes(book->db, review_at(book, statement), 1);
    *ret_row = (struct review_standing_row){.n = sqlite_column_i64(book->db, review_at(book, statement), 0),
                                            .doc = json_loadb((const char *)doc.data, doc.size, 0, NULL)};
    return ret_row->doc ? STATUS_OK : err_set(err, STATUS_DATA_LOSS, "a standing approval cannot be read");
}

enum status review_standing_load(struct review_book *book, const char *id,
                                 struct review_standing_row *ret_row, struct err *err)
{
    bool there = false;
    *ret_row = (struct review_standing_row){0};
    size_t statement = review_at(book, STANDING_GET);
    sqlite_bind_bytes(book->db, statement, 1, bytes_of_cstr(id));
    enum status status = sqlite_next(book->db, statement, &there, err);
    if (status == STATUS_OK && !there)
        status = err_set(err, STATUS_NOT_FOUND, "there is no such standing approval");
    if (status == STATUS_OK)
        status = review_standing_read(book, STANDING_GET, ret_row, err);
    sqlite_done(book->db, statement);
    return status;
}

enum status review_standing_save(struct review_book *book, const struct review_standing_row *row,
                                 struct err *err)
{
    char *text = json_dumps(row->doc, JSON_COMPACT);
    if (!text)
        return err_no_memory(err);
    size_t change = review_at(book, STANDING_CHANGE);
    sqlite_bind_i64(book->db, change, 1, row->n);
    sqlite_bind_i64(book->db, change, 2, review_standing_number(row->doc, "usesLeft"));
    sqlite_bind_i64(book->db, change, 3, json_object_get(row->doc, "revokedAt") != NULL);
    sqlite_bind_bytes(book->db, change, 4, bytes_of_cstr(text));
    enum status status = sqlite_run(book->db, change, err);
    free(text);
    return status;
}

enum status review_standing_insert(struct review_book *book, const json_t *doc, int64_t expires_ns,
                                   struct err *err)
{
    char *text = json_dumps(doc, JSON_COMPACT);
    if (!text)
        return err_no_memory(err);
    size_t put = review_at(book, STANDING_PUT);
    sqlite_bind_bytes(book->db, put, 1, json_member_bytes(doc, "id"));
    sqlite_bind_bytes(book->db, put, 2, json_member_bytes(doc, "sha256"));
    sqlite_bind_i64(book->db, put, 3, expires_ns);
    sqlite_bind_i64(book->db, put, 4, review_standing_number(doc, "usesLeft"));
    sqlite_bind_bytes(book->db, put, 5, bytes_of_cstr(text));
    enum status status = sqlite_run(book->db, put, err);
    free(text);
    return status;
}

enum status review_standing_audit(struct review_book *book, const char *id, enum audit_action action,
                                  const struct review_person *by, json_t *details, int64_t now_ns,
                                  struct err *err)
{
    char object[128];
    (void)snprintf(object, sizeof object, "standing/%s", id);
    return review_audit(book, object, action, by, details, now_ns, err);
}
