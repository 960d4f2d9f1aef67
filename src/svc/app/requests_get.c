/* SPDX-License-Identifier: MIT */
/* requests_get.c — GET /v1/requests/{id}[?wait=30s[&until=result|over]], and the same behind a submission that waits. */
#include "svc/app/look.h"

#include <stdio.h>

#include "base/duration.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/app/app_service.h"
#include "svc/app/limit_values.h"
#include "svc/app/run_look.h"
#include "svc/app/running.h"
#include "wire/json/json.h"

#define BOOK_PAUSE_NS       NS_PER_S /* at most: a change of the request wakes it */
#define POLL_PAUSE_FIRST_NS (5 * NS_PER_MS)
#define POLL_PAUSE_MAX_NS   (200 * NS_PER_MS)

struct look_exchange {
    struct book_exchange base;
    struct look_wish wish;
    json_t *warnings;            /* NULL: none */
    int64_t deadline_ns;         /* monotonic: end of the long poll */
    int64_t pause_ns;            /* before the next look */
    enum review_state end_state; /* of an orchestration that another hand ended */
    char end_type[64];
    char end_message[256];
};

static void look_free(struct exchange *exchange)
{
    json_decref(CONTAINER_OF(exchange, struct look_exchange, base.base)->warnings);
    book_exchange_free(exchange);
}

static struct look_exchange *own_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct look_exchange, base.base);
}

/* What a long poll waits for: by default the result, so that it never holds back what is already there. */
static bool awaited(const struct look_exchange *look, enum request_state now)
{
    bool people_asked = now == REQUEST_WAITING || now == REQUEST_CHANGES_REQUESTED;
    return request_state_over(now) || (!look->wish.until_over && people_asked);
}

/* Takes `body`. */
static void answer(struct look_exchange *look, json_t *body)
{
    if (look->wish.cut && !look->warnings)
        look->warnings = json_array();
    if (look->wish.cut)
        json_array_append_new(look->warnings, json_string("The wait was cut to 300s, the longest there is."));
    if (look->warnings)
        json_object_set(body, "warnings", look->warnings);
    exchange_answer_json(&look->base.base, look->wish.http_status, body);
}

/* --- in the book --- */

static void look(struct exchange *exchange);
static void look_at_scheduler(struct exchange *exchange);

static enum status read_brief(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return review_book_read(book, exchange->base.id, REVIEW_BRIEF, &exchange->json, err);
}

static enum status read_full(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return review_book_read(book, exchange->base.id, REVIEW_FULL, &exchange->json, err);
}

static enum request_state state_in_book(const struct look_exchange *own)
{
    const char *state = json_member_text(own->base.json, "state");
    return request_state_from_name(bytes_of_cstr(text_or(state, "")));
}

/* Its request was over before it, and then the server went away: nobody will run it again, or write its end down. */
static void tell_lost_runs(struct look_exchange *own)
{
    json_t *request = own->base.json;
    const char *id = json_member_text(request, "id");
    const json_t *runs = json_object_get(request, "runs");
    struct running *running = own->base.base.service->activity.running;
    if (!id || !request_state_over(state_in_book(own)))
        return;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        json_t *run = json_array_get(runs, i);
        int64_t number = json_integer_value(json_object_get(run, "number"));
        if (!json_object_get(run, "ended") && !running_has(running, id, number))
            run_look_add_lost(run);
    }
}

static void on_full(struct exchange *exchange)
{
    struct look_exchange *own = own_of(exchange);
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    tell_lost_runs(own);
    review_hold_back(own->base.json, &own->base.viewer.viewer);
    if (exchange->request)
        http_response_version(exchange->request, json_member_bytes(own->base.json, "updatedAt"));
    answer(own, json_incref(own->base.json));
}

static void answer_or_wait(struct exchange *exchange)
{
    struct look_exchange *own = own_of(exchange);
    int64_t left_ns = own->deadline_ns - loop_now(exchange->service->loop);
    if (awaited(own, state_in_book(own)) || left_ns <= 0) {
        book_exchange_read(&own->base, read_full, on_full);
        return;
    }
    exchange_pause(exchange, MIN(BOOK_PAUSE_NS, left_ns), look);
}

/* Another hand may have ended the orchestration of what is open here: that is written down first. */
static enum status settle(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct look_exchange *own = own_of(&exchange->base);
    json_t *error = json_pack("{s:s, s:s}", "type", own->end_type, "message", own->end_message);
    struct review_step step = {0};
    enum status status = review_book_ended_outside(book, exchange->base.id, own->end_state, error,
                                                   clock_unix_ns(), &step, err);
    exchange->answer.request = json_incref(step.request);
    review_step_fini(&step);
    json_decref(error);
    if (status != STATUS_OK)
        return status;
    return review_book_read(book, exchange->base.id, REVIEW_BRIEF, &exchange->json, err);
}

static void on_settled(struct exchange *exchange)
{
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    book_exchange_changed(&own_of(exchange)->base);
    answer_or_wait(exchange);
}

static void on_asked(struct exchange *exchange)
{
    struct look_exchange *own = own_of(exchange);
    struct request_facts facts = {0};
    enum request_state ended = REQUEST_STATE_COUNT;
    if (exchange->status == DT_OK) { /* one that cannot be asked says nothing against the book */
        facts = exchange_facts(exchange);
        ended = request_state_of(&facts);
    }
    if (ended != REQUEST_FAILED && ended != REQUEST_CANCELLED) {
        answer_or_wait(exchange);
        return;
    }
    own->end_state = ended == REQUEST_FAILED ? REVIEW_FAILED : REVIEW_CANCELLED;
    (void)snprintf(own->end_type, sizeof own->end_type, "%s", text_or(facts.failure_type, "Cancelled"));
    (void)snprintf(own->end_message, sizeof own->end_message, "%s",
                   text_or(facts.failure_message, "the request was terminated"));
    book_exchange_act(&own->base, false, settle, on_settled);
}

static void on_brief(struct exchange *exchange)
{
    struct app_service *service = exchange->service;
    if (exchange->status == DT_NOT_FOUND) {
        look_at_scheduler(exchange);
        return;
    }
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    if (book_exchange_sight(&own_of(exchange)->base) == REVIEW_HIDDEN) {
        exchange_answer_unknown(exchange);
        return;
    }
    const json_t *request = own_of(exchange)->base.json;
    const char *id = json_member_text(request, "id");
    (void)snprintf(exchange->awaited, sizeof exchange->awaited, "%s", text_or(id, ""));
    /* What woke it has just been written: whether another hand has ended it, is asked when nothing comes. */
    bool needs_scheduler = !exchange->woken && !request_state_over(state_in_book(own_of(exchange)));
    if (!needs_scheduler || !app_service_connected(service, NULL)) {
        answer_or_wait(exchange);
        return;
    }
    const char *instance = json_member_text(request, "instanceId");
    (void)snprintf(exchange->id, sizeof exchange->id, "%s", text_or(id, ""));
    exchange_call(exchange, on_asked);
    exchange_started(exchange, dt_client_get_async(service->client, text_or(instance, exchange->id), false,
                                                   exchange_on_reply, exchange));
}

static void look(struct exchange *exchange)
{
    if (!book_exchange_see(&own_of(exchange)->base))
        exchange_answer_no_memory(exchange);
    else if (exchange->service->review)
        book_exchange_read(&own_of(exchange)->base, read_brief, on_brief);
    else
        look_at_scheduler(exchange);
}

/* --- what is only an orchestration --- */

static void on_looked(struct exchange *exchange)
{
    struct look_exchange *own = own_of(exchange);
    if (exchange->status == DT_NOT_FOUND && exchange_take_other_spelling(exchange)) {
        look(exchange);
        return;
    }
    bool hidden = exchange->status == DT_OK &&
                  !exchange_is_shown(exchange, app_viewer_looks_around(&own->base.viewer.viewer));
    if (exchange->status == DT_NOT_FOUND || hidden) {
        exchange_answer_unknown(exchange);
        return;
    }
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    struct request_facts facts = exchange_facts(exchange);
    int64_t left_ns = own->deadline_ns - loop_now(exchange->service->loop);
    if (awaited(own, request_state_of(&facts)) || left_ns <= 0) {
        answer(own, request_to_json(&facts, false));
        return;
    }
    exchange_pause(exchange, MIN(own->pause_ns, left_ns), look_at_scheduler);
    own->pause_ns = MIN(2 * own->pause_ns, POLL_PAUSE_MAX_NS);
}

static void look_at_scheduler(struct exchange *exchange)
{
    exchange->wakes = false;
    exchange_call(exchange, on_looked);
    exchange_started(exchange, dt_client_get_async(exchange->service->client, exchange->id, true,
                                                   exchange_on_reply, exchange));
}

/* --- what a peer waits for --- */

/* "wait=30" of Prefer (RFC 7240), which may have other preferences beside it: nanoseconds, or -1. */
static int64_t preferred_wait_ns(struct bytes prefer)
{
    int64_t seconds;
    while (prefer.data) {
        struct bytes item = bytes_trim(bytes_split(&prefer, ','));
        struct bytes preference = bytes_split(&item, ';');
        struct bytes name = bytes_trim(bytes_split(&preference, '='));
        if (bytes_equal_nocase(name, BYTES_LITERAL("wait")) &&
            bytes_parse_i64(bytes_trim(preference), &seconds) == STATUS_OK && seconds >= 0)
            return MIN(seconds, APP_POLL_NS_MAX / NS_PER_S + 1) * NS_PER_S;
    }
    return -1;
}

static bool refuse(struct http_request *request, const char *detail)
{
    http_respond_failure(request, 400, detail);
    return false;
}

bool look_wish_read(struct http_request *request, bool over_by_default, struct look_wish *ret_wish)
{
    struct bytes wait = http_request_query(request, "wait"), until = http_request_query(request, "until");
    struct bytes mode = http_request_query(request, "mode");
    bool synchronous = bytes_equal_cstr(mode, "sync");
    int64_t wait_ns = wait.data ? 0 : preferred_wait_ns(http_request_header(request, "prefer"));
    if (wait.data && duration_parse(wait, &wait_ns) != STATUS_OK)
        return refuse(request, "The value of wait must be a duration such as 30s, 500ms or 2m.");
    if (until.data && !bytes_equal_cstr(until, "result") && !bytes_equal_cstr(until, "over"))
        return refuse(request, "The value of until must be result or over.");
    if (mode.data && !synchronous && !bytes_equal_cstr(mode, "async"))
        return refuse(request, "The value of mode must be sync or async.");
    if (wait_ns < 0 && synchronous)
        wait_ns = LOOK_WAIT_DEFAULT_NS;
    *ret_wish = (struct look_wish){
        .http_status = 200,
        .waits = wait_ns > 0,
        .wait_ns = MAX(MIN(wait_ns, APP_POLL_NS_MAX), 0),
        .cut = wait_ns > APP_POLL_NS_MAX,
        .until_over = bytes_equal_cstr(until, "over") || (over_by_default && !until.data),
    };
    return true;
}

void look_begin(struct app_service *service, struct http_request *request, struct bytes id,
                const struct look_wish *wish, json_t *warnings)
{
    struct book_exchange *in_book =
        book_exchange_create(service, request, sizeof(struct look_exchange), look_free);
    if (!in_book) {
        json_decref(warnings);
        return;
    }
    struct exchange *exchange = &in_book->base;
    struct look_exchange *own = own_of(exchange);
    exchange->wakes = true;
    own->wish = *wish;
    own->warnings = warnings;
    own->deadline_ns = loop_now(service->loop) + wish->wait_ns;
    own->pause_ns = POLL_PAUSE_FIRST_NS;
    if (exchange_take_id(exchange, id))
        look(exchange);
    else
        exchange_answer_unknown(exchange);
}

void route_requests_get(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct look_wish wish;
    if (look_wish_read(request, false, &wish))
        look_begin(service, request, id, &wish, NULL);
}
