/* SPDX-License-Identifier: MIT */
/* scheduler_query.c — what is asked of many instances: QueryInstances, ListInstanceIds, PurgeInstances by
 * filter (spec 3.13, 3.22).
 *
 * Queries read a snapshot of the store taken after they arrived. Every answered call is on disk by then, so a
 * caller sees what it was told, without a wait. */
#include "core/task/orchestration_state.h"
#include "os/clock.h"
#include "svc/scheduler/limit_values.h"
#include "svc/scheduler/scheduler_service_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

#define STATUS_NEVER 31 /* a bit of the mask that no instance has */
#define STATUSES_TERMINAL                                                                                    \
    (1u << PB_ORCHESTRATION_STATUS_COMPLETED | 1u << PB_ORCHESTRATION_STATUS_FAILED |                        \
     1u << PB_ORCHESTRATION_STATUS_CANCELED | 1u << PB_ORCHESTRATION_STATUS_TERMINATED)

/* --- filters --- */

/* 0: any. Numbers that no instance can have match nothing, rather than everything. */
static uint32_t status_mask(const int32_t *statuses, size_t count)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < count; i++)
        mask |= 1u << (statuses[i] >= 0 && statuses[i] < STATUS_NEVER ? (unsigned)statuses[i] : STATUS_NEVER);
    return mask;
}

static int64_t time_from(struct pb_opt_time time)
{
    return MAX(pb_time_to_ns(time), 0);
}

/* An end before 1970 is still an end. */
static int64_t time_to(struct pb_opt_time time)
{
    return time.present ? MAX(pb_time_to_ns(time), 1) : 0;
}

static struct bytes optional(struct pb_opt_bytes bytes)
{
    return bytes.present ? bytes.value : (struct bytes){0};
}

static size_t page_rows(int32_t wanted)
{
    return wanted > 0 ? (size_t)wanted : 0;
}

/* --- answers --- */

static void answer(struct scheduler_call *call, struct buf *message)
{
    if (buf_status(message) == STATUS_OK)
        scheduler_call_reply(call, buf_peek(message));
    else
        scheduler_call_finish(call, buf_status(message), "the answer is too large");
}

/* Answers with what `encode` makes of the page; it is false if memory is out. */
static void answer_page(struct scheduler_call *call, enum status status, const char *text,
                        const struct task_store_page *page,
                        bool (*encode)(const struct task_store_page *page, struct arena *scratch,
                                       struct buf *message))
{
    CLEANUP(buf_fini) struct buf message = {.limit = SCHEDULER_ANSWER_SIZE_MAX};
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    if (status != STATUS_OK)
        scheduler_call_finish(call, status, text);
    else if (!encode(page, &arena, &message))
        scheduler_call_no_memory(call);
    else if (buf_status(&message) == STATUS_TOO_LARGE) /* a page is cut long before, but never to nothing */
        scheduler_call_finish(call, STATUS_RESOURCE_EXHAUSTED,
                              "one instance of the page is over the message limit: ask without inputs and "
                              "outputs");
    else
        answer(call, &message);
}

/* --- QueryInstances --- */

static bool encode_instances(const struct task_store_page *page, struct arena *arena, struct buf *message)
{
    struct pb_query_instances_response response = {.orchestration_state_count = page->count,
                                                   .continuation_token = {page->next.size > 0, page->next}};
    struct pb_task_failure_details *failures = arena_alloc_array(arena, page->count, sizeof *failures);
    response.orchestration_state =
        arena_alloc_array(arena, page->count, sizeof *response.orchestration_state);
    if (!failures || !response.orchestration_state)
        return false;
    for (size_t i = 0; i < page->count; i++)
        orchestration_state_of(&page->rows[i], page->payloads[i], &failures[i],
                               &response.orchestration_state[i]);
    pb_query_instances_response_encode(&response, message);
    return true;
}

static void on_instances(void *context, enum status status, const char *text,
                         const struct task_store_page *page)
{
    answer_page(context, status, text, page, encode_instances);
}

void scheduler_query_instances(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_query_instances_request request;
    arena_init(&arena, SCHEDULER_QUERY_MEMORY_MAX);
    if (pb_query_instances_request_decode(&arena, message, &request) != STATUS_OK) {
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT, "the request is not a QueryInstancesRequest");
        return;
    }
    static const struct pb_instance_query everything;
    const struct pb_instance_query *q = request.query ? request.query : &everything;
    struct task_store_query query = {.hub = call->hub,
                                     .status_mask = status_mask(q->runtime_status, q->runtime_status_count),
                                     .created_from_ns = time_from(q->created_time_from),
                                     .created_to_ns = time_to(q->created_time_to),
                                     .id_prefix = optional(q->instance_id_prefix),
                                     .payloads = q->fetch_inputs_and_outputs,
                                     .rows_max = page_rows(q->max_instance_count),
                                     .after = optional(q->continuation_token)};
    task_store_query(scheduler->store, &query, on_instances, call);
}

/* --- ListInstanceIds --- */

static bool encode_ids(const struct task_store_page *page, struct arena *arena, struct buf *message)
{
    struct pb_list_instance_ids_response response = {.instance_ids_count = page->count,
                                                     .last_instance_key = {page->next.size > 0, page->next}};
    response.instance_ids = arena_alloc_array(arena, page->count, sizeof *response.instance_ids);
    if (!response.instance_ids)
        return false;
    for (size_t i = 0; i < page->count; i++)
        response.instance_ids[i] = page->rows[i].instance_id;
    pb_list_instance_ids_response_encode(&response, message);
    return true;
}

static void on_ids(void *context, enum status status, const char *text, const struct task_store_page *page)
{
    answer_page(context, status, text, page, encode_ids);
}

void scheduler_query_ids(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_list_instance_ids_request request;
    arena_init(&arena, SCHEDULER_QUERY_MEMORY_MAX);
    if (pb_list_instance_ids_request_decode(&arena, message, &request) != STATUS_OK) {
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT, "the request is not a ListInstanceIdsRequest");
        return;
    }
    struct task_store_query query = {.hub = call->hub,
                                     .status_mask =
                                         status_mask(request.runtime_status, request.runtime_status_count),
                                     .completed_from_ns = time_from(request.completed_time_from),
                                     .completed_to_ns = time_to(request.completed_time_to),
                                     .by_completion = true,
                                     .rows_max = page_rows(request.page_size),
                                     .after = optional(request.last_instance_key)};
    task_store_query(scheduler->store, &query, on_ids, call);
}

/* --- purge by filter --- */

static void on_purged(void *context, enum status status, const char *text, int64_t deleted, bool complete)
{
    struct scheduler_call *call = context;
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_purge_instances_response response = {.deleted_instance_count = (int32_t)MIN(deleted, INT32_MAX),
                                                   .is_complete = {true, complete}};
    if (status != STATUS_OK) {
        scheduler_call_finish(call, status, text);
        return;
    }
    pb_purge_instances_response_encode(&response, &message);
    answer(call, &message);
}

static int64_t purge_deadline(struct pb_opt_time timeout)
{
    if (!timeout.present)
        return INT64_MAX;
    int64_t now = clock_monotonic_ns(), ns = pb_time_to_ns(timeout), deadline = 0;
    return __builtin_add_overflow(now, MAX(ns, 0), &deadline) ? INT64_MAX : deadline;
}

/* Only terminal instances can be purged, so other statuses in the list match nothing. */
static uint32_t purge_mask(const struct pb_purge_instance_filter *filter)
{
    uint32_t mask = status_mask(filter->runtime_status, filter->runtime_status_count);
    if (mask == 0)
        return STATUSES_TERMINAL;
    return mask & STATUSES_TERMINAL ? mask & STATUSES_TERMINAL : 1u << STATUS_NEVER;
}

void scheduler_purge(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_purge_instances_request request;
    arena_init(&arena, SCHEDULER_QUERY_MEMORY_MAX);
    if (pb_purge_instances_request_decode(&arena, message, &request) != STATUS_OK) {
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT, "the request is not a PurgeInstancesRequest");
        return;
    }
    if (request.request_case != PB_PURGE_INSTANCES_REQUEST_PURGE_INSTANCE_FILTER) {
        scheduler_pump_call(scheduler, call, message);
        return;
    }
    const struct pb_purge_instance_filter *filter = request.purge_instance_filter;
    struct scheduler_purge_options options = {
        .recursive = request.recursive,
        .deadline_ns = purge_deadline(filter->timeout),
        .stop = &call->gone,
        .on_done = on_purged,
        .context = call,
        .query = {.hub = call->hub,
                  .status_mask = purge_mask(filter),
                  .created_from_ns = time_from(filter->created_time_from),
                  .created_to_ns = time_to(filter->created_time_to),
                  .terminal_only = true}};
    if (scheduler_purge_begin(scheduler, &options) != STATUS_OK)
        scheduler_call_no_memory(call);
}
