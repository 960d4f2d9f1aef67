/* SPDX-License-Identifier: MIT */
/* turn_held.c — a turn begins with nothing and is dropped with all it holds but its events, which are the caller's. */
#include "core/task/turn_held.h"

#include "core/task/work.h"

void turn_init(struct instance *instance)
{
    work_init(&instance->turn.work, &turn_class);
    list_init(&instance->turn.taken);
    list_init(&instance->turn.chunks);
}

void turn_drop_parts(struct turn *turn)
{
    struct list *link;
    while ((link = list_pop_front(&turn->chunks))) {
        struct turn_chunk *chunk = CONTAINER_OF(link, struct turn_chunk, link);
        owned_bytes_fini(&chunk->message);
        free(chunk);
    }
    turn->chunk_count = 0;
    turn->chunk_size = 0;
}

void turn_drop(struct engine *engine, struct instance *instance)
{
    work_finish(engine, &instance->turn.work);
    turn_drop_parts(&instance->turn);
    buf_fini(&instance->turn.events);
    instance->turn.whole_history = false;
    instance->turn.rewound = false;
}
