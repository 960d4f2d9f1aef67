/* SPDX-License-Identifier: MIT */
/* review_decide.c — votes and decisions. What is in the book is decided there, in one transaction; what is only an
 * orchestration (of an older release, of another client, of another app) is decided as decision_flow.c does. */
#include <stdio.h>

#include "base/text.h"
#include "base/time_parse.h"
#include "os/clock.h"
#include "svc/app/book_exchange.h"
#include "svc/app/notice.h"
#include "svc/app/remember.h"
#include "wire/json/json.h"

struct decide_book {
    struct book_exchange base;
    struct review_vote vote; /* its texts are the record's */
    struct review_remember remember;
    json_t *record; /* {"approved","at","by","comment"?,"sha256"?}; taken */
    json_t *warnings;
    bool json_answer;
    char id[DT_INSTANCE_ID_SIZE];
};

static void decide_free(struct exchange *exchange)
{
    struct decide_book *own = CONTAINER_OF(exchange, struct decide_book, base.base);
    json_decref(own->record);
    json_decref(own->warnings);
    book_exchange_free(exchange);
}

static enum status act(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    const struct decide_book *own = CONTAINER_OF(exchange, struct decide_book, base);
    enum status status;
    if (!book_exchange_is_seen(exchange, book, err, &status))
        return status;
    return review_book_vote(book, exchange->base.id, &own->vote, clock_unix_ns(), &exchange->answer, err);
}

/* The request is not in the book: as before there was one. */
static void go_to_scheduler(struct decide_book *own)
{
    struct exchange *exchange = &own->base.base;
    struct app_service *service = exchange->service;
    struct http_request *request = exchange->request;
    json_t *record = own->record, *warnings = own->warnings;
    bool json_answer = own->json_answer;
    char id[DT_INSTANCE_ID_SIZE];
    (void)snprintf(id, sizeof id, "%s", own->id);
    own->record = own->warnings = NULL;
    exchange_leave(exchange);
    if (request) {
        decide(service, request, bytes_of_cstr(id), record, json_answer, warnings);
        return;
    }
    json_decref(record);
    json_decref(warnings);
}

/* A policy wants more than this vote. */
static bool waits_for_others(const struct decide_book *own)
{
    const char *state = json_member_text(own->base.answer.request, "state");
    return strcmp(text_or(state, ""), request_state_name(REQUEST_WAITING)) == 0;
}

/* In place of the sample's words, which would not be true: it knows one vote. */
static json_t *vote_message(void)
{
    return json_pack("{s:s}", "message", "The vote was taken; the request waits for others.");
}

static void answer(struct decide_book *own)
{
    struct exchange *exchange = &own->base.base;
    bool approve = own->vote.answer == REVIEW_VOTE_APPROVE;
    if (!own->json_answer) {
        exchange_answer_json(exchange, 200, waits_for_others(own) ? vote_message() : decide_message(approve));
        return;
    }
    json_t *body = json_incref(own->base.answer.request);
    if (own->warnings)
        json_object_set(body, "warnings", own->warnings);
    exchange_answer_json(exchange, 200, body);
}

/* Since the request was made. */
static int64_t age_ms(const json_t *request)
{
    int64_t created_ns = 0;
    if (time_parse(json_member_bytes(request, "createdAt"), &created_ns) != STATUS_OK)
        return -1;
    return (clock_unix_ns() - created_ns) / NS_PER_MS;
}

static void on_voted(struct exchange *exchange)
{
    struct decide_book *own = CONTAINER_OF(exchange, struct decide_book, base.base);
    exchange->carries_on = false;
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
    } else if (own->base.answer.outcome == REVIEW_UNKNOWN && own->vote.answer != REVIEW_VOTE_CHANGES &&
               !own->vote.remember) {
        go_to_scheduler(own);
    } else if (own->base.answer.outcome != REVIEW_DONE) {
        book_exchange_refuse(&own->base);
    } else {
        if (json_object_get(own->base.answer.request, "decision"))
            notice_decided(exchange->id, own->vote.by_said, own->vote.answer == REVIEW_VOTE_APPROVE,
                           age_ms(own->base.answer.request));
        book_exchange_changed(&own->base);
        answer(own);
    }
}

void decide_in_book(struct app_service *service, struct http_request *request, struct bytes id,
                    const struct book_vote *vote)
{
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct decide_book), decide_free);
    if (!exchange) {
        json_decref(vote->record);
        json_decref(vote->warnings);
        return;
    }
    struct decide_book *own = CONTAINER_OF(exchange, struct decide_book, base);
    const char *by = json_member_text(vote->record, "by");
    own->record = vote->record;
    own->warnings = vote->warnings;
    own->json_answer = vote->json_answer;
    own->vote = (struct review_vote){.by = exchange->person,
                                     .by_said = by,
                                     .answer = vote->answer,
                                     .comment = json_member_text(vote->record, "comment"),
                                     .sha256 = json_member_text(vote->record, "sha256"),
                                     .manifest_sha256 = json_member_text(vote->record, "manifestSha256"),
                                     .once = vote->once,
                                     .via = text_or(http_request_principal(request)->way, "api"),
                                     .viewer = &exchange->viewer.viewer};
    if (vote->remembers && !remember_read(json_object_get(own->record, "remember"), &own->remember))
        own->vote.remember = &own->remember;
    if (!exchange_take_id(&exchange->base, id)) {
        exchange_answer_unknown(&exchange->base);
        return;
    }
    (void)snprintf(own->id, sizeof own->id, "%s", exchange->base.id);
    exchange->base.carries_on = true;
    book_exchange_act(exchange, false, act, on_voted);
}
