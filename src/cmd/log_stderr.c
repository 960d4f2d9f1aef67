/* SPDX-License-Identifier: MIT */
/* log_stderr.c — what was chosen at the start, and the write. */
#include "cmd/log_stderr.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "cmd/log_line.h"
#include "os/clock.h"

/* Set once, before threads start. */
static enum log_format chosen_format;
static bool for_journal;

static void write_line(enum log_level level, const char *area, const char *text)
{
    char at[TIME_TEXT_SIZE_MAX], line[LOG_LINE_SIZE_MAX];
    time_format(clock_unix_ns(), 3, at);
    const struct log_event event = {level, at, area, text, for_journal};
    size_t size = log_line_format(&event, chosen_format, line);
    if (write(STDERR_FILENO, line, size) < 0) {
        /* Nobody reads standard error any more: there is no better place to say so. */
    }
}

/* $JOURNAL_STREAM names a device and an inode; a shell may have turned our stream to somewhere else since. */
static bool is_journal(void)
{
    struct bytes inode_text = bytes_of_cstr(getenv("JOURNAL_STREAM"));
    struct bytes device_text = bytes_split(&inode_text, ':');
    uint64_t device = 0;
    uint64_t inode = 0;
    struct stat facts;
    return bytes_parse_u64(device_text, &device) == STATUS_OK &&
           bytes_parse_u64(inode_text, &inode) == STATUS_OK && fstat(STDERR_FILENO, &facts) == 0 &&
           facts.st_dev == device && facts.st_ino == inode;
}

enum status log_stderr_install(const char *level, const char *format, struct err *err)
{
    enum log_level least;
    if (!log_level_parse(level, &least))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "log-level: \"%.40s\" is none of debug, info, warn, error", level);
    if (!log_format_parse(format, &chosen_format))
        return err_set(err, STATUS_INVALID_ARGUMENT, "log-format: \"%.40s\" is neither text nor json",
                       format);
    for_journal = is_journal();
    log_install(write_line, least);
    return STATUS_OK;
}
