/* SPDX-License-Identifier: MIT */
/* task_store.c — from a handle to the store behind it. Nothing else is common to all stores. */
#include "store/task_store.h"

#include "store/task_store_internal.h"

void task_store_close(struct task_store *store)
{
    if (store)
        store->type->close(store);
}

void task_store_wait(struct task_store *store)
{
    store->type->wait(store);
}

void task_store_submit(struct task_store *store, struct write_set *set,
                       void (*on_done)(void *context, uint64_t sequence, enum status status,
                                       const char *text),
                       void *context)
{
    store->type->submit(store, set, on_done, context);
}

bool task_store_busy(const struct task_store *store)
{
    return store->type->busy(store);
}

void task_store_hub(struct task_store *store, struct bytes name, bool create,
                    void (*on_done)(void *context, enum status status, const char *text, uint32_t hub),
                    void *context)
{
    store->type->hub(store, name, create, on_done, context);
}

void task_store_recover(struct task_store *store,
                        void (*on_done)(void *context, enum status status, const char *text), void *context)
{
    store->type->recover(store, on_done, context);
}

void task_store_load(struct task_store *store, const struct task_store_loader *loader)
{
    store->type->load(store, loader);
}

void task_store_read_instance(struct task_store *store, uint64_t tag, uint32_t hub, struct bytes instance_id,
                              void (*on_done)(void *context, enum status status, const char *text,
                                              const struct task_store_instance *found),
                              void *context)
{
    store->type->read_instance(store, tag, hub, instance_id, on_done, context);
}

void task_store_read_history(struct task_store *store, uint64_t tag, int64_t key,
                             void (*on_done)(void *context, enum status status, const char *text,
                                             const struct task_store_history *history),
                             void *context)
{
    store->type->read_history(store, tag, key, on_done, context);
}

void task_store_query(struct task_store *store, const struct task_store_query *query,
                      void (*on_done)(void *context, enum status status, const char *text,
                                      const struct task_store_page *page),
                      void *context)
{
    store->type->query(store, query, on_done, context);
}

void task_store_read_entity(struct task_store *store, uint64_t tag, uint32_t hub, struct bytes entity_id,
                            void (*on_done)(void *context, enum status status, const char *text,
                                            const struct task_store_entity_state *found),
                            void *context)
{
    store->type->read_entity(store, tag, hub, entity_id, on_done, context);
}

void task_store_query_entities(struct task_store *store, const struct task_store_entity_query *query,
                               void (*on_done)(void *context, enum status status, const char *text,
                                               const struct task_store_entity_page *page),
                               void *context)
{
    store->type->query_entities(store, query, on_done, context);
}

bool task_store_low(struct task_store *store)
{
    return store->type->low(store);
}

void task_store_stats(struct task_store *store, struct task_store_stats *ret_stats)
{
    store->type->stats(store, ret_stats);
}
