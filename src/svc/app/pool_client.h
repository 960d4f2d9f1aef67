/* SPDX-License-Identifier: MIT */
/* pool_client.h — what is asked of a session pool beside a run (pool_execute.h). Calls block: they are made on the activity threads. */
#ifndef SVC_APP_POOL_CLIENT_H
#define SVC_APP_POOL_CLIENT_H

#include "base/status.h"
#include "svc/app/pool_settings.h"

/* True for an http or https URL with a host and without a query or fragment. */
bool pool_client_url_usable(const char *url);
/* Once per process before any thread uses a client; and once after the last. */
STATUS_RESULT pool_client_global_init(struct err *err);
void pool_client_global_fini(void);
/* Asks whether somebody answers at the pool's URL, whatever he says. UNAVAILABLE: nobody does; `err` has the cause. */
STATUS_RESULT pool_client_reach(const struct pool_client *client, struct err *err);
/* Asks whether the pool is a Sallyport that reports, is followed and cancelled. No session is named, so that none can answer in its
 * place. UNAVAILABLE: nobody answered. */
STATUS_RESULT pool_client_is_ours(const struct pool_client *client, bool *ret_ours, struct err *err);
/* Asks whether there is a session of this identifier. FAILED_PRECONDITION: none, as far as the pool tells. */
STATUS_RESULT pool_client_has_session(const struct pool_client *client, const char *identifier,
                                      struct err *err);
/* Ends the session, so that its slot is free at once and not after the cooldown (DELETE …/session). A pool
 * that does not know the route or the session is no error: the cooldown ends it then. */
STATUS_RESULT pool_client_release(const struct pool_client *client, const char *identifier, struct err *err);

#endif
