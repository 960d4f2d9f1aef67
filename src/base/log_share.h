/* SPDX-License-Identifier: MIT */
/* log_share.h — how many lines each of many strangers may have written, where each request is worth one: a burst, then so
 * many a second. Strangers share buckets by a keyed hash, so memory is bounded. What is held back is counted. Pure: the key
 * and the time are handed in. */
#ifndef BASE_LOG_SHARE_H
#define BASE_LOG_SHARE_H

#include "base/bytes.h"

#define LOG_SHARE_BURST      2000
#define LOG_SHARE_PER_SECOND 200
#define LOG_SHARE_BUCKETS    256

/* Zero-initialise, but for the key. */
struct log_share {
    uint64_t key[2];                    /* random */
    int64_t paid_ns[LOG_SHARE_BUCKETS]; /* monotonic: by then the lines of a bucket are paid for */
    uint64_t held_back;                 /* since the caller last set it to 0 */
};

/* True: write the line of `who`. */
bool log_share_allows(struct log_share *share, struct bytes who, int64_t now_ns);

#endif
