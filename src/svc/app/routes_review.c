/* SPDX-License-Identifier: MIT */
/* routes_review.c — what people do with a request that is in the book, beside submitting and looking: vote, revise, cancel, read
 * its bytes, follow what happens. A request that is only an orchestration is answered 404 here, but for votes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "net/http_router.h"
#include "os/clock.h"
#include "svc/app/body.h"
#include "svc/app/book_exchange.h"
#include "svc/app/input_drafts.h"
#include "svc/app/remember.h"
#include "svc/app/review_events.h"
#include "svc/app/run_outputs.h"
#include "svc/app/submission_body.h"
#include "svc/app/submission_check.h"
#include "svc/app/then.h"
#include "wire/json/json.h"

/* An optional text member of bounded size without U+0000; false: it is there and wrong, and that is answered. */
static bool read_text(struct http_request *request, const json_t *root, const char *name, size_t size_max,
                      const char **ret_text)
{
    char detail[120];
    const json_t *value = json_object_get(root, name);
    if (json_is_null(value))
        value = NULL;
    *ret_text = json_string_value(value);
    if (!value || (json_is_string(value) && json_string_length(value) <= size_max &&
                   strlen(*ret_text) == json_string_length(value)))
        return true;
    (void)snprintf(detail, sizeof detail, "The member \"%s\" must be a string of at most %zu bytes.", name,
                   size_max);
    http_respond_failure(request, 400, detail);
    return false;
}

/* --- POST /v1/requests/{id}/votes --- */

static bool read_answer(struct http_request *request, const json_t *root, enum review_vote_answer *ret_answer)
{
    static const char *const answers[REVIEW_VOTE_ANSWERS] = {"approve", "changes", "reject"};
    const char *text = json_member_text(root, "answer");
    for (size_t i = 0; text && i < ARRAY_SIZE(answers); i++) {
        if (strcmp(text, answers[i]) != 0)
            continue;
        *ret_answer = (enum review_vote_answer)i;
        return true;
    }
    http_respond_failure(request, 400,
                         "The member \"answer\" must be \"approve\", \"changes\" or \"reject\".");
    return false;
}

/* False: it is there and wrong, and that is answered. */
static bool read_remember(struct http_request *request, const json_t *root, const struct book_vote *vote,
                          json_t **ret_remember)
{
    struct review_remember remember;
    json_t *object = json_object_get(root, "remember");
    *ret_remember = json_is_null(object) ? NULL : object;
    if (!*ret_remember)
        return true;
    const char *refusal = remember_read(object, &remember);
    if (vote->answer != REVIEW_VOTE_APPROVE)
        refusal = "Only an approval can be remembered.";
    if (refusal)
        http_respond_failure(request, 400, refusal);
    return refusal == NULL;
}

void route_review_vote(struct app_service *service, struct http_request *request, struct bytes id)
{
    static const char *const known[] = {"answer", "comment", "manifestSha256", "remember", "once"};
    if (book_exchange_refuse_without_book(service, request))
        return;
    json_t *root = body_read_object(request);
    if (!root)
        return;
    struct book_vote vote = {.json_answer = true};
    const char *comment, *manifest;
    json_t *remember = NULL;
    bool fits = read_answer(request, root, &vote.answer) &&
                read_text(request, root, "comment", APP_COMMENT_SIZE_MAX, &comment) &&
                read_text(request, root, "manifestSha256", SECRET_HASH_SIZE, &manifest) &&
                read_remember(request, root, &vote, &remember);
    const json_t *once = submission_member(root, "once");
    if (fits && once && !json_is_boolean(once)) {
        http_respond_failure(request, 400, "The member \"once\" must be true or false.");
        fits = false;
    }
    if (fits && manifest && !submission_hash(manifest)) {
        http_respond_failure(request, 400, "The member \"manifestSha256\" must be 64 hexadecimal digits.");
        fits = false;
    }
    if (fits) {
        char at[TIME_TEXT_SIZE_MAX];
        time_format(clock_unix_ns(), 7, at);
        vote.record =
            json_pack("{s:b, s:s, s:s, s:s*, s:s*, s:O*}", "approved", vote.answer == REVIEW_VOTE_APPROVE,
                      "at", at, "by", http_request_principal(request)->name, "comment", comment,
                      "manifestSha256", manifest, "remember", remember);
        vote.remembers = remember != NULL;
        vote.once = json_is_true(once);
        vote.warnings = submission_warnings(root, known, ARRAY_SIZE(known));
        decide_in_book(service, request, id, &vote);
    }
    json_decref(root);
}

/* --- POST …/revisions, …/cancel: one act of the submitter --- */

struct own_act {
    struct book_exchange base;
    json_t *root;
    json_t *warnings;           /* of what it has besides; NULL: nothing */
    struct input_drafts drafts; /* of a revision */
    struct review_revision revision;
    const char *reason;
    bool operator_too;
    int http_status; /* of a good answer */
};

static struct own_act *own_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct own_act, base.base);
}

static void own_free(struct exchange *exchange)
{
    input_drafts_fini(&own_of(exchange)->drafts);
    json_decref(own_of(exchange)->root);
    json_decref(own_of(exchange)->warnings);
    book_exchange_free(exchange);
}

static void on_done(struct exchange *exchange)
{
    struct own_act *own = own_of(exchange);
    exchange->carries_on = false;
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
    } else if (own->base.answer.outcome != REVIEW_DONE) {
        book_exchange_refuse(&own->base);
    } else {
        book_exchange_changed(&own->base);
        if (own->warnings)
            json_object_set(own->base.answer.request, "warnings", own->warnings);
        exchange_answer_json(exchange, own->http_status, json_incref(own->base.answer.request));
    }
}

/* Takes `root`. NULL: it is answered. */
static struct own_act *begin_own(struct app_service *service, struct http_request *request, struct bytes id,
                                 json_t *root)
{
    struct book_exchange *exchange = book_exchange_create(service, request, sizeof(struct own_act), own_free);
    if (!exchange) {
        json_decref(root);
        return NULL;
    }
    struct own_act *own = own_of(&exchange->base);
    own->root = root;
    own->http_status = 200;
    if (!exchange_take_id(&exchange->base, id)) {
        exchange_answer_unknown(&exchange->base);
        return NULL;
    }
    exchange->base.carries_on = true;
    return own;
}

static enum status revise(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    const struct own_act *own = own_of(&exchange->base);
    enum status status;
    if (!book_exchange_is_seen(exchange, book, err, &status))
        return status;
    return review_book_revise(book, exchange->base.id, &own->revision, clock_unix_ns(), &exchange->answer,
                              err);
}

static enum status write_inputs(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return input_drafts_write(&own_of(&exchange->base)->drafts, err);
}

static void on_inputs(struct exchange *exchange)
{
    if (exchange->status == DT_OK) {
        book_exchange_act(&own_of(exchange)->base, false, revise, on_done);
        return;
    }
    exchange->carries_on = false;
    exchange_answer_failure(exchange);
}

/* `body` was read; what of it is wrong is answered. */
static void begin_revision(struct app_service *service, struct http_request *request, struct bytes id,
                           struct submission_body *body)
{
    int http_status;
    const char *comment = NULL;
    const json_t *code = json_object_get(body->root, "code");
    const char *refusal = code_refusal(service, code, &http_status);
    if (!json_is_string(code))
        refusal = "The member \"code\" must be a string.";
    if (refusal)
        http_respond_failure(request, http_status, refusal);
    if (refusal || !read_text(request, body->root, "comment", APP_COMMENT_SIZE_MAX, &comment))
        return;
    const json_t *then = submission_member(body->root, "then");
    if (then && !then_admit_revision(request, then, service->code_size_max))
        return;
    struct own_act *own = begin_own(service, request, id, json_incref(body->root));
    if (!own)
        return;
    static const char *const known[] = {"code", "comment", "then", "files"};
    own->http_status = 201;
    own->warnings = submission_warnings(own->root, known, ARRAY_SIZE(known));
    if (!input_drafts_take(&own->drafts, service, &body->inputs)) {
        own->base.base.carries_on = false;
        exchange_answer_problem(
            &own->base.base, http_problem_of_status(503),
            "There is no room for these files at the moment (limit app-inputs-held-max).");
        return;
    }
    own->revision = (struct review_revision){.by = own->base.person,
                                             .code = json_bytes(code),
                                             .files = own->drafts.files,
                                             .file_count = own->drafts.inputs.count,
                                             .same_files = !body->files_said,
                                             .then = then,
                                             .comment = comment};
    if (own->drafts.inputs.count > 0)
        book_exchange_act_beside(&own->base, write_inputs, on_inputs);
    else
        book_exchange_act(&own->base, false, revise, on_done);
}

void route_review_revise(struct app_service *service, struct http_request *request, struct bytes id)
{
    if (book_exchange_refuse_without_book(service, request))
        return;
    const struct input_rules rules = {.size_max = service->input_size_max, .by_hash = true};
    struct submission_body body;
    if (submission_body_read(request, &rules, &body))
        begin_revision(service, request, id, &body);
    submission_body_fini(&body);
}

static enum status cancel(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    const struct own_act *own = own_of(&exchange->base);
    enum status status;
    if (!book_exchange_is_seen(exchange, book, err, &status))
        return status;
    return review_book_cancel(book, exchange->base.id, &exchange->person, own->operator_too, own->reason,
                              clock_unix_ns(), &exchange->answer, err);
}

void route_review_cancel(struct app_service *service, struct http_request *request, struct bytes id)
{
    if (book_exchange_refuse_without_book(service, request))
        return;
    bool empty = http_request_body(request).size == 0;
    json_t *root = empty ? json_object() : body_read_object(request);
    const char *reason = NULL;
    if (!root)
        return;
    if (!read_text(request, root, "reason", APP_COMMENT_SIZE_MAX, &reason)) {
        json_decref(root);
        return;
    }
    struct own_act *own = begin_own(service, request, id, root);
    if (!own)
        return;
    static const char *const known[] = {"reason"};
    own->reason = reason;
    own->warnings = submission_warnings(own->root, known, ARRAY_SIZE(known));
    own->operator_too = access_decide_at(http_request_principal(request), ACCESS_OPERATE, APP_PLACE,
                                         BYTES_LITERAL("")) == ACCESS_GRANTED;
    book_exchange_act(&own->base, false, cancel, on_done);
}

/* --- events, output, and who asks --- */

void route_run_output(struct app_service *service, struct http_request *request, struct bytes id)
{
    int64_t number = 0;
    if (book_exchange_refuse_without_book(service, request))
        return;
    if (bytes_parse_i64(http_request_second_value(request), &number) != STATUS_OK || number < 1)
        http_respond_failure(request, 404, "A run has a number.");
    else
        run_outputs_open(service->activity.outputs, request, id, number);
}

void route_review_events(struct app_service *service, struct http_request *request, struct bytes id)
{
    if (!book_exchange_refuse_without_book(service, request))
        review_feed_open(service->feed, request);
}

void route_me(struct app_service *service, struct http_request *request, struct bytes id)
{
    const struct principal *who = http_request_principal(request);
    const struct review_viewer *absent[ABSENCES_MAX];
    bool local = who == &access_local;
    json_t *roles = json_array(), *permissions = json_array(), *names = json_array();
    size_t absent_count = absences_for(service->absences, who->id, who->name, clock_unix_ns(), absent);
    for (size_t i = 0; i < absent_count; i++)
        json_array_append_new(names, json_string(absent[i]->name));
    for (size_t i = 0; i < who->grant_count; i++)
        json_array_append_new(roles, json_string(access_role_name(who->grants[i].role)));
    for (size_t i = ACCESS_READ; i < ACCESS_PERMISSIONS; i++)
        if (access_decide_at(who, (enum access_permission)i, APP_PLACE, BYTES_LITERAL("")) == ACCESS_GRANTED)
            json_array_append_new(permissions,
                                  json_string(access_permission_name((enum access_permission)i)));
    respond_json(request, 200,
                 json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:b}", "id", who->id, "name", who->name, "kind",
                           local ? "local" : "user", "roles", roles, "permissions", permissions,
                           "standsInFor", names, "signIn", !local));
}
