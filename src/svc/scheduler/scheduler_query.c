/* SPDX-License-Identifier: MIT */
/* scheduler_query.c — what is asked of many instances: QueryInstances, ListInstanceIds, PurgeInstances by
 * filter (spec 3.13, 3.22).
 *
 * Queries read a snapshot of the store taken after they arrived. Every answered call is on disk by then, so a
 * caller sees what it was told, without a wait. */
#include <stdlib.h>

#include "core/task/orchestration_state.h"
#include "os/clock.h"
#include "svc/scheduler/scheduler_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

#define QUERY_ARENA_MAX ((size_t)16 << 20) /* bytes of a decoded query */
#define ANSWER_SIZE_MAX ((size_t)4 << 20)  /* bytes that every SDK takes (spec 2.6) */
/* Instances that a purge by filter takes at a time. Each batch is read and deleted in one go while everybody else waits,
 * so it is small: 50 keep the loop and the writer for a few milliseconds, 500 for as long as thirty starts. */
#define PURGE_BATCH_MAX 50
#define STATUS_NEVER    31 /* a bit of the mask that no instance has */
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

static int64_t time_from(struct pb_opt_time t)
{
    return MAX(pb_time_to_ns(t), 0);
}

/* An end before 1970 is still an end. */
static int64_t time_to(struct pb_opt_time t)
{
    return t.present ? MAX(pb_time_to_ns(t), 1) : 0;
}

static struct bytes optional(struct pb_opt_bytes b)
{
    return b.present ? b.value : (struct bytes){0};
}

static size_t page_rows(int32_t wanted)
{
    return wanted > 0 ? (size_t)wanted : 0;
}

/* --- answers --- */

static void answer(struct call *c, struct buf *message)
{
    if (buf_status(message) == STATUS_OK)
        scheduler_call_reply(c, buf_peek(message));
    else
        scheduler_call_finish(c, buf_status(message), "the answer is too large");
}

/* Answers with what `encode` makes of the page; it is false if memory is out. */
static void
answer_page(struct call *c, enum status status, const char *text, const struct task_store_page *page,
            bool (*encode)(const struct task_store_page *page, struct arena *a, struct buf *message))
{
    CLEANUP(buf_fini) struct buf message = {.limit = ANSWER_SIZE_MAX};
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    if (status != STATUS_OK)
        scheduler_call_finish(c, status, text);
    else if (!encode(page, &arena, &message))
        scheduler_call_finish(c, STATUS_NO_MEMORY, "out of memory");
    else if (buf_status(&message) == STATUS_TOO_LARGE) /* a page is cut long before, but never to nothing */
        scheduler_call_finish(c, STATUS_RESOURCE_EXHAUSTED,
                              "one instance of the page is over the message limit: ask without inputs and "
                              "outputs");
    else
        answer(c, &message);
}

/* --- QueryInstances --- */

static bool encode_instances(const struct task_store_page *page, struct arena *a, struct buf *message)
{
    struct pb_query_instances_response r = {.orchestration_state_count = page->count,
                                            .continuation_token = {page->next.size > 0, page->next}};
    struct pb_task_failure_details *failures = arena_alloc_array(a, page->count, sizeof *failures);
    r.orchestration_state = arena_alloc_array(a, page->count, sizeof *r.orchestration_state);
    if (!failures || !r.orchestration_state)
        return false;
    for (size_t i = 0; i < page->count; i++)
        orchestration_state_of(&page->rows[i], page->payloads[i], &failures[i], &r.orchestration_state[i]);
    pb_query_instances_response_encode(&r, message);
    return true;
}

static void on_instances(void *context, enum status status, const char *text,
                         const struct task_store_page *page)
{
    answer_page(context, status, text, page, encode_instances);
}

void scheduler_query_instances(struct scheduler *s, struct call *c, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_query_instances_request r;
    arena_init(&arena, QUERY_ARENA_MAX);
    if (pb_query_instances_request_decode(&arena, message, &r) != STATUS_OK) {
        scheduler_call_finish(c, STATUS_INVALID_ARGUMENT, "the request is not a QueryInstancesRequest");
        return;
    }
    static const struct pb_instance_query everything;
    const struct pb_instance_query *q = r.query ? r.query : &everything;
    struct task_store_query query = {.hub = c->hub,
                                     .status_mask = status_mask(q->runtime_status, q->runtime_status_count),
                                     .created_from_ns = time_from(q->created_time_from),
                                     .created_to_ns = time_to(q->created_time_to),
                                     .id_prefix = optional(q->instance_id_prefix),
                                     .payloads = q->fetch_inputs_and_outputs,
                                     .rows_max = page_rows(q->max_instance_count),
                                     .after = optional(q->continuation_token)};
    task_store_query(s->store, &query, on_instances, c);
}

/* --- ListInstanceIds --- */

static bool encode_ids(const struct task_store_page *page, struct arena *a, struct buf *message)
{
    struct pb_list_instance_ids_response r = {.instance_ids_count = page->count,
                                              .last_instance_key = {page->next.size > 0, page->next}};
    r.instance_ids = arena_alloc_array(a, page->count, sizeof *r.instance_ids);
    if (!r.instance_ids)
        return false;
    for (size_t i = 0; i < page->count; i++)
        r.instance_ids[i] = page->rows[i].instance_id;
    pb_list_instance_ids_response_encode(&r, message);
    return true;
}

static void on_ids(void *context, enum status status, const char *text, const struct task_store_page *page)
{
    answer_page(context, status, text, page, encode_ids);
}

void scheduler_query_ids(struct scheduler *s, struct call *c, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_list_instance_ids_request r;
    arena_init(&arena, QUERY_ARENA_MAX);
    if (pb_list_instance_ids_request_decode(&arena, message, &r) != STATUS_OK) {
        scheduler_call_finish(c, STATUS_INVALID_ARGUMENT, "the request is not a ListInstanceIdsRequest");
        return;
    }
    struct task_store_query query = {.hub = c->hub,
                                     .status_mask = status_mask(r.runtime_status, r.runtime_status_count),
                                     .completed_from_ns = time_from(r.completed_time_from),
                                     .completed_to_ns = time_to(r.completed_time_to),
                                     .by_completion = true,
                                     .rows_max = page_rows(r.page_size),
                                     .after = optional(r.last_instance_key)};
    task_store_query(s->store, &query, on_ids, c);
}

/* --- purge by filter --- */

/* Page, batch, page, batch… until nothing is left, the time is over or the caller has gone. */
struct purge {
    struct call *call;
    uint64_t number; /* of the engine call in progress; 0: none */
    struct task_store_query query;
    struct buf token;
    bool recursive;
    int64_t deadline_ns; /* monotonic */
    int64_t deleted;
};

static void purge_destroy(struct purge *p)
{
    if (p->number)
        (void)map_take(&p->call->scheduler->purges, map_u64_key(&p->number));
    p->call->purge = NULL;
    buf_fini(&p->token);
    free(p);
}

void scheduler_purge_abandon(struct purge *p)
{
    purge_destroy(p);
}

static void purge_finish(struct purge *p, enum status status, const char *text)
{
    struct call *c = p->call;
    purge_destroy(p);
    scheduler_call_finish(c, status, text);
}

static void purge_complete(struct purge *p, bool complete)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct pb_purge_instances_response r = {.deleted_instance_count = (int32_t)MIN(p->deleted, INT32_MAX),
                                            .is_complete = {true, complete}};
    struct call *c = p->call;
    pb_purge_instances_response_encode(&r, &message);
    purge_destroy(p);
    answer(c, &message);
}

static void on_purge_page(void *context, enum status status, const char *text,
                          const struct task_store_page *page);

static void purge_next(struct purge *p)
{
    p->query.after = buf_peek(&p->token);
    task_store_query(p->call->scheduler->store, &p->query, on_purge_page, p);
}

static void on_purge_page(void *context, enum status status, const char *text,
                          const struct task_store_page *page)
{
    struct purge *p = context;
    struct scheduler *s = p->call->scheduler;
    if (status != STATUS_OK) {
        purge_finish(p, status, text);
        return;
    }
    if (page->count == 0) {
        purge_complete(p, true);
        return;
    }
    if (p->call->gone || !s->engine || s->failure.status != STATUS_OK) {
        purge_finish(p, scheduler_pump_refusal(s, false), "writes are refused");
        return;
    }
    CLEANUP(buf_fini) struct buf message = {.limit = SIZE_MAX};
    struct bytes ids[PURGE_BATCH_MAX];
    for (size_t i = 0; i < page->count; i++)
        ids[i] = page->rows[i].instance_id;
    struct pb_instance_batch batch = {.instance_ids = ids, .instance_ids_count = page->count};
    struct pb_purge_instances_request r = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_BATCH,
                                           .instance_batch = &batch,
                                           .recursive = p->recursive};
    pb_purge_instances_request_encode(&r, &message);
    buf_clear(&p->token);
    buf_append_bytes(&p->token, page->next);
    /* Numbers of our own have the top bit set; gRPC calls count from 1. */
    p->number = s->purge_next++ | (uint64_t)1 << 63;
    if (buf_status(&message) != STATUS_OK || buf_status(&p->token) != STATUS_OK ||
        map_put(&s->purges, map_u64_key(&p->number), p) != STATUS_OK) {
        p->number = 0;
        purge_finish(p, STATUS_NO_MEMORY, "out of memory");
        return;
    }
    engine_call(s->engine, ENGINE_PURGE, p->call->hub, p->number, buf_peek(&message), scheduler_pump_now(s),
                &s->actions);
    scheduler_pump_run(s);
}

void scheduler_purge_answered(struct purge *p, enum status status, const char *text, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_purge_instances_response r;
    arena_init(&arena, QUERY_ARENA_MAX);
    (void)map_take(&p->call->scheduler->purges, map_u64_key(&p->number));
    p->number = 0;
    if (status == STATUS_OK)
        status = pb_purge_instances_response_decode(&arena, message, &r);
    if (status != STATUS_OK) {
        purge_finish(p, status, text);
        return;
    }
    p->deleted += r.deleted_instance_count;
    if (p->call->gone)
        purge_finish(p, STATUS_CANCELLED, NULL);
    else if (p->token.size == 0)
        purge_complete(p, true);
    else if (clock_monotonic_ns() >= p->deadline_ns)
        purge_complete(p, false);
    else
        purge_next(p);
}

static int64_t purge_deadline(struct pb_opt_time timeout)
{
    if (!timeout.present)
        return INT64_MAX;
    int64_t now = clock_monotonic_ns(), ns = pb_time_to_ns(timeout), deadline = 0;
    return __builtin_add_overflow(now, MAX(ns, 0), &deadline) ? INT64_MAX : deadline;
}

/* Only terminal instances can be purged, so other statuses in the list match nothing. */
static uint32_t purge_mask(const struct pb_purge_instance_filter *f)
{
    uint32_t mask = status_mask(f->runtime_status, f->runtime_status_count);
    if (mask == 0)
        return STATUSES_TERMINAL;
    return mask & STATUSES_TERMINAL ? mask & STATUSES_TERMINAL : 1u << STATUS_NEVER;
}

void scheduler_purge(struct scheduler *s, struct call *c, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_purge_instances_request r;
    arena_init(&arena, QUERY_ARENA_MAX);
    if (pb_purge_instances_request_decode(&arena, message, &r) != STATUS_OK) {
        scheduler_call_finish(c, STATUS_INVALID_ARGUMENT, "the request is not a PurgeInstancesRequest");
        return;
    }
    if (r.request_case != PB_PURGE_INSTANCES_REQUEST_PURGE_INSTANCE_FILTER) {
        scheduler_pump_call(s, c, message);
        return;
    }
    struct purge *p = calloc(1, sizeof *p);
    if (!p) {
        scheduler_call_finish(c, STATUS_NO_MEMORY, "out of memory");
        return;
    }
    const struct pb_purge_instance_filter *f = r.purge_instance_filter;
    *p = (struct purge){.call = c,
                        .recursive = r.recursive,
                        .deadline_ns = purge_deadline(f->timeout),
                        .query = {.hub = c->hub,
                                  .status_mask = purge_mask(f),
                                  .created_from_ns = time_from(f->created_time_from),
                                  .created_to_ns = time_to(f->created_time_to),
                                  .terminal_only = true,
                                  .rows_max = PURGE_BATCH_MAX}};
    c->purge = p;
    purge_next(p);
}
