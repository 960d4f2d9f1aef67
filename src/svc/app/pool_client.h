/* SPDX-License-Identifier: MIT */
/* pool_client.h — runs code in a session pool over its public HTTP API, ours or the cloud's.
 * Speaks the legacy contract (session-pool-api.md section 5), which every generation of the service answers.
 * Calls block: they are made on the activity threads. A `struct pool_client` is only settings and may be used
 * by many threads. Code is sent once for each call: a connection that was kept and ends without an answer is the
 * caller's to know, since the code may have run. */
#ifndef SVC_APP_POOL_CLIENT_H
#define SVC_APP_POOL_CLIENT_H

#include "base/buf.h"
#include "svc/app/run_ending.h"

struct dt_azure_credential;
struct pool_lines;

struct pool_client {
    struct pool_lines *lines;               /* where connections are kept; NULL: each request has its own */
    const char *url;                        /* pool management endpoint; a trailing '/' is allowed */
    const char *token;                      /* bearer token; NULL: no Authorization header */
    struct dt_azure_credential *credential; /* gives one where `token` is NULL; NULL: none */
    const char *ca_file;      /* PEM: the authorities that a pool behind https may have; NULL: the system's */
    int64_t run_timeout_ns;   /* sent as timeoutInSeconds; 0: the pool's own limit */
    size_t response_size_max; /* bytes; required */
};

#define POOL_TEMPLATE_ID_SIZE 129 /* bytes with NUL; a longer one is as if none were said */

/* What a run gave, as JSON text: {"status","stdout","stderr","result","executionTimeInMilliseconds"}. */
struct pool_run {
    struct buf result; /* the `properties` object of the answer without its "$id" */
    bool succeeded;    /* the code ended without an exception and within its time */
    char cause[256];   /* when not: what the exception says, else the last line of the error text */
    const struct run_ending *ending; /* when it did not end by itself and the pool said why; else NULL */
    char template_id[POOL_TEMPLATE_ID_SIZE]; /* what the session was made from; "": the pool did not say */
};
void pool_run_fini(struct pool_run *run);

/* True for an http or https URL with a host and without a query or fragment. */
bool pool_client_url_usable(const char *url);
/* Once per process before any thread uses a client; and once after the last. */
STATUS_RESULT pool_client_global_init(struct err *error);
void pool_client_global_fini(void);

/* Asked about once a second during a run, on its thread: true breaks the run off. */
struct pool_watch {
    bool (*is_unwanted)(void *context);
    void *context;
};

/* Runs `code` in the session `identifier`, which is made if it is new. Code that fails is a good answer with
 * `succeeded` false. RESOURCE_EXHAUSTED (pool full), UNAVAILABLE (no connection, 5xx): may be tried again.
 * FAILED_PRECONDITION: the pool refused (4xx), its certificate is not good, or no source gives a token. UNAVAILABLE, too: it has
 * refused a token that the credential can renew. MALFORMED: its answer is not what the contract says.
 * CANCELLED: `watch` (may be NULL) broke it off; the code may still run until the session is released. `error`
 * has the cause. */
STATUS_RESULT pool_client_execute(const struct pool_client *client, const char *identifier, struct bytes code,
                                  const struct pool_watch *watch, struct pool_run *ret_run,
                                  struct err *error);
/* Asks whether somebody answers at the pool's URL, whatever he says. UNAVAILABLE: nobody does; `err` has the cause. */
STATUS_RESULT pool_client_reach(const struct pool_client *client, struct err *err);
/* Ends the session, so that its slot is free at once and not after the cooldown (DELETE …/session). A pool
 * that does not know the route or the session is no error: the cooldown ends it then. */
STATUS_RESULT pool_client_release(const struct pool_client *client, const char *identifier,
                                  struct err *error);

#endif
