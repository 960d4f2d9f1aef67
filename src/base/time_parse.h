/* SPDX-License-Identifier: MIT */
/* time_parse.h — RFC 3339 time as text to nanoseconds; its other half is time_format (base/encode.h). Pure. */
#ifndef BASE_TIME_PARSE_H
#define BASE_TIME_PARSE_H

#include "base/bytes.h"

/* "2026-11-28T11:52:53.388Z" or with an offset "+01:00" for 'Z', a blank or 't' for 'T'; up to nine digits of the
 * second count, more are read and dropped. Nanoseconds since 1970. MALFORMED: no such time, a day that the month has
 * not, or one outside of 1678 to 2261, which the number cannot hold. */
STATUS_RESULT time_parse(struct bytes text, int64_t *ret_unix_ns);

#endif
