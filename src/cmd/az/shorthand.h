/* SPDX-License-Identifier: MIT */
/* shorthand.h — a value as it is typed in a shell: JSON, or the cloud CLI's shorthand, in which quotes may be left out:
 * [10.0.0.0/8,::1/128], {a:b,c:{d:'e f'}}, 7, true, text. Pure. */
#ifndef CMD_AZ_SHORTHAND_H
#define CMD_AZ_SHORTHAND_H

#include "wire/json/json.h"

#define SHORTHAND_DEPTH_MAX 32
#define SHORTHAND_SIZE_MAX  ((size_t)256 << 10) /* bytes */

/* Reads `text` (UTF-8). On success the caller owns `*ret_value`. MALFORMED: `err` says what is wrong where; TOO_LARGE; NO_MEMORY. */
STATUS_RESULT shorthand_parse(struct bytes text, json_t **ret_value, struct err *err);

#endif
