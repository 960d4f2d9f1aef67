/* SPDX-License-Identifier: MIT */
/* orphans.h — live instances whose parent has ended: nobody waits for their result, but they still belong to the
 * instance that the parent belonged to, and a recursive terminate of that reaches them (spec 3.12).
 * An ended parent may have left memory, so the walk goes up from the orphans, of which there are few, by the
 * parent ids in their rows. Writes engine.orphans and instance.orphan_link. */
#ifndef CORE_TASK_ORPHANS_H
#define CORE_TASK_ORPHANS_H

#include "core/task/engine_state.h"

struct orphans {
    struct instance **items; /* in scratch */
    size_t count;
};

/* Notes a live instance that has a parent's id but no live parent. Does nothing otherwise. */
void orphans_note(struct engine *engine, struct instance *instance);
/* Every orphan below `root`, at any depth. `call`: the call that fetches ancestors; look at call_missing before the
 * answer is used. NULL: only what is resident counts. */
struct orphans orphans_below(struct engine *engine, struct call *call, const struct instance *root);
/* Terminates those that still live, recursively. */
void orphans_terminate(struct engine *engine, const struct orphans *orphans, struct pb_opt_bytes output);

#endif
