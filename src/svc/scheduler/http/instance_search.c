/* SPDX-License-Identifier: MIT */
/* instance_search.c — the route of a search: walks the hub page by page, so that no search holds up the store's reader
 * or the loop for longer than one page, and shows each row to the search (search.h). */
#include "svc/scheduler/http/api_internal.h"
#include "svc/scheduler/http/proto_json.h"
#include "svc/scheduler/http/search_body.h"
#include "svc/scheduler/http/state_json.h"
#include "svc/scheduler/limit_values.h"

#define PAGE_ROWS 500 /* rows between two turns of the loop */

struct instance_search {
    struct search_wish wish;
    struct search search;
    struct buf after; /* the token of the next page */
};

static void search_free(struct api_call *call)
{
    struct instance_search *own = call->own;
    search_fini(&own->search);
    buf_fini(&own->after);
}

/* --- the answer --- */

static void write_counts(struct json_writer *json, const struct search_counts *counts)
{
    json_write_begin_object(json);
    if (counts->total) {
        json_write_key(json, "earliestTimestamp");
        proto_json_write_time(json, pb_time_from_ns(counts->earliest_ns));
        json_write_key(json, "latestTimestamp");
        proto_json_write_time(json, pb_time_from_ns(counts->latest_ns));
    }
    json_write_member_int(json, "totalCount", (int64_t)counts->total);
    json_write_member_int(json, "completedCount", (int64_t)counts->completed);
    json_write_member_int(json, "runningCount", (int64_t)counts->running);
    json_write_member_int(json, "failedCount", (int64_t)counts->failed);
    json_write_member_int(json, "pendingCount", (int64_t)counts->pending);
    json_write_end_object(json);
}

static void answer(struct api_call *call)
{
    struct instance_search *own = call->own;
    CLEANUP(buf_fini) struct buf out = {.limit = API_ANSWER_SIZE_MAX};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    const struct instance_row *row;
    search_finish(&own->search);
    json_write_begin_object(&json);
    json_write_key(&json, "orchestrations");
    json_write_begin_array(&json);
    for (size_t i = 0; (row = search_row_at(&own->search, i)); i++)
        state_json_write(&json, row, own->wish.fields);
    json_write_end_array(&json);
    json_write_member_int(&json, "totalCount", (int64_t)own->search.counts.total);
    json_write_key(&json, "trivia");
    write_counts(&json, &own->search.counts);
    json_write_end_object(&json);
    api_call_answer_json(call, 200, &json);
}

/* --- the walk --- */

static void on_page(void *context, enum status status, const char *text, const struct task_store_page *page);

/* What the store can tell by its indexes narrows the walk. */
static void read_page(struct api_call *call)
{
    struct instance_search *own = call->own;
    const struct search_range *created = &own->wish.created;
    struct task_store_query query = {.hub = call->hub,
                                     .status_mask = own->wish.status_mask,
                                     .created_from_ns = created->set ? MAX(created->from_ns, 0) : 0,
                                     .created_to_ns = created->set ? MAX(created->to_ns, 1) : 0,
                                     .bare = true,
                                     .rows_max = PAGE_ROWS,
                                     .after = buf_peek(&own->after)};
    call->reading = true;
    scheduler_ask_page(call->http->scheduler, &query, on_page, call);
}

static enum status take_page(struct instance_search *own, const struct task_store_page *page)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < page->count && status == STATUS_OK; i++)
        status = search_take(&own->search, &page->rows[i]);
    buf_clear(&own->after);
    buf_append_bytes(&own->after, page->next);
    if (status != STATUS_OK)
        return status;
    return buf_status(&own->after);
}

static void on_page(void *context, enum status status, const char *text, const struct task_store_page *page)
{
    struct api_call *call = context;
    struct instance_search *own = call->own;
    call->reading = false;
    if (!call->request) {
        api_call_destroy(call);
        return;
    }
    if (status != STATUS_OK) {
        api_call_answer_status(call, status, text);
        return;
    }
    status = take_page(own, page);
    if (status != STATUS_OK)
        api_call_answer_status(call, STATUS_RESOURCE_EXHAUSTED,
                               "The page does not fit into memory: ask for a smaller one.");
    else if (own->after.size)
        read_page(call);
    else
        answer(call);
}

void api_instances_query(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, sizeof(struct instance_search));
    if (!call)
        return;
    struct instance_search *own = call->own;
    struct err err = {0};
    own->search.wish = &own->wish;
    call->on_free = search_free;
    enum status status = search_body_read(http_request_body(request), &call->arena, &own->wish, &err);
    if (status != STATUS_OK)
        api_call_answer_status(call, status == STATUS_NO_MEMORY ? status : STATUS_INVALID_ARGUMENT, err.text);
    else
        read_page(call);
}
