/* SPDX-License-Identifier: MIT */
/* routes_standing.c — standing approvals over HTTP: which there are, and one that is to stand no more. They are made with a vote. */
#include <stdio.h>

#include "os/clock.h"
#include "store/review/policy_book.h"
#include "svc/app/book_exchange.h"

struct standing_exchange {
    struct book_exchange base;
    struct review_page page;
    int64_t next;
    bool anybodys; /* they may revoke others', too */
    enum policy_revoke_outcome outcome;
};

static struct standing_exchange *own_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct standing_exchange, base.base);
}

/* NULL: it is answered. */
static struct standing_exchange *begin(struct app_service *service, struct http_request *request)
{
    if (book_exchange_refuse_without_book(service, request))
        return NULL;
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct standing_exchange), NULL);
    return exchange ? own_of(&exchange->base) : NULL;
}

/* --- GET /v1/policy/standing --- */

static enum status list(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct standing_exchange *own = own_of(&exchange->base);
    return policy_book_standing(book, &own->page, clock_unix_ns(), &exchange->json, &own->next, err);
}

static void on_listed(struct exchange *exchange)
{
    struct standing_exchange *own = own_of(exchange);
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    policy_page_answer(exchange, "/v1/policy/standing", json_pack("{s:O}", "standing", own->base.json),
                       own->next);
}

void route_standing_list(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct review_page page;
    if (!policy_page_read(request, &page))
        return;
    struct standing_exchange *own = begin(service, request);
    if (!own)
        return;
    own->page = page;
    book_exchange_act(&own->base, true, list, on_listed);
}

/* --- DELETE /v1/policy/standing/{id} --- */

static enum status revoke(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct standing_exchange *own = own_of(&exchange->base);
    return policy_book_revoke(book, exchange->base.id, &exchange->person, own->anybodys, clock_unix_ns(),
                              &own->outcome, &exchange->json, err);
}

static void on_revoked(struct exchange *exchange)
{
    struct standing_exchange *own = own_of(exchange);
    exchange->carries_on = false;
    if (exchange->status == DT_NOT_FOUND)
        exchange_answer_problem(exchange, &app_problems[APP_UNKNOWN_STANDING],
                                "There is no standing approval with this id.");
    else if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else if (own->outcome == POLICY_REVOKE_NOT_THEIRS)
        exchange_answer_problem(exchange, &app_problems[APP_NOT_YOURS],
                                "Only who made a standing approval, an operator or an owner may revoke it.");
    else
        exchange_answer_json(exchange, 200, json_incref(own->base.json));
}

void route_standing_revoke(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct standing_exchange *own = begin(service, request);
    if (!own)
        return;
    own->anybodys = access_decide_at(http_request_principal(request), ACCESS_POLICY_WRITE, APP_PLACE,
                                     BYTES_LITERAL("")) == ACCESS_GRANTED;
    if (!exchange_take_id(&own->base.base, id)) {
        exchange_answer_problem(&own->base.base, &app_problems[APP_UNKNOWN_STANDING],
                                "There is no standing approval with this id.");
        return;
    }
    own->base.base.carries_on = true;
    book_exchange_act(&own->base, false, revoke, on_revoked);
}
