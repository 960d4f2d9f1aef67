/* SPDX-License-Identifier: MIT */
/* allocator.c — the linker puts these in the place of the allocator, which has the name __real_… then. */
#include "lib/allocator.h"

#include <stdatomic.h>
#include <stddef.h>

static atomic_long left = -1; /* successes before the one failure; below 0: there is none */
static atomic_long period;    /* 0: no failures */
static atomic_long counter;
static atomic_long refused;

void allocator_fail_after(long count)
{
    atomic_store(&left, count);
}

bool allocator_has_failed(void)
{
    return atomic_load(&left) < 0;
}

void allocator_fail_every(long every)
{
    atomic_store(&counter, 0);
    atomic_store(&period, every);
}

long allocator_refused(void)
{
    return atomic_load(&refused);
}

static bool fails_now(void)
{
    if (atomic_load(&left) >= 0 && atomic_fetch_sub(&left, 1) == 0)
        return true;
    long every = atomic_load(&period);
    return every && atomic_fetch_add(&counter, 1) % every == every - 1;
}

static bool allocation_fails(void)
{
    bool fails = fails_now();
    if (fails)
        atomic_fetch_add(&refused, 1);
    return fails;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}
