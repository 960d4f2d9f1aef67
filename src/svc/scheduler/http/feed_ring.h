/* SPDX-License-Identifier: MIT */
/* feed_ring.h — the last events of a change feed, ready to be sent, so that who comes back goes on where it was.
 *
 * Events are numbered from 1 and named "EPOCH-NUMBER"; the epoch is of this ring alone, so that a name of before a restart
 * is told from one of now. At most FEED_RING_EVENTS of them and FEED_RING_SIZE bytes are kept, the newest. Pure. */
#ifndef SVC_SCHEDULER_HTTP_FEED_RING_H
#define SVC_SCHEDULER_HTTP_FEED_RING_H

#include "base/buf.h"

#define FEED_RING_EVENTS    4096              /* a power of two */
#define FEED_RING_SIZE      ((size_t)4 << 20) /* bytes */
#define FEED_RING_NAME_SIZE 48                /* bytes of "EPOCH-NUMBER" with its NUL */

struct feed_ring {
    uint64_t epoch;
    uint64_t first; /* number of the oldest that is kept */
    uint64_t next;  /* number of the next one */
    size_t size;    /* bytes of those that are kept */
    struct feed_event {
        uint8_t *memory;    /* owned: of both */
        struct bytes frame; /* in `memory`; the subject stands behind it */
        struct bytes subject;
    } events[FEED_RING_EVENTS]; /* event n at n % FEED_RING_EVENTS */
};

/* Room for one ring; NULL without memory. `epoch` is random. */
MUST_USE struct feed_ring *feed_ring_create(uint64_t epoch);
void feed_ring_destroy(struct feed_ring *ring);
/* Takes one event as a frame of text/event-stream with its name; the oldest make room. `subject`: the id of what it tells of;
 * empty: of all. NO_MEMORY, or an event that is no text: nothing is taken, and who follows has a hole: its owner resets. */
STATUS_RESULT feed_ring_add(struct feed_ring *ring, struct bytes kind, struct bytes subject,
                            struct bytes data);
/* Event `number`, which is from first to below next. */
const struct feed_event *feed_ring_at(const struct feed_ring *ring, uint64_t number);
/* Where to go on behind the event of that name. False: another epoch, an event that is not kept any more or was never
 * there, or no name at all. */
bool feed_ring_find(const struct feed_ring *ring, struct bytes name, uint64_t *ret_next);
/* The name of the event before `next`: what a client says to go on from `next`. */
void feed_ring_name(const struct feed_ring *ring, uint64_t next, char ret_name[FEED_RING_NAME_SIZE]);

#endif
