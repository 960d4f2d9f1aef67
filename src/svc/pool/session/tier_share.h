/* SPDX-License-Identifier: MIT */
/* tier_share.h — one isolation tier below several pools: one keeper and one warm interpreter build the sessions of all.
 *
 * A share is given to each pool as its tier (session_tier_shared). It passes on orders and what becomes of them, to the pool
 * whose they are and to no other; what concerns the tier itself every pool hears, also one that comes later. Ends a pool's
 * sessions when the pool stops its share, and forgets what the tier still says of them. Events come from the loop, never from
 * inside a call, as tier.h wants it. */
#ifndef SVC_POOL_SESSION_TIER_SHARE_H
#define SVC_POOL_SESSION_TIER_SHARE_H

#include "svc/pool/session/tier.h"

struct tier_share;

/* Starts the tier below; `tier` and `options` as session_tier.start has them. */
STATUS_RESULT tier_share_create(struct loop *loop, const struct session_tier *tier, const void *options,
                                struct tier_share **ret_share, struct err *err);
/* After every pool has stopped its share. Stops the tier. NULL allowed. */
void tier_share_destroy(struct tier_share *share);

/* The tier of a pool that has a share; its options, for the time of the start. */
struct shared_tier_options {
    struct tier_share *share;
};
extern const struct session_tier session_tier_shared;

#endif
