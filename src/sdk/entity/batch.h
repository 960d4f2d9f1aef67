/* SPDX-License-Identifier: MIT */
/* batch.h — runs the operations that the service has sent for one entity, and answers with an EntityBatchResult.
 * A function of the request and of the user's operations: no socket, no lock; the clock only says when each operation
 * began and ended. Called on a thread of the worker's pool for entities, where the user's code may block; tests feed it
 * requests made by hand. spec/durable-task-protocol.md 3.23.
 *
 * The service has two encodings of a batch: flat operations (EntityBatchRequest) and history events (EntityRequest);
 * the answer is the same for both. A batch may be answered in part: the service sends the rest again. */
#ifndef SDK_ENTITY_BATCH_H
#define SDK_ENTITY_BATCH_H

#include <stdatomic.h>

#include "base/arena.h"
#include "sdk/registry.h"
#include "wire/pb/orchestrator_service.pb.h"

#define SDK_ENTITY_RESULT_SIZE_MAX                                                                           \
    ((size_t)3 << 20) /* bytes of an answer, from which on the rest is left to the next */

/* What both encodings say. */
struct sdk_entity_batch {
    struct bytes entity; /* "@name@key" */
    struct pb_opt_bytes state;
    struct sdk_entity_request *requests;
    size_t count;
};

/* Either encoding. `arena` holds the list; the rest is borrowed from the item. NO_MEMORY; INVALID_ARGUMENT: the item is
 * no batch. */
STATUS_RESULT sdk_entity_batch_of(struct arena *arena, const struct pb_work_item *work,
                                  struct sdk_entity_batch *ret_batch);

/* Runs the batch. `arena` holds all that is needed; `batch` must outlive the call. When `stopping` becomes true the rest
 * is left to the next batch, but one operation is run in any case. On OK `response` holds an encoded EntityBatchResult.
 * NO_MEMORY: give the item back; MALFORMED: the id is none of an entity. */
STATUS_RESULT sdk_entity_batch_run(const struct sdk_registry *entities, struct arena *arena,
                                   const struct sdk_entity_batch *batch, struct bytes completion_token,
                                   const atomic_bool *stopping, struct buf *response);
/* Encodes an answer in which each operation failed with `failure`, and the state is as it came. NO_MEMORY;
 * INVALID_ARGUMENT: the item is no batch. */
STATUS_RESULT sdk_entity_batch_refuse(struct arena *arena, const struct pb_work_item *work,
                                      struct pb_task_failure_details *failure, struct buf *response);

#endif
