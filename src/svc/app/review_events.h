/* SPDX-License-Identifier: MIT */
/* review_events.h — what happens to requests as text/event-stream (HTML Living Standard, section 9.2), from the book's outbox.
 *
 * Each event is a CloudEvent (1.0, JSON) in `data`; its `id` is a number without gaps, by which a reader that comes back
 * goes on (Last-Event-ID, or ?after=). Without either a stream begins with what comes. An event named `reset` says that some are
 * not kept any more: read anew what is shown. A comment every 15 seconds keeps the way open. A reader that is slow is not
 * waited for: it reads on from the book when it has taken what it has. Loop's thread. */
#ifndef SVC_APP_REVIEW_EVENTS_H
#define SVC_APP_REVIEW_EVENTS_H

#include "net/http_server.h"
#include "store/review/review_store.h"
#include "svc/app/absences.h"

struct review_feed;

/* `absences` lives as long. NO_MEMORY. */
STATUS_RESULT review_feed_create(struct loop *loop, struct review_store *book,
                                 const struct absences *absences, struct review_feed **ret_feed,
                                 struct err *err);
/* After review_feed_stop, when no job is under way. NULL allowed. */
void review_feed_destroy(struct review_feed *feed);
/* Ends every stream. NULL allowed. */
void review_feed_stop(struct review_feed *feed);
/* Events up to `last` are on disk. NULL allowed. */
void review_feed_tell(struct review_feed *feed, int64_t last);
/* Answers the request with a stream, or refuses. Of each event it is looked at whether they may see its request then. */
void review_feed_open(struct review_feed *feed, struct http_request *request);

#endif
