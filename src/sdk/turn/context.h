/* SPDX-License-Identifier: MIT */
/* context.h — the state of one turn, its memory, and how it is left.
 * Owns nothing: all memory is in the turn's arena, and whoever finds it full leaves the turn. One thread at a
 * time: the turn thread that runs sdk_turn_run. Shared by the replay and by the calls an orchestrator makes;
 * never seen outside src/sdk. Everything here that leaves does so by longjmp to the phase of the turn
 * (turn.c) that is running. */
#ifndef SDK_TURN_CONTEXT_H
#define SDK_TURN_CONTEXT_H

#include <setjmp.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/prng.h"
#include "sdk/turn/turn_options.h"
#include "wire/pb/orchestrator_service.pb.h"

struct sdk_action;
struct sdk_section;

/* An event that nobody has taken or that came while suspended. */
struct sdk_note {
    struct list link;
    const struct pb_history_event *event;
};

struct sdk_deferred {
    struct sdk_deferred *next;
    void (*fn)(void *argument);
    void *argument;
};

enum sdk_outcome {
    SDK_OUTCOME_WAITING,
    SDK_OUTCOME_COMPLETED,
    SDK_OUTCOME_FAILED,
    SDK_OUTCOME_TERMINATED,
    SDK_OUTCOME_CONTINUED
};

struct dt_context {
    const struct sdk_turn_options *options;
    const struct pb_orchestrator_request *request;
    struct arena *arena;

    /* Leaving the function. */
    jmp_buf leave;
    enum status status; /* why the turn cannot be answered */

    /* The history and how far it has been lived through. */
    size_t cursor; /* events applied or held, of past then new ones */
    size_t event_count;
    bool suspended;
    struct list held;            /* of sdk_note: events that came while suspended */
    struct list unclaimed;       /* of sdk_note: external events nobody waits for yet */
    struct list waiters;         /* of dt_task: event tasks, oldest first */
    struct list calls;           /* of dt_task: calls of entities without an answer yet, oldest first */
    struct list sections;        /* of sdk_section: locks that are asked for and not granted yet */
    struct sdk_section *section; /* the newest one; NULL: none, or it is over */
    int64_t now_ns;
    int32_t id_max; /* largest event id seen */

    /* What the code decided. */
    struct sdk_action **actions; /* action with number n at n - 1 */
    size_t action_count;
    size_t action_capacity;
    uint64_t ended_tasks;
    struct sdk_deferred *deferred;
    struct pb_opt_bytes custom_status;
    const char *last_file; /* where the code last called anything that waits or acts */
    int last_line;

    /* How it ended. */
    enum sdk_outcome outcome;
    bool keep_events;
    bool forget_actions; /* non-determinism and termination send nothing but the completion */
    struct pb_opt_bytes result;
    struct pb_opt_bytes next_version; /* of a continue-as-new; absent: the same */
    struct pb_task_failure_details *failure;

    /* Who it is. */
    const struct sdk_entry *entry;
    const struct pb_execution_started_event *started;
    bool running; /* ExecutionStarted has been applied */
    const char *name;
    const char *instance_id;
    const char *execution_id;
    const char *version;
    const char *parent_id;
    const char *trace_parent;
    const char *input;
    const struct dt_tag *tags;
    uint32_t uuid_count;
    bool random_seeded;
    struct prng random;
};

/* Leaves the function; the turn is over. */
void sdk_leave(struct dt_context *ctx) __attribute__((noreturn));
/* Leaves because memory ran out or a status says so. */
void sdk_leave_with(struct dt_context *ctx, enum status status) __attribute__((noreturn));
/* Ends the orchestration as failed and leaves. `forget` also takes back the actions of this turn. */
void sdk_leave_failed(struct dt_context *ctx, bool forget, const char *type, const char *fmt, ...)
    __attribute__((noreturn)) PRINTF_LIKE(4, 5);
/* Zeroed memory of the turn, or leaves. */
void *sdk_take(struct dt_context *ctx, size_t size);
/* Where the code is now, for messages and for the actions it makes. */
void sdk_note_place(struct dt_context *ctx, const char *file, int line);
/* Ends the orchestration for a misuse by the code at its last place, and leaves. */
void sdk_leave_misused(struct dt_context *ctx, const char *fmt, ...) __attribute__((noreturn))
PRINTF_LIKE(2, 3);
/* A C string of the turn, or leaves. */
const char *sdk_take_text(struct dt_context *ctx, struct bytes text);
/* The user's name of something, copied. The orchestration fails, with `what` in its message, if it is NULL, empty or not
 * UTF-8. Or leaves. */
struct bytes sdk_take_name(struct dt_context *ctx, const char *what, const char *name);
/* The user's text as a wire value, copied; absent if it is NULL. If it is not UTF-8 the orchestration fails
 * with `what` in its message. Or leaves. */
struct pb_opt_bytes sdk_take_payload(struct dt_context *ctx, const char *what, const char *text);

#endif
