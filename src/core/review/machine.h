/* SPDX-License-Identifier: MIT */
/* machine.h — the life of a request, from its submission until it is over.
 *
 * A pure machine: state × event → state + what is to be done, by somebody else and in the transaction that writes the new
 * state down. It knows no time, no votes and no rules: who asks the policy says how a revision begins and what a run's end comes to,
 * and who counts votes says APPROVE, REJECT or CHANGES once what it demands is fulfilled. Any thread. The picture is in doc/review.md and written from the table (review_write_picture). */
#ifndef CORE_REVIEW_MACHINE_H
#define CORE_REVIEW_MACHINE_H

#include "base/buf.h"

/* Name, as it is stored and never renamed; as people see it (`state`); where one waits (`stage`). */
#define REVIEW_STATE_TABLE(X)                                                                                \
    X(QUEUED, "queued", "queued", "")                    /* accepted; the code has not been started */       \
    X(CLEARED, "cleared", "queued", "")                  /* approved before it has been started */           \
    X(RUNNING, "running", "running", "")                 /* the code is running */                           \
    X(CLEARED_RUNNING, "cleared-running", "running", "") /* it is running, and approved already */           \
    X(THEN_DUE, "then-due", "running", "then")           /* approved; the step that follows is to be run */  \
    X(THEN_RUNNING, "then-running", "running", "then")   /* that step is running, in the same session */     \
    X(WAITING_BEFORE, "waiting-before", "waiting", "before") /* nothing runs until somebody approves */      \
    X(WAITING_FIRST, "waiting-first", "waiting", "before")   /* the same, and the result waits again */      \
    X(WAITING_AFTER, "waiting-after", "waiting", "after")    /* the result is there, and held */             \
    X(CHANGES, "changes-requested", "changes-requested", "") /* the submitter is asked for a revision */     \
    X(APPROVED, "approved", "approved", "")                                                                  \
    X(REJECTED, "rejected", "rejected", "")                                                                  \
    X(TIMED_OUT, "timed-out", "timed-out", "") /* nobody decided in time */                                  \
    X(FAILED, "failed", "failed", "")          /* the code failed, or could not be run */                    \
    X(CANCELLED, "cancelled", "cancelled", "") /* given up by its submitter, an operator, or the scheduler */

enum review_state {
#define X(name, stored, shown, stage) REVIEW_##name,
    REVIEW_STATE_TABLE(X)
#undef X
        REVIEW_STATE_COUNT
};

#define REVIEW_EVENT_TABLE(X)                                                                                \
    X(READ, "code read") /* a session has taken its code apart, and the policy knows what it says */         \
    X(RUN_STARTED, "run started") /* a run of the present revision is about to begin */                      \
    X(RUN_SHOWN, "run shown")     /* it gave a result that people are to judge */                            \
    X(RUN_ALLOWED, "run allowed") /* it gave a result about which nobody is asked */                         \
    X(RUN_DENIED, "run denied")   /* it gave a result that a rule denies */                                  \
    X(RUN_FAILED, "run failed")   /* it ended so that nobody is asked, or it was given up */                 \
    X(APPROVE, "approve")         /* by the policy, for the manifest that is there */                        \
    X(REJECT, "reject")                                                                                      \
    X(ASK_CHANGES, "ask changes")                                                                            \
    X(REVISE, "revise")         /* the submitter hands in the next revision */                               \
    X(TIME, "time")             /* the deadline passed */                                                    \
    X(TIME_FAILS, "time fails") /* the same, where a policy has it fail for that */                          \
    X(CANCEL, "cancel")

enum review_event {
#define X(name, text) REVIEW_EVENT_##name,
    REVIEW_EVENT_TABLE(X)
#undef X
        REVIEW_EVENT_COUNT
};

/* When people are asked. */
enum review_gate {
    REVIEW_GATE_AFTER,  /* run at once, hold the result */
    REVIEW_GATE_BEFORE, /* nothing runs until approved */
    REVIEW_GATE_BOTH,
    REVIEW_GATES
};

/* How a revision begins, as a policy and the gate have it. */
#define REVIEW_ENTRY_TABLE(X)                                                                                \
    X(RUN, "runs at once")                                                                                   \
    X(ASK, "asked before")      /* people are asked before it runs, and that decides */                      \
    X(ASK_FIRST, "asked first") /* the same, and what comes of it is looked at again */                      \
    X(DENIED, "denied by a rule")

enum review_entry {
#define X(name, text) REVIEW_ENTRY_##name,
    REVIEW_ENTRY_TABLE(X)
#undef X
        REVIEW_ENTRIES
};

/* What is to be done now. */
enum review_action {
    REVIEW_ACTION_WAKE = 1 << 0,        /* the durable half is to go on: what is due has changed */
    REVIEW_ACTION_ASK = 1 << 1,         /* people are asked: a deadline begins, a manifest is there */
    REVIEW_ACTION_DECIDE = 1 << 2,      /* the decision is made, and final */
    REVIEW_ACTION_END = 1 << 3,         /* it is over: no deadline any more */
    REVIEW_ACTION_RELEASE = 1 << 4,     /* result and files are the submitter's */
    REVIEW_ACTION_STOP_RUN = 1 << 5,    /* a run that is under way is wanted no more */
    REVIEW_ACTION_RESET_VOTES = 1 << 6, /* earlier votes are kept and count no more */
};

enum review_verdict {
    REVIEW_MOVED,
    REVIEW_IGNORED,     /* a race makes it possible, and nothing is to be done */
    REVIEW_NOTHING_YET, /* there is nothing to vote on, or nothing to revise */
    REVIEW_DECIDED,     /* another decision was first */
    REVIEW_OVER,        /* it ended without a decision */
    REVIEW_IMPOSSIBLE,  /* the caller has a bug */
};

struct review_move {
    enum review_verdict verdict;
    enum review_state next; /* the same as before unless MOVED */
    unsigned actions;       /* of enum review_action */
};

/* The state of a request that was just submitted, or of its next revision. */
enum review_state review_begin(enum review_entry entry);
/* `entry`: how the next revision begins, for REVISE. `has_step`: a step of code follows the approval, and its result is what is released. */
struct review_move review_apply(enum review_state state, enum review_event event, enum review_entry entry,
                                bool has_step);

/* It will not change any more. */
bool review_over(enum review_state state);
/* A run is due or under way. */
bool review_to_run(enum review_state state);
/* The same of the step that follows an approval. It is begun once: what it came to when it is lost nobody knows. */
bool review_in_step(enum review_state state);
/* People are asked, and there is a deadline. */
bool review_waits(enum review_state state);

/* "waiting-after"; never renamed. */
const char *review_state_stored(enum review_state state);
/* "waiting"; several states have one. */
const char *review_state_shown(enum review_state state);
/* "before", "after" or "". */
const char *review_state_stage(enum review_state state);
/* "after", "before", "both". */
const char *review_gate_name(enum review_gate gate);
/* REVIEW_STATE_COUNT for a text that is none. */
enum review_state review_state_of_stored(struct bytes stored);
/* REVIEW_GATES for a text that is none. */
enum review_gate review_gate_of(struct bytes name);

/* The table as a Mermaid state diagram. */
void review_write_picture(struct buf *out);

#endif
