/* SPDX-License-Identifier: MIT */
/* turn_answer.h — the OrchestratorResponse of a turn that is over.
 * Called once by the turn, last. Sends the actions that the history does not hold and, if the orchestration
 * is over, its completion, numbered after everything that either side has numbered. */
#ifndef SDK_TURN_TURN_ANSWER_H
#define SDK_TURN_TURN_ANSWER_H

#include "sdk/turn/context.h"

/* Encodes the response into `out`, in parts if it is larger than the options allow; ctx->status is NO_MEMORY if that failed. Not to be left from: comes back
 * by itself.
 */
void sdk_turn_answer(struct dt_context *ctx, struct bytes completion_token, struct buf *out,
                     struct sdk_turn_parts *ret_parts);

#endif
