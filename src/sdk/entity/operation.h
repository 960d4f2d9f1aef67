/* SPDX-License-Identifier: MIT */
/* operation.h — one run of an operation of an entity, as the user's function sees it, and what it leaves behind.
 * Owned by the batch that runs it (batch.h); all memory is in the batch's arena. What the function calls is public
 * (include/durabletask.h); the batch reads the rest. One thread at a time. */
#ifndef SDK_ENTITY_OPERATION_H
#define SDK_ENTITY_OPERATION_H

#include <stdatomic.h>

#include "base/arena.h"
#include "durabletask.h"
#include "wire/pb/orchestrator_service.pb.h"

/* What operations change, and what one that fails leaves as it was. */
struct sdk_entity_effects {
    struct pb_opt_bytes state; /* absent: none */
    struct pb_operation_action *actions;
    size_t action_count;
    size_t action_capacity;
};

struct dt_operation {
    struct arena *arena;
    const atomic_bool *stopping;
    struct dt_entity_id entity;
    const char *name;
    const char *caller; /* NULL: a signal */
    struct sdk_entity_effects effects;
    struct pb_opt_bytes result;
    struct pb_task_failure_details *failure; /* NULL: it succeeds */
    bool refused;                            /* an argument was: the failure stays */
    bool no_memory;
};

#endif
