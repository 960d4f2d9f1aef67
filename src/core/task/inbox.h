/* SPDX-License-Identifier: MIT */
/* inbox.h — events that wait for an instance, in the order in which they became visible.
 *
 * An event is LATER (a timer, a scheduled start: it has an alarm), VISIBLE (in instance.inbox), or TAKEN
 * (part of an outstanding delivery, in turn.taken). It leaves for good when a turn that took it commits, or
 * with its execution. ExecutionStarted has no row: it is the payload STARTED, and waits exactly while the
 * execution has no history. Writes instance.inbox, later, inbox_controls, terminating. */
#ifndef CORE_TASK_INBOX_H
#define CORE_TASK_INBOX_H

#include "core/task/engine_state.h"

/* An encoded event without timestamp (core/task/event.h). `tagged`: only for the current execution. Not
 * before `visible_ns`. */
void inbox_add(struct engine *engine, struct instance *instance, struct bytes event, bool tagged,
               int64_t visible_ns);
/* The event of the payload STARTED, in front of all others; visible from row.scheduled_ns on. */
void inbox_add_started(struct engine *engine, struct instance *instance);
/* The payload STARTED has been replaced: its event, if it still waits, is the new one. */
void inbox_started_changed(struct instance *instance);
/* A row from the store. False if it belongs to another execution and is to be forgotten. */
bool inbox_load(struct engine *engine, struct instance *instance, const struct inbox_row *row);
/* True if a turn could take something now (suspension included, spec 3.11). */
bool inbox_ready(const struct engine *engine, const struct instance *instance);
/* Queues a turn if there is something for one and none is under way. For whoever gave the instance an event, made one
 * visible or durable, or ended its turn. Its history is no longer idle then. */
void inbox_turn_due(struct engine *engine, struct instance *instance);
/* Moves to `taken` what a turn may have: all that is visible and durable; while suspended only what ends that
 * (and what was held, behind a resume). Stops before `size_max` bytes, counting `overhead` besides each
 * event, but takes at least one. */
void inbox_take(struct engine *engine, struct instance *instance, struct list *taken, size_t size_max,
                size_t overhead);
/* Puts taken events back where they were. */
void inbox_untake(struct instance *instance, struct list *taken);
/* Deletes committed events with their rows. */
void inbox_delete(struct engine *engine, struct inbox_event *event);
/* Drops everything, in memory only: the caller writes WRITE_INBOX_CLEAR or deletes the instance. */
void inbox_drop_all(struct engine *engine, struct instance *instance);
/* For continue-as-new: moves what is not tagged to `ret_kept` and drops the rest, in memory only. */
void inbox_detach_untagged(struct engine *engine, struct instance *instance, struct list *ret_kept);
/* Puts them back under new row numbers, behind what was added since. */
void inbox_attach(struct engine *engine, struct instance *instance, struct list *kept);

#endif
