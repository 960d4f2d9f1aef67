/* SPDX-License-Identifier: MIT */
/* log_stderr.c — formats and writes; control characters become '?' so that one event stays one line. */
#include "cmd/log_stderr.h"

#include <stdio.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/log.h"
#include "os/clock.h"

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static void write_line(enum log_level level, const char *area, const char *text)
{
    char at[TIME_TEXT_SIZE_MAX], line[1200];
    time_format(clock_unix_ns(), 3, at);
    int n = snprintf(line, sizeof line - 1, "%s level=%s area=%s %s", at, level_names[level], area, text);
    size_t size = MIN((size_t)MAX(n, 0), sizeof line - 2);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    line[size++] = '\n';
    if (write(STDERR_FILENO, line, size) < 0) {
        /* Nobody reads standard error any more: there is no better place to say so. */
    }
}

enum status log_stderr_install(const char *level, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
        if (strcmp(level, level_names[i]) == 0) {
            log_install(write_line, (enum log_level)i);
            return STATUS_OK;
        }
    return err_set(e, STATUS_INVALID_ARGUMENT, "log-level: \"%.40s\" is none of debug, info, warn, error",
                   level);
}
