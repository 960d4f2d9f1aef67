/* SPDX-License-Identifier: MIT */
/* az_question.h — the one command that is asked of `az`: its words, and the two of them that are chosen, as they pass between the
 * processes of az_helper.h. Both sides look at them. Pure. */
#ifndef CREDENTIAL_AZ_QUESTION_H
#define CREDENTIAL_AZ_QUESTION_H

#include "base/buf.h"

#define AZ_WORD_BYTES  512                       /* bytes of the resource, and of the tenant */
#define AZ_ORDER_BYTES (2 * (AZ_WORD_BYTES + 1)) /* of an order */

struct az_question {
    const char *arguments[10]; /* NULL behind the last; borrowed */
};

/* `tenant` NULL: none. FAILED_PRECONDITION: one of them holds what the SDKs do not allow there. */
STATUS_RESULT az_question_make(const char *resource, const char *tenant, struct az_question *ret_question,
                               struct err *err);
/* Appends the order for a command that was made, by its arguments. */
void az_question_write(const char *const *arguments, struct buf *out);
/* The command of an order; what it points to is the order's. MALFORMED: it is none. */
STATUS_RESULT az_question_read(struct bytes order, struct az_question *ret_question, struct err *err);

#endif
