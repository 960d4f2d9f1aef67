/* SPDX-License-Identifier: MIT */
/* resource_store.c — a sorted array of pointers in memory, one connection to SQLite, and one thread that writes. The thread
 * has the connection from the first change to the close. */
#include "store/resources/resource_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "db/schema.h"
#include "store/sqlite/store_lock.h"
#include "store/sqlite/store_worker.h"

#define CHECKPOINT_PAGES 256        /* of 4 KiB */
#define APPLICATION_ID   0x53505253 /* "SPRS" */

enum statement { RESOURCE_ALL, RESOURCE_PUT, RESOURCE_DELETE, VERSION_PUT, FACT_GET, STATEMENTS };

static const char *const statements[STATEMENTS] = {
    [RESOURCE_ALL] = "SELECT key, id, text, version, created_ns, changed_ns FROM resource ORDER BY key",
    [RESOURCE_PUT] = ("INSERT INTO resource (key, id, text, version, created_ns, changed_ns) VALUES (?1, ?2, "
                      "?3, ?4, ?5, ?6) "
                      "ON CONFLICT (key) DO UPDATE SET text = ?3, version = ?4, changed_ns = ?6"),
    [RESOURCE_DELETE] = "DELETE FROM resource WHERE key = ?1",
    [VERSION_PUT] = ("INSERT INTO fact (name, value) VALUES (CAST('version' AS BLOB), ?1) ON CONFLICT (name) "
                     "DO UPDATE SET value = ?1"),
    [FACT_GET] = "SELECT value FROM fact WHERE name = ?1",
};

static const char *const steps[] = {
    "CREATE TABLE resource (key BLOB PRIMARY KEY, id BLOB NOT NULL, text BLOB NOT NULL, version INTEGER NOT "
    "NULL, "
    "created_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE fact (name BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
};

static const struct sqlite_schema schema = {.what = "the control plane's store",
                                            .application_id = APPLICATION_ID,
                                            .steps = steps,
                                            .step_count = ARRAY_SIZE(steps)};

/* One resource on the heap; the texts follow it. */
struct kept_resource {
    struct resource resource;
    uint8_t bytes[];
};

struct resource_store {
    struct resource_store_options options;
    struct store_lock lock; /* one process has the file */
    struct db *db;          /* the worker's, while there are jobs */
    struct store_worker *worker;
    struct kept_resource **at; /* by key */
    size_t count, capacity;
    size_t total;  /* bytes of texts, those on their way included */
    size_t coming; /* resources that are on their way and may be new */
    uint64_t version;
};

struct resource_change {
    struct store_job job;
    struct resource_store *store;
    struct kept_resource *kept; /* what shall be; its text is empty for a deletion */
    bool deletes;
    enum status status;
    struct err err;
    resource_store_done *on_done;
    void *context;
};

struct resource_store_options resource_store_options_default(void)
{
    return (struct resource_store_options){
        .count_max = RESOURCE_COUNT_MAX, .size_max = RESOURCE_SIZE_MAX, .total_max = RESOURCE_TOTAL_MAX};
}

/* --- in memory --- */

/* The first place whose key is not smaller: where the key stands, or would. */
static size_t find(const struct resource_store *store, struct bytes key)
{
    size_t low = 0, high = store->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(store->at[middle]->resource.key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct resource_store *store, size_t place, struct bytes key)
{
    return place < store->count && bytes_equal(store->at[place]->resource.key, key);
}

const struct resource *resource_store_get(const struct resource_store *store, struct bytes key)
{
    size_t place = find(store, key);
    return is_at(store, place, key) ? &store->at[place]->resource : NULL;
}

const struct resource *resource_store_from(const struct resource_store *store, struct bytes key, bool behind)
{
    size_t place = find(store, key);
    if (behind && is_at(store, place, key))
        place++;
    return place < store->count ? &store->at[place]->resource : NULL;
}

static struct kept_resource *kept_create(struct bytes id, struct bytes text)
{
    struct kept_resource *kept = malloc(sizeof *kept + 2 * id.size + text.size);
    if (!kept)
        return NULL;
    uint8_t *key = kept->bytes, *own_id = key + id.size, *own_text = own_id + id.size;
    for (size_t i = 0; i < id.size; i++)
        key[i] = ascii_lower(id.data[i]);
    memcpy(own_id, id.data, id.size);
    if (text.size > 0)
        memcpy(own_text, text.data, text.size);
    kept->resource = (struct resource){.key = bytes_of(key, id.size),
                                       .id = bytes_of(own_id, id.size),
                                       .text = bytes_of(own_text, text.size)};
    return kept;
}

/* Room for what is on its way, made before it goes: afterwards it cannot fail. */
static bool make_room(struct resource_store *store)
{
    size_t needed = store->count + store->coming + 1;
    if (needed <= store->capacity)
        return true;
    size_t capacity = needed * 2;
    struct kept_resource **at = realloc(store->at, capacity * sizeof *at);
    if (!at)
        return false;
    store->at = at;
    store->capacity = capacity;
    return true;
}

/* Takes `kept`. */
static void show(struct resource_store *store, struct kept_resource *kept)
{
    size_t place = find(store, kept->resource.key);
    if (is_at(store, place, kept->resource.key)) {
        store->total -= store->at[place]->resource.text.size;
        free(store->at[place]);
    } else {
        memmove(&store->at[place + 1], &store->at[place], (store->count - place) * sizeof store->at[0]);
        store->count++;
    }
    store->at[place] = kept;
}

void resource_store_hide(struct resource_store *store, struct bytes key)
{
    size_t place = find(store, key);
    if (!is_at(store, place, key))
        return;
    store->total -= store->at[place]->resource.text.size;
    free(store->at[place]);
    store->count--;
    memmove(&store->at[place], &store->at[place + 1], (store->count - place) * sizeof store->at[0]);
}

/* --- on disk --- */

static enum status write_row(struct db *db, const struct resource *resource, bool deletes, struct err *err)
{
    if (deletes) {
        sqlite_bind_bytes(db, RESOURCE_DELETE, 1, resource->key);
        return sqlite_run(db, RESOURCE_DELETE, err);
    }
    sqlite_bind_bytes(db, RESOURCE_PUT, 1, resource->key);
    sqlite_bind_bytes(db, RESOURCE_PUT, 2, resource->id);
    sqlite_bind_bytes(db, RESOURCE_PUT, 3, resource->text);
    sqlite_bind_i64(db, RESOURCE_PUT, 4, (int64_t)resource->version);
    sqlite_bind_i64(db, RESOURCE_PUT, 5, resource->created_ns);
    sqlite_bind_i64(db, RESOURCE_PUT, 6, resource->changed_ns);
    return sqlite_run(db, RESOURCE_PUT, err);
}

/* The row, and the highest version that there was. */
static enum status write_change(struct db *db, void *context, struct err *err)
{
    const struct resource_change *change = context;
    enum status status = write_row(db, &change->kept->resource, change->deletes, err);
    if (status != STATUS_OK)
        return status;
    sqlite_bind_i64(db, VERSION_PUT, 1, (int64_t)change->kept->resource.version);
    return sqlite_run(db, VERSION_PUT, err);
}

static void perform(struct store_job *job)
{
    struct resource_change *change = CONTAINER_OF(job, struct resource_change, job);
    struct db *db = change->store->db;
    change->status = sqlite_transact(db, write_change, change, &change->err);
    if (change->status == STATUS_OK)
        sqlite_tidy(db, CHECKPOINT_PAGES);
}

static void report(struct store_job *job)
{
    struct resource_change *change = CONTAINER_OF(job, struct resource_change, job);
    struct resource_store *store = change->store;
    bool written = change->status == STATUS_OK;
    if (!change->deletes)
        store->coming--;

    /* Memory shows a change when it is on disk, not before. */
    if (written && change->deletes) {
        resource_store_hide(store, change->kept->resource.key);
    } else if (written) {
        show(store, change->kept);
        change->kept = NULL;
    } else {
        store->total -= change->kept->resource.text.size;
    }
    change->on_done(change->context, change->status, written ? NULL : change->err.text);
}

static void destroy(struct store_job *job)
{
    struct resource_change *change = CONTAINER_OF(job, struct resource_change, job);
    free(change->kept);
    free(change);
}

static enum status submit(struct resource_store *store, struct kept_resource *kept, bool deletes,
                          resource_store_done *on_done, void *context, struct err *err)
{
    struct resource_change *change = kept ? calloc(1, sizeof *change) : NULL;
    if (!change || (!deletes && !make_room(store))) {
        free(change);
        free(kept);
        return err_no_memory(err);
    }
    /* A version is given once, also if the write fails: a client that has seen none of it misses nothing. */
    kept->resource.version = ++store->version;
    *change = (struct resource_change){.job = {.perform = perform, .report = report, .destroy = destroy},
                                       .store = store,
                                       .kept = kept,
                                       .deletes = deletes,
                                       .on_done = on_done,
                                       .context = context};
    list_init(&change->job.link);
    if (!deletes)
        store->coming++;
    store->total += kept->resource.text.size;
    store_worker_submit(store->worker, &change->job);
    return STATUS_OK;
}

enum status resource_store_put(struct resource_store *store, struct bytes id, struct bytes text,
                               int64_t now_ns, resource_store_done *on_done, void *context, struct err *err)
{
    const struct resource_store_options *own = &store->options;
    if (text.size > own->size_max)
        return err_set(err, STATUS_TOO_LARGE, "the resource is larger than %zu bytes", own->size_max);
    /* What is on its way counts: many that come at once do not get past a limit together. */
    if (store->count + store->coming >= own->count_max)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "there are %zu resources, as many as there may be",
                       own->count_max);
    if (store->total + text.size > own->total_max)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "all resources together are larger than %zu bytes",
                       own->total_max);

    struct kept_resource *kept = kept_create(id, text);
    const struct resource *former = kept ? resource_store_get(store, kept->resource.key) : NULL;
    if (former) {
        memcpy(kept->bytes + id.size, former->id.data,
               id.size); /* of the same size, as its key is the same */
        kept->resource.created_ns = former->created_ns;
    } else if (kept) {
        kept->resource.created_ns = now_ns;
    }
    if (kept)
        kept->resource.changed_ns = now_ns;
    return submit(store, kept, false, on_done, context, err);
}

enum status resource_store_delete(struct resource_store *store, struct bytes key,
                                  resource_store_done *on_done, void *context, struct err *err)
{
    return submit(store, kept_create(key, (struct bytes){0}), true, on_done, context, err);
}

enum status resource_store_show(struct resource_store *store, struct bytes id, struct bytes text,
                                int64_t now_ns)
{
    if (text.size > store->options.size_max)
        return STATUS_TOO_LARGE;
    struct kept_resource *kept = kept_create(id, text);
    if (!kept || !make_room(store)) {
        free(kept);
        return STATUS_NO_MEMORY;
    }
    kept->resource.version = ++store->version;
    kept->resource.created_ns = kept->resource.changed_ns = now_ns;
    store->total += text.size;
    show(store, kept);
    return STATUS_OK;
}

/* --- opening and closing --- */

/* In the order of keys: each is put at the end, and nothing is moved for it. */
static enum status load(struct resource_store *store, struct err *err)
{
    struct db *db = store->db;
    bool row = false;
    enum status status;
    while ((status = sqlite_next(db, RESOURCE_ALL, &row, err)) == STATUS_OK && row) {
        struct kept_resource *kept =
            kept_create(sqlite_column_bytes(db, RESOURCE_ALL, 1), sqlite_column_bytes(db, RESOURCE_ALL, 2));
        if (!kept || !make_room(store)) {
            free(kept);
            sqlite_done(db, RESOURCE_ALL);
            return err_no_memory(err);
        }
        kept->resource.version = (uint64_t)sqlite_column_i64(db, RESOURCE_ALL, 3);
        kept->resource.created_ns = sqlite_column_i64(db, RESOURCE_ALL, 4);
        kept->resource.changed_ns = sqlite_column_i64(db, RESOURCE_ALL, 5);
        store->version = MAX(store->version, kept->resource.version);
        store->total += kept->resource.text.size;
        show(store, kept);
    }
    return status;
}

/* Deletions have had versions, too. */
static enum status load_version(struct resource_store *store, struct err *err)
{
    bool row = false;
    sqlite_bind_bytes(store->db, FACT_GET, 1, BYTES_LITERAL("version"));
    enum status status = sqlite_next(store->db, FACT_GET, &row, err);
    if (status != STATUS_OK || !row)
        return status;
    store->version = MAX(store->version, (uint64_t)sqlite_column_i64(store->db, FACT_GET, 0));
    sqlite_done(store->db, FACT_GET);
    return STATUS_OK;
}

static enum status open_file(struct resource_store *store, struct err *err)
{
    const struct resource_store_options *options = &store->options;
    const struct sqlite_options file = {.path = options->path,
                                        .cache_size_kib = 1024,
                                        .statements = statements,
                                        .statement_count = STATEMENTS};
    enum status status = store_lock_take(options->path, options->path, &store->lock, err);
    if (status == STATUS_OK)
        status = sqlite_open(&file, &store->db, err);
    if (status)
        return status;
    return sqlite_schema_upgrade(store->db, &schema, err);
}

enum status resource_store_open(struct loop *loop, const struct resource_store_options *options,
                                struct resource_store **ret_store, struct err *err)
{
    struct resource_store *store = calloc(1, sizeof *store);
    if (!store)
        return err_no_memory(err);
    ASSERT(options->count_max > 0 && options->size_max > 0 && options->total_max > 0);
    store->options = *options;
    store->lock = STORE_LOCK_NONE;
    enum status status = open_file(store, err);
    if (status == STATUS_OK)
        status = load(store, err);
    if (status == STATUS_OK)
        status = load_version(store, err);
    if (status == STATUS_OK)
        status = store_worker_start(loop, &(struct store_worker_options){.name = "writer of resources"},
                                    &store->worker, err);
    if (status != STATUS_OK) {
        resource_store_close(store);
        return err_wrap(err, "%s", options->shown ? options->shown : options->path);
    }
    *ret_store = store;
    return STATUS_OK;
}

/* ORDER: the worker ends first; the file is its own while it has jobs. */
void resource_store_close(struct resource_store *store)
{
    if (!store)
        return;
    store_worker_stop(store->worker);
    if (store->db)
        (void)!sqlite_checkpoint(store->db, true, NULL); /* the log is read at the next start */
    sqlite_close(store->db);
    store_lock_release(&store->lock);
    for (size_t i = 0; i < store->count; i++)
        free(store->at[i]);
    free(store->at);
    free(store);
}
