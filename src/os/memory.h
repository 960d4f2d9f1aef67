/* SPDX-License-Identifier: MIT */
/* memory.h — how the allocator deals with the kernel. Any thread. */
#ifndef OS_MEMORY_H
#define OS_MEMORY_H

/* Has large blocks come from the kernel and go back to it when they are freed. By default the allocator raises the
 * size from which on it does so with each large block that is freed, up to 32 MiB, so that a server that once held a
 * large payload keeps its memory for ever. For main(), before threads start. */
void memory_configure(void);
/* Gives the kernel the pages that nobody uses. Walks the heap: milliseconds, so at a quiet moment. */
void memory_give_back(void);

#endif
