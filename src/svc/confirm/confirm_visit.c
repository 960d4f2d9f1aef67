/* SPDX-License-Identifier: MIT */
/* confirm_visit.c — a visit's memory, its pages, its questions. */
#include "svc/confirm/confirm_visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "os/clock.h"
#include "svc/confirm/confirm_page.h"
#include "svc/confirm/person_question.h"

/* Nothing runs, nothing is loaded, no other page frames it, and its form leads back to this server. */
#define PAGE_POLICY                                                                                          \
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self'; "    \
    "frame-ancestors 'none'"

void visit_free(struct confirm_visit *visit)
{
    json_decref(visit->shown);
    buf_fini(&visit->earlier);
    free(visit->comment);
    free(visit->name);
    free(visit);
}

void visit_gone(void *context)
{
    struct confirm_visit *visit = context;
    if (visit->inner)
        http_inner_cancel(visit->inner);
    visit_free(visit);
}

int64_t visit_now_s(void)
{
    return clock_forward_ns() / NS_PER_S;
}

/* --- pages --- */

static bool add_header(struct http_request *request, const char *name, const char *value)
{
    return http_response_header(request, name, bytes_of_cstr(value)) == STATUS_OK;
}

/* The link is in the address: it must not go on to where the page's own link leads, nor into an index. */
void visit_respond_page(struct http_request *request, int http_status, const struct buf *page)
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
        http_respond_no_memory(request);
}

void visit_respond_words(struct http_request *request, int http_status, const char *title, const char *words)
{
    CLEANUP(buf_fini) struct buf page = {0};
    confirm_page_write_words(title, words, &page);
    visit_respond_page(request, http_status, &page);
}

static void respond_dead(struct http_request *request)
{
    visit_respond_words(request, 410, "This link does not count",
                        "Whoever it was made for may not see or decide this request, or not any more.");
}

void visit_end_dead(struct confirm_visit *visit)
{
    respond_dead(visit->request);
    visit_free(visit);
}

void visit_end_unavailable(struct confirm_visit *visit)
{
    visit_respond_words(visit->request, 503, "Not now",
                        "The server cannot say at the moment. Nothing was decided: open the link again.");
    visit_free(visit);
}

/* --- asking the API --- */

static void on_inner(void *context, const struct http_inner_answer *answer)
{
    struct confirm_visit *visit = context;
    visit->inner = NULL;
    visit->on_answer(visit, answer);
}

/* False: the visit is over. */
static bool borrow(struct confirm_visit *visit, struct confirm_loan *ret_loan)
{
    const struct confirm_people *people = &visit->service->people;
    if (!people->lend(people->context, visit->link.who, "link", ret_loan)) {
        visit_end_dead(visit);
        return false;
    }
    if (!visit->name)
        visit->name = strdup(ret_loan->name);
    (void)snprintf(visit->person_id, sizeof visit->person_id, "%s", ret_loan->id);
    if (visit->name)
        return true;
    visit_end_unavailable(visit);
    return false;
}

void visit_ask(struct confirm_visit *visit, const char *what, const struct buf *body,
               void (*on_answer)(struct confirm_visit *visit, const struct http_inner_answer *answer))
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
        visit_end_unavailable(visit);
}

bool visit_end_refused(struct confirm_visit *visit, int http_status)
{
    if (http_status == 200)
        return false;
    if (http_status == 401 || http_status == 403 || http_status == 404)
        visit_end_dead(visit);
    else
        visit_end_unavailable(visit);
    return true;
}
