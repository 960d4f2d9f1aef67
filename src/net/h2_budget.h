/* SPDX-License-Identifier: MIT */
/* h2_budget.h — what one HTTP/2 connection may cost without doing work.
 * Some frames cost the receiver more than the sender: a header block of a few bytes unfolds to kilobytes
 * (RFC 7541), a SETTINGS or PING must be answered, a reset undoes what its call has cost (RFC 9113 section
 * 10.5). Each of them takes points from a bucket. Time refills it slowly, real work refills it at once: an
 * answered call, a message sent. So the frames that come with calls are free in any number, and only those
 * that come without end the connection. Pure: the time is handed in. */
#ifndef NET_H2_BUDGET_H
#define NET_H2_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* A point is about a microsecond of a slow core. The defaults are made for real workers: 5000 calls that are
 * cancelled at once take 130 000 points (official SDKs cancel their long polls so), a ping each second takes
 * one of 20 000. */
#define H2_BUDGET_BURST      200000 /* points: what a new connection has, and the most that one can have */
#define H2_BUDGET_PER_SECOND 20000  /* points that time gives back */
#define H2_BUDGET_REFUSAL    500 /* points more for a request that is refused for the size of its headers */
#define H2_BUDGET_MESSAGE    8   /* points that a message sent gives back */

struct h2_budget {
    uint64_t burst;      /* points */
    uint64_t per_second; /* points */
    uint64_t points;
    int64_t filled_ns; /* monotonic: up to here time has given its points */
};

/* A full bucket. */
void h2_budget_init(struct h2_budget *budget, uint64_t burst, uint64_t per_second, int64_t now_ns);
/* Takes points, after giving those that time has brought. False: there are not as many, the connection is to
 * end; the bucket is empty then. A clock that stands still gives nothing. */
bool h2_budget_take(struct h2_budget *budget, uint64_t points, int64_t now_ns);
/* Gives points for work that was done, up to the burst. */
void h2_budget_give(struct h2_budget *budget, uint64_t points);

/* Points of a frame as its nine bytes of head describe it (RFC 9113 section 4.1). Types that nobody knows
 * cost like a PING. A DATA frame of some size is free: it costs its sender as much. */
uint64_t h2_frame_points(uint8_t type, size_t payload_size);
/* Points of one header field after decoding; `field_size` as RFC 9113 section 6.5.2 counts it. */
uint64_t h2_field_points(size_t field_size);
/* Points that an answered call gives back; `headers_size` is the size of its header list. At least what its
 * frames and fields have cost, so that any number of answered calls is free. */
uint64_t h2_call_points(size_t headers_size);

#endif
