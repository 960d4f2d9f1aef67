/* SPDX-License-Identifier: MIT */
/* stream.h — GetWorkItems streams: what each worker wants, may hold, and holds (spec 2.9-2.13).
 * A stream that is gone gives back what it held. A worker that opens a second stream has lost its first: that
 * one is ended (same worker id), or rests and is emptied after a grace (no worker id, but the same request on
 * the same connection: a Java worker leaks streams). A stream that rests is used again once the newer one is
 * gone. Called by engine.c (open, closed, pause) and dispatch.c (choose). */
#ifndef CORE_TASK_STREAM_H
#define CORE_TASK_STREAM_H

#include "core/task/engine_state.h"

void stream_open(struct engine *e, struct hub *h, uint64_t number, struct bytes message,
                 struct bytes worker_id, uint64_t connection);
void stream_closed(struct engine *e, struct stream *s);
void stream_pause(struct engine *e, struct stream *s, bool paused);
/* `size` bytes were sent: the next ping is an interval away. */
void stream_sent(struct engine *e, struct stream *s, size_t size);
/* The least loaded stream that may have an item of this queue now, or NULL. Streams whose filters name the
 * item come before those that take everything, for as long as one of them reads and has room. `streaming`:
 * one that can fetch the history itself, be it busy, if there is any. In one input a stream gets no more than
 * a burst: the caller must have the chance to pause it before its reader's slowness becomes our memory. */
struct stream *stream_choose(const struct engine *e, struct hub *h, const struct queue *q, bool streaming);
/* True if some connected worker would take a turn of that name, now or later. */
bool stream_wanted(const struct hub *h, struct bytes name, struct bytes version);
/* Frees the object; what it holds must be gone. */
void stream_destroy(struct engine *e, struct stream *s);

#endif
