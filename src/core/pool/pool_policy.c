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

void pool_policy_init(struct pool_policy *p, const struct pool_policy_options *o, int64_t now_ns)
{
    ASSERT(o->seats_max >= 1);
    *p = (struct pool_policy){.options = *o, .build_s = BUILD_S_AT_FIRST, .estimate_at_ns = now_ns};
    struct pool_policy_options *own = &p->options;
    if (!own->spares_max)
        own->spares_max = own->spares_base > UINT32_MAX / 4 ? UINT32_MAX : 4 * own->spares_base;
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
    p->retry_at_ns = now_ns;
    p->refill_at_ns = now_ns;
}

bool pool_policy_admit(const struct pool_policy *p, uint32_t seats)
{
    return seats < p->options.seats_max;
}

/* Brings the average to `now_ns`: 1 / (1 + t/T) falls like an exponential at first and needs no math library.
 */
static void decay(struct pool_policy *p, int64_t now_ns)
{
    if (now_ns <= p->estimate_at_ns)
        return;
    double passed = (double)(now_ns - p->estimate_at_ns) / (double)p->options.demand_window_ns;
    p->claims_per_s /= 1.0 + passed;
    p->estimate_at_ns = now_ns;
}

void pool_policy_claimed(struct pool_policy *p, int64_t now_ns)
{
    decay(p, now_ns);
    p->claims_per_s += (double)NS_PER_S / (double)p->options.demand_window_ns;
    p->refill_at_ns = now_ns + p->options.refill_delay_ns;
}

void pool_policy_built(struct pool_policy *p, int64_t span_ns)
{
    double span_s = (double)(span_ns < 0 ? 0 : span_ns) / (double)NS_PER_S;
    p->build_s += BUILD_WEIGHT * (span_s - p->build_s);
    p->failures = 0;
    p->retry_at_ns = INT64_MIN;
}

void pool_policy_build_failed(struct pool_policy *p, int64_t now_ns)
{
    uint32_t doublings = MIN(p->failures, (uint32_t)RETRY_DOUBLINGS_MAX);
    int64_t pause = p->options.retry_min_ns;
    for (uint32_t i = 0; i < doublings && pause < p->options.retry_max_ns; i++)
        pause *= 2;
    p->retry_at_ns = now_ns + MIN(pause, p->options.retry_max_ns);
    if (p->failures < UINT32_MAX)
        p->failures++;
}

uint32_t pool_policy_target(struct pool_policy *p, int64_t now_ns)
{
    decay(p, now_ns);
    double wanted = p->claims_per_s * p->build_s * BUILDS_TO_BRIDGE;
    double room = (double)MAX(p->options.spares_max, p->options.spares_base) - p->options.spares_base;
    return p->options.spares_base + (uint32_t)MIN(wanted, room);
}

struct pool_plan pool_policy_plan(struct pool_policy *p, const struct pool_counts *c, int64_t now_ns)
{
    struct pool_plan plan = {.ask_again_ns = INT64_MAX};
    uint32_t free_seats = p->options.seats_max > c->seats ? p->options.seats_max - c->seats : 0;
    uint32_t target = MIN(pool_policy_target(p, now_ns), free_seats);
    uint32_t spares = c->ready + c->starting;
    /* What a past demand built goes only when that demand is over, so that the pool does not build and kill
     * around a target that moves. */
    uint32_t keep = MIN(target > p->options.spares_base ? UINT32_MAX : target, free_seats);
    if (spares > keep)
        plan.surplus = MIN(spares - keep, c->ready);
    if (spares >= target) {
        if (spares > p->options.spares_base && target > p->options.spares_base)
            plan.ask_again_ns = now_ns + p->options.demand_window_ns;
        return plan;
    }
    if (now_ns < p->retry_at_ns) {
        plan.ask_again_ns = p->retry_at_ns;
        return plan;
    }
    if (now_ns < p->refill_at_ns && 2 * c->ready >= p->options.spares_base) {
        plan.ask_again_ns = p->refill_at_ns;
        return plan;
    }
    uint32_t at_once = c->busy ? p->options.builds_busy_max : p->options.builds_at_once_max;
    if (c->starting < at_once)
        plan.builds = MIN(target - spares, at_once - c->starting);
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
