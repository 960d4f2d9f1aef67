/* SPDX-License-Identifier: MIT */
/* entity_read.c — the state of one entity by its id, on the reader's thread; as read.c. */
#include <stdlib.h>

#include "store/limit_values.h"
#include "store/sqlite/entity_rows.h"
#include "store/sqlite/sqlite_store_internal.h"

struct entity_job {
    struct store_job job;
    struct db *db;
    struct task_store_entity_state found;
    struct arena arena;
    struct entity_row row;
    void (*on_done)(void *context, enum status status, const char *text,
                    const struct task_store_entity_state *found);
    void *context;
    struct err error;
};

static enum status read_state(struct entity_job *job, struct err *err)
{
    bool found = false;
    sqlite_bind_i64(job->db, TASK_ENTITY_GET, 1, job->found.hub);
    sqlite_bind_bytes(job->db, TASK_ENTITY_GET, 2, job->found.entity_id);
    enum status status = sqlite_next(job->db, TASK_ENTITY_GET, &found, err);
    if (status != STATUS_OK || !found)
        return status;
    task_row_entity(job->db, TASK_ENTITY_GET, &job->row);
    job->row.entity_id = job->found.entity_id;
    job->row.state = arena_copy(&job->arena, job->row.state);
    sqlite_done(job->db, TASK_ENTITY_GET);
    if (!job->row.state.data)
        return err_set(err, STATUS_NO_MEMORY, "reading an entity: out of memory");
    job->found.row = &job->row;
    return STATUS_OK;
}

static void entity_perform(struct store_job *base)
{
    struct entity_job *job = CONTAINER_OF(base, struct entity_job, job);
    job->error.status = read_state(job, &job->error);
}

static void entity_report(struct store_job *base)
{
    struct entity_job *job = CONTAINER_OF(base, struct entity_job, job);
    job->on_done(job->context, job->error.status, job->error.status == STATUS_OK ? NULL : job->error.text,
                 &job->found);
}

static void entity_destroy(struct store_job *base)
{
    struct entity_job *job = CONTAINER_OF(base, struct entity_job, job);
    arena_fini(&job->arena);
    free(job);
}

void sqlite_store_read_entity(struct task_store *base, uint64_t tag, uint32_t hub, struct bytes entity_id,
                              void (*on_done)(void *context, enum status status, const char *text,
                                              const struct task_store_entity_state *found),
                              void *context)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct entity_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct entity_job){
        .job = {.perform = entity_perform, .report = entity_report, .destroy = entity_destroy},
        .db = store->reader,
        .found = {.tag = tag, .hub = hub},
        .on_done = on_done,
        .context = context};
    arena_init(&job->arena, STORE_ENTITY_SIZE_MAX);
    job->found.entity_id = arena_copy(&job->arena, entity_id);
    ASSERT(job->found.entity_id.data);
    store_worker_submit(store->read_worker, &job->job);
}
