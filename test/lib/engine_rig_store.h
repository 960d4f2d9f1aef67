/* SPDX-License-Identifier: MIT */
/* engine_rig_store.h — for engine_rig.c only: the store in memory that stands behind its engine. Applies write sets as
 * data and checks what any store relies on: keys exist, sequences are unique, history has no gap. Its rows are in
 * struct rig, where tests look at them. */
#ifndef LIB_ENGINE_RIG_STORE_H
#define LIB_ENGINE_RIG_STORE_H

#include "lib/engine_rig.h"

/* One operation of a committed set. What breaks a rule ends the test. */
void rig_store_apply(struct rig *r, const struct write_op *op);
/* Between two sets: every row belongs to an instance that was put. */
void rig_store_check(struct rig *r);
/* Gives the engine, which is new, what a store gives at a start: hub, live instances, their rows, entities. */
void rig_store_load(struct rig *r);
/* Forgets everything. */
void rig_store_clear(struct rig *r);
/* The instance of that key, or NULL. */
struct rig_instance *rig_store_find(struct rig *r, int64_t key);
/* Copies the row with all its bytes, and frees those that `to` had. */
void rig_store_copy_row(struct instance_row *to, const struct instance_row *from);

#endif
