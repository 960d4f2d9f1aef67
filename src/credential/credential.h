/* SPDX-License-Identifier: MIT */
/* credential.h — tokens for those who call services: asked for on a thread of their own, kept for each audience, renewed ahead
 * of their end, with pauses when that fails. Who wants a token waits for that thread, or has one at once. Used by the app, the
 * command line and libdurabletask-azure. Never logs, and no error holds, a token, a secret or an assertion. */
#ifndef CREDENTIAL_CREDENTIAL_H
#define CREDENTIAL_CREDENTIAL_H

#include "base/buf.h"
#include "credential/az_helper.h"
#include "credential/world.h"

struct credential;

#define CREDENTIAL_AUDIENCES_MAX 8
#define CREDENTIAL_SCOPE_SIZE    512 /* bytes with NUL */

#define CREDENTIAL_SCOPE_SCHEDULER "https://durabletask.io/.default"
#define CREDENTIAL_SCOPE_POOL      "https://dynamicsessions.io/.default"

/* Texts are copied; NULL: not said, the environment counts. */
struct credential_options {
    /* its Authentication, ClientID, TenantId and TokenFilePath; the rest is not looked at */
    const char *connection_string;
    const char *authentication; /* these override it; "DefaultAzure" if neither says */
    const char *client_id;
    const char *tenant_id;
    const char *token_file;
    const char *authority; /* URL of the token service; else AZURE_AUTHORITY_HOST, else the public cloud's */
    const char *ca_file;   /* PEM: authorities that token services may have, besides the system's */
    struct az_helper *helper;             /* NULL: this process starts `az` itself; must live as long */
    const struct credential_world *world; /* NULL: the real one; must live as long */
};

/* Asks nobody yet. `*ret_credential` is NULL for Authentication=None, which every function below takes. INVALID_ARGUMENT: see
 * chain.h and connection_string.h; NO_MEMORY. Any thread. */
STATUS_RESULT credential_create(const struct credential_options *options, struct credential **ret_credential,
                                struct err *err);
/* Whether a token may go to an endpoint: with https, or to this machine. `endpoint` is as in a connection string: grpc and grpcs are
 * names of http and https, and no scheme means https. FAILED_PRECONDITION: not; `what` names the setting. */
STATUS_RESULT credential_check_endpoint(struct bytes endpoint, const char *what, struct err *err);

/* Breaks off what is under way: who waits gets CANCELLED, and who comes later. NULL allowed. Any thread. */
void credential_stop(struct credential *credential);
/* Stops, and overwrites all tokens. NULL allowed. Not while another thread is
 * about to call a function of it. */
void credential_destroy(struct credential *credential);

/* Appends the token for `scope` ("https://durabletask.io/.default") and, behind it, NUL. Waits up to `patience_ns`, if none is
 * kept. `ret_until_ns`: its end, wall clock; NULL allowed. UNAUTHENTICATED, UNAVAILABLE, FAILED_PRECONDITION, MALFORMED: no source gives one,
 * `err` names each; DEADLINE_EXCEEDED; CANCELLED; RESOURCE_EXHAUSTED: too many audiences; INVALID_ARGUMENT: no scope; NO_MEMORY.
 * Any thread. */
STATUS_RESULT credential_get(struct credential *credential, const char *scope, int64_t patience_ns,
                             struct buf *ret_token, int64_t *ret_until_ns, struct err *err);
/* A service has refused `token`: it is not given away again, a new one is asked for. Nothing if another is kept by now. */
void credential_refuse(struct credential *credential, const char *scope, struct bytes token);
/* Why the latest request for `scope` failed, with all sources that were tried; else that there was no time. */
void credential_explain(struct credential *credential, const char *scope, char *ret_text, size_t size);
/* Which source has given the latest token, such as "managed identity"; "" before the first. Lives for ever. */
const char *credential_source(struct credential *credential);

#endif
