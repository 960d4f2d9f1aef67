/* SPDX-License-Identifier: MIT */
/* receipt.h — how a receipt of a request in the book is made, for who answers with it and for who puts it beside what it is about. Not for
 * other folders. */
#ifndef SVC_APP_RECEIPT_H
#define SVC_APP_RECEIPT_H

#include "svc/app/book_exchange.h"

/* An exchange that makes one embeds it as its first member. */
struct receipt_exchange {
    /* its json is the request as whoever asks may see it, its bytes the manifest */
    struct book_exchange base;
    json_t *receipt; /* when it is made; owned */
    bool hidden;     /* whoever asks may not know of the request */
    enum review_sight sight;

    /* --- its own --- */
    struct audit_reader reader;
    struct buf code, result, effects, files;
    bool is_blind; /* others' votes are not told yet */
};

/* Within an act: what it is about. OK with `hidden`, too. */
STATUS_RESULT request_receipt_read(struct receipt_exchange *receipt, struct review_book *book,
                                   struct err *err);
/* Then, on the loop's thread: its entries with signed heads; `on_step` finds the receipt, or a status. */
void request_receipt_make(struct receipt_exchange *receipt, void (*on_step)(struct exchange *exchange));
/* For the exchange's on_free. */
void request_receipt_fini(struct receipt_exchange *receipt);

#endif
