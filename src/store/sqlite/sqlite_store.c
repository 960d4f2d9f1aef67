/* SPDX-License-Identifier: MIT */
/* sqlite_store.c — opening and closing. The order matters: the lock, then the writing connection, which upgrades the file and
 * may make it small, then those who only read. */
#include <stdlib.h>

#include "base/log.h"
#include "store/sqlite/store_compact.h"
#include "store/sqlite/store_reserve.h"
#include "store/sqlite/sqlite_internal.h"

#define HUBS_MAX_DEFAULT 1000
#define CHECKPOINT_PAGES 4000  /* of 4 KiB; 16000 gave long tails (stack.md 2.6) */
#define WRITER_CACHE_KIB 32768 /* a write set touches leaves all over the store */

static enum status store_open_writer(struct task_store *store, const struct db_options *options,
                                     struct err *err)
{
    enum status status = db_open(options, &store->writer, err);
    if (status == STATUS_OK)
        status = task_schema_upgrade(store->writer, task_schema_steps, task_schema_version, err);
    return status;
}

/* A store that is mostly empty is made small. Whatever hinders that, the store as it is serves as well. */
static enum status store_compact(struct task_store *store, const struct db_options *options, struct err *err)
{
    struct err hindrance = {0};
    struct store_sizes sizes;
    enum status status = store_compact_measure(store->writer, store->path, &sizes, &hindrance);
    if (status != STATUS_OK || !store_compact_is_worthwhile(&sizes))
        return STATUS_OK;

    status = store_compact_copy(store->writer, store->path, &hindrance);
    if (status == STATUS_OK) {
        db_close(store->writer);
        store->writer = NULL;
        status = store_compact_swap(store->path, &store->lock, &hindrance);
    }
    if (status == STATUS_OK) {
        store->stats.compacted_from = sizes.size;
        store->stats.compacted_to = sizes.size - sizes.free;
    } else {
        log_debug("store", "not compacted path=\"%s\" cause=\"%s\"", store->path, hindrance.text);
    }
    return store->writer ? STATUS_OK : store_open_writer(store, options, err);
}

static enum status store_open_connections(struct task_store *store, const struct task_store_options *o,
                                          struct err *err)
{
    struct db_options options = {.path = store->path,
                                 .vfs = o->vfs,
                                 .sync_off = o->sync_off,
                                 .cache_size_kib = WRITER_CACHE_KIB,
                                 .statements = task_statements,
                                 .statement_count = TASK_STATEMENT_COUNT};
    enum status status = store_open_writer(store, &options, err);
    if (status == STATUS_OK)
        status = store_compact(store, &options, err);
    if (status == STATUS_OK)
        status = task_meta_get(store->writer, TASK_META_KEY_NEXT, &store->key_next, err);
    if (status != STATUS_OK)
        return err_wrap(err, "%s", store->shown);
    options.read_only = true;
    options.cache_size_kib = 0;
    status = db_open(&options, &store->point, err);
    if (status == STATUS_OK)
        status = task_reader_create(&options, store->loop, &store->reader, err);
    return status;
}

STATUS_RESULT task_store_open(const struct task_store_options *options, struct loop *loop,
                              struct task_store **ret_store, struct err *err)
{
    struct task_store *store = calloc(1, sizeof *store);
    if (!store)
        return err_set(err, STATUS_NO_MEMORY, "opening the store: out of memory");
    store->loop = loop;
    store->lock = STORE_LOCK_NONE;
    store->hubs_max = options->hubs_max ? options->hubs_max : HUBS_MAX_DEFAULT;
    store->checkpoint_pages = options->checkpoint_pages ? options->checkpoint_pages : CHECKPOINT_PAGES;
    store->checkpoint_at = store->checkpoint_pages;
    list_init(&store->unreported);
    list_init(&store->queue);
    pthread_mutex_init(&store->db_mutex, NULL);
    pthread_mutex_init(&store->queue_mutex, NULL);
    pthread_cond_init(&store->queue_filled, NULL);
    store->path = strdup(options->path);
    store->shown = strdup(options->shown ? options->shown : options->path);
    enum status status = store->path && store->shown ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = store_lock_take(store->path, store->shown, &store->lock, err);
    if (status == STATUS_OK)
        status = store_open_connections(store, options, err);
    if (status == STATUS_OK)
        (void)store_reserve_make(store->path); /* a disk too small for one does without */
    if (status == STATUS_OK)
        status = task_writer_start(store, err);
    if (status != STATUS_OK) {
        task_store_close(store);
        return status;
    }
    *ret_store = store;
    return STATUS_OK;
}

void task_store_close(struct task_store *store)
{
    if (!store)
        return;
    task_writer_stop(store);
    task_reader_destroy(store->reader);
    db_close(store->point);
    struct err err = {0};
    if (store->writer && db_checkpoint(store->writer, true, &err) != STATUS_OK)
        log_debug("store", "checkpoint failed error=\"%s\"", err.text);
    db_close(store->writer);
    store_lock_release(&store->lock);
    pthread_cond_destroy(&store->queue_filled);
    pthread_mutex_destroy(&store->queue_mutex);
    pthread_mutex_destroy(&store->db_mutex);
    free(store->path);
    free(store->shown);
    free(store);
}

void task_store_query(struct task_store *store, const struct task_store_query *query,
                      void (*on_done)(void *context, enum status status, const char *text,
                                      const struct task_store_page *page),
                      void *context)
{
    task_reader_submit(store->reader, query, on_done, context);
}
