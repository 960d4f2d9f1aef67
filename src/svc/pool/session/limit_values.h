/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of what a session sends.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef SVC_POOL_SESSION_LIMIT_VALUES_H
#define SVC_POOL_SESSION_LIMIT_VALUES_H

#define SESSION_FLOOD_SIZE  (8 << 20)
#define SESSION_CALLS_STORM 1000

#endif
