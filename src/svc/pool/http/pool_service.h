/* SPDX-License-Identifier: MIT */
/* pool_service.h — the session pool as an HTTP handler: both contracts of Azure Container Apps dynamic
 * sessions (doc: session-pool-api.md). It parses requests, gives them to the pool, writes the answers, and
 * serves the files of a session. All on the loop's thread.
 *
 * Order of ending: the HTTP server first (its requests get on_gone), then pool_service_destroy. */
#ifndef SVC_POOL_HTTP_POOL_SERVICE_H
#define SVC_POOL_HTTP_POOL_SERVICE_H

#include "base/metric.h"
#include "net/http_router.h"
#include "svc/pool/pool.h"
#include "svc/pool/session/tier.h"

struct pool_service;
struct pool_set;

struct pool_service_options {  /* settings of the program, each required unless zero means something */
    const char *name;          /* of the pool, for people */
    uint32_t sessions_max;     /* with an identifier */
    uint32_t sessions_ready;   /* spares; 0 keeps none */
    int64_t cooldown_ns;       /* 0 ends a session as soon as it is idle; negative: never */
    int64_t execution_max_ns;  /* of an execution, also of one that does not say how long */
    int64_t grace_ns;          /* from interrupting code to ending its session */
    size_t upload_size_max;    /* bytes of an upload */
    size_t body_size_max;      /* bytes of any other body */
    size_t output_size_max;    /* bytes kept of each stream */
    size_t result_size_max;    /* bytes of one result as a session sends it */
    size_t uploads_size_max;   /* bytes of files that are uploaded into all sessions together */
    size_t memory_size_max;    /* bytes that all sessions together may make the server hold */
    bool lenient_versions;     /* any api-version that looks like a date */
    bool plain_numbers;        /* send numbers also to clients that read only strings (SK .NET) */
    int64_t isolation_wait_ns; /* how long a call waits while isolation is down */
    struct pool_set *set;      /* whose calls come to this service first (pool_set.h); NULL: it is alone */
    bool unproven;             /* ready without a session that has run: for tests that count */
    const struct session_tier *tier; /* such as session_tier_process */
    const void *tier_options;        /* as the tier says; for the process tier struct process_tier_options */
};

/* Starts the tier; sessions are built from now on. The service answers at once; calls that need a session
 * wait until the tier is ready. */
STATUS_RESULT pool_service_create(struct loop *loop, const struct pool_service_options *options,
                                  struct pool_service **ret_service, struct err *err);
/* Ends all sessions. NULL allowed. */
void pool_service_destroy(struct pool_service *service);
/* Its routes, for an http_router; valid as long as the service. `alone`: no other service has routes, so they
 * are found behind any prefix; else only behind that of the cloud, "/subscriptions/…/sessionPools/{pool}". */
struct http_part pool_service_part(struct pool_service *service, bool alone);
/* As pool_limit and pool_shut. */
void pool_service_limit(struct pool_service *service, uint32_t sessions_max, uint32_t sessions_ready,
                        int64_t cooldown_ns);
void pool_service_shut(struct pool_service *service);
/* Nothing waits for anything of it. */
bool pool_service_is_empty(const struct pool_service *service);
/* Appends one JSON object: state, counts, what isolation is degraded. For /healthz and /metrics. */
void pool_service_report(const struct pool_service *service, struct buf *json);
/* Called each time sessions can run code from now on, and when they can no more; pool_service_facts says why. */
void pool_service_on_up(struct pool_service *service, void (*on_up)(void *context), void *context);
/* The pool's counts and state; the texts are valid until the loop runs again. */
struct pool_report pool_service_facts(const struct pool_service *service);
/* The same for a monitor; their source is the service. */
extern const struct metric_row pool_metrics[];

#endif
