/* SPDX-License-Identifier: MIT */
/* webhook_service.h — who is told of events over HTTP: webhooks as resources of the API, and the engine that delivers to them. For who runs
 * the server; a URL may be a secret of its own. Loop's thread. */
#ifndef SVC_WEBHOOK_WEBHOOK_SERVICE_H
#define SVC_WEBHOOK_WEBHOOK_SERVICE_H

#include "net/http_router.h"
#include "store/review/webhook_book.h"
#include "svc/webhook/engine.h"
#include "svc/webhook/webhook_body.h"

struct webhook_service {
    struct review_store *store; /* outlives the service */
    struct webhook_means means; /* likewise what it names */
};

/* Its routes, for an http_router; valid as long as the service. */
struct http_part webhook_service_part(struct webhook_service *service);

#endif
