/* SPDX-License-Identifier: MIT */
/* start_fate.h — a start happens once, although its answer may be lost.
 *
 * A StartInstance that is sent twice may run twice: the first may have ended meanwhile, and an ended instance is
 * replaced. So every start carries an execution id of its own (CreateInstanceRequest.executionId, spec 3.2), and when the
 * connection breaks after the request was written, the client looks before it sends again:
 *
 *   sent ──connection lost──► look ──it is there, and ours──────────────────► OK
 *    ▲                         ├─────it is there, and may be ours────────────► UNAVAILABLE, "may or may not have been done"
 *    └──── sent once more ◄────┴─────it is not there, or was there before us
 *
 * Our scheduler answers a start whose execution id it already has with OK and does nothing, so that a request which was
 * still on its way when the client looked does no harm either. */
#ifndef SDK_CLIENT_START_FATE_H
#define SDK_CLIENT_START_FATE_H

#include "sdk/client/operation.h"

enum sdk_start_verdict {
    SDK_START_DONE,     /* what is there is what this start made */
    SDK_START_NOT_DONE, /* nothing is there, or what is there was there before */
    SDK_START_UNKNOWN,  /* somebody made it at about the same time, and the service does not say who */
};

/* What was found under the start's instance id. Pure. `state`: NULL: nothing. */
enum sdk_start_verdict sdk_start_judge(const struct sdk_start *start,
                                       const struct pb_orchestration_state *state);

/* Keeps the encoded request for another time. NO_MEMORY. */
STATUS_RESULT sdk_start_keep(struct sdk_operation *op, struct bytes request, int64_t timeout_ns);
/* Begins to find out whether an operation whose connection broke was done; it ends the operation some time later. False:
 * there is no time or memory for that, and nothing has happened. On the channel's thread. */
bool sdk_start_look(struct sdk_operation *op);

#endif
