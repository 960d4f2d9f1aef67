/* SPDX-License-Identifier: MIT */
/* turn.h — one turn of an orchestration as work: what the worker is told (spec 3.3-3.5).
 * A turn takes visible events from the inbox and keeps them, with the exact bytes sent, until its answer is
 * committed: then they are history. If the turn is lost, they go back and are sent again, newly stamped.
 * Its answer is read by turn_answer.c and carried out by turn_commit.h. Writes instance.turn. */
#ifndef CORE_TASK_TURN_H
#define CORE_TASK_TURN_H

#include "core/task/work_class.h"

extern const struct work_class turn_class;

/* The instance whose turn that is; `work` is of turn_class. */
struct instance *turn_instance(struct work *work);
void turn_init(struct instance *instance);
/* Ends an outstanding turn; taken events stay in turn.taken for the caller to free. */
void turn_drop(struct engine *engine, struct instance *instance);
/* Forgets the parts of a completion that arrived so far. */
void turn_drop_parts(struct turn *turn);

#endif
