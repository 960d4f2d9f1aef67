/* SPDX-License-Identifier: MIT */
/* session_life.c — the table of moves and the one function that makes them. */
#include "core/pool/session_life.h"

enum cell_kind {
    CELL_IMPOSSIBLE, /* the caller has a bug */
    CELL_IGNORED,    /* a race makes it possible, and nothing is to be done */
    CELL_MOVE,
};

struct cell {
    enum cell_kind kind;
    enum session_state next;
    unsigned actions;
};

#define E(event) [SESSION_EVENT_##event]
// clang-format off
#define TO(next, actions) {CELL_MOVE, SESSION_##next, (actions)}
#define IGNORED           {CELL_IGNORED, SESSION_GONE, 0}
// clang-format on

#define SEND      SESSION_ACTION_SEND_CELL
#define INTERRUPT SESSION_ACTION_INTERRUPT
#define KILL      SESSION_ACTION_KILL
#define DETACH    SESSION_ACTION_DETACH
#define RESULT    SESSION_ACTION_ANSWER_RESULT
#define STOPPED   SESSION_ACTION_ANSWER_STOPPED
#define CRASH     SESSION_ACTION_ANSWER_CRASH
#define OFFER     SESSION_ACTION_OFFER
#define SERVE     SESSION_ACTION_SERVE
#define FREE      SESSION_ACTION_FREE

// clang-format off
static const struct cell moves[SESSION_STATE_COUNT][SESSION_EVENT_COUNT] = {
    [SESSION_STARTING] = {
        E(RUNNER_READY) = TO(READY, OFFER),
        E(CLAIM) = TO(RESERVED, 0),
        E(RELEASE) = TO(ENDING, KILL | DETACH),
        E(FAULT) = TO(ENDING, KILL | DETACH),
        E(HANGUP) = TO(ENDING, KILL | DETACH),
        E(ENDED) = TO(GONE, DETACH | FREE),
    },
    [SESSION_READY] = {
        E(CLAIM) = TO(IDLE, DETACH | SERVE),
        E(RELEASE) = TO(ENDING, KILL | DETACH),
        E(FAULT) = TO(ENDING, KILL | DETACH),
        E(HANGUP) = TO(ENDING, KILL | DETACH),
        E(ENDED) = TO(GONE, DETACH | FREE),
    },
    [SESSION_RESERVED] = {
        E(RUNNER_READY) = TO(IDLE, SERVE),
        E(TOUCH) = IGNORED, /* it does not cool down before it was there */
        E(RELEASE) = TO(ENDING, KILL | DETACH),
        E(FAULT) = TO(ENDING, KILL | DETACH),
        E(HANGUP) = TO(ENDING, KILL | DETACH),
        E(ENDED) = TO(GONE, DETACH | FREE),
    },
    [SESSION_IDLE] = {
        E(START) = TO(RUNNING, SEND),
        E(TOUCH) = TO(IDLE, 0),
        E(COOLDOWN) = TO(ENDING, KILL | DETACH),
        E(RELEASE) = TO(ENDING, KILL | DETACH),
        E(FAULT) = TO(ENDING, KILL | DETACH),
        E(HANGUP) = TO(ENDING, KILL | DETACH),
        E(ENDED) = TO(GONE, DETACH | FREE),
    },
    [SESSION_RUNNING] = {
        E(RESULT) = TO(IDLE, RESULT | SERVE),
        E(LIMIT) = TO(INTERRUPTED, INTERRUPT),
        E(CANCEL) = TO(INTERRUPTED, INTERRUPT),
        E(TOUCH) = IGNORED, /* the cooldown begins when the cell is done */
        E(RELEASE) = TO(ENDING, KILL | DETACH | CRASH),
        E(FAULT) = TO(ENDING, KILL | DETACH | CRASH),
        /* It is dying by itself, and only the backend can say of what. A kill now would hide that. */
        E(HANGUP) = TO(FALLEN, DETACH),
        E(ENDED) = TO(GONE, DETACH | CRASH | FREE),
    },
    [SESSION_INTERRUPTED] = {
        /* Whatever the code made of the interrupt, the caller's answer is one: it was stopped. Who came first, the limit
         * or somebody's wish, is the reason. */
        E(CANCEL) = IGNORED,
        E(RESULT) = TO(IDLE, STOPPED | SERVE),
        E(GRACE_OVER) = TO(ENDING, KILL | DETACH | STOPPED),
        E(TOUCH) = IGNORED,
        E(RELEASE) = TO(ENDING, KILL | DETACH | STOPPED),
        E(FAULT) = TO(ENDING, KILL | DETACH | STOPPED),
        E(HANGUP) = TO(ENDING, KILL | DETACH | STOPPED),
        E(ENDED) = TO(GONE, DETACH | STOPPED | FREE),
    },
    [SESSION_FALLEN] = {
        E(CANCEL) = IGNORED, /* it is dying by itself */
        E(GRACE_OVER) = TO(ENDING, KILL | CRASH),
        E(RELEASE) = TO(ENDING, KILL | CRASH),
        E(ENDED) = TO(GONE, CRASH | FREE),
    },
    [SESSION_ENDING] = {
        E(RELEASE) = IGNORED,
        E(ENDED) = TO(GONE, FREE),
    },
    [SESSION_GONE] = {{CELL_IMPOSSIBLE, SESSION_GONE, 0}},
};
// clang-format on

/* Saturating, so that a limit of "for ever" stays one. */
static int64_t after(int64_t now_ns, int64_t span_ns)
{
    return span_ns > INT64_MAX - now_ns ? INT64_MAX : now_ns + span_ns;
}

static int64_t deadline_in(const struct session_life *life, int64_t now_ns)
{
    switch (life->state) {
    case SESSION_IDLE:
        if (life->limits.cooldown_ns < 0)
            return INT64_MAX;
        return after(now_ns, life->limits.cooldown_ns);
    case SESSION_INTERRUPTED:
        return after(now_ns, life->limits.grace_ns);
    case SESSION_FALLEN:
        return after(now_ns, life->limits.exit_wait_ns);
    default:
        return INT64_MAX;
    }
}

/* The only writer of the state. */
static void life_move(struct session_life *life, enum session_state next, int64_t now_ns)
{
    life->state = next;
    life->since_ns = now_ns;
    life->deadline_ns = deadline_in(life, now_ns);
}

void session_life_init(struct session_life *life, const struct session_limits_ns *limits, int64_t now_ns)
{
    ASSERT(limits->grace_ns >= 0 && limits->exit_wait_ns >= 0);
    life->limits = *limits;
    life_move(life, SESSION_STARTING, now_ns);
}

unsigned session_life_apply(struct session_life *life, enum session_event event, int64_t now_ns)
{
    const struct cell *cell = &moves[life->state][event];
    ASSERT(cell->kind != CELL_IMPOSSIBLE);
    if (cell->kind == CELL_IGNORED)
        return 0;
    life_move(life, cell->next, now_ns);
    return cell->actions;
}

unsigned session_life_start(struct session_life *life, int64_t limit_ns, int64_t now_ns)
{
    unsigned actions = session_life_apply(life, SESSION_EVENT_START, now_ns);
    life->deadline_ns = after(now_ns, limit_ns);
    return actions;
}

enum session_event session_life_due(const struct session_life *life)
{
    ASSERT(life->deadline_ns != INT64_MAX);
    switch (life->state) {
    case SESSION_IDLE:
        return SESSION_EVENT_COOLDOWN;
    case SESSION_RUNNING:
        return SESSION_EVENT_LIMIT;
    default:
        return SESSION_EVENT_GRACE_OVER;
    }
}

bool session_life_bound(const struct session_life *life)
{
    return life->state == SESSION_RESERVED || life->state == SESSION_IDLE || session_life_busy(life);
}

bool session_life_busy(const struct session_life *life)
{
    return life->state == SESSION_RUNNING || life->state == SESSION_INTERRUPTED;
}

bool session_life_possible(enum session_state state, enum session_event event)
{
    return moves[state][event].kind != CELL_IMPOSSIBLE;
}

const char *session_state_name(enum session_state state)
{
    static const char *const names[] = {
#define X(name) #name,
        SESSION_STATE_TABLE(X)
#undef X
    };
    return (size_t)state < ARRAY_SIZE(names) ? names[state] : "?";
}

const char *session_event_name(enum session_event event)
{
    static const char *const names[] = {
#define X(name) #name,
        SESSION_EVENT_TABLE(X)
#undef X
    };
    return (size_t)event < ARRAY_SIZE(names) ? names[event] : "?";
}
