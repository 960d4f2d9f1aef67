/* SPDX-License-Identifier: MIT */
/* backend_words.h — what a host with an engine of its own says (BackendService, spec 1.6), in the words of a worker. Pure.
 *
 * Such a host, as Durable Functions is, has turned its decisions into history already. Each event that records a decision
 * is the action of a worker again here, so that one engine carries them out and writes the same history. What else it
 * sends, tasks, timers and messages, follows from these, and is not looked at. Results point into what was decoded; all is
 * in the arena. Called by svc/scheduler. */
#ifndef CORE_TASK_BACKEND_WORDS_H
#define CORE_TASK_BACKEND_WORDS_H

#include "base/arena.h"
#include "wire/pb/backend_service.pb.h"

/* CompleteOrchestrationWorkItem as CompleteOrchestratorTask. MALFORMED. */
STATUS_RESULT backend_words_turn(struct arena *arena, struct bytes message,
                                 struct pb_orchestrator_response *ret_response);
/* CompleteActivityWorkItem as CompleteActivityTask. MALFORMED; INVALID_ARGUMENT: the event is no outcome of a task. */
STATUS_RESULT backend_words_activity(struct arena *arena, struct bytes message,
                                     struct pb_activity_response *ret_response);
/* An event for an instance as the call that raises it: the method, and its request, encoded. INVALID_ARGUMENT: clients
 * cannot raise such an event. */
STATUS_RESULT backend_words_event(struct arena *arena, struct bytes instance_id,
                                  const struct pb_history_event *event,
                                  enum pb_task_hub_sidecar_service_method *ret_method,
                                  struct bytes *ret_request);

#endif
