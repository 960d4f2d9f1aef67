/* SPDX-License-Identifier: MIT */
/* queue.h — work that waits for a worker, sorted by what a filter can tell apart: hub, kind, name, version.
 * So finding work for a filtered worker never walks over work it may not have. Called by work.c (in, out) and
 * dispatch.c (what is next). Writes hub.queues, busy and engine.hubs_due. */
#ifndef CORE_TASK_QUEUE_H
#define CORE_TASK_QUEUE_H

#include "core/task/engine_state.h"

void queue_hub_init(struct hub *hub, uint64_t seed0, uint64_t seed1);
void queue_hub_fini(struct hub *hub);
void queue_push(struct engine *engine, struct work *work, bool first);
void queue_remove(struct work *work);
/* Something may be dispatchable in this hub: dispatch looks at it before the input ends. */
void queue_stir(struct engine *engine, struct hub *hub);

#endif
