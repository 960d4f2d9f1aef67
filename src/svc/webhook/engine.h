/* SPDX-License-Identifier: MIT */
/* engine.h — delivers what the book says is due (store/review/webhook_book.h).
 *
 *   book: what is due ──► signed, posted by the sender ──► book: what it came to, and so when it is due again
 *
 * Nothing is remembered here that the book does not have: after a kill the same is due again, under the same id. What cannot be written
 * down is written again until it can; until then its delivery counts as under way. Loop's thread. */
#ifndef SVC_WEBHOOK_ENGINE_H
#define SVC_WEBHOOK_ENGINE_H

#include "store/review/webhook_book.h"
#include "svc/webhook/sender.h"

struct webhook_engine;

/* Begins with what is due. Those of sender_create; the store outlives the engine, and has it as its listener. */
STATUS_RESULT webhook_engine_create(struct loop *loop, struct review_store *store,
                                    const struct sender_options *options, struct webhook_engine **ret_engine,
                                    struct err *err);
/* Posts a JSON text to a URL beside all deliveries, thrice at most, and then says in the log that it could not; nothing of it is kept.
 * Under the same rules as webhooks. Both are copied. */
void webhook_engine_say(struct webhook_engine *engine, const char *url, struct bytes json);
/* Who makes a link by which one person decides. */
struct webhook_links {
    /* Appends the one for the person whose mailbox it is, about a request as an event has it. False: there is none for them. */
    bool (*offer)(void *context, const char *mailbox, const json_t *request, struct buf *out);
    void *context;
};
/* Mails about what waits have such a link from now on, where there is one, in place of that to the page. `links` is copied. */
void webhook_engine_offer_links(struct webhook_engine *engine, const struct webhook_links *links);
/* Nothing is begun any more; what is under way is broken off, and tried again after the next start. `on_stopped` when nothing is left,
 * now or later. Once. */
void webhook_engine_stop(struct webhook_engine *engine, void (*on_stopped)(void *context), void *context);
/* After on_stopped, or when it was never told to stop and the loop runs no more. NULL allowed. */
void webhook_engine_destroy(struct webhook_engine *engine);

#endif
