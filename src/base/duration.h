/* SPDX-License-Identifier: MIT */
/* duration.h — units of time, and the one way people write a duration: "500ms", "30s", "2m", "1h", "7d",
 * "30". */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

#define NS_PER_US 1000LL
#define NS_PER_MS 1000000LL
#define NS_PER_S  1000000000LL

/* Decimal digits and one of the suffixes ms, s, m, h, d in either case; without a suffix they are seconds.
 * Nothing else may stand around them: no sign, no fraction, no space. MALFORMED: it is none of these, or
 * passes INT64_MAX nanoseconds (some 292 years); *ret_ns is then untouched. Pure. */
STATUS_RESULT duration_parse(struct bytes text, int64_t *ret_ns);

#endif
