/* SPDX-License-Identifier: MIT */
/* stall.h — a worker that let a lease run out: it hangs, or is busy for long, and gets no more work until it answers for
 * anything. Called by work.c, which knows of the lease, and by stream.c, which hears the answer; knows neither. Writes
 * stream.stalled, stream.lost and engine.lost. */
#ifndef CORE_TASK_STALL_H
#define CORE_TASK_STALL_H

#include "core/task/engine_state.h"

/* A lease of this token ran out. */
void stall_begin(struct engine *engine, struct stream *stream, const char *token);
/* A sign of life. */
void stall_end(struct engine *engine, struct stream *stream);
/* Nobody asks for its lost tokens any more. */
void stall_forget(struct engine *engine, struct stream *stream);

#endif
