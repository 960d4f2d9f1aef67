/* SPDX-License-Identifier: MIT */
/* pool_set.h — the pools of one process: the one of the settings, and those that the control plane makes and deletes while it
 * runs. All of them have one isolation tier (session/tier_share.h), and each its own limits, identifiers and sessions.
 *
 * Tells them apart by the path of a call: /subscriptions/{s}/resourceGroups/{g}/sessionPools/{name}. The pool of the settings
 * answers every path of a subscription that is not this server's, as it did when it was alone; below this server's own
 * subscription a path is that of the pool it names, or nobody's. A pool that is deleted is kept until no answer can need it.
 * Loop's thread. */
#ifndef SVC_POOL_HTTP_POOL_SET_H
#define SVC_POOL_HTTP_POOL_SET_H

#include "svc/pool/http/pool_service.h"
#include "svc/pool/session/tier_share.h"

struct pool_set_options {
    /* what all made pools have in common; its name and limits are not looked at */
    struct pool_service_options service;
    uint32_t sessions_max; /* of all made pools together, ready ones included */
};

struct pool_limits {
    uint32_t sessions_max;
    uint32_t sessions_ready;
    int64_t cooldown_ns;
};

/* `share` is the tier of all; borrowed, and stopped after the set. */
STATUS_RESULT pool_set_create(struct loop *loop, struct tier_share *share,
                              const struct pool_set_options *options, struct pool_set **ret_set,
                              struct err *err);
/* Ends the made pools and what is left of deleted ones. After the HTTP server. NULL allowed. */
void pool_set_destroy(struct pool_set *set);
/* This server's own subscription, and the path there of the pool of the settings, as keys of core/resource. Without this call
 * it answers every path. NO_MEMORY. */
STATUS_RESULT pool_set_name(struct pool_set *set, struct bytes subscription, struct bytes fixed_key);

/* Makes the pool of that resource, or gives it other limits. RESOURCE_EXHAUSTED: all made pools together would have more
 * sessions than they may; else as pool_service_create. */
STATUS_RESULT pool_set_put(struct pool_set *set, struct bytes key, struct bytes name,
                           const struct pool_limits *limits, struct err *err);
/* Its sessions end at once, its path is nobody's. */
void pool_set_remove(struct pool_set *set, struct bytes key);

/* Whose a call is that came by `prefix`, the path in front of the route. NULL: nobody's. */
struct pool_service *pool_set_service(const struct pool_set *set, struct pool_service *of_settings,
                                      struct bytes prefix);

#endif
