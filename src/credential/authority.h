/* SPDX-License-Identifier: MIT */
/* authority.h — requests to a token service: where it may be, what is tried again, what its answer means. */
#ifndef CREDENTIAL_AUTHORITY_H
#define CREDENTIAL_AUTHORITY_H

#include "credential/source.h"

#define AUTHORITY_URL_SIZE 1024 /* bytes with NUL */

/* Whether a secret or a token may go that way: https, or http to this machine (`near`: or to a link-local address, where
 * clouds have their identity services). FAILED_PRECONDITION: not; `what` names the setting. */
STATUS_RESULT authority_check_url(const char *url, const char *what, bool near, struct err *err);
/* "https://HOST/TENANT/oauth2/v2.0/token"; the host is the settings', AZURE_AUTHORITY_HOST's, or the public cloud's.
 * FAILED_PRECONDITION: it is not usable, or the tenant is none. */
STATUS_RESULT authority_token_url(const struct source_query *query, const char *tenant,
                                  char ret_url[AUTHORITY_URL_SIZE], struct err *err);
/* Asks up to `tries` times, as long as the answer is 429 or 5xx or none, with pauses (Retry-After, if it is short), and reads
 * the token. `secret`: what must not come back in an error. The ends are those of source.h. */
STATUS_RESULT authority_ask(const struct source_query *query, const struct world_request *request, int tries,
                            struct bytes secret, struct access_token *ret_token, int64_t *ret_wait_ns,
                            struct err *err);
/* Appends "name=value" with '&' before it unless it is the first. */
void authority_append_pair(struct buf *form, const char *name, struct bytes value);
/* Appends what all grants of an application have in common: client_id, scope, grant_type. */
void authority_append_client(struct buf *form, const struct source_query *query, const char *client_id);

#endif
