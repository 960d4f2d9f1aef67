/* SPDX-License-Identifier: MIT */
/* task.h — what an orchestrator awaits: a call, a timer, an external event; how it ends, and when it is tried
 * again. A task ends once. Called by the replay, which hands over what the history says, and by the
 * orchestrator's own calls. Decides by durable facts only: the policy, the number of tries, the
 * orchestration's clock. Memory is the turn's: whatever fails here leaves the turn (context.h). */
#ifndef SDK_TURN_TASK_H
#define SDK_TURN_TASK_H

#include "sdk/turn/action.h"

enum sdk_task_kind {
    SDK_TASK_CALL, /* of an activity or a child */
    SDK_TASK_TIMER,
    SDK_TASK_EVENT,
    SDK_TASK_ENTITY, /* a call of an entity */
    SDK_TASK_LOCK
};

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
    struct list waiting;  /* pending: SDK_TASK_EVENT in ctx->waiters, SDK_TASK_ENTITY in ctx->calls */
    const char *file;
    int line;
};

/* A new one, made at the code's last place. `name` lives as long as the turn. Or leaves. */
struct dt_task *sdk_task_make(struct dt_context *ctx, enum sdk_task_kind kind, const char *name);
/* Makes an action whose outcome is the task's, in this role; it is the task's newest. Or leaves. */
void sdk_task_act(struct dt_task *task, enum sdk_action_kind kind, enum sdk_action_role role,
                  const struct pb_orchestrator_action *wire);
/* A timer action that fires at `fire_at_ns`. Or leaves. */
void sdk_task_act_timer(struct dt_task *task, enum sdk_action_role role, int64_t fire_at_ns);

/* `from_ns` plus `delay_ms`, saturating; negative delays count as 0. */
int64_t sdk_after_ms(int64_t from_ns, int64_t delay_ms);

/* Ends a task; nothing happens if it has ended. A timer of its own that nobody has been told about is
 * dropped. */
void sdk_task_end(struct dt_task *task, enum dt_task_state state);
/* Gives the event to the task and ends it. */
void sdk_task_take_event(struct dt_task *task, const struct pb_history_event *event);

/* The call that action `id` scheduled has succeeded. Nothing if it was cancelled, has ended, or is nobody's.
 */
void sdk_task_succeed(struct dt_context *ctx, int32_t id, struct pb_opt_bytes result);
/* It has failed: ends the task, or sets a timer for its next try. `failure` NULL: without details. */
void sdk_task_fail(struct dt_context *ctx, int32_t id, struct pb_task_failure_details *failure);
/* The timer that is action `id` has fired: the task ends, times out, or is scheduled again. */
void sdk_task_fire(struct dt_context *ctx, int32_t id);
/* The entity has answered the call with this request id. Nothing if nobody waits for it. */
void sdk_task_answer_entity(struct dt_context *ctx, struct bytes request_id, struct pb_opt_bytes output);
/* It has failed. `failure` NULL: without details. */
void sdk_task_fail_entity(struct dt_context *ctx, struct bytes request_id,
                          struct pb_task_failure_details *failure);
/* Gives an external event to the oldest task that waits for its name, or keeps it until one does. */
void sdk_task_deliver_event(struct dt_context *ctx, const struct pb_history_event *event);

#endif
