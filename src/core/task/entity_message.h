/* SPDX-License-Identifier: MIT */
/* entity_message.h — what is said to entities and by them: messages made from what peers sent, and answers to those who
 * called (spec 3.23.2, 3.23.3, 3.23.5).
 * An operation is kept as the HistoryEvent that the worker is shown. What a peer put into one and we do not know is passed
 * on. Called by decision.c, entity_call.c, entity_answer.c, entity_work.c and entity_lock.c. */
#ifndef CORE_TASK_ENTITY_MESSAGE_H
#define CORE_TASK_ENTITY_MESSAGE_H

#include "core/task/entity.h"

/* Encoded events, in the arena. */
struct bytes entity_message_granted(struct arena *arena, struct bytes section, bool legacy);
struct bytes entity_message_request(struct arena *arena, const struct pb_entity_lock_requested_event *request,
                                    int64_t now_ns);

/* A one-way operation. `sender`: the orchestration, or NULL. Without a requestId it gets one. */
struct entity_signal {
    struct bytes request_id;
    struct bytes operation;
    struct pb_opt_bytes input;
    struct pb_opt_time scheduled_time;
    struct bytes trace;   /* an encoded TraceContext, or empty */
    struct bytes unknown; /* fields of EntityOperationSignaledEvent that we do not know */
};
void entity_message_signal(struct engine *engine, struct hub *hub, const struct entity_name *target,
                           const struct instance *sender, const struct entity_signal *signal);
/* A two-way operation of an orchestration, as in the event; parent and target are filled in. `trace`: as of a signal. */
void entity_message_call(struct engine *engine, const struct entity_name *target, struct instance *sender,
                         const struct pb_entity_operation_called_event *called, struct bytes trace,
                         bool legacy);
/* A call that was loaded: its sender, if that still waits for the answer, knows it again. */
void entity_message_load_call(struct engine *engine, struct entity_message *message);

/* The answer to the caller, if the message is a call and the caller's execution still runs. One of `output` and `failure` (an
 * encoded TaskFailureDetails, or empty) counts. */
void entity_message_reply(struct engine *engine, const struct entity_message *message,
                          struct pb_opt_bytes output, struct bytes failure);
/* The same, with a failure of our own making. */
void entity_message_refuse(struct engine *engine, const struct entity_message *message, const char *type,
                           const char *text);

#endif
