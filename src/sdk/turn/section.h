/* SPDX-License-Identifier: MIT */
/* section.h — critical sections: the entities that an orchestration has asked to lock, holds, and gives back.
 * An orchestration is in one section at a time: asked for, held once the history grants it, then over. One that was
 * cancelled before it was granted is given back the moment it is. Called by the orchestrator's calls, by the replay, and
 * by the answer, which gives back what an ending orchestration still holds. Memory is the turn's: whatever fails here
 * leaves the turn (context.h). spec/durable-task-protocol.md 3.23. */
#ifndef SDK_TURN_SECTION_H
#define SDK_TURN_SECTION_H

#include "sdk/turn/task.h"

struct sdk_section {
    struct list waiting;        /* in ctx->sections until it is granted */
    const struct bytes *locked; /* "@name@key", sorted, none twice */
    size_t count;
    struct dt_task **calls; /* for each, the last call of it from within; NULL: none */
    struct dt_task *task;   /* succeeds when it is granted */
    bool held;
};

/* Asks for the entities, which the caller has sorted; the section is the current one. Or leaves, as for a misuse, if
 * there is one already. */
struct dt_task *sdk_section_begin(struct dt_context *ctx, const struct bytes *sorted, size_t count);
/* The service has granted the section of this id. Nothing if it is nobody's. */
void sdk_section_grant(struct dt_context *ctx, struct bytes id);
/* Ends the current section: gives back what it holds, or will be granted. Nothing without one. */
void sdk_section_end(struct dt_context *ctx);

/* The current section if its locks are held; NULL: they are not, or there is none. */
struct sdk_section *sdk_section_held(const struct dt_context *ctx);
/* The place of the entity in the section; its count: it is not locked. */
size_t sdk_section_find(const struct sdk_section *section, struct bytes entity);
/* The action, without its number, that gives back entity `index`. Or leaves. */
struct pb_orchestrator_action sdk_section_unlock_wire(struct dt_context *ctx,
                                                      const struct sdk_section *section, size_t index);

#endif
