/* SPDX-License-Identifier: MIT */
/* work_class.h — what differs between the kinds of work that a worker can be asked to do.
 * One row for each kind, beside the code that knows it: turn_class in turn.c, activity_class in activity.c,
 * entity_class in entity_work.c. What
 * moves work (work, queue, stream, dispatch) asks the row and knows no kind. A new kind is a row, a value of enum
 * work_kind, what stream.c reads of a worker's limits and filters, and its place in dispatch.c's order. */
#ifndef CORE_TASK_WORK_CLASS_H
#define CORE_TASK_WORK_CLASS_H

#include "core/task/engine_state.h"

/* Whose work it is: the id of an instance or of an entity. */
struct work_owner {
    struct hub *hub;
    struct bytes id;
};

/* What a worker's filter is held against. The bytes are those of the work. */
struct work_subject {
    struct bytes name;
    struct bytes version;
    bool unversioned; /* the work says no version: `version` is that of its instance, or "" */
};

struct work_class {
    enum work_kind kind;
    const char *name;      /* "turn": in the debug log */
    const char *asked_for; /* "orchestration": what an operator calls what a worker registers for it */
    bool may_run_on;       /* a worker that is silent may still be at it: when lost, a late answer is awaited
                               (options.activity_grace_ns) before it is sent again */
    struct work_owner (*owner)(struct work *work);
    struct work_subject (*subject)(struct work *work);
    int64_t (*lease_ns)(const struct engine_options *options);
    /* Bytes of its whole message; 0: no worker's messages are too small for it. */
    size_t (*size)(const struct work *work);
    /* True if all that `build` reads is in memory. NULL: it always is, and `load` is NULL, too. */
    bool (*loaded)(const struct work *work);
    /* Asks for what is missing; the work is queued again, in front, when it is there. */
    void (*load)(struct engine *engine, struct work *work);
    /* The work item for that stream, with the work's last token, in the arena of the actions. TOO_LARGE: no
     * message can carry it to this stream; only where `size` is not 0. */
    enum status (*build)(struct engine *engine, struct work *work, const struct stream *stream,
                         struct bytes *ret_message);
    /* No message carries it, to that stream or (NULL) to any. NULL where `size` is 0. */
    void (*misfit)(struct engine *engine, struct work *work, const struct stream *stream);
    /* Sent too often without an answer: fails what it is about. The work is gone afterwards. */
    void (*poison)(struct engine *engine, struct work *work);
};

static inline struct work_owner work_owner(struct work *work)
{
    return work->class->owner(work);
}

#endif
