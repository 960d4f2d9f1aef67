/* SPDX-License-Identifier: MIT */
/* engine_test.c — RP-41 where the book meets the sender: a book of requests as it is, a sender that the test plays, and a clock that it sets. If it
 * fails, an event is sent twice at once, out of order, unsigned or never, and nobody notices until a receiver complains. */
#include "svc/webhook/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hook_rig.h"
#include "svc/webhook/limit_values.h"

#define DAY_S 86400

/* --- the clock --- */

static int64_t unix_now_ns;

int64_t __wrap_clock_unix_ns(void);
int64_t __wrap_clock_unix_ns(void)
{
    return unix_now_ns;
}

/* --- the sender --- */

/* What was posted and is not answered yet, the oldest first. */
struct played_sender {
    struct post *posts[2 * WEBHOOK_POSTS_MAX];
    size_t count;
    bool stopped;
};

static struct played_sender played; /* what the engine knows as its struct notice_sender */

enum status sender_create(struct loop *loop, const struct sender_options *options,
                          struct notice_sender **ret_sender, struct err *err)
{
    (void)loop;
    (void)options;
    (void)err;
    played = (struct played_sender){0};
    *ret_sender = (struct notice_sender *)&played;
    return STATUS_OK;
}

void sender_post(struct notice_sender *sender, struct post *post)
{
    (void)sender;
    assert_false(played.stopped);
    assert_true(played.count < ARRAY_SIZE(played.posts));
    played.posts[played.count++] = post;
}

void sender_stop(struct notice_sender *sender)
{
    (void)sender;
    played.stopped = true;
}

void sender_destroy(struct notice_sender *sender)
{
    (void)sender;
}

/* --- the book's wake-up, which comes with every event; the test has it at will --- */

static void (*wake)(void *context);
static void *wake_context;

void __real_review_store_on_deliveries(struct review_store *store, void (*on_deliveries)(void *context),
                                       void *context);
void __wrap_review_store_on_deliveries(struct review_store *store, void (*on_deliveries)(void *context),
                                       void *context);
void __wrap_review_store_on_deliveries(struct review_store *store, void (*on_deliveries)(void *context),
                                       void *context)
{
    wake = on_deliveries;
    wake_context = context;
    __real_review_store_on_deliveries(store, on_deliveries, context);
}

/* --- the engine --- */

static struct webhook_engine *engine;
static size_t stopped;

static void on_stopped(void *context)
{
    (void)context;
    stopped++;
}

static void begin(struct book_fixture *rig)
{
    static const struct notice_hosts hosts;
    struct err err = {0};
    const struct sender_options options = {.hosts = &hosts,
                                           .timeout_ms = 1000,
                                           .mail = {.from = "sally@ex.example"},
                                           .base_url = "https://here.example.org"};
    stopped = 0;
    assert_int_equal(webhook_engine_create(rig->loop, rig->store, &options, &engine, &err), STATUS_OK);
}

static int set_up(void **state)
{
    unix_now_ns = START_NS;
    int result = rig_init(state);
    begin(*state);
    return result;
}

/* What happens in the loop until nothing does. */
static void settle(struct book_fixture *rig)
{
    for (int turn = 0; turn < 20; turn++) {
        review_store_settle(rig->store);
        assert_int_equal(loop_step(rig->loop, 0, NULL), STATUS_OK);
    }
}

/* So many seconds after the start. */
static void at(struct book_fixture *rig, int64_t after_s)
{
    unix_now_ns = at_s(after_s);
    wake(wake_context);
    settle(rig);
}

/* Answers the oldest; 0: nobody answered. */
static void reply(struct book_fixture *rig, int http_status, int64_t retry_after_s)
{
    assert_true(played.count > 0);
    struct post *post = played.posts[0];
    memmove(played.posts, played.posts + 1, --played.count * sizeof played.posts[0]);
    post->http_status = http_status;
    post->retry_after_ns = retry_after_s * NS_PER_S;
    if (http_status == 0)
        (void)snprintf(post->error, sizeof post->error, "nobody answers");
    post->on_done(post);
    settle(rig);
}

/* All that is under way comes back, as from a sender that ended. */
static void give_back(struct book_fixture *rig)
{
    while (played.count > 0) {
        struct post *post = played.posts[--played.count];
        post->stopped = true;
        post->on_done(post);
    }
    settle(rig);
}

static void end(struct book_fixture *rig)
{
    webhook_engine_stop(engine, on_stopped, NULL);
    settle(rig);
    give_back(rig);
    assert_int_equal(stopped, 1);
    webhook_engine_destroy(engine);
    engine = NULL;
}

static int tear_down(void **state)
{
    if (engine)
        end(*state);
    return rig_fini(state);
}

/* --- what is under way --- */

/* The value of a header; "": it is not there. */
static const char *header_of(const struct post *post, const char *name)
{
    size_t size = strlen(name);
    for (const struct curl_slist *line = post->headers; line; line = line->next)
        if (strncmp(line->data, name, size) == 0 && strncmp(line->data + size, ": ", 2) == 0)
            return line->data + size + 2;
    return "";
}

/* "submitted requests/a" of the post at that place; "" if there is none. */
static const char *event_at(size_t place)
{
    static char text[200];
    text[0] = '\0';
    if (place >= played.count)
        return text;
    struct bytes body = played.posts[place]->body;
    json_t *event = json_loadb((const char *)body.data, body.size, 0, NULL);
    const char *type = text_of(event, "type");
    (void)snprintf(text, sizeof text, "%s %s", type + MIN(strlen("sallyport.request."), strlen(type)),
                   text_of(event, "subject"));
    json_decref(event);
    return text;
}

static void assert_signed(const struct post *post, const char *secret, const char *old_secret)
{
    char signatures[NOTICE_SIGNATURES_SIZE];
    struct err err = {0};
    int64_t seconds = 0;
    assert_int_equal(bytes_parse_i64(bytes_of_cstr(header_of(post, "webhook-timestamp")), &seconds),
                     STATUS_OK);
    assert_int_equal(seconds, unix_now_ns / NS_PER_S);
    assert_int_equal(notice_sign_twice(bytes_of_cstr(secret), bytes_of_cstr(old_secret),
                                       bytes_of_cstr(header_of(post, "webhook-id")), seconds, post->body,
                                       signatures, &err),
                     STATUS_OK);
    assert_string_equal(header_of(post, "webhook-signature"), signatures);
}

static void give(struct book_fixture *rig, const char *name, struct webhook_draft draft)
{
    struct hook_act act = {.name = name, .draft = draft};
    json_decref(do_hook(rig, &act, change));
    assert_int_equal(act.task.status, STATUS_OK);
    settle(rig);
}

/* --- tests --- */

/* RP-41: signed, under the event's id, in the order of its request; requests beside each other. */
static void each_goes_out_in_its_order(void **state)
{
    struct book_fixture *rig = *state;
    make(rig, "all", "*");
    hand_in(rig, "a");
    hand_in(rig, "b");
    settle(rig);
    assert_int_equal(played.count, 2);
    assert_string_equal(event_at(0), "submitted requests/a");
    assert_string_equal(event_at(1), "submitted requests/b");
    assert_string_equal(played.posts[0]->url, "https://hooks.example.org/x");
    assert_string_equal(header_of(played.posts[0], "Content-Type"),
                        "application/cloudevents+json; charset=utf-8");
    assert_string_not_equal(header_of(played.posts[0], "webhook-id"),
                            header_of(played.posts[1], "webhook-id"));
    assert_signed(played.posts[0], SECRET, "");

    reply(rig, 204, 0); /* the next of `a` comes behind it, and that of `b` still waits */
    assert_int_equal(played.count, 2);
    assert_string_equal(event_at(0), "submitted requests/b");
    assert_string_equal(event_at(1), "waiting requests/a");
    at(rig, 1);
    assert_int_equal(played.count, 2); /* what is under way does not begin again */
    reply(rig, 200, 0);
    reply(rig, 200, 0);
    reply(rig, 200, 0);
    assert_int_equal(played.count, 0);
    json_t *hook = shown(rig, "all");
    assert_int_equal(number_of(hook, "waiting"), 0);
    json_decref(hook);
}

/* RP-41: by both secrets for a day, so that a receiver may change over in its own time. */
static void two_secrets_sign_for_a_day(void **state)
{
    struct book_fixture *rig = *state;
    make(rig, "all", "request.submitted");
    give(rig, "all", (struct webhook_draft){.secret = OTHER_SECRET});
    hand_in(rig, "a");
    settle(rig);
    assert_signed(played.posts[0], OTHER_SECRET, SECRET);
    reply(rig, 204, 0);
    unix_now_ns = at_s(DAY_S + 1);
    hand_in(rig, "b");
    settle(rig);
    assert_signed(played.posts[0], OTHER_SECRET, "");
}

/* RP-41: the table of waits, then it is given up and the next of the request has its turn. Each time under the same id. */
static void a_failure_is_tried_for_three_days(void **state)
{
    static const int64_t waits_s[] = {5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 72000};
    struct book_fixture *rig = *state;
    char id[100];
    int64_t now_s = 0;
    make(rig, "all", "*");
    hand_in(rig, "a");
    settle(rig);
    (void)snprintf(id, sizeof id, "%s", header_of(played.posts[0], "webhook-id"));
    for (size_t i = 0; i < ARRAY_SIZE(waits_s); i++) {
        reply(rig, i % 2 ? 503 : 0, 0);
        at(rig, now_s + waits_s[i] - 1);
        assert_int_equal(played.count, 0);
        now_s += waits_s[i] + waits_s[i] / 10 + 1;
        at(rig, now_s);
        assert_string_equal(event_at(0), "submitted requests/a");
        assert_string_equal(header_of(played.posts[0], "webhook-id"), id);
        assert_signed(played.posts[0], SECRET, ""); /* of the attempt, not of the event */
    }
    reply(rig, 500, 0);
    at(rig, now_s + 1);
    assert_string_equal(event_at(0), "waiting requests/a");
}

/* RP-41: a receiver that says when is asked then; one that is gone is not asked again. */
static void a_receiver_says_when_and_that_it_is_gone(void **state)
{
    struct book_fixture *rig = *state;
    make(rig, "all", "request.submitted");
    hand_in(rig, "a");
    settle(rig);
    reply(rig, 429, 600);
    at(rig, 599);
    assert_int_equal(played.count, 0);
    at(rig, 601);
    assert_int_equal(played.count, 1);
    reply(rig, 410, 0);
    hand_in(rig, "b");
    at(rig, 4 * DAY_S);
    assert_int_equal(played.count, 0);
    json_t *hook = shown(rig, "all");
    assert_string_equal(text_of(hook, "state"), "ended");
    json_decref(hook);
}

/* RP-41: what nobody has answered when the server ends goes out again, under the same id; what was answered does not. */
static void at_least_once_over_a_restart(void **state)
{
    struct book_fixture *rig = *state;
    char id[100];
    make(rig, "all", "request.submitted");
    hand_in(rig, "a");
    hand_in(rig, "b");
    settle(rig);
    assert_int_equal(played.count, 2);
    reply(rig, 204, 0);
    (void)snprintf(id, sizeof id, "%s", header_of(played.posts[0], "webhook-id"));
    end(rig);
    rig_close(rig);
    rig_open(rig);
    begin(rig);
    settle(rig);
    assert_int_equal(played.count, 1);
    assert_string_equal(event_at(0), "submitted requests/b");
    assert_string_equal(header_of(played.posts[0], "webhook-id"), id);

    /* Answered, and not written down yet: it is written down before the end. */
    struct post *post = played.posts[0];
    played.count = 0;
    post->http_status = 204;
    post->on_done(post);
    webhook_engine_stop(engine, on_stopped, NULL);
    assert_int_equal(stopped, 0);
    settle(rig);
    assert_int_equal(stopped, 1);
    webhook_engine_destroy(engine);
    begin(rig);
    settle(rig);
    assert_int_equal(played.count, 0);
}

/* RP-41: a webhook that is paused is told nothing, not even of what has failed before, and all of it afterwards. */
static void while_it_is_paused_nothing_goes(void **state)
{
    struct book_fixture *rig = *state;
    make(rig, "all", "request.submitted");
    hand_in(rig, "a");
    settle(rig);
    give(rig, "all", (struct webhook_draft){.state = "paused"});
    reply(rig, 500, 0);
    hand_in(rig, "b");
    at(rig, 3600);
    assert_int_equal(played.count, 0);
    give(rig, "all", (struct webhook_draft){.state = "active"});
    at(rig, 3600);
    assert_int_equal(played.count, 2); /* by when each was due */
    assert_string_equal(event_at(0), "submitted requests/b");
    assert_string_equal(event_at(1), "submitted requests/a");
}

/* However much is due: so many to each receiver and in all, and a place that is free is taken. */
static void what_is_under_way_is_bounded(void **state)
{
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f"};
    struct book_fixture *rig = *state;
    make(rig, "first", "request.submitted");
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        hand_in(rig, ids[i]);
    settle(rig);
    assert_int_equal(played.count, WEBHOOK_AT_ONCE);
    for (int i = 0; i < 40; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "hook %d", i);
        make(rig, name, "request.waiting");
    }
    static const char *const more[] = {"g", "h", "i", "j"};
    for (size_t i = 0; i < ARRAY_SIZE(more); i++)
        hand_in(rig, more[i]);
    settle(rig);
    assert_int_equal(played.count, WEBHOOK_POSTS_MAX);
    reply(rig, 204, 0);
    assert_int_equal(played.count, WEBHOOK_POSTS_MAX);
    while (played.count > 0)
        reply(rig, 204, 0);
    json_t *hook = shown(rig, "hook 39");
    assert_int_equal(number_of(hook, "waiting"), 0);
    json_decref(hook);
}

static char offered_to[100];

static bool offer(void *context, const char *mailbox, const json_t *request, struct buf *out)
{
    (void)context;
    (void)snprintf(offered_to, sizeof offered_to, "%s %s", mailbox, text_of(request, "id"));
    buf_append_cstr(out, "https://here.example.org/confirm/token");
    return true;
}

/* RP-43: a link that decides is for a mailbox, and for what waits; it is made anew each time. */
static void a_mail_about_what_waits_has_a_link_of_its_own(void **state)
{
    struct book_fixture *rig = *state;
    const struct webhook_links links = {.offer = offer};
    webhook_engine_offer_links(engine, &links);
    make(rig, "mail", "request.submitted,request.waiting");
    make(rig, "chat", "request.waiting");
    give(rig, "mail", (struct webhook_draft){.format = "email", .url = "mailto:mina@people.example"});
    offered_to[0] = '\0';
    hand_in(rig, "a");
    settle(rig);
    assert_int_equal(played.count, 2); /* that it was submitted, and the chat's */
    assert_string_equal(offered_to, "");
    reply(rig, 250, 0);
    reply(rig, 250, 0);
    assert_string_equal(offered_to, "mina@people.example a");
    offered_to[0] = '\0';
    reply(rig, 451, 0);
    at(rig, 10);
    assert_string_equal(offered_to, "mina@people.example a");
}

/* What no longer fits to its format is an attempt that failed, which its log tells, and holds up nobody. */
static void what_cannot_be_sent_is_said(void **state)
{
    struct book_fixture *rig = *state;
    make(rig, "odd", "request.submitted");
    make(rig, "even", "request.submitted");
    give(rig, "odd", (struct webhook_draft){.format = "email"});
    hand_in(rig, "a");
    settle(rig);
    assert_int_equal(played.count, 1);
    json_t *hook = shown(rig, "odd");
    const char *why = text_of(json_object_get(hook, "lastFailure"), "error");
    assert_non_null(strstr(why, "it cannot be sent: its URL "));
    json_decref(hook);
}

/* What is said beside deliveries: thrice at most, and never after the end. */
static void what_is_said_is_said_thrice_at_most(void **state)
{
    struct book_fixture *rig = *state;
    const char *url = "https://hooks.example.org/reply";
    webhook_engine_say(engine, url, BYTES_LITERAL("{\"text\":\"done\"}"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(played.count, 1);
        assert_string_equal(played.posts[0]->url, url);
        assert_true(bytes_equal_cstr(played.posts[0]->body, "{\"text\":\"done\"}"));
        assert_string_equal(header_of(played.posts[0], "Content-Type"), "application/json; charset=utf-8");
        reply(rig, i % 2 ? 500 : 0, 0);
    }
    assert_int_equal(played.count, 0);
    webhook_engine_say(engine, url, BYTES_LITERAL("{}"));
    reply(rig, 404, 0); /* it was heard, and is not wanted */
    assert_int_equal(played.count, 0);
    webhook_engine_stop(engine, on_stopped, NULL);
    webhook_engine_say(engine, url, BYTES_LITERAL("{}"));
    assert_int_equal(played.count, 0);
    assert_int_equal(stopped, 1);
    webhook_engine_destroy(engine);
    engine = NULL;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(each_goes_out_in_its_order),        CASE(two_secrets_sign_for_a_day),
        CASE(a_failure_is_tried_for_three_days), CASE(a_receiver_says_when_and_that_it_is_gone),
        CASE(at_least_once_over_a_restart),      CASE(while_it_is_paused_nothing_goes),
        CASE(what_is_under_way_is_bounded),      CASE(a_mail_about_what_waits_has_a_link_of_its_own),
        CASE(what_cannot_be_sent_is_said),       CASE(what_is_said_is_said_thrice_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
