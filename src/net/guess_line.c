/* SPDX-License-Identifier: MIT */
/* guess_line.c — an answer costs the time that it stands for; a bucket may be in debt by a burst before anybody waits. */
#include "net/guess_line.h"

#include "base/sip_hash.h"

#define GUESS_NS (NS_PER_S / GUESS_PER_SECOND)

bool guess_line_join(struct guess_line *line, struct bytes peer, int64_t now_ns, int64_t *ret_wait_ns)
{
    int64_t *paid_ns = &line->paid_ns[sip_hash(line->key, peer) % GUESS_BUCKETS];
    int64_t from_ns = MAX(*paid_ns, now_ns);
    int64_t wait_ns = MAX(from_ns + GUESS_NS - now_ns - GUESS_BURST * GUESS_NS, 0);
    if (wait_ns > GUESS_WAIT_MAX_NS)
        return false;

    *paid_ns = from_ns + GUESS_NS;
    *ret_wait_ns = wait_ns;
    return true;
}
