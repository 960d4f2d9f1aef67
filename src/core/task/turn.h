/* SPDX-License-Identifier: MIT */
/* turn.h — one turn of an orchestration as work: what the worker is told (spec 3.3-3.5).
 * A turn takes visible events from the inbox and keeps them, with the exact bytes sent, until its answer is
 * committed: then they are history. If the turn is lost, they go back and are sent again, newly stamped.
 * Its answer is read by turn_answer.c and carried out by turn_commit.h. Writes instance.turn. */
#ifndef CORE_TASK_TURN_H
#define CORE_TASK_TURN_H

#include "core/task/turn_held.h"

/* The instance whose turn that is; `work` is of turn_class. */
struct instance *turn_instance(struct work *work);

#endif
