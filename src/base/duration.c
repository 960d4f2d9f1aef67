/* SPDX-License-Identifier: MIT */
/* duration.c — the units of a duration; base/quantity reads the number and checks the product. A number
 * without a unit counts seconds. */
#include "base/duration.h"

#include "base/macros.h"
#include "base/quantity.h"

static const struct quantity_unit units[] = {{"ms", NS_PER_MS},       {"s", NS_PER_S},
                                             {"m", 60 * NS_PER_S},    {"h", 3600 * NS_PER_S},
                                             {"d", 86400 * NS_PER_S}, {"", NS_PER_S}};

enum status duration_parse(struct bytes text, int64_t *ret_ns)
{
    return quantity_parse(text, units, ARRAY_SIZE(units), ret_ns);
}
