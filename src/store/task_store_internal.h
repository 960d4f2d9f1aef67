/* SPDX-License-Identifier: MIT */
/* task_store_internal.h — for those who write a store: what one must have to be a struct task_store. Each operation keeps the
 * promises of the function of its name in task_store.h. Callers of a store do not include this. */
#ifndef STORE_TASK_STORE_INTERNAL_H
#define STORE_TASK_STORE_INTERNAL_H

#include "store/task_store.h"

struct task_store_type {
    void (*close)(struct task_store *store);
    void (*wait)(struct task_store *store);
    void (*submit)(struct task_store *store, struct write_set *set,
                   void (*on_done)(void *context, uint64_t sequence, enum status status, const char *text),
                   void *context);
    bool (*busy)(const struct task_store *store);
    void (*hub)(struct task_store *store, struct bytes name, bool create,
                void (*on_done)(void *context, enum status status, const char *text, uint32_t hub),
                void *context);
    void (*recover)(struct task_store *store,
                    void (*on_done)(void *context, enum status status, const char *text), void *context);
    void (*load)(struct task_store *store, const struct task_store_loader *loader);
    void (*read_instance)(struct task_store *store, uint64_t tag, uint32_t hub, struct bytes instance_id,
                          void (*on_done)(void *context, enum status status, const char *text,
                                          const struct task_store_instance *found),
                          void *context);
    void (*read_history)(struct task_store *store, uint64_t tag, int64_t key,
                         void (*on_done)(void *context, enum status status, const char *text,
                                         const struct task_store_history *history),
                         void *context);
    void (*query)(struct task_store *store, const struct task_store_query *query,
                  void (*on_done)(void *context, enum status status, const char *text,
                                  const struct task_store_page *page),
                  void *context);
    void (*read_entity)(struct task_store *store, uint64_t tag, uint32_t hub, struct bytes entity_id,
                        void (*on_done)(void *context, enum status status, const char *text,
                                        const struct task_store_entity_state *found),
                        void *context);
    void (*query_entities)(struct task_store *store, const struct task_store_entity_query *query,
                           void (*on_done)(void *context, enum status status, const char *text,
                                           const struct task_store_entity_page *page),
                           void *context);
    bool (*low)(struct task_store *store);
    void (*stats)(struct task_store *store, struct task_store_stats *ret_stats);
};

/* The first member of a store's own struct. */
struct task_store {
    const struct task_store_type *type;
};

#endif
