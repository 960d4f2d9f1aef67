/* SPDX-License-Identifier: MIT */
/* status.c — lookups in the table of status.h, and the formatting of error detail. */
#include "base/status.h"
#include "base/no_memory.h"

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

static const struct status_row *row_of(enum status status)
{
    return (size_t)status < ARRAY_SIZE(rows) ? &rows[status] : &rows[STATUS_UNKNOWN];
}

const char *status_name(enum status status)
{
    return row_of(status)->name;
}

int status_grpc(enum status status)
{
    return row_of(status)->grpc;
}

int status_http(enum status status)
{
    return row_of(status)->http;
}

bool status_retryable(enum status status)
{
    return row_of(status)->retryable;
}

enum status status_from_grpc(int code)
{
    return code >= 0 && code <= 16 ? (enum status)code : STATUS_UNKNOWN;
}

enum status err_set(struct err *err, enum status status, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        err->status = status;
    }
    return status;
}

enum status err_no_memory(struct err *err)
{
    return err_set(err, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

enum status err_wrap(struct err *err, const char *fmt, ...)
{
    if (!err)
        return STATUS_UNKNOWN;
    char before[sizeof err->text];
    char whole[2 * sizeof err->text + 2];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(before, sizeof before, fmt, ap);
    va_end(ap);
    snprintf(whole, sizeof whole, "%s: %s", before, err->text);
    size_t n = strnlen(whole, sizeof err->text - 1);
    memcpy(err->text, whole, n);
    err->text[n] = '\0';
    return err->status;
}
