/* SPDX-License-Identifier: MIT */
/* source.h — the places where a token can come from, each with one function of the same shape. A source knows its variables
 * and its requests; the order of several is chain.h's, keeping and renewing is credential.h's. Each call blocks, within the
 * limits of the world it is given. What each sends was
 * recorded from the official SDKs, and is compared with theirs (test/credential/azure_identity_test.py). */
#ifndef CREDENTIAL_SOURCE_H
#define CREDENTIAL_SOURCE_H

#include "credential/token_answer.h"
#include "credential/world.h"

/* What the user said; NULL: nothing, the environment counts. */
struct source_settings {
    const char *client_id;
    const char *tenant_id;
    const char *token_file; /* of a workload identity */
    const char *authority;
    const char *ca_file; /* PEM; authorities of token services besides the system's */
};

struct source_query {
    const struct credential_world *world;
    const struct source_settings *settings;
    const char *resource; /* "https://durabletask.io", without "/.default" */
    bool in_chain;        /* others can follow: probe briefly */
};

/* How a source ended without a token, besides the errors of the world:
 * NOT_FOUND            it is not set up here; the next one may be asked
 * UNAUTHENTICATED      its service refuses, and nothing but another setting helps
 * UNAVAILABLE          its service does not answer, or not now; `*ret_wait_ns` is what it asked for
 * DEADLINE_EXCEEDED    it hangs
 * FAILED_PRECONDITION  a setting or a file is not usable; MALFORMED: its answer is not. `err` begins with what failed. */
typedef enum status source_fn(const struct source_query *query, struct access_token *ret_token,
                              int64_t *ret_wait_ns, struct err *err);

source_fn source_environment;       /* AZURE_CLIENT_SECRET, or AZURE_CLIENT_CERTIFICATE_PATH */
source_fn source_workload_identity; /* AZURE_FEDERATED_TOKEN_FILE */
source_fn source_managed_identity;  /* IDENTITY_ENDPOINT, else the instance metadata service */
source_fn source_az;                /* the program `az` */

#endif
