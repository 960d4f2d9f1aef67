/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of keepers.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef SVC_KEEPER_LIMIT_VALUES_H
#define SVC_KEEPER_LIMIT_VALUES_H

#include <stdint.h>

#define SESSION_OPEN_FILES_LEAST 32
#define SESSION_OPEN_FILES_MOST  4096
#define KEEPER_SESSIONS_MAX      16384
#define KEEPER_WARM_MAX_MS       60000
#define WARDEN_KEEPERS_MAX       4
#define WARDEN_REPLACE_MAX_MS    2000
#define WARDEN_FAREWELL_MAX_MS   10000

#endif
