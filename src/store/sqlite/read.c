/* SPDX-License-Identifier: MIT */
/* read.c — what is read on the loop's thread: everything when a scheduler starts, later one instance or one
 * history at a time, by key. Pages of many are the reader's (query.c). */
#include "store/sqlite/sqlite_internal.h"

#define LOAD_ARENA_MAX ((size_t)512 << 20) /* bytes of one instance's payloads */

static enum status load_hubs(struct task_store *store, const struct task_store_loader *loader,
                             struct err *err)
{
    bool row = false;
    enum status status = STATUS_OK;
    while ((status = db_next(store->point, TASK_HUB_ALL, &row, err)) == STATUS_OK && row) {
        status = loader->on_hub(loader->context, (uint32_t)db_column_i64(store->point, TASK_HUB_ALL, 0),
                                db_column_bytes(store->point, TASK_HUB_ALL, 1));
        if (status != STATUS_OK) {
            db_done(store->point, TASK_HUB_ALL);
            return err_set(err, status, "loading a hub");
        }
    }
    return status;
}

static enum status load_instances(struct task_store *store, enum task_statement statement,
                                  const struct task_store_loader *loader, struct err *err)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, LOAD_ARENA_MAX);
    for (;;) {
        bool more = false;
        enum status status = db_next(store->point, statement, &more, err);
        if (status != STATUS_OK || !more)
            return status;
        struct instance_row row;
        struct payload payloads[PAYLOAD_KIND_COUNT];
        task_row_instance(store->point, statement, &row);
        arena_reset(&arena);
        status = task_row_payloads_small(store->point, row.key, &arena, payloads, err);
        if (status == STATUS_OK) {
            status = loader->on_instance(loader->context, &row, payloads);
            if (status != STATUS_OK)
                (void)err_set(err, status, "loading an instance");
        }
        if (status != STATUS_OK) {
            db_done(store->point, statement);
            return status;
        }
    }
}

static enum status load_inbox(struct task_store *store, const struct task_store_loader *loader,
                              struct err *err)
{
    bool more = false;
    enum status status = STATUS_OK;
    struct db *d = store->point;
    while ((status = db_next(d, TASK_INBOX_ALL, &more, err)) == STATUS_OK && more) {
        struct inbox_row row = {.key = db_column_i64(d, TASK_INBOX_ALL, 0),
                                .sequence = db_column_i64(d, TASK_INBOX_ALL, 1),
                                .visible_ns = db_column_i64(d, TASK_INBOX_ALL, 2),
                                .event = db_column_bytes(d, TASK_INBOX_ALL, 3),
                                .execution_id = db_column_bytes(d, TASK_INBOX_ALL, 4)};
        status = loader->on_inbox(loader->context, &row);
        if (status != STATUS_OK) {
            db_done(d, TASK_INBOX_ALL);
            return err_set(err, status, "loading an inbox event");
        }
    }
    return status;
}

static enum status load_activities(struct task_store *store, const struct task_store_loader *loader,
                                   struct err *err)
{
    bool more = false;
    enum status status = STATUS_OK;
    struct db *d = store->point;
    while ((status = db_next(d, TASK_ACTIVITY_ALL, &more, err)) == STATUS_OK && more) {
        struct activity_row row = {.key = db_column_i64(d, TASK_ACTIVITY_ALL, 0),
                                   .ordinal = db_column_i64(d, TASK_ACTIVITY_ALL, 1),
                                   .request = db_column_bytes(d, TASK_ACTIVITY_ALL, 2)};
        status = loader->on_activity(loader->context, &row);
        if (status != STATUS_OK) {
            db_done(d, TASK_ACTIVITY_ALL);
            return err_set(err, status, "loading an activity");
        }
    }
    return status;
}

STATUS_RESULT task_store_load(struct task_store *store, const struct task_store_loader *loader,
                              int64_t *ret_key_next, struct err *err)
{
    ASSERT(!task_store_busy(store));
    int64_t key_next = 0;
    enum status status = load_hubs(store, loader, err);
    if (status == STATUS_OK)
        status = load_instances(store, TASK_INSTANCE_LIVE, loader, err);
    if (status == STATUS_OK)
        status = load_instances(store, TASK_INSTANCE_PARTING, loader, err);
    if (status == STATUS_OK)
        status = load_inbox(store, loader, err);
    if (status == STATUS_OK)
        status = load_activities(store, loader, err);
    if (status == STATUS_OK)
        status = task_meta_get(store->point, TASK_META_KEY_NEXT, &key_next, err);
    if (status == STATUS_OK)
        *ret_key_next = MAX(key_next, 1);
    return status;
}

STATUS_RESULT task_store_read_instance(struct task_store *store, uint32_t hub, struct bytes instance_id,
                                       struct arena *arena, struct instance_row *ret_row,
                                       struct payload *ret_payloads, struct err *err)
{
    bool found = false;
    struct instance_row row;
    db_bind_i64(store->point, TASK_INSTANCE_GET, 1, hub);
    db_bind_bytes(store->point, TASK_INSTANCE_GET, 2, instance_id);
    enum status status = db_next(store->point, TASK_INSTANCE_GET, &found, err);
    if (status != STATUS_OK)
        return status;
    if (!found)
        return err_set(err, STATUS_NOT_FOUND, "no such instance");
    task_row_instance(store->point, TASK_INSTANCE_GET, &row);
    status = task_row_copy(arena, &row, &row);
    db_done(store->point, TASK_INSTANCE_GET);
    if (status != STATUS_OK)
        return err_set(err, status, "reading an instance: out of memory");
    status = task_row_payloads(store->point, row.key, 0, PAYLOAD_KIND_COUNT - 1, arena, ret_payloads, err);
    if (status == STATUS_OK)
        *ret_row = row;
    return status;
}

STATUS_RESULT task_store_read_history(struct task_store *store, int64_t key, struct buf *out, struct err *err)
{
    bool more = false;
    enum status status = STATUS_OK;
    db_bind_i64(store->point, TASK_HISTORY_GET, 1, key);
    while ((status = db_next(store->point, TASK_HISTORY_GET, &more, err)) == STATUS_OK && more)
        buf_append_bytes(out, db_column_bytes(store->point, TASK_HISTORY_GET, 0));
    if (status == STATUS_OK && buf_status(out) != STATUS_OK)
        return err_set(err, buf_status(out), "a history is over the limit of its buffer");
    return status;
}
