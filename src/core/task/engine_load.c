/* SPDX-License-Identifier: MIT */
/* engine_load.c — an engine from the rows of a store: hubs, then live instances, then what waits for them. */
#include "core/task/activity.h"
#include "core/task/ending.h"
#include "core/task/engine.h"
#include "core/task/entity_lock.h"
#include "core/task/entity_message.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/orphans.h"
#include "core/task/queue.h"
#include "core/task/receipt.h"
#include "core/task/residence.h"

enum status engine_load_hub(struct engine *engine, uint32_t hub, struct bytes name)
{
    struct hub *h = engine_hub(engine, hub);
    if (h && !h->deleted)
        return STATUS_ALREADY_EXISTS;
    if (h) {
        owned_bytes_set(&h->name, name);
        h->deleted = false;
        return STATUS_OK;
    }
    h = memory_new(sizeof *h);
    h->number = hub;
    owned_bytes_set(&h->name, name);
    queue_hub_init(h, prng_next(&engine->prng), prng_next(&engine->prng));
    memory_must_ok(map_put(&engine->hubs, map_u64_key(&h->number), h));
    return STATUS_OK;
}

enum status engine_load_instance(struct engine *engine, const struct instance_row *row,
                                 const struct payload *payloads)
{
    bool fresh;
    if (!engine_hub(engine, row->hub) || row->status == INSTANCE_NONE)
        return STATUS_DATA_LOSS;
    struct instance *instance = instance_obtain(engine, row->hub, row->instance_id, &fresh);
    if (!fresh)
        return STATUS_DATA_LOSS;
    instance_fill(engine, instance, row, payloads);
    arena_reset(&engine->scratch); /* what one row needs must not pile up to what all of them need */
    return STATUS_OK;
}

/* A row whose execution is no more is dropped, durably, and is no error: a start must not fail by it. */
enum status engine_load_inbox(struct engine *engine, const struct inbox_row *row)
{
    struct instance *instance = instance_find_by_key(engine, row->key);
    if (!instance || !instance_live(instance) ||
        !inbox_load(engine, instance, row)) /* of a finished execution: forget it */
        gate_write(engine, &(struct write_op){
                               .kind = WRITE_INBOX_DELETE, .key = row->key, .sequence = row->sequence});
    arena_reset(&engine->scratch);
    return STATUS_OK;
}

enum status engine_load_activity(struct engine *engine, const struct activity_row *row)
{
    struct instance *instance = instance_find_by_key(engine, row->key);
    if (instance)
        activity_load(engine, instance, row);
    else
        gate_write(engine, &(struct write_op){
                               .kind = WRITE_ACTIVITY_DELETE, .key = row->key, .sequence = row->ordinal});
    arena_reset(&engine->scratch);
    return STATUS_OK;
}

enum status engine_load_entity_lock(struct engine *engine, const struct entity_lock_row *row)
{
    entity_lock_load(engine, row);
    arena_reset(&engine->scratch);
    return STATUS_OK;
}

enum status engine_load_entity_message(struct engine *engine, const struct entity_message_row *row)
{
    struct entity_name name;
    const char *text;
    if (!engine_hub(engine, row->hub) ||
        entity_name_parse(&engine->scratch, row->entity_id, &name, &text) != STATUS_OK)
        return STATUS_DATA_LOSS;
    struct entity_message *message = entity_add(engine, entity_obtain(engine, row->hub, &name), row, true);
    if (entity_is_request(message))
        entity_lock_load_request(engine, message);
    else if (message->kind == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED)
        entity_message_load_call(engine, message);
    arena_reset(&engine->scratch);
    return STATUS_OK;
}

enum status engine_load_receipt(struct engine *engine, const struct receipt_row *row)
{
    if (!engine_hub(engine, row->hub))
        return STATUS_DATA_LOSS;
    receipt_load(engine, row);
    arena_reset(&engine->scratch);
    return STATUS_OK;
}

/* Links children to the parents that wait for them. */
static void link_parent(struct engine *engine, struct instance *instance)
{
    if (!instance->row.parent_id.present || !instance_live(instance))
        return;
    struct instance *parent = instance_find(engine, instance->row.hub, instance->row.parent_id.value);
    if (!parent || !instance_live(parent) ||
        !bytes_equal(parent->row.execution_id, owned_bytes_peek(&instance->parent_execution_id))) {
        instance_note_orphan(engine, instance);
        return;
    }
    instance->parent = parent;
    list_push_back(&parent->children, &instance->child_link);
}

/* Two walks: the first links each child with its parent, whichever was loaded first; the second looks at instances
 * that are whole. Nothing goes out, since nobody is connected yet. */
void engine_load_done(struct engine *engine, int64_t key_next, struct engine_time now)
{
    engine->loading = false;
    engine->key_next = MAX(engine->key_next, key_next);
    engine->now_ns = now.steady_ns;
    engine->unix_ns = now.unix_ns;
    struct engine_actions none; /* no stream, no call: nothing can follow yet */
    engine_actions_init(&none);
    engine->actions = &none;
    struct instance *instance;
    for (size_t at = 0; (instance = (struct instance *)map_next(&engine->instances, &at));) {
        link_parent(engine, instance);
        if (instance_live(instance) && instance->terminating)
            ending_watch_terminate(engine, instance);
    }
    for (size_t at = 0; (instance = (struct instance *)map_next(&engine->instances, &at));) {
        inbox_turn_due(engine, instance);
        residence_place(engine, instance);
    }
    entity_run(engine);
    ASSERT(list_empty(&none.items));
    engine_actions_fini(&none);
    engine->actions = NULL;
    arena_reset(&engine->scratch);
}
