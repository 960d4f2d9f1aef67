/* SPDX-License-Identifier: MIT */
/* pattern.h — a regular expression of a policy, searched in code that a stranger wrote.
 *
 * PCRE2, interpreted, with every search bounded: depth and memory by PCRE2's own limits, and the work of the whole search by a
 * count of its own, since PCRE2's match limit begins anew at each byte of the code. The bound grows with the code and knows nothing of
 * other rules, so the order of rules changes nothing. A compiled pattern may be searched by several threads. */
#ifndef CORE_POLICY_PATTERN_H
#define CORE_POLICY_PATTERN_H

#include "base/buf.h"

#define POLICY_PATTERN_SIZE_MAX       4096              /* bytes of a pattern */
#define POLICY_PATTERN_NESTING_MAX    64                /* parentheses */
#define POLICY_PATTERN_DEPTH_MAX      20000             /* backtracking points inside of each other */
#define POLICY_PATTERN_HEAP_MAX       ((size_t)8 << 20) /* bytes of one search */
#define POLICY_PATTERN_STEPS_MAX      100000            /* steps of one search, and: */
#define POLICY_PATTERN_BYTE_STEPS_MAX 4                 /* for each byte of the code */

enum policy_truth {
    POLICY_NO,
    POLICY_YES,
    POLICY_UNKNOWN,
};

struct policy_pattern;

/* On success the caller owns `*ret_pattern`. MALFORMED: no pattern, or one that is not taken; `why` says it, and at which byte;
 * NO_MEMORY. */
STATUS_RESULT policy_pattern_compile(struct bytes text, struct policy_pattern **ret_pattern, struct buf *why);
/* NULL is allowed. */
void policy_pattern_free(struct policy_pattern *pattern);
/* Is it anywhere in `subject`? UNKNOWN: a limit was reached before that was known. Bytes that are no UTF-8 match nothing. */
enum policy_truth policy_pattern_search(const struct policy_pattern *pattern, struct bytes subject);

#endif
