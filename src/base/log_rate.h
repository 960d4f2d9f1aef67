/* SPDX-License-Identifier: MIT */
/* log_rate.h — how often a line may be written that a stranger can cause: once a period, with the number of those
 * that were held back. Zero-initialised, the first is written. Pure: the time is handed in. */
#ifndef BASE_LOG_RATE_H
#define BASE_LOG_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_RATE_PERIOD_NS 10000000000LL /* 10 s */

struct log_rate {
    int64_t next_ns; /* monotonic */
    uint64_t held_back;
};

/* True: write it now; `*ret_held_back` is how many were not written since the last one. */
bool log_rate_allows(struct log_rate *rate, int64_t now_ns, uint64_t *ret_held_back);

#endif
