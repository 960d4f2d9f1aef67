/* SPDX-License-Identifier: MIT */
/* attempt.c — one table of waits. */
#include "core/notice/attempt.h"

#include "base/macros.h"

#define MINUTE_NS (60 * NS_PER_S)
#define HOUR_NS   (60 * MINUTE_NS)

/* After attempt n + 1; 71 h 36 min 5 s together. The steps are those that Standard Webhooks proposes ("Deliverability and
 * reliability"), the last day excepted. */
static const int64_t waits_ns[] = {
    5 * NS_PER_S, MINUTE_NS,    5 * MINUTE_NS, 30 * MINUTE_NS, 2 * HOUR_NS,
    5 * HOUR_NS,  10 * HOUR_NS, 14 * HOUR_NS,  20 * HOUR_NS,   20 * HOUR_NS,
};

enum notice_result notice_result_of(int http_status)
{
    if (http_status == 410)
        return NOTICE_GONE;
    return http_status >= 200 && http_status < 300 ? NOTICE_DELIVERED : NOTICE_AGAIN;
}

enum notice_result notice_result_of_mail(int reply)
{
    /* No such mailbox; not here; its name cannot be; no mail at all for that host (RFC 7504). What else begins with 5 may be the
     * server's or the setting's fault, which can be mended. */
    static const int refused[] = {550, 551, 553, 556};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (reply == refused[i])
            return NOTICE_REFUSED;
    return reply >= 200 && reply < 300 ? NOTICE_DELIVERED : NOTICE_AGAIN;
}

bool notice_next_attempt(const struct notice_attempt *attempt, int64_t *ret_wait_ns)
{
    ASSERT(attempt->made > 0);
    if (attempt->made >= NOTICE_ATTEMPTS_MAX || attempt->age_ns >= NOTICE_TRIED_FOR_NS)
        return false;
    int64_t wait_ns = waits_ns[attempt->made - 1];
    wait_ns += (int64_t)(attempt->random % (uint64_t)(wait_ns / 10 + 1));
    *ret_wait_ns = MAX(wait_ns, MIN(attempt->retry_after_ns, 24 * HOUR_NS));
    return true;
}
