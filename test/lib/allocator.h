/* SPDX-License-Identifier: MIT */
/* allocator.h — for tests that are refused memory: our own allocations fail where the test says.
 * Whoever links this file links with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc; libraries that are linked
 * dynamically keep their own. Any thread. */
#ifndef TEST_ALLOCATOR_H
#define TEST_ALLOCATOR_H

#include <stdbool.h>

/* One allocation fails: the one after `count` more have succeeded. Below 0: none does. */
void allocator_fail_after(long count);
/* True once that one has failed. Then all succeed again. */
bool allocator_has_failed(void);

/* Of `period` allocations the last one fails, counted from now on. 0: none does. */
void allocator_fail_every(long period);
/* How many have failed since the program began. */
long allocator_refused(void);

#endif
