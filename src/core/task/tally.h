/* SPDX-License-Identifier: MIT */
/* tally.h — what has happened in a task hub since the engine was made, for /metrics.
 * Counted where the two state machines move, by their only writers (work.c, instance.c), so nothing can be missed.
 * Pure bookkeeping: knows neither work nor instances; no decision reads it. */
#ifndef CORE_TASK_TALLY_H
#define CORE_TASK_TALLY_H

#include <stdint.h>

#include "core/task/instance_status.h"

#define TALLY_KINDS_MAX 4 /* kinds of work that a hub is counted for */

/* Where a work is, as an operator sees it. */
enum tally_place {
    TALLY_NOWHERE, /* nothing to do */
    TALLY_IN_LINE, /* waits for a worker */
    TALLY_SENT,    /* with a worker */
    TALLY_AWAITED, /* its worker went away; a late answer is awaited */
    TALLY_RESTING, /* given back; waits before it is in line again */
};

struct tally_work {
    const char *kind;        /* of its class, such as "turn"; NULL: never seen */
    uint64_t sent, finished; /* deliveries; those that were answered, or no longer wanted */
    uint64_t lost;           /* deliveries whose worker went away */
    uint64_t abandoned;      /* deliveries given back */
    uint64_t waiting, out;   /* now: in line; with workers, or awaited from them */
    int64_t oldest_wait_ns;  /* now: of the one that has been in line for longest; filled by who is asked */
};

struct tally_hub {
    uint64_t started; /* instances, those that others started included */
    uint64_t completed, failed, terminated, canceled;
    struct tally_work work[TALLY_KINDS_MAX];
};

/* `kind` as above. True if the work came into line: its wait begins. */
bool tally_work_moved(struct tally_work *tally, const char *kind, enum tally_place from, enum tally_place to);
void tally_instance_moved(struct tally_hub *tally, enum instance_status from, enum instance_status to);

#endif
