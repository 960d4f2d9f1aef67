/* SPDX-License-Identifier: MIT */
/* turn.h — one turn of an orchestration: what the worker is told, and what its answer changes (spec 3.3-3.5).
 * A turn takes visible events from the inbox and keeps them, with the exact bytes sent, until its answer is
 * committed: then they are history. If the turn is lost, they go back and are sent again, newly stamped.
 * Writes instance.turn. The methods CompleteOrchestratorTask and AbandonTaskOrchestratorWorkItem are here. */
#ifndef CORE_TASK_TURN_H
#define CORE_TASK_TURN_H

#include "core/task/engine_state.h"

void turn_init(struct instance *instance);
/* Builds the work item of the next turn for that stream, with the work's last token, in the arena of the
 * actions. TOO_LARGE: no message can carry it to this stream. The history must be resident, or empty. */
STATUS_RESULT turn_build(struct engine *engine, struct instance *instance, const struct stream *stream,
                         struct bytes *ret_message);
/* Bytes of the message that holds the whole history and at least one event. */
size_t turn_size(const struct instance *instance);
/* No message holds it, neither to that stream nor (NULL) to any other: it waits for a worker that takes it, and
 * the operator is told now and then. It never fails for that: such a worker may be away for an update. */
void turn_misfit(struct engine *engine, struct instance *instance, const struct stream *stream);
/* Sent too often without an answer: the instance fails. */
void turn_poison(struct engine *engine, struct instance *instance);
/* Ends an outstanding turn; taken events stay in turn.taken for the caller to free. */
void turn_drop(struct engine *engine, struct instance *instance);

#endif
