/* SPDX-License-Identifier: MIT */
/* quantity.h — whole numbers with a unit, as people write them: "64", "64M", "500ms". */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"

struct quantity_unit {
    const char *suffix; /* in either case; "" for a number alone */
    int64_t factor;     /* what one of it is */
};

/* Decimal digits and one of the suffixes; nothing else may stand around them: no sign, no fraction, no space.
 * MALFORMED: it is none of these, or passes INT64_MAX; *ret_number is then untouched. Pure. */
STATUS_RESULT quantity_parse(struct bytes text, const struct quantity_unit *units, size_t count,
                             int64_t *ret_number);

#endif
