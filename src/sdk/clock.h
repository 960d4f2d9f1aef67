/* SPDX-License-Identifier: MIT */
/* clock.h — the two clocks of the library. Any thread; async-signal-safe. Not for orchestrations, whose clock
 * is their history. */
#ifndef SDK_CLOCK_H
#define SDK_CLOCK_H

#include <stdint.h>

/* Nanoseconds of a clock that only goes forward: all deadlines. */
int64_t sdk_now_ns(void);
/* Nanoseconds since 1970: what others state, such as a token's expiry. */
int64_t sdk_wall_ns(void);

#endif
