/* SPDX-License-Identifier: MIT */
/* pool_options.h — what a pool is told of itself when it is made. */
#ifndef SVC_POOL_POOL_OPTIONS_H
#define SVC_POOL_POOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_tier;

struct pool_options {            /* from pool_options_default; what is a setting is the caller's to set */
    uint32_t sessions_max;       /* setting */
    uint32_t sessions_ready;     /* spares to keep; 0 keeps none */
    int64_t cooldown_ns;         /* 0 ends a session as soon as it is idle; negative: never */
    int64_t grace_ns;            /* setting: from SIGINT to SIGKILL */
    int64_t session_wait_max_ns; /* how long a call waits for a session to be built */
    int64_t isolation_wait_ns;   /* how long it waits for the tier to come back, or to come up */
    size_t output_size_max;      /* bytes kept of each stream of an execution */
    size_t result_size_max;      /* bytes of a result frame */
    size_t memory_size_max;      /* bytes that all sessions together may make the server hold */
    size_t uploads_size_max;     /* bytes of files that are uploaded into all sessions together */
    size_t queue_max;            /* executions that wait in one identifier's queue */
    size_t records_max;          /* results kept for polling, of each identifier: more than a full queue */
    size_t records_size_max;     /* bytes of them, the latest excepted */
    bool unproven;               /* of struct stock_options */
    const struct session_tier *tier; /* required */
    const void *tier_options;        /* as the tier says; must live as long as pool_create runs */
};

#endif
