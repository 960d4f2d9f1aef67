/* SPDX-License-Identifier: MIT */
/* heap.h — an intrusive binary min-heap on an int64 key, for deadlines.
 * A node knows its place, so removal is O(log n). Equal keys come out in order of insertion. Owns only its
 * array. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdint.h>

#include "base/status.h"

struct heap_node {
    int64_t key;
    uint64_t order;  /* insertion number: the tie-break */
    size_t position; /* 1-based index; 0: not in a heap */
};

struct heap {
    struct heap_node **nodes;
    size_t count;
    size_t capacity;
    uint64_t inserted;
};

void heap_fini(struct heap *heap);
/* `node` must not be in a heap. NO_MEMORY changes nothing. */
STATUS_RESULT heap_insert(struct heap *heap, struct heap_node *node, int64_t key);
/* Does nothing if `node` is in no heap. */
void heap_remove(struct heap *heap, struct heap_node *node);
/* The smallest, or NULL. */
static inline struct heap_node *heap_peek(const struct heap *heap)
{
    return heap->count ? heap->nodes[0] : NULL;
}

#endif
