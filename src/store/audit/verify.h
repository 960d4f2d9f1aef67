/* SPDX-License-Identifier: MIT */
/* verify.h — walks an audit log line by line and says whether it is whole.
 *
 *   begin ─► head (each that is kept beside the log) ─► line (each of the log, heads between them too) ─► end
 *
 * Owns the heads. Not for two threads at once. */
#ifndef STORE_AUDIT_VERIFY_H
#define STORE_AUDIT_VERIFY_H

#include "store/audit/head.h"

struct audit_verifier {
    const struct seal_key *key; /* borrowed; NULL: heads are refused, for nothing could be said of them */
    struct audit_chain chain;
    struct audit_chain *heads; /* by their entries' numbers */
    size_t head_count;
    size_t head_capacity;
    size_t next_head;     /* the first that the walk has not come to */
    int64_t signed_seq;   /* the last entry that a head holds; 0: none */
    size_t heads_checked; /* of both kinds */
};

void audit_verifier_begin(struct audit_verifier *verifier, const struct seal_key *key);
void audit_verifier_fini(struct audit_verifier *verifier);

/* One head of those kept beside the log, before its first line. DATA_LOSS: see audit_head_check; NO_MEMORY. */
STATUS_RESULT audit_verifier_head(struct audit_verifier *verifier, struct bytes line, struct err *err);
/* The next line of the log, an entry or a head. DATA_LOSS: the log was changed here, and `err` says what is wrong. */
STATUS_RESULT audit_verifier_line(struct audit_verifier *verifier, struct bytes line, struct err *err);
/* Behind the last line. DATA_LOSS: a head tells of entries that are not there. */
STATUS_RESULT audit_verifier_end(struct audit_verifier *verifier, struct err *err);

#endif
