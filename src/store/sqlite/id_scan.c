/* SPDX-License-Identifier: MIT */
/* id_scan.c — walks the table of ids, to make a filter of them (id_filter.h): on the query's thread, some at a time, so that a
 * query waits for one portion at most. A report submits the next. */
#include <stdlib.h>

#include "base/log.h"
#include "store/sqlite/sqlite_store_internal.h"

#define PORTION 4096 /* rows: some milliseconds */

struct scan_job {
    struct store_job job;
    struct sqlite_store *store;
    uint32_t hub; /* the last id of the portion before */
    struct bytes instance_id;
    struct arena arena; /* of that id */
    size_t count;
    struct err error;
};

static enum status scan(struct scan_job *job, struct err *err)
{
    struct db *db = job->store->querier;
    sqlite_bind_i64(db, TASK_KEY_WALK, 1, job->hub);
    sqlite_bind_bytes(db, TASK_KEY_WALK, 2, job->instance_id);
    sqlite_bind_i64(db, TASK_KEY_WALK, 3, PORTION);
    for (job->count = 0;; job->count++) {
        bool row = false;
        enum status status = sqlite_next(db, TASK_KEY_WALK, &row, err);
        if (status != STATUS_OK || !row)
            return status;

        uint32_t hub = (uint32_t)sqlite_column_i64(db, TASK_KEY_WALK, 0);
        struct bytes instance_id = sqlite_column_bytes(db, TASK_KEY_WALK, 1);
        id_filter_fill(job->store->ids.filter, hub, instance_id);
        if (job->count + 1 < PORTION)
            continue;
        job->hub = hub;
        /* the one before is bound until the last row */
        job->instance_id = arena_copy(&job->arena, instance_id);
        if (!job->instance_id.data) {
            sqlite_done(db, TASK_KEY_WALK);
            return err_set(err, STATUS_NO_MEMORY, "walking the ids: out of memory");
        }
    }
}

static void scan_perform(struct store_job *base)
{
    struct scan_job *job = CONTAINER_OF(base, struct scan_job, job);
    job->error.status = scan(job, &job->error);
}

static void scan_submit(struct sqlite_store *store, uint32_t hub, struct bytes instance_id);

static void scan_report(struct store_job *base)
{
    struct scan_job *job = CONTAINER_OF(base, struct scan_job, job);
    bool good = job->error.status == STATUS_OK;
    if (good && job->count == PORTION) {
        scan_submit(job->store, job->hub, job->instance_id);
        return;
    }
    if (!good)
        log_debug("store", "no filter of ids cause=\"%s\"", job->error.text);
    id_filter_finish(job->store->ids.filter, good);
}

static void scan_destroy(struct store_job *base)
{
    struct scan_job *job = CONTAINER_OF(base, struct scan_job, job);
    arena_fini(&job->arena);
    free(job);
}

static void scan_submit(struct sqlite_store *store, uint32_t hub, struct bytes instance_id)
{
    struct scan_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct scan_job){.job = {.perform = scan_perform, .report = scan_report, .destroy = scan_destroy},
                             .store = store,
                             .hub = hub};
    arena_init(&job->arena, 0);
    job->instance_id = arena_copy(&job->arena, instance_id);
    ASSERT(job->instance_id.data);
    store_worker_submit(store->query_worker, &job->job);
}

void sqlite_store_scan_ids(struct sqlite_store *store)
{
    if (id_filter_is_due(store->ids.filter) && id_filter_begin(store->ids.filter))
        scan_submit(store, 0, (struct bytes){0});
}
