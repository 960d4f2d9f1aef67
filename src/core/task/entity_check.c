/* SPDX-License-Identifier: MIT */
/* entity_check.c — what must hold of an entity between two inputs (performance.md section 3, number 13). Called by engine_check.c. */
#include "core/task/entity.h"
#include "core/task/instance.h"

static size_t check_list(const struct entity *entity, const struct list *messages, bool ordered)
{
    size_t count = 0;
    uint64_t order = 0;
    list_each (it, messages) {
        const struct entity_message *message = entity_message_of(it);
        ASSERT(message->entity == entity);
        ASSERT(!ordered || message->order > order);
        order = message->order;
        count++;
    }
    return count;
}

/* Holders live; each lock is in the list of its holder. */
static void check_lock(const struct entity *entity)
{
    ASSERT((entity->holder != NULL) == !list_empty(&entity->held_link));
    if (!entity->holder)
        return;
    ASSERT(instance_live(entity->holder) && entity->holder->hub == entity->hub);
    bool found = false;
    list_each (it, &entity->holder->entity_locks)
        found |= it == &entity->held_link;
    ASSERT(found);
}

/* One batch at a time: what is taken belongs to the work, and work that is out has something. */
static void check_batch(const struct entity *entity)
{
    bool out = entity->work.state == WORK_OUT || entity->work.state == WORK_GRACE ||
               entity->work.state == WORK_DELAYED;
    ASSERT(!out || !list_empty(&entity->taken));
    ASSERT(entity->work.state != WORK_IDLE || list_empty(&entity->taken));
    list_each (it, &entity->taken)
        ASSERT(entity_admits(entity, entity_message_of(it)));
}

/* Nobody waits for what is free: the first message of an idle entity is no request for its lock. */
static void check_waiting(const struct entity *entity)
{
    if (entity->work.state == WORK_IDLE && !entity->holder && !list_empty(&entity->messages))
        ASSERT(!entity_is_request(entity_message_of(entity->messages.next)));
}

static void check(const struct engine *engine, const struct entity *entity)
{
    size_t count = check_list(entity, &entity->messages, true) + check_list(entity, &entity->later, false) +
                   check_list(entity, &entity->taken, false);
    ASSERT(count == entity->message_count);
    ASSERT(list_empty(&entity->due_link));
    ASSERT(entity->state_known || !entity->state.present);
    ASSERT(map_get(&engine->entities, entity->map_key) == entity);
    check_lock(entity);
    check_batch(entity);
    check_waiting(entity);
}

void entity_check_all(const struct engine *engine, void (*on_work)(const struct work *work, void *context),
                      void *context)
{
    const struct entity *entity;
    for (size_t at = 0; (entity = (const struct entity *)map_next(&engine->entities, &at));) {
        check(engine, entity);
        on_work(&entity->work, context);
    }
}
