/* SPDX-License-Identifier: MIT */
/* id_rows.c — INVARIANT of every committed state: each instance has its row in `instance_key`, unless its key is
 * above TASK_META_SETTLED; no row there is without its instance. */
#include "store/sqlite/id_rows.h"

#include "store/sqlite/meta.h"
#include "store/sqlite/schema.h"

enum status task_ids_load(struct db *db, size_t count_max, struct id_index *ret_ids, struct err *err)
{
    int64_t settled = 0;
    enum status status = task_meta_get(db, TASK_META_SETTLED, &settled, err);
    if (status != STATUS_OK)
        return status;
    struct id_index ids = {0};
    if (fresh_ids_create(count_max, settled, &ids.fresh) != STATUS_OK ||
        id_filter_create(&ids.filter) != STATUS_OK) {
        task_ids_fini(&ids);
        return err_set(err, STATUS_NO_MEMORY, "the ids of the newest instances: out of memory");
    }

    sqlite_bind_i64(db, TASK_INSTANCE_FRESH, 1, settled);
    for (;;) {
        bool row = false;
        status = sqlite_next(db, TASK_INSTANCE_FRESH, &row, err);
        if (status != STATUS_OK || !row)
            break;
        (void)fresh_ids_add(ids.fresh, (uint32_t)sqlite_column_i64(db, TASK_INSTANCE_FRESH, 0),
                            sqlite_column_bytes(db, TASK_INSTANCE_FRESH, 1),
                            sqlite_column_i64(db, TASK_INSTANCE_FRESH, 2));
    }
    if (status != STATUS_OK) {
        task_ids_fini(&ids);
        return status;
    }
    fresh_ids_commit(ids.fresh);
    *ret_ids = ids;
    return STATUS_OK;
}

void task_ids_fini(struct id_index *ids)
{
    fresh_ids_destroy(ids->fresh);
    id_filter_destroy(ids->filter);
}

static enum status put_key(struct db *db, const struct id_index *ids, uint32_t hub, struct bytes instance_id,
                           int64_t key, struct err *err)
{
    id_filter_add(ids->filter, hub, instance_id);
    sqlite_bind_i64(db, TASK_KEY_PUT, 1, hub);
    sqlite_bind_bytes(db, TASK_KEY_PUT, 2, instance_id);
    sqlite_bind_i64(db, TASK_KEY_PUT, 3, key);
    return sqlite_run(db, TASK_KEY_PUT, err);
}

enum status task_ids_merge(struct db *db, const struct id_index *ids, struct err *err)
{
    struct fresh_portion portion = fresh_ids_portion(ids->fresh);
    for (size_t i = 0; i < portion.count; i++) {
        const struct fresh_id *id = portion.ids[i];
        enum status status = id->key ? put_key(db, ids, id->hub, id->instance_id, id->key, err) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
    }
    if (portion.settled)
        return task_meta_put(db, TASK_META_SETTLED, portion.settled, err);
    return STATUS_OK;
}

/* Whether an instance has that key; its hub and id are then those of the statement, which is to be ended. */
static enum status name_of(struct db *db, int64_t key, bool *ret_found, struct err *err)
{
    sqlite_bind_i64(db, TASK_INSTANCE_NAME, 1, key);
    return sqlite_next(db, TASK_INSTANCE_NAME, ret_found, err);
}

/* In the transaction, where what was purged in it is gone. */
static enum status is_taken(struct db *db, const struct id_index *ids, uint32_t hub, struct bytes instance_id,
                            bool *ret_taken, struct err *err)
{
    bool found = false;
    int64_t key = fresh_ids_find(ids->fresh, hub, instance_id);
    enum status status = key ? name_of(db, key, &found, err) : STATUS_OK;
    if (status == STATUS_OK && found)
        sqlite_done(db, TASK_INSTANCE_NAME);
    *ret_taken = found;
    if (status != STATUS_OK || found || id_filter_excludes(ids->filter, hub, instance_id))
        return status;

    sqlite_bind_i64(db, TASK_KEY_GET, 1, hub);
    sqlite_bind_bytes(db, TASK_KEY_GET, 2, instance_id);
    status = sqlite_next(db, TASK_KEY_GET, ret_taken, err);
    if (status == STATUS_OK && *ret_taken)
        sqlite_done(db, TASK_KEY_GET);
    return status;
}

enum status task_id_add(struct db *db, const struct id_index *ids, const struct instance_row *row,
                        struct err *err)
{
    bool taken = false;
    enum status status = is_taken(db, ids, row->hub, row->instance_id, &taken, err);
    if (status != STATUS_OK)
        return status;
    if (taken)
        return err_set(err, STATUS_INTERNAL, "there is an instance of that id");
    if (fresh_ids_add(ids->fresh, row->hub, row->instance_id, row->key))
        return STATUS_OK;
    return put_key(db, ids, row->hub, row->instance_id, row->key, err);
}

enum status task_id_remove(struct db *db, const struct id_index *ids, int64_t key, struct err *err)
{
    bool found = false;
    enum status status = name_of(db, key, &found, err);
    if (status != STATUS_OK || !found)
        return status;

    uint32_t hub = (uint32_t)sqlite_column_i64(db, TASK_INSTANCE_NAME, 0);
    struct bytes instance_id = sqlite_column_bytes(db, TASK_INSTANCE_NAME, 1);
    fresh_ids_remove(ids->fresh, hub, instance_id, key);
    sqlite_bind_i64(db, TASK_KEY_DELETE, 1, hub);
    sqlite_bind_bytes(db, TASK_KEY_DELETE, 2, instance_id);
    sqlite_bind_i64(db, TASK_KEY_DELETE, 3, key);
    status = sqlite_run(db, TASK_KEY_DELETE, err);
    sqlite_done(db, TASK_INSTANCE_NAME);
    return status;
}
