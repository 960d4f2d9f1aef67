/* SPDX-License-Identifier: MIT */
/* durabletask_azure.h — libdurabletask-azure: tokens for libdurabletask from where the official SDKs take theirs: the environment, a
 * workload identity, a managed identity, `az`. A library of its own, because it links an HTTP client that plain users of libdurabletask do
 * not need. It works against the cloud's token service and against any that speaks as that does.
 *
 *   struct dt_azure_options options = DT_INIT(struct dt_azure_options);
 *   options.connection_string = connection_string;
 *   if (dt_azure_credential_create(&options, &credential, &error) != DT_OK) …
 *   connect.connection_string = connection_string;
 *   connect.token_provider = dt_azure_token_provider(credential);
 *
 * The conventions are those of durabletask.h. Tokens are asked for on a thread of the credential, kept for each audience, and
 * renewed ahead of their end; after a failure with pauses of up to a minute. Secrets and tokens are overwritten when they are
 * no longer needed and are in no error text. Secrets go to https addresses and to this machine only.
 *
 * Environment: AZURE_TENANT_ID, AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH (PEM or PKCS #12, RSA;
 * AZURE_CLIENT_CERTIFICATE_PASSWORD, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN); AZURE_FEDERATED_TOKEN_FILE; IDENTITY_ENDPOINT and
 * IDENTITY_HEADER; AZURE_POD_IDENTITY_AUTHORITY_HOST; AZURE_AUTHORITY_HOST; AZURE_TOKEN_CREDENTIALS; SSL_CERT_FILE.
 * Everything exists since version 0.2. */
#ifndef DURABLETASK_AZURE_H
#define DURABLETASK_AZURE_H

#include "durabletask.h"

#ifdef __cplusplus
extern "C" {
#endif

struct dt_azure_credential; /* sources of tokens, and the tokens that came from them */

/* What a credential is made from. Texts are copied; NULL: not said, the environment counts. */
struct dt_azure_options {
    size_t size;
    /* its Authentication, ClientID, TenantId, TokenFilePath; these members override it */
    const char *connection_string;
    /* None, DefaultAzure, ManagedIdentity, WorkloadIdentity, Environment or AzureCli; NULL here and in the
     * string: None if there is a string, else DefaultAzure */
    const char *authentication;
    const char *client_id;  /* of a managed or workload identity */
    const char *tenant_id;  /* of a workload identity; of az */
    const char *token_file; /* of a workload identity */
    /* URL of the token service, before AZURE_AUTHORITY_HOST; NULL there too: the public cloud's */
    const char *authority;
    const char *ca_file; /* PEM: authorities of token services, besides the system's */
};

/* Makes a credential; asks nobody yet. `options`: see above. `ret_credential`: the credential; NULL with DT_OK if no token is needed
 * (Authentication=None), which the functions below take.
 * Errors: DT_INVALID_ARGUMENT: NULL, a malformed connection string, an authentication that is not known or does not work here (the
 * text says what to use), a bad AZURE_TOKEN_CREDENTIALS. DT_NO_MEMORY.
 * Memory: destroy with dt_azure_credential_destroy, behind the clients and workers that use it.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_azure_credential_create(const struct dt_azure_options *options,
                                                             struct dt_azure_credential **ret_credential,
                                                             struct dt_error *error);

/* Breaks off what is under way: whoever waits for a token gets DT_CANCELLED, and so does every later call. For a program that
 * stops, before it destroys what uses the credential. NULL allowed.
 * Thread: any. */
DT_API void dt_azure_credential_stop(struct dt_azure_credential *credential);

/* Stops and frees; overwrites all tokens. NULL allowed.
 * Thread: any, and not while another thread uses it. */
DT_API void dt_azure_credential_destroy(struct dt_azure_credential *credential);

/* For `token_provider` of struct dt_connect_options, of any number of clients and workers. NULL: for a NULL credential, so that
 * both may be given on as they are.
 * Memory: valid as long as the credential.
 * Thread: any. */
DT_API const struct dt_token_provider *dt_azure_token_provider(const struct dt_azure_credential *credential);

/* A token for another service: `resource` is its scope, such as "https://dynamicsessions.io/.default". Writes it, NUL-terminated, into
 * `ret_token` of `capacity` bytes (16384 are always enough) and its end into `ret_expires_ns` (NULL allowed). Waits up to 30 seconds if
 * none is kept.
 * Errors: DT_INVALID_ARGUMENT: a NULL credential, no scope, or a capacity that is too small; DT_UNAUTHENTICATED: no source gives one, the text names
 * each with its reason; DT_UNAVAILABLE: a token service does not answer; DT_FAILED_PRECONDITION: a file or address
 * is not usable; DT_INTERNAL: an answer is not understood, or no thread; DT_DEADLINE_EXCEEDED: none in time;
 * DT_RESOURCE_EXHAUSTED: more than 8 scopes; DT_CANCELLED: it was stopped; DT_NO_MEMORY.
 * Memory: the token is the caller's copy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_azure_token(struct dt_azure_credential *credential, const char *resource,
                                                 char *ret_token, size_t capacity, int64_t *ret_expires_ns,
                                                 struct dt_error *error);

/* Which source has given the latest token: "environment", "workload identity", "managed identity" or "Azure CLI"; "" before the
 * first. NULL allowed.
 * Memory: static; never NULL.
 * Thread: any. */
DT_API const char *dt_azure_source(struct dt_azure_credential *credential);

#ifdef __cplusplus
}
#endif

#endif
