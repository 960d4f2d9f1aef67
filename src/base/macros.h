/* SPDX-License-Identifier: MIT */
/* macros.h — the few compiler attributes and one-line helpers every file may use.
 * Nothing here allocates or has state. */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stddef.h>

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define UNUSED            __attribute__((unused))
/* Scope cleanup: `CLEANUP(buf_fini) struct buf b = {0};` runs buf_fini(&b) on every way out of the block. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
/* The text of a macro's value: "500" for a limit of 500. */
#define DIGITS_OF_TEXT(value) #value
#define DIGITS_OF(macro)      DIGITS_OF_TEXT(macro)

#define ARRAY_SIZE(a)                 (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define MIN(a, b)                     ((a) < (b) ? (a) : (b))
#define MAX(a, b)                     ((a) > (b) ? (a) : (b))

/* ASSERT stays on in release builds: a broken invariant of ours stops the process before it can write.
 * Never use it on what a peer sent; a peer's error is a status. */
#define ASSERT(cond) ((cond) ? (void)0 : assert_fail(#cond, __FILE__, __LINE__))

/* Prints the condition and its place to stderr and aborts. Any thread. */
__attribute__((noreturn, cold)) void assert_fail(const char *cond, const char *file, int line);

#endif
