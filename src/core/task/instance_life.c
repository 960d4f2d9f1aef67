/* SPDX-License-Identifier: MIT */
/* instance_life.c — what happens to an instance: read from a store, born, begun anew, deleted, freed.
 * INVARIANT: its status is written here only (test/tree/writers_test.py). ORDER, in each: what others will ask of the
 * instance comes before they are told; residence_place comes last, since it judges what it finds. */
#include "core/task/instance_life.h"

#include "base/log.h"
#include "core/task/activity.h"
#include "core/task/call.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance_past.h"
#include "core/task/residence.h"
#include "core/task/tally.h"
#include "core/task/turn_held.h"
#include "core/task/watch.h"

/* --- its row --- */

/* What it owns, and with it what its row and its payloads borrow. */
static void free_row(struct instance *instance)
{
    struct instance_row *row = &instance->row;
    *row = (struct instance_row){.hub = row->hub, .instance_id = row->instance_id, .status = INSTANCE_NONE};
    owned_bytes_fini(&instance->owned.execution_id);
    owned_bytes_fini(&instance->owned.name);
    owned_bytes_fini(&instance->owned.version);
    owned_bytes_fini(&instance->owned.parent_id);
    owned_bytes_fini(&instance->owned.tags);
    owned_bytes_fini(&instance->parent_execution_id);

    instance->input_size = 0;
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++) {
        instance->payloads[kind] = (struct payload){.present = false};
        owned_bytes_fini(&instance->owned.payloads[kind]);
    }
}

/* An execution's ExecutionStarted as it is kept: its input is a payload of its own. */
static struct bytes encode_started(struct engine *engine, const struct pb_execution_started_event *started)
{
    struct pb_execution_started_event kept = *started;
    kept.input = pb_none();
    struct pb_history_event event = {.event_id = EVENT_ID_STARTED,
                                     .event_type_case = PB_HISTORY_EVENT_EXECUTION_STARTED,
                                     .execution_started = &kept};
    return event_encode(&engine->scratch, &event);
}

/* What the rest of the engine wants to know of the parent comes from ExecutionStarted. */
static void note_parent(struct instance *instance, const struct pb_execution_started_event *started)
{
    owned_bytes_fini(&instance->parent_execution_id);
    const struct pb_parent_instance_info *info = started->parent_instance;
    if (!info || !info->orchestration_instance)
        return;
    instance->parent_task_id = info->task_scheduled_id;
    owned_bytes_set(&instance->parent_execution_id, info->orchestration_instance->execution_id.value);
}

/* While a store is loaded, what can be fetched later is not taken. A store of before has the input twice. */
static void fill_payload(struct engine *engine, struct instance *instance, enum payload_kind kind,
                         struct payload payload)
{
    struct pb_history_event event;
    instance->payloads[kind] = payload;
    bool leaves = engine->loading && instance_payload_may_leave(engine, instance, kind);
    if (payload.left_out || leaves) {
        instance->payloads[kind] = (struct payload){.present = true, .left_out = true};
        return;
    }
    if (kind == PAYLOAD_STARTED && payload.present &&
        pb_history_event_decode(&engine->scratch, payload.value, &event) == STATUS_OK &&
        event.event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED && event.execution_started->input.present)
        payload.value = encode_started(engine, event.execution_started);
    instance->payloads[kind] = (struct payload){.present = payload.present};
    if (payload.present)
        instance->payloads[kind].value = owned_bytes_set(&instance->owned.payloads[kind], payload.value);
    instance->input_size = kind == PAYLOAD_INPUT ? payload.value.size : instance->input_size;
}

void instance_fill(struct engine *engine, struct instance *instance, const struct instance_row *row,
                   const struct payload *payloads)
{
    instance->known = true;
    if (!row)
        return;

    /* The store's bytes are good during this input only: each field gets its own, but for the id, which lies in the
     * object. */
    struct bytes id = instance->row.instance_id;
    instance->row = *row;
    instance->row.instance_id = id;
    instance->row.execution_id = owned_bytes_set(&instance->owned.execution_id, row->execution_id);
    instance->row.name = owned_bytes_set(&instance->owned.name, row->name);
    instance->row.version.value = owned_bytes_set(&instance->owned.version, row->version.value);
    instance->row.parent_id.value = owned_bytes_set(&instance->owned.parent_id, row->parent_id.value);
    instance->row.tags = owned_bytes_set(&instance->owned.tags, row->tags);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        fill_payload(engine, instance, (enum payload_kind)kind, payloads[kind]);

    instance->last_event_ns = row->updated_ns; /* no event of the history is later */
    instance_note_history(instance, row->history_count == 0);
    instance_want_suspended(instance, row->suspended);         /* until inbox_load finds a later wish */
    note_parent(instance, instance_started(engine, instance)); /* after the payloads, which it reads */
    memory_must_ok(map_put(&engine->keys, bytes_of(&instance->row.key, sizeof instance->row.key), instance));
    engine->key_next = MAX(engine->key_next, row->key + 1);

    /* ExecutionStarted has no row in the inbox: it waits as long as there is no history. */
    if (instance_live(instance) && row->history_count == 0)
        inbox_add_started(engine, instance);
}

/* --- life --- */

void instance_move(struct engine *engine, struct instance *instance, enum instance_status status)
{
    ASSERT(instance_status_allowed(instance->row.status, status));
    if (instance->row.status == status)
        return;
    log_debug("core/instance", "move hub=\"%.*s\" instance=\"%.*s\" from=%s to=%s",
              BYTES_FMT(instance->hub->name), BYTES_FMT(instance->row.instance_id),
              instance_status_name(instance->row.status), instance_status_name(status));
    tally_instance_moved(&instance->hub->tally, instance->row.status, status);
    instance->row.status = status;
    if (status != INSTANCE_NONE) /* NONE is the row's absence */
        gate_put(engine, instance);
    call_wake(engine, instance); /* after the put: the answers wait for the set that holds the status */
}

void instance_note_orphan(struct engine *engine, struct instance *instance)
{
    if (instance_live(instance) && instance->row.parent_id.present && !instance->parent &&
        list_empty(&instance->orphan_link))
        list_push_back(&engine->orphans, &instance->orphan_link);
}

/* Everything that an execution's ExecutionStarted says, into the row and the payloads. */
static void begin_execution(struct engine *engine, struct instance *instance,
                            struct pb_execution_started_event *started)
{
    struct instance_row *row = &instance->row;
    ASSERT(started->orchestration_instance && started->orchestration_instance->execution_id.present);

    /* What `started` points into may be the old payloads: they are replaced last. */
    row->execution_id =
        owned_bytes_set(&instance->owned.execution_id, started->orchestration_instance->execution_id.value);
    row->name = owned_bytes_set(&instance->owned.name, started->name);
    instance_replace_payload(&row->version, &instance->owned.version,
                             (struct payload){started->version.present, started->version.value});
    struct pb_orchestration_state tags = {.tags = started->tags, .tags_count = started->tags_count};
    struct buf encoded = {0};
    pb_orchestration_state_encode(&tags, &encoded);
    memory_must_ok(buf_status(&encoded));
    row->tags = owned_bytes_set(&instance->owned.tags, buf_peek(&encoded));
    buf_fini(&encoded);
    note_parent(instance, started);

    row->history_count = 0;
    instance_set_suspended(instance, false);
    instance_note_history(instance, true); /* an empty one is all there is */
    instance->history_size = 0;
    instance->history_rewound = false;

    instance_set_payload(engine, instance, PAYLOAD_INPUT,
                         (struct payload){started->input.present, started->input.value});
    instance_set_payload(engine, instance, PAYLOAD_STARTED,
                         (struct payload){true, encode_started(engine, started)});
    instance->history_sequence = engine->open_sequence; /* inbox_ready waits for it */
    gate_put(engine, instance);
}

void instance_create(struct engine *engine, struct instance *instance,
                     struct pb_execution_started_event *started, struct instance *parent)
{
    ASSERT(instance->known && !instance_exists(instance));
    struct instance_row *row = &instance->row;
    row->key = engine->key_next++;
    row->created_ns = engine->unix_ns;
    instance_updated(instance, engine->unix_ns);
    row->scheduled_ns =
        started->scheduled_start_timestamp.present ? pb_time_to_ns(started->scheduled_start_timestamp) : 0;
    if (started->parent_instance && started->parent_instance->orchestration_instance)
        instance_replace_payload(
            &row->parent_id, &instance->owned.parent_id,
            (struct payload){true, started->parent_instance->orchestration_instance->instance_id});
    instance->last_event_ns = 0;
    instance_want_suspended(instance, false);
    memory_must_ok(map_put(&engine->keys, bytes_of(&row->key, sizeof row->key), instance));

    /* The execution first: the event in the inbox is its payload STARTED. */
    begin_execution(engine, instance, started);
    if (parent) {
        instance->parent = parent;
        list_push_back(&parent->children, &instance->child_link);
    }
    inbox_add_started(engine, instance);

    /* It is live from here on, which is what the others ask. */
    instance_move(engine, instance, INSTANCE_PENDING);
    instance_note_orphan(engine, instance); /* if it names a parent that does not wait for it */
    inbox_turn_due(engine, instance);
    residence_place(engine, instance);
}

void instance_orphan_children(struct engine *engine, struct instance *instance)
{
    struct list *link;
    while ((link = list_pop_front(&instance->children))) {
        struct instance *child = CONTAINER_OF(link, struct instance, child_link);
        child->parent = NULL;
        instance_note_orphan(engine, child);
    }
}

/* What belongs to the old execution goes; what does not is kept. In the write set, too, the clearing comes before what
 * is added afterwards: its changes are applied in their order. */
static void leave_execution(struct engine *engine, struct instance *instance, struct list *ret_kept)
{
    list_init(ret_kept);
    entity_lock_end(engine, instance);
    inbox_detach_untagged(engine, instance, ret_kept);
    activity_drop_all(engine, instance);
    gate_write(engine, &(struct write_op){.kind = WRITE_INBOX_CLEAR, .key = instance->row.key});
    gate_write(engine, &(struct write_op){.kind = WRITE_HISTORY_CLEAR, .key = instance->row.key});
    residence_use_history(engine, instance);
    buf_clear(&instance->history);
    instance_orphan_children(engine, instance);
}

/* ORDER: the old execution leaves first. Its clearing of rows stands in the set before the new execution's rows,
 * and would take them along otherwise. */
void instance_renew(struct engine *engine, struct instance *instance,
                    struct pb_execution_started_event *started, const struct bytes *carryover,
                    size_t carryover_count)
{
    struct list kept;
    leave_execution(engine, instance, &kept);

    instance->row.scheduled_ns = 0; /* before inbox_add_started: only the first execution waits for it */
    begin_execution(engine, instance, started);

    /* ExecutionStarted, what the orchestrator carries over, then what it has not seen yet (spec 3.10). */
    inbox_add_started(engine, instance);
    for (size_t n = 0; n < carryover_count; n++)
        inbox_add(engine, instance, carryover[n], false, 0);
    inbox_attach(engine, instance, &kept);
}

void instance_rewind(struct engine *engine, struct instance *instance,
                     struct pb_execution_started_event *started, struct bytes blob, int64_t count)
{
    struct list kept;
    leave_execution(engine, instance, &kept);

    /* Input, name, tags and custom status are those of the execution that failed. */
    instance->row.execution_id =
        owned_bytes_set(&instance->owned.execution_id, started->orchestration_instance->execution_id.value);
    note_parent(instance, started);
    instance_set_payload(engine, instance, PAYLOAD_STARTED,
                         (struct payload){true, encode_started(engine, started)});

    instance->row.history_count = 0; /* before the blob: it begins the history */
    instance_note_history(instance, true);
    instance->history_size = 0;
    instance_append_history(engine, instance, blob, count);
    instance->history_rewound = event_blob_has(blob, PB_HISTORY_EVENT_EXECUTION_REWOUND);
    inbox_attach(engine, instance, &kept);
}

/* ORDER: the parent's execution id goes into the payload before the two are linked: after a restart it is by that
 * id that they find each other. */
void instance_adopt(struct engine *engine, struct instance *instance, struct instance *parent)
{
    struct pb_execution_started_event *started = instance_started(engine, instance);
    if (started->parent_instance && started->parent_instance->orchestration_instance)
        started->parent_instance->orchestration_instance->execution_id = pb_some(parent->row.execution_id);
    note_parent(instance, started);
    instance_set_payload(engine, instance, PAYLOAD_STARTED,
                         (struct payload){true, encode_started(engine, started)});
    inbox_started_changed(instance);
    gate_touch(engine, instance);

    list_remove(&instance->child_link);
    list_remove(&instance->orphan_link);
    instance->parent = parent;
    list_push_back(&parent->children, &instance->child_link);
    residence_place(engine, instance);
}

void instance_delete(struct engine *engine, struct instance *instance)
{
    ASSERT(instance_exists(instance));

    /* The store deletes everything of that key. A put that is pending would bring the row back. */
    gate_write(engine, &(struct write_op){.kind = WRITE_INSTANCE_DELETE, .key = instance->row.key});
    gate_drop_put(engine, instance);
    if (instance->hub->watched)
        watch_note(&engine->changes, engine->open_sequence, &instance->row, true);
    gate_touch(engine,
               instance); /* the object stays until that is committed: a fetch would find the old row */

    /* What it holds is free, in the same set. */
    entity_lock_end(engine, instance);

    /* In memory: its work and events, then its family. */
    alarm_clear(&instance->terminate_alarm);
    turn_drop(engine, instance);
    inbox_drop_all(engine, instance);
    activity_drop_memory(engine, instance);
    instance_orphan_children(engine, instance);
    instance->parent = NULL;
    list_remove(&instance->child_link);
    list_remove(&instance->orphan_link);

    /* Fetches that are under way are for nobody. A history comes by its key, which nobody has any more. Payloads come by
     * the id, which may be another's by then: they stay "under way", so that nobody asks and takes this answer. */
    residence_use_history(engine, instance);
    instance_forget_history(instance);
    instance->history_wanted = false;
    instance->history_fetching = false;
    instance->payloads_wanted = false;
    residence_use_payloads(engine, instance);

    /* The key before the row, which holds it; the move before free_row, which resets the
     * status that is moved. */
    map_take(&engine->keys, bytes_of(&instance->row.key, sizeof instance->row.key));
    instance_move(engine, instance, INSTANCE_NONE);
    free_row(instance);
    call_fetched(engine, instance); /* who waited for its history sees that it is gone */
    residence_place(engine, instance);
}

void instance_destroy(struct engine *engine, struct instance *instance)
{
    turn_drop(engine, instance);
    inbox_drop_all(engine, instance);
    activity_drop_memory(engine, instance);
    instance_orphan_children(engine, instance);
    list_remove(&instance->child_link);
    list_remove(&instance->orphan_link);
    list_remove(&instance->put_link);
    list_remove(&instance->gate_waiter.link);
    residence_remove(engine, instance); /* before the history goes, whose size it counts */
    alarm_clear(&instance->terminate_alarm);
    buf_fini(&instance->history);
    if (instance_exists(instance))
        map_take(&engine->keys, bytes_of(&instance->row.key, sizeof instance->row.key));
    map_take(&engine->instances, instance->map_key); /* the key lies in the object */
    free_row(instance);
    free(instance);
}

/* What waited for its rows to be on disk can go on: a fetch, a turn, its leaving memory. */
void instance_committed(struct engine *engine, struct gate_waiter *waiter)
{
    struct instance *instance = CONTAINER_OF(waiter, struct instance, gate_waiter);
    if (!engine_is_committed(engine, instance->changed_sequence))
        gate_wait(engine, &instance->gate_waiter, instance->changed_sequence); /* it changed again */
    instance_fetch_history(engine, instance);
    instance_fetch_payloads(engine, instance);
    inbox_turn_due(engine, instance);
    residence_place(engine, instance); /* last: it looks at what the others began */
}
