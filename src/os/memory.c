/* SPDX-License-Identifier: MIT */
/* memory.c — glibc's knobs (mallopt(3), malloc_trim(3)). A limit that is set is not raised any more. */
#include "os/memory.h"

#include <malloc.h>

#define LARGE_BLOCK_SIZE (256 << 10) /* bytes: some 64 page faults, cheap beside what fills such a block */
#define HEAP_END_SIZE    (1 << 20)   /* bytes: free space at the end of the heap that is kept */

void memory_configure(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_SIZE);
    mallopt(M_TRIM_THRESHOLD, HEAP_END_SIZE);
}

void memory_give_back(void)
{
    malloc_trim(0);
}
