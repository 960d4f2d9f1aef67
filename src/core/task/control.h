/* SPDX-License-Identifier: MIT */
/* control.h — raise, suspend, resume, terminate, skip graceful termination (spec 3.9, 3.11, 3.12).
 * All but the last are events in the inbox: the orchestrator acts on them in its next turn. Suspend and
 * resume show in the status at once. The methods are declared in methods.h. */
#ifndef CORE_TASK_CONTROL_H
#define CORE_TASK_CONTROL_H

#include "core/task/engine_state.h"

/* Asks a live instance to end. If no worker can take it, the engine ends it: at once if it never started, or
 * after options.terminate_wait_ns. */
void control_terminate(struct engine *engine, struct instance *instance, struct pb_opt_bytes output,
                       bool recurse);
/* Starts that wait for a loaded instance that has an ExecutionTerminated in its inbox. */
void control_watch_terminate(struct engine *engine, struct instance *instance);

#endif
