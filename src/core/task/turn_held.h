/* SPDX-License-Identifier: MIT */
/* turn_held.h — what an instance's turn holds in memory, from the object's birth to the turn's end. What is in a turn is
 * turn.h's. */
#ifndef CORE_TASK_TURN_HELD_H
#define CORE_TASK_TURN_HELD_H

#include "core/task/work_class.h"

/* In turn.c. */
extern const struct work_class turn_class;

void turn_init(struct instance *instance);
/* Ends an outstanding turn; taken events stay in turn.taken for the caller to free. */
void turn_drop(struct engine *engine, struct instance *instance);
/* Forgets the parts of a completion that arrived so far. */
void turn_drop_parts(struct turn *turn);

#endif
