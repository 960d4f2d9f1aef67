/* SPDX-License-Identifier: MIT */
/* worker_note.h — what the log is told about workers: who came, what it takes, who went.
 * Without these lines a filter that names nothing that exists looks like a server that hangs. Text from
 * outside is shown with '?' for what is not printable, and cut. Called by stream.c and unserved.c. */
#ifndef CORE_TASK_WORKER_NOTE_H
#define CORE_TASK_WORKER_NOTE_H

#include "core/task/engine_state.h"

/* Info; a warning if its filters name neither an orchestration nor an activity. */
void worker_note_came(struct engine *engine, const struct stream *stream);
void worker_note_gone(struct engine *engine, const struct stream *stream);
/* A lease of it ran out. */
void worker_note_stalled(struct engine *engine, const struct stream *stream);
/* "worker w1 takes orchestrations: A, B (1.0, 2.0); activities: all" at the end of `out`. */
void worker_note_describe(struct buf *out, const struct stream *stream);
/* A name from outside, in quotes. */
void worker_note_name(struct buf *out, struct bytes name);

#endif
