/* SPDX-License-Identifier: MIT */
/* renewal.c — sums of times, and the named constants that go into them. */
#include "credential/renewal.h"

#include "base/duration.h"

#define EARLY_NS       (300 * NS_PER_S)
#define MARGIN_NS      (2 * NS_PER_S) /* a token that ends within this is not given away: it must get there, too */
#define FRESH_NS       (10 * NS_PER_S)
#define PAUSE_FIRST_NS (1 * NS_PER_S)
#define PAUSE_MAX_NS   (60 * NS_PER_S)
#define WAIT_MAX_NS    (300 * NS_PER_S) /* however long a service wants us to wait */
#define DOUBLINGS_MAX  6

void renewal_came(struct renewal *renewal, int64_t now_ns, int64_t until_ns, int64_t wish_ns)
{
    int64_t life_ns = until_ns - now_ns;
    int64_t renew_ns = until_ns - MIN(EARLY_NS, life_ns / 2);
    if (wish_ns > now_ns && wish_ns < renew_ns)
        renew_ns = wish_ns;
    *renewal = (struct renewal){.until_ns = until_ns, .came_ns = now_ns, .renew_ns = renew_ns};
}

void renewal_failed(struct renewal *renewal, int64_t now_ns, int64_t wait_ns, uint64_t random)
{
    int64_t longest = MIN(PAUSE_FIRST_NS << MIN(renewal->failures, DOUBLINGS_MAX), PAUSE_MAX_NS);
    int64_t pause_ns = longest / 2 + (int64_t)(random % (uint64_t)(longest / 2 + 1));
    renewal->retry_ns = now_ns + MAX(pause_ns, MIN(wait_ns, WAIT_MAX_NS));
    renewal->failures++;
}

bool renewal_refused(struct renewal *renewal, int64_t now_ns)
{
    int64_t age_ns = now_ns - renewal->came_ns;
    if (age_ns >= 0 && age_ns < FRESH_NS)
        return false;
    renewal->until_ns = renewal->renew_ns = 0;
    return true;
}

bool renewal_is_pausing(const struct renewal *renewal, int64_t now_ns)
{
    return renewal->failures > 0 && now_ns < renewal->retry_ns && renewal->retry_ns - now_ns <= WAIT_MAX_NS;
}

bool renewal_is_good(const struct renewal *renewal, int64_t now_ns)
{
    return renewal->until_ns > 0 && now_ns < renewal->until_ns - MARGIN_NS;
}

int64_t renewal_next_ns(const struct renewal *renewal)
{
    if (!renewal->until_ns)
        return INT64_MAX;
    return MAX(renewal->renew_ns, renewal->retry_ns);
}
