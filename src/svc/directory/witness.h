/* SPDX-License-Identifier: MIT */
/* witness.h — sign-ins, sign-ins that failed and refusals for want of a role, as entries of the audit log.
 *
 * Strangers can cause them, so their number is bounded, not what they try: the first of a kind, by the same somebody,
 * about the same thing and for the same cause, is written at once; what follows within WITNESS_PERIOD_NS is counted, and the count is one entry at its
 * end. There are WITNESS_KINDS_MAX kinds in a period, and one more for all that no longer fit. So a period costs twice as
 * many entries at most, whoever asks however often. Nobody waits for these entries. Loop's thread. */
#ifndef SVC_DIRECTORY_WITNESS_H
#define SVC_DIRECTORY_WITNESS_H

#include "os/loop.h"
#include "store/audit/audit_log.h"

#define WITNESS_PERIOD_NS ((int64_t)3600 * 1000000000)
#define WITNESS_KINDS_MAX 256

struct witness;

struct witness_event {
    enum audit_action action;
    const char *actor_id; /* NULL: nobody knows who it was, and the next member is not read */
    const char *actor_name;
    struct bytes object;
    const char *how;    /* a route, a call, a grant */
    struct bytes cause; /* data NULL: none is told */
};

/* `log` outlives the witness. NO_MEMORY. */
STATUS_RESULT witness_create(struct loop *loop, struct audit_log *log, struct witness **ret_witness,
                             struct err *err);
/* What was counted is written. NULL allowed. */
void witness_destroy(struct witness *witness);
/* `witness` NULL: there is no log. What is not UTF-8 in the object and the cause is written as '?'. */
void witness_tell(struct witness *witness, const struct witness_event *event);

#endif
