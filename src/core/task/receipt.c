/* SPDX-License-Identifier: MIT */
/* receipt.c — a map by hub, entity and request, and a list of the same in their order: what is oldest leaves first. */
#include "core/task/receipt.h"

#include "core/task/gate.h"

#define DROP_BATCH 256 /* receipts that leave at a time, by one change of the store */

struct receipt {
    struct list link; /* engine.receipt_order */
    int64_t sequence; /* of its row */
    int64_t at_ns;    /* since 1970 */
    uint32_t hub;
    struct bytes map_key; /* in data */
    uint8_t data[];
};

static struct receipt *receipt_of(struct list *link)
{
    return CONTAINER_OF(link, struct receipt, link);
}

void receipt_init(struct engine *engine)
{
    uint64_t seed = prng_next(&engine->prng);
    map_init(&engine->receipts, seed, prng_next(&engine->prng));
    list_init(&engine->receipt_order);
}

static void drop(struct engine *engine, struct receipt *receipt)
{
    map_take(&engine->receipts, receipt->map_key); /* the key lies in the object */
    list_remove(&receipt->link);
    engine->receipt_count--;
    free(receipt);
}

void receipt_fini(struct engine *engine)
{
    while (!list_empty(&engine->receipt_order))
        drop(engine, receipt_of(engine->receipt_order.next));
    map_fini(&engine->receipts);
}

/* An entity's id has no NUL (entity_name.h), so no two triples have the same key. */
static struct bytes make_key(uint8_t *key, uint32_t hub, struct bytes entity_id, struct bytes request_id)
{
    size_t size = sizeof hub;
    memcpy(key, &hub, sizeof hub);
    memcpy(key + size, entity_id.data, entity_id.size);
    size += entity_id.size;
    key[size++] = 0;
    memcpy(key + size, request_id.data, request_id.size);
    return bytes_of(key, size + request_id.size);
}

static size_t key_size(struct bytes entity_id, struct bytes request_id)
{
    return sizeof(uint32_t) + entity_id.size + 1 + request_id.size;
}

static void keep(struct engine *engine, const struct receipt_row *row)
{
    struct receipt *receipt = memory_new(sizeof *receipt + key_size(row->entity_id, row->request_id));
    receipt->sequence = row->sequence;
    receipt->at_ns = row->at_ns;
    receipt->hub = row->hub;
    receipt->map_key = make_key(receipt->data, row->hub, row->entity_id, row->request_id);
    memory_must_ok(map_put(&engine->receipts, receipt->map_key, receipt));
    list_push_back(&engine->receipt_order, &receipt->link);
    engine->receipt_count++;
}

static bool old(const struct engine *engine, const struct receipt *receipt)
{
    return engine->receipt_count > engine->options.receipts_max ||
           receipt->at_ns < engine->unix_ns - engine->options.receipt_keep_ns;
}

/* Their rows are numbered in their order, so one change drops all up to a number. With each batch of new ones at most twice
 * as many leave: a receipt costs the same, whoever comes after a quiet hour. */
static void trim(struct engine *engine)
{
    int64_t last = 0;
    size_t count = 0;
    if (engine->receipt_taken++ % DROP_BATCH != 0)
        return;
    for (; count < 2 * (size_t)DROP_BATCH && !list_empty(&engine->receipt_order); count++) {
        struct receipt *receipt = receipt_of(engine->receipt_order.next);
        if (!old(engine, receipt))
            break;
        last = receipt->sequence;
        drop(engine, receipt);
    }
    if (count)
        gate_write(engine, &(struct write_op){.kind = WRITE_RECEIPT_DELETE, .sequence = last});
}

bool receipt_take(struct engine *engine, uint32_t hub, struct bytes entity_id, struct bytes request_id)
{
    ASSERT(request_id.size <= RECEIPT_ID_SIZE_MAX);
    if (request_id.size == 0)
        return true;
    uint8_t *key = memory_must(arena_alloc(&engine->scratch, key_size(entity_id, request_id)));
    if (map_get(&engine->receipts, make_key(key, hub, entity_id, request_id)))
        return false;

    struct receipt_row row = {.sequence = engine->key_next++,
                              .hub = hub,
                              .entity_id = entity_id,
                              .request_id = request_id,
                              .at_ns = engine->unix_ns};
    trim(engine);
    keep(engine, &row);
    gate_write(engine, &(struct write_op){.kind = WRITE_RECEIPT_ADD, .receipt = row});
    return true;
}

void receipt_load(struct engine *engine, const struct receipt_row *row)
{
    uint8_t *key = memory_must(arena_alloc(&engine->scratch, key_size(row->entity_id, row->request_id)));
    if (!map_get(&engine->receipts, make_key(key, row->hub, row->entity_id, row->request_id)))
        keep(engine, row);
}

void receipt_forget_hub(struct engine *engine, uint32_t hub)
{
    list_each_safe (it, &engine->receipt_order)
        if (receipt_of(it)->hub == hub)
            drop(engine, receipt_of(it));
}

void receipt_check(const struct engine *engine)
{
    size_t count = 0;
    int64_t sequence = 0;
    list_each (it, &engine->receipt_order) {
        const struct receipt *receipt = receipt_of(it);
        ASSERT(receipt->sequence > sequence);
        ASSERT(map_get(&engine->receipts, receipt->map_key) == receipt);
        sequence = receipt->sequence;
        count++;
    }
    ASSERT(count == engine->receipt_count);
}
