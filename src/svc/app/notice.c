/* SPDX-License-Identifier: MIT */
/* notice.c — one line each. */
#include "svc/app/notice.h"

#include <stdio.h>

#include "base/log.h"
#include "base/macros.h"
#include "core/access/access.h"
#include "svc/app/limit_values.h"

#define AREA "svc/app"

/* A person's name as it may stand in quotes. */
static const char *quotable(const char *name, char text[APP_NAME_SIZE_MAX + 1])
{
    snprintf(text, APP_NAME_SIZE_MAX + 1, "%s", name ? name : access_local.name);
    for (char *at = text; *at; at++)
        if (*at == '"' || *at == '\\')
            *at = '\'';
    return text;
}

void notice_submitted(const char *id, const char *by, size_t code_bytes)
{
    char name[APP_NAME_SIZE_MAX + 1];
    log_info(AREA, "submitted id=%s by=\"%s\" bytes=%zu", id, quotable(by, name), code_bytes);
}

void notice_ran(const char *id, const char *session, bool succeeded, int64_t ms, size_t result_bytes)
{
    log_info(AREA, "ran id=%s session=%s succeeded=%s ms=%lld bytes=%zu", id, session,
             succeeded ? "true" : "false", (long long)ms, result_bytes);
}

void notice_decided(const char *id, const char *by, bool approved, int64_t ms)
{
    char name[APP_NAME_SIZE_MAX + 1];
    log_info(AREA, "decided id=%s by=\"%s\" approved=%s ms=%lld", id, quotable(by, name),
             approved ? "true" : "false", (long long)ms);
}
