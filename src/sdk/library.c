/* SPDX-License-Identifier: MIT */
/* library.c — what the library says of itself. Contracts: include/durabletask.h. */
#include <stdio.h>

#include "base/macros.h"
#include "durabletask.h"

const char *dt_library_version(void)
{
    return SALLYPORT_VERSION;
}

const char *dt_status_name(enum dt_status status)
{
    static const char *const names[] = {
        "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED"};
    if (status == DT_NO_MEMORY)
        return "NO_MEMORY";
    return (unsigned)status < ARRAY_SIZE(names) ? names[status] : "UNKNOWN";
}

void dt_log_stderr(enum dt_log_level level, const char *line, void *context)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const char *name = (unsigned)level < ARRAY_SIZE(levels) ? levels[level] : "error";
    fprintf(stderr, "durabletask: %s: %s\n", name, line);
}
