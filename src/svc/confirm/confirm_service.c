/* SPDX-License-Identifier: MIT */
/* confirm_service.c — a visit is one request to a link: perhaps a vote, then a look at the request, then perhaps a look at two
 * manifests, then a page. Each step asks the API anew as the person. */
#include "svc/confirm/confirm_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/review/manifest.h"
#include "svc/confirm/confirm_make.h"
#include "svc/confirm/confirm_page.h"
#include "svc/confirm/confirm_visit.h"
#include "svc/confirm/limit_values.h"
#include "svc/confirm/person_question.h"
#include "wire/http1/form.h"
#include "wire/json/json.h"

static void end_page(struct confirm_visit *visit, const char *differs)
{
    CLEANUP(buf_fini) struct buf page_token = {0};
    CLEANUP(buf_fini) struct buf page = {0};
    struct bytes token = http_request_value(visit->request);
    bool whole = confirm_link_write_page(visit->service->key, token, visit_now_s(), &page_token) == STATUS_OK;
    buf_append_byte(&page_token, '\0');
    const struct confirm_view view = {
        .request = visit->shown,
        .manifest = visit->link.manifest,
        .person_id = visit->person_id,
        .name = visit->name,
        .expires_s = visit->link.expires_s,
        .page_token = (const char *)page_token.data,
        .differs = differs,
        .note = visit->note,
        .comment = visit->comment,
    };
    if (!whole || buf_status(&page_token) != STATUS_OK) {
        visit_end_unavailable(visit);
        return;
    }
    confirm_page_write(&view, &page);
    visit_respond_page(visit->request, visit->http_status, &page);
    visit_free(visit);
}

/* --- looking --- */

static void on_present_manifest(struct confirm_visit *visit, const struct http_inner_answer *answer)
{
    CLEANUP(buf_fini) struct buf words = {0};
    if (answer->http_status == 200)
        manifest_difference(buf_peek(&visit->earlier), answer->body, &words);
    buf_append_byte(&words, '\0');
    end_page(visit, words.size > 1 && buf_status(&words) == STATUS_OK ? (const char *)words.data : NULL);
}

/* Without the earlier one the page says that it has changed, and not what: nobody decides by a guess. */
static void on_earlier_manifest(struct confirm_visit *visit, const struct http_inner_answer *answer)
{
    if (answer->http_status != 200) {
        end_page(visit, NULL);
        return;
    }
    buf_append_bytes(&visit->earlier, answer->body);
    visit_ask(visit, "/manifest", NULL, on_present_manifest);
}

static bool is_changed(const struct confirm_visit *visit)
{
    struct bytes there = json_member_bytes(visit->shown, "manifestSha256");
    return there.size > 0 && !bytes_equal_cstr(there, visit->link.manifest);
}

static void on_request(struct confirm_visit *visit, const struct http_inner_answer *answer)
{
    char what[sizeof "/manifest?sha256=" + SECRET_HASH_SIZE];
    struct err err = {0};
    if (visit_end_refused(visit, answer->http_status))
        return;
    if (json_parse(answer->body, NULL, &visit->shown, &err) != STATUS_OK) {
        visit_end_unavailable(visit);
        return;
    }
    if (!is_changed(visit)) {
        end_page(visit, NULL);
        return;
    }
    (void)snprintf(what, sizeof what, "/manifest?sha256=%s", visit->link.manifest);
    visit_ask(visit, what, NULL, on_earlier_manifest);
}

static void look(struct confirm_visit *visit)
{
    visit_ask(visit, "", NULL, on_request);
}

/* NULL: it is answered. */
static struct confirm_visit *begin(struct confirm_service *service, struct http_request *request)
{
    struct confirm_link link;
    struct err err = {0};
    enum status status =
        confirm_link_read(service->key, http_request_value(request), visit_now_s(), &link, &err);
    if (status == STATUS_DEADLINE_EXCEEDED) {
        visit_respond_words(request, 410, "This link is over",
                            "Its time has passed. Nothing was decided by it after that.");
        return NULL;
    }
    if (status != STATUS_OK) {
        visit_respond_words(request, 404, "No such link", "This server has not made this link.");
        return NULL;
    }
    struct confirm_visit *visit = calloc(1, sizeof *visit);
    if (!visit) {
        http_respond_no_memory(request);
        return NULL;
    }
    *visit = (struct confirm_visit){.service = service, .request = request, .link = link, .http_status = 200};
    http_request_on_gone(request, visit_gone, visit);
    return visit;
}

static void show(void *context, struct http_request *request)
{
    struct confirm_visit *visit = begin(context, request);
    if (visit)
        look(visit);
}

/* --- voting --- */

/* What a refusal of the API means to them; NULL: nothing that the page could tell. */
static const char *note_of(const struct http_inner_answer *answer)
{
    CLEANUP(json_release) json_t *problem = NULL;
    struct err err = {0};
    if (json_parse(answer->body, NULL, &problem, &err) != STATUS_OK)
        return NULL;
    const struct person_refusal *refusal = person_refusal_of(problem);
    return refusal ? refusal->words : NULL;
}

static void respond_back(struct http_request *request)
{
    if (http_response_header(request, "Location", http_request_path(request)) == STATUS_OK)
        http_respond(request, 303, NULL, (struct bytes){0});
    else
        http_respond_no_memory(request);
}

static void on_voted(struct confirm_visit *visit, const struct http_inner_answer *answer)
{
    if (answer->http_status == 200) { /* back to the link, so that loading it again sends nothing */
        respond_back(visit->request);
        visit_free(visit);
        return;
    }
    visit->note = note_of(answer);
    visit->http_status = answer->http_status;
    if (visit->note)
        look(visit);
    else if (!visit_end_refused(visit, answer->http_status))
        visit_end_unavailable(visit);
}

/* By the API, as the person of the link: what a link may is what its person may, at this moment. */
static void vote(struct confirm_visit *visit, const char *answer, const char *comment)
{
    CLEANUP(buf_fini) struct buf body = {0};
    person_question_write_vote(answer, visit->link.manifest, comment, &body);
    visit_ask(visit, "/votes", &body, on_voted);
}

/* What the form must say before anything is done; NULL: it does. */
static const char *fault_of(const struct confirm_visit *visit, const struct form_fields *form)
{
    static const char *const answers[] = {"approve", "changes", "reject"};
    const char *token = form_get(form, "token"), *manifest = form_get(form, "manifest"),
               *answer = form_get(form, "vote");
    if (!token || !confirm_link_page_holds(visit->service->key, http_request_value(visit->request),
                                           bytes_of_cstr(token), visit_now_s()))
        return "The page was shown too long ago, or not by this server. Nothing was decided: open the link "
               "again.";
    if (!manifest || strcmp(manifest, visit->link.manifest) != 0)
        return "The page is about something else than the link. Nothing was decided: open the link again.";
    for (size_t i = 0; answer && i < ARRAY_SIZE(answers); i++)
        if (strcmp(answer, answers[i]) == 0)
            return NULL;
    return "The answer is to approve, to ask for changes or to reject. Nothing was decided.";
}

static void decide(void *context, struct http_request *request)
{
    struct form_fields form;
    struct err err = {0};
    struct confirm_visit *visit = begin(context, request);
    if (!visit)
        return;
    bool read = form_read(http_request_body(request), http_request_arena(request), &form, &err) == STATUS_OK;
    const char *fault = read ? fault_of(visit, &form) : "The form cannot be read. Nothing was decided.";
    if (fault) {
        visit_respond_words(request, 403, "Not decided", fault);
        visit_free(visit);
        return;
    }
    const char *comment = form_get(&form, "comment");
    visit->comment = comment ? strdup(comment) : NULL;
    vote(visit, form_get(&form, "vote"), comment);
}

static const struct http_route routes[] = {
    {"POST", "/v1/requests/{id}/links", "format topic", ACCESS_DECIDE, .handle = confirm_make,
     .summary = "A link by which whoever asks decides without signing in, once, on what waits now"},
    {"GET", "/confirm/{token}", "", ACCESS_ANYONE, .page = true, .handle = show,
     .summary = "What a link is about; decides nothing"},
    {"POST", "/confirm/{token}", "", ACCESS_ANYONE, HTTP_TYPE_URLENCODED, .handle = decide,
     .summary = "The answer of whom the link names, with the token of the page"},
};

struct http_part confirm_service_part(struct confirm_service *service)
{
    return (struct http_part){
        .name = "confirm",
        .where = "/app",
        .prefix = "",
        .claims = "/confirm",
        .routes = routes,
        .route_count = ARRAY_SIZE(routes),
        .body_limits = {CONFIRM_BODY_SIZE_MAX, CONFIRM_BODY_SIZE_MAX, CONFIRM_BODY_SIZE_MAX},
        .problems = http_problems,
        .problem_count = http_problem_count,
        .context = service};
}
