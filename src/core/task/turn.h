/* SPDX-License-Identifier: MIT */
/* turn.h — one turn of an orchestration: what the worker is told, and what its answer changes (spec 3.3-3.5).
 * A turn takes visible events from the inbox and keeps them, with the exact bytes sent, until its answer is
 * committed: then they are history. If the turn is lost, they go back and are sent again, newly stamped.
 * Writes instance.turn. The methods CompleteOrchestratorTask and AbandonTaskOrchestratorWorkItem are here. */
#ifndef CORE_TASK_TURN_H
#define CORE_TASK_TURN_H

#include "core/task/engine_state.h"

void turn_init(struct instance *instance);
/* Ends an outstanding turn; taken events stay in turn.taken for the caller to free. */
void turn_drop(struct engine *engine, struct instance *instance);

#endif
