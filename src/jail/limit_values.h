/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of sessions that are no settings.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef JAIL_LIMIT_VALUES_H
#define JAIL_LIMIT_VALUES_H

#include <stdint.h>

#define SESSION_TMP_SIZE_MAX   ((uint64_t)64 << 20)
#define SESSION_FILES_MAX      16384
#define SESSION_OPEN_FILES_MAX 256

#endif
