/* SPDX-License-Identifier: MIT */
/* queue.c — see queue.h. */
#include "core/task/queue.h"

#define EMPTY_QUEUES_KEPT 256 /* of one hub: an empty queue is kept for its next item up to here */

void queue_hub_init(struct hub *h, uint64_t seed0, uint64_t seed1)
{
    map_init(&h->queues, seed0, seed1);
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
        list_init(&h->busy[kind]);
    list_init(&h->streams);
    list_init(&h->misfits);
    list_init(&h->stirred_link);
}

void queue_hub_fini(struct hub *h)
{
    struct queue *q;
    for (size_t at = 0; (q = (struct queue *)map_next(&h->queues, &at));)
        free(q);
    map_fini(&h->queues);
}

struct instance *work_instance(struct work *w)
{
    if (w->kind == WORK_TURN)
        return CONTAINER_OF(w, struct instance, turn.work);
    return CONTAINER_OF(w, struct activity, work)->instance;
}

/* What a filter is held against. */
struct subject {
    enum work_kind kind;
    struct bytes name;
    struct bytes version;
    bool unversioned;
};

/* SDKs schedule activities without a version, and workers of a version ask for theirs: so such an activity
 * counts as one of its instance's version. */
static struct subject subject_of(struct work *w)
{
    const struct instance *i = work_instance(w);
    if (w->kind == WORK_TURN) /* unversioned counts as "" (spec 2.12) */
        return (struct subject){w->kind, i->row.name, i->row.version.value, i->row.version.value.size == 0};
    const struct activity *a = CONTAINER_OF(w, struct activity, work);
    if (a->version.size)
        return (struct subject){w->kind, a->name, a->version, false};
    return (struct subject){w->kind, a->name, i->row.version.value, true};
}

/* kind, whether unversioned, size of the name, name, version: no two different subjects look alike. */
static struct bytes make_key(struct engine *e, const struct subject *subject)
{
    struct bytes name = subject->name;
    struct bytes version = subject->version;
    size_t head = 2 + sizeof(uint64_t);
    uint64_t name_size = name.size;
    uint8_t *key = (uint8_t *)memory_must(arena_alloc(&e->scratch, head + name.size + version.size));
    key[0] = (uint8_t)subject->kind;
    key[1] = subject->unversioned;
    memcpy(key + 2, &name_size, sizeof name_size);
    if (name.size)
        memcpy(key + head, name.data, name.size);
    if (version.size)
        memcpy(key + head + name.size, version.data, version.size);
    return bytes_of(key, head + name.size + version.size);
}

static struct queue *queue_of(struct engine *e, struct hub *h, struct work *w)
{
    struct subject subject = subject_of(w);
    struct bytes key = make_key(e, &subject);
    struct queue *q = (struct queue *)map_get(&h->queues, key);
    if (q)
        return q;
    q = memory_new(sizeof *q + key.size);
    memcpy(q->data, key.data, key.size);
    q->map_key = bytes_of(q->data, key.size);
    size_t version_at = key.size - subject.version.size;
    q->version = bytes_slice(q->map_key, version_at, subject.version.size);
    q->name = bytes_slice(q->map_key, version_at - subject.name.size, subject.name.size);
    q->unversioned = subject.unversioned;
    q->hub = h;
    q->kind = w->kind;
    list_init(&q->link);
    list_init(&q->items);
    memory_must_ok(map_put(&h->queues, q->map_key, q));
    return q;
}

void queue_push(struct engine *e, struct work *w, bool first)
{
    struct hub *h = work_instance(w)->hub;
    struct queue *q = queue_of(e, h, w);
    w->queue = q;
    if (first)
        list_push_front(&q->items, &w->link);
    else
        list_push_back(&q->items, &w->link);
    if (q->count++ == 0) {
        list_push_back(&h->busy[q->kind], &q->link);
        h->busy_count[q->kind]++;
    }
    queue_stir(e, h);
}

void queue_remove(struct work *w)
{
    struct queue *q = w->queue;
    w->queue = NULL;
    list_remove(&w->link);
    if (--q->count > 0)
        return;
    list_remove(&q->link);
    q->hub->busy_count[q->kind]--;
    if (q->hub->queues.count > EMPTY_QUEUES_KEPT) {
        map_take(&q->hub->queues, q->map_key);
        free(q);
    }
}

void queue_stir(struct engine *e, struct hub *h)
{
    if (h->stirred)
        return;
    h->stirred = true;
    list_push_back(&e->stirred, &h->stirred_link);
}
