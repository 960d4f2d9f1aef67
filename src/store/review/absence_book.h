/* SPDX-License-Identifier: MIT */
/* absence_book.h — who is away until when, and who stands in for them meanwhile (RP-36), in the book of requests, each with its entry in the audit
 * log. Whoever stands in counts where the other would, by the groups and roles that the other had when they said so. All on the store's
 * thread, in a job of review_store.h. */
#ifndef STORE_REVIEW_ABSENCE_BOOK_H
#define STORE_REVIEW_ABSENCE_BOOK_H

#include "store/review/review_store.h"

#define ABSENCES_MAX 200 /* that are not over */

/* Borrowed; texts are UTF-8. */
struct absence_draft {
    const char *id; /* chosen by the caller, new */
    struct review_person by;
    const char *person; /* the name of who is away; NULL: whoever says so, whose groups and roles are known */
    const char *delegate; /* an id or a name */
    int64_t from_ns, until_ns;
    const char *comment; /* NULL: none */
};

enum absence_outcome {
    ABSENCE_DONE,
    ABSENCE_OWN_DELEGATE, /* nobody stands in for themselves */
    ABSENCE_TOO_MANY,
    ABSENCE_NOT_THEIRS, /* another's, and they may not */
};

/* {"id","person":{"id"?,"name"},"delegate","from","until","groups","roles","createdAt","by","comment"?,"endedAt"?,"endedBy"?}, new. */
STATUS_RESULT absence_book_add(struct review_book *book, const struct absence_draft *draft, int64_t now_ns,
                               enum absence_outcome *ret_outcome, json_t **ret_absence, struct err *err);
/* Those that are not over, and those that begin later, by their ends, as a new array. */
STATUS_RESULT absence_book_list(struct review_book *book, int64_t now_ns, json_t **ret_absences,
                                struct err *err);
/* They are back. `anybodys`: whoever it is may say so for others, too. NOT_FOUND: there is none of this id that is not over. */
STATUS_RESULT absence_book_end(struct review_book *book, const char *id, const struct review_person *by,
                               bool anybodys, int64_t now_ns, enum absence_outcome *ret_outcome,
                               json_t **ret_absence, struct err *err);

#endif
