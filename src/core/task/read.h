/* SPDX-License-Identifier: MIT */
/* read.h — what clients see of an instance (spec 3.22). The methods are declared in methods.h. */
#ifndef CORE_TASK_READ_H
#define CORE_TASK_READ_H

#include "core/task/engine_state.h"

/* Answers with a GetInstanceResponse; without `payloads` no input, output, custom status, failure details.
 * RESOURCE_EXHAUSTED if no message can carry them (spec 2.6). */
void read_reply(struct engine *engine, struct call *call, const struct instance *instance, bool payloads);
/* True if a Wait method has nothing left to wait for in that status. */
bool read_wait_over(bool for_start, int status);

#endif
