/* SPDX-License-Identifier: MIT */
/* unserved.h — work that waits although no connected worker takes it: told to the operator.
 * Nothing fails: a worker may come. But until then nothing happens either, and only the log can say why.
 * Each hub is looked at some time after work was queued in it, and again while work waits; a warning is
 * repeated ever more rarely. Called by dispatch.c. Writes hub.unserved_alarm and unserved_told. */
#ifndef CORE_TASK_UNSERVED_H
#define CORE_TASK_UNSERVED_H

#include "core/task/engine_state.h"

/* Work may wait in that hub: looks after it in due time. Cheap. */
void unserved_watch(struct engine *engine, struct hub *hub);

#endif
