/* SPDX-License-Identifier: MIT */
/* request.h — what a submitted request looks like from outside, worked out from its orchestration's state.
 * Pure: no clock, no I/O. The orchestrator (orchestrator.h) writes the custom status read here; a foreign
 * orchestration of the same name, such as the sample's, has another custom status and is still shown, with
 * less detail. */
#ifndef SVC_APP_REQUEST_H
#define SVC_APP_REQUEST_H

#include <jansson.h>

#include "base/buf.h"

/* The states a user sees (design.md section 2), in the order a request goes through them. */
#define REQUEST_STATE_TABLE(X)                                                                               \
    X(QUEUED, "queued")                       /* accepted; the code has not been started */                  \
    X(RUNNING, "running")                     /* the code is running */                                      \
    X(WAITING, "waiting")                     /* the result is there; a person has to decide */              \
    X(CHANGES_REQUESTED, "changes-requested") /* the submitter is asked for a revision */                    \
    X(APPROVED, "approved")                                                                                  \
    X(REJECTED, "rejected")                                                                                  \
    X(TIMED_OUT, "timed-out") /* nobody decided in time */                                                   \
    X(FAILED, "failed")       /* the code failed, or could not be run */                                     \
    X(CANCELLED, "cancelled") /* terminated from outside */

enum request_state {
#define X(code, text) REQUEST_##code,
    REQUEST_STATE_TABLE(X)
#undef X
        REQUEST_STATE_COUNT,
};

/* Never NULL. */
const char *request_state_name(enum request_state state);
/* REQUEST_STATE_COUNT for a text that is no state. */
enum request_state request_state_from_name(struct bytes name);
/* The statuses an orchestration may have while its request is in `state`, as a set of DT_STATUS_BITs: what
 * to ask the scheduler for. It may hold others too. */
unsigned request_state_statuses(enum request_state state);
/* True if the request will not change any more. */
bool request_state_over(enum request_state state);

/* What the scheduler says of the orchestration. Texts are borrowed and NULL when absent. */
struct request_facts {
    const char *id;
    int status; /* OrchestrationStatus: 0 running, 1 completed, 3 failed, 4 canceled, 5 terminated, 6 pending,
                   7 suspended */
    const char *input;
    const char *output;
    const char *custom_status;
    const char *submitted_by;        /* who, as the submitter said */
    const char *approval_timeout_ms; /* as text */
    const char *book;                /* the book that has the request; NULL: none */
    const char *failure_type;
    const char *failure_message;
    int64_t created_ns; /* since 1970 */
    int64_t updated_ns;
};

enum request_state request_state_of(const struct request_facts *facts);
/* The whole request as a new JSON object; NULL without memory. `brief` leaves out code and result (for
 * lists). doc/api.md has the members. */
json_t *request_to_json(const struct request_facts *facts, bool brief);
/* The decision recorded in the custom status as a new reference, or NULL:
 * {"approved","by"?,"at"?,"comment"?,"sha256"?} */
json_t *request_decision(const struct request_facts *facts);

#endif
