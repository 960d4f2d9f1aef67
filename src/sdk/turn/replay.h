/* SPDX-License-Identifier: MIT */
/* replay.h — the history of a turn, lived through event by event.
 * Called by the turn, and by whatever an orchestrator awaits with. Knows what each kind of event does to a
 * running, a suspended and an ended orchestration (spec/durable-task-protocol.md 3.3-3.12, 3.23); kinds that mean
 * nothing to an orchestration (the mark of a rewind) are passed over. Never reads ahead: nothing acts before its place in
 * the order. */
#ifndef SDK_TURN_REPLAY_H
#define SDK_TURN_REPLAY_H

#include "sdk/turn/context.h"

/* Event number `index` of the past ones, then the new ones. Below ctx->event_count. */
const struct pb_history_event *sdk_replay_event_at(const struct dt_context *ctx, size_t index);
/* The first ExecutionStarted; NULL: the history has none. */
const struct pb_history_event *sdk_replay_find_started(const struct dt_context *ctx);
/* Applies the next event, or one held back while suspended. False: there is none. Leaves on termination and
 * where history and code disagree. */
bool sdk_replay_advance(struct dt_context *ctx);
/* What the rest of the events says to an orchestration that has just ended or continued as new: recorded
 * actions must still be the code's, and a termination or suspension in the same batch comes before a
 * continue-as-new. Not to be left from: comes back by itself. */
void sdk_replay_settle(struct dt_context *ctx);

#endif
