/* SPDX-License-Identifier: MIT */
/* ending.h — how an instance ends: by its own completion, or by force.
 * Either way: its parent is told, its inbox and timers go, a recursive terminate reaches its children, and
 * whoever waited for it is answered when all that is committed (spec 3.8, 3.10, 3.12). */
#ifndef CORE_TASK_ENDING_H
#define CORE_TASK_ENDING_H

#include "core/task/engine_state.h"
#include "core/task/orphans.h"

struct ending {
    enum instance_status status; /* terminal */
    struct pb_opt_bytes output;
    struct pb_opt_bytes failure; /* an encoded TaskFailureDetails; FAILED only */
};

/* Ends a live instance whose history already holds its ExecutionCompleted. Activities that are still there
 * run on, and their results go nowhere; the caller has dropped those that must not. */
void ending_apply(struct engine *engine, struct instance *instance, const struct ending *ending);
/* Ends a live instance without a worker: writes the events itself. `cause` is an encoded event to record in
 * front of the completion (an ExecutionTerminated), or empty. */
void ending_force(struct engine *engine, struct instance *instance, const struct ending *ending,
                  struct bytes cause);
/* Tells of the current execution, which is over, as spans, if the options want that. `more` is history that was not
 * appended; `status` the word for how it ended. Before the instance loses its history. */
void ending_trace(struct engine *engine, struct instance *instance, struct bytes more, const char *status,
                  bool failed);
/* Appends ExecutionCompleted to a blob. */
void ending_append_completed(struct buf *blob, int32_t event_id, const struct ending *ending,
                             int64_t timestamp_ns);
/* Ends a live instance as terminated, without a worker. `recurse`: its children, too. */
void ending_terminate(struct engine *engine, struct instance *instance, struct pb_opt_bytes output,
                      bool recurse);
/* Asks a live instance to end. If no worker can take it, the engine ends it: at once if it never started, or
 * after options.terminate_wait_ns. */
void ending_ask(struct engine *engine, struct instance *instance, struct pb_opt_bytes output, bool recurse);
/* The same of those that still live, recursively. */
void ending_ask_orphans(struct engine *engine, const struct orphans *orphans, struct pb_opt_bytes output);
/* Starts that wait for a loaded instance that has an ExecutionTerminated in its inbox. */
void ending_watch_terminate(struct engine *engine, struct instance *instance);

#endif
