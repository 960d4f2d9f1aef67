/* SPDX-License-Identifier: MIT */
/* value.h — JSON values as the cloud's `az` orders and spells them: keys in the order of their bytes, numbers as Python
 * writes them. Pure; owns nothing. */
#ifndef CMD_AZ_VALUE_H
#define CMD_AZ_VALUE_H

#include "wire/json/json.h"

/* A copy of `value` whose objects have their keys in the order of their bytes, all the way down. The caller owns it; NULL:
 * out of memory. */
json_t *az_value_sorted(const json_t *value);
/* Appends an integer or a real number; a real always shows that it is one ("1.0", "1e+16"). */
void az_value_number(struct buf *out, const json_t *number);
/* Characters of UTF-8 text. */
size_t az_value_width(struct bytes text);

#endif
