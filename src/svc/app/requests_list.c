/* SPDX-License-Identifier: MIT */
/* requests_list.c — GET /v1/requests[?state=&limit=&after=&order=asc|desc].
 *
 * A page is filled: the scheduler is asked again until `limit` requests are found, none is left, or APP_PAGE_QUERIES_MAX
 * answers were read; only then is a page short although there are more, and says how many it has "scanned".
 *
 * The scheduler knows one order, the oldest first, and gives a place in it only at the end of its pages. So
 *   asc   when `limit` is reached within a page, the page is read once more up to there, for its place;
 *   desc  windows of time are read, from now backwards, each small enough to come as one page, and turned
 *         round. A place is "desc:CREATED:ID", of the last request shown. */
#include "svc/app/app_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "wire/json/json.h"

#define DESC_MARK     "desc:"
#define SKEW_NS       (86400 * NS_PER_S) /* how far the scheduler's clock may be ahead */
#define SPAN_FIRST_NS (60 * NS_PER_S)    /* before now */
#define SPAN_MIN_NS   1000
#define SPAN_FACTOR   8

struct list_exchange {
    struct exchange base;
    enum request_state wanted; /* REQUEST_STATE_COUNT: all */
    size_t limit;
    json_t *items; /* found so far */
    size_t queries;
    size_t scanned;
    /* asc */
    char *token;         /* where the page under way begins; NULL: at the beginning */
    size_t items_before; /* that page */
    /* of the page's rows up to the limit, while their place is asked for */
    char last_id[DT_INSTANCE_ID_SIZE];
    /* desc: the window [to - span, to), and where the page before ended */
    int64_t to_ns;
    int64_t span_ns;
    int64_t after_ns; /* 0: nowhere */
    char after_id[DT_INSTANCE_ID_SIZE];
};

static void list_free(struct exchange *exchange)
{
    struct list_exchange *list = CONTAINER_OF(exchange, struct list_exchange, base);
    json_decref(list->items);
    free(list->token);
}

static bool wanted(const struct list_exchange *list, const json_t *item)
{
    const char *state = json_member_text(item, "state");
    return list->wanted == REQUEST_STATE_COUNT || strcmp(state, request_state_name(list->wanted)) == 0;
}

/* `next` NULL: nothing is left. */
static void answer(struct list_exchange *list, const char *next)
{
    json_t *body = json_pack("{s:O, s:s*}", "requests", list->items, "next", next);
    if (next && json_array_size(list->items) < list->limit)
        json_object_set_new(body, "scanned", json_integer((json_int_t)list->scanned));
    exchange_answer_json(&list->base, 200, body);
}

static void query(struct list_exchange *list, struct dt_query *query,
                  void (*on_page)(struct exchange *exchange))
{
    struct exchange *exchange = &list->base;
    query->statuses = list->wanted == REQUEST_STATE_COUNT ? 0 : request_state_statuses(list->wanted);
    list->queries++;
    exchange_call(exchange, on_page);
    exchange_started(exchange,
                     dt_client_query_async(exchange->service->client, query, exchange_on_reply, exchange));
}

/* --- oldest first --- */

static void on_page(struct exchange *exchange);
static void on_place(struct exchange *exchange);

static void read_page(struct list_exchange *list)
{
    struct dt_query q = DT_INIT(struct dt_query);
    bool whole = list->queries == 0 && list->wanted == REQUEST_STATE_COUNT;
    q.page_size = whole ? (int32_t)list->limit : APP_PAGE_SIZE_MAX;
    q.page_token = list->token;
    list->items_before = json_array_size(list->items);
    query(list, &q, on_page);
}

/* The page under way up to the limit: `rows` of it. */
static void read_place(struct list_exchange *list, size_t rows)
{
    struct dt_query q = DT_INIT(struct dt_query);
    q.page_size = (int32_t)rows;
    q.page_token = list->token;
    query(list, &q, on_place);
}

static void go_on_after(struct list_exchange *list, const char *next)
{
    bool full = json_array_size(list->items) >= list->limit;
    if (full || !next || list->queries >= APP_PAGE_QUERIES_MAX) {
        answer(list, next);
        return;
    }
    char *token = strdup(next);
    if (!token) {
        list->base.status = DT_NO_MEMORY;
        exchange_answer_failure(&list->base);
        return;
    }
    free(list->token);
    list->token = token;
    read_page(list);
}

static void on_page(struct exchange *exchange)
{
    struct list_exchange *list = CONTAINER_OF(exchange, struct list_exchange, base);
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    list->scanned += exchange->page->seen;
    size_t i;
    json_t *item;
    json_array_foreach(exchange->page->items, i, item)
    {
        if (!wanted(list, item))
            continue;
        json_array_append(list->items, item);
        size_t rows = exchange->page->places[i].index + 1;
        if (json_array_size(list->items) < list->limit || rows == exchange->page->seen)
            continue;
        snprintf(list->last_id, sizeof list->last_id, "%s", json_member_text(item, "id"));
        read_place(list, rows);
        return;
    }
    go_on_after(list, exchange->page->next);
}

/* The place is right if the same request is the last; else something was purged meanwhile: read anew. */
static void on_place(struct exchange *exchange)
{
    struct list_exchange *list = CONTAINER_OF(exchange, struct list_exchange, base);
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    size_t count = json_array_size(exchange->page->items);
    const json_t *last = count ? json_array_get(exchange->page->items, count - 1) : NULL;
    const char *id = json_member_text(last, "id");
    if ((id && strcmp(id, list->last_id) == 0) || list->queries >= APP_PAGE_QUERIES_MAX) {
        answer(list, exchange->page->next);
        return;
    }
    while (json_array_size(list->items) > list->items_before)
        json_array_remove(list->items, list->items_before);
    read_page(list);
}

/* --- newest first --- */

static void on_window(struct exchange *exchange);

static void read_window(struct list_exchange *list)
{
    struct dt_query q = DT_INIT(struct dt_query);
    q.page_size = APP_PAGE_SIZE_MAX;
    q.created_from_ns = MAX(list->to_ns - list->span_ns, 1);
    q.created_to_ns = list->to_ns;
    query(list, &q, on_window);
}

static void answer_after(struct list_exchange *list, int64_t created_ns, const char *id)
{
    char next[sizeof DESC_MARK + 24 + DT_INSTANCE_ID_SIZE];
    snprintf(next, sizeof next, DESC_MARK "%" PRId64 ":%s", created_ns, id);
    answer(list, next);
}

/* True if the limit is reached; `*ret_place` is then that of the last one shown. */
static bool take_window(struct list_exchange *list, const struct request_page *page, size_t *ret_index)
{
    for (size_t i = json_array_size(page->items); i-- > 0;) {
        json_t *item = json_array_get(page->items, i);
        const char *id = json_member_text(item, "id");
        bool shown_before = page->places[i].created_ns == list->after_ns && strcmp(id, list->after_id) >= 0;
        if (shown_before || !wanted(list, item))
            continue;
        json_array_append(list->items, item);
        if (json_array_size(list->items) < list->limit)
            continue;
        *ret_index = i;
        return true;
    }
    return false;
}

static void on_window(struct exchange *exchange)
{
    struct list_exchange *list = CONTAINER_OF(exchange, struct list_exchange, base);
    size_t last;
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    if (exchange->page->next && list->span_ns > SPAN_MIN_NS && list->queries < APP_PAGE_QUERIES_MAX) {
        list->span_ns = MAX(list->span_ns / SPAN_FACTOR, SPAN_MIN_NS);
        read_window(list);
        return;
    }
    if (exchange->page->next) {
        exchange_answer_problem(exchange, http_problem_of_status(503),
                                "more requests at one instant than can be turned round");
        return;
    }
    list->scanned += exchange->page->seen;
    if (take_window(list, exchange->page, &last)) {
        const json_t *item = json_array_get(exchange->page->items, last);
        answer_after(list, exchange->page->places[last].created_ns, json_member_text(item, "id"));
        return;
    }
    list->to_ns -= list->span_ns;
    list->span_ns = list->span_ns > INT64_MAX / SPAN_FACTOR ? INT64_MAX : list->span_ns * SPAN_FACTOR;
    list->span_ns = MIN(list->span_ns, list->to_ns);
    if (list->to_ns <= 1)
        answer(list, NULL);
    else if (list->queries >= APP_PAGE_QUERIES_MAX)
        answer_after(list, list->to_ns - 1, "\x7f"); /* every id of that instant is still to come */
    else
        read_window(list);
}

/* "desc:CREATED:ID"; false for anything else. */
static bool parse_after(struct list_exchange *list, struct bytes after)
{
    struct bytes mark = bytes_of_cstr(DESC_MARK);
    if (!bytes_starts_with(after, mark))
        return false;
    struct bytes id = bytes_slice(after, mark.size, after.size);
    uint64_t created_ns;
    if (bytes_parse_u64(bytes_split(&id, ':'), &created_ns) != STATUS_OK || created_ns > INT64_MAX - SKEW_NS)
        return false;
    if (id.size == 0 || id.size >= sizeof list->after_id || memchr(id.data, '\0', id.size))
        return false;
    list->after_ns = (int64_t)created_ns;
    memcpy(list->after_id, id.data, id.size);
    list->to_ns = list->after_ns + 1;
    return true;
}

/* --- the route --- */

static const char *read_order(struct list_exchange *list, struct bytes after, bool newest_first)
{
    if (!newest_first) {
        list->token = after.size ? strndup((const char *)after.data, after.size) : NULL;
        return NULL;
    }
    list->span_ns = SPAN_FIRST_NS;
    if (after.size)
        return parse_after(list, after) ? NULL
                                        : "The value of after is not the \"next\" of a page in this order.";
    list->to_ns = clock_unix_ns() + SKEW_NS;
    list->span_ns += SKEW_NS;
    return NULL;
}

void route_requests_list(struct app_service *service, struct http_request *request, struct bytes id)
{
    if (service->review) {
        list_with_book(service, request);
        return;
    }
    struct bytes state = http_request_query(request, "state");
    struct bytes limit = http_request_query(request, "limit");
    struct bytes order = http_request_query(request, "order");
    bool newest_first = bytes_equal_cstr(order, "desc");
    enum request_state state_wanted = state.data ? request_state_from_name(state) : REQUEST_STATE_COUNT;
    uint64_t size = APP_PAGE_SIZE_DEFAULT;
    const char *refusal = NULL;
    if (state.data && state_wanted == REQUEST_STATE_COUNT)
        refusal =
            "The value of state is none of queued, running, waiting, approved, rejected, timed-out, failed, "
            "cancelled.";
    else if (limit.data &&
             (bytes_parse_u64(limit, &size) != STATUS_OK || size < 1 || size > APP_PAGE_SIZE_MAX))
        refusal =
            "The value of limit must be 1 to " DIGITS_OF(APP_PAGE_SIZE_MAX) " (limit app-page-size-max).";
    else if (order.data && !newest_first && !bytes_equal_cstr(order, "asc"))
        refusal = "The value of order must be asc or desc.";
    if (refusal) {
        http_respond_failure(request, 400, refusal);
        return;
    }
    struct exchange *exchange = exchange_create(service, request, sizeof(struct list_exchange), list_free);
    if (!exchange)
        return;
    struct list_exchange *list = CONTAINER_OF(exchange, struct list_exchange, base);
    list->wanted = state_wanted;
    list->limit = size;
    list->items = json_array();
    refusal = read_order(list, http_request_query(request, "after"), newest_first);
    if (refusal)
        exchange_answer_problem(exchange, http_problem_of_status(400), refusal);
    else if (newest_first)
        read_window(list);
    else
        read_page(list);
}
