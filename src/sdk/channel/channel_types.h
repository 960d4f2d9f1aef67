/* SPDX-License-Identifier: MIT */
/* channel_types.h — what a channel and a call on it are told, how a call ends, and a deadline. */
#ifndef SDK_CHANNEL_CHANNEL_TYPES_H
#define SDK_CHANNEL_CHANNEL_TYPES_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "sdk/options.h"
#include "wire/pb/orchestrator_service.pb.h"

struct sdk_channel;

/* How a call ended; all pointers are valid during the callback. */
struct sdk_result {
    enum status status;
    const char *text;      /* never NULL */
    struct bytes response; /* of a unary call that is OK */
    bool unknown;          /* the connection broke after the request was written: it may have been done */
};

struct sdk_call_options {
    enum pb_task_hub_sidecar_service_method method;
    const char *task_hub;   /* borrowed until on_done; NULL: the channel's */
    bool streaming;         /* each message goes to on_message; the call is never repeated after the first */
    bool safe_twice;        /* may be sent again though it may have reached the service */
    unsigned retry;         /* 1u << status for each status after which to try again */
    int tries_max;          /* 0: until the time-out */
    int64_t pause_first_ns; /* between tries, doubling, random; 0: the channel's */
    int64_t pause_max_ns;   /* 0: the channel's */
    int64_t timeout_ns;     /* for everything; below 0: none */
    int64_t attempt_timeout_ns; /* for one try; 0: none */
    void (*on_message)(void *context, struct bytes message);
    void (*on_done)(void *context, const struct sdk_result *result); /* exactly once */
    void *context;
};

struct sdk_channel_options {
    struct sdk_target *target; /* borrowed */
    const char *user_agent;    /* x-user-agent; copied */
    const char *worker_id;     /* workerid; NULL: none; copied */
    bool keep_connected;       /* connect without a call, too */
    int64_t pause_first_ns;    /* where the target does not say */
    int64_t pause_max_ns;
    void (*on_loop)(void *context); /* each round; NULL allowed */
    /* A connection could not be made or broke; FAILED_PRECONDITION: trying again will not help. NULL allowed. */
    void (*on_lost)(void *context, enum status status, const char *why);
    void *context;
};

/* A deadline on the channel's thread, embedded in its owner. Zero-initialise and set on_fire. */
struct sdk_timer {
    struct heap_node node;
    void (*on_fire)(void *context);
    void *context;
};

#endif
