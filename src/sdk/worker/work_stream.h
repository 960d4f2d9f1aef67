/* SPDX-License-Identifier: MIT */
/* work_stream.h — the stream that work items come by: Hello, then GetWorkItems, and again after a random,
 * doubling pause for as long as the worker lives. A stream on which nothing was heard for too long is taken
 * for dead. spec/durable-task-protocol.md 2.9, the row of .NET. On the channel's thread. Hands each item to
 * the pools; never looks into it. */
#ifndef SDK_WORKER_WORK_STREAM_H
#define SDK_WORKER_WORK_STREAM_H

#include "base/status.h"

struct dt_worker;

/* Prepares the worker's job `begin`, which opens the first stream, and its timers. Before the channel is
 * made. */
void sdk_work_stream_init(struct dt_worker *worker);
/* Ends the stream; the worker opens no other, because w->stop_begun. */
void sdk_work_stream_end(struct dt_worker *worker);
/* Drops the connection if an item could not be taken, so that it comes again, or if stream after stream on it
 * brought nothing. Between two rounds. */
void sdk_work_stream_recover(struct dt_worker *worker);
/* For the channel's on_lost. `context`: the worker. */
void sdk_work_stream_on_lost(void *context, enum status status, const char *why);

#endif
