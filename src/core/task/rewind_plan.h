/* SPDX-License-Identifier: MIT */
/* rewind_plan.h — what a rewind leaves of a history (spec 3.14), as a decision: bytes in, bytes out, no engine.
 *
 * Gone are each failure with the activity that failed, activities without a result, whose results nobody took, the
 * failures of children, calls and locks of entities that were not answered, and ExecutionCompleted. A child stays as created: whoever carries the plan out sees to it that
 * it is answered again. All else stays as it was committed, earlier ExecutionRewound included.
 *
 * A failure that was followed by another attempt under the same id was dealt with by the orchestrator, and stays: the
 * Python SDK tries an activity again under its task's id, those of JavaScript and Java a child under its instance's.
 * Where an SDK tries again under new ids, nothing in a history tells the attempts from other activities, and a replay
 * of what is left may not fit it: a limit that all services share. */
#ifndef CORE_TASK_REWIND_PLAN_H
#define CORE_TASK_REWIND_PLAN_H

#include "core/task/event.h"

/* A child without an answer. */
struct rewind_child {
    int32_t task_id;
    const struct pb_sub_orchestration_instance_created_event *created;
};
/* A timer that has not fired. */
struct rewind_timer {
    int32_t id;
    struct pb_opt_time fire_at;
};
struct rewind_plan {
    struct bytes *events; /* what stays, in order */
    size_t event_count;
    struct pb_history_event *started; /* the ExecutionStarted, decoded; its body may be changed */
    size_t started_at;                /* its place in `events` */
    struct rewind_child *children;
    size_t child_count;
    struct rewind_timer *timers;
    size_t timer_count;
    struct pb_opt_bytes reason; /* of an ExecutionRewound at the very end, which is not in `events` */
    bool locked;                /* it ends in a critical section, whose locks are gone */
    bool rewound;               /* `events` has an ExecutionRewound */
    bool suspended;             /* it ends suspended */
};

/* Everything in the arena, and pointing into `history`. MALFORMED: it is no history, or has no ExecutionStarted among
 * its first two events. */
STATUS_RESULT rewind_plan_make(struct arena *arena, struct bytes history, struct rewind_plan *ret_plan);
/* The history that is left, appended to a blob, with `plan->started` as it is now. */
void rewind_plan_write(const struct rewind_plan *plan, struct buf *blob);

#endif
