/* SPDX-License-Identifier: MIT */
/* methods.h — the client methods, one function each (see call.h for how they run).
 * `c->message` is the encoded request. */
#ifndef CORE_TASK_METHODS_H
#define CORE_TASK_METHODS_H

#include "core/task/engine_state.h"

/* start.c */
void start_instance(struct engine *e, struct call *c);
void start_again(struct engine *e, struct call *c);
/* read.c */
void read_instance(struct engine *e, struct call *c);
void read_wait(struct engine *e, struct call *c);
void read_history(struct engine *e, struct call *c);
/* control.c */
void control_raise(struct engine *e, struct call *c);
void control_suspend(struct engine *e, struct call *c);
void control_resume(struct engine *e, struct call *c);
void control_terminate_call(struct engine *e, struct call *c);
void control_skip_graceful(struct engine *e, struct call *c);
/* purge.c */
void purge_instances(struct engine *e, struct call *c);
/* turn.c, activity.c */
void turn_complete(struct engine *e, struct call *c);
void turn_abandon(struct engine *e, struct call *c);
void activity_complete(struct engine *e, struct call *c);
void activity_abandon(struct engine *e, struct call *c);

#endif
