/* SPDX-License-Identifier: MIT */
/* requests_book.c — GET /v1/requests where there is a book: its requests, and between them those that are only orchestrations.
 *
 *   read the book's page, in as many jobs as it takes ──► read the scheduler as far as that page goes ──► merge, cut, answer
 *
 * Both stand in the order of (created, id), so a place in it is a place in both: "asc:CREATED:ID". What only the book knows
 * (submitter, reviewer, label, text, time, deadline) is looked for only there. By deadline it is "deadline:DEADLINE:ID". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/time_parse.h"
#include "net/http_link.h"
#include "os/clock.h"
#include "svc/app/app_service.h"
#include "svc/app/book_exchange.h"

#define SKEW_NS       (86400 * NS_PER_S) /* how far the scheduler's clock may be ahead */
#define SPAN_FIRST_NS (60 * NS_PER_S)
#define SPAN_MIN_NS   1000
#define SPAN_FACTOR   8
#define STATES_MAX    10

struct merged_list {
    struct book_exchange base;
    struct review_filter filter;
    const char *states[STATES_MAX];
    char after_id[DT_INSTANCE_ID_SIZE];
    char *texts[6]; /* of the filter; owned */
    bool book_only;
    json_t *items;                  /* of both */
    struct review_walk walk;        /* the last through the book */
    char walked_id[REVIEW_ID_SIZE]; /* where it began */
    size_t walks;
    bool book_more;   /* its page is full, or too much was looked at: what is behind is not wanted yet */
    int64_t bound_ns; /* of its last item, or of the last row that was looked at */
    char *token;      /* oldest first: where the scheduler's next page begins */
    int64_t to_ns, span_ns; /* newest first: the window [to - span, to) */
    bool scheduler_more;
    int64_t scanned_ns; /* up to where the scheduler was read, if not to its end */
    size_t found, queries, scanned;
    bool no_memory; /* a filter is missing for want of memory */
};

static struct merged_list *list_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct merged_list, base.base);
}

static void list_free(struct exchange *exchange)
{
    struct merged_list *list = list_of(exchange);
    for (size_t i = 0; i < ARRAY_SIZE(list->texts); i++)
        free(list->texts[i]);
    json_decref(list->items);
    free(list->token);
    book_exchange_free(exchange);
}

/* --- the answer --- */

/* By what it is ordered. */
static int64_t place_of(const json_t *item)
{
    return json_integer_value(json_object_get(item, "_placeNs"));
}

static int compare_items(const void *one, const void *other)
{
    const json_t *a = *(json_t *const *)one, *b = *(json_t *const *)other;
    int64_t difference = place_of(a) - place_of(b);
    if (difference != 0)
        return difference < 0 ? -1 : 1;
    return strcmp(json_member_text(a, "id"), json_member_text(b, "id"));
}

/* In the order that was asked for; NULL without memory. */
static json_t *sorted(const struct merged_list *list)
{
    size_t count = json_array_size(list->items);
    json_t **items = calloc(count + 1, sizeof(json_t *));
    json_t *array = json_array();
    for (size_t i = 0; items && i < count; i++)
        items[i] = json_array_get(list->items, i);
    if (items && count > 1)
        qsort(items, count, sizeof(json_t *), compare_items);
    for (size_t i = 0; items && i < count; i++)
        json_array_append(array, items[list->filter.newest_first ? count - 1 - i : i]);
    free(items);
    return array;
}

/* What lies behind the end of what was read of the book or of the scheduler is for the next page. */
static bool was_reached(const struct merged_list *list, const json_t *item)
{
    int64_t created_ns = place_of(item);
    int64_t ahead_ns = list->filter.newest_first ? -1 : 1; /* the direction */
    if (list->walk.cut) {
        const char *id = json_member_text(item, "id");
        int64_t behind = ahead_ns * (created_ns - list->walk.at_ns);
        int id_order = strcmp(id, list->walk.at_id);
        bool id_is_behind = list->filter.newest_first ? id_order < 0 : id_order > 0;
        if (behind > 0 || (behind == 0 && id_is_behind))
            return false;
    }
    return !list->scheduler_more || ahead_ns * (created_ns - list->scanned_ns) <= 0;
}

/* Its word in the query, and in front of places. */
static const char *order_of(const struct merged_list *list)
{
    if (list->filter.by_deadline)
        return "deadline";
    return list->filter.newest_first ? "desc" : "asc";
}

static void write_place(const struct merged_list *list, int64_t created_ns, const char *id, char *ret_place,
                        size_t size)
{
    (void)snprintf(ret_place, size, "%s:%" PRId64 ":%s", order_of(list), created_ns, id);
}

/* A page that is not full ends where either was read to: the nearer of the two. */
static void write_scanned(const struct merged_list *list, char *ret_place, size_t size)
{
    int64_t ahead_ns = list->filter.newest_first ? -1 : 1;
    bool book_ends =
        list->walk.cut && (!list->scheduler_more || ahead_ns * (list->walk.at_ns - list->scanned_ns) <= 0);
    if (book_ends)
        write_place(list, list->walk.at_ns, list->walk.at_id, ret_place, size);
    else /* every id of that instant is still to come, or done */
        write_place(list, list->filter.newest_first ? list->scanned_ns - 1 : list->scanned_ns, "\x7f",
                    ret_place, size);
}

static void answer(struct merged_list *list)
{
    char next[DT_INSTANCE_ID_SIZE + 40] = "";
    json_t *all = sorted(list), *requests = json_array();
    size_t count = json_array_size(all), taken = 0;
    for (; taken < count && taken < list->filter.limit && was_reached(list, json_array_get(all, taken));
         taken++)
        json_array_append(requests, json_array_get(all, taken));
    bool full = taken == list->filter.limit;
    if (full && (taken < count || list->book_more || list->scheduler_more)) {
        json_t *last = json_array_get(requests, taken - 1);
        write_place(list, place_of(last), json_member_text(last, "id"), next, sizeof next);
    } else if (!full && (list->walk.cut || list->scheduler_more)) {
        write_scanned(list, next, sizeof next);
    }
    size_t index;
    json_t *item;
    json_array_foreach(requests, index, item)
    {
        json_object_del(item, "_placeNs");
    }
    json_t *body = json_pack("{s:o, s:s*}", "requests", requests, "next", *next ? next : NULL);
    if (*next && !full)
        json_object_set_new(body, "scanned", json_integer((json_int_t)list->scanned));
    json_decref(all);
    struct exchange *exchange = &list->base.base;
    if (*next && exchange->request && !http_link_next(exchange->request, "/v1/requests", next)) {
        json_decref(body);
        exchange_answer_no_memory(exchange);
        return;
    }
    exchange_answer_json(exchange, 200, body);
}

/* --- the scheduler --- */

static void on_instances(struct exchange *exchange);

static unsigned statuses_of(const struct merged_list *list)
{
    unsigned statuses = 0;
    for (size_t i = 0; i < list->filter.state_count; i++)
        statuses |= request_state_statuses(request_state_from_name(bytes_of_cstr(list->states[i])));
    return statuses;
}

static void read_instances(struct merged_list *list)
{
    struct exchange *exchange = &list->base.base;
    struct dt_query query = DT_INIT(struct dt_query);
    query.page_size = APP_PAGE_SIZE_MAX;
    query.statuses = statuses_of(list);
    if (list->filter.newest_first) {
        query.created_from_ns = MAX(list->to_ns - list->span_ns, 1);
        query.created_to_ns = list->to_ns;
    } else {
        query.created_from_ns = list->filter.after_ns;
        query.page_token = list->token;
    }
    list->queries++;
    exchange_call(exchange, on_instances);
    exchange_started(exchange,
                     dt_client_query_async(exchange->service->client, &query, exchange_on_reply, exchange));
}

static bool wanted(const struct merged_list *list, const json_t *item, int64_t created_ns)
{
    const char *id = json_member_text(item, "id");
    const char *state = json_member_text(item, "state");
    bool fits = list->filter.state_count == 0;
    for (size_t i = 0; i < list->filter.state_count; i++)
        fits = fits || strcmp(state, list->states[i]) == 0;
    if (!fits || list->filter.after_ns == 0)
        return fits;
    if (created_ns == list->filter.after_ns)
        return list->filter.newest_first ? strcmp(id, list->after_id) < 0 : strcmp(id, list->after_id) > 0;
    return list->filter.newest_first ? created_ns < list->filter.after_ns
                                     : created_ns > list->filter.after_ns;
}

static void take_items(struct merged_list *list, const struct request_page *page)
{
    size_t index;
    json_t *item;
    list->scanned += page->seen;
    json_array_foreach(page->items, index, item)
    {
        int64_t created_ns = page->places[index].created_ns;
        if (!wanted(list, item, created_ns))
            continue;
        json_object_set_new(item, "_placeNs", json_integer((json_int_t)created_ns));
        json_array_append(list->items, item);
        list->found++;
    }
}

/* True if what is behind `at_ns` is not on this page of the answer in any case. */
static bool far_enough(const struct merged_list *list, int64_t at_ns)
{
    bool past_book =
        list->book_more && (list->filter.newest_first ? at_ns <= list->bound_ns : at_ns > list->bound_ns);
    return past_book || list->found >= list->filter.limit || list->queries >= APP_PAGE_QUERIES_MAX;
}

/* Oldest first: the scheduler's own pages, one after another. */
static void go_on_up(struct merged_list *list)
{
    const struct request_page *page = list->base.base.page;
    take_items(list, page);
    list->scheduler_more = page->next != NULL;
    list->scanned_ns = page->last_ns;
    if (!page->next || far_enough(list, page->last_ns)) {
        answer(list);
        return;
    }
    free(list->token);
    list->token = strdup(page->next);
    if (list->token)
        read_instances(list);
    else
        exchange_answer_no_memory(&list->base.base);
}

/* Newest first: the scheduler has no such order, so windows of time are read from the end, each small enough to be
 * one page, and larger where there is little. */
static void go_on_down(struct merged_list *list)
{
    const struct request_page *page = list->base.base.page;
    if (page->next && list->queries >= APP_PAGE_QUERIES_MAX) { /* of this window nothing is taken */
        list->scheduler_more = true;
        list->scanned_ns = list->to_ns;
        answer(list);
        return;
    }
    if (page->next && list->span_ns > SPAN_MIN_NS) {
        list->span_ns = MAX(list->span_ns / SPAN_FACTOR, SPAN_MIN_NS);
        read_instances(list);
        return;
    }
    if (page->next) {
        exchange_answer_problem(&list->base.base, http_problem_of_status(503),
                                "more requests at one instant than can be turned round");
        return;
    }
    take_items(list, page);
    list->to_ns -= list->span_ns;
    list->span_ns = list->span_ns > INT64_MAX / SPAN_FACTOR ? INT64_MAX : list->span_ns * SPAN_FACTOR;
    list->span_ns = MIN(list->span_ns, list->to_ns);
    list->scheduler_more = list->to_ns > 1;
    list->scanned_ns = list->to_ns;
    if (!list->scheduler_more || far_enough(list, list->to_ns))
        answer(list);
    else
        read_instances(list);
}

static void on_instances(struct exchange *exchange)
{
    struct merged_list *list = list_of(exchange);
    if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else if (list->filter.newest_first)
        go_on_down(list);
    else
        go_on_up(list);
}

/* --- the book --- */

static void on_book(struct exchange *exchange);

static enum status read_book(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct merged_list *list = list_of(&exchange->base);
    struct review_filter filter = list->filter;
    if (list->walks > 0) {
        filter.after_ns = list->bound_ns;
        filter.after_id = list->walked_id;
        filter.limit -= json_array_size(list->items);
    }
    return review_book_list(book, &filter, &exchange->json, &list->walk, err);
}

/* One job after another, so that what others do in the book comes between. */
static void walk_on(struct merged_list *list)
{
    list->bound_ns = list->walk.at_ns;
    memcpy(list->walked_id, list->walk.at_id, sizeof list->walked_id);
    list->walks++;
    book_exchange_read(&list->base, read_book, on_book);
}

static void take_from_book(struct merged_list *list)
{
    size_t count = json_array_size(list->base.json);
    json_array_extend(list->items, list->base.json);
    list->scanned += (size_t)list->walk.rows;
    list->book_more = list->walk.cut || json_array_size(list->items) == list->filter.limit;
    if (list->walk.cut)
        list->bound_ns = list->walk.at_ns;
    else if (count > 0)
        list->bound_ns = place_of(json_array_get(list->base.json, count - 1));
}

static void on_book(struct exchange *exchange)
{
    struct merged_list *list = list_of(exchange);
    if (exchange->status == DT_INVALID_ARGUMENT) {
        exchange_answer_problem(exchange, http_problem_of_status(400), exchange->text);
        return;
    }
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    take_from_book(list);
    if (list->book_more &&
        list->filter.newest_first) /* what is behind that page is not wanted: one window up to its end */
        list->span_ns = MAX(list->to_ns - list->bound_ns, SPAN_MIN_NS);
    if (list->walk.cut && list->walks + 1 < APP_PAGE_WALKS_MAX)
        walk_on(list);
    else if (list->book_only || !app_service_connected(exchange->service, NULL))
        answer(list);
    else
        read_instances(list);
}

/* --- the query --- */

/* "asc:CREATED:ID", "desc:CREATED:ID" or "deadline:DEADLINE:ID", as the order is. */
static bool parse_after(struct merged_list *list, struct bytes after)
{
    struct bytes order = bytes_split(&after, ':'), place = bytes_split(&after, ':');
    uint64_t created_ns;
    if (!bytes_equal_cstr(order, order_of(list)) || bytes_parse_u64(place, &created_ns) != STATUS_OK ||
        created_ns > INT64_MAX - SKEW_NS)
        return false;
    if (after.size == 0 || after.size >= sizeof list->after_id || memchr(after.data, '\0', after.size))
        return false;
    list->filter.after_ns = (int64_t)created_ns;
    memcpy(list->after_id, after.data, after.size);
    list->filter.after_id = list->after_id;
    return true;
}

static const char *take_states(struct merged_list *list, struct bytes states)
{
    while (states.size > 0) {
        enum request_state state = request_state_from_name(bytes_split(&states, ','));
        if (state == REQUEST_STATE_COUNT || list->filter.state_count == STATES_MAX)
            return "The value of state is none of queued, running, waiting, changes-requested, approved, "
                   "rejected, "
                   "timed-out, failed, cancelled, or several of them with commas between.";
        list->states[list->filter.state_count++] = request_state_name(state);
    }
    list->filter.states = list->states;
    return NULL;
}

static const char *own_text(struct merged_list *list, size_t index, struct bytes text)
{
    list->texts[index] = strndup((const char *)text.data, text.size);
    list->no_memory = list->no_memory || !list->texts[index];
    return list->texts[index];
}

static bool take_time(struct bytes text, int64_t *ret_ns)
{
    return !text.data || time_parse(text, ret_ns) == STATUS_OK;
}

static const char *take_book_filters(struct merged_list *list, struct http_request *request)
{
    struct bytes submitter = http_request_query(request, "submitter"),
                 reviewer = http_request_query(request, "reviewer"),
                 label = http_request_query(request, "label");
    struct bytes text = http_request_query(request, "q"), rule = http_request_query(request, "rule");
    struct bytes since = http_request_query(request, "since"), until = http_request_query(request, "until");
    const struct review_viewer *viewer = &list->base.viewer.viewer;
    list->filter.own_of = app_viewer_looks_around(viewer) ? NULL : list->base.person.id;
    list->filter.viewer = viewer->is_known && !viewer->sees_all ? viewer : NULL;
    list->book_only = list->filter.own_of || submitter.data || label.data || text.data || since.data ||
                      until.data || rule.data || reviewer.data || list->filter.by_deadline;
    if (text.data && list->filter.by_deadline)
        return "Words are looked for in the order of time: q does not go with order=deadline.";
    if (submitter.data)
        list->filter.submitter = own_text(list, 0, submitter);
    if (text.data)
        list->filter.text = own_text(list, 1, text);
    if (label.data) {
        struct bytes key = bytes_split(&label, ':');
        list->filter.label_key = own_text(list, 2, key);
        list->filter.label_value = own_text(list, 3, label);
    }
    if (reviewer.data)
        list->filter.reviewer = own_text(list, 5, reviewer);
    if (rule.data)
        list->filter.rule = own_text(list, 4, rule);
    if (!take_time(since, &list->filter.since_ns) || !take_time(until, &list->filter.until_ns))
        return "The values of since and until must be times such as 2026-01-31T12:00:00Z.";
    return NULL;
}

static const char *take_page(struct merged_list *list, struct http_request *request)
{
    struct bytes limit = http_request_query(request, "limit"), order = http_request_query(request, "order");
    struct bytes after = http_request_query(request, "after");
    uint64_t size = APP_PAGE_SIZE_DEFAULT;
    list->filter.newest_first = bytes_equal_cstr(order, "desc");
    list->filter.by_deadline = bytes_equal_cstr(order, "deadline");
    if (limit.data && (bytes_parse_u64(limit, &size) != STATUS_OK || size < 1 || size > APP_PAGE_SIZE_MAX))
        return "The value of limit must be 1 to " DIGITS_OF(APP_PAGE_SIZE_MAX) " (limit app-page-size-max).";
    if (order.data && !bytes_equal_cstr(order, order_of(list)))
        return "The value of order must be asc, desc or deadline.";
    list->filter.limit = size;
    if (after.size > 0 && !parse_after(list, after))
        return "The value of after is not the \"next\" of a page in this order.";
    list->span_ns = SPAN_FIRST_NS;
    list->to_ns = list->filter.after_ns + 1;
    if (list->filter.after_ns == 0) {
        list->to_ns = clock_unix_ns() + SKEW_NS;
        list->span_ns += SKEW_NS;
    }
    return NULL;
}

void list_with_book(struct app_service *service, struct http_request *request)
{
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct merged_list), list_free);
    if (!exchange)
        return;
    struct merged_list *list = list_of(&exchange->base);
    list->items = json_array();
    const char *refusal = take_states(list, http_request_query(request, "state"));
    if (!refusal)
        refusal = take_page(list, request);
    if (!refusal)
        refusal = take_book_filters(list, request);
    if (refusal)
        exchange_answer_problem(&exchange->base, http_problem_of_status(400), refusal);
    else if (list->no_memory)
        exchange_answer_no_memory(&exchange->base);
    else
        book_exchange_read(exchange, read_book, on_book);
}
