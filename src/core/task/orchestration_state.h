/* SPDX-License-Identifier: MIT */
/* orchestration_state.h — an instance as clients see it: an OrchestrationState from its row and payloads
 * (spec 3.22). Used for one instance by core/task/read.c, for pages of them by svc/scheduler. Copies nothing.
 */
#ifndef CORE_TASK_ORCHESTRATION_STATE_H
#define CORE_TASK_ORCHESTRATION_STATE_H

#include "core/task/write_set.h"
#include "wire/pb/orchestrator_service.pb.h"

/* `payloads` has PAYLOAD_KIND_COUNT entries, or is NULL for a caller who did not ask for any. The state
 * points into all three, `ret_failure` included. */
void orchestration_state_of(const struct instance_row *row, const struct payload *payloads,
                            struct pb_task_failure_details *ret_failure,
                            struct pb_orchestration_state *ret_state);

#endif
