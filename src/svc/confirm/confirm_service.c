/* SPDX-License-Identifier: MIT */
/* confirm_service.c — a visit is one request to a link: perhaps a vote, then a look at the request, then perhaps a look at two
 * manifests, then a page. Each step asks the API anew as the person. */
#include "svc/confirm/confirm_service.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "base/time_parse.h"
#include "core/review/manifest.h"
#include "net/http_inner.h"
#include "os/clock.h"
#include "svc/confirm/confirm_message.h"
#include "svc/confirm/confirm_page.h"
#include "svc/confirm/limit_values.h"
#include "svc/confirm/person_question.h"
#include "wire/http1/form.h"
#include "wire/json/json.h"

/* Nothing runs, nothing is loaded, no other page frames it, and its form leads back to this server. */
#define PAGE_POLICY                                                                                          \
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self'; "    \
    "frame-ancestors 'none'"

const struct http_problem confirm_not_now = {409, "not-now", "Not In This State"};

struct visit {
    struct confirm_service *service;
    struct http_request *request;
    struct http_inner *inner; /* the question that is under way; NULL: none is */
    void (*on_answer)(struct visit *visit, const struct http_inner_answer *answer);
    struct confirm_link link;
    char person_id[64];
    char *name;         /* owned */
    char *comment;      /* likewise; NULL: none was typed */
    int http_status;    /* of the page */
    const char *note;   /* static; NULL: nobody voted */
    json_t *shown;      /* the request */
    struct buf earlier; /* the manifest of the link, where another is there now */
};

static void visit_free(struct visit *visit)
{
    json_decref(visit->shown);
    buf_fini(&visit->earlier);
    free(visit->comment);
    free(visit->name);
    free(visit);
}

static void on_gone(void *context)
{
    struct visit *visit = context;
    if (visit->inner)
        http_inner_cancel(visit->inner);
    visit_free(visit);
}

static int64_t now_s(void)
{
    return clock_unix_ns() / NS_PER_S;
}

/* --- pages --- */

static bool add_header(struct http_request *request, const char *name, const char *value)
{
    return http_response_header(request, name, bytes_of_cstr(value)) == STATUS_OK;
}

/* The link is in the address: it must not go on to where the page's own link leads, nor into an index. */
static void respond_page(struct http_request *request, int http_status, const struct buf *page)
{
    bool whole = buf_status(page) == STATUS_OK &&
                 add_header(request, "Content-Security-Policy", PAGE_POLICY) &&
                 add_header(request, "Referrer-Policy", "same-origin") &&
                 add_header(request, "X-Frame-Options", "DENY") &&
                 add_header(request, "Cross-Origin-Opener-Policy", "same-origin") &&
                 add_header(request, "X-Robots-Tag", "noindex, nofollow, noarchive");
    if (whole)
        http_respond(request, http_status, "text/html; charset=utf-8", buf_peek(page));
    else
        http_respond_failure(request, 503, "out of memory");
}

static void respond_words(struct http_request *request, int http_status, const char *title, const char *words)
{
    CLEANUP(buf_fini) struct buf page = {0};
    confirm_page_write_words(title, words, &page);
    respond_page(request, http_status, &page);
}

static void respond_dead(struct http_request *request)
{
    respond_words(request, 410, "This link does not count",
                  "Whoever it was made for may not see or decide this request, or not any more.");
}

static void end_dead(struct visit *visit)
{
    respond_dead(visit->request);
    visit_free(visit);
}

static void end_unavailable(struct visit *visit)
{
    respond_words(visit->request, 503, "Not now",
                  "The server cannot say at the moment. Nothing was decided: open the link again.");
    visit_free(visit);
}

static void end_page(struct visit *visit, const char *differs)
{
    CLEANUP(buf_fini) struct buf page_token = {0};
    CLEANUP(buf_fini) struct buf page = {0};
    struct bytes token = http_request_value(visit->request);
    bool whole = confirm_link_write_page(visit->service->key, token, now_s(), &page_token) == STATUS_OK;
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
        end_unavailable(visit);
        return;
    }
    confirm_page_write(&view, &page);
    respond_page(visit->request, visit->http_status, &page);
    visit_free(visit);
}

/* --- asking the API --- */

static void on_inner(void *context, const struct http_inner_answer *answer)
{
    struct visit *visit = context;
    visit->inner = NULL;
    visit->on_answer(visit, answer);
}

/* False: the visit is over. */
static bool borrow(struct visit *visit, struct confirm_loan *ret_loan)
{
    const struct confirm_people *people = &visit->service->people;
    if (!people->lend(people->context, visit->link.who, "link", ret_loan)) {
        end_dead(visit);
        return false;
    }
    if (!visit->name)
        visit->name = strdup(ret_loan->name);
    (void)snprintf(visit->person_id, sizeof visit->person_id, "%s", ret_loan->id);
    if (visit->name)
        return true;
    end_unavailable(visit);
    return false;
}

/* `what`: behind the request's path; `body` NULL: GET. */
static void ask(struct visit *visit, const char *what, const struct buf *body,
                void (*on_answer)(struct visit *visit, const struct http_inner_answer *answer))
{
    struct confirm_loan loan = {.secret = ""};
    if (!borrow(visit, &loan))
        return;
    const struct person_question question = {.server = visit->service->server,
                                             .outer = visit->request,
                                             .secret = loan.secret,
                                             .request_id = visit->link.request,
                                             .what = what,
                                             .body = body,
                                             .on_answer = on_inner,
                                             .context = visit};
    visit->on_answer = on_answer;
    if (!person_question_ask(&question, &visit->inner))
        end_unavailable(visit);
}

/* True: the answer is a refusal, and the visit is over. */
static bool end_refused(struct visit *visit, int http_status)
{
    if (http_status == 200)
        return false;
    if (http_status == 401 || http_status == 403 || http_status == 404)
        end_dead(visit);
    else
        end_unavailable(visit);
    return true;
}

/* --- looking --- */

static void on_present_manifest(struct visit *visit, const struct http_inner_answer *answer)
{
    CLEANUP(buf_fini) struct buf words = {0};
    if (answer->http_status == 200)
        manifest_difference(buf_peek(&visit->earlier), answer->body, &words);
    buf_append_byte(&words, '\0');
    end_page(visit, words.size > 1 && buf_status(&words) == STATUS_OK ? (const char *)words.data : NULL);
}

static void on_earlier_manifest(struct visit *visit, const struct http_inner_answer *answer)
{
    if (answer->http_status != 200) {
        end_page(visit, NULL);
        return;
    }
    buf_append_bytes(&visit->earlier, answer->body);
    ask(visit, "/manifest", NULL, on_present_manifest);
}

static bool is_changed(const struct visit *visit)
{
    struct bytes there = json_bytes(json_object_get(visit->shown, "manifestSha256"));
    return there.size > 0 && !bytes_equal_cstr(there, visit->link.manifest);
}

static void on_request(struct visit *visit, const struct http_inner_answer *answer)
{
    char what[sizeof "/manifest?sha256=" + SECRET_HASH_SIZE];
    struct err err = {0};
    if (end_refused(visit, answer->http_status))
        return;
    if (json_parse(answer->body, NULL, &visit->shown, &err) != STATUS_OK) {
        end_unavailable(visit);
        return;
    }
    if (!is_changed(visit)) {
        end_page(visit, NULL);
        return;
    }
    (void)snprintf(what, sizeof what, "/manifest?sha256=%s", visit->link.manifest);
    ask(visit, what, NULL, on_earlier_manifest);
}

static void look(struct visit *visit)
{
    ask(visit, "", NULL, on_request);
}

/* NULL: it is answered. */
static struct visit *begin(struct confirm_service *service, struct http_request *request)
{
    struct confirm_link link;
    struct err err = {0};
    enum status status = confirm_link_read(service->key, http_request_value(request), now_s(), &link, &err);
    if (status == STATUS_DEADLINE_EXCEEDED) {
        respond_words(request, 410, "This link is over",
                      "Its time has passed. Nothing was decided by it after that.");
        return NULL;
    }
    if (status != STATUS_OK) {
        respond_words(request, 404, "No such link", "This server has not made this link.");
        return NULL;
    }
    struct visit *visit = calloc(1, sizeof *visit);
    if (!visit) {
        http_respond_failure(request, 503, "out of memory");
        return NULL;
    }
    *visit = (struct visit){.service = service, .request = request, .link = link, .http_status = 200};
    http_request_on_gone(request, on_gone, visit);
    return visit;
}

static void show(void *context, struct http_request *request)
{
    struct visit *visit = begin(context, request);
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
        http_respond_failure(request, 503, "out of memory");
}

static void on_voted(struct visit *visit, const struct http_inner_answer *answer)
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
    else if (!end_refused(visit, answer->http_status))
        end_unavailable(visit);
}

static void vote(struct visit *visit, const char *answer, const char *comment)
{
    CLEANUP(buf_fini) struct buf body = {0};
    person_question_write_vote(answer, visit->link.manifest, comment, &body);
    ask(visit, "/votes", &body, on_voted);
}

/* What the form must say before anything is done; NULL: it does. */
static const char *fault_of(const struct visit *visit, const struct form_fields *form)
{
    static const char *const answers[] = {"approve", "changes", "reject"};
    const char *token = form_get(form, "token"), *manifest = form_get(form, "manifest"),
               *answer = form_get(form, "vote");
    if (!token || !confirm_link_page_holds(visit->service->key, http_request_value(visit->request),
                                           bytes_of_cstr(token), now_s()))
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
    struct visit *visit = begin(context, request);
    if (!visit)
        return;
    bool read = form_read(http_request_body(request), http_request_arena(request), &form, &err) == STATUS_OK;
    const char *fault = read ? fault_of(visit, &form) : "The form cannot be read. Nothing was decided.";
    if (fault) {
        respond_words(request, 403, "Not decided", fault);
        visit_free(visit);
        return;
    }
    const char *comment = form_get(&form, "comment");
    visit->comment = comment ? strdup(comment) : NULL;
    vote(visit, form_get(&form, "vote"), comment);
}

/* --- making one for oneself --- */

/* True: it is answered already, with why there is no such message. */
static bool refuse_message(struct visit *visit, struct json_writer *json, const char *url)
{
    struct err err = {0};
    const struct confirm_message message = {.request = visit->shown,
                                            .format = http_request_query(visit->request, "format"),
                                            .topic = http_request_query(visit->request, "topic"),
                                            .url = url,
                                            .name = visit->name,
                                            .now_ns = clock_unix_ns()};
    if (!message.format.data || confirm_message_write(&message, json, &err) == STATUS_OK)
        return false;
    http_respond_failure(visit->request, err.status == STATUS_INVALID_ARGUMENT ? 400 : 503, err.text);
    return true;
}

/* `url` ends with a NUL. */
static void answer_link(struct visit *visit, const char *expires, const char *url)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "url", url);
    json_write_member_cstr(&json, "expiresAt", expires);
    json_write_member_cstr(&json, "manifestSha256", visit->link.manifest);
    if (refuse_message(visit, &json, url))
        return;
    json_write_end_object(&json);
    buf_append_byte(&body, '\n');
    if (json_write_status(&json) == STATUS_OK && buf_status(&body) == STATUS_OK)
        http_respond(visit->request, 201, "application/json; charset=utf-8", buf_peek(&body));
    else
        http_respond_failure(visit->request, 503, "out of memory");
}

/* No longer than the request waits. */
static int64_t expiry_s(const struct visit *visit)
{
    int64_t deadline_ns = 0, expires_ns = clock_unix_ns() + visit->service->lifetime_ns;
    struct bytes deadline = json_bytes(json_object_get(visit->shown, "deadline"));
    if (deadline.data && time_parse(deadline, &deadline_ns) == STATUS_OK)
        expires_ns = MIN(expires_ns, deadline_ns);
    return expires_ns / NS_PER_S;
}

static void write_link(struct visit *visit)
{
    CLEANUP(buf_fini) struct buf url = {0};
    char expires[TIME_TEXT_SIZE_MAX];
    struct err err = {0};
    struct bytes host = http_request_header(visit->request, "host");
    visit->link.made_s = now_s();
    visit->link.expires_s = expiry_s(visit);
    time_format(visit->link.expires_s * NS_PER_S, 0, expires);
    buf_append_fmt(&url, "%s://%.*s/confirm/", http_request_is_secure(visit->request) ? "https" : "http",
                   BYTES_FMT(host));
    enum status status = confirm_link_write(visit->service->key, &visit->link, &url, &err);
    buf_append_byte(&url, '\0');
    if (status == STATUS_OK && buf_status(&url) == STATUS_OK)
        answer_link(visit, expires, (const char *)url.data);
    else
        http_respond_failure(visit->request, 503, "out of memory");
    visit_free(visit);
}

/* By the name that the requests' own routes have for it (svc/app/problem.c). */
static const struct http_problem unknown_request = {404, "unknown-request", "Unknown Request"};

/* Of the request as whoever asks for a link may see it. */
static void on_own_request(struct visit *visit, const struct http_inner_answer *answer)
{
    struct err err = {0};
    bool read =
        answer->http_status == 200 && json_parse(answer->body, NULL, &visit->shown, &err) == STATUS_OK;
    struct bytes state = json_bytes(json_object_get(visit->shown, "state"));
    struct bytes manifest = json_bytes(json_object_get(visit->shown, "manifestSha256"));
    if (!read) {
        bool unknown = answer->http_status == 404 || answer->http_status == 403;
        if (unknown)
            http_respond_problem(visit->request, &unknown_request, "There is no request with this id.");
        else
            http_respond_failure(visit->request, 503, "Come again.");
    } else if (!bytes_equal_cstr(state, "waiting") || manifest.size != SECRET_HASH_SIZE) {
        http_respond_problem(visit->request, &confirm_not_now, "Nobody is asked about this request now.");
    } else {
        (void)snprintf(visit->link.manifest, sizeof visit->link.manifest, "%.*s", BYTES_FMT(manifest));
        (void)snprintf(visit->link.request, sizeof visit->link.request, "%s",
                       text_or(json_string_value(json_object_get(visit->shown, "id")), ""));
        write_link(visit);
        return;
    }
    visit_free(visit);
}

static void make(void *context, struct http_request *request)
{
    struct confirm_service *service = context;
    struct visit *visit = calloc(1, sizeof *visit);
    struct bytes id = http_request_value(request);
    if (!visit) {
        http_respond_failure(request, 503, "out of memory");
        return;
    }
    *visit = (struct visit){.service = service, .request = request};
    (void)snprintf(visit->link.request, sizeof visit->link.request, "%.*s", BYTES_FMT(id));
    if (id.size >= sizeof visit->link.request ||
        !service->people.name(service->people.context, http_request_principal(request), visit->link.who)) {
        http_respond_failure(request, 403,
                             "A link is for a person of the directory or the owner of an API key.");
        visit_free(visit);
        return;
    }
    http_request_on_gone(request, on_gone, visit);
    ask(visit, "", NULL, on_own_request);
}

static const struct http_route routes[] = {
    {"POST", "/v1/requests/{id}/links", "format topic", ACCESS_DECIDE, .handle = make,
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
