/* SPDX-License-Identifier: MIT */
/* queue.c — a map from what a filter can tell apart to a list. An empty list is kept for its next item, up to
 * EMPTY_QUEUES_KEPT of a hub. */
#include "core/task/queue.h"

#include "core/task/work_class.h"

#define EMPTY_QUEUES_KEPT 256 /* of one hub: an empty queue is kept for its next item up to here */

void queue_hub_init(struct hub *hub, uint64_t seed0, uint64_t seed1)
{
    map_init(&hub->queues, seed0, seed1);
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
        list_init(&hub->busy[kind]);
    list_init(&hub->streams);
    list_init(&hub->misfits);
    list_init(&hub->due_link);
}

void queue_hub_fini(struct hub *hub)
{
    struct queue *queue;
    for (size_t at = 0; (queue = (struct queue *)map_next(&hub->queues, &at));)
        free(queue);
    map_fini(&hub->queues);
}

/* kind, whether unversioned, size of the name, name, version: no two different subjects look alike. */
static struct bytes make_key(struct engine *engine, enum work_kind kind, const struct work_subject *subject)
{
    struct bytes name = subject->name;
    struct bytes version = subject->version;
    size_t head = 2 + sizeof(uint64_t);
    uint64_t name_size = name.size;
    uint8_t *key = (uint8_t *)memory_must(arena_alloc(&engine->scratch, head + name.size + version.size));
    key[0] = (uint8_t)kind;
    key[1] = subject->unversioned;
    memcpy(key + 2, &name_size, sizeof name_size);
    if (name.size)
        memcpy(key + head, name.data, name.size);
    if (version.size)
        memcpy(key + head + name.size, version.data, version.size);
    return bytes_of(key, head + name.size + version.size);
}

static struct queue *queue_of(struct engine *engine, struct hub *hub, struct work *work)
{
    struct work_subject subject = work->class->subject(work);
    struct bytes key = make_key(engine, work->class->kind, &subject);
    struct queue *queue = (struct queue *)map_get(&hub->queues, key);
    if (queue)
        return queue;
    queue = memory_new(sizeof *queue + key.size);
    memcpy(queue->data, key.data, key.size);
    queue->map_key = bytes_of(queue->data, key.size);
    size_t version_at = key.size - subject.version.size;
    queue->version = bytes_slice(queue->map_key, version_at, subject.version.size);
    queue->name = bytes_slice(queue->map_key, version_at - subject.name.size, subject.name.size);
    queue->unversioned = subject.unversioned;
    queue->hub = hub;
    queue->class = work->class;
    list_init(&queue->link);
    list_init(&queue->items);
    memory_must_ok(map_put(&hub->queues, queue->map_key, queue));
    return queue;
}

/* INVARIANT: a queue is on its hub's list of busy ones exactly while it has an item. Dispatch walks that list and
 * nothing else. */
void queue_push(struct engine *engine, struct work *work, bool first)
{
    struct hub *hub = work_owner(work).hub;
    struct queue *queue = queue_of(engine, hub, work);
    work->queue = queue;
    if (first)
        list_push_front(&queue->items, &work->link);
    else
        list_push_back(&queue->items, &work->link);
    if (queue->count++ == 0) {
        list_push_back(&hub->busy[queue->class->kind], &queue->link);
        hub->busy_count[queue->class->kind]++;
    }
    queue_stir(engine, hub);
}

void queue_remove(struct work *work)
{
    struct queue *queue = work->queue;
    work->queue = NULL;
    list_remove(&work->link);
    if (--queue->count > 0)
        return;
    list_remove(&queue->link);
    queue->hub->busy_count[queue->class->kind]--;
    /* Names come again, so a queue is kept empty; but clients choose names, so not any number of them. */
    if (queue->hub->queues.count > EMPTY_QUEUES_KEPT) {
        map_take(&queue->hub->queues, queue->map_key);
        free(queue);
    }
}

void queue_stir(struct engine *engine, struct hub *hub)
{
    if (hub->due)
        return;
    hub->due = true;
    list_push_back(&engine->hubs_due, &hub->due_link);
}
