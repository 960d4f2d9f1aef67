/* SPDX-License-Identifier: MIT */
/* review_standing_row.h — rows of approvals that stand, for the files that make, use and revoke them: a JSON object with what is
 * searched for beside it. On the book's thread, within its transaction. */
#ifndef STORE_REVIEW_REVIEW_STANDING_ROW_H
#define STORE_REVIEW_REVIEW_STANDING_ROW_H

#include "store/review/review_rule.h"

struct review_standing_row {
    int64_t n;
    json_t *doc;
};

/* A member that is a number; 0 for none. */
int64_t review_standing_number(const json_t *object, const char *member);
/* The row at which the statement stands; `doc` is the caller's. DATA_LOSS. */
STATUS_RESULT review_standing_read(struct review_book *book, enum review_statement statement,
                                   struct review_standing_row *ret_row, struct err *err);
/* By id; `doc` is the caller's. NOT_FOUND; as review_standing_read; else the database's. */
STATUS_RESULT review_standing_load(struct review_book *book, const char *id,
                                   struct review_standing_row *ret_row, struct err *err);
/* Writes a changed row back. */
STATUS_RESULT review_standing_save(struct review_book *book, const struct review_standing_row *row,
                                   struct err *err);
/* Writes a new one. */
STATUS_RESULT review_standing_insert(struct review_book *book, const json_t *doc, int64_t expires_ns,
                                     struct err *err);
/* An entry of the audit log about it; takes `details`. */
STATUS_RESULT review_standing_audit(struct review_book *book, const char *id, enum audit_action action,
                                    const struct review_person *by, json_t *details, int64_t now_ns,
                                    struct err *err);

#endif
