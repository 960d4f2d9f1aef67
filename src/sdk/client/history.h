/* SPDX-License-Identifier: MIT */
/* history.h — a history that a client has read, filled chunk by chunk on the channel's thread and immutable
 * once it has been given to the user. Owns an arena with C strings. */
#ifndef SDK_CLIENT_HISTORY_H
#define SDK_CLIENT_HISTORY_H

#include "base/bytes.h"
#include "durabletask.h"

/* An empty history, to be filled chunk by chunk. NULL: no memory. */
struct dt_history *sdk_history_create(void);
/* Appends the events of an encoded HistoryChunk. MALFORMED, NO_MEMORY. */
STATUS_RESULT sdk_history_append(struct dt_history *history, struct bytes chunk);

#endif
