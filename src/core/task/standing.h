/* SPDX-License-Identifier: MIT */
/* standing.h — why an instance does not move, in one line for a person.
 *
 * Two halves: standing_read gathers what the engine knows of an instance, standing_describe makes the line of it, and is
 * pure; engine_standing (engine.h), for whoever shows an instance, is both. Which events an orchestration waits for by
 * name, no scheduler knows: its SDK does. */
#ifndef CORE_TASK_STANDING_H
#define CORE_TASK_STANDING_H

#include "core/task/engine_state.h"
#include "core/task/work_class.h"

struct standing_item {
    enum standing_work work;
    struct bytes name;
    struct bytes version; /* empty: none */
    int64_t again_ns;     /* AGAIN: when, since 1970 */
};
struct standing {
    enum instance_status status;
    bool suspended;
    size_t held;       /* events that wait for the resume */
    int64_t starts_ns; /* a start that is not yet due; else 0 */
    struct standing_item turn;
    struct standing_item activity; /* the one that is farthest from being done */
    size_t activity_count;
    struct bytes child; /* the first of those that run */
    size_t child_count;
    int64_t timer_ns; /* the next one; 0: none */
    struct standing_lock {
        struct bytes entity; /* the one of a set that it waits for now; empty: for none */
        struct bytes holder; /* an instance; empty: the entity is free, and others were before it */
    } lock;
    struct standing_item entity; /* the entity of the call that is farthest from being done */
    struct bytes entity_holder;  /* of that entity: who keeps others out; empty: nobody */
    size_t entity_count;         /* calls without an answer */
};

/* Bytes are valid until the next input. */
void standing_read(const struct engine *engine, struct instance *instance, struct standing *ret_standing);
/* Appends one line, without an end of line: "it waits for activity \"A\", which no connected worker takes". */
void standing_describe(const struct standing *standing, struct buf *out);

#endif
