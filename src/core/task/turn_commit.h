/* SPDX-License-Identifier: MIT */
/* turn_commit.h — what a worker's answer to a turn changes (spec 3.3-3.5).
 * Called by turn_answer.c when everything that the answer touches is resident: nothing is asked for here, and
 * nothing fails. All of it goes into one write set. */
#ifndef CORE_TASK_TURN_COMMIT_H
#define CORE_TASK_TURN_COMMIT_H

#include "core/task/engine_state.h"
#include "core/task/rewind.h"

/* An answer, put together from its parts. */
struct turn_answer {
    const struct pb_orchestrator_action *const *actions;
    size_t count;
    const struct pb_orchestrator_response *last; /* the final part */
    int32_t processed;                           /* events, 0: all */
    const struct pb_orchestration_trace_context *trace_context;
    struct rewind *rewind; /* the answer is a new history of the instance; NULL: it is not */
    bool unreadable;       /* it is meant to be one, and is none */
};

/* Commits the answer to the turn that is out, or was. The turn is over afterwards. */
void turn_commit(struct engine *engine, struct instance *instance, const struct turn_answer *answer);

#endif
