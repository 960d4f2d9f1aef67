/* SPDX-License-Identifier: MIT */
/* exchange.c — between the loop's thread, where HTTP lives, and the client's thread, where replies come. */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"

#define AREA          "svc/app"
#define RETRY_AFTER_S "2" /* a hint to clients while the scheduler does not answer */

static void drop_reply(struct exchange *x)
{
    dt_instance_destroy(x->instance);
    x->instance = NULL;
    if (x->page) {
        json_decref(x->page->items);
        free(x->page->places);
        free(x->page->next);
        free(x->page);
        x->page = NULL;
    }
}

/* Frees the exchange once nothing refers to it: answered or left by its peer, no call under way, no timer
 * set. */
static void release_if_over(struct exchange *x)
{
    if (x->request || x->calling || x->carries_on || x->timer.loop)
        return;
    list_remove(&x->link);
    drop_reply(x);
    if (x->on_free)
        x->on_free(x);
    free(x);
}

static void cancel_timer(struct exchange *x)
{
    loop_timer_cancel(&x->timer);
    x->timer.loop = NULL;
}

static void on_gone(void *context)
{
    struct exchange *x = context;
    x->request = NULL;
    if (!x->carries_on)
        cancel_timer(x);
    release_if_over(x);
}

struct exchange *exchange_create(struct app_service *s, struct http_request *r, size_t size,
                                 void (*on_free)(struct exchange *x))
{
    ASSERT(size >= sizeof(struct exchange));
    struct exchange *x = calloc(1, size);
    if (!x) {
        http_respond_failure(r, 503, "out of memory");
        return NULL;
    }
    x->service = s;
    x->request = r;
    x->on_free = on_free;
    list_push_back(&s->exchanges, &x->link);
    http_request_on_gone(r, on_gone, x);
    return x;
}

void exchange_abandon(struct exchange *x)
{
    cancel_timer(x);
    x->carries_on = false;
    exchange_answer_problem(x, &app_problems[APP_STOPPING],
                            "the server is stopping; look at the request again");
}

/* On the loop's thread, after a call. A request whose peer went meanwhile has nothing left to do, unless it
 * carries on: a submission is noticed, and a decision that was begun comes to its end. */
static void on_message(struct loop_message *m)
{
    struct exchange *x = CONTAINER_OF(m, struct exchange, message);
    x->calling = false;
    if (x->service->stopping)
        exchange_abandon(x);
    else if (x->request || x->carries_on)
        x->on_step(x);
    else
        release_if_over(x);
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
        .failure_type = failure ? failure->type : NULL,
        .failure_message = failure ? failure->message : NULL,
        .created_ns = dt_instance_created_ns(instance),
        .updated_ns = dt_instance_updated_ns(instance),
    };
}

struct request_facts exchange_facts(const struct exchange *x)
{
    return facts_of(x->instance);
}

/* Keeps what the page says as JSON: the page itself is gone when this returns. */
static struct request_page *copy_page(const struct dt_page *page)
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
        copy->places[json_array_size(copy->items)] = (struct request_place){facts.created_ns, i};
        json_array_append_new(copy->items, request_to_json(&facts, true));
    }
    const char *next = dt_page_token(page);
    copy->next = next ? strdup(next) : NULL;
    return copy;
}

void exchange_on_reply(const struct dt_reply *reply, void *exchange)
{
    struct exchange *x = exchange;
    x->status = dt_reply_status(reply);
    snprintf(x->text, sizeof x->text, "%s", dt_reply_text(reply));
    const char *id = dt_reply_instance_id(reply);
    if (id)
        snprintf(x->id, sizeof x->id, "%s", id);
    const struct dt_instance *instance = dt_reply_instance(reply);
    if (instance && dt_instance_copy(instance, &x->instance) != DT_OK)
        x->status = DT_NO_MEMORY;
    const struct dt_page *page = dt_reply_page(reply);
    if (page && !(x->page = copy_page(page)))
        x->status = DT_NO_MEMORY;
    loop_post(x->service->loop, &x->message);
}

void exchange_call(struct exchange *x, void (*on_step)(struct exchange *x))
{
    ASSERT(!x->calling);
    drop_reply(x);
    x->calling = true;
    x->on_step = on_step;
    x->message.on_run = on_message;
}

void exchange_started(struct exchange *x, enum dt_status started)
{
    if (started == DT_OK)
        return;
    x->status = started;
    snprintf(x->text, sizeof x->text, "%s", dt_status_name(started));
    loop_post(x->service->loop, &x->message);
}

static void on_timer(struct loop_timer *timer)
{
    struct exchange *x = CONTAINER_OF(timer, struct exchange, timer);
    x->timer.loop = NULL;
    if (x->service->stopping)
        exchange_abandon(x);
    else
        x->on_step(x);
}

void exchange_pause(struct exchange *x, int64_t pause_ns, void (*on_step)(struct exchange *x))
{
    x->on_step = on_step;
    x->timer.on_fire = on_timer;
    if (loop_timer_set(x->service->loop, &x->timer, loop_now(x->service->loop) + pause_ns) != STATUS_OK)
        exchange_answer_problem(x, http_problem_of_status(503), "out of memory");
}

static int append(const char *text, size_t size, void *out)
{
    buf_append(out, text, size);
    return 0;
}

/* JSON and a line feed, since people read it in terminals; false without memory. */
static bool dump_line(const json_t *body, struct buf *ret_text)
{
    if (!body || json_dump_callback(body, append, ret_text, JSON_COMPACT) != 0)
        return false;
    buf_append_byte(ret_text, '\n');
    return buf_status(ret_text) == STATUS_OK;
}

void respond_json(struct http_request *r, int http_status, json_t *body)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (dump_line(body, &text))
        http_respond(r, http_status, "application/json; charset=utf-8", buf_peek(&text));
    else
        http_respond_failure(r, 503, "out of memory");
    json_decref(body);
}

void exchange_answer_json(struct exchange *x, int http_status, json_t *body)
{
    if (x->request)
        respond_json(x->request, http_status, body);
    else
        json_decref(body);
    x->request = NULL;
    release_if_over(x);
}

void exchange_answer_problem(struct exchange *x, const struct http_problem *problem, const char *detail)
{
    if (x->request)
        http_respond_problem(x->request, problem, detail);
    x->request = NULL;
    release_if_over(x);
}

void exchange_answer_conflict(struct exchange *x, json_t *body)
{
    CLEANUP(buf_fini) struct buf text = {0};
    bool whole = dump_line(body, &text);
    json_decref(body);
    if (x->request && whole)
        http_respond(x->request, 409, "application/problem+json", buf_peek(&text));
    else if (x->request)
        http_respond_problem(x->request, &app_problems[APP_ALREADY_DECIDED], NULL);
    x->request = NULL;
    release_if_over(x);
}

void exchange_answer_unknown(struct exchange *x)
{
    exchange_answer_problem(x, &app_problems[APP_UNKNOWN_REQUEST], "There is no request with this id.");
}

bool exchange_take_id(struct exchange *x, struct bytes id)
{
    if (id.size == 0 || id.size >= sizeof x->id || memchr(id.data, '\0', id.size) || !bytes_utf8_valid(id))
        return false;
    memcpy(x->id, id.data, id.size);
    x->id[id.size] = '\0';
    return true;
}

bool exchange_take_other_spelling(struct exchange *x)
{
    bool other = false;
    for (char *at = x->id; *at; at++) {
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

static void add_retry_after(struct exchange *x)
{
    if (x->request &&
        http_response_header(x->request, "Retry-After", BYTES_LITERAL(RETRY_AFTER_S)) != STATUS_OK)
        log_warn(AREA, "answered without Retry-After cause=\"out of memory\"");
}

void exchange_answer_failure(struct exchange *x)
{
    char detail[sizeof x->text + 40];
    snprintf(detail, sizeof detail, "the task scheduler: %s",
             x->text[0] ? x->text : dt_status_name(x->status));
    const struct http_problem *problem = problem_of(x->status);
    /* The sample does not catch the scheduler's error: its framework answers 500. */
    if (problem->http_status == 503 && x->service->compat_sample)
        problem = http_problem_of_status(500);
    else if (problem->http_status == 503)
        add_retry_after(x);
    exchange_answer_problem(x, problem, detail);
}
