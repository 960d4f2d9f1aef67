/* SPDX-License-Identifier: MIT */
/* instance.c — see instance.h. */
#include "core/task/instance.h"

#include "base/log.h"
#include "core/task/activity.h"
#include "core/task/call.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/orphans.h"
#include "core/task/residence.h"
#include "core/task/turn.h"
#include "core/task/work.h"

/* --- the object --- */

static struct bytes make_key(struct engine *e, uint32_t hub, struct bytes id)
{
    uint8_t *key = (uint8_t *)memory_must(arena_alloc(&e->scratch, sizeof hub + id.size));
    memcpy(key, &hub, sizeof hub);
    if (id.size)
        memcpy(key + sizeof hub, id.data, id.size);
    return bytes_of(key, sizeof hub + id.size);
}

struct instance *instance_find(const struct engine *e, uint32_t hub, struct bytes id)
{
    uint8_t key[sizeof hub + 256];
    if (id.size > sizeof key - sizeof hub)
        return NULL;
    memcpy(key, &hub, sizeof hub);
    if (id.size)
        memcpy(key + sizeof hub, id.data, id.size);
    return (struct instance *)map_get(&e->instances, bytes_of(key, sizeof hub + id.size));
}

struct instance *instance_find_by_key(const struct engine *e, int64_t key)
{
    return (struct instance *)map_get(&e->keys, bytes_of(&key, sizeof key));
}

static struct instance *new_object(struct engine *e, uint32_t hub, struct bytes id)
{
    struct bytes key = make_key(e, hub, id);
    struct instance *i = memory_new(sizeof *i + key.size);
    memcpy(i->data, key.data, key.size);
    i->map_key = bytes_of(i->data, key.size);
    i->hub = memory_must(engine_hub(e, hub));
    i->row.hub = hub;
    i->row.instance_id = bytes_slice(i->map_key, sizeof hub, SIZE_MAX);
    i->row.status = INSTANCE_NONE;
    list_init(&i->gate_link);
    list_init(&i->put_link);
    list_init(&i->residence_link);
    list_init(&i->history_link);
    list_init(&i->payload_link);
    list_init(&i->activities);
    list_init(&i->children);
    list_init(&i->child_link);
    list_init(&i->orphan_link);
    list_init(&i->waiters);
    list_init(&i->pins);
    inbox_init(i);
    turn_init(i);
    memory_must_ok(map_put(&e->instances, i->map_key, i));
    return i;
}

struct instance *instance_obtain(struct engine *e, uint32_t hub, struct bytes id, bool *ret_fetch)
{
    struct instance *i = instance_find(e, hub, id);
    *ret_fetch = !i;
    return i ? i : new_object(e, hub, id);
}

struct instance *instance_obtain_fresh(struct engine *e, uint32_t hub, struct bytes id)
{
    struct instance *i = instance_find(e, hub, id);
    if (!i) {
        i = new_object(e, hub, id);
        i->known = true;
    }
    return i;
}

static void set_bytes(struct bytes *to, struct bytes from)
{
    struct bytes copy = memory_copy(from);
    memory_free_bytes(to);
    *to = copy;
}

static void set_payload(struct payload *to, struct payload from)
{
    struct bytes copy = from.present ? memory_copy(from.value) : (struct bytes){NULL, 0};
    memory_free_bytes(&to->value);
    *to = (struct payload){.present = from.present, .value = copy};
}

static void free_row(struct instance *i)
{
    struct instance_row *r = &i->row;
    memory_free_bytes(&r->execution_id);
    memory_free_bytes(&r->name);
    memory_free_bytes(&r->version.value);
    memory_free_bytes(&r->parent_id.value);
    memory_free_bytes(&r->tags);
    memory_free_bytes(&i->parent_execution_id);
    i->input_size = 0;
    *r = (struct instance_row){.hub = r->hub, .instance_id = r->instance_id, .status = INSTANCE_NONE};
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++) {
        memory_free_bytes(&i->payloads[kind].value);
        i->payloads[kind] = (struct payload){.present = false};
    }
}

/* An execution's ExecutionStarted as it is kept: its input is a payload of its own. */
static struct bytes encode_started(struct engine *e, const struct pb_execution_started_event *started)
{
    struct pb_execution_started_event kept = *started;
    kept.input = pb_none();
    struct pb_history_event event = {.event_id = EVENT_ID_STARTED,
                                     .event_type_case = PB_HISTORY_EVENT_EXECUTION_STARTED,
                                     .execution_started = &kept};
    return event_encode(&e->scratch, &event);
}

/* What the rest of the engine wants to know of the parent comes from ExecutionStarted. */
static void note_parent(struct instance *i, const struct pb_execution_started_event *started)
{
    memory_free_bytes(&i->parent_execution_id);
    const struct pb_parent_instance_info *p = started->parent_instance;
    if (!p || !p->orchestration_instance)
        return;
    i->parent_task_id = p->task_scheduled_id;
    i->parent_execution_id = memory_copy(p->orchestration_instance->execution_id.value);
}

struct pb_execution_started_event *instance_started(struct engine *e, const struct instance *i)
{
    struct pb_history_event event;
    if (i->payloads[PAYLOAD_STARTED].present &&
        pb_history_event_decode(&e->scratch, i->payloads[PAYLOAD_STARTED].value, &event) == STATUS_OK &&
        event.event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED)
        return event.execution_started;
    /* The store lost it: what the row knows is the next best thing. */
    struct pb_execution_started_event *s = memory_must(arena_alloc(&e->scratch, sizeof *s));
    s->name = i->row.name;
    s->version = (struct pb_opt_bytes){i->row.version.present, i->row.version.value};
    return s;
}

bool instance_payload_may_leave(const struct engine *e, const struct instance *i, enum payload_kind kind)
{
    return kind != PAYLOAD_STARTED && kind != PAYLOAD_TRACE_CONTEXT &&
           i->payloads[kind].value.size > e->options.payload_small_size;
}

/* While a store is loaded, what can be fetched later is not taken. A store of before has the input twice. */
static void fill_payload(struct engine *e, struct instance *i, enum payload_kind kind, struct payload p)
{
    struct pb_history_event event;
    i->payloads[kind] = p;
    bool leaves = e->loading && instance_payload_may_leave(e, i, kind);
    if (p.left_out || leaves) {
        i->payloads[kind] = (struct payload){.present = true, .left_out = true};
        return;
    }
    if (kind == PAYLOAD_STARTED && p.present &&
        pb_history_event_decode(&e->scratch, p.value, &event) == STATUS_OK &&
        event.event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED && event.execution_started->input.present)
        p.value = encode_started(e, event.execution_started);
    i->payloads[kind] = (struct payload){.present = p.present};
    if (p.present)
        i->payloads[kind].value = memory_copy(p.value);
    i->input_size = kind == PAYLOAD_INPUT ? p.value.size : i->input_size;
}

void instance_fill(struct engine *e, struct instance *i, const struct instance_row *row,
                   const struct payload *payloads)
{
    i->known = true;
    if (!row)
        return;
    struct bytes id = i->row.instance_id;
    i->row = *row;
    i->row.instance_id = id;
    i->row.execution_id = memory_copy(row->execution_id);
    i->row.name = memory_copy(row->name);
    i->row.version = (struct payload){row->version.present, memory_copy(row->version.value)};
    i->row.parent_id = (struct payload){row->parent_id.present, memory_copy(row->parent_id.value)};
    i->row.tags = memory_copy(row->tags);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        fill_payload(e, i, (enum payload_kind)kind, payloads[kind]);
    i->last_event_ns = row->updated_ns;
    i->history_resident = row->history_count == 0;
    i->suspend_wanted = row->suspended;
    note_parent(i, instance_started(e, i));
    memory_must_ok(map_put(&e->keys, bytes_of(&i->row.key, sizeof i->row.key), i));
    e->key_next = MAX(e->key_next, row->key + 1);
    if (instance_live(i) && row->history_count == 0)
        inbox_add_started(e, i);
}

/* --- life --- */

void instance_move(struct engine *e, struct instance *i, int status)
{
    ASSERT(instance_status_allowed(i->row.status, status));
    if (i->row.status == status)
        return;
    log_debug("core/instance", "move hub=\"%.*s\" instance=\"%.*s\" from=%s to=%s", BYTES_FMT(i->hub->name),
              BYTES_FMT(i->row.instance_id), instance_status_name(i->row.status),
              instance_status_name(status));
    i->row.status = status;
    if (status != INSTANCE_NONE)
        gate_put(e, i);
    call_wake(e, i);
}

void instance_set_payload(struct engine *e, struct instance *i, enum payload_kind kind, struct payload p)
{
    if (!p.present && !i->payloads[kind].present)
        return;
    residence_use_payloads(e, i);
    set_payload(&i->payloads[kind], p);
    i->input_size = kind == PAYLOAD_INPUT ? p.value.size : i->input_size;
    gate_write(e, &(struct write_op){.kind = WRITE_PAYLOAD_PUT,
                                     .key = i->row.key,
                                     .payload_kind = kind,
                                     .payload = i->payloads[kind]});
}

int64_t instance_stamp(struct engine *e, struct instance *i)
{
    i->last_event_ns = MAX(i->last_event_ns, e->unix_ns);
    return i->last_event_ns;
}

/* Everything that an execution's ExecutionStarted says, into the row and the payloads. */
static void begin_execution(struct engine *e, struct instance *i, struct pb_execution_started_event *started)
{
    struct instance_row *r = &i->row;
    ASSERT(started->orchestration_instance && started->orchestration_instance->execution_id.present);
    set_bytes(&r->execution_id, started->orchestration_instance->execution_id.value);
    set_bytes(&r->name, started->name);
    set_payload(&r->version, (struct payload){started->version.present, started->version.value});
    struct pb_orchestration_state tags = {.tags = started->tags, .tags_count = started->tags_count};
    struct buf encoded = {0};
    pb_orchestration_state_encode(&tags, &encoded);
    memory_must_ok(buf_status(&encoded));
    set_bytes(&r->tags, buf_peek(&encoded));
    buf_fini(&encoded);
    note_parent(i, started);
    r->history_count = 0;
    r->suspended = false;
    i->history_resident = true;
    i->history_size = 0;
    instance_set_payload(e, i, PAYLOAD_INPUT, (struct payload){started->input.present, started->input.value});
    instance_set_payload(e, i, PAYLOAD_STARTED, (struct payload){true, encode_started(e, started)});
    i->history_sequence = e->open_sequence;
    gate_put(e, i);
}

void instance_create(struct engine *e, struct instance *i, struct pb_execution_started_event *started,
                     struct instance *parent)
{
    ASSERT(i->known && !instance_exists(i));
    struct instance_row *r = &i->row;
    r->key = e->key_next++;
    r->created_ns = e->unix_ns;
    r->updated_ns = e->unix_ns;
    r->scheduled_ns =
        started->scheduled_start_timestamp.present ? pb_time_to_ns(started->scheduled_start_timestamp) : 0;
    if (started->parent_instance && started->parent_instance->orchestration_instance)
        set_payload(&r->parent_id,
                    (struct payload){true, started->parent_instance->orchestration_instance->instance_id});
    i->last_event_ns = 0;
    i->suspend_wanted = false;
    memory_must_ok(map_put(&e->keys, bytes_of(&r->key, sizeof r->key), i));
    begin_execution(e, i, started);
    if (parent) {
        i->parent = parent;
        list_push_back(&parent->children, &i->child_link);
    }
    inbox_add_started(e, i);
    instance_move(e, i, INSTANCE_PENDING);
    orphans_note(e, i);
    instance_settle(e, i);
}

void instance_orphan_children(struct engine *e, struct instance *i)
{
    struct list *link;
    while ((link = list_pop_front(&i->children))) {
        struct instance *child = CONTAINER_OF(link, struct instance, child_link);
        child->parent = NULL;
        orphans_note(e, child);
    }
}

void instance_renew(struct engine *e, struct instance *i, struct pb_execution_started_event *started,
                    const struct bytes *carryover, size_t carryover_count)
{
    struct list kept;
    list_init(&kept);
    inbox_detach_untagged(e, i, &kept);
    activity_drop_all(e, i);
    gate_write(e, &(struct write_op){.kind = WRITE_INBOX_CLEAR, .key = i->row.key});
    gate_write(e, &(struct write_op){.kind = WRITE_HISTORY_CLEAR, .key = i->row.key});
    residence_use_history(e, i);
    buf_clear(&i->history);
    instance_orphan_children(e, i);
    i->row.scheduled_ns = 0;
    begin_execution(e, i, started);
    inbox_add_started(e, i);
    for (size_t n = 0; n < carryover_count; n++)
        inbox_add(e, i, carryover[n], false, 0);
    inbox_attach(e, i, &kept);
}

void instance_delete(struct engine *e, struct instance *i)
{
    ASSERT(instance_exists(i));
    gate_write(e, &(struct write_op){.kind = WRITE_INSTANCE_DELETE, .key = i->row.key});
    gate_drop_put(e, i);
    gate_touch(e, i);
    alarm_clear(&i->terminate_alarm);
    turn_drop(e, i);
    inbox_drop_all(e, i);
    activity_drop_memory(e, i);
    instance_orphan_children(e, i);
    i->parent = NULL;
    list_remove(&i->child_link);
    list_remove(&i->orphan_link);
    residence_use_history(e, i);
    buf_fini(&i->history);
    i->history_resident = false;
    i->history_wanted = false;
    i->history_fetching = false;
    i->payloads_wanted = false;
    i->payloads_fetching = false;
    residence_use_payloads(e, i);
    map_take(&e->keys, bytes_of(&i->row.key, sizeof i->row.key));
    instance_move(e, i, INSTANCE_NONE);
    free_row(i);
    call_fetched(e, i); /* who waited for its history sees that it is gone */
    instance_settle(e, i);
}

void instance_destroy(struct engine *e, struct instance *i)
{
    turn_drop(e, i);
    inbox_drop_all(e, i);
    activity_drop_memory(e, i);
    instance_orphan_children(e, i);
    list_remove(&i->child_link);
    list_remove(&i->orphan_link);
    list_remove(&i->put_link);
    list_remove(&i->gate_link);
    residence_remove(e, i);
    alarm_clear(&i->terminate_alarm);
    buf_fini(&i->history);
    if (instance_exists(i))
        map_take(&e->keys, bytes_of(&i->row.key, sizeof i->row.key));
    map_take(&e->instances, i->map_key);
    free_row(i);
    free(i);
}

/* --- history --- */

void instance_append_history(struct engine *e, struct instance *i, struct bytes blob, int64_t count)
{
    residence_use_history(e, i);
    if (i->history_resident) {
        i->history.limit = SIZE_MAX;
        memory_must_ok(buf_reserve(&i->history, blob.size));
        buf_append_bytes(&i->history, blob);
    }
    struct history_row row = {
        .key = i->row.key, .first = i->row.history_count, .count = count, .events = blob};
    gate_write(e, &(struct write_op){.kind = WRITE_HISTORY_APPEND, .key = i->row.key, .history = row});
    i->history_size += blob.size;
    i->row.history_count += count;
    i->history_sequence = e->open_sequence;
    gate_put(e, i);
}

/* What is not yet committed cannot be read back; then instance_settle asks again after the commit. */
static void fetch_history(struct engine *e, struct instance *i)
{
    if (!i->history_wanted || i->history_fetching || !engine_is_committed(e, i->changed_sequence))
        return;
    i->history_fetching = true;
    engine_act(e, ENGINE_FETCH_HISTORY)->key = i->row.key;
}

void instance_want_history(struct engine *e, struct instance *i)
{
    i->history_wanted = true;
    fetch_history(e, i);
}

void instance_history_fetched(struct engine *e, struct instance *i, struct bytes blob)
{
    size_t count;
    if (!i->history_fetching)
        return;
    i->history_fetching = false;
    if (!engine_is_committed(e, i->changed_sequence))
        return; /* it has grown meanwhile */
    i->history_wanted = false;
    if (!event_blob_valid(blob, &count) || (int64_t)count != i->row.history_count) {
        engine_note(e, LOG_LEVEL_ERROR, i->hub, i->row.instance_id,
                    "the stored history does not fit its instance");
        if (i->turn.work.state == WORK_LOADING)
            work_abandon(e, &i->turn.work);
        call_history_lost(e, i);
        return;
    }
    i->history.limit = SIZE_MAX;
    buf_clear(&i->history);
    memory_must_ok(buf_reserve(&i->history, blob.size));
    buf_append_bytes(&i->history, blob);
    i->history_resident = true;
    i->history_size = blob.size;
    if (i->turn.work.state == WORK_LOADING && instance_loaded(i))
        work_enqueue(e, &i->turn.work, true);
    call_fetched(e, i);
    instance_settle(e, i);
}

/* --- payloads that were left out --- */

bool instance_payloads_resident(const struct instance *i)
{
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        if (i->payloads[kind].left_out)
            return false;
    return true;
}

bool instance_loaded(const struct instance *i)
{
    return i->history_resident && instance_payloads_resident(i);
}

static void fetch_payloads(struct engine *e, struct instance *i)
{
    if (!i->payloads_wanted || i->payloads_fetching || !engine_is_committed(e, i->changed_sequence))
        return;
    i->payloads_fetching = true;
    struct engine_action *action = engine_act(e, ENGINE_FETCH);
    action->hub = i->row.hub;
    action->instance_id = memory_arena_copy(&e->actions->arena, i->row.instance_id);
}

void instance_want_payloads(struct engine *e, struct instance *i)
{
    i->payloads_wanted = true;
    fetch_payloads(e, i);
}

void instance_payloads_fetched(struct engine *e, struct instance *i, const struct payload *payloads)
{
    if (!i->payloads_fetching)
        return;
    i->payloads_fetching = false;
    if (!engine_is_committed(e, i->changed_sequence))
        return; /* they may have changed meanwhile: instance_settle asks again */
    i->payloads_wanted = false;
    residence_use_payloads(e, i);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        if (i->payloads[kind].left_out)
            set_payload(&i->payloads[kind], payloads[kind]);
    i->input_size = i->payloads[PAYLOAD_INPUT].value.size;
    if (i->turn.work.state == WORK_LOADING && instance_loaded(i))
        work_enqueue(e, &i->turn.work, true);
    call_fetched(e, i);
    instance_settle(e, i);
}

void instance_settle(struct engine *e, struct instance *i)
{
    if (e->loading)
        return;
    fetch_history(e, i);
    fetch_payloads(e, i);
    if (instance_live(i) && i->turn.work.state == WORK_IDLE && inbox_ready(e, i))
        work_enqueue(e, &i->turn.work, false);
    residence_place(e, i);
}
