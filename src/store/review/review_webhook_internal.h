/* SPDX-License-Identifier: MIT */
/* review_webhook_internal.h — what review_webhook.c and the files review_delivery*.c share. Not for other files. */
#ifndef STORE_REVIEW_WEBHOOK_INTERNAL_H
#define STORE_REVIEW_WEBHOOK_INTERNAL_H

#include "store/review/review_store_internal.h"
#include "store/review/webhook_book.h"

/* Numbers are in data folders. */
enum webhook_state { WEBHOOK_ACTIVE, WEBHOOK_PAUSED, WEBHOOK_ENDED };

/* A webhook in hand: its row. */
struct webhook_row {
    int64_t n;
    enum webhook_state state;
    bool failing;    /* its last attempt failed */
    int64_t waiting; /* open deliveries */
    int64_t changes; /* how often it was changed */
    json_t *doc;
};

/* NOT_FOUND. */
STATUS_RESULT review_webhook_load(struct review_book *book, const char *name, struct webhook_row *ret_row,
                                  struct err *err);
STATUS_RESULT review_webhook_load_row(struct review_book *book, int64_t row_number,
                                      struct webhook_row *ret_row, struct err *err);
/* Its state, whether it fails, and what is known of it. */
STATUS_RESULT review_webhook_save(struct review_book *book, const struct webhook_row *row, struct err *err);
/* It is another than before: who has seen the one before is told so (the tag of webhook_draft.replaces). */
STATUS_RESULT review_webhook_changed(struct review_book *book, struct webhook_row *row, struct err *err);
STATUS_RESULT review_webhook_audit(struct review_book *book, const struct webhook_row *row,
                                   enum audit_action action, const struct review_person *by, json_t *details,
                                   int64_t now_ns, struct err *err);
/* All open deliveries of a webhook are dropped; requests that wait for one are told why (review_delivery_attempt.c). */
STATUS_RESULT review_deliveries_drop(struct review_book *book, int64_t webhook, const char *why,
                                     int64_t now_ns, struct err *err);
void review_webhook_fini(struct webhook_row *row);

/* --- a delivery in hand --- */

/* Numbers are in data folders; those below DELIVERED are open. */
enum delivery_state { DELIVERY_DUE, DELIVERY_QUEUED, DELIVERY_DELIVERED, DELIVERY_FAILED, DELIVERY_DROPPED };

struct delivery_row {
    int64_t n, message;
    enum delivery_state state;
    unsigned attempts;
    int64_t next_ns, created_ns;
    char chain[160];
    json_t *doc;   /* {"tries","replayOf"?,"by"?,"finishedAt"?} */
    json_t *shown; /* as lists have it, with what the row says */
};

/* With the event as `ret_event` (NULL allowed), a new value. The row is to be released also on failure. NOT_FOUND. */
STATUS_RESULT review_delivery_load(struct review_book *book, int64_t webhook, int64_t number,
                                   struct delivery_row *ret_row, json_t **ret_event, struct err *err);
/* Its state, when it is due, how often it was tried, and its log. */
STATUS_RESULT review_delivery_save(struct review_book *book, const struct delivery_row *row, struct err *err);
void review_delivery_fini(struct delivery_row *row);

#endif
