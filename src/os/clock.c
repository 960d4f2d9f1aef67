/* SPDX-License-Identifier: MIT */
/* clock.c — clock_gettime and getrandom. */
#include "os/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

#include "base/macros.h"

static int64_t now_ns(clockid_t id)
{
    struct timespec timespec;
    ASSERT(clock_gettime(id, &timespec) == 0);
    return (int64_t)timespec.tv_sec * NS_PER_S + timespec.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

int64_t clock_unix_ns(void)
{
    return now_ns(CLOCK_REALTIME);
}

int64_t clock_forward_ns(void)
{
    static _Atomic int64_t highest; /* the difference of the two clocks */
    int64_t monotonic_ns = now_ns(CLOCK_MONOTONIC), difference = now_ns(CLOCK_REALTIME) - monotonic_ns;
    int64_t known = atomic_load(&highest);
    while (difference > known && !atomic_compare_exchange_weak(&highest, &known, difference))
        continue;
    return monotonic_ns + MAX(difference, known);
}

int64_t clock_thread_ns(void)
{
    return now_ns(CLOCK_THREAD_CPUTIME_ID);
}

void entropy_fill(void *out, size_t size)
{
    char *p = out;
    while (size > 0) {
        ssize_t n = getrandom(p, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        ASSERT(n > 0);
        p += n;
        size -= (size_t)n;
    }
}
