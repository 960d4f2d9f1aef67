/* SPDX-License-Identifier: MIT */
/* health.h — GET /healthz: alive, and what is degraded. Answers 200 while the process can answer at all; a
 * reader looks at "ok" and "degraded". On the loop's thread. */
#ifndef CMD_HEALTH_H
#define CMD_HEALTH_H

#include "net/http_server.h"
#include "svc/app/app_service.h"
#include "svc/pool/http/pool_service.h"
#include "svc/scheduler/scheduler_service.h"

/* Each service may be NULL: the command does not run it. */
struct health {
    struct app_service *app;
    struct pool_service *pool;
    struct scheduler *scheduler;
    bool confined; /* the server process dropped what it does not need */
    char confine_detail[160];
    int64_t started_ns;
};

/* Notes when the server began. */
void health_init(struct health *h);
/* Answers GET /healthz. */
void health_answer(const struct health *h, struct http_request *r);

#endif
