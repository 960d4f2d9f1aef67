/* SPDX-License-Identifier: MIT */
/* resource_store.c — a sorted array of pointers in memory, one connection to SQLite, and one thread that writes. The thread
 * has the connection from the first change to the close. */
#include "store/resources/resource_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "db/sqlite.h"
#include "store/sqlite/store_worker.h"

#define COUNT_MAX_DEFAULT ((size_t)10000)
#define SIZE_MAX_DEFAULT  ((size_t)256 << 10)
#define TOTAL_MAX_DEFAULT ((size_t)64 << 20)
#define CHECKPOINT_PAGES  256        /* of 4 KiB */
#define APPLICATION_ID    0x53505253 /* "SPRS" */

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

/* One resource on the heap; the texts follow it. */
struct kept_resource {
    struct resource resource;
    uint8_t bytes[];
};

struct resource_store {
    struct resource_store_options options;
    struct db *db; /* the worker's, while there are jobs */
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
    bool delete;
    enum status status;
    struct err err;
    resource_store_done *on_done;
    void *context;
};

/* --- in memory --- */

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

static enum status write_row(struct db *db, const struct resource *resource, bool delete, struct err *err)
{
    if (delete) {
        db_bind_bytes(db, RESOURCE_DELETE, 1, resource->key);
        return db_run(db, RESOURCE_DELETE, err);
    }
    db_bind_bytes(db, RESOURCE_PUT, 1, resource->key);
    db_bind_bytes(db, RESOURCE_PUT, 2, resource->id);
    db_bind_bytes(db, RESOURCE_PUT, 3, resource->text);
    db_bind_i64(db, RESOURCE_PUT, 4, (int64_t)resource->version);
    db_bind_i64(db, RESOURCE_PUT, 5, resource->created_ns);
    db_bind_i64(db, RESOURCE_PUT, 6, resource->changed_ns);
    return db_run(db, RESOURCE_PUT, err);
}

static void perform(struct store_job *job)
{
    struct resource_change *change = CONTAINER_OF(job, struct resource_change, job);
    struct db *db = change->store->db;
    change->status = db_begin(db, &change->err);
    if (change->status == STATUS_OK)
        change->status = write_row(db, &change->kept->resource, change->delete, &change->err);
    if (change->status == STATUS_OK) {
        db_bind_i64(db, VERSION_PUT, 1, (int64_t)change->kept->resource.version);
        change->status = db_run(db, VERSION_PUT, &change->err);
    }
    if (change->status == STATUS_OK)
        change->status = db_commit(db, &change->err);
    if (change->status != STATUS_OK)
        db_rollback(db);
    else if (db_wal_pages(db) >= CHECKPOINT_PAGES)
        (void)!db_checkpoint(db, false, NULL); /* the next one may have more luck */
}

static void report(struct store_job *job)
{
    struct resource_change *change = CONTAINER_OF(job, struct resource_change, job);
    struct resource_store *store = change->store;
    bool written = change->status == STATUS_OK;
    if (!change->delete)
        store->coming--;
    if (written && change->delete) {
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

static enum status submit(struct resource_store *store, struct kept_resource *kept, bool delete,
                          resource_store_done *on_done, void *context, struct err *err)
{
    struct resource_change *change = kept ? calloc(1, sizeof *change) : NULL;
    if (!change || (!delete &&!make_room(store))) {
        free(change);
        free(kept);
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    kept->resource.version = ++store->version;
    *change = (struct resource_change){.job = {.perform = perform, .report = report, .destroy = destroy},
                                       .store = store,
                                       .kept = kept,
                                       .delete = delete,
                                       .on_done = on_done,
                                       .context = context};
    list_init(&change->job.link);
    if (!delete)
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

static enum status load(struct resource_store *store, struct err *err)
{
    struct db *db = store->db;
    bool row = false;
    enum status status;
    while ((status = db_next(db, RESOURCE_ALL, &row, err)) == STATUS_OK && row) {
        struct kept_resource *kept =
            kept_create(db_column_bytes(db, RESOURCE_ALL, 1), db_column_bytes(db, RESOURCE_ALL, 2));
        if (!kept || !make_room(store)) {
            free(kept);
            db_done(db, RESOURCE_ALL);
            return err_set(err, STATUS_NO_MEMORY, "out of memory");
        }
        kept->resource.version = (uint64_t)db_column_i64(db, RESOURCE_ALL, 3);
        kept->resource.created_ns = db_column_i64(db, RESOURCE_ALL, 4);
        kept->resource.changed_ns = db_column_i64(db, RESOURCE_ALL, 5);
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
    db_bind_bytes(store->db, FACT_GET, 1, BYTES_LITERAL("version"));
    enum status status = db_next(store->db, FACT_GET, &row, err);
    if (status != STATUS_OK || !row)
        return status;
    store->version = MAX(store->version, (uint64_t)db_column_i64(store->db, FACT_GET, 0));
    db_done(store->db, FACT_GET);
    return STATUS_OK;
}

static void take_options(struct resource_store *store, const struct resource_store_options *options)
{
    struct resource_store_options *own = &store->options;
    *own = *options;
    own->count_max = options->count_max ? options->count_max : COUNT_MAX_DEFAULT;
    own->size_max = options->size_max ? options->size_max : SIZE_MAX_DEFAULT;
    own->total_max = options->total_max ? options->total_max : TOTAL_MAX_DEFAULT;
}

/* Each step once, in a transaction with the version that it leads to. */
static enum status upgrade(struct db *db, struct err *err)
{
    int64_t version = 0, application = 0;
    enum status status = db_pragma(db, "user_version", &version, err);
    if (status == STATUS_OK)
        status = db_pragma(db, "application_id", &application, err);
    if (status != STATUS_OK)
        return status;
    if (version > 0 && application != APPLICATION_ID)
        return err_set(err, STATUS_FAILED_PRECONDITION, "the file is another program's database");
    if (version > (int64_t)ARRAY_SIZE(steps))
        return err_set(
            err, STATUS_FAILED_PRECONDITION,
            "the file has version %lld and this program knows versions up to %zu; it was written by a "
            "newer sallyport",
            (long long)version, ARRAY_SIZE(steps));
    for (; status == STATUS_OK && version < (int64_t)ARRAY_SIZE(steps); version++) {
        status = db_begin(db, err);
        if (status == STATUS_OK)
            status = db_script(db, steps[version], err);
        if (status == STATUS_OK)
            status = db_pragma_set(db, "application_id", APPLICATION_ID, err);
        if (status == STATUS_OK)
            status = db_pragma_set(db, "user_version", version + 1, err);
        if (status == STATUS_OK)
            status = db_commit(db, err);
        if (status != STATUS_OK)
            db_rollback(db);
    }
    return status;
}

static enum status open_file(const struct resource_store_options *options, struct db **ret_db,
                             struct err *err)
{
    const struct db_options file = {.path = options->path,
                                    .cache_size_kib = 1024,
                                    .statements = statements,
                                    .statement_count = STATEMENTS};
    enum status status = db_open(&file, ret_db, err);
    return status == STATUS_OK ? upgrade(*ret_db, err) : status;
}

enum status resource_store_open(struct loop *loop, const struct resource_store_options *options,
                                struct resource_store **ret_store, struct err *err)
{
    struct resource_store *store = calloc(1, sizeof *store);
    if (!store)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    take_options(store, options);
    enum status status = open_file(&store->options, &store->db, err);
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

void resource_store_close(struct resource_store *store)
{
    if (!store)
        return;
    store_worker_stop(store->worker);
    if (store->db)
        (void)!db_checkpoint(store->db, true, NULL); /* the log is read at the next start */
    db_close(store->db);
    for (size_t i = 0; i < store->count; i++)
        free(store->at[i]);
    free(store->at);
    free(store);
}
