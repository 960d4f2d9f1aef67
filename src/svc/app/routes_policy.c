/* SPDX-License-Identifier: MIT */
/* routes_policy.c — the policy over HTTP: the one in force, its versions, and another in its place. Who applies one says by If-Match
 * which version they have seen, so that nobody undoes another's change without knowing. */
#include <inttypes.h>
#include <stdio.h>

#include "net/http_link.h"
#include "os/clock.h"
#include "store/review/policy_book.h"
#include "svc/app/body.h"
#include "svc/app/rehearsal.h"

struct policy_exchange {
    struct book_exchange base;
    struct policy_draft draft; /* its texts are the next two */
    struct buf text;
    char comment[APP_COMMENT_SIZE_MAX + 1];
    struct policy_applied applied;
    int64_t version;         /* that is looked at */
    struct review_page page; /* of a list … */
    int64_t next;            /* … and where the next one begins; 0: there is none */
};

static struct policy_exchange *own_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct policy_exchange, base.base);
}

static void own_free(struct exchange *exchange)
{
    struct policy_exchange *own = own_of(exchange);
    buf_fini(&own->text);
    json_decref(own->applied.version);
    book_exchange_free(exchange);
}

/* NULL: it is answered. */
static struct policy_exchange *begin(struct app_service *service, struct http_request *request)
{
    if (book_exchange_refuse_without_book(service, request))
        return NULL;
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct policy_exchange), own_free);
    return exchange ? own_of(&exchange->base) : NULL;
}

/* The version as a tag. False without memory. */
static bool add_etag(struct exchange *exchange, const json_t *version)
{
    char tag[32];
    (void)snprintf(tag, sizeof tag, "\"%" PRId64 "\"",
                   (int64_t)json_integer_value(json_object_get(version, "version")));
    return !exchange->request ||
           http_response_header(exchange->request, "ETag", bytes_of_cstr(tag)) == STATUS_OK;
}

static void answer_version(struct exchange *exchange, int http_status, json_t *version)
{
    if (add_etag(exchange, version))
        exchange_answer_json(exchange, http_status, json_incref(version));
    else
        exchange_answer_no_memory(exchange);
}

/* --- GET /v1/policy, /v1/policy/versions/{number} --- */

static enum status read_version(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return policy_book_read(book, own_of(&exchange->base)->version, &exchange->json, err);
}

static void on_read(struct exchange *exchange)
{
    if (exchange->status == DT_OK)
        answer_version(exchange, 200, own_of(exchange)->base.json);
    else if (exchange->status == DT_NOT_FOUND)
        exchange_answer_problem(exchange, &app_problems[APP_UNKNOWN_POLICY],
                                "There is no version of the policy with this number.");
    else
        exchange_answer_failure(exchange);
}

static void begin_read(struct app_service *service, struct http_request *request, int64_t version)
{
    struct policy_exchange *own = begin(service, request);
    if (!own)
        return;
    own->version = version;
    book_exchange_act(&own->base, true, read_version, on_read);
}

void route_policy_get(struct app_service *service, struct http_request *request, struct bytes id)
{
    begin_read(service, request, POLICY_ANY_VERSION);
}

void route_policy_version(struct app_service *service, struct http_request *request, struct bytes id)
{
    int64_t version;
    if (bytes_parse_i64(id, &version) != STATUS_OK || version < 0)
        http_respond_problem(request, &app_problems[APP_UNKNOWN_POLICY],
                             "A version of the policy has a number.");
    else
        begin_read(service, request, version);
}

/* --- GET /v1/policy/versions --- */

static enum status list_versions(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct policy_exchange *own = own_of(&exchange->base);
    return policy_book_list(book, &own->page, &exchange->json, &own->next, err);
}

static void on_listed(struct exchange *exchange)
{
    struct policy_exchange *own = own_of(exchange);
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    policy_page_answer(exchange, "/v1/policy/versions", json_pack("{s:O}", "versions", own->base.json),
                       own->next);
}

void policy_page_answer(struct exchange *exchange, const char *path, json_t *body, int64_t next)
{
    bool linked = next == 0 || !exchange->request || http_link_next_number(exchange->request, path, next);
    if (linked && next > 0)
        json_object_set_new(body, "next", json_integer((json_int_t)next));
    if (linked) {
        exchange_answer_json(exchange, 200, body);
        return;
    }
    json_decref(body);
    exchange_answer_no_memory(exchange);
}

bool policy_page_read(struct http_request *request, struct review_page *ret_page)
{
    struct bytes after = http_request_query(request, "after"), limit = http_request_query(request, "limit");
    struct bytes order = http_request_query(request, "order");
    uint64_t number = 0, size = APP_PAGE_SIZE_DEFAULT;
    bool fits =
        !limit.data || (bytes_parse_u64(limit, &size) == STATUS_OK && size >= 1 && size <= APP_PAGE_SIZE_MAX);
    bool placed = !after.data || (bytes_parse_u64(after, &number) == STATUS_OK && number <= INT64_MAX);
    bool oldest_first = bytes_equal_cstr(order, "asc");
    bool ordered = !order.data || oldest_first || bytes_equal_cstr(order, "desc");
    *ret_page = (struct review_page){.after = (int64_t)number, .limit = size, .oldest_first = oldest_first};
    if (fits && placed && ordered)
        return true;
    http_respond_failure(
        request, 400,
        "\"limit\" is 1 to " DIGITS_OF(APP_PAGE_SIZE_MAX) " (limit app-page-size-max), \"after\" a whole "
                                                          "number, \"order\" asc or desc.");
    return false;
}

void route_policy_versions(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct review_page page;
    if (!policy_page_read(request, &page))
        return;
    struct policy_exchange *own = begin(service, request);
    if (!own)
        return;
    own->page = page;
    book_exchange_act(&own->base, true, list_versions, on_listed);
}

/* --- GET /v1/policy/rules --- */

static enum status list_rules(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return policy_book_rules(book, clock_unix_ns(), &exchange->json, err);
}

static void on_rules(struct exchange *exchange)
{
    if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else
        exchange_answer_json(exchange, 200, json_incref(own_of(exchange)->base.json));
}

void route_policy_rules(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct policy_exchange *own = begin(service, request);
    if (own)
        book_exchange_act(&own->base, true, list_rules, on_rules);
}

/* --- POST /v1/policy/rehearse --- */

static struct rehearse_exchange *rehearse_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct rehearse_exchange, base.base);
}

static void rehearse_free(struct exchange *exchange)
{
    struct rehearse_exchange *own = rehearse_of(exchange);
    buf_fini(&own->text);
    json_decref(own->rows);
    json_decref(own->policy);
    book_exchange_free(exchange);
}

/* Where the fault is, what was expected there and which known word is near. */
static void refuse_fault(struct exchange *exchange, const struct yaml_tree_fault *fault)
{
    json_t *body = app_problem_json(APP_POLICY_REFUSED, fault->text);
    if (fault->line > 0) {
        json_object_set_new(body, "line", json_integer(fault->line));
        json_object_set_new(body, "column", json_integer(fault->column));
    }
    exchange_answer_refusal(exchange, app_problems[APP_POLICY_REFUSED].http_status, body);
}

static void on_rehearsed(struct exchange *exchange)
{
    struct rehearse_exchange *own = rehearse_of(exchange);
    if (exchange->status == DT_INVALID_ARGUMENT)
        refuse_fault(exchange, &own->fault);
    else if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else
        exchange_answer_json(exchange, 200,
                             json_pack("{s:I, s:I, s:O, s:O}", "changed", (json_int_t)own->changed, "of",
                                       (json_int_t)json_array_size(own->rows), "rows", own->rows, "policy",
                                       own->policy));
}

void route_policy_rehearse(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct bytes last = http_request_query(request, "last");
    uint64_t count = APP_REHEARSED_DEFAULT;
    if (last.data && (bytes_parse_u64(last, &count) != STATUS_OK || count > APP_REHEARSED_MAX)) {
        http_respond_failure(request, 400,
                             "\"last\" is 0 to " DIGITS_OF(APP_REHEARSED_MAX) " (limit app-rehearsed-max).");
        return;
    }
    if (book_exchange_refuse_without_book(service, request))
        return;
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct rehearse_exchange), rehearse_free);
    if (!exchange)
        return;
    struct rehearse_exchange *own = rehearse_of(&exchange->base);
    own->last = count;
    buf_append_bytes(&own->text, body_text(request));
    if (buf_status(&own->text) != STATUS_OK)
        exchange_answer_no_memory(&exchange->base);
    else if (!rehearsal_begin(own, on_rehearsed))
        exchange_answer_problem(&exchange->base, http_problem_of_status(503),
                                "Too many rehearsals are under way (limit app-rehearsals-max).");
}

/* --- PUT /v1/policy --- */

static enum status apply(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct policy_exchange *own = own_of(&exchange->base);
    json_decref(own->applied.version); /* of the try before */
    own->applied.version = NULL;
    return policy_book_apply(book, &own->draft, clock_unix_ns(), &own->applied, err);
}

static void refuse_replaced(struct exchange *exchange, const json_t *version)
{
    json_t *body = app_problem_json(APP_POLICY_REPLACED,
                                    "Another version is in force than the one that If-Match names.");
    json_object_set(body, "version", json_object_get(version, "version"));
    exchange_answer_refusal(exchange, app_problems[APP_POLICY_REPLACED].http_status, body);
}

static void on_applied(struct exchange *exchange)
{
    struct policy_exchange *own = own_of(exchange);
    exchange->carries_on = false;
    if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else if (own->applied.outcome == POLICY_APPLY_REFUSED)
        refuse_fault(exchange, &own->applied.fault);
    else if (own->applied.outcome == POLICY_APPLY_OUTDATED)
        refuse_replaced(exchange, own->applied.version);
    else
        answer_version(exchange, 200, own->applied.version);
}

/* If-Match: "*", or the number of a version in quotes. False: it is neither, or not there. */
static bool read_match(struct http_request *request, int64_t *ret_version)
{
    struct bytes match = bytes_trim(http_request_header(request, "If-Match"));
    *ret_version = POLICY_ANY_VERSION;
    if (bytes_equal_cstr(match, "*"))
        return true;
    if (match.size < 3 || match.data[0] != '"' || match.data[match.size - 1] != '"')
        return false;
    return bytes_parse_i64(bytes_slice(match, 1, match.size - 2), ret_version) == STATUS_OK &&
           *ret_version >= 0;
}

/* Why it cannot be applied here, whatever it says; NULL: it can. */
static const struct http_problem *refusal_of(const struct app_service *service, struct http_request *request,
                                             struct policy_draft *draft, const char **ret_detail)
{
    struct bytes comment = http_request_query(request, "comment");
    if (service->compat_sample) {
        *ret_detail = "This server answers as the sample does (setting compat), which knows no policy.";
        return &app_problems[APP_NOT_NOW];
    }
    if (bytes_trim(body_text(request)).size == 0) {
        *ret_detail = "The body is empty. A policy without rules is \"defaults: {}\".";
        return http_problem_of_status(400);
    }
    if (!read_match(request, &draft->replaces)) {
        *ret_detail = "Say which version this one is to replace: If-Match with its ETag, or \"*\" for any.";
        return &app_problems[APP_POLICY_UNMATCHED];
    }
    if (comment.size > APP_COMMENT_SIZE_MAX || !bytes_utf8_valid(comment) ||
        memchr(comment.data ? comment.data : (const uint8_t *)"x", '\0', comment.size)) {
        *ret_detail = "\"comment\" is a text of at most " DIGITS_OF(
            APP_COMMENT_SIZE_MAX) " bytes (limit app-comment-size-max).";
        return http_problem_of_status(400);
    }
    return NULL;
}

void route_policy_apply(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct policy_draft draft = {.via = "api"};
    const char *detail = NULL;
    const struct http_problem *refusal = refusal_of(service, request, &draft, &detail);
    if (refusal) {
        http_respond_problem(request, refusal, detail);
        return;
    }
    struct policy_exchange *own = begin(service, request);
    if (!own)
        return;
    struct bytes comment = http_request_query(request, "comment");
    buf_append_bytes(&own->text, body_text(request));
    (void)snprintf(own->comment, sizeof own->comment, "%.*s", BYTES_FMT(comment));
    own->draft = draft;
    own->draft.by = own->base.person;
    own->draft.comment = comment.size > 0 ? own->comment : NULL;
    own->draft.text = buf_peek(&own->text);
    if (buf_status(&own->text) != STATUS_OK) {
        exchange_answer_no_memory(&own->base.base);
        return;
    }
    own->base.base.carries_on = true;
    book_exchange_act(&own->base, false, apply, on_applied);
}
