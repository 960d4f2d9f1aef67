/* SPDX-License-Identifier: MIT */
/* entity_run.c — what follows when something has changed for an entity: a lock is granted, a batch is due, or it is of no use
 * any more. One walk over those that were marked, so that a lock that goes through a thousand entities is no recursion. */
#include "core/task/entity.h"
#include "core/task/entity_lock.h"
#include "core/task/work.h"

/* True if a batch could begin. Of a free entity only the first message counts: the order is theirs. */
static bool ready(const struct engine *engine, const struct entity *entity)
{
    list_each (it, &entity->messages) {
        const struct entity_message *message = entity_message_of(it);
        if (entity_admits(entity, message) && entity_message_seen(engine, message))
            return true;
        if (!entity->holder)
            return false;
    }
    return false;
}

static void look_at(struct engine *engine, struct entity *entity)
{
    /* ORDER: a request in front is granted before a batch is looked for: behind a lock only the holder's
     * operations count. */
    while (entity->work.state == WORK_IDLE && !entity->holder && !list_empty(&entity->messages) &&
           entity_is_request(entity_message_of(entity->messages.next)))
        entity_lock_grant(engine, entity_message_of(entity->messages.next));
    if (entity->work.state == WORK_IDLE && ready(engine, entity))
        work_enqueue(engine, &entity->work, false);
    entity_place(engine, entity);
}

bool entity_run(struct engine *engine)
{
    struct list *link;
    bool any = false;
    while ((link = list_pop_front(&engine->entities_due))) {
        look_at(engine, CONTAINER_OF(link, struct entity, due_link));
        any = true;
    }
    if (any)
        entity_trim(engine);
    return any;
}
