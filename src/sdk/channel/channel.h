/* SPDX-License-Identifier: MIT */
/* channel.h — the input/output thread of a client or worker: one connection at a time to the service, and the
 * calls on it. Connects when there is something to do, reconnects with random, doubling pauses, repeats calls
 * where that is safe, and enforces deadlines. Portable: poll(2) and a pipe. Never decodes a message.
 *
 * Threads. sdk_channel_call, _post and _wake: any. Everything else marked "loop": only from jobs, timers and
 * `on_loop`, which run on the channel's thread between two rounds of input/output. Callbacks of calls run on
 * that thread too, within a round: they may start calls and post jobs, but not call "loop" functions. */
#ifndef SDK_CHANNEL_CHANNEL_H
#define SDK_CHANNEL_CHANNEL_H

#include "base/list.h"
#include "sdk/channel/channel_types.h"
#include "sdk/channel/timer.h"

/* Something to run on the channel's thread, embedded in its owner; not to be posted again before it ran. */
struct sdk_job {
    struct list link;
    void (*run)(void *context);
    void *context;
};

/* Makes the channel and starts its thread. NO_MEMORY; INTERNAL: no thread, pipe or entropy; INVALID_ARGUMENT:
 * ca_file. */
STATUS_RESULT sdk_channel_create(const struct sdk_channel_options *options, struct sdk_channel **ret_channel,
                                 struct err *err);
/* Ends all calls with CANCELLED, stops and joins the thread, frees. NULL allowed. Not from the channel's
 * thread. */
void sdk_channel_destroy(struct sdk_channel *ch);
/* True on the channel's own thread. */
bool sdk_channel_is_own_thread(const struct sdk_channel *ch);

/* Starts a call. Takes the content of `request`, also on failure. `ret_id`: NULL allowed. NO_MEMORY, or
 * CANCELLED while the channel is being destroyed: on_done will not be called. */
STATUS_RESULT sdk_channel_call(struct sdk_channel *ch, const struct sdk_call_options *options,
                               struct buf *request, uint64_t *ret_id);
/* Runs the job in the next round, in order; drops it if the channel is being destroyed. */
void sdk_channel_post(struct sdk_channel *ch, struct sdk_job *job);
/* Makes another round. Async-signal-safe. */
void sdk_channel_wake(struct sdk_channel *ch);

/* Loop. Ends a call with CANCELLED; nothing if it has ended. */
void sdk_channel_cancel(struct sdk_channel *ch, uint64_t id);
/* Loop. Closes the connection as if it had broken. */
void sdk_channel_drop(struct sdk_channel *ch, const char *why);

#endif
