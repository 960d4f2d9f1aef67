/* SPDX-License-Identifier: MIT */
/* instance.h — instances: birth, history, residence, removal. Their end is in ending.h.
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
/* What the store says about a fetched object; `row` NULL: there is no such instance. */
void instance_fill(struct engine *engine, struct instance *instance, const struct instance_row *row,
                   const struct payload *payloads);
static inline bool instance_exists(const struct instance *instance)
{
    return instance->row.status != INSTANCE_NONE;
}
static inline bool instance_live(const struct instance *instance)
{
    return instance_exists(instance) && !instance_status_terminal(instance->row.status);
}

/* The only writer of the status; the move must be in the table of instance_status.h. Answers who waited. */
void instance_move(struct engine *engine, struct instance *instance, enum instance_status status);
/* The only writers of what several modules decide. Of the row, the caller sees to it that it is put (gate_put). */
/* row.updated_ns: when something last happened to it, since 1970. */
void instance_updated(struct instance *instance, int64_t at_ns);
/* row.suspended: its history has a suspend without a resume, so a turn is told only what ends that. */
void instance_set_suspended(struct instance *instance, bool suspended);
/* suspend_wanted: the last suspend or resume that was accepted, in its history or not yet. */
void instance_want_suspended(struct instance *instance, bool suspended);
/* terminate_recurse: when it ends, its children are terminated. */
void instance_set_recurse(struct instance *instance, bool recurse);
/* history_resident goes: the history is read again when it is needed. It must not be on the list of idle ones, and
 * must be committed, unless it is deleted. */
void instance_forget_history(struct instance *instance);

/* Status NONE -> PENDING. `started` becomes the execution's ExecutionStarted, its orchestrationInstance
 * included; `parent` is NULL or the live instance that waits for the result. */
void instance_create(struct engine *engine, struct instance *instance,
                     struct pb_execution_started_event *started, struct instance *parent);
/* A new execution of the same instance: history, activities, and tagged events go; the others wait behind
 * `carryover` (encoded events). `started` as above. */
void instance_renew(struct engine *engine, struct instance *instance,
                    struct pb_execution_started_event *started, const struct bytes *carryover,
                    size_t carryover_count);
/* A new execution of the same instance with a past: `blob` of `count` events, in which `started` is the
 * ExecutionStarted. What the old execution waited for goes; the events of others wait on. The caller moves the status. */
void instance_rewind(struct engine *engine, struct instance *instance,
                     struct pb_execution_started_event *started, struct bytes blob, int64_t count);
/* `parent` waits for the result of a live instance that it started in an execution before. */
void instance_adopt(struct engine *engine, struct instance *instance, struct instance *parent);
/* The instance was started by that task of `parent`, in whichever execution. */
bool instance_is_child(const struct instance *instance, const struct instance *parent, int32_t task_id);
/* Any -> NONE: deletes the rows and everything in memory. */
void instance_delete(struct engine *engine, struct instance *instance);
/* The decoded ExecutionStarted of the current execution, without its input, in scratch. */
struct pb_execution_started_event *instance_started(struct engine *engine, const struct instance *instance);

void instance_set_payload(struct engine *engine, struct instance *instance, enum payload_kind kind,
                          struct payload payload);
/* A payload must not be looked at while it is left out. */
bool instance_payloads_resident(const struct instance *instance);
/* History and payloads are resident. */
bool instance_loaded(const struct instance *instance);
/* It is resident, large, and can be fetched again. */
bool instance_payload_may_leave(const struct engine *engine, const struct instance *instance,
                                enum payload_kind kind);
/* Asks for those that are left out, if nobody has yet. */
void instance_want_payloads(struct engine *engine, struct instance *instance);
void instance_payloads_fetched(struct engine *engine, struct instance *instance,
                               const struct payload *payloads);
/* A timestamp for a new event: now, but never before an earlier one. */
int64_t instance_stamp(struct engine *engine, struct instance *instance);
/* Appends a blob of `count` events to the history and the open set. */
void instance_append_history(struct engine *engine, struct instance *instance, struct bytes blob,
                             int64_t count);
/* Asks for the history, if nobody has yet. */
void instance_want_history(struct engine *engine, struct instance *instance);
void instance_history_fetched(struct engine *engine, struct instance *instance, struct bytes blob);
/* Queues a turn if there is something for one and none is under way. For whoever gave the instance an event,
 * made one visible or durable, or ended its turn. Its history is no longer idle then. */
void instance_turn_due(struct engine *engine, struct instance *instance);
/* Detaches the children: their results have nobody to go to. */
void instance_orphan_children(struct engine *engine, struct instance *instance);
/* Frees it. */
void instance_destroy(struct engine *engine, struct instance *instance);

#endif
