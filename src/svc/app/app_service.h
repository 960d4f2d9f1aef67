/* SPDX-License-Identifier: MIT */
/* app_service.h — the web API and the durable worker: submit, look, decide.
 * An ordinary user of the other parts: it reaches the pool by its URL and the scheduler by its connection
 * string through libdurabletask, never by a private door. All functions are for the loop's thread; the
 * service's client and worker have threads of their own, which post what they got to the loop. */
#ifndef SVC_APP_APP_SERVICE_H
#define SVC_APP_APP_SERVICE_H

#include "net/http_router.h"
#include "store/audit/audit_log.h"
#include "store/review/review_store.h"

struct app_service;

struct app_options {
    const char *connection_string; /* DURABLE_TASK_SCHEDULER_CONNECTION_STRING; with or without "Endpoint=" */
    const char *pool_url;          /* SESSION_POOL_URL */
    const char *pool_token;        /* bearer token for the pool; NULL: none */
    /* its id, at which roles may be granted; borrowed; NULL: it is none of this server's */
    const char *scheduler_resource;
    const char *ca_file; /* PEM: the authorities that pool and scheduler may have; NULL: the system's */
    struct az_helper *az_helper; /* asks `az` for tokens; outlives the service; NULL: nobody does */
    /* bearer token for the scheduler; NULL: what Authentication= of its string says */
    const char *scheduler_token;
    /* as Authentication= and what follows it; NULL: what the scheduler's string says */
    const char *pool_authentication;
    struct audit_log *audit;     /* outlives the service; NULL: nothing is written down */
    struct review_store *review; /* likewise; NULL: a request is only its orchestration */
    int64_t approval_timeout_ns; /* how long a result waits for a decision */
    int64_t run_timeout_ns;      /* limit of one run; 0: the pool's own */
    /* how long a run waits for a pool that does not answer, each time it is tried */
    int64_t isolation_wait_ns;
    int64_t stop_grace_ns; /* how long runs may go on when the service stops */
    size_t code_size_max;  /* bytes of submitted code */
    size_t input_size_max; /* bytes of all input files of a request */
    size_t files_size_max; /* bytes of all files of a run that are kept */
    /* Told, on the loop's thread, that app_service_connected may say something else now. NULL: nobody is. */
    void (*on_connection)(void *context);
    void *on_connection_context;
    bool compat_sample; /* answer the two /code routes exactly as the sample does (product.md 1.2) */
};

/* Copies what it needs; there are no defaults here. INVALID_ARGUMENT: a connection string or URL that cannot be used, with the reason.
 * Starts the worker, which connects by itself and again after every loss. */
STATUS_RESULT app_service_create(struct loop *loop, const struct app_options *options,
                                 struct app_service **ret_service, struct err *error);
/* Its routes, for an http_router; valid as long as the service. */
struct http_part app_service_part(struct app_service *service);
/* True while the worker's stream to the scheduler is open; else `why` (may be NULL) has the last reason. */
bool app_service_connected(struct app_service *service, struct err *why);
/* False while nobody answers at the pool's URL, as far as the latest run has seen. */
bool app_service_pool_answers(const struct app_service *service);
/* Stops the worker (running activities may end, bounded) and the client without blocking the loop, then calls
 * `on_stopped`; after that app_service_destroy may be called. Once. */
void app_service_stop(struct app_service *service, void (*on_stopped)(void *context), void *context);
/* NULL allowed. The service must be stopped. */
void app_service_destroy(struct app_service *service);

#endif
