/* SPDX-License-Identifier: MIT */
/* sqlite_store_internal.h — what the files of the SQLite store share: the three connections, each with the thread that alone
 * uses it. Not for other folders. */
#ifndef STORE_SQLITE_STORE_INTERNAL_H
#define STORE_SQLITE_STORE_INTERNAL_H

#include <pthread.h>

#include "store/sqlite/id_rows.h"
#include "store/sqlite/meta.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/store_lock.h"
#include "store/sqlite/store_worker.h"
#include "store/task_store_internal.h"

/* --- the store --- */

struct sqlite_store {
    struct task_store base;
    char *path;
    char *shown;            /* path as people know it */
    struct store_lock lock; /* the writer only looks */
    size_t hubs_max;

    /* loop's thread */
    size_t sets_open; /* submitted, not yet reported */
    bool loading;

    /* each connection is its worker's while that runs */
    struct store_worker *write_worker;
    struct db *writer;
    struct store_worker *read_worker; /* by id and by key, and loads */
    struct db *reader;
    struct store_worker *query_worker;
    struct db *querier;

    /* writer's thread */
    int64_t key_next; /* as in TASK_META_KEY_NEXT */
    int checkpoint_pages;
    int checkpoint_at; /* pages of the log at which the next checkpoint is tried */

    struct id_index ids; /* any thread may look */

    pthread_mutex_t mutex; /* guards what follows; never held during a call of SQLite */
    struct err failure;    /* status OK: sets are accepted */
    bool low;              /* the reserve is spent: the disk is nearly full */
    struct task_store_stats stats;
};

static inline struct sqlite_store *sqlite_store_of(struct task_store *store)
{
    return CONTAINER_OF(store, struct sqlite_store, base);
}

/* --- on the writer's thread --- */

/* writer.c */
void sqlite_store_submit(struct task_store *store, struct write_set *set,
                         void (*on_done)(void *context, uint64_t sequence, enum status status,
                                         const char *text),
                         void *context);
void sqlite_store_recover(struct task_store *store,
                          void (*on_done)(void *context, enum status status, const char *text),
                          void *context);
/* After each job: copies the log into the file when it has grown, and looks whether there is room again. */
void sqlite_store_tidy(void *context);
/* A transaction that `apply` fills. On failure it is rolled back, and what it changed in memory is `apply`'s to undo. */
STATUS_RESULT sqlite_store_transaction(struct sqlite_store *store,
                                       enum status (*apply)(struct sqlite_store *store, void *context,
                                                            struct err *err),
                                       void *context, struct err *err);
/* Why sets are refused; OK if they are not. Any thread. */
struct err sqlite_store_failure(struct sqlite_store *store);
bool sqlite_store_low(struct task_store *store);

/* hub.c */
void sqlite_store_hub(struct task_store *store, struct bytes name, bool create,
                      void (*on_done)(void *context, enum status status, const char *text, uint32_t hub),
                      void *context);

/* --- on the reader's thread --- */

/* read.c */
void sqlite_store_read_instance(struct task_store *store, uint64_t tag, uint32_t hub,
                                struct bytes instance_id,
                                void (*on_done)(void *context, enum status status, const char *text,
                                                const struct task_store_instance *found),
                                void *context);
void sqlite_store_read_history(struct task_store *store, uint64_t tag, int64_t key,
                               void (*on_done)(void *context, enum status status, const char *text,
                                               const struct task_store_history *history),
                               void *context);
/* entity_read.c */
void sqlite_store_read_entity(struct task_store *store, uint64_t tag, uint32_t hub, struct bytes entity_id,
                              void (*on_done)(void *context, enum status status, const char *text,
                                              const struct task_store_entity_state *found),
                              void *context);
/* load.c */
void sqlite_store_load(struct task_store *store, const struct task_store_loader *loader);

/* --- on the query's thread (query.c) --- */

void sqlite_store_query(struct task_store *store, const struct task_store_query *query,
                        void (*on_done)(void *context, enum status status, const char *text,
                                        const struct task_store_page *page),
                        void *context);
/* The first byte string behind all that begin with `prefix`; data NULL if there is none. */
struct bytes sqlite_store_prefix_end(struct arena *arena, struct bytes prefix);
/* id_scan.c: makes the filter of ids, if that is due. Loop's thread. */
void sqlite_store_scan_ids(struct sqlite_store *store);
/* entity_query.c */
void sqlite_store_query_entities(struct task_store *store, const struct task_store_entity_query *query,
                                 void (*on_done)(void *context, enum status status, const char *text,
                                                 const struct task_store_entity_page *page),
                                 void *context);

#endif
