/* SPDX-License-Identifier: MIT */
/* log.c — formats a line and hands it to the installed sink. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static log_sink *sink_installed;
static atomic_int level_least = LOG_LEVEL_INFO; /* read by every thread that logs */

void log_install(log_sink *sink, enum log_level least)
{
    sink_installed = sink;
    log_set_least(least);
}

void log_set_least(enum log_level least)
{
    atomic_store_explicit(&level_least, (int)least, memory_order_relaxed);
}

void log_write(enum log_level level, const char *area, const char *fmt, ...)
{
    if (!sink_installed || (int)level < atomic_load_explicit(&level_least, memory_order_relaxed))
        return;
    char line[1000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    sink_installed(level, area, line);
}
