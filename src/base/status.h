/* SPDX-License-Identifier: MIT */
/* status.h — the one table of result codes, and the caller-owned error detail.
 * Every fallible function returns `enum status` (STATUS_OK is 0) and is MUST_USE. Detail for people goes into
 * a caller's `struct err`; nothing is kept in thread-local or global storage. The table gives each code its
 * name, its gRPC number (grpc/grpc doc/statuscodes.md), its HTTP status, and whether the same call may be
 * tried again. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>

#include "base/macros.h"

/* X(code, gRPC number, HTTP status, retryable) */
#define STATUS_TABLE(X)                                                                                      \
    X(OK, 0, 200, false)                                                                                     \
    X(CANCELLED, 1, 499, false)                                                                              \
    X(UNKNOWN, 2, 500, false)                                                                                \
    X(INVALID_ARGUMENT, 3, 400, false)                                                                       \
    X(DEADLINE_EXCEEDED, 4, 504, false)                                                                      \
    X(NOT_FOUND, 5, 404, false)                                                                              \
    X(ALREADY_EXISTS, 6, 409, false)                                                                         \
    X(PERMISSION_DENIED, 7, 403, false)                                                                      \
    X(RESOURCE_EXHAUSTED, 8, 429, true)                                                                      \
    X(FAILED_PRECONDITION, 9, 409, false)                                                                    \
    X(ABORTED, 10, 409, true)                                                                                \
    X(OUT_OF_RANGE, 11, 400, false)                                                                          \
    X(UNIMPLEMENTED, 12, 501, false)                                                                         \
    X(INTERNAL, 13, 500, false)                                                                              \
    X(UNAVAILABLE, 14, 503, true)                                                                            \
    X(DATA_LOSS, 15, 500, false)                                                                             \
    X(UNAUTHENTICATED, 16, 401, false)                                                                       \
    /* Codes below never leave the process under their own gRPC number. */                                   \
    X(NO_MEMORY, 8, 503, true)  /* an allocation failed or an arena's limit was reached */                   \
    X(TOO_LARGE, 8, 413, false) /* a peer's size is over a named limit */                                    \
    X(MALFORMED, 3, 400, false) /* bytes that break their format's grammar */                                \
    X(TRUNCATED, 3, 400, false) /* more bytes are needed before anything can be said */                      \
    X(IO, 14, 503, true)        /* a system call failed; `struct err` says which */                          \
    X(CLOSED, 14, 503, true)    /* the other side is gone */

enum status {
#define X(code, grpc, http, retry) STATUS_##code,
    STATUS_TABLE(X)
#undef X
};

#define STATUS_RESULT MUST_USE enum status

/* What went wrong, for people. Owned by the caller; zero-initialise it. `text` never holds user code or
 * tokens. */
struct err {
    enum status status;
    char text[256];
};

/* The upper-case name, such as "NOT_FOUND". Never NULL. */
const char *status_name(enum status status);
/* The number for the `grpc-status` trailer, 0..16. */
int status_grpc(enum status status);
/* The HTTP status of an error answer. */
int status_http(enum status status);
/* True if the same request may be sent again without being changed. */
bool status_retryable(enum status status);
/* The code for a number from a peer's `grpc-status`; UNKNOWN for a number outside 0..16. */
enum status status_from_grpc(int code);

/* Fills `err` (NULL allowed) and returns `status`, so that `return err_set(e, STATUS_X, "…")` reads as one step. */
enum status err_set(struct err *err, enum status status, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same for what every part says alike when an allocation failed. Returns STATUS_NO_MEMORY. */
enum status err_no_memory(struct err *err);
/* Puts "text: " in front of what `err` already says, keeping its status, and returns that status. */
enum status err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
