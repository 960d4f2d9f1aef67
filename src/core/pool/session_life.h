/* SPDX-License-Identifier: MIT */
/* session_life.h — the life of one session process, from the order to build it until nothing of it is left.
 *
 * A pure machine: an event and the time go in, a set of actions comes out, and somebody else (svc/pool)
 * performs them. It never asks for the time and never fails. A session serves one identifier and is never
 * used again.
 *
 *                  ready                claim               start
 *     STARTING ────────────► READY ───────────────► IDLE ─────────────► RUNNING ──────┐
 *        │ claim              │                     ▲  ▲                 │ │  │ limit, │ hangup
 *        ▼         ready      │                     │  └──── result ─────┘ │  ▼ cancel ▼
 *     RESERVED ───────────────│─────────────────────┘  └─ result ─── INTERRUPTED    FALLEN
 *        │                    │                     │                      │          │
 *        │ release, fault     │ release, fault      │ cooldown, release,   │ grace    │ grace
 *        ▼                    ▼                     ▼ fault                ▼ over     ▼ over
 *        └────────────────────┴──── ENDING ◄────────┴──────────────────────┴──────────┘
 *                                     │ ended
 *                                     ▼
 *                                   GONE     (ended leads here from every state)
 */
#ifndef CORE_POOL_SESSION_LIFE_H
#define CORE_POOL_SESSION_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#define SESSION_STATE_TABLE(X)                                                                               \
    X(STARTING)    /* ordered from the backend, not yet ready, nobody's */                                   \
    X(READY)       /* has executed a no-op cell, nobody's */                                                 \
    X(RESERVED)    /* not yet ready, and an identifier waits for it */                                       \
    X(IDLE)        /* an identifier's, nothing running; the cooldown runs */                                 \
    X(RUNNING)     /* a cell runs; its time limit runs */                                                    \
    X(INTERRUPTED) /* over its limit, or cancelled: SIGINT was sent; the grace period runs */                \
    X(FALLEN)      /* it hung up under a cell; the backend will say why it ended, or it is killed */         \
    X(ENDING)      /* SIGKILL ordered; nobody waits for anything from it */                                  \
    X(GONE)        /* nothing is left of it */

enum session_state {
#define X(name) SESSION_##name,
    SESSION_STATE_TABLE(X)
#undef X
        SESSION_STATE_COUNT
};

#define SESSION_EVENT_TABLE(X)                                                                               \
    X(RUNNER_READY) /* its ready frame came */                                                               \
    X(CLAIM)        /* an identifier takes it */                                                             \
    X(START)        /* a cell shall run */                                                                   \
    X(RESULT)       /* the cell's result frame came */                                                       \
    X(LIMIT)        /* the cell's time limit passed */                                                       \
    X(CANCEL)       /* somebody wants the cell to end */                                                     \
    X(GRACE_OVER)   /* the time after SIGINT or a hang-up passed in silence */                               \
    X(TOUCH)        /* a request for its identifier came: the cooldown begins anew */                        \
    X(COOLDOWN)     /* the cooldown passed without a request */                                              \
    X(RELEASE)      /* deleted, stopped, or the pool closes */                                               \
    X(FAULT)        /* it broke the frame protocol */                                                        \
    X(HANGUP)       /* it closed its socket, probably because it died */                                     \
    X(ENDED)        /* the backend says that nothing is left of it, or that it never came up */

enum session_event {
#define X(name) SESSION_EVENT_##name,
    SESSION_EVENT_TABLE(X)
#undef X
        SESSION_EVENT_COUNT
};

/* What the caller must do now, in this order. */
enum session_action {
    SESSION_ACTION_SEND_CELL = 1 << 0,      /* write the execute frame */
    SESSION_ACTION_INTERRUPT = 1 << 1,      /* SIGINT */
    SESSION_ACTION_KILL = 1 << 2,           /* SIGKILL to all of it */
    SESSION_ACTION_DETACH = 1 << 3,         /* the identifier or the ready list lets go of it */
    SESSION_ACTION_ANSWER_RESULT = 1 << 4,  /* answer the call with the result that came */
    SESSION_ACTION_ANSWER_STOPPED = 1 << 5, /* answer the call: it was over its time limit, or cancelled */
    SESSION_ACTION_ANSWER_CRASH = 1 << 6,   /* answer the call: the session ended under it */
    SESSION_ACTION_OFFER = 1 << 7,          /* into the list of ready sessions */
    SESSION_ACTION_SERVE = 1 << 8,          /* its identifier's next call may run */
    SESSION_ACTION_FREE = 1 << 9,           /* forget it */
};

struct session_limits_ns {
    int64_t cooldown_ns;  /* idle time after the last request; negative: never cools down */
    int64_t grace_ns;     /* from SIGINT to SIGKILL */
    int64_t exit_wait_ns; /* from a hang-up to SIGKILL and an answer without a cause */
};

struct session_life {
    enum session_state state;
    struct session_limits_ns limits;
    int64_t deadline_ns; /* when session_life_due is due; INT64_MAX: nothing is */
    int64_t since_ns;    /* the time of the last move */
};

/* Begins in STARTING. */
void session_life_init(struct session_life *life, const struct session_limits_ns *limits, int64_t now_ns);
/* Applies any event but START and returns the actions, a set of enum session_action. An event that cannot
 * happen in the state is a programmer's error (ASSERT); one that a race makes possible is ignored and
 * gives 0. */
MUST_USE unsigned session_life_apply(struct session_life *life, enum session_event event, int64_t now_ns);
/* START: the cell may run for `limit_ns` from `now_ns` on. */
MUST_USE unsigned session_life_start(struct session_life *life, int64_t limit_ns, int64_t now_ns);
/* The event to apply once `deadline_ns` has passed. Only while it is not INT64_MAX. */
enum session_event session_life_due(const struct session_life *life);
/* True while an identifier owns it. */
bool session_life_bound(const struct session_life *life);
/* True while a cell is in it, so that a result frame may come. */
bool session_life_busy(const struct session_life *life);
/* False for a state and event that session_life_apply refuses. */
bool session_life_possible(enum session_state state, enum session_event event);
/* Such as "IDLE", for logs and tests. Never NULL. */
const char *session_state_name(enum session_state state);
const char *session_event_name(enum session_event event);

#endif
