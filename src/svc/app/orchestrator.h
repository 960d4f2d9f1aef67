/* SPDX-License-Identifier: MIT */
/* orchestrator.h — the durable half of the app: run the code, show the result, wait for a person.
 *
 * Orchestration `CodeExecutionOrchestrator` (input: JSON string, the code; output: JSON boolean, true only if
 * approved)
 *   1. calls the activity `RunCodeInSession`;
 *   2. notes the result in the custom status and waits for the event `HumanApproval` (JSON boolean) or the
 * deadline, counted from the moment the result is there;
 *   3. notes approved, rejected or timed-out, and completes. Code that fails ends it as failed, with the
 * cause.
 *
 * Custom status: {"state","attempts","deadline"?,"result"?,"sha256"?,"sha256Covers"?,"template"?,"decision"?}; request.h reads it.
 * Where there is a book, an instance without version, which somebody else has started (another orchestration, a client of the
 * scheduler), is handed to it in its first turn: it goes on as version 3 (review_orchestrator.h). Else it is
 * run as above, also with an object as its input (step_contract.h). Under `--compat sample` only objects are handed over.
 *
 * An event `HumanApprovalRecord` just before the decision says who decided, when, why, and on which hash. The
 * activity announces each start with an event `RunStarted`, so that a run which had to be repeated after a
 * crash says so. */
#ifndef SVC_APP_ORCHESTRATOR_H
#define SVC_APP_ORCHESTRATOR_H

#include "durabletask.h"

#include "store/audit/audit_log.h"
#include "store/review/review_store.h"
#include "svc/app/pool_settings.h"
#include "svc/app/steering.h"

#define ORCHESTRATOR_NAME     "CodeExecutionOrchestrator"
#define ACTIVITY_NAME         "RunCodeInSession"
#define REVIEW_ACTIVITY_SIZE  64
#define EVENT_DECISION        "HumanApproval"
#define EVENT_DECISION_RECORD "HumanApprovalRecord"
#define EVENT_RUN_STARTED     "RunStarted"

/* What the activity works with; must outlive the worker and not change. */
struct activity_settings {
    struct pool_client pool;
    struct dt_client *client;                   /* for RunStarted */
    struct audit_log *audit;                    /* NULL: none is kept */
    struct review_store *review;                /* NULL: requests are only orchestrations */
    char review_activity[REVIEW_ACTIVITY_SIZE]; /* what its steps are called by (review_orchestrator.h) */
    size_t files_size_max;                      /* bytes that are kept of the files of a run */
    struct running *running;                    /* the runs under way, for who stops one */
    struct pool_kind *kind;                     /* whether the pool is ours */
    struct session_turns *turns;                /* runs in sessions of a name */
    struct run_outputs *outputs;                /* whoever reads what runs print; NULL without a book */
    struct steering steering;                   /* for instances that bring none along */
    const char *book_name;                      /* NULL likewise */
    size_t code_size_max;                       /* bytes */
    bool compat_sample;
    /* How long a run may go on when the worker stops; then it is broken off, and the next worker does it again. */
    int64_t stop_grace_ms;
    _Atomic bool *pool_away;   /* set while nobody answers at the pool's URL, as far as runs have seen */
    int64_t isolation_wait_ms; /* how long a run that found no pool waits for it before it is tried again */
};

/* dt_orchestrator_fn. `user`: a struct activity_settings, of which only the first turn of an instance without version knows: what
 * steers a run comes with it (steering.h). */
void orchestrate_code_execution(struct dt_context *context, const char *input, void *user);
/* dt_activity_fn; `user` is a struct activity_settings. Its result is the outcome, a JSON object:
 * {"succeeded","result","sha256","sha256Covers","template"?,"cause"?,"causeType"?,"unshowable"?,"steering"?}, the last only
 * for instances that bring none along. */
void run_code_in_session(struct dt_activity *activity, const char *input, void *user);

/* Reads the payload of a decision event: a JSON boolean, or an object with a boolean member "approved". False
 * if it is neither. */
bool orchestrator_parse_decision(const char *data, bool *ret_approved);

#endif
