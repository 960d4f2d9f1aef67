/* SPDX-License-Identifier: MIT */
/* hub.c — task hubs by name. Rarely made, so on the caller's thread and durable at once. */
#include "base/text.h"
#include "store/sqlite/sqlite_internal.h"

#define HUB_NAME_MAX 100 /* bytes */

static enum status hub_find(struct db *d, struct bytes folded, uint32_t *ret_hub, struct err *err)
{
    bool row = false;
    db_bind_bytes(d, TASK_HUB_GET, 1, folded);
    enum status status = db_next(d, TASK_HUB_GET, &row, err);
    if (status != STATUS_OK)
        return status;
    if (!row)
        return err_set(err, STATUS_NOT_FOUND, "Task hub not found: %.*s", BYTES_FMT(folded));
    *ret_hub = (uint32_t)db_column_i64(d, TASK_HUB_GET, 0);
    db_done(d, TASK_HUB_GET);
    return STATUS_OK;
}

static enum status hub_count(struct db *d, int64_t *ret_count, int64_t *ret_last, struct err *err)
{
    *ret_count = *ret_last = 0;
    for (;;) {
        bool row = false;
        enum status status = db_next(d, TASK_HUB_ALL, &row, err);
        if (status != STATUS_OK || !row)
            return status;
        *ret_last = db_column_i64(d, TASK_HUB_ALL, 0);
        ++*ret_count;
    }
}

static enum status hub_create(struct task_store *store, struct bytes name, struct bytes folded,
                              uint32_t *ret_hub, struct err *err)
{
    int64_t count = 0, last = 0;
    pthread_mutex_lock(&store->queue_mutex);
    struct err failure = store->failure;
    pthread_mutex_unlock(&store->queue_mutex);
    if (failure.status != STATUS_OK)
        return err_set(err, failure.status, "%s", failure.text);
    pthread_mutex_lock(&store->db_mutex);
    enum status status = store_lock_check(&store->lock, store->shown, err);
    if (status == STATUS_OK)
        status = db_begin(store->writer, err);
    if (status == STATUS_OK)
        status = hub_count(store->writer, &count, &last, err);
    if (status == STATUS_OK && (size_t)count >= store->hubs_max)
        status =
            err_set(err, STATUS_RESOURCE_EXHAUSTED, "there are already %lld task hubs", (long long)count);
    if (status == STATUS_OK) {
        db_bind_i64(store->writer, TASK_HUB_ADD, 1, last + 1);
        db_bind_bytes(store->writer, TASK_HUB_ADD, 2, name);
        db_bind_bytes(store->writer, TASK_HUB_ADD, 3, folded);
        status = db_run(store->writer, TASK_HUB_ADD, err);
    }
    if (status == STATUS_OK)
        status = db_commit(store->writer, err);
    if (status == STATUS_OK)
        *ret_hub = (uint32_t)(last + 1);
    else
        db_rollback(store->writer);
    pthread_mutex_unlock(&store->db_mutex);
    return status;
}

STATUS_RESULT task_store_hub(struct task_store *store, struct bytes name, bool create, uint32_t *ret_hub,
                             struct err *err)
{
    uint8_t folded[HUB_NAME_MAX];
    if (name.size == 0 || name.size > sizeof folded)
        return err_set(err, STATUS_INVALID_ARGUMENT, "a task hub's name has 1 to %d characters",
                       HUB_NAME_MAX);
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= 0x20 || name.data[i] >= 0x7f)
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "a task hub's name is printable ASCII without blanks");
        folded[i] = ascii_lower(name.data[i]);
    }
    enum status status = hub_find(store->point, bytes_of(folded, name.size), ret_hub, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    if (!create)
        return err_set(err, STATUS_NOT_FOUND, "Task hub not found: %.*s", BYTES_FMT(name));
    return hub_create(store, name, bytes_of(folded, name.size), ret_hub, err);
}
