/* SPDX-License-Identifier: MIT */
/* timespan.h — intervals as the SDKs of schedules write them. Pure. */
#ifndef BASE_TIMESPAN_H
#define BASE_TIMESPAN_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

#define TIMESPAN_TICK_NS 100 /* .NET's unit */

/* .NET's "[d.]hh:mm:ss[.fffffff]", hours below 24, minutes and seconds below 60; what is longer than INT64_MAX nanoseconds is
 * that. MALFORMED: it is none, or has a sign; *ret_ns is then untouched. */
STATUS_RESULT timespan_parse(struct bytes text, int64_t *ret_ns);
/* Python's seconds: "5" or "5.25", without an exponent. MALFORMED, as above. */
STATUS_RESULT timespan_parse_seconds(struct bytes text, int64_t *ret_ns);

#endif
