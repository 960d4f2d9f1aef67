/* SPDX-License-Identifier: MIT */
/* copies.h — for tests: copies of bytes in structs of the product, whose members are borrowed, and what frees them.
 * A test that makes one knows that it did; in the product an owner is a type (core/task/owned_bytes.h). */
#ifndef TEST_LIB_COPIES_H
#define TEST_LIB_COPIES_H

#include <stdlib.h>

#include "base/bytes.h"

/* A copy on the heap; `data` is never NULL. */
static inline struct bytes test_copy(struct bytes bytes)
{
    uint8_t *data = (uint8_t *)malloc(bytes.size ? bytes.size : 1);
    ASSERT(data);
    if (bytes.size)
        memcpy(data, bytes.data, bytes.size);
    return bytes_of(data, bytes.size);
}

/* Frees what is on the heap, or nothing. */
static inline void test_copy_free(struct bytes *copy)
{
    free((void *)copy->data);
    *copy = (struct bytes){0};
}

#endif
