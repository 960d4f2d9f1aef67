/* SPDX-License-Identifier: MIT */
/* entity_search.c — a search for entities: pages of the scheduler, filtered, sorted, and one window of them shown. Entities
 * are few beside instances, so what matches is held, up to a number. */
#include <stdlib.h>

#include "svc/scheduler/http/api_internal.h"
#include "svc/scheduler/http/entity_wish.h"
#include "svc/scheduler/http/proto_json.h"

#define PAGE_ROWS 500 /* entities of one question */

struct entity_search {
    struct entity_wish wish;
    struct found_entity *rows; /* their bytes are in the call's arena */
    size_t count, capacity;
    struct bytes token;
};

static void search_free(struct api_call *call)
{
    struct entity_search *search = call->own;
    free(search->rows);
}

static int compare(const void *one, const void *other, void *wish)
{
    return entity_wish_compare(wish, one, other);
}

static void write_row(struct json_writer *json, const struct found_entity *row)
{
    struct pb_entity_metadata entity = {.instance_id = row->id,
                                        .last_modified_time = pb_time_from_ns(row->modified_ns),
                                        .backlog_queue_size = row->backlog,
                                        .locked_by = {row->locked_by.size > 0, row->locked_by}};
    proto_json_write(json, &pb_entity_metadata_message, &entity);
}

static void answer(struct api_call *call)
{
    struct entity_search *search = call->own;
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    if (search->count)
        qsort_r(search->rows, search->count, sizeof *search->rows, compare, &search->wish);
    json_write_begin_object(&json);
    json_write_key(&json, "entities");
    json_write_begin_array(&json);
    for (size_t i = 0; i < search->wish.count && search->wish.first + i < search->count; i++)
        write_row(&json, &search->rows[search->wish.first + i]);
    json_write_end_array(&json);
    json_write_member_int(&json, "totalCount", (int64_t)search->count);
    json_write_end_object(&json);
    api_call_answer_json(call, 200, &json);
}

/* NO_MEMORY, or TOO_LARGE: more match than a search holds. */
static enum status keep(struct api_call *call, const struct pb_entity_metadata *entity)
{
    struct entity_search *search = call->own;
    struct found_entity row = {.id = entity->instance_id,
                               .modified_ns = pb_time_to_ns(entity->last_modified_time),
                               .backlog = entity->backlog_queue_size,
                               .locked_by = entity->locked_by.value};
    if (!entity_wish_matches(&search->wish, &row))
        return STATUS_OK;
    if (search->count == ENTITY_ROWS_MAX)
        return STATUS_TOO_LARGE;
    if (search->count == search->capacity) {
        size_t capacity = search->capacity ? search->capacity * 2 : 64;
        struct found_entity *rows = realloc(search->rows, capacity * sizeof *rows);
        if (!rows)
            return STATUS_NO_MEMORY;
        search->rows = rows;
        search->capacity = capacity;
    }
    row.id = arena_copy(&call->arena, row.id);
    row.locked_by = row.locked_by.size ? arena_copy(&call->arena, row.locked_by) : (struct bytes){0};
    if (!row.id.data || (entity->locked_by.value.size && !row.locked_by.data))
        return STATUS_NO_MEMORY;
    search->rows[search->count++] = row;
    return STATUS_OK;
}

static void ask_page(struct api_call *call);

static void on_page(struct api_call *call, struct bytes message)
{
    struct entity_search *search = call->own;
    CLEANUP(arena_fini) struct arena arena;
    struct pb_query_entities_response response;
    arena_init(&arena, 0);
    if (pb_query_entities_response_decode(&arena, message, &response) != STATUS_OK) {
        api_call_answer_status(call, STATUS_INTERNAL, "The scheduler's answer cannot be read.");
        return;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < response.entities_count && status == STATUS_OK; i++)
        status = keep(call, &response.entities[i]);
    if (status == STATUS_TOO_LARGE) {
        api_call_answer_problem(call, http_problem_of_status(400),
                                "More than 10000 entities match: narrow the filter, by nameStartsWith say.");
        return;
    }
    bool more = response.continuation_token.present && response.continuation_token.value.size;
    search->token = more ? arena_copy(&call->arena, response.continuation_token.value) : (struct bytes){0};
    if (status != STATUS_OK || (more && !search->token.data))
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
    else if (more)
        ask_page(call);
    else
        answer(call);
}

static void ask_page(struct api_call *call)
{
    struct entity_search *search = call->own;
    struct pb_entity_query query = {
        .instance_id_starts_with = {search->wish.prefix.size > 0, search->wish.prefix},
        .include_transient = true,
        .page_size = {true, PAGE_ROWS},
        .continuation_token = {search->token.size > 0, search->token}};
    struct pb_query_entities_request request = {.query = &query};
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_QUERY_ENTITIES, &pb_query_entities_request_message,
                 &request, on_page);
}

void api_entities_query(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, sizeof(struct entity_search));
    if (!call)
        return;
    struct entity_search *search = call->own;
    struct err err = {0};
    call->on_free = search_free;
    enum status status = entity_wish_read(http_request_body(request), &call->arena, &search->wish, &err);
    if (status == STATUS_OK)
        ask_page(call);
    else
        api_call_answer_status(call, status == STATUS_NO_MEMORY ? status : STATUS_INVALID_ARGUMENT, err.text);
}
