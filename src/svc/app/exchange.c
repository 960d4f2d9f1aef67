/* SPDX-License-Identifier: MIT */
/* exchange.c — between the loop's thread, where HTTP lives, and the client's thread, where replies come. */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/no_memory.h"
#include "base/text.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define AREA          "svc/app"
#define RETRY_AFTER_S "2" /* a hint to clients while the scheduler does not answer */

/* What the last call brought; at the latest when the next one begins, so that a step never sees an older answer. */
static void drop_reply(struct exchange *exchange)
{
    dt_instance_destroy(exchange->instance);
    exchange->instance = NULL;
    if (exchange->page) {
        json_decref(exchange->page->items);
        free(exchange->page->places);
        free(exchange->page->next);
        free(exchange->page);
        exchange->page = NULL;
    }
}

/* Frees the exchange once nothing refers to it: answered or left by its peer, no call under way, no timer
 * set. */
static void release_if_over(struct exchange *exchange)
{
    if (exchange->request || exchange->calling || exchange->carries_on || exchange->timer.loop)
        return;
    list_remove(&exchange->link);
    drop_reply(exchange);
    if (exchange->on_free)
        exchange->on_free(exchange);
    free(exchange);
}

/* INVARIANT: `timer.loop` is set exactly while it runs; release_if_over asks it. */
static void cancel_timer(struct exchange *exchange)
{
    loop_timer_cancel(&exchange->timer);
    exchange->timer.loop = NULL;
}

static void on_gone(void *context)
{
    struct exchange *exchange = context;
    exchange->request = NULL;
    if (!exchange->carries_on)
        cancel_timer(exchange);
    release_if_over(exchange);
}

/* Kept here: who asked may be gone before what they asked for is written down. */
static void take_actor(struct exchange *exchange, const struct principal *principal)
{
    struct bytes name = bytes_utf8_prefix(bytes_of_cstr(principal->name), APP_NAME_SIZE_MAX);
    (void)snprintf(exchange->actor.id, sizeof exchange->actor.id, "%s", principal->id);
    (void)snprintf(exchange->actor.name, sizeof exchange->actor.name, "%.*s", BYTES_FMT(name));
}

struct exchange *exchange_create(struct app_service *service, struct http_request *request, size_t size,
                                 void (*on_free)(struct exchange *exchange))
{
    ASSERT(size >= sizeof(struct exchange));
    struct exchange *exchange = calloc(1, size);
    if (!exchange) {
        http_respond_no_memory(request);
        return NULL;
    }
    exchange->service = service;
    exchange->request = request;
    exchange->on_free = on_free;
    take_actor(exchange, http_request_principal(request));
    list_push_back(&service->exchanges, &exchange->link);
    http_request_on_gone(request, on_gone, exchange);
    return exchange;
}

/* ORDER: both first, since the answer frees the exchange once neither holds it. */
void exchange_abandon(struct exchange *exchange)
{
    cancel_timer(exchange);
    exchange->carries_on = false;
    exchange_answer_problem(exchange, &app_problems[APP_STOPPING],
                            "the server is stopping; look at the request again");
}

/* On the loop's thread, after a call. A request whose peer went meanwhile has nothing left to do, unless it
 * carries on: a submission is noticed, and a decision that was begun comes to its end. */
static void on_message(struct loop_message *message)
{
    struct exchange *exchange = CONTAINER_OF(message, struct exchange, message);
    exchange->calling = false;
    if (exchange->service->stopping)
        exchange_abandon(exchange);
    else if (exchange->request || exchange->carries_on)
        exchange->on_step(exchange);
    else
        release_if_over(exchange);
}

static struct request_facts facts_of(const struct dt_instance *instance)
{
    const struct dt_failure *failure = dt_instance_failure(instance);
    /* A failed activity is wrapped by the orchestration's own failure; people want the cause. */
    while (failure && failure->inner)
        failure = failure->inner;
    return (struct request_facts){
        .id = dt_instance_id(instance),
        .status = (int)dt_instance_status(instance),
        .input = dt_instance_input(instance),
        .output = dt_instance_output(instance),
        .custom_status = dt_instance_custom_status(instance),
        .submitted_by = dt_instance_tag(instance, TAG_SUBMITTED_BY),
        .approval_timeout_ms = dt_instance_tag(instance, TAG_APPROVAL_TIMEOUT),
        .book = dt_instance_tag(instance, TAG_BOOK),
        .failure_type = failure ? failure->type : NULL,
        .failure_message = failure ? failure->message : NULL,
        .created_ns = dt_instance_created_ns(instance),
        .updated_ns = dt_instance_updated_ns(instance),
    };
}

struct request_facts exchange_facts(const struct exchange *exchange)
{
    return facts_of(exchange->instance);
}

bool exchange_is_shown(const struct exchange *exchange, bool all)
{
    const char *by = dt_instance_tag(exchange->instance, TAG_SUBMITTED_BY);
    if (strcmp(dt_instance_name(exchange->instance), ORCHESTRATOR_NAME) != 0)
        return false;
    return all || !exchange->service->review || (by && strcmp(by, exchange->actor.name) == 0);
}

/* One that another has started says so in its custom status. */
static bool is_in_book(const struct request_facts *facts, const char *own_book)
{
    if (!own_book || facts->book)
        return own_book && strcmp(facts->book, own_book) == 0;
    json_t *custom = facts->custom_status ? json_loads(facts->custom_status, 0, NULL) : NULL;
    const char *book = json_member_text(custom, "book");
    bool same = book && strcmp(book, own_book) == 0;
    json_decref(custom);
    return same;
}

/* Keeps what the page says as JSON: the page itself is gone when this returns. */
static struct request_page *copy_page(const struct dt_page *page, const char *own_book)
{
    struct request_page *copy = calloc(1, sizeof *copy);
    if (!copy)
        return NULL;
    copy->seen = dt_page_count(page);
    copy->items = json_array();
    copy->places = calloc(copy->seen + 1, sizeof *copy->places);
    for (size_t i = 0; copy->places && i < copy->seen; i++) {
        const struct dt_instance *instance = dt_page_instance(page, i);
        if (strcmp(dt_instance_name(instance), ORCHESTRATOR_NAME) != 0)
            continue;
        struct request_facts facts = facts_of(instance);
        copy->last_ns = facts.created_ns;
        if (is_in_book(&facts, own_book))
            continue; /* the book says more of it */
        copy->places[json_array_size(copy->items)] = (struct request_place){facts.created_ns, i};
        json_array_append_new(copy->items, request_to_json(&facts, true));
    }
    const char *next = dt_page_token(page);
    copy->next = next ? strdup(next) : NULL;
    return copy;
}

/* On the client's thread: the reply is copied, nothing of the request is touched, and the loop is told. Until then
 * the exchange is `calling`, and nobody frees it. */
void exchange_on_reply(const struct dt_reply *reply, void *context)
{
    struct exchange *exchange = context;
    exchange->status = dt_reply_status(reply);
    snprintf(exchange->text, sizeof exchange->text, "%s", dt_reply_text(reply));
    const char *id = dt_reply_instance_id(reply);
    if (id)
        snprintf(exchange->id, sizeof exchange->id, "%s", id);
    const struct dt_instance *instance = dt_reply_instance(reply);
    if (instance && dt_instance_copy(instance, &exchange->instance) != DT_OK)
        exchange->status = DT_NO_MEMORY;
    const struct dt_page *page = dt_reply_page(reply);
    if (page && !(exchange->page = copy_page(page, exchange->service->book_name)))
        exchange->status = DT_NO_MEMORY;
    loop_post(exchange->service->loop, &exchange->message);
}

/* INVARIANT: an exchange has one call under way, for it has one message to be told by. */
void exchange_call(struct exchange *exchange, void (*on_step)(struct exchange *exchange))
{
    ASSERT(!exchange->calling);
    drop_reply(exchange);
    exchange->calling = true;
    exchange->unrecorded = false;
    exchange->on_step = on_step;
    exchange->message.on_run = on_message;
}

/* A call that could not be started is told as one that came back, in a later turn: the caller's steps have one
 * order. */
void exchange_started(struct exchange *exchange, enum dt_status started)
{
    if (started == DT_OK)
        return;
    exchange->status = started;
    snprintf(exchange->text, sizeof exchange->text, "%s", dt_status_name(started));
    loop_post(exchange->service->loop, &exchange->message);
}

/* --- the audit log --- */

static void on_recorded(struct audit_waiter *waiter, enum status status, const struct err *err)
{
    struct exchange *exchange = CONTAINER_OF(waiter, struct exchange, recorded);
    exchange->status = DT_OK;
    exchange->unrecorded = status != STATUS_OK;
    if (exchange->unrecorded) {
        exchange->status = DT_UNAVAILABLE;
        (void)snprintf(exchange->text, sizeof exchange->text, "%s", err->text);
    }
    on_message(&exchange->message);
}

/* Takes `details`, which may be NULL. `waiter` NULL: nobody waits. */
static void append_entry(const struct exchange *exchange, enum audit_action action, json_t *details,
                         struct audit_waiter *waiter)
{
    char object[DT_INSTANCE_ID_SIZE + 16];
    (void)snprintf(object, sizeof object, "requests/%s", exchange->id);
    const struct audit_entry entry = {.action = action,
                                      .actor_id = exchange->actor.id,
                                      .actor_name = exchange->actor.name,
                                      .object = object,
                                      .details = details,
                                      .at_ns = clock_unix_ns()};
    audit_log_append(exchange->service->audit, &entry, waiter);
    json_decref(details);
}

/* On the next turn, as if the log had been asked. */
static void answer_for_log(struct exchange *exchange, enum dt_status status)
{
    exchange->status = status;
    exchange->unrecorded = status != DT_OK;
    (void)snprintf(exchange->text, sizeof exchange->text, "%s", dt_status_name(status));
    loop_post(exchange->service->loop, &exchange->message);
}

void exchange_record(struct exchange *exchange, enum audit_action action, json_t *details,
                     void (*on_step)(struct exchange *exchange))
{
    exchange_call(exchange, on_step);
    exchange->recorded.on_done = on_recorded;
    if (exchange->service->audit && details) {
        append_entry(exchange, action, details, &exchange->recorded);
        return;
    }
    answer_for_log(exchange, exchange->service->audit ? DT_NO_MEMORY : DT_OK);
    json_decref(details);
}

void exchange_note(struct exchange *exchange, enum audit_action action, json_t *details)
{
    if (exchange->service->audit)
        append_entry(exchange, action, details, NULL);
    else
        json_decref(details);
}

/* --- pauses and answers --- */

static void on_timer(struct loop_timer *timer)
{
    struct exchange *exchange = CONTAINER_OF(timer, struct exchange, timer);
    exchange->timer.loop = NULL;
    if (exchange->service->stopping)
        exchange_abandon(exchange);
    else
        exchange->on_step(exchange);
}

/* What changed while the exchange was asking is not slept over: then the pause is over at once. */
void exchange_pause(struct exchange *exchange, int64_t pause_ns, void (*on_step)(struct exchange *exchange))
{
    exchange->on_step = on_step;
    exchange->timer.on_fire = on_timer;
    exchange->woken = exchange->changed;
    exchange->changed = false;
    if (exchange->woken)
        pause_ns = 0;
    if (loop_timer_set(exchange->service->loop, &exchange->timer,
                       loop_now(exchange->service->loop) + pause_ns) != STATUS_OK)
        exchange_answer_no_memory(exchange);
}

/* Whoever is not in a pause is asking right now, and may have been answered before the change: it is noted for
 * exchange_pause. */
void exchange_wake(struct app_service *service, const char *request)
{
    list_each_safe (link, &service->exchanges) {
        struct exchange *exchange = CONTAINER_OF(link, struct exchange, link);
        bool is_other = *request && exchange->awaited[0] && strcmp(exchange->awaited, request) != 0;
        if (!exchange->wakes || is_other || service->stopping)
            continue;
        exchange->changed = !exchange->timer.loop;
        if (exchange->changed)
            continue;
        cancel_timer(exchange);
        exchange->woken = true;
        exchange->on_step(exchange);
    }
}

/* JSON and a line feed, since people read it in terminals; false without memory. */
static bool dump_line(const json_t *body, struct buf *ret_text)
{
    if (!body)
        return false;
    json_append_value(ret_text, body);
    buf_append_byte(ret_text, '\n');
    return buf_status(ret_text) == STATUS_OK;
}

void respond_json(struct http_request *request, int http_status, json_t *body)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (dump_line(body, &text))
        http_respond(request, http_status, "application/json; charset=utf-8", buf_peek(&text));
    else
        http_respond_no_memory(request);
    json_decref(body);
}

void exchange_answer_json(struct exchange *exchange, int http_status, json_t *body)
{
    if (exchange->request)
        respond_json(exchange->request, http_status, body);
    else
        json_decref(body);
    exchange->request = NULL;
    release_if_over(exchange);
}

void exchange_answer_bytes(struct exchange *exchange, const char *content_type, struct bytes bytes,
                           bool attachment)
{
    bool whole = !exchange->request || !attachment ||
                 http_response_header(exchange->request, "Content-Disposition",
                                      BYTES_LITERAL("attachment")) == STATUS_OK;
    if (exchange->request && whole)
        http_respond(exchange->request, 200, content_type, bytes);
    else if (exchange->request)
        http_respond_no_memory(exchange->request);
    exchange->request = NULL;
    release_if_over(exchange);
}

void exchange_answer_problem(struct exchange *exchange, const struct http_problem *problem,
                             const char *detail)
{
    if (exchange->request && exchange->streams)
        http_stream_abort(exchange->request);
    else if (exchange->request)
        http_respond_problem(exchange->request, problem, detail);
    exchange->request = NULL;
    release_if_over(exchange);
}

void exchange_answer_no_memory(struct exchange *exchange)
{
    exchange_answer_problem(exchange, http_problem_of_status(503), ERR_NO_MEMORY);
}

/* Its request goes on without it, and must not call back. */
void exchange_leave(struct exchange *exchange)
{
    if (exchange->request)
        http_request_on_gone(exchange->request, NULL, NULL);
    exchange->request = NULL;
    release_if_over(exchange);
}

void exchange_answer_refusal(struct exchange *exchange, int http_status, json_t *body)
{
    CLEANUP(buf_fini) struct buf text = {0};
    bool whole = dump_line(body, &text);
    json_decref(body);
    if (exchange->request && whole)
        http_respond(exchange->request, http_status, "application/problem+json", buf_peek(&text));
    else if (exchange->request)
        http_respond_no_memory(exchange->request);
    exchange->request = NULL;
    release_if_over(exchange);
}

void exchange_answer_unknown(struct exchange *exchange)
{
    exchange_answer_problem(exchange, &app_problems[APP_UNKNOWN_REQUEST],
                            "There is no request with this id.");
}

bool exchange_take_id(struct exchange *exchange, struct bytes id)
{
    if (id.size == 0 || id.size >= sizeof exchange->id || memchr(id.data, '\0', id.size) ||
        !bytes_utf8_valid(id))
        return false;
    memcpy(exchange->id, id.data, id.size);
    exchange->id[id.size] = '\0';
    return true;
}

bool exchange_take_other_spelling(struct exchange *exchange)
{
    bool other = false;
    for (char *at = exchange->id; *at; at++) {
        char lower = (char)ascii_lower((uint8_t)*at);
        other = other || lower != *at;
        *at = lower;
    }
    return other;
}

/* Where the app means something else by a status than the scheduler does: to its own clients a scheduler that
 * is full, slow or gone is one thing. */
static const struct {
    enum dt_status status;
    enum app_problem problem;
} failure_problems[] = {
    {DT_NOT_FOUND, APP_UNKNOWN_REQUEST},
    {DT_ALREADY_EXISTS, APP_ID_TAKEN},
    {DT_RESOURCE_EXHAUSTED, APP_SCHEDULER_UNAVAILABLE},
    {DT_UNAVAILABLE, APP_SCHEDULER_UNAVAILABLE},
    {DT_DEADLINE_EXCEEDED, APP_SCHEDULER_UNAVAILABLE},
    {DT_CANCELLED, APP_SCHEDULER_UNAVAILABLE},
    {DT_NO_MEMORY, APP_SCHEDULER_UNAVAILABLE},
};

static const struct http_problem *problem_of(enum dt_status status)
{
    if (status == DT_INVALID_ARGUMENT)
        return http_problem_of_status(400);
    for (size_t i = 0; i < ARRAY_SIZE(failure_problems); i++)
        if (failure_problems[i].status == status)
            return &app_problems[failure_problems[i].problem];
    return &app_problems[APP_SCHEDULER_FAILED];
}

static void add_retry_after(struct exchange *exchange)
{
    if (exchange->request &&
        http_response_header(exchange->request, "Retry-After", BYTES_LITERAL(RETRY_AFTER_S)) != STATUS_OK)
        log_warn(AREA, "answered without Retry-After cause=\"out of memory\"");
}

/* Nothing was changed by who was refused so. */
static void answer_unrecorded(struct exchange *exchange)
{
    char detail[sizeof exchange->text + 40];
    (void)snprintf(detail, sizeof detail, "the audit log: %s", exchange->text);
    add_retry_after(exchange);
    exchange_answer_problem(exchange, &app_problems[APP_AUDIT_UNAVAILABLE], detail);
}

void exchange_answer_failure(struct exchange *exchange)
{
    if (exchange->unrecorded) {
        answer_unrecorded(exchange);
        return;
    }
    char detail[sizeof exchange->text + 40];
    snprintf(detail, sizeof detail, "the task scheduler: %s",
             exchange->text[0] ? exchange->text : dt_status_name(exchange->status));
    const struct http_problem *problem = problem_of(exchange->status);
    /* The sample does not catch the scheduler's error: its framework answers 500. */
    if (problem->http_status == 503 && exchange->service->compat_sample)
        problem = http_problem_of_status(500);
    else if (problem->http_status == 503)
        add_retry_after(exchange);
    exchange_answer_problem(exchange, problem, detail);
}
