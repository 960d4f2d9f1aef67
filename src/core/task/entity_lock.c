/* SPDX-License-Identifier: MIT */
/* entity_lock.c — the set travels inside the request, sorted and without doubles, with the position of
 * the entity that has it. */
#include "core/task/entity_lock.h"

#include <stdlib.h>

#include "core/task/entity_message.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/work.h"

bool entity_lock_held(const struct instance *instance)
{
    return !list_empty(&instance->entity_locks);
}

static void write_lock(struct engine *engine, enum write_kind kind, struct entity *entity)
{
    struct entity_lock_row row = {.hub = (uint32_t)entity->hub->number, .entity_id = entity->id};
    if (kind == WRITE_ENTITY_LOCK_PUT) {
        row.owner = entity->holder->row.instance_id;
        row.execution_id = entity->holder->row.execution_id;
        row.section = owned_bytes_peek(&entity->section);
        row.at_ns = engine->unix_ns;
    }
    gate_write(engine, &(struct write_op){.kind = kind, .entity_lock = row});
    entity_touch(engine, entity);
}

static void hold(struct entity *entity, struct instance *instance, struct bytes section)
{
    entity->holder = instance;
    owned_bytes_set(&entity->section, section);
    list_push_back(&instance->entity_locks, &entity->held_link);
}

/* What waited behind the lock may work now. A batch that was about to be built was chosen under the lock: it is chosen
 * anew. One that is out, or was, stays as it is. */
static void set_free(struct engine *engine, struct entity *entity)
{
    write_lock(engine, WRITE_ENTITY_LOCK_DELETE, entity);
    entity->holder = NULL;
    owned_bytes_fini(&entity->section);
    list_remove(&entity->held_link);
    entity_tell(engine, entity);
    if (list_empty(&entity->taken))
        work_finish(engine, &entity->work);
    entity_due(engine, entity);
}

void entity_lock_release(struct engine *engine, struct instance *instance, struct entity *entity)
{
    if (entity->holder == instance)
        set_free(engine, entity);
}

/* ORDER: both happen before entity_run looks again: a request of its own is not granted by its own release. */
void entity_lock_end(struct engine *engine, struct instance *instance)
{
    struct list *link;
    while ((link = instance->entity_locks.next) != &instance->entity_locks)
        set_free(engine, CONTAINER_OF(link, struct entity, held_link));
    while ((link = instance->entity_requests.next) != &instance->entity_requests)
        entity_remove(engine, CONTAINER_OF(link, struct entity_message, request_link));
    while (list_pop_front(&instance->entity_calls)) /* they are carried out, and their answers go nowhere */
        ;
}

/* Sends the request to the entity at its position, or, behind the last one, tells the instance. */
static void go_on(struct engine *engine, struct instance *instance,
                  const struct pb_entity_lock_requested_event *request, bool legacy)
{
    if ((size_t)request->position >= request->lock_set_count) {
        inbox_add(engine, instance,
                  entity_message_granted(&engine->scratch, request->critical_section_id, legacy), true, 0);
        inbox_turn_due(engine, instance);
        return;
    }
    struct entity_name name;
    const char *text;
    enum status status =
        entity_name_parse(&engine->scratch, request->lock_set[request->position], &name, &text);
    ASSERT(status == STATUS_OK); /* it was made from names */
    struct entity *entity = entity_obtain(engine, instance->row.hub, &name);
    struct entity_message_row row = {
        .event = entity_message_request(&engine->scratch, request, engine->unix_ns),
        .sender = instance->row.instance_id,
        .execution_id = instance->row.execution_id,
        .legacy = legacy,
    };
    struct entity_message *message = entity_add(engine, entity, &row, false);
    list_push_back(&instance->entity_requests, &message->request_link);
}

static int compare_names(const void *left, const void *right)
{
    return entity_name_compare(left, right);
}

void entity_lock_request(struct engine *engine, struct instance *instance, struct bytes section,
                         const struct entity_name *names, size_t count, bool legacy)
{
    struct entity_name *sorted = memory_must(arena_alloc_array(&engine->scratch, count + 1, sizeof *sorted));
    struct bytes *set = memory_must(arena_alloc_array(&engine->scratch, count + 1, sizeof *set));
    if (count)
        memcpy(sorted, names, count * sizeof *sorted);

    /* INVARIANT: everybody asks in the order of names, and for the next only when they have the one before. So
     * nobody waits in a circle. */
    qsort(sorted, count, sizeof *sorted, compare_names);
    size_t kept = 0;
    for (size_t n = 0; n < count; n++)
        if (kept == 0 || !bytes_equal(set[kept - 1], sorted[n].id))
            set[kept++] = sorted[n].id;
    struct pb_entity_lock_requested_event request = {
        .critical_section_id = section,
        .lock_set = set,
        .lock_set_count = kept,
        .parent_instance_id = pb_some(instance->row.instance_id),
    };
    go_on(engine, instance, &request, legacy);
}

void entity_lock_grant(struct engine *engine, struct entity_message *message)
{
    struct entity *entity = message->entity;
    struct instance *instance = instance_find(engine, (uint32_t)entity->hub->number, message->sender);
    struct pb_history_event event;
    enum status status = pb_history_event_decode(&engine->scratch, message->event, &event);
    bool sound = status == STATUS_OK && event.event_type_case == PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED &&
                 instance && instance_live(instance);
    struct pb_entity_lock_requested_event request = {.position = 0};
    if (sound) {
        request = *event.entity_lock_requested;
        request.critical_section_id = memory_arena_copy(&engine->scratch, request.critical_section_id);
        hold(entity, instance, request.critical_section_id);
        write_lock(engine, WRITE_ENTITY_LOCK_PUT, entity);
        entity_tell(engine, entity);
    }

    /* The views of `request` are of the message's bytes: the copy that goes on is made first. */
    request.position++;
    if (sound)
        go_on(engine, instance, &request, message->legacy);
    entity_remove(engine, message);
}

void entity_lock_load_request(struct engine *engine, struct entity_message *request)
{
    struct instance *instance =
        instance_find(engine, (uint32_t)request->entity->hub->number, request->sender);
    if (instance && instance_live(instance) && bytes_equal(instance->row.execution_id, request->execution_id))
        list_push_back(&instance->entity_requests, &request->request_link);
    else
        entity_remove(engine, request);
}

void entity_lock_load(struct engine *engine, const struct entity_lock_row *row)
{
    struct instance *instance = instance_find(engine, row->hub, row->owner);
    struct entity_name name;
    const char *text;
    bool sound = instance && instance_live(instance) &&
                 bytes_equal(instance->row.execution_id, row->execution_id) && engine_hub(engine, row->hub) &&
                 entity_name_parse(&engine->scratch, row->entity_id, &name, &text) == STATUS_OK;
    struct entity *entity = sound ? entity_obtain(engine, row->hub, &name) : NULL;
    if (entity && !entity->holder)
        hold(entity, instance, row->section);
    else
        gate_write(engine, &(struct write_op){.kind = WRITE_ENTITY_LOCK_DELETE, .entity_lock = *row});
}
