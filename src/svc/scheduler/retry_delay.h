/* SPDX-License-Identifier: MIT */
/* retry_delay.h — how long a partition waits before it tries to write again. Grows with each try, a successful one too: a
 * small write may go through on a disk on which the next real set fails again. Only a real commit brings it back. Pure. */
#ifndef SVC_SCHEDULER_RETRY_DELAY_H
#define SVC_SCHEDULER_RETRY_DELAY_H

#include <stdint.h>

#include "base/macros.h"

#define RETRY_DELAY_MIN_NS 100000000LL  /* 100 ms */
#define RETRY_DELAY_MAX_NS 5000000000LL /* 5 s */

struct retry_delay {
    int64_t ns; /* until the next try; 0: nothing has failed since the last real commit */
};

/* Writing has stopped. */
static inline void retry_delay_failed(struct retry_delay *delay)
{
    delay->ns = MAX(delay->ns, RETRY_DELAY_MIN_NS);
}

/* A try is over, or could not be made. */
static inline void retry_delay_tried(struct retry_delay *delay)
{
    delay->ns = MIN(delay->ns * 2, RETRY_DELAY_MAX_NS);
}

/* A set of the engine is on disk. */
static inline void retry_delay_committed(struct retry_delay *delay)
{
    delay->ns = 0;
}

#endif
