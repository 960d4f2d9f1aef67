/* SPDX-License-Identifier: MIT */
/* entity.c — whoever changes something marks the entity (entity_due); what follows is entity_run.c's. */
#include "core/task/entity.h"

#include "core/task/gate.h"
#include "core/task/watch.h"
#include "core/task/work.h"

/* --- the object --- */

void entity_init(struct engine *engine)
{
    uint64_t seed = prng_next(&engine->prng);
    map_init(&engine->entities, seed, prng_next(&engine->prng));
    list_init(&engine->entities_due);
    list_init(&engine->idle_entities);
}

static struct bytes make_key(uint8_t *key, uint32_t hub, struct bytes id)
{
    memcpy(key, &hub, sizeof hub);
    memcpy(key + sizeof hub, id.data, id.size);
    return bytes_of(key, sizeof hub + id.size);
}

struct entity *entity_find(const struct engine *engine, uint32_t hub, struct bytes id)
{
    uint8_t key[sizeof hub + 256];
    if (id.size == 0 || id.size > sizeof key - sizeof hub)
        return NULL;
    return (struct entity *)map_get(&engine->entities, make_key(key, hub, id));
}

static void on_committed(struct engine *engine, struct gate_waiter *waiter)
{
    struct entity *entity = CONTAINER_OF(waiter, struct entity, gate_waiter);
    if (engine_is_committed(engine, entity->touched_sequence))
        entity_due(engine, entity);
    else
        gate_wait(engine, &entity->gate_waiter, entity->touched_sequence);
}

struct entity *entity_obtain(struct engine *engine, uint32_t hub, const struct entity_name *name)
{
    struct entity *entity = entity_find(engine, hub, name->id);
    if (entity)
        return entity;
    entity = memory_new(sizeof *entity + sizeof hub + name->id.size);
    entity->map_key = make_key(entity->data, hub, name->id);
    entity->id = bytes_slice(entity->map_key, sizeof hub, SIZE_MAX);
    entity->name = bytes_slice(entity->id, 1, name->name.size);
    entity->hub = memory_must(engine_hub(engine, hub));
    struct list *lists[] = {&entity->messages, &entity->later,     &entity->taken, &entity->held_link,
                            &entity->due_link, &entity->idle_link, &entity->pins};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        list_init(lists[n]);
    gate_waiter_init(&entity->gate_waiter, on_committed);
    work_init(&entity->work, &entity_class);
    memory_must_ok(map_put(&engine->entities, entity->map_key, entity));
    entity_due(engine, entity); /* it may be of no use, and leave again */
    return entity;
}

static void uncount(struct engine *engine, struct entity *entity)
{
    if (list_empty(&entity->idle_link))
        return;
    list_remove(&entity->idle_link);
    engine->idle_entity_count--;
    engine->idle_entity_size -= entity->counted_size;
}

static void free_message(struct entity_message *message)
{
    alarm_clear(&message->alarm);
    list_remove(&message->link);
    list_remove(&message->request_link);
    message->entity->message_count--;
    free(message);
}

static void destroy(struct engine *engine, struct entity *entity)
{
    struct list *lists[] = {&entity->messages, &entity->later, &entity->taken};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        while (!list_empty(lists[n]))
            free_message(entity_message_of(lists[n]->next));
    work_finish(engine, &entity->work);
    uncount(engine, entity);
    list_remove(&entity->due_link);
    list_remove(&entity->held_link);
    list_remove(&entity->gate_waiter.link);
    map_take(&engine->entities, entity->map_key); /* the key lies in the object */
    owned_bytes_fini(&entity->state_bytes);
    owned_bytes_fini(&entity->section);
    owned_bytes_fini(&entity->failure);
    free(entity);
}

void entity_fini(struct engine *engine)
{
    void *item;
    for (size_t at = 0; (item = map_drain(&engine->entities, &at));)
        destroy(engine, (struct entity *)item);
    map_fini(&engine->entities);
}

void entity_touch(struct engine *engine, struct entity *entity)
{
    entity->touched_sequence = engine->open_sequence;
    if (list_empty(
            &entity->gate_waiter.link)) /* in an earlier gate it stays there: that commit moves it on */
        gate_wait(engine, &entity->gate_waiter, engine->open_sequence);
}

void entity_tell(struct engine *engine, const struct entity *entity)
{
    if (!entity->hub->watched)
        return;
    /* Gone is what nobody could find again. A state that was never read may be there. */
    bool stateless = entity->state_known && !entity->state.present;
    struct engine_entity_change change = {
        .entity_id = entity->id,
        .modified_ns = entity->state.present ? entity->modified_ns : 0,
        .backlog = entity->message_count,
        .gone = stateless && !entity->holder && entity->message_count == 0,
    };
    if (entity->holder)
        change.locked_by = entity->holder->row.instance_id;
    watch_note_entity(&engine->entity_changes, engine->open_sequence, (uint32_t)entity->hub->number, &change);
}

void entity_due(struct engine *engine, struct entity *entity)
{
    if (list_empty(&entity->due_link))
        list_push_back(&engine->entities_due, &entity->due_link);
}

/* --- the state --- */

/* Nothing of the row can be under way: only who knows the state writes it. The object stays until the answer is there, so
 * no answer of before can come to one that was made later. */
void entity_fetch(struct engine *engine, struct entity *entity)
{
    if (entity->state_fetching)
        return;
    entity->state_fetching = true;
    struct engine_action *action = engine_act(engine, ENGINE_FETCH_ENTITY);
    action->hub = (uint32_t)entity->hub->number;
    action->instance_id = memory_arena_copy(&engine->actions->arena, entity->id);
}

static void keep_state(struct entity *entity, struct payload state)
{
    entity->state = (struct payload){.present = state.present};
    if (state.present)
        entity->state.value = owned_bytes_set(&entity->state_bytes, state.value);
    else
        owned_bytes_fini(&entity->state_bytes);
    entity->state_known = true;
}

void entity_set_state(struct engine *engine, struct entity *entity, struct payload state)
{
    ASSERT(entity->state_known);
    struct entity_row row = {.hub = (uint32_t)entity->hub->number, .entity_id = entity->id};
    if (state.present) {
        row.state = state.value;
        row.modified_ns = engine->unix_ns;
        gate_write(engine, &(struct write_op){.kind = WRITE_ENTITY_PUT, .entity = row});
    } else if (entity->state.present) {
        gate_write(engine, &(struct write_op){.kind = WRITE_ENTITY_DELETE, .entity = row});
    }

    /* ORDER: the row first; what memory had says whether there is one to delete. */
    keep_state(entity, state);
    entity->modified_ns = engine->unix_ns;
    entity_tell(engine, entity);
    entity_touch(engine, entity);
    entity_due(engine, entity);
}

/* Those who wait for the state run before the input ends. */
static void wake(struct engine *engine, struct entity *entity)
{
    list_each (it, &entity->pins) {
        struct entity_pin *pin = CONTAINER_OF(it, struct entity_pin, entity_link);
        if (pin->fetching)
            engine_call_arrived(engine, pin->call);
        pin->fetching = false;
    }
}

void entity_fetched(struct engine *engine, uint32_t hub, struct bytes id, const struct entity_row *row)
{
    struct entity *entity = entity_find(engine, hub, id);
    if (!entity)
        return;
    /* Whatever the answer is, the object may leave now: entity_run decides. */
    entity->state_fetching = false;
    entity_due(engine, entity);
    if (entity->state_known) /* its hub was deleted meanwhile */
        return;
    entity->modified_ns = row ? row->modified_ns : 0;
    keep_state(entity, row ? (struct payload){.present = true, .value = row->state}
                           : (struct payload){.present = false});
    wake(engine, entity);
    if (entity->work.state == WORK_LOADING)
        work_enqueue(engine, &entity->work, true);
    entity_due(engine, entity);
}

bool entity_need(struct engine *engine, struct call *call, struct entity *entity)
{
    list_each (it, &entity->pins)
        if (CONTAINER_OF(it, struct entity_pin, entity_link)->call == call)
            return entity->state_known;
    struct entity_pin *pin = memory_new(sizeof *pin);
    pin->call = call;
    pin->entity = entity;
    pin->fetching = !entity->state_known;
    list_push_back(&call->entity_pins, &pin->call_link);
    list_push_back(&entity->pins, &pin->entity_link);
    if (entity->state_known)
        return true;
    call->fetches++;
    entity_fetch(engine, entity);
    return false;
}

void entity_unpin_all(struct engine *engine, struct call *call)
{
    struct list *link;
    while ((link = list_pop_front(&call->entity_pins))) {
        struct entity_pin *pin = CONTAINER_OF(link, struct entity_pin, call_link);
        list_remove(&pin->entity_link);
        entity_due(engine, pin->entity);
        free(pin);
    }
}

/* Nothing waits, nothing is kept. */
static void forget(struct engine *engine, struct entity *entity)
{
    struct list *lists[] = {&entity->messages, &entity->later, &entity->taken};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        while (!list_empty(lists[n]))
            free_message(entity_message_of(lists[n]->next));
    work_finish(engine, &entity->work);
    keep_state(entity, (struct payload){.present = false});
    wake(engine, entity);
    entity_touch(engine, entity);
    entity_due(engine, entity);
}

void entity_forget_hub(struct engine *engine, const struct hub *hub)
{
    struct entity *entity;
    for (size_t at = 0; (entity = (struct entity *)map_next(&engine->entities, &at));)
        if (entity->hub == hub)
            forget(engine, entity);
}

/* --- messages --- */

/* From the end: what becomes visible is nearly always the newest. */
static void link_by_order(struct entity *entity, struct entity_message *message)
{
    struct list *at = entity->messages.prev;
    while (at != &entity->messages && entity_message_of(at)->order > message->order)
        at = at->prev;
    list_push_front(at, &message->link);
}

static void on_visible(struct engine *engine, struct alarm *alarm)
{
    struct entity_message *message = CONTAINER_OF(alarm, struct entity_message, alarm);
    list_remove(&message->link);
    message->order = ++engine->arrivals;
    link_by_order(message->entity, message);
    entity_due(engine, message->entity);
}

static struct bytes put(struct entity_message *message, size_t *at, struct bytes bytes)
{
    if (bytes.size)
        memcpy(message->data + *at, bytes.data, bytes.size);
    struct bytes kept = bytes_of(message->data + *at, bytes.size);
    *at += bytes.size;
    return kept;
}

/* The order is that of becoming visible, not of arriving: what is due later gets its number then. */
static void enter(struct engine *engine, struct entity_message *message)
{
    struct entity *entity = message->entity;
    entity->message_count++;
    if (message->visible_ns > engine->unix_ns) {
        list_push_back(&entity->later, &message->link);
        alarm_set_unix(engine, &message->alarm, message->visible_ns, on_visible);
        return;
    }
    message->order = ++engine->arrivals;
    link_by_order(entity, message);
}

struct entity_message *entity_add(struct engine *engine, struct entity *entity,
                                  const struct entity_message_row *row, bool loaded)
{
    size_t size = row->event.size + row->sender.size + row->execution_id.size + row->trace.size;
    struct entity_message *message = memory_new(sizeof *message + size);
    size_t at = 0;
    message->entity = entity;
    message->event = put(message, &at, row->event);
    message->sender = put(message, &at, row->sender);
    message->execution_id = put(message, &at, row->execution_id);
    message->trace = put(message, &at, row->trace);
    /* A row of the store is durable, which is set 0; a new one waits for the open set. Messages and instances take their
     * numbers from one counter. */
    message->sequence = loaded ? row->sequence : engine->key_next++;
    message->write_sequence = loaded ? 0 : engine->open_sequence;
    message->visible_ns = row->visible_ns;
    message->legacy = row->legacy;
    struct bytes body;
    message->kind = event_peek(message->event, &body);
    list_init(&message->link);
    list_init(&message->request_link);

    if (!loaded) {
        struct write_op op = {.kind = WRITE_ENTITY_MESSAGE_ADD, .entity_message = *row};
        op.entity_message.sequence = message->sequence;
        op.entity_message.hub = (uint32_t)entity->hub->number;
        op.entity_message.entity_id = entity->id;
        op.entity_message.at_ns = engine->unix_ns;
        gate_write(engine, &op);
        entity_touch(engine, entity);
    }
    enter(engine, message);
    entity_due(engine, entity);
    return message;
}

void entity_remove(struct engine *engine, struct entity_message *message)
{
    struct entity *entity = message->entity;
    gate_write(engine,
               &(struct write_op){.kind = WRITE_ENTITY_MESSAGE_DELETE, .sequence = message->sequence});
    entity_touch(engine, entity);
    free_message(message);
    entity_due(engine, entity);
}

bool entity_message_seen(const struct engine *engine, const struct entity_message *message)
{
    return engine->options.speculate_turns || engine_is_committed(engine, message->write_sequence);
}

bool entity_admits(const struct entity *entity, const struct entity_message *message)
{
    if (entity_is_request(message))
        return false;
    return !entity->holder || bytes_equal(message->sender, entity->holder->row.instance_id);
}

void entity_untake(struct entity *entity)
{
    /* From the last to the first, each in front: nothing that is visible has a smaller number than they. */
    while (!list_empty(&entity->taken)) {
        struct entity_message *message = entity_message_of(entity->taken.prev);
        list_remove(&message->link);
        struct list *at = entity->messages.next;
        while (at != &entity->messages && entity_message_of(at)->order < message->order)
            at = at->next;
        list_push_back(at, &message->link);
    }
}

/* --- residence --- */

static bool may_leave(const struct engine *engine, const struct entity *entity)
{
    return entity->message_count == 0 && !entity->holder && !entity->state_fetching &&
           entity->work.state == WORK_IDLE && list_empty(&entity->pins) &&
           engine_is_committed(engine, entity->touched_sequence);
}

/* Idle ones stay, the least recently used leave first. One whose state nobody ever wanted is of no use. */
void entity_place(struct engine *engine, struct entity *entity)
{
    /* ORDER: taken off with the size that was counted, before it is counted with another. */
    uncount(engine, entity);
    if (!may_leave(engine, entity))
        return;
    if (!entity->state_known) {
        destroy(engine, entity);
        return;
    }
    entity->counted_size = entity->state.value.size;
    list_push_back(&engine->idle_entities, &entity->idle_link);
    engine->idle_entity_count++;
    engine->idle_entity_size += entity->counted_size;
}

void entity_trim(struct engine *engine)
{
    /* The last one stays, however large: it would be read again for its next operation. */
    while (engine->idle_entity_count > engine->options.entity_resident_max ||
           (engine->idle_entity_size > engine->options.entity_resident_size_max &&
            engine->idle_entity_count > 1))
        destroy(engine, CONTAINER_OF(engine->idle_entities.next, struct entity, idle_link));
}
