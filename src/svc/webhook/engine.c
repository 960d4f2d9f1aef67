/* SPDX-License-Identifier: MIT */
/* engine.c — a page of what is due is read, each of it becomes a flight; a flight ends when the book has its outcome. One timer, for what
 * will be due next. */
#include "svc/webhook/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "core/notice/event.h"
#include "os/clock.h"
#include "svc/webhook/limit_values.h"
#include "svc/webhook/webhook_format.h"
#include "svc/webhook/webhook_target.h"
#include "wire/json/json.h"

#define AREA      "svc/webhook"
#define PAGE      32
#define SAY_TRIES 3
#define PAUSE_NS  (5 * NS_PER_S) /* after the book could not be read or written */

/* One delivery under way. */
struct flight {
    struct list link; /* in webhook_engine.flights */
    struct webhook_engine *engine;
    struct webhook_due due;
    struct webhook_target target;
    struct post post;
    struct buf body;
    int64_t began_ns;      /* since 1970 */
    struct review_job job; /* writes down what it came to */
    struct loop_timer again;
};

struct webhook_engine {
    struct loop *loop;
    const char *base_url, *mail_from;
    struct webhook_links links;
    struct review_store *store;
    struct notice_sender *sender;
    struct list flights;
    size_t flight_count;
    /* What is read. */
    struct review_job job;
    struct webhook_busy busy[WEBHOOK_POSTS_MAX];
    size_t busy_count;
    struct webhook_due due[PAGE];
    size_t due_count;
    int64_t next_ns; /* since 1970 */
    bool reading, wanted;
    struct loop_timer timer;
    bool halted;
    bool gone; /* its owner has destroyed it: it ends with the last that is under way */
    void (*on_stopped)(void *context);
    void *on_stopped_context;
};

static void look(struct webhook_engine *engine);

/* Something is over: perhaps it was the last. The engine may be gone afterwards. */
static void tell_stopped(struct webhook_engine *engine)
{
    void (*on_stopped)(void *context) = engine->on_stopped;
    if (engine->flight_count > 0 || engine->reading)
        return;
    engine->on_stopped = NULL;
    if (engine->gone)
        free(engine);
    else if (on_stopped)
        on_stopped(engine->on_stopped_context);
}

/* --- the end of a flight --- */

static void flight_free(struct flight *flight)
{
    struct webhook_engine *engine = flight->engine;
    list_remove(&flight->link);
    engine->flight_count--;
    loop_timer_cancel(&flight->again);
    curl_slist_free_all(flight->post.headers);
    buf_fini(&flight->post.answer);
    buf_fini(&flight->body);
    webhook_due_fini(&flight->due);
    free(flight);
}

static enum status note_try(struct review_job *job, struct review_book *book, struct err *err)
{
    const struct flight *flight = CONTAINER_OF(job, struct flight, job);
    const struct post *post = &flight->post;
    uint64_t random;
    entropy_fill(&random, sizeof random);
    const struct webhook_try tried = {.webhook = flight->due.webhook,
                                      .number = flight->due.number,
                                      .began_ns = flight->began_ns,
                                      .took_ns = post->took_ns,
                                      .http_status = post->http_status,
                                      .is_mail = post->mailbox != NULL,
                                      .error = post->error[0] ? post->error : NULL,
                                      .answer = buf_peek(&post->answer),
                                      .answer_cut = post->answer_cut,
                                      .retry_after_ns = post->retry_after_ns,
                                      .random = random};
    return webhook_book_tried(book, &tried, clock_unix_ns(), err);
}

static void on_noted(struct review_job *job, enum status status, const struct err *err);

static void write_down(struct flight *flight)
{
    flight->job = (struct review_job){.perform = note_try, .on_done = on_noted};
    review_store_run(flight->engine->store, &flight->job);
}

static void on_again(struct loop_timer *timer)
{
    write_down(CONTAINER_OF(timer, struct flight, again));
}

/* ORDER: a delivery is under way until the book has what became of it; else it would be sent at once again, and again. */
static void on_noted(struct review_job *job, enum status status, const struct err *err)
{
    struct flight *flight = CONTAINER_OF(job, struct flight, job);
    struct webhook_engine *engine = flight->engine;
    if (status != STATUS_OK && !engine->halted) {
        log_warn(AREA, "an attempt cannot be written down delivery=%" PRId64 " cause=\"%s\"",
                 flight->due.number, err->text);
        flight->again.on_fire = on_again;
        if (loop_timer_set(engine->loop, &flight->again, loop_now(engine->loop) + PAUSE_NS) == STATUS_OK)
            return;
    }
    flight_free(flight);
    if (engine->halted)
        tell_stopped(engine);
    else
        look(engine);
}

static void on_posted(struct post *post)
{
    struct flight *flight = CONTAINER_OF(post, struct flight, post);
    struct webhook_engine *engine = flight->engine;
    if (!post->stopped && !engine->gone) {
        write_down(flight);
        return;
    }
    flight_free(flight);
    tell_stopped(engine);
}

/* --- its beginning --- */

/* False without memory. */
static bool add_header(struct post *post, const char *name, const char *value)
{
    char line[WEBHOOK_TOKEN_SIZE_MAX + 256];
    (void)snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(post->headers, line);
    if (longer)
        post->headers = longer;
    return longer != NULL;
}

/* Of a server of ntfy that asks for one. */
static bool add_token(struct flight *flight)
{
    char value[sizeof flight->due.token + 8];
    (void)snprintf(value, sizeof value, "Bearer %s", flight->due.token);
    bool whole = !flight->due.token[0] || add_header(&flight->post, "Authorization", value);
    explicit_bzero(value, sizeof value);
    return whole;
}

static enum status sign(struct flight *flight, const char *content_type, struct err *err)
{
    char signatures[NOTICE_SIGNATURES_SIZE], seconds[24];
    int64_t now_s = flight->began_ns / NS_PER_S;
    struct post *post = &flight->post;
    enum status status = notice_sign_twice(
        bytes_of_cstr(flight->due.secret), bytes_of_cstr(flight->due.old_secret),
        bytes_of_cstr(flight->due.event_id), now_s, buf_peek(&flight->body), signatures, err);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(seconds, sizeof seconds, "%" PRId64, now_s);
    bool whole = add_token(flight) && add_header(post, "Content-Type", content_type) &&
                 add_header(post, "webhook-id", flight->due.event_id) &&
                 add_header(post, "webhook-timestamp", seconds) &&
                 add_header(post, "webhook-signature", signatures);
    return whole ? STATUS_OK : err_no_memory(err);
}

/* Where it goes, by the URL and the format of now. */
static enum status aim(struct flight *flight, struct err *err)
{
    struct webhook_target *target = &flight->target;
    const char *why = webhook_target_read(flight->due.format, (const char *)flight->due.url.data, target);
    if (why)
        return err_set(err, STATUS_INVALID_ARGUMENT, "its URL %s", why);
    flight->post.url = target->url[0] ? target->url : NULL;
    flight->post.mailbox = target->mailbox[0] ? target->mailbox : NULL;
    return STATUS_OK;
}

/* Of a mail to somebody who may decide about what waits, anew for each attempt; NULL: it has none. Lives in `out`. */
static const char *offer_link(const struct flight *flight, struct buf *out)
{
    const struct webhook_links *links = &flight->engine->links;
    struct bytes event = buf_peek(&flight->due.event);
    if (!links->offer || !flight->post.mailbox)
        return NULL;
    json_t *json = json_loadb((const char *)event.data, event.size, JSON_ALLOW_NUL, NULL);
    bool offered = notice_event_asks(json_member_bytes(json, "type")) &&
                   links->offer(links->context, flight->post.mailbox, json_object_get(json, "data"), out);
    json_decref(json);
    buf_append_byte(out, '\0');
    return offered && buf_status(out) == STATUS_OK ? (const char *)out->data : NULL;
}

/* In the form of today: what a fault of a form has spoilt can be sent again by hand. */
static enum status write_body(struct flight *flight, struct err *err)
{
    CLEANUP(buf_fini) struct buf link = {0};
    const char *content_type = NULL;
    const struct webhook_message message = {.format = flight->due.format,
                                            .event = buf_peek(&flight->due.event),
                                            .event_id = flight->due.event_id,
                                            .at_ns = flight->due.created_ns,
                                            .base_url = flight->engine->base_url,
                                            .decide_url = offer_link(flight, &link),
                                            .topic = flight->target.topic,
                                            .from = text_or(flight->engine->mail_from, ""),
                                            .to = flight->target.mailbox};
    enum status status = webhook_format_write(&message, &flight->body, &content_type, err);
    flight->post.body = buf_peek(&flight->body);
    if (status != STATUS_OK || flight->post.mailbox)
        return status;
    return sign(flight, content_type, err);
}

/* Takes the delivery. */
static void begin_flight(struct webhook_engine *engine, struct webhook_due *due)
{
    struct err err = {0};
    struct flight *flight = calloc(1, sizeof *flight);
    if (!flight) {
        webhook_due_fini(due); /* it is due still */
        return;
    }
    *flight = (struct flight){.engine = engine, .due = *due, .began_ns = clock_unix_ns()};
    list_push_back(&engine->flights, &flight->link);
    engine->flight_count++;
    flight->post = (struct post){.answer_size_max = WEBHOOK_ANSWER_SIZE_MAX, .on_done = on_posted};
    if (aim(flight, &err) == STATUS_OK && write_body(flight, &err) == STATUS_OK) {
        sender_post(engine->sender, &flight->post);
        return;
    }
    (void)snprintf(flight->post.error, sizeof flight->post.error, "it cannot be sent: %s", err.text);
    write_down(flight);
}

/* --- what is said once --- */

struct saying {
    struct webhook_engine *engine;
    struct post post;
    struct buf url, body;
    unsigned attempts;
};

static void saying_free(struct saying *saying)
{
    struct webhook_engine *engine = saying->engine;
    engine->flight_count--;
    curl_slist_free_all(saying->post.headers);
    buf_fini(&saying->post.answer);
    buf_fini(&saying->url);
    buf_fini(&saying->body);
    free(saying);
    if (engine->halted)
        tell_stopped(engine);
    else
        look(engine); /* a place is free */
}

static void on_said(struct post *post)
{
    struct saying *saying = CONTAINER_OF(post, struct saying, post);
    struct webhook_engine *engine = saying->engine;
    bool failed = post->http_status == 0 || post->http_status >= 500;
    if (failed && !post->stopped && !engine->halted && ++saying->attempts < SAY_TRIES) {
        buf_clear(&post->answer);
        post->error[0] = '\0';
        sender_post(engine->sender, post);
        return;
    }
    if (!post->stopped && (post->http_status < 200 || post->http_status >= 300))
        log_warn(AREA, "a reply was not taken status=%d cause=\"%s\"", post->http_status, post->error);
    saying_free(saying);
}

void webhook_engine_say(struct webhook_engine *engine, const char *url, struct bytes json)
{
    struct saying *saying = engine->halted ? NULL : calloc(1, sizeof *saying);
    if (!saying)
        return;
    saying->engine = engine;
    engine->flight_count++;
    buf_append_cstr(&saying->url, url);
    buf_append_byte(&saying->url, '\0');
    buf_append_bytes(&saying->body, json);
    saying->post = (struct post){.url = (const char *)saying->url.data,
                                 .body = buf_peek(&saying->body),
                                 .answer_size_max = WEBHOOK_ANSWER_SIZE_MAX,
                                 .on_done = on_said};
    bool whole = buf_status(&saying->url) == STATUS_OK && buf_status(&saying->body) == STATUS_OK &&
                 add_header(&saying->post, "Content-Type", "application/json; charset=utf-8");
    if (whole)
        sender_post(engine->sender, &saying->post);
    else
        saying_free(saying);
}

/* --- what is due --- */

static enum status read_due(struct review_job *job, struct review_book *book, struct err *err)
{
    struct webhook_engine *engine = CONTAINER_OF(job, struct webhook_engine, job);
    for (size_t i = 0; i < engine->due_count; i++) /* of the try before */
        webhook_due_fini(&engine->due[i]);
    size_t room = WEBHOOK_POSTS_MAX - engine->busy_count;
    return webhook_book_due(book, engine->busy, engine->busy_count, clock_unix_ns(), engine->due,
                            MIN(room, PAGE), &engine->due_count, &engine->next_ns, err);
}

static void on_timer(struct loop_timer *timer)
{
    look(CONTAINER_OF(timer, struct webhook_engine, timer));
}

static void look_in(struct webhook_engine *engine, int64_t wait_ns)
{
    engine->timer.on_fire = on_timer;
    if (loop_timer_set(engine->loop, &engine->timer, loop_now(engine->loop) + wait_ns) != STATUS_OK)
        log_error(AREA, "webhooks wait for the next event cause=\"out of memory\"");
}

/* A clock may be set: nobody waits for more than an hour for it. */
static void wait_for_next(struct webhook_engine *engine)
{
    int64_t wait_ns = MAX(engine->next_ns - clock_unix_ns(), 0);
    if (engine->next_ns < INT64_MAX)
        look_in(engine, MIN(wait_ns, 3600 * NS_PER_S) + NS_PER_MS);
}

static void on_read(struct review_job *job, enum status status, const struct err *err)
{
    struct webhook_engine *engine = CONTAINER_OF(job, struct webhook_engine, job);
    size_t count = engine->due_count;
    engine->reading = false;
    engine->due_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (status == STATUS_OK && !engine->halted)
            begin_flight(engine, &engine->due[i]);
        else
            webhook_due_fini(&engine->due[i]);
    }
    if (engine->halted) {
        tell_stopped(engine);
        return;
    }
    if (status != STATUS_OK) {
        log_warn(AREA, "what is due for webhooks cannot be read cause=\"%s\"", err->text);
        look_in(engine, PAUSE_NS);
    } else if (engine->wanted || count == PAGE) {
        look(engine);
    } else {
        wait_for_next(engine);
    }
}

/* What is read while all places are taken would be read for nothing: the end of a flight looks again. */
static void look(struct webhook_engine *engine)
{
    engine->wanted = engine->reading;
    if (engine->reading || engine->halted || engine->flight_count >= WEBHOOK_POSTS_MAX)
        return;
    engine->busy_count = 0;
    list_each (link, &engine->flights) {
        const struct flight *flight = CONTAINER_OF(link, struct flight, link);
        engine->busy[engine->busy_count++] =
            (struct webhook_busy){.webhook = flight->due.webhook, .number = flight->due.number};
    }
    engine->reading = true;
    engine->job = (struct review_job){.perform = read_due, .on_done = on_read, .reads_only = true};
    review_store_run(engine->store, &engine->job);
}

/* --- life --- */

static void on_deliveries(void *context)
{
    look(context);
}

enum status webhook_engine_create(struct loop *loop, struct review_store *store,
                                  const struct sender_options *options, struct webhook_engine **ret_engine,
                                  struct err *err)
{
    struct webhook_engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return err_no_memory(err);
    enum status status = sender_create(loop, options, &engine->sender, err);
    if (status != STATUS_OK) {
        free(engine);
        return status;
    }
    engine->loop = loop;
    engine->base_url = options->base_url;
    engine->mail_from = options->mail.from;
    engine->store = store;
    list_init(&engine->flights);
    review_store_on_deliveries(store, on_deliveries, engine);
    look(engine);
    *ret_engine = engine;
    return STATUS_OK;
}

void webhook_engine_offer_links(struct webhook_engine *engine, const struct webhook_links *links)
{
    engine->links = *links;
}

/* What waits to be written down is due again after the next start. */
static void drop_waiting(struct webhook_engine *engine)
{
    list_each_safe (link, &engine->flights) {
        struct flight *flight = CONTAINER_OF(link, struct flight, link);
        if (flight->again.loop)
            flight_free(flight);
    }
}

void webhook_engine_stop(struct webhook_engine *engine, void (*on_stopped)(void *context), void *context)
{
    engine->halted = true;
    engine->on_stopped = on_stopped;
    engine->on_stopped_context = context;
    loop_timer_cancel(&engine->timer);
    review_store_on_deliveries(engine->store, NULL, NULL);
    drop_waiting(engine);
    sender_stop(engine->sender);
    tell_stopped(engine);
}

/* Cut short, something may be under way still, in the loop's hands or the book's: the engine outlives it. */
void webhook_engine_destroy(struct webhook_engine *engine)
{
    if (!engine)
        return;
    engine->halted = true;
    engine->gone = true;
    engine->on_stopped = NULL;
    review_store_on_deliveries(engine->store, NULL, NULL);
    loop_timer_cancel(&engine->timer);
    sender_destroy(engine->sender);
    engine->sender = NULL;
    drop_waiting(engine);
    tell_stopped(engine);
}
