/* SPDX-License-Identifier: MIT */
/* purge.c — PurgeInstances by id and by batch (spec 3.13); a filter is turned into batches by the caller.
 * A recursive purge needs the histories of what it purges, since they name the children. It asks for them
 * level by level, and deletes when it knows them all. */
#include "core/task/call.h"
#include "core/task/instance.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/start_policy.h"

#define BATCH_MAX 500 /* ids of one request (spec 3.13) */

/* Instances to purge, each once, in the order found. */
struct purge {
    struct instance **items;
    size_t count;
    size_t room;
    struct map seen; /* by map_key */
};

static void add(struct engine *e, struct call *c, struct purge *p, struct bytes id)
{
    const char *text;
    if (start_policy_check_id(id, &text) != STATUS_OK)
        return;
    struct instance *i = call_need(e, c, id);
    if (!i || !instance_exists(i) || instance_live(i) || map_get(&p->seen, i->map_key))
        return;
    if (p->count == p->room) {
        size_t room = MAX(16, p->room * 2);
        struct instance **items =
            memory_must(arena_alloc_array(&e->scratch, room, sizeof(struct instance *)));
        if (p->count)
            memcpy(items, p->items, p->count * sizeof(struct instance *));
        p->items = items;
        p->room = room;
    }
    memory_must_ok(map_put(&p->seen, i->map_key, i));
    p->items[p->count++] = i;
}

static void add_children(struct engine *e, struct call *c, struct purge *p, const struct instance *i)
{
    struct bytes rest = buf_peek(&i->history);
    struct bytes event;
    struct bytes body;
    while (event_next(&rest, &event)) {
        struct pb_sub_orchestration_instance_created_event created;
        if (event_peek(event, &body) == PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED &&
            pb_sub_orchestration_instance_created_event_decode(&e->scratch, body, &created) == STATUS_OK)
            add(e, c, p, created.instance_id);
    }
}

/* Finds all there is to find; false if something is being fetched. */
static bool collect(struct engine *e, struct call *c, struct purge *p, const struct bytes *ids, size_t count,
                    bool recursive)
{
    for (size_t n = 0; n < count; n++)
        add(e, c, p, ids[n]);
    for (size_t n = 0; recursive && n < p->count; n++) /* grows while it runs: level by level */
        if (call_need_history(e, c, p->items[n]))
            add_children(e, c, p, p->items[n]);
    return !call_missing(c);
}

void purge_instances(struct engine *e, struct call *c)
{
    struct pb_purge_instances_request r;
    if (pb_purge_instances_request_decode(&e->inbound, c->message, &r) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "the request is not a PurgeInstancesRequest", 0);
        return;
    }
    const struct bytes *ids = &r.instance_id;
    size_t count = 1;
    if (r.request_case == PB_PURGE_INSTANCES_REQUEST_INSTANCE_BATCH) {
        ids = r.instance_batch->instance_ids;
        count = r.instance_batch->instance_ids_count;
    } else if (r.request_case != PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "name an instance or a batch of instances to purge", 0);
        return;
    }
    if (count > BATCH_MAX) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "at most 500 instance ids are allowed", 0);
        return;
    }
    struct purge p = {.count = 0};
    if (collect(e, c, &p, ids, count, r.recursive)) {
        for (size_t n = 0; n < p.count; n++)
            instance_delete(e, p.items[n]);
        struct pb_purge_instances_response response = {.deleted_instance_count = (int32_t)p.count,
                                                       .is_complete = {.present = true, .value = true}};
        call_reply(e, c, message_encode(&e->scratch, &pb_purge_instances_response_message, &response),
                   call_sequence_now(e));
    }
    map_fini(&p.seen);
}
