/* SPDX-License-Identifier: MIT */
/* rewind.h — the turn in which a service asks the worker to rewind an orchestration that has failed.
 * Some services rewrite the history themselves and only run the orchestration again; others send the old history with
 * its completion and an ExecutionRewound, and expect the new history as the answer. Called by the turn, before the
 * orchestrator, which is not run then. spec/durable-task-protocol.md 3.14. */
#ifndef SDK_TURN_REWIND_H
#define SDK_TURN_REWIND_H

#include "sdk/turn/context.h"

/* True: this turn is a rewind. */
bool sdk_rewind_asked(const struct dt_context *ctx);
/* Encodes the answer with the new history into `out`; ctx->status is NO_MEMORY if that failed. Not to be left from: comes
 * back by itself. */
void sdk_rewind_answer(struct dt_context *ctx, struct bytes completion_token, struct buf *out);

#endif
