/* SPDX-License-Identifier: MIT */
/* table.h — `-o table`: a row for each value, a column for each member that is a single value, headings with a line of
 * hyphens under them. Control characters are left out: what a stranger named does not steer a terminal. Pure. */
#ifndef CMD_AZ_TABLE_H
#define CMD_AZ_TABLE_H

#include "wire/json/json.h"

/* Appends `value`, an array of rows or one row, with the columns in the order in which they are met. An array in place of
 * an object has the columns Column1, Column2…; a single value has the column Result. The members id, type and etag are
 * not shown, nor are nulls, arrays and objects. NO_MEMORY. */
STATUS_RESULT az_table_write(const json_t *value, struct buf *out);

#endif
