/* SPDX-License-Identifier: MIT */
/* scheduler_entities.c — the RPCs of entities that the engine does not answer: pages come from the store, and there is nothing
 * to clean, for what has no state, no message and no holder is gone (spec 3.23.7). */
#include "core/task/entity_name.h"
#include "svc/scheduler/scheduler_service_internal.h"
#include "wire/pb/orchestrator_service.pb.h"

#define QUERY_ARENA_MAX ((size_t)16 << 20) /* bytes of a decoded request, or of an answer's lists */

/* --- QueryEntities --- */

static struct pb_entity_metadata metadata_of(const struct task_store_entity *row, bool states)
{
    return (struct pb_entity_metadata){
        .instance_id = row->entity_id,
        .last_modified_time = pb_time_from_ns(row->modified_ns),
        .backlog_queue_size = (int32_t)MIN(row->messages, INT32_MAX),
        .locked_by = {row->locked_by.size > 0, row->locked_by},
        .serialized_state = {states && row->exists, row->state},
    };
}

static bool encode_page(const struct task_store_entity_page *page, struct arena *arena, struct buf *message)
{
    struct pb_query_entities_response response = {.entities_count = page->count,
                                                  .continuation_token = {page->next.size > 0, page->next}};
    response.entities = arena_alloc_array(arena, page->count + 1, sizeof *response.entities);
    if (!response.entities)
        return false;
    for (size_t n = 0; n < page->count; n++)
        response.entities[n] = metadata_of(&page->rows[n], page->states);
    pb_query_entities_response_encode(&response, message);
    return buf_status(message) == STATUS_OK;
}

static void on_page(void *context, enum status status, const char *text,
                    const struct task_store_entity_page *page)
{
    struct scheduler_call *call = context;
    CLEANUP(arena_fini) struct arena arena;
    CLEANUP(buf_fini) struct buf message = {.limit = SIZE_MAX};
    arena_init(&arena, QUERY_ARENA_MAX);
    if (status == STATUS_MALFORMED)
        status = STATUS_INVALID_ARGUMENT;
    if (status != STATUS_OK)
        scheduler_call_finish(call, status, text);
    else if (encode_page(page, &arena, &message))
        scheduler_call_reply(call, buf_peek(&message));
    else
        scheduler_call_no_memory(call);
}

static int64_t time_of(struct pb_opt_time time)
{
    return time.present ? pb_time_to_ns(time) : 0;
}

void scheduler_query_entities(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_query_entities_request request;
    struct pb_entity_query all = {0};
    arena_init(&arena, QUERY_ARENA_MAX);
    if (pb_query_entities_request_decode(&arena, message, &request) != STATUS_OK) {
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT, "the request is not a QueryEntitiesRequest");
        return;
    }
    const struct pb_entity_query *wanted = request.query ? request.query : &all;
    struct bytes prefix = entity_name_prefix(&arena, wanted->instance_id_starts_with.value);
    if (!prefix.data) {
        scheduler_call_no_memory(call);
        return;
    }
    struct task_store_entity_query query = {
        .hub = call->hub,
        .id_prefix = prefix,
        .modified_from_ns = time_of(wanted->last_modified_from),
        .modified_to_ns = time_of(wanted->last_modified_to),
        .states = wanted->include_state,
        .transient = wanted->include_transient,
        .rows_max =
            wanted->page_size.present && wanted->page_size.value > 0 ? (size_t)wanted->page_size.value : 0,
        .after = wanted->continuation_token.value,
    };
    task_store_query_entities(scheduler->store, &query, on_page, call);
}

/* --- CleanEntityStorage --- */

void scheduler_clean_entities(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    CLEANUP(arena_fini) struct arena arena;
    struct pb_clean_entity_storage_request request;
    arena_init(&arena, QUERY_ARENA_MAX);
    if (pb_clean_entity_storage_request_decode(&arena, message, &request) == STATUS_OK)
        scheduler_call_reply(call, (struct bytes){0}); /* both counters 0, no token */
    else
        scheduler_call_finish(call, STATUS_INVALID_ARGUMENT,
                              "the request is not a CleanEntityStorageRequest");
}
