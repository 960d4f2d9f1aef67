/* SPDX-License-Identifier: MIT */
/* log_stderr.h — where log lines go: standard error, one line each,
 * "2026-11-22T10:00:00.000Z level=info area=svc/pool message key=value". Any thread; one write(2) a line. */
#ifndef CMD_LOG_STDERR_H
#define CMD_LOG_STDERR_H

#include "base/bytes.h"

/* INVALID_ARGUMENT for a level that is none of debug, info, warn, error. Before threads start. */
STATUS_RESULT log_stderr_install(const char *level, struct err *e);

#endif
