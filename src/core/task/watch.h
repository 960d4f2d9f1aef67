/* SPDX-License-Identifier: MIT */
/* watch.h — changes of instances and entities that wait until they are on disk.
 *
 * A list of copies of rows, each with the set that holds it, oldest set first: of hubs that are watched, gate.c and
 * instance.c note each put and each deletion, and gate.c tells them when the set is committed (ENGINE_CHANGED). Knows no
 * engine's state. Pure. */
#ifndef CORE_TASK_WATCH_H
#define CORE_TASK_WATCH_H

#include "core/task/engine_types.h"

/* Notes that set `sequence` will hold the row, or, `gone`, delete it. Not before an earlier set's. */
void watch_note(struct list *changes, uint64_t sequence, const struct instance_row *row, bool gone);
/* Takes the oldest change off that is in a set up to `sequence`: its row in `arena`; NULL if there is none. */
const struct instance_row *watch_take(struct list *changes, uint64_t sequence, struct arena *arena,
                                      bool *ret_gone);
/* The same for entities, in a list of their own. */
void watch_note_entity(struct list *changes, uint64_t sequence, uint32_t hub,
                       const struct engine_entity_change *change);
const struct engine_entity_change *watch_take_entity(struct list *changes, uint64_t sequence,
                                                     struct arena *arena, uint32_t *ret_hub);
void watch_fini(struct list *changes);

#endif
