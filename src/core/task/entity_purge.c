/* SPDX-License-Identifier: MIT */
/* entity_purge.c — PurgeInstances of an entity's id (spec 3.13): its state goes, and so does what waits for it; who called is
 * told. Who holds it, or waits for that, keeps its lock. */
#include "core/task/entity.h"
#include "core/task/entity_message.h"
#include "core/task/methods.h"
#include "core/task/work.h"

struct entity *entity_purge_find(struct engine *engine, struct call *call, struct bytes id)
{
    struct entity_name name;
    const char *text;
    if (entity_name_parse(&engine->scratch, id, &name, &text) != STATUS_OK)
        return NULL;
    struct entity *entity = entity_obtain(engine, call->hub, &name);
    return entity_need(engine, call, entity) ? entity : NULL;
}

static void refuse(struct engine *engine, struct list *messages)
{
    list_each_safe (it, messages) {
        struct entity_message *message = entity_message_of(it);
        if (entity_is_request(message))
            continue;
        entity_message_refuse(engine, message, "EntityPurged",
                              "The entity was purged before the operation ran.");
        entity_remove(engine, message);
    }
}

bool entity_purge(struct engine *engine, struct entity *entity)
{
    bool existed = entity->state.present;
    work_finish(engine, &entity->work);
    entity->failures = 0;
    refuse(engine, &entity->taken);
    refuse(engine, &entity->messages);
    refuse(engine, &entity->later);
    entity_set_state(engine, entity, (struct payload){.present = false});
    return existed;
}
