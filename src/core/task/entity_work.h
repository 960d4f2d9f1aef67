/* SPDX-License-Identifier: MIT */
/* entity_work.h — a batch of operations as work: what the worker is told (spec 3.23.2, 3.23.4).
 * A batch takes messages from the entity and keeps them until its answer is committed. If it is lost or given back, the same
 * operations are sent again in the same order. Writes entity.taken, flat, failure, work. */
#ifndef CORE_TASK_ENTITY_WORK_H
#define CORE_TASK_ENTITY_WORK_H

#include "core/task/entity.h"
#include "core/task/work_class.h"

/* The entity whose batch that is; `work` is of entity_class. */
struct entity *entity_work_entity(struct work *work);
/* The batch is over; what is still taken waits again. */
void entity_work_finish(struct engine *engine, struct entity *entity);
/* The batch failed as a whole, with an encoded TaskFailureDetails (empty: none was given): it is sent again later, up to
 * options.entity_failures_max times in a row; then those who called are told that failure (spec 3.23.3). */
void entity_work_fail(struct engine *engine, struct entity *entity, struct bytes failure);

#endif
