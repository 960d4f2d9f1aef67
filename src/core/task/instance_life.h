/* SPDX-License-Identifier: MIT */
/* instance_life.h — birth, a new execution, removal; the status. Who calls these has decided that it happens; all that
 * follows for the instance itself is done here, in the open set. */
#ifndef CORE_TASK_INSTANCE_LIFE_H
#define CORE_TASK_INSTANCE_LIFE_H

#include "core/task/instance.h"

/* What the store says about a fetched object; `row` NULL: there is no such instance. */
void instance_fill(struct engine *engine, struct instance *instance, const struct instance_row *row,
                   const struct payload *payloads);
/* The only writer of the status; the move must be in the table of instance_status.h. Answers who waited. */
void instance_move(struct engine *engine, struct instance *instance, enum instance_status status);
/* Status NONE -> PENDING. `started` becomes the execution's ExecutionStarted, its orchestrationInstance
 * included; `parent` is NULL or the live instance that waits for the result. */
void instance_create(struct engine *engine, struct instance *instance,
                     struct pb_execution_started_event *started, struct instance *parent);
/* Detaches the children: their results have nobody to go to. */
void instance_orphan_children(struct engine *engine, struct instance *instance);
/* A new execution of the same instance: history, activities, and tagged events go; the others wait behind
 * `carryover` (encoded events). `started` as above. */
void instance_renew(struct engine *engine, struct instance *instance,
                    struct pb_execution_started_event *started, const struct bytes *carryover,
                    size_t carryover_count);
/* A new execution of the same instance with a past: `blob` of `count` events, in which `started` is the
 * ExecutionStarted. What the old execution waited for goes; the events of others wait on. The caller moves the status. */
void instance_rewind(struct engine *engine, struct instance *instance,
                     struct pb_execution_started_event *started, struct bytes blob, int64_t count);
/* `parent` waits for the result of a live instance that it started in an execution before. */
void instance_adopt(struct engine *engine, struct instance *instance, struct instance *parent);
/* Any -> NONE: deletes the rows and everything in memory. */
void instance_delete(struct engine *engine, struct instance *instance);
/* Frees it. */
void instance_destroy(struct engine *engine, struct instance *instance);
/* Notes a live instance that has a parent's id but no live parent (orphans.h). Does nothing otherwise. */
void instance_note_orphan(struct engine *engine, struct instance *instance);

#endif
