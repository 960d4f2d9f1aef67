/* SPDX-License-Identifier: MIT */
/* pool_policy.c — the demand estimate and the plan that follows from it.
 * The average decays exponentially with the time since the last claim, so a quiet pool falls back to its base
 * without a timer. The spares wanted are those that will be claimed while two builds take place. */
#include "core/pool/pool_policy.h"

#include "base/duration.h"

#define BUILD_S_AT_FIRST    0.01 /* until one was measured */
#define BUILD_WEIGHT        0.2  /* of the newest measurement in the average */
#define BUILDS_TO_BRIDGE    2.0  /* spares must last for as long as this many builds */
#define RETRY_DOUBLINGS_MAX 16

static uint32_t spares_max_of(uint32_t spares_base)
{
    return spares_base > UINT32_MAX / 4 ? UINT32_MAX : 4 * spares_base;
}

void pool_policy_init(struct pool_policy *policy, const struct pool_policy_options *options, int64_t now_ns)
{
    ASSERT(options->seats_max >= 1);
    *policy =
        (struct pool_policy){.options = *options, .build_s = BUILD_S_AT_FIRST, .estimate_at_ns = now_ns};
    struct pool_policy_options *own = &policy->options;
    if (!own->spares_max)
        own->spares_max = spares_max_of(own->spares_base);
    if (!own->builds_at_once_max)
        own->builds_at_once_max = 4;
    if (!own->builds_busy_max)
        own->builds_busy_max = 1;
    if (!own->demand_window_ns)
        own->demand_window_ns = 10 * NS_PER_S;
    if (!own->refill_delay_ns)
        own->refill_delay_ns = 20 * NS_PER_MS;
    if (!own->retry_min_ns)
        own->retry_min_ns = 100 * NS_PER_MS;
    if (!own->retry_max_ns)
        own->retry_max_ns = 10 * NS_PER_S;
    policy->retry_at_ns = now_ns;
    policy->refill_at_ns = now_ns;
}

void pool_policy_limit(struct pool_policy *policy, uint32_t seats_max, uint32_t spares_base)
{
    policy->options.seats_max = seats_max;
    policy->options.spares_base = spares_base;
    policy->options.spares_max = spares_max_of(spares_base);
}

bool pool_policy_admit(const struct pool_policy *policy, uint32_t seats)
{
    return seats < policy->options.seats_max;
}

/* Brings the average to `now_ns`: 1 / (1 + t/T) falls like an exponential at first and needs no math library.
 */
static void decay(struct pool_policy *policy, int64_t now_ns)
{
    if (now_ns <= policy->estimate_at_ns)
        return;
    double passed = (double)(now_ns - policy->estimate_at_ns) / (double)policy->options.demand_window_ns;
    policy->claims_per_s /= 1.0 + passed;
    policy->estimate_at_ns = now_ns;
}

void pool_policy_claimed(struct pool_policy *policy, int64_t now_ns)
{
    decay(policy, now_ns);
    policy->claims_per_s += (double)NS_PER_S / (double)policy->options.demand_window_ns;
    policy->refill_at_ns = now_ns + policy->options.refill_delay_ns;
}

void pool_policy_built(struct pool_policy *policy, int64_t span_ns)
{
    double span_s = (double)(span_ns < 0 ? 0 : span_ns) / (double)NS_PER_S;
    policy->build_s += BUILD_WEIGHT * (span_s - policy->build_s);
    policy->failures = 0;
    policy->retry_at_ns = INT64_MIN;
}

void pool_policy_build_failed(struct pool_policy *policy, int64_t now_ns)
{
    uint32_t doublings = MIN(policy->failures, (uint32_t)RETRY_DOUBLINGS_MAX);
    int64_t pause = policy->options.retry_min_ns;
    for (uint32_t i = 0; i < doublings && pause < policy->options.retry_max_ns; i++)
        pause *= 2;
    policy->retry_at_ns = now_ns + MIN(pause, policy->options.retry_max_ns);
    if (policy->failures < UINT32_MAX)
        policy->failures++;
}

uint32_t pool_policy_target(struct pool_policy *policy, int64_t now_ns)
{
    decay(policy, now_ns);
    double wanted = policy->claims_per_s * policy->build_s * BUILDS_TO_BRIDGE;
    double room =
        (double)MAX(policy->options.spares_max, policy->options.spares_base) - policy->options.spares_base;
    return policy->options.spares_base + (uint32_t)MIN(wanted, room);
}

struct pool_plan pool_policy_plan(struct pool_policy *policy, const struct pool_counts *counts,
                                  int64_t now_ns)
{
    struct pool_plan plan = {.ask_again_ns = INT64_MAX};
    uint32_t free_seats =
        policy->options.seats_max > counts->seats ? policy->options.seats_max - counts->seats : 0;
    uint32_t target = MIN(pool_policy_target(policy, now_ns), free_seats);
    uint32_t spares = counts->ready + counts->starting;
    /* What a past demand built goes only when that demand is over, so that the pool does not build and kill
     * around a target that moves. */
    uint32_t keep = MIN(target > policy->options.spares_base ? UINT32_MAX : target, free_seats);
    if (spares > keep)
        plan.surplus = MIN(spares - keep, counts->ready);
    if (spares >= target) {
        if (spares > policy->options.spares_base && target > policy->options.spares_base)
            plan.ask_again_ns = now_ns + policy->options.demand_window_ns;
        return plan;
    }
    if (now_ns < policy->retry_at_ns) {
        plan.ask_again_ns = policy->retry_at_ns;
        return plan;
    }
    if (now_ns < policy->refill_at_ns && 2 * counts->ready >= policy->options.spares_base) {
        plan.ask_again_ns = policy->refill_at_ns;
        return plan;
    }
    uint32_t at_once = counts->busy ? policy->options.builds_busy_max : policy->options.builds_at_once_max;
    if (counts->starting < at_once)
        plan.builds = MIN(target - spares, at_once - counts->starting);
    return plan;
}

bool session_identifier_valid(struct bytes identifier)
{
    if (identifier.size < SESSION_IDENTIFIER_SIZE_MIN || identifier.size > SESSION_IDENTIFIER_SIZE_MAX)
        return false;
    for (size_t i = 0; i < identifier.size; i++)
        if (identifier.data[i] <= ' ' || identifier.data[i] > '~')
            return false;
    return true;
}
