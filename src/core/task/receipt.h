/* SPDX-License-Identifier: MIT */
/* receipt.h — which operations clients have already sent: one that is sent again is one operation (performance.md section 3,
 * invariant 5).
 *
 * A client names each signal by an id of its own, and sends the same once more when it does not learn what became of it, for
 * instance since the server was killed in between. So an accepted id is written down in the same write set as the operation,
 * and outlives it. Not for ever: the newest options.receipts_max of the last options.receipt_keep_ns are remembered, over
 * all hubs of an engine; of what is older a few may still be known, since they are dropped many at a time.
 *
 * Writes engine.receipts, receipt_order, receipt_count. Called by entity_call.c, engine.c and engine_load.c. */
#ifndef CORE_TASK_RECEIPT_H
#define CORE_TASK_RECEIPT_H

#include "core/task/engine_state.h"

#define RECEIPT_ID_SIZE_MAX 128 /* bytes of a request's id, which is a GUID; longer ones are refused */

void receipt_init(struct engine *engine);
void receipt_fini(struct engine *engine);
/* True if that request for that entity is new; then it is remembered, in the open set. An empty id is always new, and not
 * remembered. The id has at most RECEIPT_ID_SIZE_MAX bytes. */
bool receipt_take(struct engine *engine, uint32_t hub, struct bytes entity_id, struct bytes request_id);
/* A row from the store; they come in the order of their sequence. */
void receipt_load(struct engine *engine, const struct receipt_row *row);
/* The hub is cleared or deleted; the store drops its rows by itself. */
void receipt_forget_hub(struct engine *engine, uint32_t hub);
/* What must hold between two inputs; aborts if it does not. */
void receipt_check(const struct engine *engine);

#endif
