/* SPDX-License-Identifier: MIT */
/* action.h — the numbered decisions of an execution, and whether the history bears them out.
 * Each call of the code that the service has to carry out becomes an action, numbered from 1 in the order of
 * the calls. Called by the orchestrator's calls (new actions) and by the replay (confirmation); turn_answer.c
 * sends what the history does not hold. Memory is the turn's: whatever fails here leaves the turn
 * (context.h). Never runs the user's code. */
#ifndef SDK_TURN_ACTION_H
#define SDK_TURN_ACTION_H

#include "sdk/turn/context.h"

enum sdk_action_kind {
    SDK_ACTION_ACTIVITY,
    SDK_ACTION_CHILD,
    SDK_ACTION_TIMER,
    SDK_ACTION_SEND,
    SDK_ACTION_SIGNAL, /* the rest: messages to entities */
    SDK_ACTION_CALL,
    SDK_ACTION_LOCK,
    SDK_ACTION_UNLOCK
};

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
    struct dt_task *task; /* NULL for what has no outcome: events, signals, unlocks */
    bool recorded;        /* the history holds it, so it is not sent again */
    bool dropped;         /* cancelled before it was ever sent */
    const char *file;     /* where the code made it */
    int line;
};

/* Numbers a new action, made at the code's last place. `wire` comes without its id. */
struct sdk_action *sdk_action_add(struct dt_context *ctx, enum sdk_action_kind kind,
                                  const struct pb_orchestrator_action *wire);
/* Builds the wire action for a message to an entity, which is `message` of case `kind`. */
struct pb_orchestrator_action
sdk_action_entity_wire(struct dt_context *ctx, enum pb_send_entity_message_action_case kind, void *message);
/* The action with this number; NULL: the code has not made it. */
struct sdk_action *sdk_action_of_id(const struct dt_context *ctx, int32_t id);
/* If the event records an action, marks it recorded; ends the orchestration as non-deterministic and leaves
 * if the code made another or none. False: the event is of another kind. */
bool sdk_action_confirm_event(struct dt_context *ctx, const struct pb_history_event *event);

#endif
