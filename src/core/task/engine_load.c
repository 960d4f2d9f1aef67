/* SPDX-License-Identifier: MIT */
/* engine_load.c — an engine from the rows of a store: hubs, then live instances, then what waits for them. */
#include "core/task/activity.h"
#include "core/task/control.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/orphans.h"
#include "core/task/queue.h"

enum status engine_load_hub(struct engine *e, uint32_t hub, struct bytes name)
{
    if (engine_hub(e, hub))
        return STATUS_ALREADY_EXISTS;
    struct hub *h = memory_new(sizeof *h);
    h->number = hub;
    h->name = memory_copy(name);
    queue_hub_init(h, prng_next(&e->prng), prng_next(&e->prng));
    memory_must_ok(map_put(&e->hubs, map_u64_key(&h->number), h));
    return STATUS_OK;
}

enum status engine_load_instance(struct engine *e, const struct instance_row *row,
                                 const struct payload *payloads)
{
    bool fresh;
    if (!engine_hub(e, row->hub) || row->status < 0 || row->status >= INSTANCE_NONE)
        return STATUS_DATA_LOSS;
    struct instance *i = instance_obtain(e, row->hub, row->instance_id, &fresh);
    if (!fresh)
        return STATUS_DATA_LOSS;
    instance_fill(e, i, row, payloads);
    arena_reset(&e->scratch); /* what one row needs must not pile up to what all of them need */
    return STATUS_OK;
}

enum status engine_load_inbox(struct engine *e, const struct inbox_row *row)
{
    struct instance *i = instance_find_by_key(e, row->key);
    if (!i || !instance_live(i) || !inbox_load(e, i, row)) /* of a finished execution: forget it */
        gate_write(
            e, &(struct write_op){.kind = WRITE_INBOX_DELETE, .key = row->key, .sequence = row->sequence});
    arena_reset(&e->scratch);
    return STATUS_OK;
}

enum status engine_load_activity(struct engine *e, const struct activity_row *row)
{
    struct instance *i = instance_find_by_key(e, row->key);
    if (i)
        activity_load(e, i, row);
    else
        gate_write(
            e, &(struct write_op){.kind = WRITE_ACTIVITY_DELETE, .key = row->key, .sequence = row->ordinal});
    arena_reset(&e->scratch);
    return STATUS_OK;
}

/* Links children to the parents that wait for them. */
static void link_parent(struct engine *e, struct instance *i)
{
    if (!i->row.parent_id.present || !instance_live(i))
        return;
    struct instance *parent = instance_find(e, i->row.hub, i->row.parent_id.value);
    if (!parent || !instance_live(parent) || !bytes_equal(parent->row.execution_id, i->parent_execution_id)) {
        orphans_note(e, i);
        return;
    }
    i->parent = parent;
    list_push_back(&parent->children, &i->child_link);
}

void engine_load_done(struct engine *e, int64_t key_next, struct engine_time now)
{
    e->loading = false;
    e->key_next = MAX(e->key_next, key_next);
    e->now_ns = now.steady_ns;
    e->unix_ns = now.unix_ns;
    struct engine_actions none; /* no stream, no call: nothing can follow yet */
    engine_actions_init(&none);
    e->actions = &none;
    struct instance *i;
    for (size_t at = 0; (i = (struct instance *)map_next(&e->instances, &at));) {
        link_parent(e, i);
        if (instance_live(i) && i->terminating)
            control_watch_terminate(e, i);
    }
    for (size_t at = 0; (i = (struct instance *)map_next(&e->instances, &at));)
        instance_settle(e, i);
    ASSERT(list_empty(&none.items));
    engine_actions_fini(&none);
    e->actions = NULL;
    arena_reset(&e->scratch);
}
