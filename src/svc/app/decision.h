/* SPDX-License-Identifier: MIT */
/* decision.h — what a decision on a request comes to, worked out from the request's state. decision_flow.c asks the
 * scheduler, and acts on what is said here. Pure: no clock, no I/O.
 *
 * A decision is kept as a record, a JSON object: {"approved","at","by"?,"comment"?,"sha256"?}. */
#ifndef SVC_APP_DECISION_H
#define SVC_APP_DECISION_H

#include "svc/app/request.h"

enum decision_verdict {
    DECISION_ADMITTED, /* nothing speaks against it: it is to be recorded */
    DECISION_STANDS,   /* it counts, and may be answered */
    DECISION_HIDDEN,   /* recorded, but the request does not show it yet */
    DECISION_LOST,     /* another decision was first */
    DECISION_LATE,     /* the request was over without a decision */
    DECISION_MISFIT,   /* the result is not the one whose hash the reviewer gave */
};

/* A new record; `by` is whose decision it is. NULL without memory. */
json_t *decision_record(bool approved, int64_t at_ns, const char *by);
/* Before it is recorded: ADMITTED, LOST, LATE or MISFIT. `remembered` is a decision that was recorded but may
 * not show yet, or NULL. If it is admitted the hash of the result that is there is written into `record`.
 * `*ret_first` becomes the decision that was first as a new reference, else NULL. */
enum decision_verdict decision_admit(const struct request_facts *facts, json_t *record, json_t *remembered,
                                     json_t **ret_first);
/* After it was recorded: STANDS, HIDDEN, LOST or LATE. Not `patient`: what does not show by now stands all
 * the same, for it is on disk. */
enum decision_verdict decision_follow(const struct request_facts *facts, const json_t *record, bool patient,
                                      json_t **ret_first);
/* The problem (RFC 9457) that tells of LOST, LATE or MISFIT, with the members "state" and, unless `first` is
 * NULL, "decision"; NULL without memory. */
json_t *decision_conflict(enum decision_verdict verdict, const struct request_facts *facts, json_t *first);

#endif
