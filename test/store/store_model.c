/* SPDX-License-Identifier: MIT */
/* store_model.c — see store_model.h. */
#include "store_model.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define INSTANCES_MAX 60
#define ROWS_MAX      40 /* inbox or activity rows of one instance */
#define VALUE_MAX     6000

struct model_value {
    bool present;
    struct buf bytes;
};

struct model_row {
    int64_t number;
    int64_t visible_ns;
    struct buf event;
    struct buf execution_id;
};

struct model_instance {
    bool used;
    struct instance_row row; /* bytes point into the buffers below */
    struct buf id, execution_id, name, tags, version, parent_id;
    struct model_value payloads[PAYLOAD_KIND_COUNT];
    struct buf history;
    struct model_row inbox[ROWS_MAX], activities[ROWS_MAX];
    size_t inbox_count, activity_count;
};

struct store_model {
    struct prng prng;
    int64_t key_next;
    int64_t now_ns;
    struct model_instance instances[INSTANCES_MAX];
    struct write_set *set; /* the one being made */
};

static uint64_t pick(struct store_model *m, uint64_t below)
{
    return prng_next(&m->prng) % below;
}

struct store_model *store_model_create(uint64_t seed)
{
    struct store_model *m = calloc(1, sizeof *m);
    ASSERT(m);
    prng_seed(&m->prng, (uint64_t[4]){seed, seed * 3 + 1, seed ^ 0x5bd1e995, 7});
    m->key_next = 1;
    m->now_ns = 1000;
    return m;
}

static void rows_clear(struct model_row *rows, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        buf_fini(&rows[i].event);
        buf_fini(&rows[i].execution_id);
    }
    *count = 0;
}

static void instance_free(struct model_instance *i)
{
    struct buf *all[] = {&i->id,      &i->execution_id, &i->name,   &i->tags,
                         &i->version, &i->parent_id,    &i->history};
    for (size_t n = 0; n < ARRAY_SIZE(all); n++)
        buf_fini(all[n]);
    for (size_t n = 0; n < PAYLOAD_KIND_COUNT; n++)
        buf_fini(&i->payloads[n].bytes);
    rows_clear(i->inbox, &i->inbox_count);
    rows_clear(i->activities, &i->activity_count);
    memset(i, 0, sizeof *i);
}

void store_model_destroy(struct store_model *m)
{
    for (size_t i = 0; i < INSTANCES_MAX; i++)
        instance_free(&m->instances[i]);
    free(m);
}

/* --- making changes --- */

static void emit(struct store_model *m, const struct write_op *op)
{
    ASSERT(write_set_add(m->set, op) == STATUS_OK);
}

/* Any bytes, with NUL and invalid UTF-8; sometimes empty, rarely several pages long. */
static struct bytes fill(struct store_model *m, struct buf *b)
{
    size_t size = pick(m, 10) == 0 ? pick(m, VALUE_MAX) : pick(m, 40);
    buf_clear(b);
    for (size_t i = 0; i < size; i++)
        buf_append_byte(b, (uint8_t)pick(m, 256));
    return buf_peek(b);
}

static struct payload maybe(struct store_model *m, struct buf *b)
{
    bool present = pick(m, 3) != 0;
    buf_clear(b);
    return (struct payload){present, present ? fill(m, b) : (struct bytes){0}};
}

static void put(struct store_model *m, struct model_instance *i)
{
    emit(m, &(struct write_op){.kind = WRITE_INSTANCE_PUT, .key = i->row.key, .instance = i->row});
}

static void change_new(struct store_model *m)
{
    struct model_instance *free_one = NULL;
    char id[32];
    uint32_t hub = (uint32_t)pick(m, MODEL_HUBS) + 1;
    snprintf(id, sizeof id, "%s-%d", pick(m, 2) ? "a" : "ab", (int)pick(m, 60));
    for (size_t n = 0; n < INSTANCES_MAX; n++) {
        struct model_instance *i = &m->instances[n];
        if (i->used && i->row.hub == hub && bytes_equal_cstr(i->row.instance_id, id)) {
            emit(m, &(struct write_op){.kind = WRITE_INSTANCE_DELETE, .key = i->row.key});
            instance_free(i);
        }
        if (!i->used)
            free_one = i;
    }
    if (!free_one)
        return;
    struct model_instance *i = free_one;
    i->used = true;
    m->now_ns += (int64_t)pick(m, 3);
    buf_append_cstr(&i->id, id);
    i->row = (struct instance_row){.key = m->key_next,
                                   .hub = hub,
                                   .instance_id = buf_peek(&i->id),
                                   .execution_id = fill(m, &i->execution_id),
                                   .name = fill(m, &i->name),
                                   .version = maybe(m, &i->version),
                                   .status = 6,
                                   .created_ns = m->now_ns,
                                   .updated_ns = m->now_ns,
                                   .scheduled_ns = (int64_t)pick(m, 2) * m->now_ns,
                                   .parent_id = maybe(m, &i->parent_id),
                                   .tags = fill(m, &i->tags)};
    m->key_next += 1 + (int64_t)pick(m, 3);
    put(m, i);
}

static void change_progress(struct store_model *m, struct model_instance *i)
{
    i->row.updated_ns = ++m->now_ns;
    i->row.suspended = pick(m, 2);
    i->row.execution_id = fill(m, &i->execution_id);
    put(m, i);
}

static void change_status(struct store_model *m, struct model_instance *i)
{
    static const int statuses[] = {0, 1, 3, 4, 5, 6, 7};
    i->row.status = statuses[pick(m, ARRAY_SIZE(statuses))];
    bool terminal = i->row.status == 1 || (i->row.status >= 3 && i->row.status <= 5);
    i->row.updated_ns = ++m->now_ns;
    i->row.completed_ns = terminal ? m->now_ns : 0;
    put(m, i);
}

static void change_payload(struct store_model *m, struct model_instance *i)
{
    enum payload_kind kind = (enum payload_kind)pick(m, PAYLOAD_KIND_COUNT);
    struct payload p = maybe(m, &i->payloads[kind].bytes);
    i->payloads[kind].present = p.present;
    emit(m, &(struct write_op){
                .kind = WRITE_PAYLOAD_PUT, .key = i->row.key, .payload_kind = kind, .payload = p});
}

static void change_history(struct store_model *m, struct model_instance *i)
{
    if (pick(m, 8) == 0) {
        buf_clear(&i->history);
        i->row.history_count = 0;
        emit(m, &(struct write_op){.kind = WRITE_HISTORY_CLEAR, .key = i->row.key});
        put(m, i);
        return;
    }
    CLEANUP(buf_fini) struct buf blob = {0};
    struct history_row row = {.key = i->row.key,
                              .first = i->row.history_count,
                              .count = 1 + (int64_t)pick(m, 5),
                              .events = fill(m, &blob)};
    i->row.history_count += row.count;
    buf_append_bytes(&i->history, row.events);
    emit(m, &(struct write_op){.kind = WRITE_HISTORY_APPEND, .key = i->row.key, .history = row});
    put(m, i);
}

static void change_inbox(struct store_model *m, struct model_instance *i)
{
    if (i->inbox_count == ROWS_MAX || pick(m, 12) == 0) {
        rows_clear(i->inbox, &i->inbox_count);
        memset(i->inbox, 0, sizeof i->inbox);
        emit(m, &(struct write_op){.kind = WRITE_INBOX_CLEAR, .key = i->row.key});
    } else if (i->inbox_count && pick(m, 3) == 0) {
        size_t n = pick(m, i->inbox_count);
        emit(m, &(struct write_op){
                    .kind = WRITE_INBOX_DELETE, .key = i->row.key, .sequence = i->inbox[n].number});
        size_t one = 1;
        rows_clear(&i->inbox[n], &one);
        memmove(&i->inbox[n], &i->inbox[n + 1], (i->inbox_count - n - 1) * sizeof i->inbox[0]);
        memset(&i->inbox[--i->inbox_count], 0, sizeof i->inbox[0]);
    } else {
        struct model_row *r = &i->inbox[i->inbox_count++];
        *r = (struct model_row){.number = i->row.inbox_next++, .visible_ns = (int64_t)pick(m, 100)};
        struct inbox_row row = {.key = i->row.key,
                                .sequence = r->number,
                                .visible_ns = r->visible_ns,
                                .event = fill(m, &r->event),
                                .execution_id = fill(m, &r->execution_id)};
        emit(m, &(struct write_op){.kind = WRITE_INBOX_ADD, .key = i->row.key, .inbox = row});
        put(m, i);
    }
}

static void change_activity(struct store_model *m, struct model_instance *i)
{
    if (i->activity_count == ROWS_MAX || pick(m, 12) == 0) {
        rows_clear(i->activities, &i->activity_count);
        memset(i->activities, 0, sizeof i->activities);
        emit(m, &(struct write_op){.kind = WRITE_ACTIVITY_CLEAR, .key = i->row.key});
    } else if (i->activity_count && pick(m, 3) == 0) {
        size_t n = pick(m, i->activity_count);
        emit(m, &(struct write_op){
                    .kind = WRITE_ACTIVITY_DELETE, .key = i->row.key, .sequence = i->activities[n].number});
        size_t one = 1;
        rows_clear(&i->activities[n], &one);
        memmove(&i->activities[n], &i->activities[n + 1],
                (i->activity_count - n - 1) * sizeof i->activities[0]);
        memset(&i->activities[--i->activity_count], 0, sizeof i->activities[0]);
    } else {
        struct model_row *r = &i->activities[i->activity_count++];
        *r = (struct model_row){.number = i->row.activity_next++};
        struct activity_row row = {.key = i->row.key, .ordinal = r->number, .request = fill(m, &r->event)};
        emit(m, &(struct write_op){.kind = WRITE_ACTIVITY_ADD, .key = i->row.key, .activity = row});
        put(m, i);
    }
}

static void change_delete(struct store_model *m, struct model_instance *i)
{
    emit(m, &(struct write_op){.kind = WRITE_INSTANCE_DELETE, .key = i->row.key});
    instance_free(i);
}

struct write_set *store_model_next_set(struct store_model *m, size_t ops)
{
    static void (*const changes[])(struct store_model *, struct model_instance *) = {
        change_progress, change_status, change_payload,  change_payload,  change_history, change_history,
        change_inbox,    change_inbox,  change_activity, change_activity, change_inbox,   change_delete,
    };
    m->set = write_set_create();
    ASSERT(m->set);
    while (m->set->op_count < ops) {
        struct model_instance *i = &m->instances[pick(m, INSTANCES_MAX)];
        size_t change = pick(m, ARRAY_SIZE(changes) + 2);
        if (!i->used || change >= ARRAY_SIZE(changes))
            change_new(m);
        else
            changes[change](m, i);
    }
    m->set->sequence++;
    return m->set;
}

/* --- the canonical text --- */

static void dump_hex(struct buf *out, const char *label, struct bytes b)
{
    buf_append_fmt(out, " %s=%zu:", label, b.size);
    /* Long values by a digest, so that dumps stay small. */
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < b.size; i++)
        hash = (hash ^ b.data[i]) * 1099511628211u;
    buf_append_fmt(out, "%016llx", (unsigned long long)hash);
}

static void dump_payload(struct buf *out, const char *label, struct payload p)
{
    if (p.present)
        dump_hex(out, label, p.value);
    else
        buf_append_fmt(out, " %s=-", label);
}

static void dump_instance(struct buf *out, const struct instance_row *r, const struct payload *payloads,
                          struct bytes history)
{
    buf_append_fmt(out, "instance %u %lld %.*s key=%lld status=%d updated=%lld completed=%lld scheduled=%lld",
                   r->hub, (long long)r->created_ns, BYTES_FMT(r->instance_id), (long long)r->key, r->status,
                   (long long)r->updated_ns, (long long)r->completed_ns, (long long)r->scheduled_ns);
    buf_append_fmt(out, " suspended=%d counts=%lld/%lld/%lld", r->suspended, (long long)r->history_count,
                   (long long)r->inbox_next, (long long)r->activity_next);
    dump_hex(out, "execution", r->execution_id);
    dump_hex(out, "name", r->name);
    dump_hex(out, "tags", r->tags);
    dump_payload(out, "version", r->version);
    dump_payload(out, "parent", r->parent_id);
    static const char *const labels[PAYLOAD_KIND_COUNT] = {"input",   "output",  "custom",
                                                           "failure", "started", "trace"};
    for (size_t i = 0; i < PAYLOAD_KIND_COUNT; i++)
        dump_payload(out, labels[i], payloads[i]);
    dump_hex(out, "history", history);
    buf_append_cstr(out, "\n");
}

static void dump_inbox(struct buf *out, const struct inbox_row *r)
{
    buf_append_fmt(out, "inbox %lld %lld visible=%lld", (long long)r->key, (long long)r->sequence,
                   (long long)r->visible_ns);
    dump_hex(out, "event", r->event);
    dump_hex(out, "execution", r->execution_id);
    buf_append_cstr(out, "\n");
}

static void dump_activity(struct buf *out, const struct activity_row *r)
{
    buf_append_fmt(out, "activity %lld %lld", (long long)r->key, (long long)r->ordinal);
    dump_hex(out, "request", r->request);
    buf_append_cstr(out, "\n");
}

static int by_created(const void *a, const void *b)
{
    const struct model_instance *x = *(struct model_instance *const *)a;
    const struct model_instance *y = *(struct model_instance *const *)b;
    if (x->row.hub != y->row.hub)
        return x->row.hub < y->row.hub ? -1 : 1;
    if (x->row.created_ns != y->row.created_ns)
        return x->row.created_ns < y->row.created_ns ? -1 : 1;
    return bytes_compare(x->row.instance_id, y->row.instance_id);
}

static int by_key(const void *a, const void *b)
{
    const struct model_instance *x = *(struct model_instance *const *)a;
    const struct model_instance *y = *(struct model_instance *const *)b;
    return x->row.key < y->row.key ? -1 : x->row.key > y->row.key;
}

void store_model_dump(const struct store_model *m, struct buf *out)
{
    const struct model_instance *all[INSTANCES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < INSTANCES_MAX; i++)
        if (m->instances[i].used)
            all[count++] = &m->instances[i];
    qsort(all, count, sizeof all[0], by_created);
    for (size_t n = 0; n < count; n++) {
        struct payload payloads[PAYLOAD_KIND_COUNT];
        for (size_t k = 0; k < PAYLOAD_KIND_COUNT; k++)
            payloads[k] = (struct payload){all[n]->payloads[k].present, buf_peek(&all[n]->payloads[k].bytes)};
        dump_instance(out, &all[n]->row, payloads, buf_peek(&all[n]->history));
    }
    qsort(all, count, sizeof all[0], by_key);
    for (size_t n = 0; n < count; n++)
        for (size_t k = 0; k < all[n]->inbox_count; k++) {
            const struct model_row *r = &all[n]->inbox[k];
            dump_inbox(out, &(struct inbox_row){all[n]->row.key, r->number, r->visible_ns,
                                                buf_peek(&r->event), buf_peek(&r->execution_id)});
        }
    for (size_t n = 0; n < count; n++)
        for (size_t k = 0; k < all[n]->activity_count; k++) {
            const struct model_row *r = &all[n]->activities[k];
            dump_activity(out, &(struct activity_row){all[n]->row.key, r->number, buf_peek(&r->event)});
        }
}

/* --- a real store --- */

void store_settle(struct task_store *s, struct loop *l)
{
    while (task_store_busy(s))
        ASSERT(loop_step(l, 1000, NULL) == STATUS_OK);
}

static void keep_error(struct err *err, enum status status, const char *text)
{
    ASSERT((status == STATUS_OK) == (text == NULL));
    *err = (struct err){0};
    if (status != STATUS_OK)
        (void)err_set(err, status, "%s", text);
}

struct hub_answer {
    struct err err;
    uint32_t hub;
};

static void on_hub_done(void *context, enum status status, const char *text, uint32_t hub)
{
    struct hub_answer *answer = context;
    keep_error(&answer->err, status, text);
    answer->hub = hub;
}

enum status store_hub(struct task_store *s, struct bytes name, bool create, uint32_t *ret_hub,
                      struct err *err)
{
    struct hub_answer answer = {.err = {.status = STATUS_INTERNAL}};
    task_store_hub(s, name, create, on_hub_done, &answer);
    task_store_wait(s);
    if (answer.err.status == STATUS_OK)
        *ret_hub = answer.hub;
    if (err)
        *err = answer.err;
    return answer.err.status;
}

static void on_recovered(void *context, enum status status, const char *text)
{
    keep_error(context, status, text);
}

enum status store_recover(struct task_store *s, struct err *err)
{
    struct err answer = {.status = STATUS_INTERNAL};
    task_store_recover(s, on_recovered, &answer);
    task_store_wait(s);
    if (err)
        *err = answer;
    return answer.status;
}

/* Around a caller's loader: its callbacks, and where the end goes. */
struct load_answer {
    const struct task_store_loader *loader;
    struct err err;
    int64_t key_next;
};

static enum status pass_hub(void *context, uint32_t hub, struct bytes name)
{
    const struct task_store_loader *loader = ((struct load_answer *)context)->loader;
    return loader->on_hub(loader->context, hub, name);
}

static enum status pass_instance(void *context, const struct instance_row *row,
                                 const struct payload *payloads)
{
    const struct task_store_loader *loader = ((struct load_answer *)context)->loader;
    return loader->on_instance(loader->context, row, payloads);
}

static enum status pass_inbox(void *context, const struct inbox_row *row)
{
    const struct task_store_loader *loader = ((struct load_answer *)context)->loader;
    return loader->on_inbox(loader->context, row);
}

static enum status pass_activity(void *context, const struct activity_row *row)
{
    const struct task_store_loader *loader = ((struct load_answer *)context)->loader;
    return loader->on_activity(loader->context, row);
}

static void on_load_done(void *context, enum status status, const char *text, int64_t key_next)
{
    struct load_answer *answer = context;
    keep_error(&answer->err, status, text);
    answer->key_next = key_next;
}

enum status store_load(struct task_store *s, const struct task_store_loader *loader, int64_t *ret_key_next,
                       struct err *err)
{
    struct load_answer answer = {.loader = loader, .err = {.status = STATUS_INTERNAL}};
    const struct task_store_loader passing = {.on_hub = pass_hub,
                                              .on_instance = pass_instance,
                                              .on_inbox = pass_inbox,
                                              .on_activity = pass_activity,
                                              .on_done = on_load_done,
                                              .context = &answer};
    task_store_load(s, &passing);
    task_store_wait(s);
    if (answer.err.status == STATUS_OK)
        *ret_key_next = answer.key_next;
    if (err)
        *err = answer.err;
    return answer.err.status;
}

struct instance_answer {
    uint32_t hub;
    struct bytes id;
    struct arena *arena;
    struct instance_row *row;
    struct payload *payloads;
    enum status status;
};

static void own(struct arena *arena, struct bytes *bytes)
{
    *bytes = arena_copy(arena, *bytes);
    ASSERT(bytes->data);
}

static void on_instance_found(void *context, enum status status, const char *text,
                              const struct task_store_instance *found)
{
    struct instance_answer *answer = context;
    struct instance_row *row = answer->row;
    ASSERT(found->tag == 7 && found->hub == answer->hub && bytes_equal(found->instance_id, answer->id));
    answer->status = status == STATUS_OK && !found->row ? STATUS_NOT_FOUND : status;
    if (answer->status != STATUS_OK)
        return;
    *row = *found->row;
    struct bytes *owned[] = {&row->instance_id,   &row->execution_id,    &row->name,
                             &row->version.value, &row->parent_id.value, &row->tags};
    for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
        own(answer->arena, owned[i]);
    for (size_t i = 0; i < PAYLOAD_KIND_COUNT; i++) {
        answer->payloads[i] = found->payloads[i];
        own(answer->arena, &answer->payloads[i].value);
    }
}

enum status store_read_instance(struct task_store *s, uint32_t hub, struct bytes id, struct arena *arena,
                                struct instance_row *ret_row, struct payload *ret_payloads)
{
    struct instance_answer answer = {hub, id, arena, ret_row, ret_payloads, STATUS_INTERNAL};
    task_store_read_instance(s, 7, hub, id, on_instance_found, &answer);
    task_store_wait(s);
    return answer.status;
}

struct history_answer {
    int64_t key;
    struct buf *out;
    enum status status;
};

static void on_history_found(void *context, enum status status, const char *text,
                             const struct task_store_history *history)
{
    struct history_answer *answer = context;
    ASSERT(history->tag == 8 && history->key == answer->key);
    answer->status = status;
    buf_append_bytes(answer->out, history->events);
}

enum status store_read_history(struct task_store *s, int64_t key, struct buf *out)
{
    struct history_answer answer = {key, out, STATUS_INTERNAL};
    task_store_read_history(s, 8, key, on_history_found, &answer);
    task_store_wait(s);
    return answer.status;
}

void store_make_hubs(struct task_store *s)
{
    static const char *const names[MODEL_HUBS] = {"default", "Second"};
    for (uint32_t i = 0; i < MODEL_HUBS; i++) {
        uint32_t hub = 0;
        struct err e = {0};
        enum status status = store_hub(s, bytes_of_cstr(names[i]), true, &hub, &e);
        if (status != STATUS_OK)
            fprintf(stderr, "hub: %s\n", e.text);
        ASSERT(status == STATUS_OK && hub == i + 1);
    }
}

static void query_done(void *context, enum status status, const char *text,
                       const struct task_store_page *page)
{
    struct query_result *r = context;
    r->done = true;
    r->status = status;
    ASSERT((page == NULL) == (status != STATUS_OK) && (text == NULL) == (status == STATUS_OK));
    if (!page)
        return;
    r->count = page->count;
    for (size_t i = 0; i < page->count; i++) {
        buf_append_bytes(&r->ids, page->rows[i].instance_id);
        buf_append_cstr(&r->ids, "\n");
        r->payload_size += page->payloads[i][PAYLOAD_INPUT].value.size;
        r->payload_size += page->payloads[i][PAYLOAD_OUTPUT].value.size;
    }
    buf_append_bytes(&r->next, page->next);
}

struct query_result store_query(struct task_store *s, struct loop *l, const struct task_store_query *q)
{
    struct query_result r = {0};
    task_store_query(s, q, query_done, &r);
    while (!r.done)
        ASSERT(loop_step(l, 1000, NULL) == STATUS_OK);
    return r;
}

static void dump_stored(struct task_store *s, uint32_t hub, struct bytes id, struct buf *out)
{
    CLEANUP(arena_fini) struct arena arena;
    CLEANUP(buf_fini) struct buf history = {0};
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    arena_init(&arena, 0);
    ASSERT(store_read_instance(s, hub, id, &arena, &row, payloads) == STATUS_OK);
    ASSERT(store_read_history(s, row.key, &history) == STATUS_OK);
    dump_instance(out, &row, payloads, buf_peek(&history));
}

static enum status ignore_hub(void *context, uint32_t hub, struct bytes name)
{
    return STATUS_OK;
}

/* What a load gives: instances, then the rows of theirs. */
struct load {
    struct buf *out;
    int64_t live[INSTANCES_MAX];
    int64_t parting[INSTANCES_MAX]; /* over, but with activities; which is why they are loaded */
    size_t live_count, parting_count;
};

static enum status on_instance(void *context, const struct instance_row *row, const struct payload *payloads)
{
    struct load *l = context;
    if (row->completed_ns == 0)
        l->live[l->live_count++] = row->key;
    else
        l->parting[l->parting_count++] = row->key;
    return STATUS_OK;
}

static enum status on_inbox(void *context, const struct inbox_row *row)
{
    dump_inbox(((struct load *)context)->out, row);
    return STATUS_OK;
}

static bool has_key(const int64_t *keys, size_t count, int64_t key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i] == key)
            return true;
    return false;
}

static enum status on_activity(void *context, const struct activity_row *row)
{
    struct load *l = context;
    ASSERT(has_key(l->live, l->live_count, row->key) || has_key(l->parting, l->parting_count, row->key));
    dump_activity(l->out, row);
    return STATUS_OK;
}

void store_dump(struct task_store *s, struct loop *l, size_t page_rows, struct buf *out)
{
    for (uint32_t hub = 1; hub <= MODEL_HUBS; hub++) {
        struct query_result r = {0};
        struct buf token = {0};
        do {
            struct task_store_query q = {.hub = hub, .rows_max = page_rows, .after = buf_peek(&token)};
            r = store_query(s, l, &q);
            ASSERT(r.status == STATUS_OK);
            struct bytes rest = buf_peek(&r.ids);
            while (rest.size)
                dump_stored(s, hub, bytes_split(&rest, '\n'), out);
            buf_fini(&r.ids);
            buf_fini(&token);
            token = r.next;
        } while (token.size);
        buf_fini(&token);
    }
    int64_t key_next = 0;
    struct load load = {.out = out};
    struct task_store_loader loader = {.on_hub = ignore_hub,
                                       .on_instance = on_instance,
                                       .on_inbox = on_inbox,
                                       .on_activity = on_activity,
                                       .context = &load};
    ASSERT(store_load(s, &loader, &key_next, NULL) == STATUS_OK);
}

/* --- files --- */

void scratch_make(char ret_path[64])
{
    snprintf(ret_path, 64, "/tmp/sallyport-store-XXXXXX");
    ASSERT(mkdtemp(ret_path));
}

void scratch_remove(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *entry;
    while (d && (entry = readdir(d)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
    (void)rmdir(path);
}
