/* SPDX-License-Identifier: MIT */
/* guess_line.h — when a peer is answered who shows credentials that do not count: some at once, then one after the other. So a
 * program with a key that is over is told so soon, and whoever tries keys is as slow as a line in front of one door. Peers share
 * buckets by a keyed hash, so memory is bounded; whoever shows what counts never stands here. Pure: the key and the time are handed
 * in. */
#ifndef NET_GUESS_LINE_H
#define NET_GUESS_LINE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/duration.h"

#define GUESS_BURST       50 /* of one peer that are answered at once */
#define GUESS_PER_SECOND  10 /* behind those */
#define GUESS_WAIT_MAX_NS (5 * NS_PER_S)
#define GUESS_BUCKETS     256

/* Zero-initialise, but for the key. */
struct guess_line {
    uint64_t key[2];                /* random */
    int64_t paid_ns[GUESS_BUCKETS]; /* monotonic: by then the answers of a bucket are paid for */
};

/* For how long the answer to `peer` (address_owner of net/address.h) waits. False: too many of its answers wait already. */
bool guess_line_join(struct guess_line *line, struct bytes peer, int64_t now_ns, int64_t *ret_wait_ns);

#endif
