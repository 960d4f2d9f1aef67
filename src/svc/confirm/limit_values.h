/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of confirm links and their page. Values only; what each bounds is a row of cmd/limit_rows.c. */
#ifndef SVC_CONFIRM_LIMIT_VALUES_H
#define SVC_CONFIRM_LIMIT_VALUES_H

#include <stddef.h>

#define CONFIRM_ANSWER_SIZE_MAX   ((size_t)32 << 20)
#define CONFIRM_TEXT_SIZE_MAX     ((size_t)256 << 10)
#define CONFIRM_PICTURES_SIZE_MAX ((size_t)4 << 20)
#define CONFIRM_FILES_MAX         100
#define CONFIRM_BODY_SIZE_MAX     ((size_t)64 << 10)
#define SLACK_BODY_SIZE_MAX       ((size_t)256 << 10)

#endif
