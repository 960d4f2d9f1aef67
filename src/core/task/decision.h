/* SPDX-License-Identifier: MIT */
/* decision.h — the actions of an orchestrator's answer, one function each, in a table (spec 3.6-3.10, 3.12).
 * Called by turn_commit.c, and by rewind.c for a child that is started again. */
#ifndef CORE_TASK_DECISION_H
#define CORE_TASK_DECISION_H

#include "core/task/engine_state.h"

/* A turn being committed. */
struct decision {
    struct instance *instance;
    struct buf *blob; /* the turn's history */
    int64_t count;    /* events in it */
    int64_t now_ns;   /* timestamp of what is decided */
    bool ends;        /* the answer completes the instance */
    bool renews;      /* the answer continues as new */
};

/* Why an answer cannot be carried out at all: the failure of the instance, in scratch. `type` NULL: it can. */
struct objection {
    const char *type;
    const char *text;
};
struct objection decision_objection(struct engine *engine, const struct pb_orchestrator_action *action);
/* The id of the child that a createSubOrchestration action starts: its own, or one that is always the same
 * for this action. */
struct bytes decision_child_id(struct engine *engine, const struct instance *instance,
                               const struct pb_orchestrator_action *action);
/* Starts the child of a createSubOrchestration action. `waits`: the parent is told how it ends. */
void decision_start_child(struct engine *engine, struct instance *instance, bool waits, int32_t task_id,
                          struct instance *child, const struct pb_create_sub_orchestration_action *action);

/* --- messages to entities (entity_decision.c; spec 3.23.5, 3.23.9) --- */
/* Why the message cannot be delivered; static. NULL: it can. */
const char *entity_decision_objection(struct engine *engine,
                                      const struct pb_send_entity_message_action *action);
/* The same for a sendEvent, if that is a message to an entity in the old way. */
const char *entity_decision_event_objection(struct engine *engine, const struct pb_send_event_action *action);
/* Records the message under the action's id and delivers it. A lock is not asked for by an execution that ends. */
void entity_decision_send(struct engine *engine, struct decision *decision,
                          const struct pb_orchestrator_action *action);
/* The same for a sendEvent to an entity, which is the old way, and is recorded already. What is no message is dropped, and
 * said. */
void entity_decision_event(struct engine *engine, struct decision *decision,
                           const struct pb_send_event_action *action);
/* Bytes of the input that the action hands on. */
size_t entity_decision_payload_size(const struct pb_send_entity_message_action *action);

/* Carries out any action but completeOrchestration and rewindOrchestration: records it and does it. */
void decision_apply(struct engine *engine, struct decision *decision,
                    const struct pb_orchestrator_action *action);

#endif
