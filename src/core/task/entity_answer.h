/* SPDX-License-Identifier: MIT */
/* entity_answer.h — what the answer to a batch changes: all of it in one write set (spec 3.23.3). Both forms of an answer end
 * here: that of a worker (entity_answer.c), and that of a host with an engine of its own (entity_host.c). */
#ifndef CORE_TASK_ENTITY_ANSWER_H
#define CORE_TASK_ENTITY_ANSWER_H

#include "core/task/entity.h"
#include "wire/pb/orchestrator_service.pb.h"

/* The answer to the batch that is out, and of the call: gives the batch back or commits its results, then replies. Fetches
 * what that needs first; then the call's method runs again. */
void entity_answer_apply(struct engine *engine, struct call *call, struct entity *entity,
                         const struct pb_entity_batch_result *result);
/* There is no such batch: late or double, which is no fault of the worker's (spec 3.20, trap 3). */
void entity_answer_late(struct engine *engine, struct call *call);

#endif
