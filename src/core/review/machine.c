/* SPDX-License-Identifier: MIT */
/* machine.c — the table of moves and the one function that reads it. */
#include "core/review/machine.h"

/* A cell that is not written is REVIEW_MOVED to QUEUED without actions in C's eyes: so kinds begin at 1 here. */
enum review_cell_kind {
    CELL_UNWRITTEN, /* the caller has a bug */
    CELL_IGNORED,
    CELL_NOTHING_YET,
    CELL_DECIDED,
    CELL_OVER,
    CELL_MOVE,
    CELL_BEGIN,   /* to where a revision begins */
    CELL_RELEASE, /* to the release, or to the step before it */
};

struct review_cell {
    enum review_cell_kind kind;
    enum review_state next;
    unsigned actions;
};

#define WAKE    REVIEW_ACTION_WAKE
#define ASK     REVIEW_ACTION_ASK
#define DECIDE  REVIEW_ACTION_DECIDE
#define END     REVIEW_ACTION_END
#define RELEASE REVIEW_ACTION_RELEASE
#define STOP    REVIEW_ACTION_STOP_RUN
#define RESET   REVIEW_ACTION_RESET_VOTES

// clang-format off
#define E(event)             [REVIEW_EVENT_##event]
#define TO(state, actions)   {CELL_MOVE, REVIEW_##state, (actions)}
#define RELEASED(actions)    {CELL_RELEASE, REVIEW_APPROVED, (actions)}
#define BEGIN(actions)       {CELL_BEGIN, REVIEW_QUEUED, (actions)}
#define IGNORED              {CELL_IGNORED, REVIEW_QUEUED, 0}
#define NOTHING_YET          {CELL_NOTHING_YET, REVIEW_QUEUED, 0}
#define DECIDED              {CELL_DECIDED, REVIEW_QUEUED, 0}
#define OVER                 {CELL_OVER, REVIEW_QUEUED, 0}

/* A result of a revision before this one, or one that was told twice; a timer of the same kind. */
#define NO_RUN               E(RUN_SHOWN) = IGNORED, E(RUN_ALLOWED) = IGNORED, E(RUN_DENIED) = IGNORED
#define NO_TIME              E(TIME) = IGNORED, E(TIME_FAILS) = IGNORED
/* What a state that waits for people has in common. A run whose end was told twice has nothing to say any more. */
#define WAITING                                                                                              \
        E(READ) = IGNORED, E(RUN_STARTED) = IGNORED, NO_RUN, E(RUN_FAILED) = IGNORED,                                           \
        E(REJECT) = TO(REJECTED, WAKE | DECIDE | END),                                                       \
        E(REVISE) = BEGIN(WAKE | ASK | RESET),                                                               \
        E(TIME) = TO(TIMED_OUT, END),                                                                        \
        E(TIME_FAILS) = TO(FAILED, END),                                                                     \
        E(CANCEL) = TO(CANCELLED, WAKE | END)
/* And what is over; who wanted something is told why it is too late. */
#define ENDED(refusal)                                                                                       \
        E(READ) = IGNORED, E(RUN_STARTED) = IGNORED, NO_RUN, E(RUN_FAILED) = IGNORED, NO_TIME,                                  \
        E(APPROVE) = refusal, E(REJECT) = refusal, E(ASK_CHANGES) = refusal, E(REVISE) = refusal,            \
        E(CANCEL) = refusal

static const struct review_cell moves[REVIEW_STATE_COUNT][REVIEW_EVENT_COUNT] = {
    [REVIEW_QUEUED] = {
        E(READ) = BEGIN(ASK), /* before it, nothing of it has run */
        E(RUN_STARTED) = TO(RUNNING, 0),
        NO_RUN,
        E(RUN_FAILED) = TO(FAILED, END),
        /* A client of the sample may decide before there is a result: it counts once the result is there. */
        E(APPROVE) = TO(CLEARED, DECIDE),
        E(REJECT) = TO(REJECTED, WAKE | DECIDE | END | STOP),
        E(ASK_CHANGES) = NOTHING_YET,
        E(REVISE) = NOTHING_YET,
        NO_TIME,
        E(CANCEL) = TO(CANCELLED, WAKE | END | STOP),
    },
    [REVIEW_CLEARED] = {
        E(READ) = IGNORED,
        E(RUN_STARTED) = TO(CLEARED_RUNNING, 0),
        NO_RUN,
        E(RUN_FAILED) = TO(FAILED, END),
        E(APPROVE) = DECIDED, E(REJECT) = DECIDED, E(ASK_CHANGES) = DECIDED, E(REVISE) = DECIDED,
        NO_TIME,
        E(CANCEL) = TO(CANCELLED, WAKE | END | STOP),
    },
    [REVIEW_RUNNING] = {
        E(READ) = IGNORED,
        E(RUN_STARTED) = TO(RUNNING, 0), /* once more: the server died under the first, or the pool was full */
        E(RUN_SHOWN) = TO(WAITING_AFTER, ASK),
        E(RUN_ALLOWED) = RELEASED(DECIDE),
        E(RUN_DENIED) = TO(REJECTED, DECIDE | END),
        E(RUN_FAILED) = TO(FAILED, END),
        E(APPROVE) = TO(CLEARED_RUNNING, DECIDE),
        E(REJECT) = TO(REJECTED, WAKE | DECIDE | END | STOP),
        E(ASK_CHANGES) = NOTHING_YET,
        E(REVISE) = NOTHING_YET,
        NO_TIME,
        E(CANCEL) = TO(CANCELLED, WAKE | END | STOP),
    },
    [REVIEW_CLEARED_RUNNING] = {
        E(READ) = IGNORED,
        E(RUN_STARTED) = TO(CLEARED_RUNNING, 0),
        /* The decision was made, and is final: no rule is asked again. One that said no all the same releases nothing. */
        E(RUN_SHOWN) = RELEASED(0),
        E(RUN_ALLOWED) = RELEASED(0),
        E(RUN_DENIED) = TO(FAILED, END),
        E(RUN_FAILED) = TO(FAILED, END),
        E(APPROVE) = DECIDED, E(REJECT) = DECIDED, E(ASK_CHANGES) = DECIDED, E(REVISE) = DECIDED,
        NO_TIME,
        E(CANCEL) = TO(CANCELLED, WAKE | END | STOP),
    },
    [REVIEW_THEN_DUE] = {
        E(READ) = IGNORED,
        E(RUN_STARTED) = TO(THEN_RUNNING, 0),
        NO_RUN,
        E(RUN_FAILED) = TO(FAILED, END),
        E(APPROVE) = DECIDED, E(REJECT) = DECIDED, E(ASK_CHANGES) = DECIDED, E(REVISE) = DECIDED,
        NO_TIME,
        E(CANCEL) = TO(CANCELLED, WAKE | END | STOP),
    },
    [REVIEW_THEN_RUNNING] = {
        E(READ) = IGNORED,
        E(RUN_STARTED) = TO(FAILED, END), /* once more: nobody knows how far it came, and it is not done twice */
        /* People have approved the step as it is: no rule is asked about what it came to. */
        E(RUN_SHOWN) = TO(APPROVED, END | RELEASE),
        E(RUN_ALLOWED) = TO(APPROVED, END | RELEASE),
        E(RUN_DENIED) = TO(FAILED, END),
        E(RUN_FAILED) = TO(FAILED, END),
        E(APPROVE) = DECIDED, E(REJECT) = DECIDED, E(ASK_CHANGES) = DECIDED, E(REVISE) = DECIDED,
        NO_TIME,
        E(CANCEL) = TO(CANCELLED, WAKE | END | STOP),
    },
    [REVIEW_WAITING_BEFORE] = {
        WAITING,
        E(APPROVE) = TO(CLEARED, WAKE | DECIDE),
        E(ASK_CHANGES) = TO(CHANGES, WAKE | ASK),
    },
    [REVIEW_WAITING_FIRST] = {
        WAITING,
        E(APPROVE) = TO(QUEUED, WAKE), /* to run it; what came of it is asked about again */
        E(ASK_CHANGES) = TO(CHANGES, WAKE | ASK),
    },
    [REVIEW_WAITING_AFTER] = {
        WAITING,
        E(APPROVE) = RELEASED(WAKE | DECIDE),
        E(ASK_CHANGES) = TO(CHANGES, WAKE | ASK),
    },
    [REVIEW_CHANGES] = {
        WAITING,
        E(APPROVE) = NOTHING_YET,
        E(ASK_CHANGES) = NOTHING_YET,
    },
    [REVIEW_APPROVED] = {ENDED(DECIDED)},
    [REVIEW_REJECTED] = {ENDED(DECIDED)},
    [REVIEW_TIMED_OUT] = {ENDED(OVER)},
    [REVIEW_FAILED] = {ENDED(OVER)},
    [REVIEW_CANCELLED] = {ENDED(OVER)},
};
// clang-format on

enum review_state review_begin(enum review_entry entry)
{
    static const enum review_state begins[REVIEW_ENTRIES] = {
        [REVIEW_ENTRY_RUN] = REVIEW_QUEUED,
        [REVIEW_ENTRY_ASK] = REVIEW_WAITING_BEFORE,
        [REVIEW_ENTRY_ASK_FIRST] = REVIEW_WAITING_FIRST,
        [REVIEW_ENTRY_DENIED] = REVIEW_REJECTED,
    };
    ASSERT((size_t)entry < ARRAY_SIZE(begins));
    return begins[entry];
}

static enum review_verdict verdict_of(enum review_cell_kind kind)
{
    static const enum review_verdict verdicts[] = {
        [CELL_UNWRITTEN] = REVIEW_IMPOSSIBLE,
        [CELL_IGNORED] = REVIEW_IGNORED,
        [CELL_NOTHING_YET] = REVIEW_NOTHING_YET,
        [CELL_DECIDED] = REVIEW_DECIDED,
        [CELL_OVER] = REVIEW_OVER,
        [CELL_MOVE] = REVIEW_MOVED,
        [CELL_BEGIN] = REVIEW_MOVED,
        [CELL_RELEASE] = REVIEW_MOVED,
    };
    return verdicts[kind];
}

struct review_move review_apply(enum review_state state, enum review_event event, enum review_entry entry,
                                bool has_step)
{
    const struct review_cell *cell = &moves[state][event];
    struct review_move move = {.verdict = verdict_of(cell->kind), .next = state};
    if (move.verdict != REVIEW_MOVED)
        return move;
    move.next = cell->kind == CELL_BEGIN ? review_begin(entry) : cell->next;
    move.actions = cell->actions;
    if (cell->kind == CELL_RELEASE && has_step)
        move.next = REVIEW_THEN_DUE;
    else if (cell->kind == CELL_RELEASE)
        move.actions |= END | RELEASE;

    /* A revision that runs at once asks nobody yet. */
    if (cell->kind == CELL_BEGIN && !review_waits(move.next))
        move.actions &= ~(unsigned)ASK;
    if (cell->kind == CELL_BEGIN && entry == REVIEW_ENTRY_DENIED)
        move.actions |= DECIDE | END;
    return move;
}

bool review_over(enum review_state state)
{
    return state >= REVIEW_APPROVED;
}

bool review_to_run(enum review_state state)
{
    return state <= REVIEW_THEN_RUNNING;
}

bool review_in_step(enum review_state state)
{
    return state == REVIEW_THEN_DUE || state == REVIEW_THEN_RUNNING;
}

bool review_waits(enum review_state state)
{
    return state >= REVIEW_WAITING_BEFORE && state <= REVIEW_CHANGES;
}

/* --- names --- */

static const struct {
    const char *stored, *shown, *stage;
} state_names[] = {
#define X(name, stored, shown, stage) [REVIEW_##name] = {stored, shown, stage},
    REVIEW_STATE_TABLE(X)
#undef X
};

static const char *const event_names[] = {
#define X(name, text) [REVIEW_EVENT_##name] = text,
    REVIEW_EVENT_TABLE(X)
#undef X
};

static const char *const entry_names[] = {
#define X(name, text) [REVIEW_ENTRY_##name] = text,
    REVIEW_ENTRY_TABLE(X)
#undef X
};

static const char *const gate_names[REVIEW_GATES] = {"after", "before", "both"};

const char *review_state_stored(enum review_state state)
{
    ASSERT((size_t)state < ARRAY_SIZE(state_names));
    return state_names[state].stored;
}

const char *review_state_shown(enum review_state state)
{
    ASSERT((size_t)state < ARRAY_SIZE(state_names));
    return state_names[state].shown;
}

const char *review_state_stage(enum review_state state)
{
    ASSERT((size_t)state < ARRAY_SIZE(state_names));
    return state_names[state].stage;
}

const char *review_gate_name(enum review_gate gate)
{
    ASSERT((size_t)gate < ARRAY_SIZE(gate_names));
    return gate_names[gate];
}

enum review_state review_state_of_stored(struct bytes stored)
{
    for (size_t i = 0; i < ARRAY_SIZE(state_names); i++)
        if (bytes_equal_cstr(stored, state_names[i].stored))
            return (enum review_state)i;
    return REVIEW_STATE_COUNT;
}

enum review_gate review_gate_of(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_SIZE(gate_names); i++)
        if (bytes_equal_cstr(name, gate_names[i]))
            return (enum review_gate)i;
    return REVIEW_GATES;
}

/* --- the picture --- */

/* Mermaid takes no '-' in the name of a state. */
static void write_name(struct buf *out, enum review_state state)
{
    for (const char *at = review_state_stored(state); *at; at++)
        buf_append_byte(out, *at == '-' ? '_' : (uint8_t)*at);
}

static void write_arrow(struct buf *out, enum review_state from, enum review_state to, const char *text)
{
    buf_append_cstr(out, "    ");
    write_name(out, from);
    buf_append_cstr(out, " --> ");
    write_name(out, to);
    buf_append_fmt(out, " : %s\n", text);
}

static void write_arrows(struct buf *out, enum review_state state)
{
    for (size_t event = 0; event < REVIEW_EVENT_COUNT; event++) {
        const struct review_cell *cell = &moves[state][event];
        if (cell->kind == CELL_MOVE || cell->kind == CELL_RELEASE)
            write_arrow(out, state, cell->next, event_names[event]);
        if (cell->kind == CELL_RELEASE) {
            buf_append_cstr(out, "    ");
            write_name(out, state);
            buf_append_cstr(out, " --> ");
            write_name(out, REVIEW_THEN_DUE);
            buf_append_fmt(out, " : %s (a step follows)\n", event_names[event]);
        }
        for (size_t entry = 0; cell->kind == CELL_BEGIN && entry < REVIEW_ENTRIES; entry++) {
            buf_append_cstr(out, "    ");
            write_name(out, state);
            buf_append_cstr(out, " --> ");
            write_name(out, review_begin((enum review_entry)entry));
            buf_append_fmt(out, " : %s (%s)\n", event_names[event], entry_names[entry]);
        }
    }
}

void review_write_picture(struct buf *out)
{
    buf_append_cstr(out, "stateDiagram-v2\n");
    for (size_t entry = 0; entry < REVIEW_ENTRIES; entry++) {
        buf_append_cstr(out, "    [*] --> ");
        write_name(out, review_begin((enum review_entry)entry));
        buf_append_fmt(out, " : submitted (%s)\n", entry_names[entry]);
    }
    for (size_t state = 0; state < REVIEW_STATE_COUNT; state++)
        write_arrows(out, (enum review_state)state);
    for (size_t state = REVIEW_APPROVED; state < REVIEW_STATE_COUNT; state++) {
        buf_append_cstr(out, "    ");
        write_name(out, (enum review_state)state);
        buf_append_cstr(out, " --> [*]\n");
    }
}
