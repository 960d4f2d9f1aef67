/* SPDX-License-Identifier: MIT */
/* health.h — GET /healthz: alive, and what is weaker or broken. GET /readyz: whether work is taken now.
 * /healthz answers 200 while the process can answer at all. Its `ok` is true when everything is as the
 * settings ask for: a layer of isolation that the machine does not give stands in `degraded` and makes `ok`
 * false only by ending the start (--require). /readyz answers 200 when all parts work and a session has run,
 * else 503 with the causes. On the loop's thread. */
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
    char confine_detail[300];
    char confine_json[512]; /* what it dropped, as one JSON object; "" if that is not known */
    int64_t started_ns;
};

/* Notes when the server began. */
void health_init(struct health *health);
/* Answer GET /healthz and GET /readyz. */
void health_answer(const struct health *health, struct http_request *request);
void health_answer_ready(const struct health *health, struct http_request *request);
/* True when every part answers; else `ret_cause` names the first that does not, and why. A store that cannot write is no
 * reason to wait: on a full disk everything can still be read, and /readyz says the rest. */
bool health_started(const struct health *health, char *ret_cause, size_t size);

#endif
