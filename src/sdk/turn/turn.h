/* SPDX-License-Identifier: MIT */
/* turn.h — runs one turn of one orchestration: replays the history and answers with actions.
 * A pure function of the request and of the user's orchestrator: no clock, no socket, no lock. The worker's
 * turn threads call it; tests feed it histories made by hand.
 *
 * How it works. The orchestrator function runs from its top. The history is not looked up but lived through:
 * when the function awaits a task, events are applied one by one, in their order, until that task has ended;
 * if the events run out first, the function is left by longjmp. So the function sees at each of its lines
 * exactly what it saw the first time, also in when-any races and when it polls a task's state. */
#ifndef SDK_TURN_TURN_H
#define SDK_TURN_TURN_H

#include "base/arena.h"
#include "durabletask.h"
#include "sdk/turn/turn_options.h"
#include "wire/pb/orchestrator_service.pb.h"

enum sdk_turn_end {
    SDK_TURN_RESPOND, /* send `response` */
    SDK_TURN_ABANDON  /* give the work item back: its version is for another worker */
};

/* Runs the turn. `ret_parts`: NULL allowed where the options set no answer_size_max. `arena` holds all that the turn allocates; `request` and what it points to must outlive the
 * call. On OK and SDK_TURN_RESPOND `response` holds an encoded OrchestratorResponse. NO_MEMORY: the arena or
 * the system has no more; FAILED_PRECONDITION: the history has no ExecutionStarted. Give the item back then.
 * Deferred functions have run in every case. */
STATUS_RESULT sdk_turn_run(const struct sdk_turn_options *options, struct arena *arena,
                           const struct pb_orchestrator_request *request, struct bytes completion_token,
                           struct buf *response, struct sdk_turn_parts *ret_parts, enum sdk_turn_end *ret_end,
                           struct err *err);

#endif
