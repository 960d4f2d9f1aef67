/* SPDX-License-Identifier: MIT */
/* dispatch.h — hands ready work to workers: one item per instance, no stream over its limits, the least
 * loaded worker first, kinds of work in turn (spec 2.10-2.13). Called once at the end of each input. */
#ifndef CORE_TASK_DISPATCH_H
#define CORE_TASK_DISPATCH_H

#include "core/task/engine_state.h"

/* Sends all that can be sent in the hubs where something changed. */
void dispatch_run(struct engine *engine);

#endif
