/* SPDX-License-Identifier: MIT */
/* quantities.h — numbers of facts as people write them, and the conditions on them. Pure. */
#ifndef CORE_POLICY_QUANTITIES_H
#define CORE_POLICY_QUANTITIES_H

#include "base/buf.h"
#include "core/policy/fact_kind.h"

/* What a condition on a number demands. */
struct policy_range {
    int64_t from; /* both included; a time of day may go past midnight: from is then above to */
    int64_t to;
    bool outside; /* "!=": it must not be in there */
};

/* "3", "4M", "30s", "never", "22:30", by kind; nanoseconds for all times. MALFORMED. */
STATUS_RESULT policy_quantity_parse(enum policy_fact_kind kind, struct bytes text, int64_t *ret_number);
/* "> 3", "2..5", "30d" (an age), "22:00-06:00". MALFORMED. */
STATUS_RESULT policy_range_parse(enum policy_fact_kind kind, struct bytes text,
                                 struct policy_range *ret_range);
bool policy_range_holds(const struct policy_range *range, int64_t number);
/* Appends a duration as short as it can be written: "24h", "90s". */
void policy_duration_write(int64_t duration_ns, struct buf *out);

#endif
