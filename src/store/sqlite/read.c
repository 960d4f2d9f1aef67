/* SPDX-License-Identifier: MIT */
/* read.c — one instance by id, one history by key: what an engine fetches, on the reader's thread. Loads share its thread
 * (load.c); pages of many have another (query.c). */
#include <stdlib.h>

#include "base/buf.h"
#include "store/limit_values.h"
#include "store/sqlite/sqlite_store_internal.h"

/* --- an instance --- */

struct instance_job {
    struct store_job job;
    struct db *db;
    const struct id_index *ids;
    struct task_store_instance found;
    struct arena arena;
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    void (*on_done)(void *context, enum status status, const char *text,
                    const struct task_store_instance *found);
    void *context;
    struct err error;
};

/* Finds the row by its key where that is in memory, else by the table; the statement stays on it. */
static enum status instance_find(struct instance_job *job, int64_t key, bool *ret_found, struct err *err)
{
    *ret_found = false;
    /* The filter may only say no: what it does not know it lets through to the table. */
    if (!key && id_filter_excludes(job->ids->filter, job->found.hub, job->found.instance_id))
        return STATUS_OK;
    sqlite_bind_i64(job->db, TASK_INSTANCE_GET, 1, job->found.hub);
    sqlite_bind_bytes(job->db, TASK_INSTANCE_GET, 2, job->found.instance_id);
    if (key)
        sqlite_bind_i64(job->db, TASK_INSTANCE_GET, 3, key);
    else
        sqlite_bind_null(job->db, TASK_INSTANCE_GET, 3);
    return sqlite_next(job->db, TASK_INSTANCE_GET, ret_found, err);
}

/* While we look, an id may go from memory to the table, or from an instance to its namesake. Either way memory says something
 * else afterwards, or what we found nothing in was the truth. */
static enum status instance_find_anywhere(struct instance_job *job, bool *ret_found, struct err *err)
{
    int64_t key = fresh_ids_find(job->ids->fresh, job->found.hub, job->found.instance_id);
    for (;;) {
        enum status status = instance_find(job, key, ret_found, err);
        if (status != STATUS_OK || *ret_found)
            return status;
        int64_t before = key;
        key = fresh_ids_find(job->ids->fresh, job->found.hub, job->found.instance_id);
        if (key == before)
            return status;
    }
}

static enum status instance_read(struct instance_job *job, struct err *err)
{
    bool found = false;
    enum status status = instance_find_anywhere(job, &found, err);
    if (status != STATUS_OK || !found)
        return status;
    task_row_instance(job->db, TASK_INSTANCE_GET, &job->row);
    status = task_row_copy(&job->arena, &job->row, &job->row);
    /* ORDER: copied, then the statement is given back; its bytes end with it. A statement that stays open would
     * hold up the checkpoint. */
    sqlite_done(job->db, TASK_INSTANCE_GET);
    if (status != STATUS_OK)
        return err_set(err, status, "reading an instance: out of memory");
    status =
        task_row_payloads(job->db, job->row.key, 0, PAYLOAD_KIND_COUNT - 1, &job->arena, job->payloads, err);
    if (status == STATUS_OK) {
        job->found.row = &job->row;
        job->found.payloads = job->payloads;
    }
    return status;
}

static void instance_perform(struct store_job *base)
{
    struct instance_job *job = CONTAINER_OF(base, struct instance_job, job);
    job->error.status = instance_read(job, &job->error);
}

static void instance_report(struct store_job *base)
{
    struct instance_job *job = CONTAINER_OF(base, struct instance_job, job);
    job->on_done(job->context, job->error.status, job->error.status == STATUS_OK ? NULL : job->error.text,
                 &job->found);
}

static void instance_destroy(struct store_job *base)
{
    struct instance_job *job = CONTAINER_OF(base, struct instance_job, job);
    arena_fini(&job->arena);
    free(job);
}

void sqlite_store_read_instance(struct task_store *base, uint64_t tag, uint32_t hub, struct bytes instance_id,
                                void (*on_done)(void *context, enum status status, const char *text,
                                                const struct task_store_instance *found),
                                void *context)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct instance_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct instance_job){
        .job = {.perform = instance_perform, .report = instance_report, .destroy = instance_destroy},
        .db = store->reader,
        .ids = &store->ids,
        .found = {.tag = tag, .hub = hub},
        .on_done = on_done,
        .context = context};
    arena_init(&job->arena, STORE_INSTANCE_SIZE_MAX);
    job->found.instance_id = arena_copy(&job->arena, instance_id);
    ASSERT(job->found.instance_id.data || instance_id.size == 0);
    store_worker_submit(store->read_worker, &job->job);
}

/* --- a history --- */

struct history_job {
    struct store_job job;
    struct db *db;
    struct task_store_history history;
    struct buf events;
    void (*on_done)(void *context, enum status status, const char *text,
                    const struct task_store_history *history);
    void *context;
    struct err error;
};

static enum status history_read(struct history_job *job, struct err *err)
{
    bool more = false;
    enum status status = STATUS_OK;
    sqlite_bind_i64(job->db, TASK_HISTORY_GET, 1, job->history.key);
    while ((status = sqlite_next(job->db, TASK_HISTORY_GET, &more, err)) == STATUS_OK && more)
        buf_append_bytes(&job->events, sqlite_column_bytes(job->db, TASK_HISTORY_GET, 0));
    if (status == STATUS_OK && buf_status(&job->events) != STATUS_OK)
        return err_set(err, buf_status(&job->events), "a history is over the limit of its buffer");
    return status;
}

static void history_perform(struct store_job *base)
{
    struct history_job *job = CONTAINER_OF(base, struct history_job, job);
    job->error.status = history_read(job, &job->error);
    if (job->error.status == STATUS_OK)
        job->history.events = buf_peek(&job->events);
}

static void history_report(struct store_job *base)
{
    struct history_job *job = CONTAINER_OF(base, struct history_job, job);
    job->on_done(job->context, job->error.status, job->error.status == STATUS_OK ? NULL : job->error.text,
                 &job->history);
}

static void history_destroy(struct store_job *base)
{
    struct history_job *job = CONTAINER_OF(base, struct history_job, job);
    buf_fini(&job->events);
    free(job);
}

void sqlite_store_read_history(struct task_store *base, uint64_t tag, int64_t key,
                               void (*on_done)(void *context, enum status status, const char *text,
                                               const struct task_store_history *history),
                               void *context)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct history_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct history_job){
        .job = {.perform = history_perform, .report = history_report, .destroy = history_destroy},
        .db = store->reader,
        .history = {.tag = tag, .key = key},
        .events = {.limit = STORE_HISTORY_SIZE_MAX},
        .on_done = on_done,
        .context = context};
    store_worker_submit(store->read_worker, &job->job);
}
