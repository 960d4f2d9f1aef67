/* SPDX-License-Identifier: MIT */
/* engine_rig_store.c — lists in memory: instances with their rows, then entities, then what a write set does to both. */
#include "lib/engine_rig_store.h"

#include <stdlib.h>

#include "core/task/event.h"
#include "core/task/memory.h"
#include "lib/copies.h"

/* --- instances and their rows --- */

struct rig_instance *rig_store_find(struct rig *r, int64_t key)
{
    list_each (it, &r->instances) {
        struct rig_instance *i = CONTAINER_OF(it, struct rig_instance, link);
        if (i->row.key == key)
            return i;
    }
    return NULL;
}

/* Payloads and rows may come before the instance's own row in a set. */
static struct rig_instance *obtain(struct rig *r, int64_t key)
{
    struct rig_instance *i = rig_store_find(r, key);
    if (i)
        return i;
    i = memory_new(sizeof *i);
    i->row.key = key;
    list_init(&i->inbox);
    list_init(&i->activities);
    list_init(&i->history);
    list_push_back(&r->instances, &i->link);
    return i;
}

struct rig_instance *rig_stored(struct rig *r, struct bytes id)
{
    list_each (it, &r->instances) {
        struct rig_instance *i = CONTAINER_OF(it, struct rig_instance, link);
        if (i->put && bytes_equal(i->row.instance_id, id))
            return i;
    }
    return NULL;
}

void rig_store_copy_row(struct instance_row *to, const struct instance_row *from)
{
    struct bytes *olds[] = {&to->instance_id,   &to->execution_id,    &to->name,
                            &to->version.value, &to->parent_id.value, &to->tags};
    for (size_t n = 0; n < ARRAY_SIZE(olds); n++)
        test_copy_free(olds[n]);
    *to = *from;
    struct bytes *news[] = {&to->instance_id,   &to->execution_id,    &to->name,
                            &to->version.value, &to->parent_id.value, &to->tags};
    for (size_t n = 0; n < ARRAY_SIZE(news); n++)
        *news[n] = test_copy(*news[n]);
}

static void free_rows(struct list *rows, int64_t number)
{
    list_each_safe (it, rows) {
        struct rig_row *row = CONTAINER_OF(it, struct rig_row, link);
        if (number >= 0 && row->number != number)
            continue;
        list_remove(&row->link);
        test_copy_free(&row->data);
        test_copy_free(&row->execution_id);
        free(row);
    }
}

static void add_row(struct list *rows, int64_t number, int64_t count, int64_t visible_ns, struct bytes data,
                    struct bytes execution_id)
{
    struct list *at = rows->prev;
    while (at != rows && CONTAINER_OF(at, struct rig_row, link)->number > number)
        at = at->prev;
    ASSERT(at == rows || CONTAINER_OF(at, struct rig_row, link)->number != number);
    struct rig_row *row = memory_new(sizeof *row);
    *row = (struct rig_row){.number = number,
                            .count = count,
                            .visible_ns = visible_ns,
                            .data = test_copy(data),
                            .execution_id = test_copy(execution_id)};
    list_push_front(at, &row->link);
}

static int64_t history_end(const struct rig_instance *i)
{
    if (list_empty(&i->history))
        return 0;
    const struct rig_row *last = CONTAINER_OF(i->history.prev, struct rig_row, link);
    return last->number + last->count;
}

static void drop_instance(struct rig_instance *i)
{
    rig_store_copy_row(&i->row, &(struct instance_row){.key = 0});
    struct bytes *copies[] = {&i->row.instance_id,   &i->row.execution_id,    &i->row.name,
                              &i->row.version.value, &i->row.parent_id.value, &i->row.tags};
    for (size_t n = 0; n < ARRAY_SIZE(copies); n++)
        test_copy_free(copies[n]);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        test_copy_free(&i->payloads[kind].value);
    free_rows(&i->inbox, -1);
    free_rows(&i->activities, -1);
    free_rows(&i->history, -1);
    list_remove(&i->link);
    free(i);
}

/* --- entities --- */

size_t rig_count(const struct list *rows)
{
    size_t count = 0;
    list_each (it, rows)
        count++;
    return count;
}

/* Which row: by id, or a message by its sequence. */
static struct rig_entity *find_entity(struct list *rows, struct bytes id, int64_t sequence)
{
    list_each (it, rows) {
        struct rig_entity *row = CONTAINER_OF(it, struct rig_entity, link);
        struct bytes own =
            row->op.kind == WRITE_ENTITY_PUT ? row->op.entity.entity_id : row->op.entity_lock.entity_id;
        if (row->op.kind == WRITE_ENTITY_MESSAGE_ADD ? row->op.entity_message.sequence == sequence
                                                     : bytes_equal(own, id))
            return row;
    }
    return NULL;
}

struct rig_entity *rig_stored_entity(struct rig *r, struct bytes id)
{
    return find_entity(&r->entities, id, 0);
}

static void free_entity(struct rig_entity *row)
{
    if (!row)
        return;
    list_remove(&row->link);
    arena_fini(&row->arena);
    free(row);
}

/* There is one hub. */
static void free_entities(struct rig *r)
{
    struct list *rows[] = {&r->entities, &r->entity_locks, &r->entity_messages, &r->receipts};
    for (size_t n = 0; n < ARRAY_SIZE(rows); n++)
        while (!list_empty(rows[n]))
            free_entity(CONTAINER_OF(rows[n]->next, struct rig_entity, link));
}

static void keep_entity(struct list *rows, const struct write_op *op)
{
    struct rig_entity *row = memory_new(sizeof *row);
    arena_init(&row->arena, 0);
    row->op = *op;
    struct bytes *fields[5] = {NULL};
    if (op->kind == WRITE_ENTITY_PUT) {
        fields[0] = &row->op.entity.entity_id;
        fields[1] = &row->op.entity.state;
    } else if (op->kind == WRITE_ENTITY_LOCK_PUT) {
        fields[0] = &row->op.entity_lock.entity_id;
        fields[1] = &row->op.entity_lock.owner;
        fields[2] = &row->op.entity_lock.execution_id;
        fields[3] = &row->op.entity_lock.section;
    } else if (op->kind == WRITE_RECEIPT_ADD) {
        fields[0] = &row->op.receipt.entity_id;
        fields[1] = &row->op.receipt.request_id;
    } else {
        fields[0] = &row->op.entity_message.entity_id;
        fields[1] = &row->op.entity_message.event;
        fields[2] = &row->op.entity_message.sender;
        fields[3] = &row->op.entity_message.execution_id;
        fields[4] = &row->op.entity_message.trace;
    }
    for (size_t n = 0; n < ARRAY_SIZE(fields) && fields[n]; n++)
        *fields[n] = memory_arena_copy(&row->arena, *fields[n]);
    list_push_back(rows, &row->link);
}

/* True if it was one of theirs. */
static bool apply_entity(struct rig *r, const struct write_op *op)
{
    switch (op->kind) {
    case WRITE_ENTITY_PUT:
        free_entity(find_entity(&r->entities, op->entity.entity_id, 0));
        keep_entity(&r->entities, op);
        return true;
    case WRITE_ENTITY_DELETE:
        free_entity(find_entity(&r->entities, op->entity.entity_id, 0));
        return true;
    case WRITE_ENTITY_LOCK_PUT:
        free_entity(find_entity(&r->entity_locks, op->entity_lock.entity_id, 0));
        keep_entity(&r->entity_locks, op);
        return true;
    case WRITE_ENTITY_LOCK_DELETE:
        free_entity(find_entity(&r->entity_locks, op->entity_lock.entity_id, 0));
        return true;
    case WRITE_ENTITY_MESSAGE_ADD:
        ASSERT(!find_entity(&r->entity_messages, (struct bytes){0}, op->entity_message.sequence));
        r->key_next = MAX(r->key_next, op->entity_message.sequence + 1);
        keep_entity(&r->entity_messages, op);
        return true;
    case WRITE_ENTITY_MESSAGE_DELETE:
        free_entity(find_entity(&r->entity_messages, (struct bytes){0}, op->sequence));
        return true;
    case WRITE_RECEIPT_ADD:
        r->key_next = MAX(r->key_next, op->receipt.sequence + 1);
        keep_entity(&r->receipts, op);
        return true;
    case WRITE_RECEIPT_DELETE:
        list_each_safe (it, &r->receipts)
            if (CONTAINER_OF(it, struct rig_entity, link)->op.receipt.sequence <= op->sequence)
                free_entity(CONTAINER_OF(it, struct rig_entity, link));
        return true;
    default:
        return false;
    }
}

static void load_entities(struct rig *r)
{
    list_each (it, &r->entity_locks)
        memory_must_ok(
            engine_load_entity_lock(r->engine, &CONTAINER_OF(it, struct rig_entity, link)->op.entity_lock));
    list_each (it, &r->entity_messages)
        memory_must_ok(engine_load_entity_message(
            r->engine, &CONTAINER_OF(it, struct rig_entity, link)->op.entity_message));
    list_each (it, &r->receipts)
        memory_must_ok(
            engine_load_receipt(r->engine, &CONTAINER_OF(it, struct rig_entity, link)->op.receipt));
}

/* --- a write set --- */

void rig_store_apply(struct rig *r, const struct write_op *op)
{
    bool of_hub = op->kind == WRITE_HUB_DELETE || op->kind == WRITE_HUB_CLEAR;
    if (op->kind == WRITE_HUB_RETENTION)
        return; /* nobody asks the rig */
    if (of_hub)
        free_entities(r);
    if (of_hub || apply_entity(r, op))
        return;
    struct rig_instance *i =
        op->kind == WRITE_INSTANCE_DELETE ? rig_store_find(r, op->key) : obtain(r, op->key);
    switch (op->kind) {
    case WRITE_INSTANCE_PUT:
        ASSERT(op->instance.key == op->key);
        rig_store_copy_row(&i->row, &op->instance);
        i->put = true;
        r->key_next = MAX(r->key_next, op->key + 1);
        break;
    case WRITE_INSTANCE_DELETE:
        if (i)
            drop_instance(i);
        break;
    case WRITE_PAYLOAD_PUT:
        test_copy_free(&i->payloads[op->payload_kind].value);
        i->payloads[op->payload_kind] = (struct payload){
            op->payload.present, op->payload.present ? test_copy(op->payload.value) : (struct bytes){0}};
        break;
    case WRITE_HISTORY_APPEND: {
        size_t count;
        ASSERT(event_blob_valid(op->history.events, &count) && (int64_t)count == op->history.count);
        ASSERT(op->history.first == history_end(i));
        add_row(&i->history, op->history.first, op->history.count, 0, op->history.events, (struct bytes){0});
        break;
    }
    case WRITE_HISTORY_CLEAR:
        free_rows(&i->history, -1);
        break;
    case WRITE_INBOX_ADD:
        add_row(&i->inbox, op->inbox.sequence, 1, op->inbox.visible_ns, op->inbox.event,
                op->inbox.execution_id);
        break;
    case WRITE_INBOX_DELETE:
        free_rows(&i->inbox, op->sequence);
        break;
    case WRITE_INBOX_CLEAR:
        free_rows(&i->inbox, -1);
        break;
    case WRITE_ACTIVITY_ADD:
        add_row(&i->activities, op->activity.ordinal, 1, 0, op->activity.request, (struct bytes){0});
        break;
    case WRITE_ACTIVITY_DELETE:
        free_rows(&i->activities, op->sequence);
        break;
    case WRITE_ACTIVITY_CLEAR:
        free_rows(&i->activities, -1);
        break;
    default:
        ASSERT(!"unknown write kind");
    }
}

void rig_store_check(struct rig *r)
{
    list_each (it, &r->instances) {
        struct rig_instance *i = CONTAINER_OF(it, struct rig_instance, link);
        ASSERT(i->put && "rows without an instance");
        ASSERT(history_end(i) == i->row.history_count);
        list_each (jt, &r->instances) {
            struct rig_instance *j = CONTAINER_OF(jt, struct rig_instance, link);
            ASSERT(i == j || !bytes_equal(i->row.instance_id, j->row.instance_id));
        }
    }
}

static bool terminal(enum instance_status status)
{
    return status != INSTANCE_RUNNING && status != INSTANCE_PENDING && status != INSTANCE_SUSPENDED;
}

void rig_store_load(struct rig *r)
{
    memory_must_ok(engine_load_hub(r->engine, RIG_HUB, BYTES_LITERAL("default")));
    /* ORDER: an instance before what waits for it. */
    list_each (it, &r->instances) {
        struct rig_instance *i = CONTAINER_OF(it, struct rig_instance, link);
        if (!terminal(i->row.status) || !list_empty(&i->activities))
            memory_must_ok(engine_load_instance(r->engine, &i->row, i->payloads));
    }
    list_each (it, &r->instances) {
        struct rig_instance *i = CONTAINER_OF(it, struct rig_instance, link);
        list_each (jt, &i->inbox) {
            struct rig_row *row = CONTAINER_OF(jt, struct rig_row, link);
            memory_must_ok(
                engine_load_inbox(r->engine, &(struct inbox_row){.key = i->row.key,
                                                                 .sequence = row->number,
                                                                 .visible_ns = row->visible_ns,
                                                                 .event = row->data,
                                                                 .execution_id = row->execution_id}));
        }
        list_each (jt, &i->activities) {
            struct rig_row *row = CONTAINER_OF(jt, struct rig_row, link);
            memory_must_ok(engine_load_activity(
                r->engine,
                &(struct activity_row){.key = i->row.key, .ordinal = row->number, .request = row->data}));
        }
    }
    load_entities(r);
}

void rig_store_clear(struct rig *r)
{
    while (!list_empty(&r->instances))
        drop_instance(CONTAINER_OF(r->instances.next, struct rig_instance, link));
    free_entities(r);
}
