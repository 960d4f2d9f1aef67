/* SPDX-License-Identifier: MIT */
/* webhook_book.h — who is told of events by HTTP (RP-41), in the book of requests: webhooks, and what is delivered to each.
 *
 *   event ──► DUE, or QUEUED behind an earlier one of its request ──attempts──► DELIVERED, FAILED or DROPPED
 *                └──────────── all in the event's own transaction ────────────┘
 *
 * INVARIANT: of one webhook and one request only the oldest open delivery is DUE; so order is kept, and a request that a receiver chokes
 * on holds up no other. What was due before a crash is due after it: at least once, each time under the same id. All on the store's thread,
 * in a job of review_store.h. */
#ifndef STORE_REVIEW_WEBHOOK_BOOK_H
#define STORE_REVIEW_WEBHOOK_BOOK_H

#include "base/duration.h"
#include "crypto/notice_signature.h"
#include "store/review/review_store.h"

#define WEBHOOKS_MAX            100
#define WEBHOOK_WAITING_MAX     10000 /* open deliveries of one webhook; more are skipped, and counted */
#define WEBHOOK_FINISHED_KEPT   1000  /* deliveries of one webhook */
#define WEBHOOK_TRIES_KEPT      20    /* attempts of one delivery that its log has */
#define WEBHOOK_ANSWER_SIZE_MAX 1024  /* bytes of an answer that are kept */
#define WEBHOOK_TOKEN_SIZE_MAX  200   /* bytes */
#define WEBHOOK_NAME_SIZE_MAX   64    /* bytes */
#define WEBHOOK_EVENTS_MAX      20    /* filters of one webhook */
#define WEBHOOK_OLD_SECRET_NS   (86400 * NS_PER_S) /* for which the secret before signs, too */
#define WEBHOOK_AT_ONCE         4 /* deliveries under way to one webhook; one if the last attempt failed */

/* --- webhooks --- */

/* What is given is borrowed, and was checked by the caller. */
struct webhook_draft {
    const char *id;   /* of a new one: chosen by the caller */
    const char *name; /* NULL in a change: as it was; and so the others */
    const char *url;
    const char *format;
    const char *events; /* filters of core/notice/event.h with commas between them */
    const char *secret; /* of crypto/notice_signature.h */
    const char *token;  /* that the receiver asks for; "": none any more */
    const char *state;  /* of a change only: "active" or "paused" */
    /* of a change and of a deletion, as If-Match has it: a list of tags, or "*"; NULL: any */
    const char *replaces;
};

enum webhook_outcome {
    WEBHOOK_DONE,
    WEBHOOK_NAME_TAKEN,
    WEBHOOK_TOO_MANY,
    WEBHOOK_REPLACED, /* it was changed since it had one of these tags */
};

/* {"id","name","url","format","events":[…],"state","version","createdAt","createdBy","updatedAt","waiting","skipped","lastDeliveredAt"?,
 * "lastFailure"?:{"at","error"},"endedAt"?,"oldSecretUntil"?,"hasToken"?}, new: never with its secret and its token. "version" is another after each change, and no
 * other webhook's, one of the same name included. `by` makes it. */
STATUS_RESULT webhook_book_add(struct review_book *book, const struct webhook_draft *draft,
                               const struct review_person *by, int64_t now_ns,
                               enum webhook_outcome *ret_outcome, json_t **ret_webhook, struct err *err);
/* A webhook is named by its id or its name, here and below. One that has ended begins anew when it is made active. After another secret
 * the one before signs, too, for WEBHOOK_OLD_SECRET_NS. NOT_FOUND. */
STATUS_RESULT webhook_book_change(struct review_book *book, const char *name,
                                  const struct webhook_draft *change, const struct review_person *by,
                                  int64_t now_ns, enum webhook_outcome *ret_outcome, json_t **ret_webhook,
                                  struct err *err);
/* With its deliveries, open ones included. `replaces`: as webhook_draft has it; if it names another one, nothing is deleted and
 * `*ret_webhook` is NULL. NOT_FOUND. */
STATUS_RESULT webhook_book_delete(struct review_book *book, const char *name, const char *replaces,
                                  const struct review_person *by, int64_t now_ns,
                                  enum webhook_outcome *ret_outcome, json_t **ret_webhook, struct err *err);
STATUS_RESULT webhook_book_read(struct review_book *book, const char *name, json_t **ret_webhook,
                                struct err *err);
/* All, oldest first, as a new array. */
STATUS_RESULT webhook_book_list(struct review_book *book, json_t **ret_webhooks, struct err *err);

/* --- deliveries --- */

/* {"number","eventId","type","subject","state","attempts","createdAt","nextAttemptAt"?,"finishedAt"?,"replayOf"?}, a page of them
 * as a new array; `*ret_next`: what to go on with, 0: there are no more. NOT_FOUND: no webhook. */
STATUS_RESULT webhook_book_deliveries(struct review_book *book, const char *name,
                                      const struct review_page *page, json_t **ret_deliveries,
                                      int64_t *ret_next, struct err *err);
/* The same with "event" and "tries": [{"at","status"?,"via"?,"error"?,"milliseconds","answer"?,"answerCut"?}], new; "via" is
 * "smtp", or the status is HTTP's. NOT_FOUND. */
STATUS_RESULT webhook_book_delivery(struct review_book *book, const char *name, int64_t number,
                                    json_t **ret_delivery, struct err *err);
/* Sends the same event under the same id once more, at once and beside all order. The new delivery. NOT_FOUND. */
STATUS_RESULT webhook_book_replay(struct review_book *book, const char *name, int64_t number,
                                  const struct review_person *by, int64_t now_ns, json_t **ret_delivery,
                                  struct err *err);
/* Sends an event that says nothing ("webhook.ping"), likewise. NOT_FOUND. */
STATUS_RESULT webhook_book_ping(struct review_book *book, const char *name, const struct review_person *by,
                                int64_t now_ns, json_t **ret_delivery, struct err *err);

/* --- for who delivers --- */

/* One that is to be attempted now. */
struct webhook_due {
    int64_t webhook, number; /* of the webhook's row, of the delivery */
    int64_t created_ns;
    unsigned attempts; /* before this one */
    char event_id[96];
    char format[24];
    char secret[NOTICE_SECRET_TEXT_SIZE];
    char old_secret[NOTICE_SECRET_TEXT_SIZE]; /* that signs, too; "": none */
    char token[WEBHOOK_TOKEN_SIZE_MAX + 1];   /* "": none */
    struct buf url, event;                    /* owned by the caller; the URL with a NUL */
};
void webhook_due_fini(struct webhook_due *due);

/* One that is under way. */
struct webhook_busy {
    int64_t webhook, number;
};

/* Those that are due and not busy: first one of each webhook, then up to WEBHOOK_AT_ONCE of each. `*ret_next_ns`: when the next one will
 * be, INT64_MAX: not known. On failure those that were given already are the caller's, too. */
STATUS_RESULT webhook_book_due(struct review_book *book, const struct webhook_busy *busy, size_t busy_count,
                               int64_t now_ns, struct webhook_due *ret_due, size_t capacity,
                               size_t *ret_count, int64_t *ret_next_ns, struct err *err);

/* What an attempt came to. */
struct webhook_try {
    int64_t webhook, number;
    int64_t began_ns, took_ns;
    int http_status;        /* 0: no answer */
    bool is_mail;           /* and that is a mail server's reply */
    const char *error;      /* NULL: none */
    struct bytes answer;    /* as far as it was read */
    bool answer_cut;        /* there was more */
    int64_t retry_after_ns; /* 0: not said */
    uint64_t random;
};

/* Into its log, and what follows from it: over, again later, or the end of the webhook. Of a webhook or delivery that is gone it says
 * nothing. */
STATUS_RESULT webhook_book_tried(struct review_book *book, const struct webhook_try *tried, int64_t now_ns,
                                 struct err *err);

#endif
