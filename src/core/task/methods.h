/* SPDX-License-Identifier: MIT */
/* methods.h — the client methods, one function each (see call.h for how they run).
 * `call->message` is the encoded request. */
#ifndef CORE_TASK_METHODS_H
#define CORE_TASK_METHODS_H

#include "core/task/engine_state.h"

/* start.c */
void start_instance(struct engine *engine, struct call *call);
void start_again(struct engine *engine, struct call *call);
/* read.c */
void read_instance(struct engine *engine, struct call *call);
void read_wait(struct engine *engine, struct call *call);
void read_history(struct engine *engine, struct call *call);
/* control.c */
void control_raise(struct engine *engine, struct call *call);
void control_suspend(struct engine *engine, struct call *call);
void control_resume(struct engine *engine, struct call *call);
void control_terminate_call(struct engine *engine, struct call *call);
void control_skip_graceful(struct engine *engine, struct call *call);
/* rewind.c */
void rewind_instance(struct engine *engine, struct call *call);
/* purge.c */
void purge_instances(struct engine *engine, struct call *call);
void purge_erase(struct engine *engine, struct call *call);
void purge_hub_entities(struct engine *engine, struct call *call);
void purge_hub(struct engine *engine, struct call *call);
void purge_hub_rules(struct engine *engine, struct call *call);
/* entity_purge.c: an entity whose state is known, or NULL; then it is no entity, or the call waits for it. */
struct entity *entity_purge_find(struct engine *engine, struct call *call, struct bytes id);
/* True if it had a state. */
bool entity_purge(struct engine *engine, struct entity *entity);
/* entity_call.c: an event for an entity's id, by the old form; what is no signal is dropped, and said. Answers the call. */
void entity_raise(struct engine *engine, struct call *call, const struct pb_raise_event_request *request);
/* entity_call.c, entity_answer.c, entity_host.c */
void entity_signal(struct engine *engine, struct call *call);
void entity_get(struct engine *engine, struct call *call);
void entity_complete(struct engine *engine, struct call *call);
void entity_complete_host(struct engine *engine, struct call *call);
void entity_abandon(struct engine *engine, struct call *call);
/* turn_answer.c, activity_answer.c */
void turn_complete(struct engine *engine, struct call *call);
void turn_abandon(struct engine *engine, struct call *call);
void activity_complete(struct engine *engine, struct call *call);
void activity_abandon(struct engine *engine, struct call *call);

#endif
