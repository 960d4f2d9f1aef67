/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the databases.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef DB_LIMIT_VALUES_H
#define DB_LIMIT_VALUES_H

#define DB_BUSY_TIMEOUT_MS 2000

#endif
