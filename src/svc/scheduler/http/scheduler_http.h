/* SPDX-License-Identifier: MIT */
/* scheduler_http.h — the scheduler's HTTP API (spec 4.3): instances, entities, schedules, workers, task hubs, as rows for
 * the router (net/http_router.h).
 *
 * Owns the requests that are under way and nothing durable. Every route is a translation: JSON to an RPC of the same
 * scheduler (svc/scheduler/scheduler_ask.h), and its answer to JSON, so that both doors have one behaviour. Made by the
 * commands; never called by the scheduler. Loop's thread. */
#ifndef SVC_SCHEDULER_HTTP_SCHEDULER_HTTP_H
#define SVC_SCHEDULER_HTTP_SCHEDULER_HTTP_H

#include "net/http_route.h"
#include "svc/scheduler/scheduler_service.h"

struct scheduler_http;

/* `scheduler` is borrowed until the end. NO_MEMORY. */
STATUS_RESULT scheduler_http_create(struct loop *loop, struct scheduler *scheduler,
                                    struct scheduler_http **ret_http, struct err *err);
/* Ends the change feeds, which would last for ever, before the HTTP server is drained. */
void scheduler_http_stop(struct scheduler_http *http);
/* After the HTTP server and the scheduler: neither calls any more. NULL allowed. */
void scheduler_http_destroy(struct scheduler_http *http);
/* The routes, for the front. */
struct http_part scheduler_http_part(struct scheduler_http *http);

#endif
