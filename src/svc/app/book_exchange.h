/* SPDX-License-Identifier: MIT */
/* book_exchange.h — an exchange (app_internal.h) that does something in the book of requests: `act` runs on the store's thread
 * while the exchange is calling, so that nobody else touches it; `on_step` goes on on the loop's thread. Not for other folders. */
#ifndef SVC_APP_BOOK_EXCHANGE_H
#define SVC_APP_BOOK_EXCHANGE_H

#include "core/review/sight.h"
#include "svc/app/app_internal.h"

struct book_exchange {
    struct exchange base; /* first */
    struct review_job job;
    enum status (*act)(struct book_exchange *exchange, struct review_book *book, struct err *err);
    /* who asks; its texts are in the arena, for who asks may be gone before it is done */
    struct review_person person;
    struct app_viewer viewer; /* the same, as far as they may see; both of the latest book_exchange_see */
    struct arena person_arena;
    const char *match; /* If-Match; a list that is cut names none that is cut off. NULL: it was not said */
    char match_text[256];
    struct review_answer answer; /* of the last act; released with the exchange */
    json_t *json;                /* likewise */
    struct buf bytes;            /* likewise */
};

/* Without a data folder there is no book. True: it is answered so. */
bool book_exchange_refuse_without_book(struct app_service *service, struct http_request *request);
/* As exchange_create; `on_free` may be NULL and frees what is the caller's own. */
struct book_exchange *book_exchange_create(struct app_service *service, struct http_request *request,
                                           size_t size, void (*on_free)(struct exchange *exchange));
void book_exchange_free(struct exchange *exchange);
/* What is not there any more because the time of the request, which is in `json`, is over. True: it is answered so. */
bool book_exchange_refuse_removed(struct book_exchange *exchange);
/* Runs `act` in the book, then `on_step`: status DT_OK; DT_NOT_FOUND for an id that the book does not know; else it could not be
 * written or read, and exchange_answer_failure says so. */
void book_exchange_act(struct book_exchange *exchange, bool reads_only,
                       enum status (*act)(struct book_exchange *exchange, struct review_book *book,
                                          struct err *err),
                       void (*on_step)(struct exchange *exchange));
/* The same without writing, while others write: see review_store_read. */
void book_exchange_read(struct book_exchange *exchange,
                        enum status (*act)(struct book_exchange *exchange, struct review_book *book,
                                           struct err *err),
                        void (*on_step)(struct exchange *exchange));
/* The same on the thread beside the book's; `act` gets no book. */
void book_exchange_act_beside(struct book_exchange *exchange,
                              enum status (*act)(struct book_exchange *exchange, struct review_book *book,
                                                 struct err *err),
                              void (*on_step)(struct exchange *exchange));
/* Looks once more at who asks and what they may see, for a role may be taken away while they wait. Loop's thread, while no act is under
 * way; create has done it once. False without memory: nothing may be done for them then. */
bool book_exchange_see(struct book_exchange *exchange);
/* How much they may see of the request in `json`. Any thread. */
enum review_sight book_exchange_sight(const struct book_exchange *exchange);
/* After an act that may have changed a request: a run that is wanted no more is broken off. */
void book_exchange_changed(struct book_exchange *exchange);
/* In an act, before it changes the request: False: it is another than If-Match names, which is the answer's outcome then, or it cannot be read
 * (`*ret_status`). What nobody shows to whoever asks is for the act to refuse. */
bool book_exchange_is_seen(struct book_exchange *exchange, struct review_book *book, struct err *err,
                           enum status *ret_status);
/* Answers what was refused, from answer.outcome: 404, 403 or 409 with the request's state. */
void book_exchange_refuse(struct book_exchange *exchange);

#endif
