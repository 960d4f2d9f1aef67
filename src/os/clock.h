/* SPDX-License-Identifier: MIT */
/* clock.h — the only place that asks the kernel for the time or for randomness. Any thread. */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/duration.h"

/* CLOCK_MONOTONIC in nanoseconds: for deadlines and durations. */
int64_t clock_monotonic_ns(void);
/* CLOCK_REALTIME in nanoseconds since 1970: for what people and other machines see. */
int64_t clock_unix_ns(void);
/* The same for what ends by it: when the clock is set back while this process runs, this goes on from where it was, until the clock is
 * there again. */
int64_t clock_forward_ns(void);
/* CLOCK_THREAD_CPUTIME_ID in nanoseconds: what the calling thread has computed so far. For costs. */
int64_t clock_thread_ns(void);
/* Fills from getrandom(2); aborts if the kernel refuses, since nothing safe can go on without it. */
void entropy_fill(void *out, size_t size);

#endif
