/* SPDX-License-Identifier: MIT */
/* request_rates.h — how many requests each key may make: a bucket of as many as it has for a minute, which fills evenly. Whoever
 * keeps within it never waits; whoever does not learns when there is room again.
 *
 * Kept are the REQUEST_RATES_MAX that asked latest; one that is forgotten begins anew, with a full bucket. Reads no clock: `now_ns` never
 * goes back. One thread at a time. Header fields: draft-ietf-httpapi-ratelimit-headers-10. */
#ifndef NET_REQUEST_RATES_H
#define NET_REQUEST_RATES_H

#include "base/list.h"
#include "base/map.h"
#include "net/limit_values.h"

struct request_rates {
    int64_t per_minute; /* requests of each; above 0 */
    struct map by_who;
    struct list recent; /* the latest first */
    size_t count;
};

struct request_rate {
    bool granted;
    int64_t remaining; /* requests that are left now */
    int64_t full_s;    /* seconds until all are there again */
    int64_t wait_s;    /* seconds until one is; 0: now */
};

/* `seed` is random. */
void request_rates_init(struct request_rates *rates, int64_t per_minute, const uint64_t seed[2]);
void request_rates_fini(struct request_rates *rates);
/* Takes one of `who`'s, if there is one. Without memory for somebody new it is granted: a limit of fairness, not a lock. */
struct request_rate request_rates_take(struct request_rates *rates, struct bytes who, int64_t now_ns);

#endif
