/* SPDX-License-Identifier: MIT */
/* engine_rig.c — the engine's side: its actions carried out, its reads answered, its sets committed when the test says so.
 * The rows are kept by engine_rig_store.c. */
#include "lib/engine_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/task/memory.h"
#include "lib/copies.h"
#include "lib/engine_rig_store.h"
#include "lib/settled.h"

struct rig_commit {
    struct list link;
    struct write_set *set;
};

struct engine_time rig_time(const struct rig *r)
{
    return (struct engine_time){.steady_ns = r->now_ns, .unix_ns = rig_unix_ns(r)};
}

/* --- the engine's life --- */

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

/* An engine as at a start: of what the store has. */
static void load(struct rig *r)
{
    memory_must_ok(engine_create(&r->options, &r->engine));
    rig_store_load(r);
    engine_load_done(r->engine, r->key_next, rig_time(r));
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
        test_copy_free(&reply->message);
        test_copy_free(&reply->history);
        free(reply);
    }
}

/* What the engine asked of the store: an instance or an entity by id, or a history by key. */
struct rig_read {
    struct list link;
    uint32_t hub;
    struct bytes id; /* a copy; data NULL: a history */
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
        test_copy_free(owned[n]);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        test_copy_free(&read->payloads[kind].value);
    test_copy_free(&read->id);
    test_copy_free(&read->state.state);
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
    rig_store_clear(r);
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
    rig_store_copy_row(&read->row, &i->row);
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        read->payloads[kind] =
            (struct payload){i->payloads[kind].present, test_copy(i->payloads[kind].value), false};
}

static void look_entity(struct rig *r, struct rig_read *read)
{
    const struct rig_entity *row = rig_stored_entity(r, read->id);
    read->found = row != NULL;
    if (!row)
        return;
    read->state = row->op.entity;
    read->state.entity_id = read->id;
    read->state.state = test_copy(row->op.entity.state);
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
    struct rig_instance *i = rig_store_find(r, read->key);
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
        read->id = test_copy(a->instance_id);
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
    test_copy_free(&h->history);
    h->history = test_copy(buf_peek(&joined));
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
    reply->message = test_copy(a->message);
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
        rig_store_apply(r, CONTAINER_OF(it, struct write_op, link));
    write_set_destroy(c->set);
    free(c);
    rig_store_check(r);
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
