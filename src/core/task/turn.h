/* SPDX-License-Identifier: MIT */
/* turn.h — one turn of an orchestration: what the worker is told, and what its answer changes (spec 3.3-3.5).
 * A turn takes visible events from the inbox and keeps them, with the exact bytes sent, until its answer is
 * committed: then they are history. If the turn is lost, they go back and are sent again, newly stamped.
 * Writes instance.turn. The methods CompleteOrchestratorTask and AbandonTaskOrchestratorWorkItem are here. */
#ifndef CORE_TASK_TURN_H
#define CORE_TASK_TURN_H

#include "core/task/engine_state.h"

void turn_init(struct instance *i);
/* Builds the work item of the next turn for that stream, with the work's last token, in the arena of the
 * actions. TOO_LARGE: no message can carry it to this stream. The history must be resident, or empty. */
STATUS_RESULT turn_build(struct engine *e, struct instance *i, const struct stream *s,
                         struct bytes *ret_message);
/* True if only a stream that fetches histories itself can be sent it. */
bool turn_needs_streaming(const struct engine *e, const struct instance *i);
/* No connected worker could be sent it: it waits for one, longer each time, and at last the instance fails
 * (spec 2.6). */
void turn_misfit(struct engine *e, struct instance *i);
/* Sent too often without an answer: the instance fails. */
void turn_poison(struct engine *e, struct instance *i);
/* Ends an outstanding turn; taken events stay in turn.taken for the caller to free. */
void turn_drop(struct engine *e, struct instance *i);

#endif
