/* SPDX-License-Identifier: MIT */
/* activity.h — runs one activity and encodes its ActivityResponse. Called on a thread of the activity pool;
 * the function it calls may block. */
#ifndef SDK_WORKER_ACTIVITY_H
#define SDK_WORKER_ACTIVITY_H

#include <stdatomic.h>

#include "base/arena.h"
#include "durabletask.h"
#include "sdk/registry.h"
#include "wire/pb/orchestrator_service.pb.h"

/* `arena` holds all that is needed; `request` must outlive the call; `stopping` is what dt_activity_stopping
 * tells. On OK `response` holds an encoded ActivityResponse. NO_MEMORY: give the item back. */
STATUS_RESULT sdk_activity_run(const struct sdk_registry *activities, struct arena *arena,
                               const struct pb_activity_request *request, struct bytes completion_token,
                               const atomic_bool *stopping, struct buf *response);

#endif
