/* SPDX-License-Identifier: MIT */
/* page_sign_in_internal.h — what the two files of the browser's sign-in share. */
#ifndef SVC_PAGE_PAGE_SIGN_IN_INTERNAL_H
#define SVC_PAGE_PAGE_SIGN_IN_INTERNAL_H

#include "svc/page/page_sign_in.h"
#include "wire/json/json.h"

/* A request that is answered when a session is on disk; freed then. */
struct page_pending {
    struct directory_waiter waiter;
    struct page_sign_in *sign_in;
    struct http_request *request;      /* NULL: the peer is gone */
    char cookie[SECRET_TEXT_SIZE + 1]; /* "": the session has ended */
    char token[SECRET_TEXT_SIZE + 1];
    int64_t life_s;
    bool rotates;
};

/* `waiter` calls back when it is written, and answers: with a new cookie, or without one that the session is over. NULL: no memory,
 * and it is answered. */
struct page_pending *page_pending_new(struct page_sign_in *sign_in, struct http_request *request);

/* What was written, and a line feed; the bytes are wiped, for they hold a secret. */
void page_answer_json(struct http_request *request, int http_status, struct json_writer *json);
/* What the page knows of its session. `token` NULL: nobody is signed in. */
void page_answer_session(struct http_request *request, int http_status, const char *token, int64_t life_s);
/* The same, with the cookie of a new session. */
void page_answer_signed_in(struct http_request *request, const char *cookie, const char *token,
                           int64_t life_s);

/* Handlers of routes; the context is a struct page_sign_in. */
void page_route_sign_in(void *context, struct http_request *request);
void page_route_make_link(void *context, struct http_request *request);

#endif
