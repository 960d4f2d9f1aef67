/* SPDX-License-Identifier: MIT */
/* pool_policy.h — how many sessions a pool may have, how many it keeps ready, and how fast it builds them.
 *
 * Pure: counts and the time go in, a plan comes out. The pool reports each event that the estimates rest on
 * and asks for a plan after every change and when the plan said to ask again. It never fails.
 *
 * Words: a *seat* is an identifier that has (or is getting) a session; seats are what `seats_max` limits.
 * A *spare* is a session that nobody owns, ready or still being built. */
#ifndef CORE_POOL_POOL_POLICY_H
#define CORE_POOL_POOL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define SESSION_IDENTIFIER_SIZE_MIN 4 /* bytes; session-pool-api.md 9.1 */
#define SESSION_IDENTIFIER_SIZE_MAX 128

struct pool_policy_options { /* zero fields of the second half take the default behind */
    uint32_t seats_max;      /* sessions with an owner at one time; at least 1 */
    uint32_t spares_base;    /* spares to keep when nothing happens; 0: build on demand only */

    uint32_t spares_max;         /* spares to keep under the highest demand: 4 * spares_base */
    uint32_t builds_at_once_max; /* spares being built at one time: 4 */
    uint32_t builds_busy_max;    /* the same while cells run, so that building steals little from them: 1 */
    int64_t demand_window_ns;    /* time constant of the demand estimate: 10 s */
    int64_t refill_delay_ns; /* while at least half the spares are there, a claim is not followed by a build
                              * at once: whoever claimed is at work now, and building takes a core: 20 ms */
    int64_t retry_min_ns;    /* pause after a build that failed, doubled each time: 100 ms */
    int64_t retry_max_ns;    /* at most: 10 s */
};

struct pool_policy {
    struct pool_policy_options options;
    double claims_per_s;    /* moving average of claims of new sessions */
    double build_s;         /* moving average of the time to build one */
    int64_t estimate_at_ns; /* when claims_per_s was last brought up to date */
    uint32_t failures;      /* builds failed in a row */
    int64_t retry_at_ns;    /* no build for a spare before */
    int64_t refill_at_ns;   /* likewise, while half the spares are there */
};

struct pool_counts {
    uint32_t seats;    /* identifiers, including those that still wait for their session */
    uint32_t ready;    /* spares that are ready */
    uint32_t starting; /* spares being built */
    uint32_t busy;     /* sessions in which a cell runs */
};

struct pool_plan {
    uint32_t builds;      /* spares to order now */
    uint32_t surplus;     /* ready spares to release now: seats need their place, or demand is over */
    int64_t ask_again_ns; /* when the plan would change without an event; INT64_MAX: never */
};

void pool_policy_init(struct pool_policy *policy, const struct pool_policy_options *options, int64_t now_ns);
/* Other limits from now on: nothing is estimated anew. `spares_base` and `seats_max` as in the options, but that none may have
 * a seat any more. */
void pool_policy_limit(struct pool_policy *policy, uint32_t seats_max, uint32_t spares_base);
/* True if one more identifier may get a session. */
bool pool_policy_admit(const struct pool_policy *policy, uint32_t seats);
/* An identifier took a session, spare or not. */
void pool_policy_claimed(struct pool_policy *policy, int64_t now_ns);
/* A build took `span_ns` from order to ready. Ends a pause. */
void pool_policy_built(struct pool_policy *policy, int64_t span_ns);
/* A build failed: no spare is ordered for a while. */
void pool_policy_build_failed(struct pool_policy *policy, int64_t now_ns);
/* What to do now to have the right number of spares. */
struct pool_plan pool_policy_plan(struct pool_policy *policy, const struct pool_counts *counts,
                                  int64_t now_ns);
/* How many spares the present demand asks for, before the limit by seats. */
uint32_t pool_policy_target(struct pool_policy *policy, int64_t now_ns);

/* True for 4..128 printable ASCII characters without space. */
bool session_identifier_valid(struct bytes identifier);

#endif
