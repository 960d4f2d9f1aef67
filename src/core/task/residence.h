/* SPDX-License-Identifier: MIT */
/* residence.h — what stays in memory: instance objects, histories and large payloads, least recently used out first.
 * Nothing uncommitted leaves: reading it back would find the old. Writes the residence lists of the engine
 * and residence_link, history_link of instances. */
#ifndef CORE_TASK_RESIDENCE_H
#define CORE_TASK_RESIDENCE_H

#include "core/task/engine_state.h"

/* Puts the instance on the lists it belongs to now. For whoever changed what they depend on: status, history,
 * payloads, the state of its turn, and who needs it (pins, waiters, activities, commits, fetches). The last thing
 * done with an instance, since it judges what it finds. Frees nothing: that is residence_trim's. */
void residence_place(struct engine *engine, struct instance *instance);
/* Takes it off all of them. */
void residence_remove(struct engine *engine, struct instance *instance);
/* It was asked for: young again. */
void residence_used(struct engine *engine, struct instance *instance);
/* Its history is about to be used or changed: not idle until residence_place. */
void residence_use_history(struct engine *engine, struct instance *instance);
/* Its payloads are about to change: not counted until residence_place. */
void residence_use_payloads(struct engine *engine, struct instance *instance);
typedef void residence_free(struct engine *engine, struct instance *instance);
/* At the end of an input: frees strays, and what is over the limits; objects by `free_object` (instance_destroy), which
 * takes them off all lists. */
void residence_trim(struct engine *engine, residence_free *free_object);

#endif
