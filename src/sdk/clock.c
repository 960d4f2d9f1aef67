/* SPDX-License-Identifier: MIT */
/* clock.c — one system call a clock. */
#include "sdk/clock.h"

#include <time.h>

#include "base/duration.h"

int64_t sdk_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t sdk_wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}
