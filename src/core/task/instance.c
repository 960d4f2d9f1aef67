/* SPDX-License-Identifier: MIT */
/* instance.c — the object: found, made, its fields, and what is asked of the store for it. Knows nobody above: what happens
 * to it is in instance_life.c, what comes back from the store in instance_past.c.
 * INVARIANT: fields that several modules decide are written here only (test/tree/writers_test.py), each with its row. */
#include "core/task/instance.h"

#include "core/task/gate.h"
#include "core/task/turn_held.h"

/* --- the object --- */

static struct bytes make_key(struct engine *engine, uint32_t hub, struct bytes id)
{
    uint8_t *key = (uint8_t *)memory_must(arena_alloc(&engine->scratch, sizeof hub + id.size));
    memcpy(key, &hub, sizeof hub);
    if (id.size)
        memcpy(key + sizeof hub, id.data, id.size);
    return bytes_of(key, sizeof hub + id.size);
}

struct instance *instance_find(const struct engine *engine, uint32_t hub, struct bytes id)
{
    uint8_t key[sizeof hub + 256];
    if (id.size > sizeof key - sizeof hub)
        return NULL;
    memcpy(key, &hub, sizeof hub);
    if (id.size)
        memcpy(key + sizeof hub, id.data, id.size);
    return (struct instance *)map_get(&engine->instances, bytes_of(key, sizeof hub + id.size));
}

struct instance *instance_find_by_key(const struct engine *engine, int64_t key)
{
    return (struct instance *)map_get(&engine->keys, bytes_of(&key, sizeof key));
}

/* INVARIANT: an object is in the map of instances from its first moment to instance_destroy. The key lies in the
 * object itself, so that the map needs no memory of its own for it. */
static struct instance *new_object(struct engine *engine, uint32_t hub, struct bytes id)
{
    struct bytes key = make_key(engine, hub, id);
    struct instance *instance = memory_new(sizeof *instance + key.size);
    memcpy(instance->data, key.data, key.size);
    instance->map_key = bytes_of(instance->data, key.size);
    instance->hub = memory_must(engine_hub(engine, hub));
    instance->row = (struct instance_row){.hub = hub,
                                          .instance_id = bytes_slice(instance->map_key, sizeof hub, SIZE_MAX),
                                          .status = INSTANCE_NONE};
    gate_waiter_init(&instance->gate_waiter, instance_committed); /* instance_life.c */
    list_init(&instance->put_link);
    list_init(&instance->residence_link);
    list_init(&instance->history_link);
    list_init(&instance->payload_link);
    list_init(&instance->activities);
    list_init(&instance->children);
    list_init(&instance->child_link);
    list_init(&instance->orphan_link);
    list_init(&instance->waiters);
    list_init(&instance->pins);
    list_init(&instance->inbox);
    list_init(&instance->later);
    turn_init(instance);
    list_init(&instance->entity_locks);
    list_init(&instance->entity_requests);
    list_init(&instance->entity_calls);
    memory_must_ok(map_put(&engine->instances, instance->map_key, instance));
    return instance;
}

struct instance *instance_obtain(struct engine *engine, uint32_t hub, struct bytes id, bool *ret_fetch)
{
    struct instance *instance = instance_find(engine, hub, id);
    *ret_fetch = !instance;
    if (instance)
        return instance;
    return new_object(engine, hub, id);
}

/* Known at once: its id was made up now, and no store can have it. */
struct instance *instance_obtain_fresh(struct engine *engine, uint32_t hub, struct bytes id)
{
    struct instance *instance = instance_find(engine, hub, id);
    if (!instance) {
        instance = new_object(engine, hub, id);
        instance->known = true;
    }
    return instance;
}

void instance_replace_payload(struct payload *to, struct owned_bytes *owner, struct payload from)
{
    *to = (struct payload){.present = from.present};
    if (from.present)
        to->value = owned_bytes_set(owner, from.value);
    else
        owned_bytes_fini(owner);
}

struct pb_execution_started_event *instance_started(struct engine *engine, const struct instance *instance)
{
    struct pb_history_event event;
    if (instance->payloads[PAYLOAD_STARTED].present &&
        pb_history_event_decode(&engine->scratch, instance->payloads[PAYLOAD_STARTED].value, &event) ==
            STATUS_OK &&
        event.event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED)
        return event.execution_started;
    /* The store lost it: what the row knows is the next best thing. */
    struct pb_execution_started_event *s = memory_must(arena_alloc(&engine->scratch, sizeof *s));
    s->name = instance->row.name;
    s->version = (struct pb_opt_bytes){instance->row.version.present, instance->row.version.value};
    return s;
}

bool instance_payload_may_leave(const struct engine *engine, const struct instance *instance,
                                enum payload_kind kind)
{
    return kind != PAYLOAD_STARTED && kind != PAYLOAD_TRACE_CONTEXT &&
           instance->payloads[kind].value.size > engine->options.payload_small_size;
}

/* --- its fields --- */

int64_t instance_stamp(struct engine *engine, struct instance *instance)
{
    instance->last_event_ns = MAX(instance->last_event_ns, engine->unix_ns);
    return instance->last_event_ns;
}

void instance_updated(struct instance *instance, int64_t at_ns)
{
    instance->row.updated_ns = at_ns;
}

void instance_set_suspended(struct instance *instance, bool suspended)
{
    instance->row.suspended = suspended;
}

void instance_want_suspended(struct instance *instance, bool suspended)
{
    instance->suspend_wanted = suspended;
}

void instance_set_recurse(struct instance *instance, bool recurse)
{
    instance->terminate_recurse = recurse;
}

void instance_note_history(struct instance *instance, bool resident)
{
    instance->history_resident = resident;
}

void instance_forget_history(struct instance *instance)
{
    ASSERT(list_empty(&instance->history_link));
    buf_fini(&instance->history);
    instance_note_history(instance, false);
}

bool instance_is_child(const struct instance *instance, const struct instance *parent, int32_t task_id)
{
    return instance->row.parent_id.present && instance->parent_task_id == task_id &&
           bytes_equal(instance->row.parent_id.value, parent->row.instance_id);
}

/* --- what is asked of the store --- */

/* What is not yet committed cannot be read back: then instance_committed asks again. One fetch is under way at a time, so that an
 * answer belongs to the last question. */
void instance_fetch_history(struct engine *engine, struct instance *instance)
{
    if (!instance->history_wanted || instance->history_fetching ||
        !engine_is_committed(engine, instance->changed_sequence))
        return;
    instance->history_fetching = true;
    instance->history_asked = instance->changed_sequence;
    engine_act(engine, ENGINE_FETCH_HISTORY)->key = instance->row.key;
}

void instance_want_history(struct engine *engine, struct instance *instance)
{
    instance->history_wanted = true;
    instance_fetch_history(engine, instance);
}

bool instance_payloads_resident(const struct instance *instance)
{
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        if (instance->payloads[kind].left_out)
            return false;
    return true;
}

bool instance_loaded(const struct instance *instance)
{
    return instance->history_resident && instance_payloads_resident(instance);
}

void instance_fetch_payloads(struct engine *engine, struct instance *instance)
{
    if (!instance->payloads_wanted || instance->payloads_fetching ||
        !engine_is_committed(engine, instance->changed_sequence))
        return;
    instance->payloads_fetching = true;
    instance->payloads_asked = instance->changed_sequence;
    struct engine_action *action = engine_act(engine, ENGINE_FETCH);
    action->hub = instance->row.hub;
    action->instance_id = memory_arena_copy(&engine->actions->arena, instance->row.instance_id);
}

void instance_want_payloads(struct engine *engine, struct instance *instance)
{
    instance->payloads_wanted = true;
    instance_fetch_payloads(engine, instance);
}
