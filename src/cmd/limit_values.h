/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the program itself.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef CMD_LIMIT_VALUES_H
#define CMD_LIMIT_VALUES_H

#include <stddef.h>

#include "base/duration.h"

#define TASK_HUBS_NAMED_MAX   100
#define OPTION_FILE_SIZE_MAX  (1 << 20)
#define CLI_ANSWER_SIZE_MAX   ((size_t)16 << 20)
#define CLI_FOLLOW_TRIES_MAX  30
#define CLI_FOLLOW_PAUSE_MS   1000
#define CLI_TAGS_MAX          64
#define MCP_MESSAGES_MAX      16
#define MADE_APP_LOG_MAX      ((size_t)128 << 10)
#define MADE_APP_BACK_OFF_MAX (60 * NS_PER_S)
#define REVIEW_CODE_SIZE_MAX  ((size_t)10 << 20)
#define REVIEW_FILE_SIZE_MAX  ((size_t)64 << 20)

#endif
