/* SPDX-License-Identifier: MIT */
/* attempt.h — what an attempt to deliver a notice comes to, and when the next one is due. Pure. */
#ifndef CORE_NOTICE_ATTEMPT_H
#define CORE_NOTICE_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/duration.h"

#define NOTICE_ATTEMPTS_MAX 11                  /* of one delivery, those by hand excepted */
#define NOTICE_TRIED_FOR_NS (259200 * NS_PER_S) /* three days: after that it is given up */

enum notice_result {
    NOTICE_DELIVERED, /* 2xx */
    NOTICE_AGAIN,     /* anything else: the receiver may be mended; a redirect is not followed */
    NOTICE_GONE,      /* 410: nobody is there any more, and the target ends */
    NOTICE_REFUSED,   /* of a mail: there is no such mailbox; it is given up, and the target stays */
};

/* `http_status` 0: there was no answer. */
enum notice_result notice_result_of(int http_status);
/* Of a mail server's last reply (RFC 5321 section 4.2.3); 0: there was none, or not in time. */
enum notice_result notice_result_of_mail(int reply);

struct notice_attempt {
    unsigned made;          /* attempts, the one that failed included; 1 or more */
    int64_t age_ns;         /* of the notice */
    int64_t retry_after_ns; /* that the receiver asked for; 0: it did not */
    uint64_t random;        /* spreads what failed together */
};

/* False: it is given up. A wait is up to a tenth longer than the table says, and as long as the receiver asked for, within a day. */
bool notice_next_attempt(const struct notice_attempt *attempt, int64_t *ret_wait_ns);

#endif
