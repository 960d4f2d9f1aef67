/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the control plane's answers.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef SVC_CONTROL_LIMIT_VALUES_H
#define SVC_CONTROL_LIMIT_VALUES_H

#include <stddef.h>

#define CONTROL_LOGS_MAX           32
#define APP_LOG_LINES_MAX          300 /* as the cloud has it */
#define APP_LOG_UNREAD_MAX         ((size_t)256 << 10)
#define CONTROL_APP_IDENTITIES_MAX 8
/* Deployments that go on at once, and within each other. */
#define CONTROL_DEPLOYMENTS_MAX  64
#define CONTROL_DEPLOYMENTS_DEEP 5

#endif
