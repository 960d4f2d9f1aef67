/* SPDX-License-Identifier: MIT */
/* webhook_service.c — the route table; each request is one job in the book, then one answer. */
#include "svc/webhook/webhook_service.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "core/notice/event.h"
#include "net/http_link.h"
#include "os/clock.h"
#include "svc/webhook/limit_values.h"
#include "svc/webhook/webhook_format.h"
#include "svc/webhook/webhook_schemas.h"
#include "wire/json/json.h"

#define PAGE_DEFAULT 50
#define NAME_SIZE    (WEBHOOK_NAME_SIZE_MAX + 1)

enum webhook_problem { UNKNOWN_WEBHOOK, UNKNOWN_DELIVERY, NAME_TAKEN, TOO_MANY, REPLACED };

static const struct http_problem problems[] = {
    [UNKNOWN_WEBHOOK] = {404, "unknown-webhook", "There is no such webhook."},
    [UNKNOWN_DELIVERY] = {404, "unknown-delivery", "The webhook has no such delivery."},
    [NAME_TAKEN] = {409, "webhook-name-taken", "Another webhook has this name."},
    [TOO_MANY] = {429, "too-many-webhooks", "There are as many webhooks as there may be."},
    [REPLACED] = {412, "webhook-replaced", "The webhook was changed meanwhile."},
};

/* --- a request that waits for the book --- */

/* Freed when the job is done, whether or not somebody still waits. */
struct webhook_call {
    struct review_job job;
    struct webhook_service *service;
    struct http_request *request; /* NULL: the peer is gone */
    enum status (*act)(struct webhook_call *call, struct review_book *book, struct err *err);
    int http_status; /* of success */
    /* Who asks. */
    char person_id[256], person_name[256];
    struct review_person by;
    /* What is asked. */
    char name[NAME_SIZE + 40]; /* or an id */
    int64_t number;            /* of a delivery */
    struct review_page page;
    json_t *root; /* to which texts of `body` belong */
    struct webhook_body body;
    char id[GUID_TEXT_SIZE + 1]; /* of a new one */
    char match[256];             /* which one a change is to replace; "": any */
    /* What came of it. */
    json_t *json;
    int64_t next;
    enum webhook_outcome outcome;
    bool refused;       /* `body` says why */
    bool found_webhook; /* and NOT_FOUND is of the delivery */
};

static void call_free(struct webhook_call *call)
{
    OPENSSL_cleanse(call->body.secret, sizeof call->body.secret);
    json_decref(call->root);
    json_decref(call->json);
    free(call);
}

static void respond_json(struct http_request *request, int http_status, const json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (text)
        http_respond(request, http_status, "application/json", bytes_of_cstr(text));
    else
        http_respond_no_memory(request);
    free(text);
}

static void on_gone(void *context)
{
    ((struct webhook_call *)context)->request = NULL;
}

static void answer_failure(const struct webhook_call *call, enum status status, const struct err *err)
{
    if (status == STATUS_NOT_FOUND && call->found_webhook)
        http_respond_problem(call->request, &problems[UNKNOWN_DELIVERY],
                             "The webhook has no delivery of this number, or not any more.");
    else if (status == STATUS_NOT_FOUND)
        http_respond_problem(call->request, &problems[UNKNOWN_WEBHOOK], "No webhook has this id or name.");
    else
        http_respond_failure(call->request, 503, err->text);
}

/* Of a list: where its next page is. False without memory. */
static bool add_link(const struct webhook_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0};
    if (call->next == 0)
        return true;
    buf_append_cstr(&path, "/v1/webhooks/");
    percent_encode(&path, bytes_of_cstr(call->name), NULL);
    buf_append_cstr(&path, "/deliveries");
    buf_append_byte(&path, '\0');
    return buf_status(&path) == STATUS_OK &&
           http_link_next_number(call->request, (const char *)buf_peek(&path).data, call->next);
}

/* Of a webhook: what If-Match names. False without memory. */
static bool add_tag(const struct webhook_call *call)
{
    char tag[64];
    const char *version = json_member_text(call->json, "version");
    (void)snprintf(tag, sizeof tag, "\"%s\"", text_or(version, ""));
    return !version || http_response_header(call->request, "ETag", bytes_of_cstr(tag)) == STATUS_OK;
}

static void answer(const struct webhook_call *call, enum status status, const struct err *err)
{
    if (status != STATUS_OK)
        answer_failure(call, status, err);
    else if (call->refused)
        http_respond_failure(call->request, 400, call->body.fault);
    else if (call->outcome == WEBHOOK_NAME_TAKEN)
        http_respond_problem(call->request, &problems[NAME_TAKEN], "Another webhook has this name.");
    else if (call->outcome == WEBHOOK_TOO_MANY)
        http_respond_problem(call->request, &problems[TOO_MANY],
                             "There are " DIGITS_OF(WEBHOOKS_MAX) " webhooks already (limit webhooks-max).");
    else if (call->outcome == WEBHOOK_REPLACED)
        http_respond_problem(call->request, &problems[REPLACED],
                             "The webhook is another than the one that If-Match names.");
    else if (!add_tag(call) || !add_link(call))
        http_respond_no_memory(call->request);
    else
        respond_json(call->request, call->http_status, call->json);
}

static void on_done(struct review_job *job, enum status status, const struct err *err)
{
    struct webhook_call *call = CONTAINER_OF(job, struct webhook_call, job);
    if (call->request)
        answer(call, status, err);
    call_free(call);
}

static enum status perform(struct review_job *job, struct review_book *book, struct err *err)
{
    struct webhook_call *call = CONTAINER_OF(job, struct webhook_call, job);
    json_decref(call->json); /* of the try before */
    call->json = NULL;
    call->found_webhook = false;
    return call->act(call, book, err);
}

/* NULL: it is answered. */
static struct webhook_call *begin(struct webhook_service *service, struct http_request *request)
{
    struct bytes name = http_request_value(request);
    const struct principal *principal = http_request_principal(request);
    struct webhook_call *call = calloc(1, sizeof *call);
    if (!call) {
        http_respond_no_memory(request);
        return NULL;
    }
    if (name.size >= sizeof call->name || (name.size > 0 && memchr(name.data, '\0', name.size))) {
        free(call);
        http_respond_problem(request, &problems[UNKNOWN_WEBHOOK], "No webhook has this id or name.");
        return NULL;
    }
    call->service = service;
    call->request = request;
    call->http_status = 200;
    (void)snprintf(call->name, sizeof call->name, "%.*s", BYTES_FMT(name));
    (void)snprintf(call->person_id, sizeof call->person_id, "%s", principal->id);
    (void)snprintf(call->person_name, sizeof call->person_name, "%s", principal->name);
    call->by = (struct review_person){.id = call->person_id, .name = call->person_name};
    return call;
}

static void run(struct webhook_call *call, bool reads_only,
                enum status (*act)(struct webhook_call *call, struct review_book *book, struct err *err))
{
    call->act = act;
    call->job = (struct review_job){.perform = perform, .on_done = on_done, .reads_only = reads_only};
    http_request_on_gone(call->request, on_gone, call);
    review_store_run(call->service->store, &call->job);
}

/* False: it is answered. */
static bool read_body(struct webhook_call *call, bool is_new)
{
    struct err err = {0};
    json_t *root = NULL;
    const char *fault = NULL;
    if (json_parse(http_request_body(call->request), NULL, &root, &err) != STATUS_OK || !json_is_object(root))
        fault = "The body must be a JSON object.";
    else if (!webhook_body_read(root, is_new, &call->body) ||
             (is_new && !webhook_body_fits(&call->body, NULL, &call->service->means)))
        fault = call->body.fault;
    call->root = root;
    if (!fault)
        return true;
    http_respond_failure(call->request, 400, fault);
    call_free(call);
    return false;
}

/* --- webhooks --- */

/* With what a page needs to offer a choice. */
static enum status list(struct webhook_call *call, struct review_book *book, struct err *err)
{
    json_t *webhooks = NULL, *events = json_array();
    enum status status = webhook_book_list(book, &webhooks, err);
    for (size_t i = 0; notice_event_name(i); i++)
        json_array_append_new(events, json_string(notice_event_name(i)));
    call->json = json_pack("{s:o*, s:o, s:o}", "webhooks", webhooks, "events", events, "formats",
                           webhook_formats_json(&call->service->means));
    return status;
}

static void on_list(void *context, struct http_request *request)
{
    struct webhook_call *call = begin(context, request);
    if (call)
        run(call, true, list);
}

/* The one time that the secret is shown; of what signs nothing it is not. */
static void show_secret(struct webhook_call *call)
{
    const char *format = json_member_text(call->json, "format");
    bool is_signed = format && webhook_format_way(format) != WEBHOOK_BY_MAIL;
    if (is_signed && call->body.draft.secret)
        json_object_set_new(call->json, "secret", json_string(call->body.draft.secret));
}

static enum status add(struct webhook_call *call, struct review_book *book, struct err *err)
{
    call->body.draft.id = call->id;
    enum status status = webhook_book_add(book, &call->body.draft, &call->by, clock_unix_ns(), &call->outcome,
                                          &call->json, err);
    show_secret(call);
    return status;
}

static void on_add(void *context, struct http_request *request)
{
    uint8_t random[16];
    struct webhook_call *call = begin(context, request);
    if (!call || !read_body(call, true))
        return;
    entropy_fill(random, sizeof random);
    guid_format(random, call->id);
    call->http_status = 201;
    run(call, false, add);
}

static enum status show(struct webhook_call *call, struct review_book *book, struct err *err)
{
    return webhook_book_read(book, call->name, &call->json, err);
}

static void on_show(void *context, struct http_request *request)
{
    struct webhook_call *call = begin(context, request);
    if (call)
        run(call, true, show);
}

/* What is given must fit to what stays. */
static enum status change(struct webhook_call *call, struct review_book *book, struct err *err)
{
    json_t *present = NULL;
    enum status status = webhook_book_read(book, call->name, &present, err);
    call->refused = status == STATUS_OK && !webhook_body_fits(&call->body, present, &call->service->means);
    json_decref(present);
    if (status != STATUS_OK || call->refused)
        return status;
    status = webhook_book_change(book, call->name, &call->body.draft, &call->by, clock_unix_ns(),
                                 &call->outcome, &call->json, err);
    show_secret(call);
    return status;
}

/* A list that is cut names none that is cut off: too long, it is refused. */
static void read_match(struct webhook_call *call)
{
    struct bytes match = http_request_header(call->request, "If-Match");
    (void)snprintf(call->match, sizeof call->match, "%.*s", BYTES_FMT(match));
    call->body.draft.replaces = match.data ? call->match : NULL;
}

static void on_change(void *context, struct http_request *request)
{
    struct webhook_call *call = begin(context, request);
    if (!call || !read_body(call, false))
        return;
    read_match(call);
    run(call, false, change);
}

static enum status delete (struct webhook_call *call, struct review_book *book, struct err *err) {
    return webhook_book_delete(book, call->name, call->body.draft.replaces, &call->by, clock_unix_ns(),
                               &call->outcome, &call->json, err);
}

static void on_delete(void *context, struct http_request *request)
{
    struct webhook_call *call = begin(context, request);
    if (!call)
        return;
    read_match(call);
    run(call, false, delete);
}

static enum status ping(struct webhook_call *call, struct review_book *book, struct err *err)
{
    return webhook_book_ping(book, call->name, &call->by, clock_unix_ns(), &call->json, err);
}

static void on_ping(void *context, struct http_request *request)
{
    struct webhook_call *call = begin(context, request);
    if (!call)
        return;
    call->http_status = 202;
    run(call, false, ping);
}

/* --- deliveries --- */

static enum status list_deliveries(struct webhook_call *call, struct review_book *book, struct err *err)
{
    json_t *deliveries = NULL;
    enum status status =
        webhook_book_deliveries(book, call->name, &call->page, &deliveries, &call->next, err);
    if (status != STATUS_OK)
        return status;
    call->json = json_pack("{s:o}", "deliveries", deliveries);
    if (call->next > 0)
        json_object_set_new(call->json, "next", json_integer((json_int_t)call->next));
    return STATUS_OK;
}

/* A number of the query, or `absent`. False: it is none, or out of range. */
static bool read_number(struct http_request *request, const char *name, int64_t most, int64_t absent,
                        int64_t *ret_number)
{
    struct bytes text = http_request_query(request, name);
    *ret_number = absent;
    return !text.data ||
           (bytes_parse_i64(text, ret_number) == STATUS_OK && *ret_number >= 1 && *ret_number <= most);
}

static bool read_page(struct http_request *request, struct review_page *ret_page)
{
    int64_t after, limit;
    struct bytes order = http_request_query(request, "order");
    bool oldest_first = bytes_equal_cstr(order, "asc");
    if (!read_number(request, "after", INT64_MAX, 0, &after) ||
        !read_number(request, "limit", WEBHOOK_PAGE_MAX, PAGE_DEFAULT, &limit) ||
        (order.data && !oldest_first && !bytes_equal_cstr(order, "desc")))
        return false;
    *ret_page = (struct review_page){.after = after, .limit = (size_t)limit, .oldest_first = oldest_first};
    return true;
}

static void on_list_deliveries(void *context, struct http_request *request)
{
    struct review_page page;
    if (!read_page(request, &page)) {
        http_respond_failure(request, 400,
                             "\"after\" is the number of a delivery, \"limit\" a number from 1 to " DIGITS_OF(
                                 WEBHOOK_PAGE_MAX) " (limit webhook-page-max), \"order\" asc or desc.");
        return;
    }
    struct webhook_call *call = begin(context, request);
    if (!call)
        return;
    call->page = page;
    run(call, true, list_deliveries);
}

/* NULL: it is answered. */
static struct webhook_call *begin_delivery(struct webhook_service *service, struct http_request *request)
{
    int64_t number;
    if (bytes_parse_i64(http_request_second_value(request), &number) != STATUS_OK || number < 1) {
        http_respond_problem(request, &problems[UNKNOWN_DELIVERY], "A delivery has a number.");
        return NULL;
    }
    struct webhook_call *call = begin(service, request);
    if (call)
        call->number = number;
    return call;
}

/* So that NOT_FOUND is told apart. */
static enum status find_webhook(struct webhook_call *call, struct review_book *book, struct err *err)
{
    json_t *webhook = NULL;
    enum status status = webhook_book_read(book, call->name, &webhook, err);
    json_decref(webhook);
    call->found_webhook = status == STATUS_OK;
    return status;
}

static enum status show_delivery(struct webhook_call *call, struct review_book *book, struct err *err)
{
    enum status status = find_webhook(call, book, err);
    if (status != STATUS_OK)
        return status;
    return webhook_book_delivery(book, call->name, call->number, &call->json, err);
}

static void on_show_delivery(void *context, struct http_request *request)
{
    struct webhook_call *call = begin_delivery(context, request);
    if (call)
        run(call, true, show_delivery);
}

static enum status replay(struct webhook_call *call, struct review_book *book, struct err *err)
{
    enum status status = find_webhook(call, book, err);
    if (status != STATUS_OK)
        return status;
    return webhook_book_replay(book, call->name, call->number, &call->by, clock_unix_ns(), &call->json, err);
}

static void on_replay(void *context, struct http_request *request)
{
    struct webhook_call *call = begin_delivery(context, request);
    if (!call)
        return;
    call->http_status = 202;
    run(call, false, replay);
}

/* --- routes --- */

#define BODY .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_COMMON

static const struct http_route routes[] = {
    {"GET", "/v1/webhooks", "", ACCESS_OPERATE, .handle = on_list,
     .summary = "The webhooks, and what there is to be told of"},
    {"POST", "/v1/webhooks", "", ACCESS_OPERATE, BODY, .handle = on_add,
     .summary = "Have a receiver told of events; the answer alone has the secret"},
    {"GET", "/v1/webhooks/{id}", "", ACCESS_OPERATE, .handle = on_show, .summary = "One webhook"},
    {"PATCH", "/v1/webhooks/{id}", "", ACCESS_OPERATE, BODY, .handle = on_change,
     .summary = "Change, pause or resume a webhook, or give it another secret"},
    {"DELETE", "/v1/webhooks/{id}", "", ACCESS_OPERATE, .handle = on_delete,
     .summary = "Delete a webhook with its deliveries"},
    {"POST", "/v1/webhooks/{id}/ping", "", ACCESS_OPERATE, .handle = on_ping,
     .summary = "Send an event that says nothing"},
    {"GET", "/v1/webhooks/{id}/deliveries", "after limit order", ACCESS_OPERATE, .handle = on_list_deliveries,
     .summary = "What was and will be delivered, newest first"},
    {"GET", "/v1/webhooks/{id}/deliveries/{number}", "", ACCESS_OPERATE, .handle = on_show_delivery,
     .summary = "One delivery: the event, and each attempt with its answer"},
    {"POST", "/v1/webhooks/{id}/deliveries/{number}/replay", "", ACCESS_OPERATE, .handle = on_replay,
     .summary = "Send the same event under the same id once more"},
};

struct http_part webhook_service_part(struct webhook_service *service)
{
    return (struct http_part){.name = "webhooks",
                              .rated = true,
                              .tagged = true,
                              .where = "/app",
                              .prefix = "",
                              .claims = "/v1/webhooks",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .body_limits = {[HTTP_BODY_SMALL] = WEBHOOK_BODY_SIZE_MAX,
                                              [HTTP_BODY_COMMON] = WEBHOOK_BODY_SIZE_MAX,
                                              [HTTP_BODY_UPLOAD] = WEBHOOK_BODY_SIZE_MAX,
                                              [HTTP_BODY_FILES] = WEBHOOK_BODY_SIZE_MAX},
                              .schemas = webhook_schemas,
                              .problems = problems,
                              .problem_count = ARRAY_SIZE(problems),
                              .context = service};
}
