/* SPDX-License-Identifier: MIT */
/* activity.h — activities: scheduled by a turn, run by a worker at least once, answered once (spec 3.6).
 * An activity may be sent when its row is committed. The row goes when its result is in the inbox. Workers'
 * answers are read by activity_answer.c. Writes instance.activities. */
#ifndef CORE_TASK_ACTIVITY_H
#define CORE_TASK_ACTIVITY_H

#include "core/task/work_class.h"

extern const struct work_class activity_class;

/* A scheduleTask action. One that no message can carry fails at once. */
void activity_create(struct engine *engine, struct instance *instance, int32_t task_id,
                     const struct pb_schedule_task_action *action);
/* From a row of the store: it is queued. */
void activity_load(struct engine *engine, struct instance *instance, const struct activity_row *row);
/* All of an instance, with their rows; or in memory only. */
void activity_drop_all(struct engine *engine, struct instance *instance);
void activity_drop_memory(struct engine *engine, struct instance *instance);
/* The activity that `work`, of activity_class, is inside. */
struct activity *activity_of(struct work *work);
/* Ends the activity with an event for its orchestration, if that still wants one. */
void activity_settle(struct engine *engine, struct activity *activity, struct bytes event);

#endif
