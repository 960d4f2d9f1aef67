/* SPDX-License-Identifier: MIT */
/* purge.c — PurgeInstances by id and by batch (spec 3.13), and the end of a hub, which purges what lives, too; a filter or a
 * hub is turned into batches by the caller.
 * A recursive purge needs the histories of what it purges, since they name the children. It asks for them
 * level by level, and deletes when it knows them all. */
#include "core/task/call.h"
#include "core/task/entity_name.h"
#include "core/task/gate.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/receipt.h"
#include "core/task/retention.h"
#include "core/task/start_policy.h"

/* Instances to purge, each once, in the order found. */
struct purge {
    struct instance **items;
    size_t count;
    size_t room;
    bool live;       /* also what has not ended */
    struct map seen; /* by map_key */
    struct entity **entities;
    size_t entity_count;
};

static void add(struct engine *engine, struct call *call, struct purge *purge, struct bytes id)
{
    const char *text;
    if (!purge->live && start_policy_check_id(id, &text) != STATUS_OK)
        return;
    struct instance *instance = call_need(engine, call, id);
    if (!instance || !instance_exists(instance) || (instance_live(instance) && !purge->live) ||
        map_get(&purge->seen, instance->map_key))
        return;
    if (purge->count == purge->room) {
        size_t room = MAX(16, purge->room * 2);
        struct instance **items =
            memory_must(arena_alloc_array(&engine->scratch, room, sizeof(struct instance *)));
        if (purge->count)
            memcpy(items, purge->items, purge->count * sizeof(struct instance *));
        purge->items = items;
        purge->room = room;
    }
    memory_must_ok(map_put(&purge->seen, instance->map_key, instance));
    purge->items[purge->count++] = instance;
}

static void add_entity(struct engine *engine, struct call *call, struct purge *purge, struct bytes id)
{
    struct entity *entity = purge->entities ? entity_purge_find(engine, call, id) : NULL;
    if (entity)
        purge->entities[purge->entity_count++] = entity;
}

/* Only what the instance started itself: an id that was taken when it asked for a child names somebody else's. */
static void add_child(struct engine *engine, struct call *call, struct purge *purge,
                      const struct instance *instance, struct bytes event)
{
    struct pb_history_event decoded;
    if (pb_history_event_decode(&engine->scratch, event, &decoded) != STATUS_OK ||
        decoded.event_type_case != PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED)
        return;

    struct bytes id = decoded.sub_orchestration_instance_created->instance_id;
    const char *text;
    if (start_policy_check_id(id, &text) != STATUS_OK)
        return;
    struct instance *child = call_need(engine, call, id);
    if (child && instance_exists(child) && instance_is_child(child, instance, decoded.event_id))
        add(engine, call, purge, id);
}

static void add_children(struct engine *engine, struct call *call, struct purge *purge,
                         const struct instance *instance)
{
    struct bytes rest = buf_peek(&instance->history);
    struct bytes event;
    struct bytes body;
    while (event_next(&rest, &event))
        if (event_peek(event, &body) == PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED)
            add_child(engine, call, purge, instance, event);
}

/* Finds all there is to find; false if something is being fetched. */
static bool collect(struct engine *engine, struct call *call, struct purge *purge, const struct bytes *ids,
                    size_t count, bool recursive)
{
    for (size_t n = 0; n < count; n++) {
        if (entity_name_is(ids[n]))
            add_entity(engine, call, purge, ids[n]);
        else
            add(engine, call, purge, ids[n]);
    }
    for (size_t n = 0; recursive && n < purge->count; n++) /* grows while it runs: level by level */
        if (call_need_history(engine, call, purge->items[n]))
            add_children(engine, call, purge, purge->items[n]);
    return !call_missing(call);
}

static void run(struct engine *engine, struct call *call, bool live)
{
    struct pb_purge_instances_request request;
    if (pb_purge_instances_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not a PurgeInstancesRequest", 0);
        return;
    }
    const struct bytes *ids = &request.instance_id;
    size_t count = 1;
    if (request.request_case == PB_PURGE_INSTANCES_REQUEST_INSTANCE_BATCH) {
        ids = request.instance_batch->instance_ids;
        count = request.instance_batch->instance_ids_count;
    } else if (request.request_case != PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "name an instance or a batch of instances to purge",
                  0);
        return;
    }
    if (count > TASK_BATCH_IDS_MAX) {
        call_fail(
            engine, call, STATUS_INVALID_ARGUMENT,
            "at most " DIGITS_OF(TASK_BATCH_IDS_MAX) " instance ids are allowed (limit task-batch-ids-max)",
            0);
        return;
    }
    struct purge purge = {.live = live};
    if (!request.is_orchestration) /* SDKs that know entities say which they mean; the others mean either */
        purge.entities = memory_must(arena_alloc_array(&engine->scratch, count, sizeof(struct entity *)));
    if (collect(engine, call, &purge, ids, count, request.recursive)) {
        for (size_t n = 0; n < purge.count; n++)
            instance_delete(engine, purge.items[n]);
        size_t deleted = purge.count;
        for (size_t n = 0; n < purge.entity_count; n++)
            deleted += entity_purge(engine, purge.entities[n]);
        struct pb_purge_instances_response response = {.deleted_instance_count = (int32_t)deleted,
                                                       .is_complete = {.present = true, .value = true}};
        call_reply(engine, call,
                   message_encode(&engine->scratch, &pb_purge_instances_response_message, &response),
                   call_sequence_now(engine));
    }
    map_fini(&purge.seen);
}

void purge_instances(struct engine *engine, struct call *call)
{
    run(engine, call, false);
}

/* --- the end of a hub --- */

void purge_erase(struct engine *engine, struct call *call)
{
    run(engine, call, true);
}

void purge_hub_entities(struct engine *engine, struct call *call)
{
    struct pb_create_task_hub_request request;
    if (pb_create_task_hub_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not a CreateTaskHubRequest", 0);
        return;
    }
    gate_write(engine, &(struct write_op){.kind = WRITE_HUB_CLEAR, .key = call->hub});
    entity_forget_hub(engine, engine_hub(engine, call->hub));
    receipt_forget_hub(engine, call->hub);
    call_reply(engine, call, (struct bytes){0}, call_sequence_now(engine));
}

void purge_hub_rules(struct engine *engine, struct call *call)
{
    struct retention rules;
    struct bytes wrong;
    if (!bytes_equal(call->message, RETENTION_KEEP) &&
        retention_parse(call->message, &rules, &wrong) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the rules of retention cannot be read", 0);
        return;
    }
    gate_write(engine, &(struct write_op){.kind = WRITE_HUB_RETENTION,
                                          .key = call->hub,
                                          .payload = {.present = true, .value = call->message}});
    call_reply(engine, call, (struct bytes){0}, call_sequence_now(engine));
}

void purge_hub(struct engine *engine, struct call *call)
{
    struct pb_delete_task_hub_request request;
    if (pb_delete_task_hub_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not a DeleteTaskHubRequest", 0);
        return;
    }
    gate_write(engine, &(struct write_op){.kind = WRITE_HUB_DELETE, .key = call->hub});
    entity_forget_hub(engine, engine_hub(engine, call->hub));
    receipt_forget_hub(engine, call->hub);
    engine_hub(engine, call->hub)->deleted = true;
    call_reply(engine, call, (struct bytes){0}, call_sequence_now(engine));
}
