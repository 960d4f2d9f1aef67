/* SPDX-License-Identifier: MIT */
/* scheduler_purge.c — a purge is an object that the store's reader and the engine hand to and fro; the map of engine calls
 * has it while the engine does, the list of all while it lives. */
#include "svc/scheduler/scheduler_service_internal.h"

#include <stdlib.h>

#include "base/no_memory.h"
#include "os/clock.h"
#include "svc/scheduler/limit_values.h"
#include "wire/pb/orchestrator_service.pb.h"

struct scheduler_purge {
    struct list link; /* scheduler.purges_all */
    struct scheduler *scheduler;
    struct scheduler_purge_options options;
    uint64_t number; /* of the engine call in progress; 0: none */
    struct buf token;
    int64_t deleted;
};

static void destroy(struct scheduler_purge *purge)
{
    if (purge->number)
        (void)map_take(&purge->scheduler->purges, map_u64_key(&purge->number));
    list_remove(&purge->link);
    buf_fini(&purge->token);
    free(purge);
}

void scheduler_purge_fini(struct scheduler *scheduler)
{
    list_each_safe (it, &scheduler->purges_all)
        destroy(CONTAINER_OF(it, struct scheduler_purge, link));
}

static void finish(struct scheduler_purge *purge, enum status status, const char *text, bool complete)
{
    struct scheduler_purge_options options = purge->options;
    int64_t deleted = purge->deleted;
    destroy(purge);
    options.on_done(options.context, status, text, deleted, complete);
}

static bool stopped(const struct scheduler_purge *purge)
{
    return purge->options.stop && *purge->options.stop;
}

/* --- a batch for the engine --- */

static void encode_batch(const struct scheduler_purge *purge, const struct task_store_page *page,
                         struct buf *message)
{
    struct bytes ids[SCHEDULER_PURGE_BATCH_MAX];
    for (size_t i = 0; i < page->count; i++)
        ids[i] = page->rows[i].instance_id;
    struct pb_instance_batch batch = {.instance_ids = ids, .instance_ids_count = page->count};
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_BATCH,
                                                 .instance_batch = &batch,
                                                 .recursive = purge->options.recursive};
    pb_purge_instances_request_encode(&request, message);
}

static void on_page(void *context, enum status status, const char *text, const struct task_store_page *page)
{
    struct scheduler_purge *purge = context;
    struct scheduler *scheduler = purge->scheduler;
    if (status != STATUS_OK || page->count == 0) {
        finish(purge, status, text, true);
        return;
    }
    if (stopped(purge) || !partition_writable(scheduler->partition)) {
        finish(purge, scheduler_pump_refusal(scheduler, false), "writes are refused", false);
        return;
    }
    CLEANUP(buf_fini) struct buf message = {.limit = SIZE_MAX};
    encode_batch(purge, page, &message);
    buf_clear(&purge->token);
    if (!purge->options.erase) /* else what is left is asked for from the start */
        buf_append_bytes(&purge->token, page->next);

    /* Numbers of our own have the top bit set; gRPC calls count from 1. */
    purge->number = scheduler->purge_next++ | (uint64_t)1 << 63;
    if (buf_status(&message) != STATUS_OK || buf_status(&purge->token) != STATUS_OK ||
        map_put(&scheduler->purges, map_u64_key(&purge->number), purge) != STATUS_OK) {
        purge->number = 0;
        finish(purge, STATUS_NO_MEMORY, ERR_NO_MEMORY, false);
        return;
    }
    enum engine_method method = purge->options.erase ? ENGINE_ERASE : ENGINE_PURGE;
    status = partition_call(scheduler->partition, method, purge->options.query.hub, purge->number,
                            buf_peek(&message)); /* answered already, perhaps, and `purge` gone */
    ASSERT(status == STATUS_OK);                 /* writable, so there is an engine */
}

/* --- the next page --- */

static void next(struct scheduler_purge *purge)
{
    purge->options.query.after = buf_peek(&purge->token);
    task_store_query(purge->scheduler->store, &purge->options.query, on_page, purge);
}

void scheduler_purge_answered(struct scheduler_purge *purge, enum status status, const char *text,
                              struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_purge_instances_response response;
    arena_init(&arena, SCHEDULER_PURGE_MEMORY_MAX);
    (void)map_take(&purge->scheduler->purges, map_u64_key(&purge->number));
    purge->number = 0;
    if (status == STATUS_OK)
        status = pb_purge_instances_response_decode(&arena, message, &response);
    if (status != STATUS_OK) {
        finish(purge, status, text, false);
        return;
    }
    purge->deleted += response.deleted_instance_count;
    if (stopped(purge))
        finish(purge, STATUS_CANCELLED, NULL, false);
    else if (purge->options.erase && response.deleted_instance_count == 0) /* it would ask for ever */
        finish(purge, STATUS_INTERNAL, "instances of the hub cannot be deleted", false);
    else if (!purge->options.erase && purge->token.size == 0)
        finish(purge, STATUS_OK, NULL, true);
    else if (clock_monotonic_ns() >= purge->options.deadline_ns)
        finish(purge, STATUS_OK, NULL, false);
    else
        next(purge);
}

enum status scheduler_purge_begin(struct scheduler *scheduler, const struct scheduler_purge_options *options)
{
    struct scheduler_purge *purge = calloc(1, sizeof *purge);
    if (!purge)
        return STATUS_NO_MEMORY;
    purge->scheduler = scheduler;
    purge->options = *options;
    purge->options.query.rows_max = SCHEDULER_PURGE_BATCH_MAX;
    purge->options.query.bare = true;
    list_push_back(&scheduler->purges_all, &purge->link);
    next(purge);
    return STATUS_OK;
}
