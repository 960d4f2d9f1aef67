/* SPDX-License-Identifier: MIT */
/* status.c — lookups in the table of status.h, and the formatting of error detail. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct status_row {
    const char *name;
    int grpc;
    int http;
    bool retryable;
};

static const struct status_row rows[] = {
#define X(code, grpc, http, retry) [STATUS_##code] = {#code, grpc, http, retry},
    STATUS_TABLE(X)
#undef X
};

static const struct status_row *row_of(enum status s)
{
    return (size_t)s < ARRAY_SIZE(rows) ? &rows[s] : &rows[STATUS_UNKNOWN];
}

const char *status_name(enum status s)
{
    return row_of(s)->name;
}

int status_grpc(enum status s)
{
    return row_of(s)->grpc;
}

int status_http(enum status s)
{
    return row_of(s)->http;
}

bool status_retryable(enum status s)
{
    return row_of(s)->retryable;
}

enum status status_from_grpc(int code)
{
    return code >= 0 && code <= 16 ? (enum status)code : STATUS_UNKNOWN;
}

enum status err_set(struct err *e, enum status s, const char *fmt, ...)
{
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(e->text, sizeof e->text, fmt, ap);
        va_end(ap);
        e->status = s;
    }
    return s;
}

enum status err_wrap(struct err *e, const char *fmt, ...)
{
    if (!e)
        return STATUS_UNKNOWN;
    char before[sizeof e->text];
    char whole[2 * sizeof e->text + 2];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(before, sizeof before, fmt, ap);
    va_end(ap);
    snprintf(whole, sizeof whole, "%s: %s", before, e->text);
    size_t n = strnlen(whole, sizeof e->text - 1);
    memcpy(e->text, whole, n);
    e->text[n] = '\0';
    return e->status;
}
