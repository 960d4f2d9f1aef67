/* SPDX-License-Identifier: MIT */
/* sqlite_store.c — opening and closing. The order matters: the lock, then the writing connection, which upgrades the file and
 * may make it small, then those who only read; threads last. */
#include <stdlib.h>

#include "base/log.h"
#include "store/limit_values.h"
#include "store/sqlite/sqlite_store_internal.h"
#include "store/sqlite/store_compact.h"
#include "store/sqlite/store_reserve.h"

#define CHECKPOINT_PAGES 4000 /* of 4 KiB; 16000 gave long tails (stack.md 2.6) */
#define READER_CACHE_KIB 8192
#define WRITER_CACHE_KIB 32768 /* a write set touches leaves all over the store */

static enum status store_open_writer(struct sqlite_store *store, const struct sqlite_options *options,
                                     struct err *err)
{
    enum status status = sqlite_open(options, &store->writer, err);
    if (status == STATUS_OK)
        status = task_schema_upgrade(store->writer, task_schema_steps, task_schema_version, err);
    return status;
}

/* A store that is mostly empty is made small. Whatever hinders that, the store as it is serves as well. */
static enum status store_compact(struct sqlite_store *store, const struct sqlite_options *options,
                                 struct err *err)
{
    struct err hindrance = {0};
    struct store_sizes sizes;
    enum status status = store_compact_measure(store->writer, store->path, &sizes, &hindrance);
    if (status != STATUS_OK || !store_compact_is_worthwhile(&sizes))
        return STATUS_OK;

    /* The copy is whole and synced before it takes the file's place; until then nothing has happened. */
    status = store_compact_copy(store->writer, store->path, &hindrance);
    if (status == STATUS_OK) {
        sqlite_close(store->writer);
        store->writer = NULL;
        status = store_compact_swap(store->path, &store->lock, &hindrance);
    }
    if (status == STATUS_OK) {
        store->stats.compacted_from = sizes.size;
        store->stats.compacted_to = sizes.size - sizes.free;
    } else {
        log_debug("store", "not compacted path=\"%s\" cause=\"%s\"", store->path, hindrance.text);
    }
    if (store->writer)
        return STATUS_OK;
    return store_open_writer(store, options, err);
}

/* ORDER: the writer alone upgrades, compacts and reads what it must know of keys and ids; nobody else has the file
 * open meanwhile. */
static enum status store_open_connections(struct sqlite_store *store,
                                          const struct sqlite_store_options *given, struct err *err)
{
    struct sqlite_options options = {.path = store->path,
                                     .vfs = given->vfs,
                                     .sync_off = given->sync_off,
                                     .cache_size_kib = WRITER_CACHE_KIB,
                                     .statements = task_statements,
                                     .statement_count = TASK_STATEMENT_COUNT};
    enum status status = store_open_writer(store, &options, err);
    if (status == STATUS_OK)
        status = store_compact(store, &options, err);
    if (status == STATUS_OK)
        status = task_meta_get(store->writer, TASK_META_KEY_NEXT, &store->key_next, err);
    if (status == STATUS_OK)
        status = task_ids_load(store->writer, given->fresh_ids_max, &store->ids, err);
    if (status != STATUS_OK)
        return err_wrap(err, "%s", store->shown);

    /* ORDER: after the writer has upgraded and perhaps replaced the file: what readers open is the one that stays. */
    options.read_only = true;
    options.cache_size_kib = READER_CACHE_KIB;
    status = sqlite_open(&options, &store->reader, err);
    if (status == STATUS_OK)
        status = sqlite_open(&options, &store->querier, err);
    return status;
}

static enum status store_start_workers(struct sqlite_store *store, struct loop *loop, struct err *err)
{
    static const struct store_worker_options read = {.name = "reader"};
    static const struct store_worker_options query = {.name = "query"};
    const struct store_worker_options write = {
        .name = "writer", .on_handed = sqlite_store_tidy, .context = store};
    enum status status = store_worker_start(loop, &write, &store->write_worker, err);
    if (status == STATUS_OK)
        status = store_worker_start(loop, &read, &store->read_worker, err);
    if (status == STATUS_OK)
        status = store_worker_start(loop, &query, &store->query_worker, err);
    return status;
}

static void sqlite_store_close(struct task_store *base)
{
    struct sqlite_store *store = sqlite_store_of(base);
    /* A page over many rows may take long and is nobody's any more. ORDER: halted first, so that no new one begins behind
     * the one that is interrupted. */
    store_worker_halt(store->query_worker);
    if (store->querier)
        sqlite_interrupt(store->querier);

    /* The threads before the connections that they use. */
    store_worker_stop(store->write_worker);
    store_worker_stop(store->read_worker);
    store_worker_stop(store->query_worker);
    sqlite_close(store->reader);
    sqlite_close(store->querier);

    /* With the readers closed the whole log can go into the file, which then stands alone. */
    struct err err = {0};
    if (store->writer && sqlite_checkpoint(store->writer, true, &err) != STATUS_OK)
        log_debug("store", "checkpoint failed error=\"%s\"", err.text);
    sqlite_close(store->writer);

    /* Last of the file's: whoever waits for the lock opens a file that nobody writes. */
    store_lock_release(&store->lock);
    task_ids_fini(&store->ids);
    pthread_mutex_destroy(&store->mutex);
    free(store->path);
    free(store->shown);
    free(store);
}

/* A report may post to another worker, so one round after the other until nothing is open anywhere. */
static void sqlite_store_wait(struct task_store *base)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct store_worker *const workers[] = {store->write_worker, store->read_worker, store->query_worker};
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
            again |= store_worker_open(workers[i]) > 0;
            store_worker_wait(workers[i]);
        }
    }
}

static bool sqlite_store_busy(const struct task_store *base)
{
    return CONTAINER_OF(base, struct sqlite_store, base)->sets_open > 0;
}

static void sqlite_store_stats(struct task_store *base, struct task_store_stats *ret_stats)
{
    struct sqlite_store *store = sqlite_store_of(base);
    pthread_mutex_lock(&store->mutex);
    *ret_stats = store->stats;
    ret_stats->failed = store->failure.status != STATUS_OK;
    pthread_mutex_unlock(&store->mutex);
}

static const struct task_store_type sqlite_store_type = {
    .close = sqlite_store_close,
    .wait = sqlite_store_wait,
    .submit = sqlite_store_submit,
    .busy = sqlite_store_busy,
    .hub = sqlite_store_hub,
    .recover = sqlite_store_recover,
    .load = sqlite_store_load,
    .read_instance = sqlite_store_read_instance,
    .read_history = sqlite_store_read_history,
    .query = sqlite_store_query,
    .read_entity = sqlite_store_read_entity,
    .query_entities = sqlite_store_query_entities,
    .low = sqlite_store_low,
    .stats = sqlite_store_stats,
};

struct sqlite_store_options sqlite_store_options_default(void)
{
    return (struct sqlite_store_options){.hubs_max = STORE_HUBS_MAX,
                                         .checkpoint_pages = CHECKPOINT_PAGES,
                                         .fresh_ids_max = STORE_FRESH_IDS_MAX};
}

/* ORDER: the lock, the connections, the reserve, the threads. A failure closes what is there, in the order of
 * sqlite_store_close. */
enum status sqlite_store_open(const struct sqlite_store_options *options, struct loop *loop,
                              struct task_store **ret_store, struct err *err)
{
    ASSERT(options->path && options->shown && options->hubs_max);
    ASSERT(options->checkpoint_pages > 0 && options->fresh_ids_max);
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (!store)
        return err_set(err, STATUS_NO_MEMORY, "opening the store: out of memory");
    store->base.type = &sqlite_store_type;
    store->lock = STORE_LOCK_NONE;
    store->hubs_max = options->hubs_max;
    store->checkpoint_pages = options->checkpoint_pages;
    store->checkpoint_at = store->checkpoint_pages;
    pthread_mutex_init(&store->mutex, NULL);
    store->path = strdup(options->path);
    store->shown = strdup(options->shown);
    enum status status = store->path && store->shown ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = store_lock_take(store->path, store->shown, &store->lock, err);
    if (status == STATUS_OK)
        status = store_open_connections(store, options, err);
    if (status == STATUS_OK)
        (void)store_reserve_make(store->path, STORE_RESERVE_SIZE); /* a disk too small for one does without */
    if (status == STATUS_OK)
        status = store_start_workers(store, loop, err);
    if (status != STATUS_OK) {
        task_store_close(&store->base);
        return status;
    }
    sqlite_store_scan_ids(store);
    *ret_store = &store->base;
    return STATUS_OK;
}
