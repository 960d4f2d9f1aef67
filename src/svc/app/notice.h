/* SPDX-License-Identifier: MIT */
/* notice.h — what an operator reads of each request at level info: submitted, ran, decided. Names, sizes and
 * times; never code, output or comments. Any thread. */
#ifndef SVC_APP_NOTICE_H
#define SVC_APP_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `by` may be NULL: nobody said. */
void notice_submitted(const char *id, const char *by, size_t code_bytes);
void notice_ran(const char *id, const char *session, bool succeeded, int64_t ms, size_t result_bytes);
/* `ms`: since the request was made; below 0: not known. */
void notice_decided(const char *id, const char *by, bool approved, int64_t ms);

#endif
