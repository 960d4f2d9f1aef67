/* SPDX-License-Identifier: MIT */
/* stream.h — GetWorkItems streams: what each worker wants, may hold, and holds (spec 2.9-2.13).
 * A stream that is gone gives back what it held. A worker that opens a second stream has lost its first: that
 * one is ended (same worker id), or rests and is emptied after a grace (no worker id, but the same request on
 * the same connection: a Java worker leaks streams). A stream that rests is used again once the newer one is
 * gone. Called by engine.c (open, closed, pause) and dispatch.c (choose). */
#ifndef CORE_TASK_STREAM_H
#define CORE_TASK_STREAM_H

#include "core/task/engine_state.h"
#include "core/task/work_class.h"

void stream_open(struct engine *engine, struct hub *hub, uint64_t number, struct bytes message,
                 const struct engine_worker *worker);
void stream_closed(struct engine *engine, struct stream *stream);
void stream_pause(struct engine *engine, struct stream *stream, bool paused);
/* `size` bytes were sent: the next ping is an interval away. */
void stream_sent(struct engine *engine, struct stream *stream, size_t size);
/* The least loaded stream that may have an item of this queue now, or NULL. Streams whose filters name the
 * item come before those that take everything, for as long as one of them reads and has room. `size`: bytes of
 * its message; only one that takes as much, or can fetch the history itself. In one input a stream gets no more than
 * a burst: the caller must have the chance to pause it before its reader's slowness becomes our memory. */
struct stream *stream_choose(const struct engine *engine, struct hub *hub, const struct queue *queue,
                             size_t size);
/* True if workers of this queue are connected, and none of them can be given a message of that size. */
bool stream_too_large(const struct hub *hub, const struct queue *queue, size_t size);
/* A worker of this hub answered for that token (empty: it named none), in time or not: it is alive (stall.h). */
void stream_answered(struct engine *engine, struct hub *hub, struct bytes token);
/* True if the worker takes such items at all, busy or not. */
bool stream_serves(const struct stream *stream, const struct queue *queue);
/* True if some connected worker would take a turn of that name, now or later. */
bool stream_wanted(const struct hub *hub, struct bytes name, struct bytes version);
/* How work of that kind and subject, which waits, stands with the workers of its hub. */
enum standing_work stream_standing(const struct hub *hub, enum work_kind kind,
                                   const struct work_subject *subject);
/* Frees the object; what it holds must be gone. */
void stream_destroy(struct engine *engine, struct stream *stream);

#endif
