/* SPDX-License-Identifier: MIT */
/* rewind.h — an instance that failed goes on from where it was (spec 3.14).
 *
 * The service rewrites the history itself (rewind_plan.h) and has the orchestrator replay what is left: so no worker has
 * to know of rewinds, and those of Java and Go, which fail at the sight of one, are not shown it (turn.c). The
 * ExecutionRewound goes into the inbox like any event and is in the history once its turn is committed. A worker that
 * rewrites the history of its instance, as those of Python and JavaScript can, is taken at its word.
 *
 * Children. One that failed is rewound, and those below it; one that was purged or terminated is started again; one that
 * completed meanwhile, and one that still runs, answer the new execution. Either all of it happens or nothing: it is
 * collected first, level by level, and then done in one go. Called by engine.c (the method), turn_answer.c and
 * turn_commit.c (the worker's action). */
#ifndef CORE_TASK_REWIND_H
#define CORE_TASK_REWIND_H

#include "core/task/engine_state.h"
#include "core/task/rewind_plan.h"

struct rewind_item;
/* Instances to rewind, parents before their children. Zeroed, it is empty. */
struct rewind {
    struct rewind_item *items; /* in scratch */
    size_t count;
    size_t room;
    struct map seen; /* by map_key */
};

/* What a worker's action asks for. Its history as a blob, in scratch. */
struct bytes rewind_action_history(struct engine *engine,
                                   const struct pb_rewind_orchestration_action *action);
/* Collects `root`, whose history is `history`, and all that goes with it. Asks for what is not resident, and then
 * call_missing says so: run it again. MALFORMED: a history cannot be read. `ret_rewind` must be ended in any case. */
STATUS_RESULT rewind_collect(struct engine *engine, struct call *call, struct instance *root,
                             struct bytes history, struct rewind *ret_rewind);
/* Does it. The root is live or has failed; its turn is over. */
void rewind_apply(struct engine *engine, struct rewind *rewind, struct pb_opt_bytes reason);
void rewind_fini(struct rewind *rewind);

#endif
