/* SPDX-License-Identifier: MIT */
/* instance.h — instances as objects. What happens to them is in instance_life.h, their history and payloads in
 * instance_past.h, their end in ending.h.
 *
 * There is one object per id that somebody cares about, also while no such instance exists (status NONE): a
 * Wait may be parked on it, or its deletion not yet be committed. All instances that have not ended are
 * resident. Others are kept while used, then least recently used first. Nothing is freed before the end of an
 * input, so pointers are good during one. */
#ifndef CORE_TASK_INSTANCE_H
#define CORE_TASK_INSTANCE_H

#include "core/task/engine_state.h"

/* The resident object, or NULL: by id, and by the key of its row, which it has once it exists. */
struct instance *instance_find(const struct engine *engine, uint32_t hub, struct bytes id);
struct instance *instance_find_by_key(const struct engine *engine, int64_t key);
/* The object, made if there is none. `*ret_fetch`: it was, and must be fetched before it is known. */
struct instance *instance_obtain(struct engine *engine, uint32_t hub, struct bytes id, bool *ret_fetch);
/* The object for an id that nobody can have used yet. */
struct instance *instance_obtain_fresh(struct engine *engine, uint32_t hub, struct bytes id);
static inline bool instance_exists(const struct instance *instance)
{
    return instance->row.status != INSTANCE_NONE;
}
static inline bool instance_live(const struct instance *instance)
{
    return instance_exists(instance) && !instance_status_terminal(instance->row.status);
}

/* The only writers of what several modules decide. Of the row, the caller sees to it that it is put (gate_put). */
/* row.updated_ns: when something last happened to it, since 1970. */
void instance_updated(struct instance *instance, int64_t at_ns);
/* row.suspended: its history has a suspend without a resume, so a turn is told only what ends that. */
void instance_set_suspended(struct instance *instance, bool suspended);
/* suspend_wanted: the last suspend or resume that was accepted, in its history or not yet. */
void instance_want_suspended(struct instance *instance, bool suspended);
/* terminate_recurse: when it ends, its children are terminated. */
void instance_set_recurse(struct instance *instance, bool recurse);
/* history_resident: all of the history is in memory, also if that is nothing. */
void instance_note_history(struct instance *instance, bool resident);
/* history_resident goes: the history is read again when it is needed. It must not be on the list of idle ones, and
 * must be committed, unless it is deleted. */
void instance_forget_history(struct instance *instance);

/* The instance was started by that task of `parent`, in whichever execution. */
bool instance_is_child(const struct instance *instance, const struct instance *parent, int32_t task_id);
/* The decoded ExecutionStarted of the current execution, without its input, in scratch. */
struct pb_execution_started_event *instance_started(struct engine *engine, const struct instance *instance);

/* A payload must not be looked at while it is left out. */
bool instance_payloads_resident(const struct instance *instance);
/* History and payloads are resident. */
bool instance_loaded(const struct instance *instance);
/* It is resident, large, and can be fetched again. */
bool instance_payload_may_leave(const struct engine *engine, const struct instance *instance,
                                enum payload_kind kind);
/* Asks for those that are left out, if nobody has yet. */
void instance_want_payloads(struct engine *engine, struct instance *instance);
/* A timestamp for a new event: now, but never before an earlier one. */
int64_t instance_stamp(struct engine *engine, struct instance *instance);
/* Asks for the history, if nobody has yet. */
void instance_want_history(struct engine *engine, struct instance *instance);
/* Asks for what is wanted and on disk, if nobody has yet. For whoever saw its set committed, or got an answer that was too
 * old. */
void instance_fetch_history(struct engine *engine, struct instance *instance);
void instance_fetch_payloads(struct engine *engine, struct instance *instance);
/* Copies `from` and frees what was there. */
void instance_replace_payload(struct payload *to, struct owned_bytes *owner, struct payload from);
/* Its gate_waiter's, in instance_life.c: its newest rows are on disk. */
void instance_committed(struct engine *engine, struct gate_waiter *waiter);

#endif
