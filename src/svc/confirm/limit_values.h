/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of confirm links and their page. Values only; what each bounds is a row of cmd/limit_rows.c. */
#ifndef SVC_CONFIRM_LIMIT_VALUES_H
#define SVC_CONFIRM_LIMIT_VALUES_H

#include <stddef.h>

#include "base/duration.h"

#define CONFIRM_ANSWER_SIZE_MAX   ((size_t)32 << 20)
#define CONFIRM_TEXT_SIZE_MAX     ((size_t)256 << 10)
#define CONFIRM_PICTURES_SIZE_MAX ((size_t)4 << 20)
#define CONFIRM_FILES_MAX         100
#define CONFIRM_BODY_SIZE_MAX     ((size_t)64 << 10)
#define SLACK_BODY_SIZE_MAX       ((size_t)256 << 10)
#define SLACK_REPLIES_MAX         200               /* messages that wait for a decision by others */
#define SLACK_REPLY_NS            (1800 * NS_PER_S) /* for which Slack takes a reply to a press */

#endif
