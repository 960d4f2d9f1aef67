/* SPDX-License-Identifier: MIT */
/* filters.h — the names that a worker has registered, as the filters of its stream of work items: the service sends it
 * nothing else. Called when a stream is opened. spec/durable-task-protocol.md 2.12. */
#ifndef SDK_WORKER_FILTERS_H
#define SDK_WORKER_FILTERS_H

#include "sdk/worker/worker_state.h"

/* Fills `ret_filters` with views of the worker's names, in arrays of the arena's. NO_MEMORY. */
STATUS_RESULT sdk_filters_make(const struct dt_worker *worker, struct arena *arena,
                               struct pb_work_item_filters *ret_filters);

#endif
