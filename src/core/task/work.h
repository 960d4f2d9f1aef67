/* SPDX-License-Identifier: MIT */
/* work.h — what a worker can be asked to do, as a state machine: a turn of an instance, or an activity.
 *
 *              enqueue           send            finish
 *      IDLE ───────────► QUEUED ───────► OUT ──────────────► IDLE
 *                        ▲ │  ▲            │ │
 *               loaded   │ │  │ end of     │ │ lose (a turn's first time: back to QUEUED)
 *                        │ ▼  │ the wait   ▼ ▼
 *                     LOADING └──── DELAYED GRACE
 *                                   abandon
 *
 * A lease lasts as long as the stream that got the work: there is no renewal in the protocol, and an activity
 * may run for hours (spec 2.11). There is a very long upper bound besides; when it is reached, the worker gets
 * nothing more until it has answered something (stream.h). The token of a delivery answers
 * for the work until the work is finished, abandoned or sent again, so a late answer still counts.
 *
 * Pure bookkeeping: what the work is about is known to its class (work_class.h). work_move is the only writer of
 * the state. */
#ifndef CORE_TASK_WORK_H
#define CORE_TASK_WORK_H

#include "core/task/work_class.h"

void work_init(struct work *work, const struct work_class *class);
/* True if the table of work.c has that move. */
bool work_move_allowed(enum work_state from, enum work_state to);
/* IDLE, LOADING, GRACE, DELAYED -> QUEUED. `first`: in front of the others. */
void work_enqueue(struct engine *engine, struct work *work, bool first);
/* QUEUED -> LOADING */
void work_load(struct engine *engine, struct work *work);
/* Gives the work a new token, which ends the old one. Before the work item is built. */
void work_new_token(struct engine *engine, struct work *work);
/* QUEUED -> OUT */
void work_send(struct engine *engine, struct work *work, struct stream *stream);
/* OUT -> GRACE, or QUEUED at once for a turn that is lost for the first time: the stream is gone, or the lease
 * ran too long. */
void work_lose(struct engine *engine, struct work *work);
/* Any but IDLE -> DELAYED, longer each time; the token is void. By the worker, or by us when the work cannot
 * be sent. */
void work_abandon(struct engine *engine, struct work *work);
/* Like work_abandon, for a turn that no connected worker's messages hold: stream_open may queue it earlier. */
void work_shelve(struct engine *engine, struct work *work);
/* Any -> IDLE: answered, or not wanted any more. Counters start again. */
void work_finish(struct engine *engine, struct work *work);
/* The work that `token` answers for, or NULL. */
struct work *work_by_token(const struct engine *engine, struct bytes token);
/* The same, if it is of that class and hub: a token of another one answers nothing. */
struct work *work_find(const struct engine *engine, const struct work_class *class, uint32_t hub,
                       struct bytes token);
/* OUT or GRACE, or queued again but not yet sent again: an answer is still accepted. */
bool work_answerable(const struct work *work);

#endif
