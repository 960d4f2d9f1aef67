/* SPDX-License-Identifier: MIT */
/* log_stderr.h — where log lines go: standard error, one line each (log_line.h). If that is the journal's
 * stream ($JOURNAL_STREAM, systemd.exec(5)), each line begins with its priority. Any thread; one write(2) a
 * line. */
#ifndef CMD_LOG_STDERR_H
#define CMD_LOG_STDERR_H

#include "base/bytes.h"

/* INVALID_ARGUMENT for a level that is none of debug, info, warn, error, or a format that is neither text nor
 * json. Before threads start. */
STATUS_RESULT log_stderr_install(const char *level, const char *format, struct err *err);

#endif
