/* SPDX-License-Identifier: MIT */
/* confirm_visit.h — one request to a link, or for one: what it remembers from step to step, the pages that it may end with,
 * and how it asks the API as the person. A function that ends a visit answers it and frees it. For confirm_service.c and
 * confirm_make.c; loop's thread. */
#ifndef SVC_CONFIRM_CONFIRM_VISIT_H
#define SVC_CONFIRM_CONFIRM_VISIT_H

#include <jansson.h>

#include "net/http_inner.h"
#include "svc/confirm/confirm.h"

struct confirm_visit {
    struct confirm_service *service;
    struct http_request *request;
    struct http_inner *inner; /* the question that is under way; NULL: none is */
    void (*on_answer)(struct confirm_visit *visit, const struct http_inner_answer *answer);
    struct confirm_link link;
    char person_id[64];
    char *name;         /* owned */
    char *comment;      /* likewise; NULL: none was typed */
    int http_status;    /* of the page */
    const char *note;   /* static; NULL: nobody voted */
    json_t *shown;      /* the request */
    struct buf earlier; /* the manifest of the link, where another is there now */
};

void visit_free(struct confirm_visit *visit);
/* Of http_request_on_gone: nobody is there any more. */
void visit_gone(void *visit);
int64_t visit_now_s(void);
void visit_respond_page(struct http_request *request, int http_status, const struct buf *page);
/* A page that only says something; both texts are ours. */
void visit_respond_words(struct http_request *request, int http_status, const char *title, const char *words);
/* Whoever the link was made for may not, or not any more. */
void visit_end_dead(struct confirm_visit *visit);
void visit_end_unavailable(struct confirm_visit *visit);
/* True: the answer is a refusal, and the visit is over. */
bool visit_end_refused(struct confirm_visit *visit, int http_status);
/* Asks the API as the person; `what`: behind the request's path; `body` NULL: GET. What cannot be asked ends the visit. */
void visit_ask(struct confirm_visit *visit, const char *what, const struct buf *body,
               void (*on_answer)(struct confirm_visit *visit, const struct http_inner_answer *answer));

#endif
