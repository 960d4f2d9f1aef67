/* SPDX-License-Identifier: MIT */
/* log.c — formats a line and hands it to the installed sink. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static log_sink *sink_installed;
static enum log_level level_least = LOG_LEVEL_INFO;

void log_install(log_sink *sink, enum log_level least)
{
    sink_installed = sink;
    level_least = least;
}

void log_write(enum log_level level, const char *area, const char *fmt, ...)
{
    if (!sink_installed || level < level_least)
        return;
    char line[1000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    sink_installed(level, area, line);
}
