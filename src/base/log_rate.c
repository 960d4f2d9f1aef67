/* SPDX-License-Identifier: MIT */
/* log_rate.c — one line a period. */
#include "base/log_rate.h"

bool log_rate_allows(struct log_rate *rate, int64_t now_ns, uint64_t *ret_held_back)
{
    if (now_ns < rate->next_ns) {
        rate->held_back++;
        return false;
    }

    *ret_held_back = rate->held_back;
    rate->held_back = 0;
    rate->next_ns = now_ns + LOG_RATE_PERIOD_NS;
    return true;
}
