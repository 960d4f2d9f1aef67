/* SPDX-License-Identifier: MIT */
/* task_store.h — what the scheduler asks of a store: write sets in, rows out.
 *
 * One handle is one partition's view of one store, opened by the store's own header (store/sqlite/sqlite_store.h). A store
 * that several servers share keeps the partition's lease and epoch in the handle and checks them in every transaction: a set
 * of an owner of before fails with FAILED_PRECONDITION. Nothing here names a file, a page or a dialect.
 *
 * Order. Each operation is posted and answered later by `on_done`, on the thread of the loop that the store was opened with,
 * never before the call returns. Sets, hubs and recoveries are carried out and reported in the order in which they were
 * posted; so are reads by id and by key among themselves. A read that is posted after a set was reported sees it. Bytes in an
 * answer are valid during the callback.
 *
 * Durability. A set that is reported with OK survives the loss of power; it is there as a whole or not at all. The first set
 * that fails makes all later ones fail with the same status, since nothing may be applied out of order; reads go on.
 * task_store_recover tries again, after the caller has begun to build its engine anew.
 *
 * What a store may do beneath this. Rows are what is written and what comes back, not how they lie. A store may append
 * encoded sets to a log, sync that, report, and bring them to its pages later and many at once, as long as a read sees every
 * set that was reported. It may join ops of a set, keep a history as one row or as many (only the order and the bytes of
 * its blobs are promised), leave counters of an instance out that follow from other rows, and move what is over to another
 * place.
 *
 * test/store/task_store_test.c is the acceptance of a store: it runs on whatever its table of stores opens. */
#ifndef STORE_TASK_STORE_H
#define STORE_TASK_STORE_H

#include "base/bytes.h"
#include "core/task/write_set.h"

struct task_store;

/* Waits for the set in work, closes. Sets not yet begun and answers not yet reported are dropped without a call; the loop
 * must run (or be destroyed) afterwards. Not from a callback of the store. NULL allowed. */
void task_store_close(struct task_store *store);
/* Blocks until everything that was posted is reported, and reports it from within. For starts, tools and tests: it holds up
 * the loop. Not from a callback of the store. */
void task_store_wait(struct task_store *store);

/* --- writing --- */

/* Queues a transaction; takes ownership. `text` is NULL for OK. */
void task_store_submit(struct task_store *store, struct write_set *set,
                       void (*on_done)(void *context, uint64_t sequence, enum status status,
                                       const char *text),
                       void *context);
/* True while a submitted set is not yet reported. */
bool task_store_busy(const struct task_store *store);

/* The hub's number; the hub is created if absent and `create`. Names compare case-insensitively (spec 2.3). NOT_FOUND;
 * INVALID_ARGUMENT for a name that no hub can have; RESOURCE_EXHAUSTED if there are too many; as a set otherwise. */
void task_store_hub(struct task_store *store, struct bytes name, bool create,
                    void (*on_done)(void *context, enum status status, const char *text, uint32_t hub),
                    void *context);

/* After a failure: checks that a small write succeeds and accepts sets again. Sets that were posted before it fail. */
void task_store_recover(struct task_store *store,
                        void (*on_done)(void *context, enum status status, const char *text), void *context);

/* --- reading --- */

/* Everything an engine needs (instances that are not over, and those over whose last activities have not run), in the order
 * engine_load_… wants it, large payloads left out. A callback's error ends the load and is its status. `key_next` is greater
 * than every instance key ever used. One load at a time, and not while the store is busy. */
struct task_store_loader {
    enum status (*on_hub)(void *context, uint32_t hub, struct bytes name);
    enum status (*on_instance)(void *context, const struct instance_row *row, const struct payload *payloads);
    enum status (*on_inbox)(void *context, const struct inbox_row *row);
    enum status (*on_activity)(void *context, const struct activity_row *row);
    void (*on_done)(void *context, enum status status, const char *text, int64_t key_next);
    void *context;
    /* Behind each hub: its rules, or empty. NULL: not wanted. */
    enum status (*on_hub_retention)(void *context, uint32_t hub, struct bytes rules);
    /* NULL: what belongs to entities is not wanted. */
    enum status (*on_entity_lock)(void *context, const struct entity_lock_row *row);
    enum status (*on_entity_message)(void *context, const struct entity_message_row *row);
    enum status (*on_receipt)(void *context, const struct receipt_row *row);
};
void task_store_load(struct task_store *store, const struct task_store_loader *loader);

/* One instance by id with all payloads. There being none is an answer, not a failure. `tag`, `hub` and `instance_id` come
 * back as they were given. */
struct task_store_instance {
    uint64_t tag;
    uint32_t hub;
    struct bytes instance_id;
    const struct instance_row *row; /* NULL: there is none, or the read failed */
    const struct payload *payloads;
};
void task_store_read_instance(struct task_store *store, uint64_t tag, uint32_t hub, struct bytes instance_id,
                              void (*on_done)(void *context, enum status status, const char *text,
                                              const struct task_store_instance *found),
                              void *context);

/* The history blobs of an instance, joined in order; none for a key that is not there. TOO_LARGE. */
struct task_store_history {
    uint64_t tag;
    int64_t key;
    struct bytes events;
};
void task_store_read_history(struct task_store *store, uint64_t tag, int64_t key,
                             void (*on_done)(void *context, enum status status, const char *text,
                                             const struct task_store_history *history),
                             void *context);

/* The state of an entity. There being none is an answer, not a failure. `tag`, `hub` and `entity_id` come back as they were
 * given. */
struct task_store_entity_state {
    uint64_t tag;
    uint32_t hub;
    struct bytes entity_id;
    const struct entity_row *row; /* NULL: there is none, or the read failed */
};
void task_store_read_entity(struct task_store *store, uint64_t tag, uint32_t hub, struct bytes entity_id,
                            void (*on_done)(void *context, enum status status, const char *text,
                                            const struct task_store_entity_state *found),
                            void *context);

/* A page of instances in the stable order (created_ns, instance_id), or (completed_ns, instance_id) for ids
 * by completion. Queries hold up neither sets nor reads by id. */
struct task_store_query {
    uint32_t hub;
    uint32_t status_mask;      /* bit n: OrchestrationStatus n; 0: any */
    int64_t created_from_ns;   /* inclusive; 0: open */
    int64_t created_to_ns;     /* exclusive; 0: open */
    int64_t completed_from_ns; /* inclusive; 0: open */
    int64_t completed_to_ns;   /* exclusive; 0: open */
    struct bytes id_prefix;    /* case-sensitive */
    bool terminal_only;
    bool by_completion;
    bool payloads;      /* also input and output; custom status and failure always come … */
    bool bare;          /* … unless only the rows are wanted */
    size_t rows_max;    /* 0: 100 */
    size_t size_max;    /* bytes of all values, at least one row is returned; 0: 3 MiB */
    struct bytes after; /* the `next` of the page before; empty: from the start */
};
struct task_store_page {
    struct instance_row *rows;
    struct payload (*payloads)[PAYLOAD_KIND_COUNT];
    size_t count;
    struct bytes next; /* empty: this was the last page */
    struct arena arena;
};
/* MALFORMED in `status` for an `after` that no page gave out. `page` is NULL unless OK. */
void task_store_query(struct task_store *store, const struct task_store_query *query,
                      void (*on_done)(void *context, enum status status, const char *text,
                                      const struct task_store_page *page),
                      void *context);

/* A page of entities in the order of their ids. */
struct task_store_entity_query {
    uint32_t hub;
    struct bytes id_prefix;   /* in the form of core/task/entity_name.h */
    int64_t modified_from_ns; /* inclusive; 0: open */
    int64_t modified_to_ns;   /* exclusive; 0: open */
    bool states;
    bool transient;     /* also those without a state that are held, or for whom something waits */
    size_t rows_max;    /* 0: 100 */
    size_t size_max;    /* bytes of all values, at least one row is returned; 0: 3 MiB */
    struct bytes after; /* the `next` of the page before; empty: from the start */
};
struct task_store_entity {
    struct bytes entity_id;
    bool exists;        /* it has a state */
    struct bytes state; /* if they were asked for */
    /* without a state: when its newest message came, or it was locked; 0: that is not known */
    int64_t modified_ns;
    int64_t messages;
    struct bytes locked_by; /* an instance's id; empty: nobody */
};
struct task_store_entity_page {
    struct task_store_entity *rows;
    size_t count;
    bool states;       /* as they were asked for */
    struct bytes next; /* empty: this was the last page */
    struct arena arena;
};
/* As task_store_query. */
void task_store_query_entities(struct task_store *store, const struct task_store_entity_query *query,
                               void (*on_done)(void *context, enum status status, const char *text,
                                               const struct task_store_entity_page *page),
                               void *context);

/* --- state --- */

/* True while room is nearly out: sets are accepted, but new work should not be. */
bool task_store_low(struct task_store *store);

struct task_store_stats {
    uint64_t commits, ops, bytes;
    int64_t commit_ns_last;
    bool failed;
    /* bytes before and after the store was made small when it was opened; 0: it was not */
    int64_t compacted_from;
    int64_t compacted_to;
};
void task_store_stats(struct task_store *store, struct task_store_stats *ret_stats);

#endif
