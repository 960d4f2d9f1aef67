/* SPDX-License-Identifier: MIT */
/* hub.c — task hubs by name: found or made on the writer's thread, so that two who make one at once get the same. */
#include <stdlib.h>

#include "base/text.h"
#include "store/limit_values.h"
#include "store/sqlite/sqlite_store_internal.h"

struct hub_job {
    struct store_job job;
    struct sqlite_store *store;
    bool create;
    uint8_t name[STORE_HUB_NAME_SIZE_MAX];
    uint8_t folded[STORE_HUB_NAME_SIZE_MAX]; /* lower case */
    size_t size;
    void (*on_done)(void *context, enum status status, const char *text, uint32_t hub);
    void *context;
    uint32_t hub;
    struct err error;
};

static enum status hub_find(struct hub_job *job, struct err *err)
{
    struct db *db = job->store->writer;
    bool row = false;
    sqlite_bind_bytes(db, TASK_HUB_GET, 1, bytes_of(job->folded, job->size));
    enum status status = sqlite_next(db, TASK_HUB_GET, &row, err);
    if (status != STATUS_OK)
        return status;
    if (!row)
        return err_set(err, STATUS_NOT_FOUND, "Task hub not found: %.*s", (int)job->size, (char *)job->name);
    job->hub = (uint32_t)sqlite_column_i64(db, TASK_HUB_GET, 0);
    sqlite_done(db, TASK_HUB_GET);
    return STATUS_OK;
}

static enum status hub_count(struct db *db, int64_t *ret_count, int64_t *ret_last, struct err *err)
{
    *ret_count = *ret_last = 0;
    for (;;) {
        bool row = false;
        enum status status = sqlite_next(db, TASK_HUB_ALL, &row, err);
        if (status != STATUS_OK || !row)
            return status;
        *ret_last = sqlite_column_i64(db, TASK_HUB_ALL, 0);
        ++*ret_count;
    }
}

static enum status apply_hub(struct sqlite_store *store, void *context, struct err *err)
{
    struct hub_job *job = context;
    int64_t count = 0, last = 0;
    enum status status = hub_count(store->writer, &count, &last, err);
    if (status != STATUS_OK)
        return status;
    if ((size_t)count >= store->hubs_max)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "there are already %lld task hubs", (long long)count);
    sqlite_bind_i64(store->writer, TASK_HUB_ADD, 1, last + 1);
    sqlite_bind_bytes(store->writer, TASK_HUB_ADD, 2, bytes_of(job->name, job->size));
    sqlite_bind_bytes(store->writer, TASK_HUB_ADD, 3, bytes_of(job->folded, job->size));
    job->hub = (uint32_t)(last + 1);
    return sqlite_run(store->writer, TASK_HUB_ADD, err);
}

static void hub_perform(struct store_job *base)
{
    struct hub_job *job = CONTAINER_OF(base, struct hub_job, job);
    if (job->error.status != STATUS_OK)
        return; /* its name is none */
    /* ORDER: looked for on the thread that makes them, so nobody makes it between the look and the making. */
    job->error.status = hub_find(job, &job->error);
    if (job->error.status != STATUS_NOT_FOUND || !job->create)
        return;
    job->error = sqlite_store_failure(job->store);
    if (job->error.status == STATUS_OK)
        job->error.status = sqlite_store_transaction(job->store, apply_hub, job, &job->error);
}

static void hub_report(struct store_job *base)
{
    struct hub_job *job = CONTAINER_OF(base, struct hub_job, job);
    bool good = job->error.status == STATUS_OK;
    job->on_done(job->context, job->error.status, good ? NULL : job->error.text, good ? job->hub : 0);
}

static void hub_destroy(struct store_job *base)
{
    free(CONTAINER_OF(base, struct hub_job, job));
}

static enum status take_name(struct hub_job *job, struct bytes name, struct err *err)
{
    if (name.size == 0 || name.size > STORE_HUB_NAME_SIZE_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "a task hub's name has 1 to %d characters",
                       STORE_HUB_NAME_SIZE_MAX);
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= 0x20 || name.data[i] >= 0x7f)
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "a task hub's name is printable ASCII without blanks");
        job->name[i] = name.data[i];
        job->folded[i] = ascii_lower(name.data[i]);
    }
    job->size = name.size;
    return STATUS_OK;
}

void sqlite_store_hub(struct task_store *base, struct bytes name, bool create,
                      void (*on_done)(void *context, enum status status, const char *text, uint32_t hub),
                      void *context)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct hub_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct hub_job){.job = {.perform = hub_perform, .report = hub_report, .destroy = hub_destroy},
                            .store = store,
                            .create = create,
                            .on_done = on_done,
                            .context = context};
    job->error.status = take_name(job, name, &job->error);
    store_worker_submit(store->write_worker, &job->job);
}
