/* SPDX-License-Identifier: MIT */
/* feed.h — the change feeds of task hubs as text/event-stream (HTML Living Standard, section 9.2): instances as they come to
 * be on disk, so that a page or a script never asks again and again.
 *
 *   start    the first event of a stream that began without Last-Event-ID: from here on nothing is missed
 *   changed  an instance as GET …/orchestrations/{id} shows it; also when it is new
 *   removed  {"instanceId", "executionId"}: purged, or replaced by another under the same id
 *   entityChanged  an entity as GET …/entities/{id} shows it: its state was written, or its lock taken or given back
 *   entityRemoved  {"instanceId"}: it has no state any more, nobody holds it and nothing waits for it
 *   reset    changes may have been missed: read anew what is shown
 *
 * A reader that is slow is not waited for: its queue is small, what it has not taken yet stands in the ring of its hub,
 * and once that has gone on without it the stream is cut. The ring outlives its last reader for some minutes. Owns the
 * streams and the rings; the scheduler tells it of changes. Loop's thread. */
#ifndef SVC_SCHEDULER_HTTP_FEED_H
#define SVC_SCHEDULER_HTTP_FEED_H

#include "net/http_server.h"
#include "svc/scheduler/scheduler_service.h"

struct feeds;

/* NO_MEMORY. */
STATUS_RESULT feeds_create(struct loop *loop, struct scheduler *scheduler, struct feeds **ret_feeds,
                           struct err *err);
/* When no stream is open any more. NULL allowed. */
void feeds_destroy(struct feeds *feeds);
/* Ends every stream; later requests are refused. */
void feeds_stop(struct feeds *feeds);
/* Answers a request with a stream of that hub, or with 503 at the limit. `?instanceId=` follows one instance or entity; the
 * stream then has no other event than its, and start and reset. */
void feeds_open(struct feeds *feeds, struct http_request *request, uint32_t hub);

#endif
