/* SPDX-License-Identifier: MIT */
/* engine_rig.c — see engine_rig.h. */
#include "lib/engine_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/task/event.h"
#include "core/task/memory.h"
#include "lib/settled.h"

struct rig_commit {
    struct list link;
    struct write_set *set;
};

struct engine_time rig_time(const struct rig *r)
{
    return (struct engine_time){.steady_ns = r->now_ns, .unix_ns = rig_unix_ns(r)};
}

/* --- the store --- */

static struct rig_instance *by_key(struct rig *r, int64_t key)
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
    struct rig_instance *i = by_key(r, key);
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

static void copy_row(struct instance_row *to, const struct instance_row *from)
{
    struct bytes *olds[] = {&to->instance_id,   &to->execution_id,    &to->name,
                            &to->version.value, &to->parent_id.value, &to->tags};
    for (size_t n = 0; n < ARRAY_SIZE(olds); n++)
        memory_free_bytes(olds[n]);
    *to = *from;
    struct bytes *news[] = {&to->instance_id,   &to->execution_id,    &to->name,
                            &to->version.value, &to->parent_id.value, &to->tags};
    for (size_t n = 0; n < ARRAY_SIZE(news); n++)
        *news[n] = memory_copy(*news[n]);
}

static void free_rows(struct list *rows, int64_t number)
{
    list_each_safe (it, rows) {
        struct rig_row *row = CONTAINER_OF(it, struct rig_row, link);
        if (number >= 0 && row->number != number)
            continue;
        list_remove(&row->link);
        memory_free_bytes(&row->data);
        memory_free_bytes(&row->execution_id);
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
                            .data = memory_copy(data),
                            .execution_id = memory_copy(execution_id)};
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
    copy_row(&i->row, &(struct instance_row){.key = 0});
    struct bytes *copies[] = {&i->row.instance_id,   &i->row.execution_id,    &i->row.name,
                              &i->row.version.value, &i->row.parent_id.value, &i->row.tags};
    for (size_t n = 0; n < ARRAY_SIZE(copies); n++)
        memory_free_bytes(copies[n]);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        memory_free_bytes(&i->payloads[kind].value);
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
        ASSERT(!find_entity(&r->entity_messages, (struct bytes){NULL, 0}, op->entity_message.sequence));
        r->key_next = MAX(r->key_next, op->entity_message.sequence + 1);
        keep_entity(&r->entity_messages, op);
        return true;
    case WRITE_ENTITY_MESSAGE_DELETE:
        free_entity(find_entity(&r->entity_messages, (struct bytes){NULL, 0}, op->sequence));
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

static void apply_op(struct rig *r, const struct write_op *op)
{
    bool of_hub = op->kind == WRITE_HUB_DELETE || op->kind == WRITE_HUB_CLEAR;
    if (op->kind == WRITE_HUB_RETENTION)
        return; /* nobody asks the rig */
    if (of_hub)
        free_entities(r);
    if (of_hub || apply_entity(r, op))
        return;
    struct rig_instance *i = op->kind == WRITE_INSTANCE_DELETE ? by_key(r, op->key) : obtain(r, op->key);
    switch (op->kind) {
    case WRITE_INSTANCE_PUT:
        ASSERT(op->instance.key == op->key);
        copy_row(&i->row, &op->instance);
        i->put = true;
        r->key_next = MAX(r->key_next, op->key + 1);
        break;
    case WRITE_INSTANCE_DELETE:
        if (i)
            drop_instance(i);
        break;
    case WRITE_PAYLOAD_PUT:
        memory_free_bytes(&i->payloads[op->payload_kind].value);
        i->payloads[op->payload_kind] =
            (struct payload){op->payload.present,
                             op->payload.present ? memory_copy(op->payload.value) : (struct bytes){NULL, 0}};
        break;
    case WRITE_HISTORY_APPEND: {
        size_t count;
        ASSERT(event_blob_valid(op->history.events, &count) && (int64_t)count == op->history.count);
        ASSERT(op->history.first == history_end(i));
        add_row(&i->history, op->history.first, op->history.count, 0, op->history.events,
                (struct bytes){NULL, 0});
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
        add_row(&i->activities, op->activity.ordinal, 1, 0, op->activity.request, (struct bytes){NULL, 0});
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

static void check_store(struct rig *r)
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

/* --- the engine's life --- */

static bool terminal(enum instance_status status)
{
    return status != INSTANCE_RUNNING && status != INSTANCE_PENDING && status != INSTANCE_SUSPENDED;
}

static void load(struct rig *r)
{
    memory_must_ok(engine_create(&r->options, &r->engine));
    memory_must_ok(engine_load_hub(r->engine, RIG_HUB, BYTES_LITERAL("default")));
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
    engine_load_done(r->engine, r->key_next, rig_time(r));
}

/* What a test leaves at zero is as in the product. */
static struct engine_options with_defaults(const struct engine_options *given)
{
    struct engine_options options = given ? *given : (struct engine_options){0};
    const struct engine_options settled = settled_engine();
#define FILL(field) options.field = options.field ? options.field : settled.field
    FILL(message_size_max);
    FILL(payload_size_max);
    FILL(terminal_resident_max);
    FILL(history_resident_size_max);
    FILL(payload_resident_size_max);
    FILL(entity_resident_max);
    FILL(entity_resident_size_max);
    FILL(payload_small_size);
    FILL(receipts_max);
    FILL(receipt_keep_ns);
    FILL(entity_failures_max);
    FILL(stream_items_default);
    FILL(poison_deliveries_max);
    FILL(ping_interval_ns);
    FILL(activity_grace_ns);
    FILL(orchestrator_lease_ns);
    FILL(activity_lease_ns);
    FILL(unserved_wait_ns);
    FILL(terminate_wait_ns);
    FILL(abandon_delay_min_ns);
    FILL(abandon_delay_max_ns);
#undef FILL
    return options;
}

void rig_init(struct rig *r, const struct engine_options *o)
{
    *r = (struct rig){.now_ns = RIG_START, .call_next = 1, .key_next = 1};
    r->options = with_defaults(o);
    engine_actions_init(&r->actions);
    struct list *lists[] = {&r->pending,   &r->reads,    &r->instances,    &r->replies,         &r->works,
                            &r->histories, &r->entities, &r->entity_locks, &r->entity_messages, &r->receipts};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        list_init(lists[n]);
    load(r);
}

static void free_replies(struct list *replies)
{
    struct list *link;
    while ((link = list_pop_front(replies))) {
        struct rig_reply *reply = CONTAINER_OF(link, struct rig_reply, link);
        memory_free_bytes(&reply->message);
        memory_free_bytes(&reply->history);
        free(reply);
    }
}

/* What the engine asked of the store: an instance or an entity by id, or a history by key. */
struct rig_read {
    struct list link;
    uint32_t hub;
    struct bytes id; /* owned; data NULL: a history */
    int64_t key;
    bool entity;
    bool looked;
    bool found;
    struct entity_row state; /* owned */
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    struct buf history;
};

static void read_free(struct rig_read *read)
{
    list_remove(&read->link);
    struct bytes *owned[] = {&read->row.instance_id,   &read->row.execution_id,    &read->row.name,
                             &read->row.version.value, &read->row.parent_id.value, &read->row.tags};
    for (size_t n = 0; n < ARRAY_SIZE(owned); n++)
        memory_free_bytes(owned[n]);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        memory_free_bytes(&read->payloads[kind].value);
    memory_free_bytes(&read->id);
    memory_free_bytes(&read->state.state);
    buf_fini(&read->history);
    free(read);
}

static void forget_engine(struct rig *r)
{
    struct list *link;
    engine_actions_clear(&r->actions);
    engine_destroy(r->engine);
    while ((link = list_pop_front(&r->pending))) {
        struct rig_commit *c = CONTAINER_OF(link, struct rig_commit, link);
        write_set_destroy(c->set);
        free(c);
    }
    while ((link = list_pop_front(&r->works)))
        rig_work_free(CONTAINER_OF(link, struct rig_work, link));
    while (!list_empty(&r->reads))
        read_free(CONTAINER_OF(r->reads.next, struct rig_read, link));
    free_replies(&r->histories);
}

void rig_fini(struct rig *r)
{
    forget_engine(r);
    free_replies(&r->replies);
    while (!list_empty(&r->instances))
        drop_instance(CONTAINER_OF(r->instances.next, struct rig_instance, link));
    free_entities(r);
    buf_fini(&r->spans);
    engine_actions_fini(&r->actions);
}

void rig_crash(struct rig *r)
{
    forget_engine(r);
    free_replies(&r->replies);
    r->options.seed[0]++; /* no two engines share their tokens */
    load(r);
}

/* --- carrying out actions --- */

static void look_instance(struct rig *r, struct rig_read *read)
{
    struct rig_instance *i = rig_stored(r, read->id);
    read->found = i != NULL;
    if (!i)
        return;
    copy_row(&read->row, &i->row);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        read->payloads[kind] =
            (struct payload){i->payloads[kind].present, memory_copy(i->payloads[kind].value), false};
}

static void look_entity(struct rig *r, struct rig_read *read)
{
    const struct rig_entity *row = rig_stored_entity(r, read->id);
    read->found = row != NULL;
    if (!row)
        return;
    read->state = row->op.entity;
    read->state.entity_id = read->id;
    read->state.state = memory_copy(row->op.entity.state);
}

static void look(struct rig *r, struct rig_read *read)
{
    read->looked = true;
    if (read->entity) {
        look_entity(r, read);
        return;
    }
    if (read->id.data) {
        look_instance(r, read);
        return;
    }
    struct rig_instance *i = by_key(r, read->key);
    if (i)
        list_each (it, &i->history)
            buf_append_bytes(&read->history, CONTAINER_OF(it, struct rig_row, link)->data);
}

bool rig_look(struct rig *r)
{
    list_each (it, &r->reads) {
        struct rig_read *read = CONTAINER_OF(it, struct rig_read, link);
        if (read->looked)
            continue;
        look(r, read);
        return true;
    }
    return false;
}

static bool answer_oldest(struct rig *r)
{
    if (list_empty(&r->reads))
        return false;
    struct rig_read *read = CONTAINER_OF(r->reads.next, struct rig_read, link);
    if (!read->looked)
        look(r, read);
    if (read->entity)
        engine_entity_fetched(r->engine, read->hub, read->id, read->found ? &read->state : NULL, rig_time(r),
                              &r->actions);
    else if (read->id.data)
        engine_fetched(r->engine, read->hub, read->id, read->found ? &read->row : NULL,
                       read->found ? read->payloads : NULL, rig_time(r), &r->actions);
    else
        engine_history_fetched(r->engine, read->key, buf_peek(&read->history), rig_time(r), &r->actions);
    read_free(read);
    return true;
}

bool rig_answer(struct rig *r)
{
    bool answered = answer_oldest(r);
    if (answered)
        rig_run(r);
    return answered;
}

static void ask(struct rig *r, const struct engine_action *a)
{
    bool history = a->kind == ENGINE_FETCH_HISTORY;
    struct rig_read *read = memory_new(sizeof *read);
    read->hub = a->hub;
    read->key = a->key;
    read->entity = a->kind == ENGINE_FETCH_ENTITY;
    read->history.limit = SIZE_MAX;
    if (!history)
        read->id = memory_copy(a->instance_id);
    r->fetches += !history && !read->entity;
    r->entity_fetches += read->entity;
    r->history_fetches += history;
    list_push_back(&r->reads, &read->link);
}

static struct rig_reply *history_of(struct rig *r, uint64_t call)
{
    list_each (it, &r->histories) {
        struct rig_reply *h = CONTAINER_OF(it, struct rig_reply, link);
        if (h->call == call)
            return h;
    }
    struct rig_reply *h = memory_new(sizeof *h);
    h->call = call;
    list_push_back(&r->histories, &h->link);
    return h;
}

static void keep_chunk(struct rig *r, const struct engine_action *a)
{
    struct rig_reply *h = history_of(r, a->call);
    struct buf joined = {0};
    buf_append_bytes(&joined, h->history);
    buf_append_bytes(&joined, a->message);
    memory_free_bytes(&h->history);
    h->history = memory_copy(buf_peek(&joined));
    h->chunks++;
    buf_fini(&joined);
}

static void keep_reply(struct rig *r, const struct engine_action *a)
{
    if (r->on_reply) {
        r->on_reply(r->context, a->call, a->status, a->message);
        return;
    }
    struct rig_reply *reply = history_of(r, a->call);
    list_remove(&reply->link);
    reply->status = a->status;
    reply->message = memory_copy(a->message);
    if (a->text)
        strncpy(reply->text, a->text, sizeof reply->text - 1);
    list_push_back(&r->replies, &reply->link);
}

static void keep_work(struct rig *r, const struct engine_action *a)
{
    if (r->on_work) {
        r->on_work(r->context, a->stream, a->message);
        return;
    }
    struct rig_work *w = memory_new(sizeof *w);
    arena_init(&w->arena, 0);
    w->stream = a->stream;
    struct bytes copy = memory_arena_copy(&w->arena, a->message);
    memory_must_ok(pb_work_item_decode(&w->arena, copy, &w->item));
    if (w->item.request_case == PB_WORK_ITEM_HEALTH_PING) {
        r->pings++;
        rig_work_free(w);
        return;
    }
    ASSERT(w->item.completion_token.size > 0);
    list_push_back(&r->works, &w->link);
}

static void note_change(struct rig *r, const struct engine_action *a)
{
    size_t used = strlen(r->changes);
    snprintf(r->changes + used, sizeof r->changes - used, "%.*s %s; ", BYTES_FMT(a->instance_id),
             a->gone ? "gone" : instance_status_name(a->row->status));
}

static void note_entity_change(struct rig *r, const struct engine_entity_change *change)
{
    size_t used = strlen(r->changes);
    snprintf(r->changes + used, sizeof r->changes - used, "%.*s %s%.*s; ", BYTES_FMT(change->entity_id),
             change->gone ? "gone" : "by ", BYTES_FMT(change->locked_by));
}

static void carry_out(struct rig *r, struct engine_action *a)
{
    switch (a->kind) {
    case ENGINE_COMMIT: {
        struct rig_commit *c = memory_new(sizeof *c);
        c->set = a->write_set;
        a->write_set = NULL;
        list_push_back(&r->pending, &c->link);
        break;
    }
    case ENGINE_REPLY:
        keep_reply(r, a);
        break;
    case ENGINE_HISTORY:
        keep_chunk(r, a);
        break;
    case ENGINE_SEND_WORK:
        keep_work(r, a);
        break;
    case ENGINE_END_STREAM:
        r->streams_ended[r->ended_count++ % ARRAY_SIZE(r->streams_ended)] = a->stream;
        break;
    case ENGINE_FETCH:
    case ENGINE_FETCH_ENTITY:
    case ENGINE_FETCH_HISTORY:
        ask(r, a);
        break;
    case ENGINE_CHANGED:
        ASSERT(a->row && a->hub == a->row->hub && bytes_equal(a->instance_id, a->row->instance_id));
        note_change(r, a);
        break;
    case ENGINE_CHANGED_ENTITY:
        note_entity_change(r, a->entity);
        break;
    case ENGINE_TRACE:
        ASSERT(a->message.size > 0 && a->span_count > 0);
        buf_append_bytes(&r->spans, a->message);
        break;
    case ENGINE_NOTE:
        ASSERT(a->text && a->hub == RIG_HUB);
        r->notes += a->level >= LOG_LEVEL_WARN;
        snprintf(r->note, sizeof r->note, "%s", a->text);
        break;
    }
}

/* Actions may append actions: the list is walked while it grows. */
static void carry_out_all(struct rig *r)
{
    for (struct list *it = r->actions.items.next; it != &r->actions.items; it = it->next)
        carry_out(r, CONTAINER_OF(it, struct engine_action, link));
    engine_actions_clear(&r->actions);
}

static void drain(struct rig *r)
{
    do
        carry_out_all(r);
    while (!r->reads_held && answer_oldest(r));
}

bool rig_commit(struct rig *r)
{
    struct list *link = list_pop_front(&r->pending);
    if (!link)
        return false;
    struct rig_commit *c = CONTAINER_OF(link, struct rig_commit, link);
    uint64_t sequence = c->set->sequence;
    list_each (it, &c->set->ops)
        apply_op(r, CONTAINER_OF(it, struct write_op, link));
    write_set_destroy(c->set);
    free(c);
    check_store(r);
    r->commits++;
    engine_committed(r->engine, sequence, rig_time(r), &r->actions);
    drain(r);
    return true;
}

void rig_flush(struct rig *r)
{
    engine_flush(r->engine, &r->actions);
    drain(r);
}

void rig_run(struct rig *r)
{
    do {
        drain(r);
        if (!r->flush_held)
            rig_flush(r);
        if (!r->unchecked)
            engine_check(r->engine);
    } while (!r->commits_held && rig_commit(r));
}

void rig_advance(struct rig *r, int64_t ns)
{
    int64_t until = r->now_ns + ns;
    bool steppable;
    for (int64_t wait; (wait = engine_wait(r->engine, rig_time(r), &steppable)) <= until - r->now_ns;) {
        r->now_ns += wait;
        engine_tick(r->engine, rig_time(r), &r->actions);
        rig_run(r);
    }
    r->now_ns = until;
}

uint64_t rig_call_bytes(struct rig *r, enum engine_method method, struct bytes message)
{
    uint64_t call = r->call_next++;
    engine_call(r->engine, method, RIG_HUB, call, message, rig_time(r), &r->actions);
    rig_run(r);
    return call;
}

uint64_t rig_call(struct rig *r, enum engine_method method, const struct pb_message *m, const void *request)
{
    struct buf message = {0};
    pb_encode(m, request, &message);
    memory_must_ok(buf_status(&message));
    uint64_t call = rig_call_bytes(r, method, buf_peek(&message));
    buf_fini(&message);
    return call;
}

struct rig_reply *rig_reply_of(struct rig *r, uint64_t call)
{
    list_each (it, &r->replies) {
        struct rig_reply *reply = CONTAINER_OF(it, struct rig_reply, link);
        if (reply->call == call)
            return reply;
    }
    return NULL;
}

struct rig_work *rig_take_work(struct rig *r)
{
    struct list *link = list_pop_front(&r->works);
    return link ? CONTAINER_OF(link, struct rig_work, link) : NULL;
}

void rig_work_free(struct rig_work *w)
{
    arena_fini(&w->arena);
    free(w);
}

void rig_stream(struct rig *r, uint64_t stream, const struct pb_get_work_items_request *request,
                const char *worker_id, uint64_t connection)
{
    struct buf message = {0};
    pb_get_work_items_request_encode(request, &message);
    struct engine_worker worker = {
        .id = bytes_of_cstr(worker_id), .connection = connection, .message_size_max = r->worker_message_size};
    engine_stream_open(r->engine, RIG_HUB, stream, buf_peek(&message), &worker, rig_time(r), &r->actions);
    buf_fini(&message);
    rig_run(r);
}
