/* SPDX-License-Identifier: MIT */
/* call.h — client calls: what one needs, and when it may be answered.
 *
 *      RUNNING ──► DONE          answered at once
 *         │ ▲  └──► HELD ──► DONE        the answer waits for a commit (core/task/gate.h)
 *         │ │  └──► WAITING ─► HELD      until an instance starts or ends
 *         ▼ │
 *       FETCHING                 an instance or history it needs is not resident (WAITING may end here, too)
 *
 * A method is a function that may be run again from the start: it asks for everything it needs, returns if
 * something is missing, and changes nothing before it has all. What it asked for stays resident until it is
 * done. */
#ifndef CORE_TASK_CALL_H
#define CORE_TASK_CALL_H

#include "core/task/engine_state.h"

/* Runs a call to its first stop. `method` outlives it. */
void call_start(struct engine *engine, const struct call_method *method, uint32_t hub, uint64_t number,
                struct bytes message);
/* The instance object of that id (perhaps with status NONE), or NULL: it is being fetched, and the method
 * must return when it has asked for everything else. */
struct instance *call_need(struct engine *engine, struct call *call, struct bytes instance_id);
/* True if the history is resident; otherwise as above. */
bool call_need_history(struct engine *engine, struct call *call, struct instance *instance);
/* True if all payloads are resident; otherwise as above. */
bool call_need_payloads(struct engine *engine, struct call *call, struct instance *instance);
/* True if something asked for is missing. */
static inline bool call_missing(const struct call *call)
{
    return call->fetches > 0;
}
/* The final answer; it leaves when the set `sequence` is committed (0: at once). Bytes are copied. */
void call_reply(struct engine *engine, struct call *call, struct bytes message, uint64_t sequence);
void call_fail(struct engine *engine, struct call *call, enum status status, const char *text,
               uint64_t sequence);
/* One chunk in front of the final answer; both get the same `sequence`. */
void call_chunk(struct engine *engine, struct call *call, struct bytes message, uint64_t sequence);
/* Parks the call. `on_moved` runs whenever the instance's status has changed: it answers, has the method run
 * again (call_run_again), or does nothing, and then the call stays parked. */
void call_wait(struct call *call, struct instance *instance,
               void (*on_moved)(struct engine *engine, struct call *call));
/* From `on_moved`: the method runs again before the input ends, since it needs more than was resident. */
void call_run_again(struct engine *engine, struct call *call);
/* The instance's status changed: those who wait for it are told. */
void call_wake(struct engine *engine, struct instance *instance);
/* What they were fetching has come: they run before the input ends. */
void call_fetched(struct engine *engine, struct instance *instance);
/* The history cannot be had: they fail. */
void call_history_lost(struct engine *engine, struct instance *instance);
/* Runs the calls that call_fetched made ready. */
void call_run_ready(struct engine *engine);
/* Forgets it. */
void call_cancel(struct engine *engine, struct call *call);
/* The newest set that holds anything: for answers that follow from more than one instance. */
uint64_t call_sequence_now(const struct engine *engine);

#endif
