/* SPDX-License-Identifier: MIT */
/* routes_absences.c — over HTTP: who is away until when and who stands in for them. After each change those that there are now are read
 * from the book before it is answered, so that the next look of whoever stands in has them. */
#include <stdio.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time_parse.h"
#include "os/clock.h"
#include "store/review/absence_book.h"
#include "svc/app/body.h"
#include "svc/app/book_exchange.h"
#include "svc/app/submission_check.h"
#include "wire/json/json.h"

struct absence_exchange {
    struct book_exchange base;
    json_t *root; /* the body, to which texts of the draft belong */
    struct absence_draft draft;
    bool anybodys; /* they may say it of others, too */
    enum absence_outcome outcome;
    json_t *absence;
    int http_status;
};

static struct absence_exchange *own_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct absence_exchange, base.base);
}

static void own_free(struct exchange *exchange)
{
    json_decref(own_of(exchange)->root);
    json_decref(own_of(exchange)->absence);
    book_exchange_free(exchange);
}

static bool may(const struct http_request *request, enum access_permission permission)
{
    return access_decide_at(http_request_principal(request), permission, APP_PLACE, BYTES_LITERAL("")) ==
           ACCESS_GRANTED;
}

/* NULL: it is answered. */
static struct absence_exchange *begin(struct app_service *service, struct http_request *request)
{
    if (book_exchange_refuse_without_book(service, request))
        return NULL;
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct absence_exchange), own_free);
    if (!exchange)
        return NULL;
    struct absence_exchange *own = own_of(&exchange->base);
    own->anybodys = may(request, ACCESS_POLICY_WRITE);
    return own;
}

/* --- those that there are --- */

static enum status list(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return absence_book_list(book, clock_unix_ns(), &exchange->json, err);
}

static void on_listed(struct exchange *exchange)
{
    if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else
        exchange_answer_json(exchange, 200, json_pack("{s:O}", "absences", own_of(exchange)->base.json));
}

void route_absences(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct absence_exchange *own = begin(service, request);
    if (own)
        book_exchange_act(&own->base, true, list, on_listed);
}

/* --- after a change --- */

/* Of the body that says one. */
static const char *const known_members[] = {"delegate", "until", "from", "person", "comment"};

static void on_known(struct exchange *exchange)
{
    struct absence_exchange *own = own_of(exchange);
    bool known = exchange->status == DT_OK && absences_set(exchange->service->absences, own->base.json);
    exchange->carries_on = false;
    if (!known) /* it is in the book, and counts from the next start on at the latest */
        log_warn("svc/app", "absences were changed and could not be read again");
    json_t *warnings =
        own->root ? submission_warnings(own->root, known_members, ARRAY_SIZE(known_members)) : NULL;
    if (warnings)
        json_object_set_new(own->absence, "warnings", warnings);
    exchange_answer_json(exchange, own->http_status, json_incref(own->absence));
}

static void refuse(struct exchange *exchange, enum absence_outcome outcome)
{
    exchange->carries_on = false;
    if (outcome == ABSENCE_OWN_DELEGATE)
        exchange_answer_problem(exchange, http_problem_of_status(400), "Nobody stands in for themselves.");
    else if (outcome == ABSENCE_TOO_MANY)
        exchange_answer_problem(exchange, http_problem_of_status(429),
                                "Too many people are away already (limit absences-max).");
    else
        exchange_answer_problem(exchange, &app_problems[APP_NOT_YOURS],
                                "Only who is away, an operator or an owner may do this.");
}

static void on_changed(struct exchange *exchange)
{
    struct absence_exchange *own = own_of(exchange);
    if (exchange->status == DT_OK && own->outcome == ABSENCE_DONE) {
        book_exchange_act(&own->base, true, list, on_known);
        return;
    }
    if (exchange->status == DT_OK) {
        refuse(exchange, own->outcome);
        return;
    }
    exchange->carries_on = false;
    if (exchange->status == DT_NOT_FOUND)
        exchange_answer_problem(exchange, &app_problems[APP_UNKNOWN_ABSENCE],
                                "There is no absence with this id that is not over.");
    else
        exchange_answer_failure(exchange);
}

/* --- POST /v1/absences --- */

static enum status add(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct absence_exchange *own = own_of(&exchange->base);
    json_decref(own->absence); /* of the try before */
    own->absence = NULL;
    return absence_book_add(book, &own->draft, clock_unix_ns(), &own->outcome, &own->absence, err);
}

static bool read_time(const json_t *root, const char *name, int64_t *ret_ns)
{
    const json_t *value = submission_member(root, name);
    return !value || time_parse(json_bytes(value), ret_ns) == STATUS_OK;
}

/* What is wrong with it; NULL: nothing. */
static const char *read_draft(const json_t *root, struct absence_draft *draft)
{
    int64_t now_ns = clock_unix_ns();
    draft->from_ns = now_ns;
    draft->until_ns = 0;
    if (!submission_text(root, "delegate", APP_NAME_SIZE_MAX, &draft->delegate) || !draft->delegate ||
        !*draft->delegate)
        return "The member \"delegate\" must be the name of who stands in.";
    if (!submission_text(root, "person", APP_NAME_SIZE_MAX, &draft->person) ||
        (draft->person && !*draft->person))
        return "The member \"person\" must be the name of who is away.";
    if (!submission_text(root, "comment", APP_COMMENT_SIZE_MAX, &draft->comment))
        return "The member \"comment\" must be a text of at most " DIGITS_OF(
            APP_COMMENT_SIZE_MAX) " bytes (limit app-comment-size-max).";
    if (!read_time(root, "from", &draft->from_ns) || !read_time(root, "until", &draft->until_ns))
        return "The members \"from\" and \"until\" must be times as RFC 3339 has them.";
    if (draft->until_ns <= now_ns || draft->until_ns <= draft->from_ns ||
        draft->until_ns > now_ns + APP_ABSENCE_MAX_NS)
        return "The member \"until\" must be there, in the future, behind \"from\", and at most a year ahead "
               "(limit app-absence-max).";
    return NULL;
}

/* Who does not decide has no place that somebody could take. */
static bool may_add(const struct absence_exchange *own, const struct http_request *request)
{
    return own->anybodys || (!own->draft.person && may(request, ACCESS_DECIDE));
}

void route_absence_add(struct app_service *service, struct http_request *request, struct bytes id)
{
    json_t *root = body_read_object(request);
    if (!root)
        return;
    struct absence_exchange *own = begin(service, request);
    if (!own) {
        json_decref(root);
        return;
    }
    struct exchange *exchange = &own->base.base;
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, exchange->id);
    own->root = root;
    own->http_status = 201;
    own->draft.id = exchange->id;
    own->draft.by = own->base.person;
    const char *fault = read_draft(root, &own->draft);
    if (fault) {
        exchange_answer_problem(exchange, http_problem_of_status(400), fault);
    } else if (!may_add(own, request)) {
        refuse(exchange, ABSENCE_NOT_THEIRS);
    } else {
        exchange->carries_on = true;
        book_exchange_act(&own->base, false, add, on_changed);
    }
}

/* --- DELETE /v1/absences/{id} --- */

static enum status end(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    struct absence_exchange *own = own_of(&exchange->base);
    json_decref(own->absence); /* of the try before */
    own->absence = NULL;
    return absence_book_end(book, exchange->base.id, &exchange->person, own->anybodys, clock_unix_ns(),
                            &own->outcome, &own->absence, err);
}

void route_absence_end(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct absence_exchange *own = begin(service, request);
    if (!own)
        return;
    own->http_status = 200;
    if (!exchange_take_id(&own->base.base, id)) {
        exchange_answer_problem(&own->base.base, &app_problems[APP_UNKNOWN_ABSENCE],
                                "There is no absence with this id that is not over.");
        return;
    }
    own->base.base.carries_on = true;
    book_exchange_act(&own->base, false, end, on_changed);
}
