/* SPDX-License-Identifier: MIT */
/* log_share.c — a line costs the time that it stands for; a bucket may be in debt by a burst. */
#include "base/log_share.h"

#include "base/duration.h"
#include "base/sip_hash.h"

#define LINE_NS (NS_PER_S / LOG_SHARE_PER_SECOND)

bool log_share_allows(struct log_share *share, struct bytes who, int64_t now_ns)
{
    int64_t *paid_ns = &share->paid_ns[sip_hash(share->key, who) % LOG_SHARE_BUCKETS];
    int64_t from_ns = MAX(*paid_ns, now_ns);
    if (from_ns - now_ns >= LOG_SHARE_BURST * LINE_NS) {
        share->held_back++;
        return false;
    }

    *paid_ns = from_ns + LINE_NS;
    return true;
}
