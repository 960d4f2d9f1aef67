/* SPDX-License-Identifier: MIT */
/* execution_end.h — why an execution ended, as one stable word for people and programs (doc/api.md, "ended").
 * The vendor's status has three values for all of them; this is ours. Pure. */
#ifndef SVC_POOL_EXECUTION_END_H
#define SVC_POOL_EXECUTION_END_H

#include "svc/pool/execution.h"

#define EXECUTION_END_TABLE(X)                                                                               \
    X(NONE, "")                     /* it is not over */                                                     \
    X(COMPLETED, "completed")       /* the code came to its end */                                           \
    X(RAISED, "raised")             /* the code ended with an exception */                                   \
    X(TIMED_OUT, "timed-out")       /* over its time limit */                                                \
    X(CANCELLED, "cancelled")       /* somebody cancelled it */                                              \
    X(MEMORY, "memory")             /* the session went over its memory limit */                             \
    X(EXITED, "exited")             /* the code ended its own interpreter */                                 \
    X(KILLED, "killed")             /* a signal ended the interpreter */                                     \
    X(RELEASED, "released")         /* somebody deleted or stopped the session */                            \
    X(REFUSED, "refused")           /* its result is over a limit */                                         \
    X(SESSION_LOST, "session-lost") /* protocol, isolation, the server's memory */                           \
    X(NOT_RUN, "not-run")           /* there was no session to be had */

enum execution_end {
#define X(name, word) EXECUTION_END_##name,
    EXECUTION_END_TABLE(X)
#undef X
        EXECUTION_END_COUNT
};

enum execution_end execution_end_of(const struct execution *execution);
/* The word. Never NULL. */
const char *execution_end_name(enum execution_end end);

#endif
