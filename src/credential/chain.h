/* SPDX-License-Identifier: MIT */
/* chain.h — which sources a credential asks, and in which order. The order and what ends it are those of the official SDKs:
 * a source that is not set up leads to the next; one that is set up and refused ends the chain, for a second identity must
 * not answer in its place unsaid. What has worked once is asked alone from then on. */
#ifndef CREDENTIAL_CHAIN_H
#define CREDENTIAL_CHAIN_H

#include "credential/source.h"

#define CHAIN_SOURCES_MAX 4
#define CHAIN_FAULT_SIZE  1024 /* bytes with NUL */

struct chain_row; /* a source with its name */

struct chain {
    const struct chain_row *sources[CHAIN_SOURCES_MAX];
    int count;
    int settled; /* the one that has worked; -1: none yet */
};

/* By the value of Authentication= ("DefaultAzure", "ManagedIdentity", …, in any case). `*ret_chain` of "None" has no sources. For
 * DefaultAzure the variable AZURE_TOKEN_CREDENTIALS may choose some. INVALID_ARGUMENT: not known, or one that needs a person or
 * another program; `err` says what to use. */
STATUS_RESULT chain_choose(struct bytes authentication, const struct credential_world *world,
                           struct chain *ret_chain, struct err *err);
/* Asks. `query` but for in_chain. On failure `ret_fault` names each source that was tried and why it failed, and the status is
 * that of the last one; NOT_FOUND of all is UNAUTHENTICATED. */
STATUS_RESULT chain_get(struct chain *chain, struct source_query *query, struct access_token *ret_token,
                        int64_t *ret_wait_ns, char ret_fault[CHAIN_FAULT_SIZE]);
/* Who has given the latest token, for logs: "managed identity"; "" before the first. */
const char *chain_source(const struct chain *chain);

#endif
