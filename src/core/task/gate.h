/* SPDX-License-Identifier: MIT */
/* gate.h — the open write set, and what must wait for which commit.
 * Every change of durable state goes through gate_write; whatever follows from it and can be seen from
 * outside waits here until that set is committed. Who waits says what is to be done then (struct gate_waiter):
 * the gate knows none of them. Sets are numbered from 1; everything up to engine.committed is on disk. Writes engine.open, open_sequence, committed, gates and puts. */
#ifndef CORE_TASK_GATE_H
#define CORE_TASK_GATE_H

#include "core/task/engine_state.h"

void gate_init(struct engine *engine);
void gate_fini(struct engine *engine);
/* Adds a change to the open set. */
void gate_write(struct engine *engine, const struct write_op *op);
/* The instance's row will be in the open set, with the values it has at the flush. Implies gate_touch. */
void gate_put(struct engine *engine, struct instance *instance);
/* The instance has something in the open set: it is looked at again when that is committed. */
void gate_touch(struct engine *engine, struct instance *instance);
/* Forgets a pending gate_put: the instance's row is being deleted. */
void gate_drop_put(struct engine *engine, struct instance *instance);
/* `on_committed` runs in the input that reports the commit, when the waiter is off the list again. */
void gate_waiter_init(struct gate_waiter *waiter,
                      void (*on_committed)(struct engine *engine, struct gate_waiter *waiter));
/* Waits for the set of that sequence, which is not committed. list_remove(&waiter->link) ends the wait; the
 * owner does that before it frees the waiter. */
void gate_wait(struct engine *engine, struct gate_waiter *waiter, uint64_t sequence);
/* engine_flush and engine_committed. */
void gate_flush(struct engine *engine);
void gate_commit(struct engine *engine, uint64_t sequence);

#endif
