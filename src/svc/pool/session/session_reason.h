/* SPDX-License-Identifier: MIT */
/* session_reason.h — why a session or a cell ended, as a stable word.
 * Each caller says it to its own people in its own words; the sentences beside it are the pool's. */
#ifndef SVC_POOL_SESSION_SESSION_REASON_H
#define SVC_POOL_SESSION_SESSION_REASON_H

#define SESSION_REASON_TABLE(X)                                                                              \
    X(NONE, "")                                                                                              \
    X(TIME_LIMIT, "time-limit")             /* the cell ran longer than it may */                            \
    X(MEMORY_LIMIT, "memory-limit")         /* the session used more memory than it may */                   \
    X(EXITED, "exited")                     /* the session's interpreter ended by itself */                  \
    X(SIGNALED, "signaled")                 /* a signal ended the session's interpreter */                   \
    X(PROTOCOL, "protocol")                 /* the session sent what no session may send */                  \
    X(RELEASED, "released")                 /* somebody deleted or stopped the session */                    \
    X(CANCELLED, "cancelled")               /* somebody cancelled the cell */                                \
    X(COOLDOWN, "cooldown")                 /* nobody used the session for its whole cooldown */             \
    X(RESULT_TOO_LARGE, "result-too-large") /* the result is over the limit of one result */                 \
    X(SERVER_MEMORY, "server-memory")       /* the server has no memory left for what the session sent */    \
    X(NO_SESSION, "no-session")             /* no session could be made */                                   \
    X(ISOLATION_LOST, "isolation-lost")     /* the isolation below all sessions is gone */

enum session_reason {
#define X(name, word) SESSION_REASON_##name,
    SESSION_REASON_TABLE(X)
#undef X
        SESSION_REASON_COUNT
};

/* The word. Never NULL. */
const char *session_reason_name(enum session_reason reason);

#endif
