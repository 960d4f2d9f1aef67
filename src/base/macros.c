/* SPDX-License-Identifier: MIT */
/* macros.c — the one function behind ASSERT. */
#include "base/macros.h"

#include <stdio.h>
#include <stdlib.h>

void assert_fail(const char *cond, const char *file, int line)
{
    fprintf(stderr, "sallyport: assertion failed: %s (%s:%d)\n", cond, file, line);
    abort();
}
