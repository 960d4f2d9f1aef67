/* SPDX-License-Identifier: MIT */
/* context.h — the state of a turn, shared by the replay (turn.c) and the calls an orchestrator makes
 * (context.c). Private to src/sdk. All memory is in the turn's arena; whoever finds it full leaves the turn.
 */
#ifndef SDK_CONTEXT_H
#define SDK_CONTEXT_H

#include <setjmp.h>

#include "base/list.h"
#include "base/prng.h"
#include "sdk/turn.h"

enum sdk_action_kind { SDK_ACTION_ACTIVITY, SDK_ACTION_CHILD, SDK_ACTION_TIMER, SDK_ACTION_SEND };

/* What the answer to an action means for its task. */
enum sdk_action_role {
    SDK_ROLE_TASK,    /* the task's own outcome */
    SDK_ROLE_TIMEOUT, /* a timer: the event did not come in time */
    SDK_ROLE_RETRY    /* a timer: schedule the task again */
};

/* A numbered decision of this execution. `wire.id` is its number, from 1 on. */
struct sdk_action {
    struct pb_orchestrator_action wire;
    enum sdk_action_kind kind;
    enum sdk_action_role role;
    struct dt_task *task; /* NULL for SDK_ACTION_SEND */
    bool recorded;        /* the history holds it, so it is not sent again */
    bool dropped;         /* cancelled before it was ever sent */
    const char *file;     /* where the code made it */
    int line;
};

enum sdk_task_kind { SDK_TASK_CALL, SDK_TASK_TIMER, SDK_TASK_EVENT };

struct dt_task {
    struct dt_context *ctx;
    enum sdk_task_kind kind;
    enum dt_task_state state;
    uint64_t order; /* the how-manieth task to end: decides when-any */
    const char *name;
    const char *result;
    struct pb_task_failure_details *failure_wire; /* as received */
    const struct dt_failure *failure;
    struct sdk_action *action; /* its newest one: schedule, child, timer or time-out; NULL: none */
    struct dt_retry_policy retry;
    int32_t attempt;      /* tries so far */
    int64_t first_try_ns; /* when the first was scheduled */
    struct list waiting;  /* SDK_TASK_EVENT, pending: in ctx->waiters */
    const char *file;
    int line;
};

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
    struct list held;      /* of sdk_note: events that came while suspended */
    struct list unclaimed; /* of sdk_note: external events nobody waits for yet */
    struct list waiters;   /* of dt_task: event tasks, oldest first */
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
    const char *input;
    const struct dt_tag *tags;
    uint32_t uuid_count;
    bool random_seeded;
    struct prng random;
};

/* Leaves the function; the turn is over. */
void sdk_leave(struct dt_context *ctx) __attribute__((noreturn));
/* Leaves because memory ran out or a status says so. */
void sdk_leave_with(struct dt_context *ctx, enum status s) __attribute__((noreturn));
/* Ends the orchestration as failed and leaves. `forget` also takes back the actions of this turn. */
void sdk_leave_failed(struct dt_context *ctx, bool forget, const char *type, const char *fmt, ...)
    __attribute__((noreturn)) PRINTF_LIKE(4, 5);
/* Zeroed memory of the turn, or leaves. */
void *sdk_take(struct dt_context *ctx, size_t size);
/* A C string of the turn, or leaves. */
const char *sdk_take_text(struct dt_context *ctx, struct bytes text);

/* Numbers a new action. `wire` comes without its id. */
struct sdk_action *sdk_action_add(struct dt_context *ctx, enum sdk_action_kind kind,
                                  enum sdk_action_role role, struct dt_task *task,
                                  const struct pb_orchestrator_action *wire);
/* A timer action that fires at `fire_at_ns`. */
struct sdk_action *sdk_timer_add(struct dt_context *ctx, enum sdk_action_role role, struct dt_task *task,
                                 int64_t fire_at_ns);
/* Ends a task; nothing happens if it has ended. */
void sdk_task_end(struct dt_task *task, enum dt_task_state state);
/* Gives the event to the task. */
void sdk_task_take_event(struct dt_task *task, const struct pb_history_event *event);
/* Applies the next event. False: there is none. */
bool sdk_advance(struct dt_context *ctx);
/* `from_ns` plus `delay_ms`, saturating; negative delays count as 0. */
int64_t sdk_after_ms(int64_t from_ns, int64_t delay_ms);

#endif
