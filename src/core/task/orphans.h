/* SPDX-License-Identifier: MIT */
/* orphans.h — live instances whose parent has ended: nobody waits for their result, but they still belong to the
 * instance that the parent belonged to, and a recursive terminate of that reaches them (spec 3.12).
 * An ended parent may have left memory, so the walk goes up from the orphans, of which there are few, by the
 * parent ids in their rows. The list
 * is engine.orphans, by instance_note_orphan. */
#ifndef CORE_TASK_ORPHANS_H
#define CORE_TASK_ORPHANS_H

#include "core/task/engine_state.h"

struct orphans {
    struct instance **items; /* in scratch */
    size_t count;
};

/* Every orphan below `root`, at any depth. `call`: the call that fetches ancestors; look at call_missing before the
 * answer is used. NULL: only what is resident counts. */
struct orphans orphans_below(struct engine *engine, struct call *call, const struct instance *root);

#endif
