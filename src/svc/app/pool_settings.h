/* SPDX-License-Identifier: MIT */
/* pool_settings.h — how a session pool is reached over its public HTTP API, ours or the cloud's. Only settings: many threads may use
 * them. */
#ifndef SVC_APP_POOL_SETTINGS_H
#define SVC_APP_POOL_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

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

#endif
